"""The statement that the engine sends for a request, read off PostgreSQL's own log, for pgbench to send it, too."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.postgres import Postgres

# Nothing else in the request is this number.
PROBE = 4_217
SECONDS = 10.0
LOGGED = re.compile(r"execute [^:]*: (?P<text>.*)\n.*DETAIL:  parameters: (?P<values>.*)")
VALUE = re.compile(r"\$(\d+) = (?:'((?:[^']|'')*)'|NULL)")


@dataclass(frozen=True)
class Limit:
    """A script for pgbench and the values that stay the same in it."""

    script: str
    values: Mapping[str, str]


def limit(postgres: Postgres, ask: Callable[[int], object], *, numbers: int) -> Limit:
    """Just what the engine lets PostgreSQL do when `ask` is called with a number."""
    text, values = logged_statement(postgres, lambda: ask(PROBE))
    names = {index: "number" if value == str(PROBE) else f"v{index}" for index, value in values.items()}
    text = re.sub(r"\$(\d+)", lambda found: f":{names[int(found[1])]}", text)
    kept = {names[index]: value for index, value in values.items() if value != str(PROBE)}
    return Limit(f"\\set number random(1, {numbers})\n{text};\n", kept)


def logged_statement(postgres: Postgres, act: Callable[[], object]) -> tuple[str, dict[int, str]]:
    """The last statement with parameters that PostgreSQL ran while `act` did, and the parameters."""
    deadline = time.monotonic() + SECONDS
    postgres.execute("alter system set log_statement = 'all'", "select pg_reload_conf()")
    try:
        while time.monotonic() < deadline:
            begin = postgres.log.stat().st_size
            act()
            with postgres.log.open() as file:
                file.seek(begin)
                found = list(LOGGED.finditer(file.read()))
            if found:
                values = {int(n): value.replace("''", "'") for n, value in VALUE.findall(found[-1]["values"])}
                return found[-1]["text"], values
            time.sleep(0.1)
    finally:
        postgres.execute("alter system reset log_statement", "select pg_reload_conf()")
    raise SystemExit(f"PostgreSQL did not log a statement within {SECONDS:g} s; its log is {postgres.log}.")
