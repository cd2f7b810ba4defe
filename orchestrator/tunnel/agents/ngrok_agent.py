"""The program: python -m orchestrator.tunnel.agents.ngrok_agent, which drives an installed ngrok with pyngrok."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from orchestrator.private_file import write_private
from orchestrator.tunnel import with_parent
from orchestrator.tunnel.agents import token
from orchestrator.tunnel.agents.spoken import What, say

if TYPE_CHECKING:
    from pyngrok.conf import PyngrokConfig
    from pyngrok.log import NgrokLog

NAME = "hasura-cognito"
STARTS = 3
STOP_SECONDS = 2
POLL_SECONDS = 1.0

# The program that pyngrok starts. Its parent is this one, and it ends with it.
SCRIPT = """\
#!/bin/sh
exec {python} -I -S {with_parent} "$PPID" {ngrok} "$@"
"""


def main() -> int:
    arguments = _arguments()
    secret = token.take()
    # What ngrok logs comes to us by a callback.
    logging.disable()
    from pyngrok import conf

    def tell(what: What, text: str) -> None:
        say(what, text, secret=secret)

    def tell_trouble(line: NgrokLog) -> None:
        if line.lvl in ("ERROR", "CRITICAL"):
            tell("trouble", line.err or line.msg or line.line)

    if not secret:
        tell("failed", token.NONE)
        return 1
    with_token = _config(arguments.folder, secret)
    config = conf.PyngrokConfig(
        ngrok_path=str(_script(arguments.folder, arguments.program)),
        config_path=str(with_token),
        region=arguments.region or None,
        log_event_callback=tell_trouble,
    )
    # pyngrok speaks to ngrok on this machine, which no proxy reaches.
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = f"127.0.0.1,{os.environ.get('no_proxy', '')}"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        return _keep(config, arguments, tell)
    finally:
        _end(config)
        with_token.unlink(missing_ok=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--domain", default="")
    parser.add_argument("--region", default="")
    parser.add_argument("--policy", type=Path)
    return parser.parse_args()


def _script(folder: Path, program: Path) -> Path:
    path = folder / "ngrok"
    words = {"python": sys.executable, "with_parent": with_parent.__file__, "ngrok": str(program)}
    write_private(path, SCRIPT.format(**{name: shlex.quote(word) for name, word in words.items()}))
    path.chmod(0o700)
    return path


def _config(folder: Path, secret: str) -> Path:
    """A configuration of our own, so that no endpoint of the user's is started with it."""
    path = folder / "ngrok.yml"
    write_private(path, json.dumps({"version": "3", "agent": {"authtoken": secret}}))
    return path


def _keep(config: PyngrokConfig, arguments: argparse.Namespace, tell: Callable[[What, str], None]) -> int:
    """Opens the endpoint and watches it until it is gone."""
    from pyngrok import ngrok, process
    from pyngrok.exception import PyngrokError

    try:
        options = _endpoint(arguments.domain, arguments.policy)
        _start(config)
        url = ngrok.connect(arguments.target, name=NAME, pyngrok_config=config, **options).public_url
        agent = process.get_process(config)
    except (PyngrokError, OSError) as error:
        tell("failed", _in_words(error))
        return 1
    tell("open", str(url))
    while True:
        time.sleep(POLL_SECONDS)
        if agent.proc.poll() is not None:
            tell("dropped", f"ngrok ended with status {agent.proc.returncode}")
            return 1
        try:
            endpoints = {each.name: each.public_url for each in ngrok.get_tunnels(config)}
        except (PyngrokError, OSError):
            continue  # It is about to end, or busy.
        if NAME not in endpoints:
            tell("dropped", "ngrok has closed the endpoint")
            return 1
        if endpoints[NAME] != url:
            url = endpoints[NAME]
            tell("moved", str(url))


def _start(config: PyngrokConfig) -> None:
    """Starts ngrok. pyngrok reads no further as soon as it sees that ngrok has ended, and then has missed why where
    ngrok was quick: it is asked again.
    """
    from pyngrok import process
    from pyngrok.exception import PyngrokNgrokError

    for left in reversed(range(STARTS)):
        try:
            process.get_process(config)
        except PyngrokNgrokError as error:
            if left == 0 or error.ngrok_error or any(line.err for line in error.ngrok_logs):
                raise
        else:
            return


def _endpoint(domain: str, policy: Path | None) -> Mapping[str, Any]:
    """What the agent's API is told of the endpoint. https://ngrok.com/docs/agent/config/v3/#endpoint-definitions"""
    options: dict[str, Any] = {}
    if domain:
        options["url"] = f"https://{domain}"
    if policy:
        options["traffic_policy"] = yaml.safe_load(policy.read_text(encoding="utf-8"))
    return options


def _in_words(error: Exception) -> str:
    """All that pyngrok knows of an error: what ngrok's API answered, or what its log said."""
    from pyngrok.exception import PyngrokNgrokError

    words = [str(error)]
    if isinstance(error, PyngrokNgrokError):
        words += [error.ngrok_error or "", *(line.err or "" for line in error.ngrok_logs)]
    return "\n".join(word for word in words if word)


def _end(config: PyngrokConfig) -> None:
    """Ends ngrok so that it can tell its service, which else keeps the domain taken for a while."""
    from pyngrok import ngrok, process

    if process.is_process_running(config.ngrok_path):
        agent = process.get_process(config).proc
        agent.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            agent.wait(STOP_SECONDS)
    ngrok.kill(config)


if __name__ == "__main__":
    sys.exit(main())
