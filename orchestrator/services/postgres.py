"""PostgreSQL as a service: its binaries, its settings, its address."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from orchestrator.services.spec import Child, DataDirectory, DockerHost, InCompose, PostgresReady, Spec
from orchestrator.settings import Postgres

MAINTENANCE_DATABASE = "postgres"

# A kernel or power failure may lose data with fsync off, a killed server does not; commits are three times as fast.
SETTINGS: dict[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "huge_pages": "off",
    "max_wal_size": "256MB",
    # Compiling a query takes longer than running it on a development database.
    "jit": "off",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # A failing statement may hold a password (ALTER ROLE … PASSWORD), so errors are logged without it.
    "log_min_error_statement": "panic",
}

# A Unix-domain socket's path has room for 104 bytes with the NUL at its end (macOS; Linux 108).
LONGEST_SOCKET_PATH = 103

# Settings that only this major and later ones know.
SINCE: dict[int, dict[str, str]] = {18: {"io_method": "sync"}}


@dataclass(frozen=True)
class PostgresBinaries:
    """The folder of `postgres` and `initdb`, their version ("15.18"), and where they were found."""

    bin: Path
    version: str
    source: Literal["PG_BIN", "system", "wheel"]


def major(version: str) -> int:
    """
    >>> major("15.18"), major("19beta1")
    (15, 19)
    """
    digits = version.split(".")[0]
    return int(digits.split("beta")[0].split("rc")[0].removesuffix("devel"))


def url(*, user: str, password: str, host: str, port: int, database: str) -> str:
    """The login; a `host` that begins with / is the folder of a Unix-domain socket, as it is for libpq.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOST

    >>> url(user="postgres", password="a b/c", host="127.0.0.1", port=5433, database="app")
    'postgresql://postgres:a%20b%2Fc@127.0.0.1:5433/app'
    >>> url(user="postgres", password="a b", host="/my app/data", port=5433, database="app")
    'postgresql://postgres:a%20b@/app?host=/my%20app/data&port=5433'
    """
    login, name = f"{quote(user, safe='')}:{quote(password, safe='')}", quote(database, safe="")
    if host.startswith("/"):
        return f"postgresql://{login}@/{name}?host={quote(host)}&port={port}"
    place = f"[{host}]" if ":" in host else host
    return f"postgresql://{login}@{place}:{port}/{name}"


def data_path(state: Path) -> Path:
    return state / "postgres"


def socket_folder(state: Path, port: int) -> Path | None:
    """Where the server has its Unix-domain socket: the data directory, which nobody else may enter.

    None where no URL can say it, or the path is too long for one.
    """
    folder = data_path(state)
    text = str(folder)
    if "," in text or '"' in text or len(os.fsencode(folder / f".s.PGSQL.{port}")) > LONGEST_SOCKET_PATH:
        return None
    return folder


def postgres(
    binaries: PostgresBinaries,
    *,
    state: Path,
    host: str,
    port: int,
    user: str,
    password: str,
    databases: tuple[str, ...],
) -> Spec:
    """The server on `host`:`port`, its data under `state`; `user` is the superuser and owns `databases`."""
    data = DataDirectory(
        path=data_path(state),
        binaries=binaries.bin,
        version=binaries.version,
        superuser=user,
        password=password,
        databases=databases,
    )
    settings = {
        "listen_addresses": host,
        "port": str(port),
        "unix_socket_directories": f'"{folder}"' if (folder := socket_folder(state, port)) else "",
        **SETTINGS,
        **_newer_settings(binaries.version),
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return Spec(
        name="postgres",
        run=Child(
            argv=(str(binaries.bin / "postgres"), "-D", str(data.path), *options),
            cwd=state,
            data=data,
            stop_signal="INT",  # fast shutdown: ends sessions, keeps the data clean
            unprivileged=True,
        ),
        ready=PostgresReady(
            url(user=user, password=password, host=host, port=port, database=MAINTENANCE_DATABASE),
        ),
        ports={"POSTGRES_PORT": port},
    )


def in_compose(
    docker: DockerHost,
    settings: Postgres,
    *,
    host: str,
    port: int,
    login_url: str,
    databases: tuple[str, ...],
) -> Spec:
    """The server in its container; `login_url` is the superuser's on this machine."""
    image = {"POSTGRES_IMAGE": settings.image} if settings.image else {}
    return Spec(
        name="postgres",
        run=InCompose("postgres", docker.definition, databases),
        env={
            "STACK_HOST": host,
            "POSTGRES_PORT": str(port),
            "POSTGRES_USER": settings.user,
            "POSTGRES_PASSWORD": settings.password,
            "POSTGRES_DB": settings.database,
            **image,
        },
        ready=PostgresReady(login_url),
        ports={"POSTGRES_PORT": port},
    )


def _newer_settings(version: str) -> dict[str, str]:
    known = [settings for since, settings in SINCE.items() if major(version) >= since]
    return {name: value for settings in known for name, value in settings.items()}
