"""The supervisord of one stack: where its socket is, how it starts, and how it is asked."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import re
import socket
import stat
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from orchestrator.errors import StackError
from orchestrator.launchers import supervisor_config as config
from orchestrator.launchers.processes import is_alive

CALL_SECONDS = 5.0
START_SECONDS = 20.0
# A socket's path has room for 104 bytes (macOS; Linux 108), and supervisor appends its pid to it for a moment.
LONGEST_SOCKET_PATH = 90


def socket_path(run: Path) -> Path:
    """The socket in the folder `run`, or if that path is too long, in a folder of the system's temp folder."""
    direct = run / config.SOCKET
    if len(os.fsencode(direct)) <= LONGEST_SOCKET_PATH:
        return direct
    digest = hashlib.sha256(os.fsencode(run)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"hc-{os.geteuid()}-{digest}" / "s"


def make_private_folder(folder: Path) -> None:
    """A folder that only we may enter. Raises StackError if somebody else put one there before."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StackError(f"{folder} is not a folder of yours.", "Remove it, or set TMPDIR to a folder of your own.")
    folder.chmod(0o700)


def start(run: Path, environ: Mapping[str, str]) -> None:
    """Starts supervisord with the configuration in `run`; it answers when this returns.

    It leaves the terminal's session, so that Ctrl-C there does not reach it.
    """
    command = [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", config.CONFIG]
    try:
        # supervisord opens its socket, then forks; the first process ends at that moment.
        answer = subprocess.run(
            command,
            cwd=run,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
            start_new_session=True,
            umask=0o077,
        )
    except subprocess.TimeoutExpired as error:
        raise StackError(f"supervisord did not start within {START_SECONDS:g} s.", f"See {_log(run)}.") from error
    if answer.returncode:
        said = re.search(r"^Error: (.*)", answer.stderr, re.MULTILINE)
        raise StackError(f"supervisord did not start: {said[1] if said else answer.stderr[-300:]}", f"See {_log(run)}.")
    _wait_for_pid(run)


def _wait_for_pid(run: Path) -> None:
    """It writes its pid a moment after it went to the background."""
    deadline = time.monotonic() + START_SECONDS
    while process(run) is None:
        if time.monotonic() > deadline:
            raise StackError("supervisord went away as soon as it was started.", f"See {_log(run)}.")
        time.sleep(0.005)


def process(run: Path) -> psutil.Process | None:
    """The daemon of this folder, if it still runs; a reused pid is somebody else's."""
    try:
        found = psutil.Process(_pid(run))
        is_ours = "supervisor.supervisord" in found.cmdline() and Path(found.cwd()).samefile(run)
        return found if is_ours and is_alive(found) else None
    except (OSError, ValueError, psutil.Error):
        return None


def _pid(run: Path) -> int:
    """From its file, or from itself as long as it has not written it."""
    try:
        return int((run / config.PID_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return int(call(run, "getPID"))


def call(run: Path, method: str, *arguments: Any) -> Any:
    """What the daemon answers to `supervisor.<method>`.

    Raises OSError when there is no daemon, xmlrpc.client.Fault when it refuses.
    """
    transport = _UnixTransport(socket_path(run))
    with contextlib.closing(transport):
        server = xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=transport)
        try:
            return getattr(server.supervisor, method)(*arguments)
        except (http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise ConnectionError(str(error)) from error


def answers(run: Path) -> bool:
    try:
        return bool(call(run, "getState")["statename"] == "RUNNING")
    except (OSError, xmlrpc.client.Fault):
        return False


def _log(run: Path) -> Path:
    return config.log_path(run.parent, "supervisord")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=CALL_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ARG002 (there is one socket)
        connection = _UnixConnection(self._path)
        self._connection = ("", connection)
        return connection
