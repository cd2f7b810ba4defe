"""App clients with a secret: whether a caller has it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

from ..errors import NotAuthorized
from ..model import Client


def secret_hash(username: str, client_id: str, secret: str) -> str:
    """The SECRET_HASH that stands for a client's secret in calls about a user."""
    digest = hmac.digest(secret.encode(), f"{username}{client_id}".encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()


def check_secret_hash(client: Client, names: Iterable[str], given: str | None) -> None:
    """Raises NotAuthorized unless a client with a secret proves that it has it, for one of the user's names."""
    if client.secret is None:
        if given:
            raise NotAuthorized(f"Unable to verify secret hash for client {client.id}")
        return
    if not given:
        raise NotAuthorized(f"Client {client.id} is configured with secret but SECRET_HASH was not received")
    expected = (secret_hash(name, client.id, client.secret) for name in names)
    if not any(hmac.compare_digest(one.encode(), given.encode()) for one in expected):
        raise NotAuthorized(f"Unable to verify secret hash for client {client.id}")


def check_secret(client: Client, given: str | None) -> None:
    """Raises NotAuthorized unless a client with a secret sends it along."""
    if client.secret is None:
        return
    if not given:
        raise NotAuthorized("Client secret is missing.")
    if not hmac.compare_digest(client.secret.encode(), given.encode()):
        raise NotAuthorized("Invalid client secret.")
