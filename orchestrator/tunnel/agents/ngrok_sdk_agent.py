"""The program: python -m orchestrator.tunnel.agents.ngrok_sdk_agent, ngrok's Python SDK with the agent inside."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from orchestrator.tunnel.agents import token
from orchestrator.tunnel.agents.spoken import say

POLL_SECONDS = 1.0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    parser.add_argument("--domain", default="")
    parser.add_argument("--policy", type=Path)
    arguments = parser.parse_args()
    secret = token.take()
    if not secret:
        say("failed", token.NONE, secret="")
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    import ngrok

    try:
        listener = ngrok.forward(arguments.target, authtoken=secret, **endpoint(arguments.domain, arguments.policy))
    except (ValueError, RuntimeError) as error:
        say("failed", "\n".join(str(word) for word in error.args), secret=secret)
        return 1
    try:
        _watch(listener, secret)
    finally:
        ngrok.disconnect(listener.url())
    return 0


def endpoint(domain: str, policy: Path | None) -> Mapping[str, Any]:
    """The keyword arguments of `ngrok.forward`; it takes a policy as text of JSON."""
    options: dict[str, Any] = {}
    if domain:
        options["domain"] = domain
    if policy:
        options["traffic_policy"] = json.dumps(yaml.safe_load(policy.read_text(encoding="utf-8")))
    return options


def _watch(listener: Any, secret: str) -> None:
    """The SDK connects again by itself; where that changes the URL, it is said. It never returns."""
    url = listener.url()
    say("open", url, secret=secret)
    while True:
        time.sleep(POLL_SECONDS)
        if listener.url() != url:
            url = listener.url()
            say("moved", url, secret=secret)


if __name__ == "__main__":
    sys.exit(main())
