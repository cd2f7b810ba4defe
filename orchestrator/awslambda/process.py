"""A child process with its output on a pipe: starts it, reads what it printed, ends it with all it started."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_CHUNK = 65536


class Process:
    """A running child in a process group of its own. `exited` is done with its exit code, negative for a signal."""

    def __init__(self, child: asyncio.subprocess.Process, output: int, received: Callable[[bytes], None]) -> None:
        self.pid = child.pid
        self.exited: asyncio.Task[int] = asyncio.ensure_future(child.wait())
        self._output = output
        self._received = received
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(output, self.drain)
        self.exited.add_done_callback(self._close)

    def drain(self) -> None:
        """Take all that has been printed up to now."""
        while self._output >= 0:
            try:
                part = os.read(self._output, _CHUNK)
            except BlockingIOError:
                return
            if not part:
                self._hang_up()
                return
            self._received(part)

    def kill(self) -> None:
        """End the child and what it started. It is gone when `exited` is done."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def peak_memory(self) -> int | None:
        """The most memory it has taken, in MB, or None where the system does not tell."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        except OSError:
            return None
        line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), None)
        return None if line is None else round(int(line.split()[1]) / 1024)

    def _close(self, _: object) -> None:
        self.kill()  # Children that it left behind.
        self.drain()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._output >= 0:
            self._loop.remove_reader(self._output)
            os.close(self._output)
            self._output = -1


async def start(
    argv: list[str], cwd: Path, environment: Mapping[str, str], received: Callable[[bytes], None]
) -> Process:
    """Start this command. `received` gets what it prints. Raises OSError if it cannot be started."""
    output, pipe = os.pipe()
    os.set_blocking(output, False)
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
            preexec_fn=_die_with_parent(),
        )
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(pipe)
    return Process(child, output, received)


def _die_with_parent() -> Callable[[], None] | None:
    """What the child does before it becomes the command: on Linux, ask to be killed when the emulator is gone."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return ask
