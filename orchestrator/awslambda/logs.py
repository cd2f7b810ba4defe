"""What a function prints: its log file, rotated by size, and the tail that an Invoke may ask for."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

MAX_BYTES = 5_000_000
OLDER_FILES = 2
TAIL_BYTES = 4096


def timestamp() -> str:
    """Now, as AWS writes it: 2026-01-31T09:30:00.123Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def announce(message: str) -> None:
    """One line in the emulator's own log."""
    sys.stderr.write(f"{timestamp()} {message}\n")
    sys.stderr.flush()


class LogFile:
    """Appends lines with their time to NAME.log; older ones move to NAME.log.1 and .2. Only the owner can read them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._broken = False

    def write(self, text: str) -> None:
        """Append these lines. A disk that is full must not stop an invocation: it is told once."""
        now = timestamp()
        lines = "".join(f"{now} {line}\n" for line in text.splitlines() if line)
        try:
            self._append(lines.encode(errors="replace"))
        except OSError as error:
            if not self._broken:
                announce(f"cannot write {self._path}: {error.strerror or error}")
            self._broken = True
        else:
            self._broken = False

    def _append(self, lines: bytes) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, lines)
            full = os.fstat(descriptor).st_size >= MAX_BYTES
        finally:
            os.close(descriptor)
        if full:
            self._rotate()

    def _rotate(self) -> None:
        older = [self._path.with_name(f"{self._path.name}.{number}") for number in range(1, OLDER_FILES + 1)]
        for source, target in reversed(list(pairwise([self._path, *older]))):
            if source.exists():
                source.replace(target)


class Transcript:
    """What one worker printed: whole lines go to the log file at once, the last 4 KB since `clear` are the tail."""

    def __init__(self, file: LogFile) -> None:
        self._file = file
        self._unfinished = b""
        self._tail = b""

    def feed(self, output: bytes) -> None:
        """Take what came out of the process. The runtime client separates a traceback's lines by a carriage return."""
        output = output.replace(b"\r", b"\n")
        self._tail = (self._tail + output)[-TAIL_BYTES:]
        whole, newline, rest = (self._unfinished + output).rpartition(b"\n")
        self._unfinished = rest if newline else whole + rest
        if newline:
            self._file.write(whole.decode(errors="replace"))

    def line(self, text: str) -> None:
        """Add a line of ours, after ending the one that the process left unfinished."""
        self.feed((b"\n" if self._unfinished else b"") + text.encode() + b"\n")

    def tail(self) -> bytes:
        return self._tail

    def clear(self) -> None:
        self._tail = b""
