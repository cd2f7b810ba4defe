"""What is known of a stack between two commands: `.stack/stack.json`, and the secrets made for it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.private_file import write_private
from orchestrator.services.spec import Child, Spec
from orchestrator.settings import SECRETS, read_env_file
from orchestrator.stack.plan import Layout, Plan, Pool, Urls

VERSION = 1


@dataclass(frozen=True)
class Record:
    """A stack as it was last started. `fingerprints` tell whether a service must be started anew."""

    backend: str
    identity: str
    ports: Mapping[str, int]
    urls: Urls
    pool: Pool
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    applied: str = ""

    def without(self, names: Iterable[str]) -> Record:
        """The same, but it is not known how these services were started."""
        unknown = set(names)
        left = {name: value for name, value in self.fingerprints.items() if name not in unknown}
        return replace(self, fingerprints=left)

    @classmethod
    def of(cls, plan: Plan, applied: str) -> Record:
        return cls(
            backend=plan.backend,
            identity=plan.identity,
            ports=plan.ports,
            urls=plan.urls,
            pool=plan.pool,
            fingerprints={spec.name: fingerprint(spec) for spec in plan.specs},
            applied=applied,
        )


def fingerprint(spec: Spec) -> str:
    """The same for two descriptions exactly if they run the same; says nothing of the secrets inside."""
    values = asdict(spec)
    if isinstance(spec.run, Child):
        values["run"]["files"] = {str(path): text for path, text in spec.run.files.items()}
    return hashlib.sha256(json.dumps(values, default=str, sort_keys=True).encode()).hexdigest()


def read(path: Path) -> Record | None:
    """The record in this file, or None where there is none. Raises StackError where it can't be understood."""
    try:
        values = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StackError(f"{path} is damaged: {error}.", "Run `hasura-cognito reset`.") from error
    try:
        if values.pop("version") != VERSION:
            raise ValueError("written by another version")
        return Record(**{**values, "urls": Urls(**values["urls"]), "pool": Pool(**values["pool"])})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StackError(f"{path} can't be used: {error}.", "Run `hasura-cognito reset`.") from error


def write(path: Path, record: Record) -> None:
    write_private(path, json.dumps({"version": VERSION, **asdict(record)}, indent=1))


def make_secrets(path: Path) -> Mapping[str, str]:
    """The secrets of this stack: those in the file, and new ones, added to it, for any that it lacks."""
    found = read_env_file(path)
    missing = {name: secrets.token_hex(24) for name in SECRETS if not found.get(name)}
    if missing:
        found = {**found, **missing}
        write_private(path, "".join(f"{name}={value}\n" for name, value in found.items()))
    return found


def make_state(layout: Layout) -> None:
    layout.state.mkdir(mode=0o700, exist_ok=True)
    layout.logs.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keeps other commands from changing the stack meanwhile. Raises StackError if one is at it."""
    with path.open("a+", encoding="utf-8") as file:
        path.chmod(0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise StackError(
                f"Another hasura-cognito command is at work on this stack (pid {file.read().strip() or 'unknown'}).",
                "Wait until it is done.",
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
