"""The keeper of the tunnel that leads from a public URL to the sync gateway."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.services.spec import Child, Spec, StateReady
from orchestrator.settings import Tunnel

NAME = "tunnel"
GATEWAY = "gateway"
# What of the terminal's environment a tunnel may need: keys for ssh, the way out, where ngrok keeps its configuration.
PASSED_ON = (
    *("SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)
AWS = "AWS_"
# It releases what it registered, which may mean waiting for a function to be updated.
STOP_SECONDS = 25


def config_file(state: Path) -> Path:
    return state / "tunnel.json"


def state_file(state: Path) -> Path:
    """Where the keeper says how it goes; `orchestrator.tunnel.state` describes it."""
    return state / "tunnel.state.json"


def tunnel(
    settings: Tunnel,
    *,
    target: str,
    path: str,
    gateway_id: str,
    gateway_key: str,
    registration: Mapping[str, Any] | None,
    state: Path,
    environ: Mapping[str, str],
) -> Spec:
    """`target` is the gateway's URL on this machine, `path` its route, `registration` as `aws.register` reads it.

    Of `environ` it gets what reaches AWS and the internet.
    """
    config = config_file(state)
    document = {
        "provider": settings.provider,
        "options": options(settings),
        "target": target,
        "path": path,
        "gateway_id": gateway_id,
        "registration": registration,
        "state": str(state_file(state)),
    }
    return Spec(
        name=NAME,
        run=Child(
            argv=(sys.executable, "-m", "orchestrator.tunnel", "--config", str(config)),
            cwd=state,
            files={config: json.dumps(document, indent=1)},
            stop_seconds=STOP_SECONDS,
        ),
        env={**passed_on(environ), **secrets(settings), "GATEWAY_KEY": gateway_key},
        ports={},
        ready=StateReady(state_file(state)),
        needs=(GATEWAY,),
    )


def options(settings: Tunnel) -> Mapping[str, Any]:
    """The options of the chosen provider, as its file in `orchestrator.tunnel.providers` reads them; no secret."""
    match settings.provider:
        case "ngrok":
            ngrok = settings.ngrok
            return {
                "path": _text(ngrok.path),
                "domain": ngrok.domain,
                "region": ngrok.region,
                "policy": _text(ngrok.policy),
            }
        case "ngrok-sdk":
            return {"domain": settings.ngrok.domain, "policy": _text(settings.ngrok.policy)}
        case "ssh":
            ssh = settings.ssh
            return {
                "host": ssh.host,
                "port": ssh.port,
                "key": _text(ssh.key),
                "known_hosts": _text(ssh.known_hosts),
                "remote_port": ssh.remote_port,
                "bind": ssh.bind,
                "url": settings.url,
            }
        case "cloudflared":
            return {"path": _text(settings.cloudflared.path), "url": settings.url}
        case "static":
            return {"url": settings.url}
        case _:
            return {}


def secrets(settings: Tunnel) -> Mapping[str, str]:
    """The secret of the chosen provider, if it has one."""
    match settings.provider:
        case "ngrok" | "ngrok-sdk" if settings.ngrok.authtoken:
            return {"NGROK_AUTHTOKEN": settings.ngrok.authtoken}
        case "cloudflared" if settings.cloudflared.token:
            return {"CLOUDFLARED_TOKEN": settings.cloudflared.token}
        case _:
            return {}


def passed_on(environ: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in environ.items() if name in PASSED_ON or name.startswith(AWS)}


def _text(path: Path | None) -> str:
    return str(path.expanduser().absolute()) if path else ""
