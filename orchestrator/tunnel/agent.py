"""The program that makes a tunnel: found on this machine, run as a child of the keeper, its words heard."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from orchestrator.errors import StackError
from orchestrator.tunnel import with_parent

Found = TypeVar("Found")

LAST_LINES = 30
LONGEST_LINE = 1 << 20
STOP_SECONDS = 3.0


def find(name: str, given: Path | None, usual: Iterable[Path], search_path: str | None) -> Path | None:
    """The program that was given, or is on the search path, or in one of the usual places; None if there is none."""
    if given is not None:
        return given if _is_program(given) else None
    on_path = shutil.which(name, path=search_path)
    return next((path for path in (*([Path(on_path)] if on_path else []), *usual) if _is_program(path)), None)


def require_file(path: str, variable: str) -> None:
    """Raises StackError if this variable names a file, and it is not there."""
    if path and not Path(path).is_file():
        raise StackError(f"There is no file {path}.", f"Set {variable} to one that is there.")


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def command(argv: Sequence[str]) -> list[str]:
    """The same program, but it ends with this process."""
    return [sys.executable, "-I", "-S", with_parent.__file__, str(os.getpid()), *argv]


class Agent:
    """A running agent; `last` are the lines that it printed last, without those that begin with `ignore`."""

    def __init__(self, process: asyncio.subprocess.Process, *, ignore: str | None) -> None:
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        self._process = process
        self._ignore = ignore

    @classmethod
    async def start(
        cls, argv: Sequence[str], *, env: Mapping[str, str] | None = None, ignore: str | None = None
    ) -> Agent:
        """Starts it in our process group, without a terminal to ask a question at.

        `env` comes on top of our environment, of which it gets little (see with_parent.py).
        """
        process = await asyncio.create_subprocess_exec(
            *command(argv),
            env={**os.environ, **(env or {}), "LC_ALL": "C"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LONGEST_LINE,
        )
        return cls(process, ignore=ignore)

    async def until(self, sees: Callable[[str], Found | None], *, seconds: float) -> Found:
        """What `sees` makes of the next line of which it makes something.

        Raises TimeoutError after that many seconds, and EOFError when the agent ends before.
        """
        async with asyncio.timeout(seconds):
            async for line in self._lines():
                found = sees(line)
                if found is not None:
                    return found
        raise EOFError

    async def lives(self, seconds: float) -> bool:
        """Whether it still runs after that many seconds; False at once when it ends before."""
        try:
            await self.until(lambda _: None, seconds=seconds)
        except EOFError:
            return False
        except TimeoutError:
            pass
        return True

    async def stop(self) -> None:
        """Asks it to end, and kills it if it does not."""
        for ask in (self._process.terminate, self._process.kill):
            with contextlib.suppress(ProcessLookupError):
                ask()
            if not await self.lives(STOP_SECONDS):
                break
        await self._process.wait()

    async def _lines(self) -> AsyncIterator[str]:
        output = self._process.stdout
        while output is not None:
            try:
                line = await output.readline()
            except ValueError:  # Longer than anything that it has to say to us.
                continue
            if not line:
                return
            text = line.decode("utf-8", "replace").strip()
            if text and not (self._ignore and text.startswith(self._ignore)):
                self.last.append(text)
            yield text
