"""The gateway, the tunnel and the registration as a plan has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.services.spec import Child, Spec
from orchestrator.settings import Settings, load
from orchestrator.stack.exposure import Here, exposed
from orchestrator.stack.plan import Addresses, Layout
from orchestrator.stack.user_pool import UserPool

KEY = "k" * 48
HERE = Here("mutation SyncUser { x }", "ada@laptop", {"AWS_PROFILE": "dev", "AWS_REGION": "eu-west-1", "EDITOR": "vi"})
IN_AWS = UserPool(
    identity="aws",
    issuer="https://issuer",
    keys_for_hasura="https://issuer/keys",
    client={"ClientId": "c1"},
    audience=("c1",),
    triggers={},
    origins=(),
    cognito="https://cognito",
    awslambda="https://lambda",
    hosted_ui=None,
)
EMULATOR = Spec("lambda", Child(("x",), Path("/")), ready=None, ports={})  # type: ignore[arg-type]
LOCAL = UserPool(
    **{**vars(IN_AWS), "identity": "local", "awslambda": "http://localhost:9001", "emulators": (EMULATOR,)}
)


def settings(**environ: str) -> Settings:
    return load(
        {"STACK_TUNNEL": "static", "TUNNEL_URL": "https://ada.example", **environ},
        {},
        {"GATEWAY_KEY": KEY, "HASURA_GRAPHQL_ADMIN_SECRET": "admin-secret"},
    )


def made(pool: UserPool = IN_AWS, **environ: str) -> tuple[Spec, ...]:
    addresses = Addresses("127.0.0.1", {"gateway": 8090, "hasura": 8080})
    layout = Layout(Path("/project"))
    return exposed(settings(**environ), HERE, addresses, layout, pool, graphql_url="http://localhost:8080/v1/graphql")


def config(spec: Spec) -> dict[str, Any]:
    (text,) = spec.child.files.values()
    read: dict[str, Any] = json.loads(text)
    return read


def test_without_a_tunnel_there_is_no_gateway() -> None:
    assert made(STACK_TUNNEL="none") == ()


def test_the_tunnel_leads_to_the_gateway_by_a_number_and_knows_it_from_another() -> None:
    gateway, tunnel = made()
    assert config(gateway)["mutation"] == HERE.mutation
    assert config(gateway)["graphql_url"] == "http://localhost:8080/v1/graphql"
    assert config(tunnel)["target"] == "http://127.0.0.1:8090"
    assert config(tunnel)["path"] == "/sync"
    assert len(config(tunnel)["gateway_id"]) == 16


def test_the_tunnel_opens_when_the_project_is_applied_and_everything_behind_it_runs() -> None:
    assert [spec.last for spec in made()] == [False, True]
    assert made()[1].needs == ("gateway", "hasura")
    assert made(LOCAL)[1].needs == ("gateway", "hasura", "lambda")


def test_the_only_secret_that_leaves_is_the_gateways_key() -> None:
    gateway, tunnel = made()
    assert gateway.env["HASURA_GRAPHQL_ADMIN_SECRET"] == "admin-secret"
    assert "admin-secret" not in f"{tunnel.env} {config(tunnel)}"
    assert tunnel.env["GATEWAY_KEY"] == KEY
    assert not any(secret in f"{config(gateway)} {config(tunnel)}" for secret in (KEY, "admin-secret"))


def test_the_keeper_reaches_aws_as_this_command_does_and_knows_nothing_else_of_the_terminal() -> None:
    env = made()[1].env
    assert (env["AWS_PROFILE"], env["AWS_REGION"]) == ("dev", "eu-west-1")
    assert "EDITOR" not in env


def test_a_pool_in_aws_has_a_lease_for_each_app_client() -> None:
    lease = config(made(COGNITO_CLIENT_ID="c1", COGNITO_POOL_ID="eu-west-1_Abc")[1])["registration"]
    assert lease == {
        "kind": "lease",
        "region": "eu-west-1",
        "table": "hasura-cognito-leases",
        "client_id": "c1",
        "owner": lease["owner"],
        "holder": "ada@laptop",
    }
    assert lease["owner"] not in KEY


def test_a_lease_is_the_same_stacks_after_a_restart_and_not_anothers() -> None:
    owner = config(made()[1])["registration"]["owner"]
    assert owner == config(made()[1])["registration"]["owner"]
    assert owner != config(made(GATEWAY_KEY="x" * 48)[1])["registration"]["owner"]


@pytest.mark.parametrize(("pool", "endpoint"), [(IN_AWS, None), (LOCAL, "http://localhost:9001")])
def test_a_registration_in_the_environment_goes_to_the_function_wherever_it_runs(
    pool: UserPool, endpoint: str | None
) -> None:
    registration = config(made(pool, STACK_REGISTRATION="env", SYNC_FUNCTION="my-sync", SYNC_URL_VARIABLE="URL")[1])[
        "registration"
    ]
    assert registration == {
        "kind": "env",
        "region": "us-east-1",
        "endpoint": endpoint,
        "function": "my-sync",
        "url_variable": "URL",
        "key_variable": "SYNC_GATEWAY_KEY",
        "before_file": "/project/.stack/function-before.json",
    }


def test_the_local_function_is_told_by_its_environment_unless_nobody_shall_tell_it() -> None:
    assert config(made(LOCAL)[1])["registration"]["kind"] == "env"
    assert config(made(LOCAL, STACK_REGISTRATION="none")[1])["registration"] is None
