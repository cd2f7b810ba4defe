"""The HTTP client for the services of the stack."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from orchestrator.project.trust import SYSTEM, Trust


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
