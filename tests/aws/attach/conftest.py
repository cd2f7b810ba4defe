"""The two emulators as AWS: a user pool without triggers that is in use, and this repository's two functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.aws.clients import amazon
from tests.awslambda.conftest import running, write_config
from tests.cognito.conftest import (  # noqa: F401 fixtures
    CLIENT,
    POOL,
    Running,
    Start,
    aws,
    database_with_keys,
    model,
    start,
)

LAMBDAS = Path(__file__).parents[3] / "lambdas"
FUNCTIONS = {"pre_token_generation": "hasura-cognito-pre-token-generation", "user_sync": "hasura-cognito-user-sync"}
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
PRE_TOKEN_ARN, SYNC_ARN = (ARN + name for name in FUNCTIONS.values())
# A pool whose settings are none of the defaults, so that each that is lost is noticed.
IN_USE = {
    "Policies": {"PasswordPolicy": {"MinimumLength": 14, "RequireSymbols": True, "TemporaryPasswordValidityDays": 3}},
    "LambdaConfig": {"UserMigration": ARN + "theirs"},
    "AutoVerifiedAttributes": ["email"],
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True, "UnusedAccountValidityDays": 3},
    "DeletionProtection": "ACTIVE",
    "EmailVerificationSubject": "Your code for the shop",
    "UserPoolTags": {"team": "shop"},
    "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": True},
    "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
}


@dataclass
class Account:
    """What is at AWS: the Cognito emulator with POOL, and clients of both APIs as the product makes them."""

    pool: Running
    cognito: Any
    awslambda: Any

    def describe(self) -> dict[str, Any]:
        """All settings, but for the older name of a setting that may not be sent beside the newer."""
        described: dict[str, Any] = self.cognito.describe_user_pool(UserPoolId=POOL)["UserPool"]
        described["AdminCreateUserConfig"].pop("UnusedAccountValidityDays", None)
        return {name: value for name, value in described.items() if name != "LastModifiedDate"}


@pytest.fixture(scope="session")
def lambda_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    functions = [
        {"name": name, "handler": "app.handler", "runtime": "python3.12", "code": str(LAMBDAS / folder)}
        for folder, name in FUNCTIONS.items()
    ]
    with running(write_config(tmp_path_factory.mktemp("attach"), *functions)) as emulator:
        yield emulator.url


@pytest.fixture
def account(
    start: Start,  # noqa: F811
    lambda_url: str,
    credentials: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Account]:
    pool = start(pool=IN_USE, lambda_url=lambda_url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", pool.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", lambda_url)
    account = Account(pool, amazon("cognito-idp"), amazon("lambda"))
    yield account
    for name in FUNCTIONS.values():
        for statement in statements(account, name):
            account.awslambda.remove_permission(FunctionName=name, StatementId=statement)


def statements(account: Account, function: str) -> list[str]:
    """The ids of the statements in the function's policy."""
    import json

    try:
        policy = json.loads(account.awslambda.get_policy(FunctionName=function)["Policy"])
    except account.awslambda.exceptions.ResourceNotFoundException:
        return []
    return [each["Sid"] for each in policy["Statement"]]
