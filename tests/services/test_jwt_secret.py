"""A JWT secret of the user's own: what would keep the pool's tokens from working is said before Hasura starts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.errors import StackError
from orchestrator.services.jwt_secret import check

ISSUER = "http://localhost:9229/us-east-1_LocalDev1"
GOOD: dict[str, Any] = {
    "jwk_url": f"{ISSUER}/.well-known/jwks.json",
    "claims_format": "stringified_json",
    "issuer": ISSUER,
    "audience": ["client"],
}
CLAIMS_MAP = {"x-hasura-allowed-roles": ["user"], "x-hasura-default-role": "user"}


def said(secret: Any, triggers: dict[str, Any] | None = None) -> str:
    text = secret if isinstance(secret, str) else json.dumps(secret)
    with pytest.raises(StackError) as raised:
        check(text, issuer=ISSUER, clients=["client"], triggers=triggers or {})
    return str(raised.value)


@pytest.mark.parametrize(
    "secret",
    [
        GOOD,
        {name: value for name, value in GOOD.items() if name not in ("issuer", "audience")},
        {**GOOD, "claims_format": "json", "claims_map": CLAIMS_MAP},
        {"type": "HS256", "key": "k" * 32, "claims_format": "stringified_json", "allowed_skew": 5},
    ],
)
def test_what_hasura_takes_passes(secret: dict[str, Any]) -> None:
    check(json.dumps(secret), issuer=ISSUER, clients=["client"], triggers={})


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("{nope", "is not valid JSON"),
        ([GOOD], "is not a JSON object"),
        ({**GOOD, "claims_fromat": "json"}, "unknown key 'claims_fromat'. Did you mean claims_format?"),
        ({**GOOD, "key": "abc"}, "both key and jwk_url"),
        ({"issuer": ISSUER, "claims_format": "stringified_json"}, "neither key nor jwk_url"),
        ({**GOOD, "claims_map": CLAIMS_MAP}, "claims_map silently overrides claims_format stringified_json"),
        ({**GOOD, "issuer": "https://cognito-idp.us-east-1.amazonaws.com/x"}, f"of the pool's tokens is {ISSUER}"),
        ({**GOOD, "audience": "another"}, "audience is none of the pool's clients (client)"),
        (
            {
                **GOOD,
                "claims_format": "json",
                "claims_map": {**CLAIMS_MAP, "x-hasura-user-id": {"path": "$.client_id"}},
            },
            "which only access tokens have",
        ),
        ({**GOOD, "claims_format": "json"}, "text that holds JSON"),
    ],
)
def test_what_would_not_work_is_said_with_the_way_out(secret: Any, expected: str) -> None:
    assert expected in said(secret)
    assert "leave HASURA_GRAPHQL_JWT_SECRET out" in said(secret)


def test_claims_of_the_second_event_version_may_be_json() -> None:
    triggers = {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": "arn"}}
    check(json.dumps({**GOOD, "claims_format": "json"}), issuer=ISSUER, clients=["client"], triggers=triggers)


def test_a_key_is_never_quoted() -> None:
    assert "very-secret" not in said({**GOOD, "key": "very-secret"})
