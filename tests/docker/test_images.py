"""Images: whether they are here or can be had, and their pull, from a registry on loopback."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import termios
import time

import docker
import pytest

from benchmarks.docker_images import POSTGRES
from orchestrator.errors import StackError
from orchestrator.launchers import images
from orchestrator.launchers.images import Pulled
from tests.docker import registry
from tests.flow.conftest import Project

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
FRAME = re.compile(r"(?P<doing>\w+) \S+ ━+[╸╺]?━* +(?P<done>[\d.]+)/(?P<total>[\d.]+) MB")


def test_an_image_that_is_here_is_known(engine: docker.DockerClient) -> None:
    assert images.is_here(engine, POSTGRES)
    assert not images.is_here(engine, "no/such-image:v1")


def test_a_pull_tells_how_far_it_is_and_the_image_is_here_then(engine: docker.DockerClient) -> None:
    told: list[Pulled] = []
    with registry.serving(time.time_ns()) as image:
        assert not images.is_here(engine, image)
        assert images.can_be_pulled(engine, image)
        images.pull(engine, image, told.append)
        assert images.is_here(engine, image)
        engine.images.remove(image)
    assert told[-1].done == told[-1].total > 1_000_000
    assert all(0 <= each.done <= each.total for each in told)
    # Only what was downloaded is unpacked.
    assert {each.done == each.total for each in told if each.unpacking} == {True}


def test_up_shows_a_bar_that_grows_while_an_image_is_pulled(engine: docker.DockerClient, project: Project) -> None:
    with registry.serving(time.time_ns(), seconds=1) as image, socket.create_server(("127.0.0.1", 0)) as taken:
        # A taken port ends `up` as soon as the image is there.
        port = str(taken.getsockname()[1])
        shown = in_a_terminal(project, "up", POSTGRES_IMAGE=image, STACK_PORTS="fixed", POSTGRES_PORT=port)
        engine.images.remove(image)
    frames = [FRAME.match(line) for line in CONTROL.sub("", shown).split("\r") if image in line]
    bars = [frame for frame in frames if frame]
    done = [float(bar["done"]) for bar in bars]
    assert done == sorted(done)
    assert len(set(done)) > 3
    assert done[-1] == float(bars[-1]["total"]) == 3.0


def in_a_terminal(project: Project, *arguments: str, **environ: str) -> str:
    """What the command writes to a terminal of 110 columns as its standard error."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 110, 0, 0))
    command = [sys.executable, "-m", "orchestrator", "-C", str(project.root), *arguments]
    variables = {**os.environ, **project.environ, **environ, "TERM": "xterm-256color"}
    with subprocess.Popen(command, env=variables, stderr=its, stdout=subprocess.DEVNULL):
        os.close(its)
        shown = b""
        # Linux ends a terminal that nobody writes to any more with an error.
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 65536):
                shown += piece
    os.close(ours)
    return shown.decode()


def test_an_image_without_a_registry_can_not_be_pulled_and_the_reason_is_told(engine: docker.DockerClient) -> None:
    begin = time.monotonic()
    assert not images.can_be_pulled(engine, "localhost:1/no/such-image:v1")
    assert time.monotonic() - begin < 2 * images.REGISTRY_SECONDS
    with pytest.raises(StackError, match="is not on this machine and can't be pulled"):
        images.pull(engine, "localhost:1/no/such-image:v1", lambda _: None)
