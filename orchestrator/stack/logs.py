"""The log files of the services and of the functions: their last lines, and what is added to them."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from orchestrator.errors import StackError

LOOK_EVERY_SECONDS = 0.2

T = TypeVar("T")


def found(folder: Path) -> Mapping[str, Path]:
    """The log files by name, `{"hasura": …/hasura.log}`; those that rotation put aside are left out."""
    return {path.stem: path for path in sorted(folder.glob("*.log"))}


def chosen(files: Mapping[str, T], names: Sequence[str], *, elsewhere: str = "") -> Mapping[str, T]:
    """The logs of these names, all where none is given. Raises StackError for a name that has no log; its hint ends
    with where others are."""
    for name in names:
        if name not in files:
            there = ", ".join(files)
            hint = f"There are: {there}." if there else "Nothing has been started yet."
            raise StackError(f"There is no log of {name}.", f"{hint} {elsewhere}".strip())
    return {name: files[name] for name in names} if names else files


def last(files: Mapping[str, Path], lines: int) -> Iterator[tuple[str, str]]:
    """The last lines of each file, as (name, line)."""
    for name, path in files.items():
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in deque(file, maxlen=lines):
                yield name, line.rstrip("\n")


class Source(Protocol):
    """A log that is being written: gives the whole lines that came since it was last asked."""

    def lines(self) -> Iterator[str]: ...

    def close(self) -> None: ...


@dataclass
class Tail:
    """A file being written: gives whole lines as they come, across rotation."""

    path: Path
    file: BinaryIO
    rest: bytes = b""

    def lines(self) -> Iterator[str]:
        replaced = self._replaced()
        yield from self._read()
        if replaced:
            self.file.close()
            self.file = self.path.open("rb")
            yield from self._read()

    def close(self) -> None:
        self.file.close()

    def _read(self) -> Iterator[str]:
        *whole, self.rest = (self.rest + self.file.read()).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")

    def _replaced(self) -> bool:
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return False
        opened = os.fstat(self.file.fileno())
        return now.st_ino != opened.st_ino or now.st_size < self.file.tell()


def follow(
    files: Mapping[str, Path], lines: int, others: Mapping[str, Source] | None = None
) -> Iterator[tuple[str, str]]:
    """The last lines of each file, then every line that comes from now on, without end; and those of `others`."""
    tails: dict[str, Source] = {name: Tail(path, path.open("rb")) for name, path in files.items()}
    already = [(name, line) for name, tail in tails.items() for line in deque(tail.lines(), maxlen=lines)]
    return _go_on({**tails, **(others or {})}, already)


def _go_on(tails: Mapping[str, Source], already: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    try:
        yield from already
        while True:
            for name, tail in tails.items():
                for line in tail.lines():
                    yield name, line
            time.sleep(LOOK_EVERY_SECONDS)
    finally:
        for tail in tails.values():
            tail.close()
