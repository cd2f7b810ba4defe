"""HASURA_GRAPHQL_JWT_SECRET of a user's own, checked against the user pool before Hasura sees it.

https://hasura.io/docs/2.0/auth/authentication/jwt/
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.errors import StackError

VARIABLE = "HASURA_GRAPHQL_JWT_SECRET"
KEYS = (
    "type", "key", "jwk_url", "claims_namespace", "claims_namespace_path", "claims_format", "claims_map", "audience",
    "issuer", "allowed_skew", "header",
)  # fmt: skip
# Cognito's access tokens have these, its ID tokens have not.
IN_ACCESS_TOKENS_ONLY = ("client_id", "scope", "username", "jti", "version", "device_key")
LEAVE_OUT = f"Or leave {VARIABLE} out: it is made from the user pool."


def check(text: str, *, issuer: str, clients: Sequence[str], triggers: Mapping[str, Any]) -> None:
    """Raises StackError with the first thing that would keep tokens of this pool from working.

    `triggers` is the pool's LambdaConfig, with which its tokens get their claims.
    """
    try:
        secret = json.loads(text)
    except ValueError as error:
        raise StackError(f"{VARIABLE} is not valid JSON.", f"In .env, put it in single quotes. {LEAVE_OUT}") from error
    if not isinstance(secret, dict):
        raise StackError(f"{VARIABLE} is not a JSON object.", LEAVE_OUT)
    for message, hint in problems(secret, issuer, clients, triggers):
        raise StackError(f"{VARIABLE}: {message}.", f"{hint} {LEAVE_OUT}")


def problems(
    secret: Mapping[str, Any], issuer: str, clients: Sequence[str], triggers: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """What is wrong, each with what to do; never what a key is."""
    for name in secret:
        if name not in KEYS:
            near = difflib.get_close_matches(name, KEYS, n=1)
            yield (
                f"it has an unknown key {name!r}",
                f"Did you mean {near[0]}?" if near else f"Known: {', '.join(KEYS)}.",
            )
    if "key" in secret and "jwk_url" in secret:
        yield "it has both key and jwk_url, and Hasura refuses that", "Keep jwk_url: the pool's keys are there."
    if "key" not in secret and "jwk_url" not in secret:
        yield "it has neither key nor jwk_url", "Set jwk_url to the pool's keys."
    if "claims_map" in secret and secret.get("claims_format") == "stringified_json":
        yield (
            "claims_map silently overrides claims_format stringified_json",
            "Keep claims_format where the Pre Token Generation function adds the claims, or else claims_map.",
        )
    if secret.get("issuer") not in (None, issuer):
        yield f"its issuer is {secret['issuer']}, and that of the pool's tokens is {issuer}", "Set that one."
    yield from audience_problems(secret.get("audience"), clients)
    yield from claims_problems(secret, triggers)


def audience_problems(audience: Any, clients: Sequence[str]) -> Iterator[tuple[str, str]]:
    entries = audience if isinstance(audience, list) else [audience]
    if audience is not None and not set(clients) & {entry for entry in entries if isinstance(entry, str)}:
        yield f"its audience is none of the pool's clients ({', '.join(clients)})", "Set audience to the client's id."


def claims_problems(secret: Mapping[str, Any], triggers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Access tokens have no `aud`, and no Hasura claims: what reads them must not ask for those."""
    claims_map = secret.get("claims_map")
    paths = (
        [each.get("path") for each in claims_map.values() if isinstance(each, dict)]
        if isinstance(claims_map, dict)
        else []
    )
    read = [name for name in IN_ACCESS_TOKENS_ONLY if any(path in (f"$.{name}", f"$['{name}']") for path in paths)]
    if read and secret.get("audience") is not None:
        yield (
            f"claims_map reads {read[0]}, which only access tokens have, and audience refuses those: they have no aud",
            "Send ID tokens and read their claims, or leave audience out.",
        )
    version = (triggers.get("PreTokenGenerationConfig") or {}).get("LambdaVersion", "V1_0")
    if not claims_map and version == "V1_0" and secret.get("claims_format", "json") == "json":
        yield (
            "claims_format is json, but the claims that a Pre Token Generation function adds are text that holds JSON",
            'Set claims_format to "stringified_json", and send ID tokens: access tokens have no Hasura claims.',
        )
