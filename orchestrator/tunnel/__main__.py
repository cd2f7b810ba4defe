"""The program: python -m orchestrator.tunnel --config FILE."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.errors import StackError
from orchestrator.tunnel import config, probe, providers, state
from orchestrator.tunnel.clock import Clock
from orchestrator.tunnel.keeper import Keeper
from orchestrator.tunnel.registration import Registrar
from orchestrator.tunnel.state import State


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m orchestrator.tunnel", description="Keeps a tunnel to the gateway.")
    parser.add_argument("--config", type=Path, required=True, help="the JSON file that describes the tunnel")
    arguments = parser.parse_args()
    try:
        settings = config.read(arguments.config)
        asyncio.run(keep(settings, dict(os.environ)))
    except StackError as error:
        say(str(error))
        return 1
    return 0


async def keep(settings: config.Config, environ: Mapping[str, str]) -> None:
    """Keeps the tunnel until SIGTERM or SIGINT."""
    until = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, until.set)
    file = Path(settings.state)
    try:
        keeper = make_keeper(settings, environ)
    except StackError as error:
        # As for any failure, `up` finds it in the state; ending here would only make the supervisor start us again.
        say(f"failed: {error}")
        show(file, State("failed", time.time(), error=error))
        await until.wait()
        is_released = True
    else:
        is_released = await keeper.run(reopen=state.was_open(file), until=until)
    # A file that stays tells `down` that something is still registered.
    if is_released:
        state.remove(file)


def make_keeper(settings: config.Config, environ: Mapping[str, str]) -> Keeper:
    """The keeper that this configuration describes. Raises StackError where it describes none."""
    return Keeper(
        providers.make(settings, environ),
        make_registrar(settings.registration, environ),
        target=settings.target,
        path=settings.path,
        probe=lambda url: probe.probe(url, settings.gateway_id),
        show=lambda new: show(Path(settings.state), new),
        say=say,
        clock=Clock(),
        chance=random.random,
    )


def make_registrar(registration: Mapping[str, Any] | None, environ: Mapping[str, str]) -> Registrar | None:
    if registration is None:
        return None
    from orchestrator.aws.register import from_config  # botocore takes its time, and not everybody registers

    return Registrar(from_config(registration, environ))


def show(file: Path, new: State) -> None:
    """Writes the state; a disk that is full for a while does not end a tunnel."""
    try:
        state.write(file, new)
    except StackError as error:
        say(str(error))


def say(line: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} tunnel: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
