"""/v1alpha1/pg_dump: what PostgreSQL's own pg_dump says of a source, cleaned for a migration file where asked."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.engine.database_url import without_password
from orchestrator.engine.errors import EngineError, not_found, not_supported
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import DEFAULT_SOURCE

DUMP_SECONDS: Final = 600
SYSTEM_FOLDERS: Final = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/libexec/postgresql*",
    "opt/homebrew/opt/postgresql@*/bin",
)

# Where pg_dump would connect, what it would ask at a terminal, and files on this machine are not the caller's to say.
REFUSED: Final = re.compile(r"-[dhpUwWf]|--(db|host|port|user|pass|file)")

FRONT_MATTER: Final = re.compile(
    r"SET (statement_timeout|lock_timeout|idle_in_transaction_session_timeout|transaction_timeout|client_encoding"
    r"|standard_conforming_strings|xmloption|client_min_messages|row_security|default_tablespace|default_with_oids"
    r"|default_table_access_method) = .*;"
    r"|SELECT pg_catalog\.set_config\('search_path', '', false\);"
    r"|CREATE SCHEMA public;|COMMENT ON SCHEMA public IS 'standard public schema';"
    # What newer pg_dumps write for psql alone, and run_sql would choke on.
    r"|\\(un)?restrict\b.*"
)
EVENT_TRIGGER: Final = re.compile(r'CREATE TRIGGER "?notify_hasura_.+"? AFTER \w+ .*')
QUOTES: Final = re.compile(r"""\$(?:[A-Za-z_]\w*)?\$|'|"[^"]*"|--.*""")


@dataclass(frozen=True)
class DumpArgs:
    options: tuple[str, ...]
    clean: bool
    source: str


@dataclass(frozen=True)
class Program:
    path: str
    major: int


def read_args(value: JsonValue) -> DumpArgs:
    given = value.get("opts")
    options = given.texts() if given else ()
    for option in options:
        if REFUSED.match(option):
            raise value["opts"].refuse(f"the option {option} is not allowed: the source says where to connect")
    return DumpArgs(options, value.flag("clean_output"), value.optional_text("source") or DEFAULT_SOURCE)


def missing_source(name: str) -> EngineError:
    return not_found(f'source "{name}" does not exist')


async def dump(url: str, args: DumpArgs, *, server_major: int, environ: Mapping[str, str]) -> str:
    """The dump as SQL; raises what pg_dump complains of, and not-supported where there is none that fits."""
    program = await fitting(candidates(environ), server_major)
    address, password = without_password(url)
    # The list of processes shows arguments to everyone, the environment to the owner alone.
    secret = {} if password is None else {"PGPASSWORD": password}
    kept = {name: environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in environ}
    text = await run([program.path, *args.options, "--no-password", f"--dbname={address}"], {**kept, **secret})
    return clean(text) if args.clean else text


def candidates(environ: Mapping[str, str], root: Path = Path("/")) -> Iterator[str]:
    """The pg_dumps of this machine: that of PG_BIN, those of PATH, and those of system installs, newest first."""
    if folder := environ.get("PG_BIN"):
        yield str(Path(folder, "pg_dump"))
    found = shutil.which("pg_dump", path=environ.get("PATH", ""))
    if found:
        yield found
    for pattern in SYSTEM_FOLDERS:
        for installed in sorted(root.glob(pattern), key=lambda path: digits(str(path)), reverse=True):
            yield str(installed / "pg_dump")


def digits(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


async def fitting(paths: Iterator[str], server_major: int) -> Program:
    """The first that is no older than the server; pg_dump refuses to dump a newer one."""
    older: list[str] = []
    for path in paths:
        major = await version_of(path)
        if major is not None and major >= server_major:
            return Program(path, major)
        if major is not None:
            older.append(f"{path} ({major})")
    ways_out = f"Install the client programs of PostgreSQL {server_major} or later, or set PG_BIN to their folder."
    if older:
        raise not_supported(f"pg_dump is older than the server ({server_major}): {', '.join(older)}. {ways_out}")
    raise not_supported(f"there is no pg_dump on PATH nor in PG_BIN. {ways_out}")


async def version_of(path: str) -> int | None:
    """The major version; None of what is no program."""
    try:
        words = await run([path, "--version"], {})
    except (OSError, EngineError):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", words)
    return int(found[1]) if found else None


async def run(command: Sequence[str], environ: Mapping[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=dict(environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(DUMP_SECONDS):
            output, complaint = await process.communicate()
    except TimeoutError as error:
        raise EngineError("unexpected", f"pg_dump took more than {DUMP_SECONDS} s") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        words = complaint.decode(errors="replace").strip()
        raise EngineError("unexpected", f"error while executing pg_dump: {words}")
    return output.decode(errors="replace")


def clean(text: str) -> str:
    """The dump without front matter, comments, empty lines and the triggers of Hasura's own.

    What a function's body says stays as it is.

    >>> clean("SET row_security = off;\\n\\n--\\n-- Name: t\\n--\\n\\nCREATE TABLE t (\\n    id integer\\n);\\n")
    'CREATE TABLE t (\\n    id integer\\n);\\n'
    """
    return "".join(f"{line}\n" for line in wanted(text.splitlines()))


def wanted(lines: Sequence[str]) -> Iterator[str]:
    opened: str | None = None
    in_copy = False
    for line in lines:
        if opened is None and not in_copy and is_dropped(line):
            continue
        yield line
        if in_copy:
            in_copy = line != r"\."
        else:
            in_copy = opened is None and line.startswith("COPY ") and line.endswith("FROM stdin;")
            opened = open_quote(line, opened)


def is_dropped(line: str) -> bool:
    return (
        not line.strip()
        or line.startswith("--")
        or FRONT_MATTER.fullmatch(line) is not None
        or EVENT_TRIGGER.fullmatch(line) is not None
    )


def open_quote(line: str, quote: str | None) -> str | None:
    """The quote that is open at the line's end, given that at its beginning.

    >>> open_quote("AS $$ select 'x", None), open_quote("$$;", "$$"), open_quote("'it''s -- ", None)
    ('$$', None, "'")
    """
    at = 0
    while at < len(line):
        if quote is not None:
            end = line.find(quote, at)
            if end < 0:
                return quote
            at, quote = end + len(quote), None
            continue
        found = QUOTES.search(line, at)
        if found is None:
            return None
        at = found.end()
        quote = None if found[0][0] in '"-' else found[0]
    return quote
