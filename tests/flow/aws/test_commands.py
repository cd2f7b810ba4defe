"""The commands that look at a running stack, where its pool is in AWS (played by the emulators)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator

import pytest

from orchestrator.aws.attach import pools
from tests.flow.aws.conftest import PASSWORD, Cloud, Developer, until
from tests.flow.conftest import Project

PRE_TOKEN, SYNC = "hasura-cognito-pre-token-generation", "hasura-cognito-user-sync"


@pytest.fixture
def email(ada: Developer) -> Iterator[str]:
    name = f"{uuid.uuid4().hex}@example.com"
    ada.project.ok("sign-up", name, stdin=f"{PASSWORD}\n")
    yield name
    ada.project.ok("users", "delete", name)


def test_users_are_made_signed_in_shown_and_verified_there(ada: Developer, email: str) -> None:
    signed_in = json.loads(ada.project.ok("sign-in", email, "-o", "json", stdin=f"{PASSWORD}\n"))
    assert signed_in["hasura"]["x-hasura-user-id"] == signed_in["sub"]
    until(lambda: ada.has_row(signed_in["sub"]), "the row is there")
    assert email in ada.project.ok("users", "list")
    assert json.loads(ada.project.ok("users", "show", email, "-o", "json"))["attributes"]["email_verified"] == "true"
    assert "The whole flow works." in ada.project.ok("verify")


def test_functions_are_those_that_the_pool_calls_and_their_logs_are_in_cloudwatch(ada: Developer, email: str) -> None:
    project = ada.project
    assert [each["name"] for each in json.loads(project.ok("lambda", "list", "-o", "json"))] == [PRE_TOKEN, SYNC]
    event = ("-t", "PostAuthentication_Authentication", "-u", email)
    assert '"user synced"' in json.loads(project.ok("lambda", "invoke", "user_sync", *event, "-o", "json"))["log"]
    assert "There is no function user-snc." in project.fails("lambda", "invoke", "user-snc", *event)
    assert f"aws logs tail /aws/lambda/{SYNC} --follow" in project.fails("lambda", "logs", "user-sync")
    older = project.root / ".stack/logs/lambda.log"
    older.write_text("of the emulator, from when the pool was a local one\n")
    assert "The functions run in AWS: `aws logs tail" in project.fails("logs", "lambda")
    assert "of the emulator" not in project.ok("logs")


def test_a_function_that_the_pool_does_not_call_is_found_by_its_whole_name(ada: Developer, cloud: Cloud) -> None:
    cognito = cloud.stack.cognito
    before = pools.describe(cognito, cloud.stack.facts["pool"]["id"])
    without = before.with_triggers({})
    try:
        pools.update(cognito, before, without)
        assert json.loads(ada.project.ok("lambda", "list", "-o", "json")) == []
        assert f"aws logs tail /aws/lambda/{SYNC}" in ada.project.fails("lambda", "logs", SYNC)
        said = ada.project.fails("lambda", "logs", "user-sync")
        assert "The pool calls none: see `hasura-cognito aws attach`." in said
    finally:
        pools.update(cognito, without, before)


def project_with(new_developer: Callable[..., Developer], client_id: str) -> Project:
    developer = new_developer("grace", COGNITO_CLIENT_ID=client_id)
    developer.up()
    return developer.project


def test_an_app_client_without_administrators_flow_signs_in_by_the_users(
    cloud: Cloud, new_developer: Callable[..., Developer]
) -> None:
    grace = project_with(new_developer, cloud.new_client("ALLOW_USER_PASSWORD_AUTH", secret=True))
    assert "The whole flow works." in grace.ok("verify")


def test_an_app_client_without_hosted_ui_or_password_flow_is_told_with_the_way_out(
    cloud: Cloud, new_developer: Callable[..., Developer]
) -> None:
    grace = project_with(new_developer, cloud.new_client("ALLOW_USER_SRP_AUTH", secret=True))
    said = grace.fails("sign-in", "ada@example.com", stdin=f"{PASSWORD}\n")
    assert "Give it ALLOW_ADMIN_USER_PASSWORD_AUTH in the AWS console" in said
    assert "give the pool a domain" in grace.fails("open", "login", "--print")
