"""The sync path on Docker: real containers, with the embedded engine standing in for Hasura's image."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import docker
import pytest


@pytest.mark.timeout(240)
def test_what_docker_could_change_is_the_same_with_the_embedded_engine_as_hasuras_image(
    engine: docker.DockerClient, pytestconfig: pytest.Config
) -> None:
    """A session of its own, so that there is one stack on Docker however many workers this one has."""
    if pytestconfig.getoption("--stack-backend") == "docker":
        pytest.skip("All tests of this session run on Docker.")
    session = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    which = ["--stack-backend=docker", "--timeout=180", "-m", "on_docker_too", str(Path(__file__).parent)]
    done = subprocess.run([*session, *which], cwd=pytestconfig.rootpath, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
