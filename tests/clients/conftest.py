"""Node with the tools and clients of package.json, installed once for each lock file into node_modules."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Engine, module_database, nothing_left
from tests.guarded import ADMIN_SECRET, ROLES, guarded_engine, token

__all__ = ["module_database", "nothing_left"]

HERE = Path(__file__).parent
RUN_SECONDS = 120

Run = Callable[..., str]


@pytest.fixture(scope="module")
def engine(module_database: str) -> Iterator[Engine]:
    with guarded_engine(module_database) as engine:
        yield engine


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The installed packages. The test processes of one run take turns: the first installs."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("Node is not installed here (Debian: apt-get install nodejs npm)")
    folder = HERE / "node_modules"
    folder.mkdir(exist_ok=True)
    stamp = folder / f".of-{hashlib.sha256((HERE / 'package-lock.json').read_bytes()).hexdigest()[:16]}"
    with (HERE / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists():
            subprocess.run(
                ["npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=True
            )
            stamp.touch()
    return folder


@pytest.fixture
def run(engine: Engine, node_modules: Path) -> Run:
    """Runs a program of Node's in this folder, which finds the engine in its environment; gives what it printed."""

    def run(*command: str) -> str:
        environ = {
            "PATH": f"{node_modules / '.bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
            "ENGINE_URL": f"{engine.url}/v1/graphql",
            "ENGINE_ADMIN_SECRET": ADMIN_SECRET,
            "ENGINE_TOKEN": token(),
            "ENGINE_ROLES": ",".join(ROLES),
        }
        done = subprocess.run(command, cwd=HERE, env=environ, capture_output=True, text=True, timeout=RUN_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
