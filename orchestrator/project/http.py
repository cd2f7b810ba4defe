"""The HTTP client for the services of the stack."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from orchestrator.errors import StackError


@dataclass(frozen=True)
class Trust:
    """Which certificates of a server count: what the system trusts, or what the authorities in a file sign, or any."""

    authorities: Path | None = None
    anyone: bool = False

    def context(self) -> ssl.SSLContext | bool:
        """For httpx. Raises StackError for a file that can't be read."""
        if self.anyone:
            return False
        if self.authorities is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.authorities)
        except OSError as error:  # An SSLError is one, too.
            raise StackError(
                f"The certificate authority {self.authorities} can't be read: {error.strerror or error}.",
                "Correct certificate_authority in config.yaml; it is a file in PEM form.",
            ) from error


SYSTEM = Trust()


def http_client(
    url: str, *, headers: Mapping[str, str] | None = None, seconds: float = 60, trust: Trust = SYSTEM
) -> httpx.Client:
    """A client for the server at `url`; a request may take `seconds`.

    No proxy of the environment sees a secret or answers for localhost. Certificates, whose loading takes 70 ms, are
    loaded only for https.
    """
    return httpx.Client(
        base_url=url,
        headers=headers,
        timeout=seconds,
        trust_env=False,
        verify=url.startswith("https:") and trust.context(),
    )
