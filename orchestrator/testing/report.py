"""What a failing test's report adds: the trigger events, the functions' logs and the SQL of that test's time."""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from orchestrator.stack.logs import Tail
from orchestrator.testing.database import connect
from orchestrator.testing.triggers import shown

if TYPE_CHECKING:
    from orchestrator.testing.stack import Stack

POSTGRES = "postgres"
MARKER_SECONDS = 2.0
POLL_SECONDS = 0.005
# A test that runs thousands of statements still has a report that can be read.
MOST = 60
LONGEST = 2_000

# As log_line_prefix of services/postgres.py has it.
LOGGED = re.compile(
    r"^\S+ (?P<time>\d\d:\d\d:\d\d\.\d+) \S+ \[\d+\] (?:[^@\s]+@(?P<database>\S+) )?[A-Z]+:  (?P<text>.*)$"
)
STATEMENT = re.compile(r"^(?:statement|execute [^:]*): (?P<sql>.*)$", re.DOTALL)
# What Lambda writes around each invocation says no more than the trigger events.
NOISE = re.compile(r"^\S+ (START|END|REPORT) RequestId: (?!.*Status: )")
PARAMETERS = re.compile(r"^parameters: (?P<values>.*)$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One entry of PostgreSQL's log, its further lines included."""

    time: str
    database: str | None
    text: str


class Watch:
    """Looks at a stack from the moment this is made."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._began = time.time()
        self._logs = {path.stem: _end_of(path) for path in stack.layout.logs.glob("*.log")}
        if stack.own:
            stack.own.triggers.clear()

    def close(self) -> None:
        for log in self._logs.values():
            log.close()

    def sections(self) -> list[tuple[str, str]]:
        """Titles and texts; what is empty is left out."""
        parts = (("Trigger events", self._triggers), ("Lambda logs", self._functions), ("SQL", self._statements))
        return [(title, text) for title, read in parts if (text := _read(read))]

    def _triggers(self) -> str:
        return _cut([shown(each) for each in self._stack.own.triggers]) if self._stack.own else ""

    def _functions(self) -> str:
        logs = self._function_logs().items()
        return _cut([f"{name} | {line}" for name, log in logs for line in log.lines() if not NOISE.search(line)])

    def _function_logs(self) -> Mapping[str, Tail]:
        """The logs of functions, those included that began in this test; other logs are of services."""
        services = {*self._stack.children.states(), "supervisord"}
        for path in self._stack.layout.logs.glob("*.log"):
            if path.stem not in self._logs:
                self._logs[path.stem] = Tail(path, path.open("rb"))
        return {name: log for name, log in sorted(self._logs.items()) if name not in services}

    def _statements(self) -> str:
        """Only a stack of the session's own has PostgreSQL log its statements."""
        if not self._stack.own:
            return ""
        name = unquote(self._stack.urls.postgres.rpartition("/")[2])
        entries = [entry for entry in parsed(self._postgres_lines()) if entry.database == name]
        return _cut(list(_statements(entries)))

    def _postgres_lines(self) -> list[str]:
        if self._stack.backend == "docker":
            return self._container_lines()
        marker = f"marker {secrets.token_hex(8)}"
        lines: list[str] = []
        # Without PostgreSQL, its log ends somewhere all the same.
        with contextlib.suppress(OSError, TimeoutError):
            self._stack.background.run(_log(self._stack.urls.postgres, marker))
        deadline = time.monotonic() + MARKER_SECONDS
        while not any(marker in line for line in lines) and time.monotonic() < deadline:
            lines += self._logs[POSTGRES].lines()
            time.sleep(POLL_SECONDS)
        return [line for line in lines if marker not in line]

    def _container_lines(self) -> list[str]:
        from orchestrator.launchers import container_log
        from orchestrator.stack.runners import Runners

        container = Runners(self._stack.layout).containers.by_service()[POSTGRES]
        return container_log.text(container, since=self._began).splitlines()


def parsed(lines: Iterable[str]) -> list[Entry]:
    """The entries of PostgreSQL's log; a line that begins with a tab goes on with the one before."""
    entries: list[Entry] = []
    for line in lines:
        if match := LOGGED.match(line):
            entries.append(Entry(match["time"], match["database"], match["text"]))
        elif entries and line.startswith("\t"):
            entries[-1] = Entry(entries[-1].time, entries[-1].database, f"{entries[-1].text}\n{line[1:]}")
    return entries


def _statements(entries: Sequence[Entry]) -> Iterator[str]:
    for entry, following in zip_longest(entries, entries[1:]):
        if statement := STATEMENT.match(entry.text):
            values = PARAMETERS.match(following.text) if following else None
            with_values = f"\n    {values['values']}" if values else ""
            yield f"{entry.time} {_short(statement['sql'])}{_short(with_values)}"
        elif not PARAMETERS.match(entry.text):
            yield f"{entry.time} {_short(entry.text)}"


def _read(part: Callable[[], str]) -> str:
    """A test that failed because the stack did is to be reported all the same."""
    try:
        return part()
    except Exception as error:
        return f"This can't be told: {type(error).__name__}: {error}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text) - LONGEST} characters more)"


def _cut(lines: list[str]) -> str:
    """The last of them, for what went wrong is mostly there."""
    left_out = len(lines) - MOST
    head = [f"… {left_out} before these …"] if left_out > 0 else []
    return "\n".join([*head, *lines[-MOST:]])


def _end_of(path: Path) -> Tail:
    file = path.open("rb")
    file.seek(0, 2)
    return Tail(path, file)


async def _log(url: str, marker: str) -> None:
    connection = await connect(url)
    try:
        await connection.execute(f"SELECT '{marker}'")
    finally:
        await connection.close()
