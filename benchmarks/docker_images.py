"""Two images made in seconds from what this machine has, without a registry.

`postgres` is a real PostgreSQL, with an entrypoint that does what the official image's does. `hasura` is the embedded
engine standing in for Hasura's image: the same command line and environment. Both are FROM scratch: programs, and the
libraries that they load. They are imported as they are: Docker takes six times as long to build them.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import re
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker

from orchestrator.services.postgres import PostgresBinaries

POSTGRES = "hasura-cognito-test/postgres:local"
HASURA = "hasura-cognito-test/embedded-engine:local"

LOCALE = "/usr/lib/locale/C.utf8"
TOOLS = ("/bin/sh", "/bin/bash", "/usr/bin/setpriv", "/bin/chown", "/bin/mkdir", "/bin/rm", "/bin/sleep")
ENGINE_PACKAGES = (
    "anyio", "asyncpg", "certifi", "click", "cffi", "_cffi_backend*", "cryptography", "graphql", "h11", "httpcore",
    "httptools", "httpx", "idna", "jwt", "orjson", "starlette", "typing_extensions.py", "uvicorn", "uvloop",
    "websockets",
)  # fmt: skip
UNUSED = re.compile(
    r"/(test|tests|idlelib|lib2to3|tkinter|ensurepip|site-packages|pydoc_data|config-3[^/]*)(/|$)|\.opt-\d\.pyc$"
)

ENTRYPOINT = r"""#!/bin/bash
set -e
data=/var/lib/postgresql/data
as_postgres() { setpriv --reuid=999 --regid=999 --clear-groups "$@"; }
chown 999:999 "$data"
if [ ! -s "$data/PG_VERSION" ]; then
  [ -n "$POSTGRES_PASSWORD" ] || { echo "Error: superuser password is not specified." >&2; exit 1; }
  as_postgres bash -c 'initdb -D "$0" -U "$POSTGRES_USER" --auth=scram-sha-256 --no-sync \
    --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD")' "$data"
  echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
  export PGPASSWORD="$POSTGRES_PASSWORD" PGUSER="$POSTGRES_USER" PGHOST=/tmp
  as_postgres pg_ctl -D "$data" -o "-c listen_addresses='' -c unix_socket_directories=/tmp -F" -w start
  psql -d postgres -v ON_ERROR_STOP=1 -v name="$POSTGRES_DB" <<< 'CREATE DATABASE :"name";'
  for file in /docker-entrypoint-initdb.d/*.sql; do psql -d "$POSTGRES_DB" -v ON_ERROR_STOP=1 -f "$file"; done
  as_postgres pg_ctl -D "$data" -m fast -w stop
  unset PGPASSWORD PGUSER PGHOST
fi
exec setpriv --reuid=999 --regid=999 --clear-groups "$@" -c listen_addresses='*' -c unix_socket_directories=/tmp
"""


MADE_OF = "made-of"


@dataclass(frozen=True)
class Image:
    """What an image is made of: `config` are lines of a Dockerfile, `texts` are files by their path in it."""

    tag: str
    config: tuple[str, ...]
    files: frozenset[Path]
    texts: Mapping[str, str]

    def digest(self) -> str:
        """The same for two descriptions exactly if they make the same image; what Python compiled does not count."""
        files = [path for path in sorted(self.files) if path.suffix != ".pyc"]
        stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        return hashlib.sha256(repr((self.config, TOOLS, sorted(self.texts.items()), stats)).encode()).hexdigest()


def build(binaries: PostgresBinaries) -> None:
    """Makes both images, unless Docker has them just so; of several processes, one does."""
    client = docker.from_env()
    try:
        with Path(tempfile.gettempdir(), "hasura-cognito-test-images.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for image in (postgres(binaries), hasura()):
                label = f"{MADE_OF}={image.digest()}"
                if not client.images.list(image.tag, filters={"label": label}):
                    repository, _, tag = image.tag.partition(":")
                    client.api.import_image_from_data(
                        archive(image), repository=repository, tag=tag, changes=[*image.config, f"LABEL {label}"]
                    )
                    client.images.prune({"dangling": True, "label": MADE_OF})
    finally:
        client.close()


def postgres(binaries: PostgresBinaries) -> Image:
    programs = [binaries.bin / name for name in ("postgres", "initdb", "pg_ctl", "pg_isready", "psql")]
    share, modules = asked(binaries, "--sharedir"), asked(binaries, "--pkglibdir")
    shared = [path for path in files_below(share) if not {"extension", "man", "contrib"} & {*path.parts}]
    plpgsql = [*share.glob("extension/plpgsql*"), *(modules / name for name in ("plpgsql.so", "dict_snowball.so"))]
    files = [*programs, *shared, *plpgsql, *files_below(LOCALE), *Path("/usr/share/zoneinfo").glob("*")]
    etc = {"etc/passwd": "root:x:0:0::/:/bin/bash\npostgres:x:999:999::/:/bin/bash\n", "etc/group": "postgres:x:999:\n"}
    config = (
        f"ENV PATH={binaries.bin}:/usr/bin:/bin LANG=C.utf8 PGDATA=/var/lib/postgresql/data",
        "VOLUME /var/lib/postgresql/data",
        'ENTRYPOINT ["/entrypoint"]',
        'CMD ["postgres"]',
    )
    return Image(
        POSTGRES, config, frozenset(path for path in files if path.is_file()), {**etc, "entrypoint": ENTRYPOINT}
    )


def hasura() -> Image:
    python = Path(sys.executable).resolve()
    packages = Path(sysconfig.get_paths()["purelib"])
    standard = Path(sysconfig.get_paths()["stdlib"])
    engine = Path(__file__).parents[1] / "orchestrator"
    own = [engine / "__init__.py", *files_below(engine / "engine")]
    libraries = [path for name in ENGINE_PACKAGES for found in packages.glob(name) for path in files_below(found)]
    files = [python, *files_below(standard), *libraries, *own]
    config = (
        f"ENV PATH={python.parent}:/usr/bin:/bin LANG=C.utf8 PYTHONPATH={packages}:{engine.parent} PYTHONUNBUFFERED=1",
        "ENV HASURA_GRAPHQL_SERVER_HOST=0.0.0.0",
        f'CMD ["{python}", "-m", "orchestrator.engine", "serve"]',
    )
    texts = {"etc/passwd": "root:x:0:0::/:/bin/bash\n"}
    return Image(HASURA, config, frozenset([*files, *files_below(LOCALE)]), texts)


def archive(image: Image) -> bytes:
    """The image's files as a tar archive: its own, the tools, and every library that they load."""
    wanted = {path.absolute() for path in (*image.files, *map(Path, TOOLS))}
    wanted |= set(libraries_of(path for path in wanted if is_program(path)))
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, text in image.texts.items():
            add_text(tar, name, text)
        for folder in ("tmp", "var/lib/postgresql/data", "run"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(entry)
        for path in sorted(wanted):
            tar.add(path.resolve(), str(path), recursive=False)
    return written.getvalue()


def add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), 0o755
    tar.addfile(entry, io.BytesIO(text.encode()))


def files_below(root: Path | str) -> Iterator[Path]:
    if Path(root).is_file():
        yield Path(root)
    for path in Path(root).rglob("*"):
        if path.is_file() and not UNUSED.search(f"/{path.relative_to(root)}"):
            yield path


def is_program(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def libraries_of(programs: Iterable[Path]) -> Iterator[Path]:
    said = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False).stdout
    for found in set(re.findall(r"(?:=> |^\s)(/\S+)(?= \()", said, re.MULTILINE)):
        yield Path(found)


def asked(binaries: PostgresBinaries, option: str) -> Path:
    said = subprocess.run([binaries.bin / "pg_config", option], capture_output=True, text=True, check=True)
    return Path(said.stdout.strip())
