"""Docker images: whether they are here, whether they could be, and pulling them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import StackError

if TYPE_CHECKING:
    from docker import DockerClient

REGISTRY_SECONDS = 5


@dataclass(frozen=True)
class Pulled:
    """How far the pull of an image is, in bytes; what is known of `total` grows with the layers.

    What was downloaded is unpacked then, which may take as long.
    """

    image: str
    done: int
    total: int
    unpacking: bool = False


Show = Callable[[Pulled], None]


def is_here(client: DockerClient, image: str) -> bool:
    import docker

    try:
        client.images.get(image)
    except docker.errors.ImageNotFound:
        return False
    return True


def can_be_pulled(client: DockerClient, image: str) -> bool:
    """Whether its registry has it, and answers soon."""
    import docker
    import requests

    before = client.api.timeout
    client.api.timeout = REGISTRY_SECONDS
    try:
        client.images.get_registry_data(image)
    except (docker.errors.DockerException, requests.RequestException):
        return False
    finally:
        client.api.timeout = before
    return True


def pull(client: DockerClient, image: str, show: Show) -> None:
    """Fetches the image. Raises StackError with the reason where it can't be had."""
    import docker
    import requests

    name, _, tag = image.rpartition(":") if ":" in image.rpartition("/")[2] else (image, "", "latest")
    layers: dict[str, tuple[int, int]] = {}
    try:
        for line in client.api.pull(name, tag=tag, stream=True, decode=True):
            if "error" in line:
                raise docker.errors.DockerException(line["error"])
            detail = line.get("progressDetail") or {}
            if line.get("status") == "Downloading" and detail.get("total"):
                layers[line["id"]] = (detail["current"], detail["total"])
            elif line.get("status") in ("Download complete", "Pull complete") and line.get("id") in layers:
                layers[line["id"]] = (layers[line["id"]][1],) * 2
            done, total = (sum(each) for each in zip(*layers.values(), strict=True)) if layers else (0, 0)
            show(Pulled(image, done, total, unpacking=line.get("status") == "Extracting" and done == total))
    except (docker.errors.DockerException, requests.RequestException) as error:
        why = getattr(error, "explanation", None) or error
        raise StackError(
            f"The image {image} is not on this machine and can't be pulled: {str(why).strip().rstrip('.')}.",
            "Look at the network, or set POSTGRES_IMAGE and HASURA_IMAGE to images that are here, "
            "or STACK_BACKEND=embedded.",
        ) from error
