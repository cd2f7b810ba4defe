"""Peers that come from npm, installed once into a folder of the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path


def install(*packages: str) -> Path:
    """The folder whose `node_modules` holds these packages (`name@range`); SystemExit where npm is missing or fails."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:16]
    folder = cache / "hasura-cognito" / "benchmarks" / name
    done = folder / "installed"
    if done.exists():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(f"The peer {packages[0]} needs Node.js and npm. Debian: apt-get install npm.")
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error", *packages]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    done.touch()
    return folder
