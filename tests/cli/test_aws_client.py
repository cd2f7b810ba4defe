"""aws client create, list and delete as they are typed: the pool is in our emulator, the leases are in moto's DynamoDB,
and CloudFormation is the small fake."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from orchestrator.aws.clients import amazon
from orchestrator.aws.register import Lease
from orchestrator.stack.exposure import owner
from tests.aws.conftest import FakeAmazon, aws_home, credentials, fake_amazon, moto_url  # noqa: F401 fixtures
from tests.aws.deploy.cloudformation import Stack
from tests.aws.deploy.conftest import Aws, Deployer, aws, project, read_models_once, world  # noqa: F401 fixtures
from tests.aws.deploy.protocol import Refused
from tests.aws.deploy.resources import Made

KEY = "0123456789abcdef" * 4
# None of the defaults, so that each setting that is lost is noticed.
SETTINGS = {
    "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "CallbackURLs": ["http://localhost:3000/cognito-callback", "myapp://callback"],
    "LogoutURLs": ["http://localhost:3000/"],
    "DefaultRedirectURI": "myapp://callback",
    "AllowedOAuthFlows": ["code", "implicit"],
    "AllowedOAuthScopes": ["openid", "email"],
    "AllowedOAuthFlowsUserPoolClient": True,
    "SupportedIdentityProviders": ["COGNITO"],
    "ReadAttributes": ["email", "name"],
    "WriteAttributes": ["email"],
    "AccessTokenValidity": 20,
    "IdTokenValidity": 25,
    "RefreshTokenValidity": 7,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": False,
    "EnablePropagateAdditionalUserContextData": False,
    "AuthSessionValidity": 5,
}


@dataclass(frozen=True)
class Team:
    """A pool that `.env` names, with the one app client of its application, and a table of leases."""

    aws: Aws
    project: Deployer
    pool: str
    app: str
    table: str

    def describe(self, client_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.aws.world.cognito.describe_user_pool_client(
            UserPoolId=self.pool, ClientId=client_id
        )["UserPoolClient"]
        return found

    def clients(self) -> dict[str, str]:
        """The ids by name."""
        pages = self.aws.world.cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=self.pool)
        return {each["ClientName"]: each["ClientId"] for page in pages for each in page["UserPoolClients"]}

    def lease(self, client_id: str, *, held_by: str = "1234", at: float = 0) -> None:
        Lease(
            amazon("dynamodb"),
            self.table,
            client_id,
            owner=held_by,
            holder="bob@desk",
            key=KEY,
            clock=lambda: at or time.time(),
        ).register("https://bob.ngrok.app/sync", proved_at=0)


@pytest.fixture
def team(aws: Aws, project: Deployer) -> Iterator[Team]:  # noqa: F811
    cognito, dynamodb = aws.world.cognito, aws.world.dynamodb
    pool = cognito.create_user_pool(PoolName="shop")["UserPool"]["Id"]
    app = cognito.create_user_pool_client(UserPoolId=pool, ClientName="shop-app", **SETTINGS)["UserPoolClient"]
    table = f"team-{aws.name}"
    dynamodb.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "client_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "client_id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    made = Team(aws, project, pool, app["ClientId"], table)
    write_env(made)
    yield made
    cognito.delete_user_pool(UserPoolId=pool)
    dynamodb.delete_table(TableName=table)


def write_env(team: Team, **more: str) -> None:
    named = {
        "STACK_IDENTITY": "aws",
        "COGNITO_POOL_ID": team.pool,
        "COGNITO_CLIENT_ID": team.app,
        "SYNC_LEASE_TABLE": team.table,
        "DEPLOY_STACK_NAME": team.aws.name,
        **more,
    }
    team.project.write(".env", "# ours\n" + "".join(f"{name}='{value}'\n" for name, value in named.items()))


def settings_of(described: dict[str, Any]) -> dict[str, Any]:
    own = ("ClientId", "ClientName", "ClientSecret", "CreationDate", "LastModifiedDate")
    return {name: value for name, value in described.items() if name not in own}


def test_a_developer_gets_an_app_client_with_all_settings_of_the_one_in_use(team: Team) -> None:
    done = team.project.ok("aws", "client", "create", "ada", "--yes")
    made = team.describe(team.clients()["shop-ada"])
    assert settings_of(made) == settings_of(team.describe(team.app))
    assert {name: made[name] for name in SETTINGS} == SETTINGS
    assert "ClientSecret" not in made
    assert f"The user pool shop ({team.pool}) would get the app client shop-ada," in done.err
    assert f"as shop-app ({team.app}) is:" in done.err
    assert "+ CallbackURLs: http://localhost:3000/cognito-callback, myapp://callback" in done.err
    assert "+ TokenValidityUnits.AccessToken: minutes" in done.err
    assert team.project.env["COGNITO_CLIENT_ID"] == made["ClientId"]


def test_its_name_is_the_developers_by_default(team: Team) -> None:
    said = team.project.ok("aws", "client", "create", "--yes", "-o", "json").json
    name = f"shop-{getpass.getuser()}"
    assert said == {"pool": team.pool, "name": name, "client_id": team.clients()[name]}


def test_a_secret_is_made_where_the_one_in_use_has_one_and_is_never_said(team: Team) -> None:
    cognito = team.aws.world.cognito
    other = cognito.create_user_pool_client(UserPoolId=team.pool, ClientName="server", GenerateSecret=True)
    secret = other["UserPoolClient"]["ClientSecret"]
    write_env(team, COGNITO_CLIENT_ID=other["UserPoolClient"]["ClientId"])
    done = team.project.ok("aws", "client", "create", "ada", "--yes")
    made = team.describe(team.clients()["shop-ada"])
    assert made["ClientSecret"] != secret
    assert "+ GenerateSecret: True" in done.err
    assert "The app client shop-ada has a secret" in done.err
    assert not {secret, made["ClientSecret"]} & set((done.out + done.err).split())


def test_the_audience_of_a_jwt_secret_in_env_follows_and_all_else_stays(team: Team) -> None:
    secret = {"jwk_url": "https://old.example/jwks.json", "audience": [team.app], "issuer": "https://old.example"}
    write_env(team, HASURA_GRAPHQL_JWT_SECRET=json.dumps(secret), HASURA_PORT="8081")
    team.project.ok("aws", "client", "create", "ada", "--yes")
    env = team.project.env
    issuer = f"{team.aws.world.cognito.meta.endpoint_url}/{team.pool}"
    assert json.loads(env["HASURA_GRAPHQL_JWT_SECRET"]) == {
        "jwk_url": f"{issuer}/.well-known/jwks.json",
        "audience": [team.clients()["shop-ada"]],
        "issuer": issuer,
    }
    assert (env["HASURA_PORT"], env["SYNC_LEASE_TABLE"]) == ("8081", team.table)


def test_one_that_is_there_is_taken_and_no_twin_is_made(team: Team) -> None:
    team.project.ok("aws", "client", "create", "ada", "--yes")
    ada = team.clients()["shop-ada"]
    write_env(team)
    done = team.project.ok("aws", "client", "create", "ada")
    assert "has an app client shop-ada already: it is taken as it is." in done.err
    assert team.clients() == {"shop-app": team.app, "shop-ada": ada}
    assert team.project.env["COGNITO_CLIENT_ID"] == ada
    assert ".env names it already." in team.project.ok("aws", "client", "create", "ada").err


def test_of_two_with_one_name_none_is_chosen(team: Team) -> None:
    for _ in range(2):
        team.aws.world.cognito.create_user_pool_client(UserPoolId=team.pool, ClientName="shop-ada")
    assert "Several app clients of the pool are meant" in team.project.fails("aws", "client", "create", "ada")


def test_a_no_makes_and_deletes_nothing(team: Team) -> None:
    before = (team.project.root / ".env").read_text()
    assert "Nothing was changed." in team.project.typing("n\n").ok("aws", "client", "create", "ada").err
    assert team.clients() == {"shop-app": team.app}
    assert (team.project.root / ".env").read_text() == before
    team.project.ok("aws", "client", "create", "ada", "--yes")
    assert "Nothing was changed." in team.project.typing("n\n").ok("aws", "client", "delete", "ada").err
    assert "shop-ada" in team.clients()
    assert "Add --yes." in team.project.typing("").fails("aws", "client", "create", "bob")


def test_a_variable_of_the_environment_that_goes_before_env_is_told(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COGNITO_CLIENT_ID", team.app)
    done = team.project.ok("aws", "client", "create", "ada", "--yes")
    assert "COGNITO_CLIENT_ID is set in the environment, too, which goes before .env." in done.err


def test_the_list_has_all_pages_and_who_holds_a_lease_and_never_its_key(team: Team) -> None:
    for number in range(61):
        team.aws.world.cognito.create_user_pool_client(UserPoolId=team.pool, ClientName=f"n{number}")
    ids = team.clients()
    team.lease(team.app)
    team.lease(ids["n1"], at=time.time() - 1000)
    done = team.project.ok("aws", "client", "list", "-o", "json")
    assert (len(done.json["clients"]), done.json["leases_error"]) == (62, None)
    by_name = {each["name"]: each for each in done.json["clients"]}
    app = by_name["shop-app"]
    assert (app["id"], app["in_use"], app["lease"]["holder"]) == (team.app, True, "bob@desk")
    assert by_name["n1"] == {"name": "n1", "id": ids["n1"], "in_use": False, "lease": None}
    text = team.project.ok("aws", "client", "list").out
    (line,) = [line for line in text.splitlines() if line.startswith("shop-app")]
    assert line.startswith(f"shop-app  {team.app}  this one  bob@desk at https://bob.ngrok.app/sync, 1")
    assert KEY not in done.out + text


def test_a_list_without_a_table_that_can_be_read_says_so(team: Team) -> None:
    write_env(team, SYNC_LEASE_TABLE="nothing")
    done = team.project.ok("aws", "client", "list")
    assert "shop-app" in done.out
    assert "Note: Who holds leases is not known. Reading the leases in nothing failed" in done.err
    assert "nothing failed" in team.project.ok("aws", "client", "list", "-o", "json").json["leases_error"]


@pytest.mark.parametrize("by", ["ada", "shop-ada", "id"])
def test_one_that_nobody_uses_is_deleted_and_env_names_the_one_that_is_left(team: Team, by: str) -> None:
    team.project.ok("aws", "client", "create", "ada", "--yes")
    ada = team.clients()["shop-ada"]
    done = team.project.ok("aws", "client", "delete", ada if by == "id" else by, "--yes")
    assert f"No application could sign in with shop-ada ({ada}) any more." in done.err
    assert f".env names shop-app ({team.app}) instead." in done.out
    assert team.clients() == {"shop-app": team.app}
    assert team.project.env["COGNITO_CLIENT_ID"] == team.app


def test_env_takes_the_stacks_own_client_where_several_are_left(team: Team) -> None:
    team.project.ok("aws", "client", "create", "bob", "--yes")
    team.project.ok("aws", "client", "create", "ada", "--yes")
    done = team.project.ok("aws", "client", "delete", "ada", "--yes")
    assert ".env still names it: set COGNITO_CLIENT_ID" in done.err
    deployed_by_a_stack(team)
    write_env(team, COGNITO_CLIENT_ID=team.clients()["shop-bob"])
    team.project.ok("aws", "client", "create", "ada", "--yes")
    done = team.project.ok("aws", "client", "delete", "ada", "--yes")
    assert f".env names shop-app ({team.app}) instead." in done.out


def deployed_by_a_stack(team: Team) -> None:
    """From now on CloudFormation has made the app client."""
    client = Made(team.app, {}, "AWS::Cognito::UserPoolClient", {"UserPoolId": team.pool})
    stack_id = f"arn:aws:cloudformation:us-east-1:123456789012:stack/{team.aws.name}/1"
    tags = [{"Key": "deployed-by", "Value": "hasura-cognito"}]
    team.aws.cloudformation.stacks[stack_id] = Stack(
        stack_id, team.aws.name, status="CREATE_COMPLETE", tags=tags, made={"UserPoolClient": client}
    )


def test_one_that_cloudformation_made_stays(team: Team) -> None:
    deployed_by_a_stack(team)
    said = team.project.fails("aws", "client", "delete", "app", "--yes")
    assert f"The app client shop-app is a part of the CloudFormation stack {team.aws.name}." in said
    assert team.clients() == {"shop-app": team.app}


def test_one_whose_lease_somebody_else_holds_stays_until_it_is_over(team: Team) -> None:
    team.project.ok("aws", "client", "create", "bob", "--yes")
    bob = team.clients()["shop-bob"]
    write_env(team)
    team.lease(bob)
    said = team.project.fails("aws", "client", "delete", "bob", "--yes")
    assert "The app client shop-bob is in use: its lease is held by bob@desk at https://bob.ngrok.app/sync" in said
    assert "shop-bob" in team.clients()
    team.aws.world.dynamodb.delete_item(TableName=team.table, Key={"client_id": {"S": bob}})
    team.lease(bob, at=time.time() - 130)
    team.project.ok("aws", "client", "delete", "bob", "--yes")


def test_a_lease_of_ones_own_stack_is_in_nobodys_way(team: Team) -> None:
    team.project.ok("aws", "client", "create", "ada", "--yes")
    team.project.write(".stack/secrets.env", f"GATEWAY_KEY={KEY}\n")
    team.lease(team.clients()["shop-ada"], held_by=owner(KEY))
    team.project.ok("aws", "client", "delete", "ada", "--yes")


def test_without_a_lease_table_nobody_holds_a_lease(team: Team) -> None:
    team.project.ok("aws", "client", "create", "ada", "--yes")
    write_env(team, SYNC_LEASE_TABLE="nothing")
    team.project.ok("aws", "client", "delete", "ada", "--yes")


def test_where_it_cannot_be_known_who_made_it_nothing_is_deleted(team: Team) -> None:
    team.project.ok("aws", "client", "create", "ada", "--yes")
    denied = "User: x is not authorized to perform: cloudformation:DescribeStackResources on resource: y"
    team.aws.service.refusals["DescribeStackResources"] = [Refused("AccessDenied", denied, 403)]
    said = team.project.fails("aws", "client", "delete", "ada", "--yes")
    assert "may not cloudformation:DescribeStackResources" in said
    assert "shop-ada" in team.clients()


def test_an_app_client_that_is_not_there_is_told(team: Team) -> None:
    said = team.project.fails("aws", "client", "delete", "eve", "--yes")
    assert f"The user pool {team.pool} has no app client eve, nor shop-eve." in said
    write_env(team, COGNITO_CLIENT_ID="gone")
    assert f"The user pool {team.pool} has no app client gone." in team.project.fails("aws", "client", "create", "ada")


def test_the_local_pool_is_shared_by_nobody(team: Team) -> None:
    write_env(team, STACK_IDENTITY="local")
    for command in ("create", "list"):
        assert ".env takes the local pool, which nobody shares." in team.project.fails("aws", "client", command)


@pytest.mark.parametrize("command", [("create", "--yes"), ("list",), ("delete", "ada", "--yes")])
def test_a_fake_amazon_denies_and_the_action_is_named(
    team: Team,
    fake_amazon: Callable[..., FakeAmazon],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    denied = "User: x is not authorized to perform: cognito-idp:DescribeUserPool on resource: y"
    fake = fake_amazon((400, "AccessDeniedException", denied))
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", fake.url)
    said = team.project.fails("aws", "client", *command)
    assert "these AWS credentials may not cognito-idp:DescribeUserPool." in said


def test_a_fake_amazon_throttles_and_that_is_told(
    team: Team,
    fake_amazon: Callable[..., FakeAmazon],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = fake_amazon((400, "TooManyRequestsException", "Too many requests"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", fake.url)
    assert "Amazon throttles these calls" in team.project.fails("aws", "client", "list")
    assert len(fake.requests) == 3


def test_a_name_that_cognito_refuses_is_wrong_usage(team: Team) -> None:
    assert "may be no app client's name" in team.project.fails("aws", "client", "create", "a/b", code=2)


def test_another_deployment_or_attachment_leaves_the_developers_client_in_env(team: Team) -> None:
    team.project.ok("aws", "deploy", "--yes")
    deployed = team.project.env["COGNITO_CLIENT_ID"]
    team.project.ok("aws", "client", "create", "ada", "--yes")
    ada = team.project.env["COGNITO_CLIENT_ID"]
    assert ada != deployed
    pool = team.project.env["COGNITO_POOL_ID"]
    team.project.ok("aws", "deploy", "--yes")
    assert team.project.env["COGNITO_CLIENT_ID"] == ada
    team.project.ok(
        "aws", "attach", pool, "--yes", "--sync-function", f"{team.aws.name}-user-sync", "--trigger", "PostConfirmation"
    )
    assert team.project.env["COGNITO_CLIENT_ID"] == ada
