"""The tunnel of a stack as its keeper tells of it, and what a keeper that was killed has left registered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import StackError
from orchestrator.services import tunnel
from orchestrator.stack.machine import settings_here
from orchestrator.stack.plan import Layout

# A keeper's words, as those of any service.
STATES = {"open": "running", "opening": "restarting", "reopening": "restarting", "failed": "failed"}


@dataclass(frozen=True)
class Tunnel:
    """`state` is open, opening, reopening or failed; `since` in seconds of Unix time.

    `url` is the public one, `registered` a line on where it is registered, `error` what is wrong.
    """

    state: str
    since: float
    url: str | None
    registered: str | None
    error: Mapping[str, str] | None

    @property
    def service_state(self) -> str:
        return STATES[self.state]


def read(layout: Layout) -> Tunnel | None:
    """What the keeper says now; None where there is none."""
    try:
        return Tunnel(**json.loads(tunnel.state_file(layout.state).read_text("utf-8")))
    except FileNotFoundError:
        return None


def release_left(layout: Layout, environ: Mapping[str, str]) -> None:
    """Takes back what a keeper that could not do so itself has registered. Nothing, after one that was stopped.

    Raises StackError where that fails and time does not mend it.
    """
    state = tunnel.state_file(layout.state)
    if not state.exists():
        return
    registration = registration_of(tunnel.config_file(layout.state))
    if registration is not None:
        from orchestrator.aws.register import config

        key = settings_here(layout, environ).sync.gateway_key
        try:
            config.from_config(registration, {**environ, config.KEY: key}).release()
        except StackError as error:
            if registration["kind"] != "lease":  # A lease ends by itself.
                raise StackError(
                    f"Everything is stopped, but the tunnel's URL is still with the function: {error.message}",
                    f"{error.hint} Then run `hasura-cognito down` again.".strip(),
                ) from error
    state.unlink()


def registration_of(config: Path) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] | None = json.loads(config.read_text("utf-8"))["registration"]
    except FileNotFoundError:
        return None
    return found
