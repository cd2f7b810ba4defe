"""Attached, a pool calls our functions and is otherwise as it was; detached, it is as it was in everything."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from orchestrator.aws.attach import attach as steps
from orchestrator.aws.attach import functions, note, pools
from orchestrator.aws.attach.triggers import ALL, Trigger, for_hasura
from orchestrator.errors import StackError
from tests.cognito.conftest import PASSWORD, POOL

from .conftest import ARN, FUNCTIONS, PRE_TOKEN_ARN, SYNC_ARN, Account, statements

CLAIMS = "https://hasura.io/jwt/claims"
STATEMENT = f"hasura-cognito-{POOL}"
LONG_PASSWORD = PASSWORD + "-and-more"


def attach(account: Account, names: tuple[str, ...] = ALL) -> steps.Change:
    arns = {"PreTokenGeneration": PRE_TOKEN_ARN, "PostConfirmation": SYNC_ARN, "PostAuthentication": SYNC_ARN}
    change = steps.plan_attach(pools.describe(account.cognito, POOL), for_hasura(names, arns, tier="ESSENTIALS"))
    steps.attach(account.cognito, account.awslambda, change)
    return change


def detach(account: Account) -> steps.Change:
    change = steps.plan_detach(pools.describe(account.cognito, POOL))
    steps.detach(account.cognito, account.awslambda, change)
    return change


def change_triggers(account: Account, **triggers: Any) -> None:
    """Somebody else's change of the pool, which loses all else."""
    account.cognito.update_user_pool(
        UserPoolId=POOL, LambdaConfig=triggers, UserPoolTags=account.describe()["UserPoolTags"]
    )


def claims(account: Account) -> dict[str, Any]:
    """What the ID token of a sign-in says."""
    tokens = account.pool.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD=LONG_PASSWORD)["AuthenticationResult"]
    payload = tokens["IdToken"].split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return said


def test_the_pool_calls_the_functions_and_afterwards_no_more(account: Account) -> None:
    account.cognito.admin_create_user(UserPoolId=POOL, Username="ann", MessageAction="SUPPRESS")
    account.cognito.admin_set_user_password(UserPoolId=POOL, Username="ann", Password=LONG_PASSWORD, Permanent=True)
    assert CLAIMS not in claims(account)
    attach(account)
    said = claims(account)
    assert json.loads(said[CLAIMS])["x-hasura-user-id"] == said["sub"]
    detach(account)
    assert CLAIMS not in claims(account)


def test_only_triggers_and_the_note_change_and_detach_restores_everything(account: Account) -> None:
    before = account.describe()
    change = attach(account)
    after = account.describe()
    assert after["LambdaConfig"] == {
        "UserMigration": ARN + "theirs",
        "PreTokenGeneration": PRE_TOKEN_ARN,
        "PreTokenGenerationConfig": {"LambdaArn": PRE_TOKEN_ARN, "LambdaVersion": "V2_0"},
        "PostConfirmation": SYNC_ARN,
        "PostAuthentication": SYNC_ARN,
    }
    assert after["UserPoolTags"].pop(note.TAG)
    assert {**after, "LambdaConfig": before["LambdaConfig"]} == before
    assert f"+ LambdaConfig.PostConfirmation: {SYNC_ARN}" in change.lines
    assert len(change.lines) == 6
    assert [statements(account, name) for name in FUNCTIONS.values()] == [[STATEMENT], [STATEMENT]]
    detach(account)
    assert account.describe() == before
    assert [statements(account, name) for name in FUNCTIONS.values()] == [[], []]


def test_attaching_again_changes_nothing(account: Account) -> None:
    attach(account)
    after = account.describe()
    assert attach(account).lines == []
    assert account.describe() == after
    assert statements(account, FUNCTIONS["user_sync"]) == [STATEMENT]


def test_a_pool_that_has_the_triggers_by_other_means_is_left_alone(account: Account) -> None:
    change_triggers(account, PostConfirmation=SYNC_ARN, PostAuthentication=SYNC_ARN)
    before = account.describe()
    assert attach(account, ("PostConfirmation", "PostAuthentication")).lines == []
    assert account.describe() == before
    assert statements(account, FUNCTIONS["user_sync"]) == []


def test_one_trigger_after_the_other_is_taken_back_together(account: Account) -> None:
    before = account.describe()
    attach(account, ("PostAuthentication",))
    assert "PreTokenGeneration" not in account.describe()["LambdaConfig"]
    attach(account)
    detach(account)
    assert account.describe() == before


def test_a_trigger_of_somebody_else_is_named_and_nothing_is_changed(account: Account) -> None:
    change_triggers(account, PostConfirmation=ARN + "theirs")
    before = account.describe()
    with pytest.raises(StackError) as caught:
        attach(account)
    assert f"other functions at its triggers: PostConfirmation ({ARN}theirs)" in caught.value.message
    assert "--trigger" in caught.value.hint
    assert account.describe() == before
    assert statements(account, FUNCTIONS["user_sync"]) == []


def test_a_version_of_the_event_from_before_comes_back(account: Account) -> None:
    change_triggers(account, PreTokenGeneration=PRE_TOKEN_ARN)
    attach(account)
    assert statements(account, FUNCTIONS["pre_token_generation"]) == [STATEMENT]
    assert account.describe()["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaVersion"] == "V2_0"
    detach(account)
    now = account.describe()["LambdaConfig"]
    assert now == {
        "PreTokenGeneration": PRE_TOKEN_ARN,
        "PreTokenGenerationConfig": {"LambdaArn": PRE_TOKEN_ARN, "LambdaVersion": "V1_0"},
    }


def test_a_newer_version_of_the_event_stays(account: Account) -> None:
    newer = {"LambdaArn": PRE_TOKEN_ARN, "LambdaVersion": "V3_0"}
    change_triggers(account, PreTokenGeneration=PRE_TOKEN_ARN, PreTokenGenerationConfig=newer)
    attach(account)
    assert account.describe()["LambdaConfig"]["PreTokenGenerationConfig"] == newer
    detach(account)
    assert account.describe()["LambdaConfig"]["PreTokenGenerationConfig"] == newer


def test_what_somebody_else_has_set_since_stays_and_is_named(account: Account) -> None:
    attach(account)
    config = {**account.describe()["LambdaConfig"], "PostConfirmation": ARN + "theirs"}
    change_triggers(account, **config)
    assert detach(account).left == ("PostConfirmation",)
    assert account.describe()["LambdaConfig"] == {"UserMigration": ARN + "theirs", "PostConfirmation": ARN + "theirs"}
    assert statements(account, FUNCTIONS["user_sync"]) == []


def test_a_pool_that_is_not_attached_cannot_be_detached(account: Account) -> None:
    with pytest.raises(StackError, match="is not attached"):
        detach(account)


def test_a_detach_that_was_interrupted_is_ended_by_the_next(account: Account) -> None:
    before = account.describe()
    attach(account)
    change = steps.plan_detach(pools.describe(account.cognito, POOL))
    pools.update(account.cognito, change.before, change.after.with_tags(change.before.tags))
    (line,) = detach(account).lines
    assert line.startswith(f"- UserPoolTags.{note.TAG}: ")
    assert account.describe() == before
    assert [statements(account, name) for name in FUNCTIONS.values()] == [[], []]


def test_a_pool_that_was_changed_since_it_was_shown_is_left_alone(account: Account) -> None:
    arns = dict.fromkeys(ALL, SYNC_ARN)
    change = steps.plan_attach(pools.describe(account.cognito, POOL), for_hasura(ALL[1:], arns, tier=None))
    change_triggers(account)
    now = account.describe()
    with pytest.raises(StackError, match="was changed by somebody else just now"):
        steps.attach(account.cognito, account.awslambda, change)
    assert account.describe() == now
    assert statements(account, FUNCTIONS["user_sync"]) == []


def test_second_factors_that_were_changed_since_are_not_put_back(account: Account) -> None:
    change = steps.plan_attach(pools.describe(account.cognito, POOL), {"PostConfirmation": Trigger(SYNC_ARN)})
    account.cognito.set_user_pool_mfa_config(
        UserPoolId=POOL, MfaConfiguration="OFF", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    now = pools.describe(account.cognito, POOL)
    with pytest.raises(StackError, match="was changed by somebody else just now"):
        steps.attach(account.cognito, account.awslambda, change)
    assert pools.describe(account.cognito, POOL) == now


def test_second_factors_stay(account: Account) -> None:
    account.cognito.set_user_pool_mfa_config(
        UserPoolId=POOL, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    before = pools.describe(account.cognito, POOL)
    attach(account)
    assert pools.describe(account.cognito, POOL).mfa == before.mfa
    detach(account)
    assert pools.describe(account.cognito, POOL).mfa == before.mfa


def test_a_permission_of_that_name_for_something_else_is_not_taken_for_ours(account: Account) -> None:
    name = FUNCTIONS["user_sync"]
    account.awslambda.add_permission(
        FunctionName=name, StatementId=STATEMENT, Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    before = account.describe()
    with pytest.raises(StackError, match="allows something else") as caught:
        attach(account)
    assert "remove-permission" in caught.value.hint
    assert account.describe() == before
    assert statements(account, FUNCTIONS["pre_token_generation"]) == []
    assert statements(account, name) == [STATEMENT]


def test_a_function_or_a_pool_that_is_not_there_is_named(account: Account) -> None:
    with pytest.raises(StackError, match="There is no Lambda function nobody in us-east-1"):
        functions.arn_of(account.awslambda, "nobody")
    with pytest.raises(StackError, match="There is no user pool us-east-1_Nothing"):
        pools.describe(account.cognito, "us-east-1_Nothing")
