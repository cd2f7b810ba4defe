"""Images: whether they are here or can be had, and their pull, from a registry on loopback."""

from __future__ import annotations

import time

import docker
import pytest

from benchmarks.docker_images import POSTGRES
from orchestrator.errors import StackError
from orchestrator.launchers import images
from orchestrator.launchers.images import Pulled
from tests.docker import registry


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


def test_an_image_without_a_registry_can_not_be_pulled_and_the_reason_is_told(engine: docker.DockerClient) -> None:
    begin = time.monotonic()
    assert not images.can_be_pulled(engine, "localhost:1/no/such-image:v1")
    assert time.monotonic() - begin < 2 * images.REGISTRY_SECONDS
    with pytest.raises(StackError, match="is not on this machine and can't be pulled"):
        images.pull(engine, "localhost:1/no/such-image:v1", lambda _: None)
