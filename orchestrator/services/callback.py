"""The testing web page at the app client's callback URL, and the hosted UI's address that leads there."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from orchestrator.services.spec import Child, HttpReady, Spec

NAME = "callback"
PATH = "/cognito-callback"
VARIABLE = "COGNITO_CALLBACK_PORT"


def with_urls(client: Mapping[str, Any], base: str | None) -> Mapping[str, Any]:
    """An app client that may call back to the page, too, if there is one at `base`."""
    if base is None or not client.get("AllowedOAuthFlowsUserPoolClient"):
        return client
    added = {"CallbackURLs": f"{base}{PATH}", "LogoutURLs": f"{base}/"}
    return {**client, **{name: _with(client.get(name) or (), url) for name, url in added.items()}}


def _with(urls: Sequence[str], url: str) -> list[str]:
    return [*urls] if url in urls else [*urls, url]


def leads_to(client: Mapping[str, Any], base: str) -> bool:
    """Whether the hosted UI may send people of this client to the page at `base`."""
    return f"{base}{PATH}" in (client.get("CallbackURLs") or ())


def hosted_ui(client: Mapping[str, Any], *, cognito_url: str, base: str | None) -> str | None:
    """The sign-in page for a client, which leads to the page at `base` or else to the client's first callback URL.

    None for a client that may not use the hosted UI.
    """
    flows, callbacks = client.get("AllowedOAuthFlows") or (), client.get("CallbackURLs") or ()
    if not client.get("AllowedOAuthFlowsUserPoolClient") or not callbacks or not {"code", "implicit"} & set(flows):
        return None
    own = f"{base}{PATH}"
    query = {
        "client_id": client["ClientId"],
        "response_type": "token" if "implicit" in flows else "code",
        "scope": " ".join(client.get("AllowedOAuthScopes") or ()),
        "redirect_uri": own if own in callbacks else callbacks[0],
    }
    return f"{cognito_url}/login?{urlencode(query)}"


def callback(
    client: Mapping[str, Any],
    *,
    sign_in_url: str,
    cognito_url: str,
    graphql_url: str,
    console_url: str | None,
    claims_namespace: str,
    base: str,
    host: str,
    port: int,
    state: Path,
) -> Spec:
    config = state / "callback.json"
    sign_out = urlencode({"client_id": client["ClientId"], "logout_uri": f"{base}/"})
    content = {
        "host": host,
        "port": port,
        "path": PATH,
        "graphql_url": graphql_url,
        "cognito_url": cognito_url,
        "client_id": client["ClientId"],
        "sign_in_url": sign_in_url,
        "sign_out_url": f"{cognito_url}/logout?{sign_out}",
        "claims_namespace": claims_namespace,
        "console_url": console_url,
    }
    return Spec(
        name=NAME,
        run=Child(
            argv=(sys.executable, "-m", "orchestrator.dashboard", "--config", str(config)),
            cwd=state,
            files={config: json.dumps(content, indent=1)},
        ),
        ports={VARIABLE: port},
        ready=HttpReady(f"{base}/_local/health"),
    )
