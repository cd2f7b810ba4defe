"""A copy of the project in a folder of its own, and its command line."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[1]
PARTS = ("config.yaml", "migrations", "metadata", "lambdas", "docker-compose.yml", "initdb")


@dataclass(frozen=True)
class Project:
    root: Path
    environ: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        """Standard output of `hasura-cognito` with these arguments; standard error goes to ours if it fails."""
        command = [sys.executable, "-m", "orchestrator", "-C", str(self.root), *arguments]
        done = subprocess.run(command, env=self.environ, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.stderr.write(done.stderr)
            raise SystemExit(f"{' '.join(command)} failed.")
        return done.stdout

    def status(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = json.loads(self.run("status", "-o", "json"))
        return facts


def copy_parts(to: Path) -> None:
    """Puts what makes a project into this folder; what is there already must not be in the way."""
    for part in PARTS:
        source = SOURCE / part
        shutil.copytree(source, to / part) if source.is_dir() else shutil.copy(source, to / part)


@contextlib.contextmanager
def fresh_project() -> Iterator[Project]:
    """A project that was never started, on a machine that never started one; stopped and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as folder:
        root = Path(folder, "project")
        root.mkdir()
        copy_parts(root)
        environ = {
            **os.environ,
            "STACK_BACKEND": "embedded",
            "STACK_PORTS": "free",
            "XDG_CACHE_HOME": str(Path(folder, "cache")),
        }
        project = Project(root, environ)
        try:
            yield project
        finally:
            project.run("down")
