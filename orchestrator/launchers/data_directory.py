"""A PostgreSQL data directory that is ready to be served: made once, with its password and databases, never open.

<path>               the data directory; appears whole, by one rename
<path>/stack.json    which version made it, a digest of the superuser's password, the databases made
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from orchestrator.errors import StackError
from orchestrator.launchers.data_template import copy_or_init, is_whole
from orchestrator.launchers.log_tail import telling_line
from orchestrator.launchers.run_file import run_unprivileged
from orchestrator.private_file import write_private
from orchestrator.services.postgres import MAINTENANCE_DATABASE, major
from orchestrator.services.spec import DataDirectory

RECORD = "stack.json"
# What a PostgreSQL data directory may hold: one that stopped half-way holds nothing else, and may be made anew.
POSTGRES_NAMES = ("base", "global", "pg_", "PG_VERSION", "postgresql", "postmaster", ".s.PGSQL", RECORD)
DIGEST_ROUNDS = 1_000  # the password itself is in the next folder, as readable as this record
# postgres --single goes on after an error and leaves with status 0.
_COMPLAINT = re.compile(r"(ERROR|FATAL|PANIC):(?!.*database .* already exists)")


@dataclass(frozen=True)
class Made:
    """The record beside a data directory: what was done to it, so that the next start can skip it."""

    version: str
    password_digest: str
    databases: tuple[str, ...]


def prepare(data: DataDirectory, *, cache: Path) -> None:
    """Makes the directory, or brings its password and databases up to date; no server may run on it.

    Raises StackError when another major version made it, a server runs on it, or the disk is full or unwritable.
    """
    try:
        _prepare(data, cache)
    except OSError as error:
        raise StackError(
            f"Cannot write the PostgreSQL data directory {data.path}: {error.strerror or error}.",
            "Free some space, or make the folder writable.",
        ) from error


def is_prepared(data: DataDirectory) -> bool:
    """Whether the directory is there with this password and these databases."""
    made = _read_record(data.path)
    return made is not None and _matches(data.password, made.password_digest) and not _missing(data, made)


def _prepare(data: DataDirectory, cache: Path) -> None:
    for abandoned in data.path.parent.glob(f".{data.path.name}-making-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    if not is_whole(data.path):
        _discard_half_made(data.path)
        _make(data, cache)
        return
    refuse_another_major(data)
    remove_stale_lock(data.path)
    _bring_up_to_date(data, data.path)


def _discard_half_made(path: Path) -> None:
    if not path.exists():
        return
    strangers = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith(POSTGRES_NAMES))
    if strangers:
        raise StackError(
            f"{path} is no PostgreSQL data directory: it holds {', '.join(strangers[:3])}.",
            "Move it away, then try again.",
        )
    shutil.rmtree(path)


def refuse_another_major(data: DataDirectory) -> None:
    """Raises StackError when the directory is there and another major version made it."""
    if not is_whole(data.path):
        return
    theirs = (data.path / "PG_VERSION").read_text().strip()
    if major(theirs) != major(data.version):
        raise StackError(
            f"The data directory {data.path} was made by PostgreSQL {theirs}, "
            f"but {data.binaries} is PostgreSQL {major(data.version)}.",
            f"Set PG_BIN to a PostgreSQL {theirs}, or delete all data with `hasura-cognito reset`.",
        )


def _make(data: DataDirectory, cache: Path) -> None:
    data.path.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{data.path.name}-making-", dir=data.path.parent))
    try:
        copy_or_init(data, making, cache)
        _bring_up_to_date(data, making)
        making.rename(data.path)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def _bring_up_to_date(data: DataDirectory, path: Path) -> None:
    """Sets the password and makes the databases that its record does not have yet, in a server without any socket."""
    made = _read_record(path)
    missing = _missing(data, made)
    same_password = made is not None and _matches(data.password, made.password_digest)
    if same_password and not missing:
        return
    password = () if same_password else (f"ALTER ROLE {_name(data.superuser)} PASSWORD {_literal(data.password)}",)
    # With nobody connected, copying files is the quicker way, and before 15 the only one.
    strategy = " STRATEGY file_copy" if major(data.version) >= 15 else ""
    creations = tuple(f"CREATE DATABASE {_name(name)}{strategy}" for name in missing)
    _single_user(data, path, (*password, *creations))
    digest = _digest(data.password, secrets.token_bytes(16))
    databases = (*(made.databases if made else ()), *missing)
    write_private(path / RECORD, json.dumps(asdict(Made(data.version, digest, databases))))


def _missing(data: DataDirectory, made: Made | None) -> tuple[str, ...]:
    return tuple(name for name in data.databases if made is None or name not in made.databases)


def _single_user(data: DataDirectory, path: Path, statements: tuple[str, ...]) -> None:
    """Runs statements, which may hold secrets, in `postgres --single`: it listens nowhere and reads standard input."""
    settings = {
        "fsync": "off",
        "password_encryption": "scram-sha-256",
        "log_min_error_statement": "panic",
        "lc_messages": "C",
        "shared_buffers": "16MB",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = [str(data.binaries / "postgres"), "--single", "-D", str(path), *options, MAINTENANCE_DATABASE]
    answer = run_unprivileged(command, owned=[path], stdin="".join(f"{statement}\n" for statement in statements))
    complaints = "\n".join(line for line in answer.stderr.splitlines() if _COMPLAINT.search(line))
    if answer.returncode or complaints:
        raise StackError(
            f"PostgreSQL {data.version} could not prepare {data.path}: {telling_line(complaints or answer.stderr)}",
            "Delete all data with `hasura-cognito reset` to begin anew.",
        )


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    """A string constant on one line, for a line ends a statement in single-user mode."""
    escapes = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"}
    return "E'" + "".join(escapes.get(letter, letter) for letter in text) + "'"


def _read_record(path: Path) -> Made | None:
    try:
        fields = json.loads((path / RECORD).read_text(encoding="utf-8"))
        return Made(fields["version"], fields["password_digest"], tuple(fields["databases"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _digest(password: str, salt: bytes) -> str:
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, DIGEST_ROUNDS)
    return f"{salt.hex()}:{key.hex()}"


def _matches(password: str, digest: str) -> bool:
    salt = bytes.fromhex(digest.partition(":")[0])
    return hmac.compare_digest(_digest(password, salt), digest)


def remove_stale_lock(path: Path) -> None:
    """Removes the locks, postmaster.pid and the socket's, if no PostgreSQL runs on this directory.

    After a reboot the pid in them may be anybody's.

    Raises StackError if one does.
    """
    lock = path / "postmaster.pid"
    try:
        pid = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        pid = 0
    if _serves(pid, path):
        raise StackError(
            f"PostgreSQL (pid {pid}) already runs on {path}.",
            f"Stop what started it, or end it with `kill -INT {pid}`.",
        )
    lock.unlink(missing_ok=True)
    for socket_lock in path.glob(".s.PGSQL.*.lock"):
        socket_lock.unlink()


def _serves(pid: int, path: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return "postgres" in process.name() and Path(process.cwd()).samefile(path)
    except (psutil.NoSuchProcess, ValueError, FileNotFoundError):
        return False
    except psutil.AccessDenied:
        return False
