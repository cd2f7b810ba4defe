"""`.env` follows the user pool, there and back."""

from __future__ import annotations

import json

from orchestrator.project.env_file import changed
from orchestrator.project.pool_env import RealPool, issuer_of, to_local, to_real

ISSUER = issuer_of("eu-west-1_Ab12")
POOL = RealPool("eu-west-1_Ab12", "client1", ISSUER, "team-user-sync", "team-leases")
LOCAL = "http://localhost:9229/us-east-1_LocalDev1"


def secret(**more: object) -> str:
    return json.dumps({"type": "RS256", "jwk_url": f"{LOCAL}/.well-known/jwks.json", **more})


def test_a_real_pool_is_named_with_its_client_function_and_lease_table() -> None:
    assert to_real({}, POOL) == {
        "STACK_IDENTITY": "aws",
        "COGNITO_POOL_ID": "eu-west-1_Ab12",
        "COGNITO_CLIENT_ID": "client1",
        "SYNC_FUNCTION": "team-user-sync",
        "SYNC_LEASE_TABLE": "team-leases",
    }


def test_what_the_pool_does_not_tell_stays_as_it_is() -> None:
    assert {"SYNC_FUNCTION", "SYNC_LEASE_TABLE"}.isdisjoint(to_real({}, RealPool("eu-west-1_Ab12", "client1", ISSUER)))


def test_a_jwt_secret_that_stands_there_follows_the_pool_and_keeps_the_rest() -> None:
    before = secret(issuer=LOCAL, audience=["hasuralocalclient"], claims_format="stringified_json")
    after = json.loads(str(to_real({"HASURA_GRAPHQL_JWT_SECRET": before}, POOL)["HASURA_GRAPHQL_JWT_SECRET"]))
    assert after == {
        "type": "RS256",
        "jwk_url": f"{ISSUER}/.well-known/jwks.json",
        "issuer": ISSUER,
        "audience": ["client1"],
        "claims_format": "stringified_json",
    }


def test_a_jwt_secret_is_given_no_check_that_it_had_not() -> None:
    after = json.loads(str(to_real({"HASURA_GRAPHQL_JWT_SECRET": secret()}, POOL)["HASURA_GRAPHQL_JWT_SECRET"]))
    assert set(after) == {"type", "jwk_url"}


def test_a_jwt_secret_with_a_key_of_its_own_is_left_alone() -> None:
    for own in ('{"type": "HS256", "key": "k"}', "not JSON", "[1]"):
        assert "HASURA_GRAPHQL_JWT_SECRET" not in to_real({"HASURA_GRAPHQL_JWT_SECRET": own}, POOL)


def test_back_to_local_nothing_of_the_pool_is_left() -> None:
    jwt = to_real({"HASURA_GRAPHQL_JWT_SECRET": secret()}, POOL)
    before = {name: str(value) for name, value in jwt.items()}
    text = "POSTGRES_PORT=5555\n" + changed("", to_real({"HASURA_GRAPHQL_JWT_SECRET": secret()}, POOL))
    assert changed(text, to_local(before, "eu-west-1_Ab12")) == "POSTGRES_PORT=5555\nSTACK_IDENTITY=local\n"


def test_another_pool_in_env_is_left_alone() -> None:
    assert to_local({"STACK_IDENTITY": "aws", "COGNITO_POOL_ID": "eu-west-1_Other"}, "eu-west-1_Ab12") == {}


def test_a_jwt_secret_of_another_pool_is_left_alone() -> None:
    before = {"COGNITO_POOL_ID": "eu-west-1_Ab12", "HASURA_GRAPHQL_JWT_SECRET": secret()}
    assert "HASURA_GRAPHQL_JWT_SECRET" not in to_local(before, "eu-west-1_Ab12")
