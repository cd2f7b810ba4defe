"""aws attach and aws detach as they are typed, with the emulators as AWS."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from orchestrator.settings import read_env_file
from tests.aws.attach.conftest import (  # noqa: F401 fixtures
    CLIENT,
    PRE_TOKEN_ARN,
    Account,
    account,
    aws,
    database_with_keys,
    lambda_url,
    model,
    start,
)
from tests.aws.conftest import aws_home, credentials  # noqa: F401 fixtures
from tests.cognito.conftest import POOL

from .conftest import Project

ENV = "# ours\nHASURA_PORT=8081\nCOGNITO_POOL_ID=us-east-1_LocalDev1  # local\n"
# The fixture is asked for by its name.
pytestmark = pytest.mark.usefixtures("account")


@pytest.fixture(autouse=True)
def emulated(account: Account) -> Account:  # noqa: F811
    return account


def test_attach_shows_the_change_makes_it_and_has_env_follow(project: Project, emulated: Account) -> None:
    env = project.write(".env", ENV)
    env.chmod(0o640)
    done = project.ok("aws", "attach", POOL, "--yes")
    assert f"+ LambdaConfig.PreTokenGeneration: {PRE_TOKEN_ARN}" in done.err
    assert "All its other settings stay." in done.err
    assert "PreTokenGeneration  hasura-cognito-pre-token-generation V2_0" in done.out
    assert emulated.describe()["LambdaConfig"]["PreTokenGeneration"] == PRE_TOKEN_ARN
    assert env.read_text() == (
        f"# ours\nHASURA_PORT=8081\nCOGNITO_POOL_ID={POOL}  # local\nSTACK_IDENTITY=aws\nCOGNITO_CLIENT_ID={CLIENT}\n"
    )
    assert "Attached already" in project.ok("aws", "attach", POOL, "--yes").err


def test_attach_as_json_is_nothing_but_json_on_standard_output(project: Project, emulated: Account) -> None:
    said = project.ok("aws", "attach", POOL, "--yes", "--trigger", "PostAuthentication", "-o", "json").json
    assert said == {
        "pool": POOL,
        "client_id": CLIENT,
        "issuer": f"{emulated.pool.url}/{POOL}",
        "triggers": {"PostAuthentication": "hasura-cognito-user-sync"},
    }


def test_the_jwt_secret_in_env_follows_the_pool(project: Project, emulated: Account) -> None:
    secret = {"jwk_url": "http://localhost:9229/us-east-1_LocalDev1/.well-known/jwks.json", "audience": ["old"]}
    env = project.write(".env", f"HASURA_GRAPHQL_JWT_SECRET='{json.dumps(secret)}'\n")
    project.ok("aws", "attach", POOL, "--yes")
    assert json.loads(read_env_file(env)["HASURA_GRAPHQL_JWT_SECRET"]) == {
        "jwk_url": f"{emulated.pool.url}/{POOL}/.well-known/jwks.json",
        "audience": [CLIENT],
    }


def test_a_pool_on_the_plan_lite_has_claims_in_id_tokens_only_and_that_is_said(
    project: Project, emulated: Account
) -> None:
    emulated.cognito.update_user_pool(UserPoolId=POOL, UserPoolTier="LITE")
    done = project.ok("aws", "attach", POOL, "--yes")
    assert "hasura-cognito-pre-token-generation V1_0" in done.out
    assert "only ID tokens get Hasura's claims" in done.err


def test_a_no_changes_nothing(project: Project, emulated: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    before = emulated.describe()
    env = project.write(".env", ENV)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert "Nothing was changed." in project.ok("aws", "attach", POOL).err
    assert emulated.describe() == before
    assert env.read_text() == ENV


def test_detach_takes_it_back_and_env_takes_the_local_pool(project: Project, emulated: Account) -> None:
    before = emulated.describe()
    env = project.write(".env", ENV)
    project.ok("aws", "attach", POOL, "--yes")
    done = project.ok("aws", "detach", "--yes")
    assert f"- LambdaConfig.PreTokenGeneration: {PRE_TOKEN_ARN}" in done.err
    assert ".env takes the local pool again." in done.err
    assert emulated.describe() == before
    assert read_env_file(env) == {"HASURA_PORT": "8081", "STACK_IDENTITY": "local"}
    assert "is not attached" in project.fails("aws", "detach", POOL, "--yes")


def test_another_machine_detaches_the_pool_by_its_id(project: Project, emulated: Account, tmp_path: Path) -> None:
    before = emulated.describe()
    project.ok("aws", "attach", POOL, "--yes")
    (project.root / ".env").unlink()
    project.ok("aws", "detach", POOL, "--yes")
    assert emulated.describe() == before
    assert not (project.root / ".env").exists()


def test_several_app_clients_are_listed_and_one_has_to_be_named(project: Project, emulated: Account) -> None:
    other = emulated.cognito.create_user_pool_client(UserPoolId=POOL, ClientName="shop")["UserPoolClient"]["ClientId"]
    before = emulated.describe()
    said = project.fails("aws", "attach", POOL, "--yes")
    assert f"{other} (shop)" in said
    assert f"{CLIENT} (c)" in said
    assert said.endswith("Name yours with --client.")
    assert "has no app client nobody" in project.fails("aws", "attach", POOL, "--yes", "--client", "nobody")
    assert emulated.describe() == before
    project.ok("aws", "attach", POOL, "--yes", "--client", other)
    assert read_env_file(project.root / ".env")["COGNITO_CLIENT_ID"] == other


def test_other_functions_are_named_by_options(project: Project, emulated: Account) -> None:
    said = project.fails("aws", "attach", POOL, "--yes", "--sync-function", "nobody")
    assert "There is no Lambda function nobody in us-east-1." in said
    assert "--sync-function" in said
    project.ok("aws", "attach", POOL, "--yes", "--sync-function", "hasura-cognito-pre-token-generation")
    assert read_env_file(project.root / ".env")["SYNC_FUNCTION"] == "hasura-cognito-pre-token-generation"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("attach", "nonsense"), "'nonsense' is no user pool id"),
        (("attach",), "Missing argument 'POOL'"),
        (("attach", POOL, "--trigger", "PreSignUp"), "'PreSignUp' is not one of"),
        (("detach",), "Name the user pool"),
    ],
)
def test_wrong_usage_is_exit_code_2(project: Project, arguments: tuple[str, ...], message: str) -> None:
    assert message in project.fails("aws", *arguments, code=2)


def test_no_credentials_is_a_clear_message(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    said = project.fails("aws", "attach", POOL, "--yes")
    assert f"Look-up of the user pool {POOL} failed: there are no AWS credentials." in said
    assert "AWS_PROFILE" in said
