"""The ways to a public URL, each in its own file, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orchestrator.errors import StackError
from orchestrator.tunnel.config import Config, fields
from orchestrator.tunnel.providers import cloudflared, ngrok, ssh, static
from orchestrator.tunnel.providers.provider import Here, Provider

# The type of the options, and what makes the provider of them.
PROVIDERS: Mapping[str, tuple[type[Any], Callable[[Any, Here], Provider]]] = {
    "ngrok": (ngrok.Options, ngrok.Ngrok),
    "ngrok-sdk": (ngrok.SdkOptions, ngrok.NgrokSdk),
    "ssh": (ssh.Options, ssh.Ssh),
    "cloudflared": (cloudflared.Options, cloudflared.Cloudflared),
    "static": (static.Options, static.Static),
}


def make(config: Config, environ: Mapping[str, str]) -> Provider:
    """The provider of this configuration. Raises StackError for one that is not there, and for wrong options."""
    if config.provider not in PROVIDERS:
        raise StackError(f"There is no tunnel provider {config.provider}.", f"There are: {', '.join(PROVIDERS)}.")
    options, provider = PROVIDERS[config.provider]
    here = Here(config.target, Path(config.state).parent, environ)
    return provider(fields(options, config.options, where=f"Options of {config.provider}"), here)
