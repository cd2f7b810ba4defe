"""A fresh PostgreSQL data directory: a copy of one that initdb made once, kept in the user's cache folder.

<cache>/postgres-<version>-<build>-<superuser>
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from orchestrator.errors import StackError
from orchestrator.launchers.log_tail import telling_line
from orchestrator.launchers.run_file import run_unprivileged
from orchestrator.services.spec import DataDirectory

# C.UTF-8 sorts by code point and knows the letters of Unicode; C is everywhere.
LOCALES = ("C.UTF-8", "C")


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where prepared data directories are kept: $XDG_CACHE_HOME/hasura-cognito, or below ~/.cache."""
    base = environ.get("XDG_CACHE_HOME", "")
    home = environ.get("HOME", "") or tempfile.gettempdir()
    return (Path(base) if base.startswith("/") else Path(home) / ".cache") / "hasura-cognito"


def copy_or_init(data: DataDirectory, to: Path, cache: Path) -> None:
    """Fills the empty folder `to` with a data directory whose superuser nobody can log in as yet.

    Raises OSError, or StackError with initdb's words.
    """
    template = _template(data, cache)
    if template is None:
        _initdb(data, to)
        return
    _copy_tree(template, to)


def is_whole(path: Path) -> bool:
    """Whether initdb came to its end here."""
    return (path / "PG_VERSION").is_file() and (path / "global" / "pg_control").is_file()


def _copy_tree(source: Path, to: Path) -> None:
    for folder, folders, files in os.walk(source):
        target = to / Path(folder).relative_to(source)
        for name in folders:
            (target / name).mkdir(mode=0o700)
        for name in files:
            shutil.copyfile(Path(folder) / name, target / name)
            (target / name).chmod(0o600)


def _template(data: DataDirectory, cache: Path) -> Path | None:
    """A fresh data directory in the cache, made now if need be; None where the cache is unwritable."""
    name = _template_name(data)
    template = cache / name
    if is_whole(template):
        return template
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        making = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache))
    except OSError:
        return None
    try:
        _initdb(data, making)
        # Another one may have been quicker: then its directory serves as well.
        with contextlib.suppress(OSError):
            making.rename(template)
    except (OSError, StackError):
        return None
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return template if is_whole(template) else None


def _template_name(data: DataDirectory) -> str:
    """Tells builds of one version apart, for a data directory of one may not fit another."""
    with (data.binaries / "postgres").open("rb") as program:
        build = hashlib.file_digest(program, "sha256").hexdigest()[:8]
    return f"postgres-{data.version}-{build}-{quote(data.superuser, safe='')}"


def _initdb(data: DataDirectory, to: Path) -> None:
    """Runs initdb with a password that nobody learns: every login is SCRAM, and the real password comes later."""
    with tempfile.NamedTemporaryFile("w", prefix=".pw-", dir=to.parent) as password:
        password.write(secrets.token_urlsafe(32) + "\n")
        password.flush()
        command = [
            str(data.binaries / "initdb"),
            f"--pgdata={to}",
            f"--username={data.superuser}",
            f"--pwfile={password.name}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--wal-segsize=1",  # MB; 16 would make every copy 15 MB larger
            "--no-sync",
        ]
        for locale in LOCALES:
            answer = run_unprivileged([*command, f"--locale={locale}"], owned=[to, Path(password.name)])
            if "invalid locale" not in answer.stderr:
                break
    if answer.returncode:
        raise StackError(
            f"initdb of PostgreSQL {data.version} ({data.binaries}) could not make {data.path}: "
            f"{telling_line(answer.stderr)}",
            "Free some space if the disk is full; set PG_BIN to use another PostgreSQL.",
        )
