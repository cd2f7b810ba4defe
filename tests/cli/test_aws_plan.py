"""What `aws deploy` shows before it asks."""

from __future__ import annotations

import pytest

from orchestrator.aws.account import Account
from orchestrator.aws.deploy.change_sets import Change, ChangeSet
from orchestrator.cli.aws_plan import loss, replacement, show_plan

POOL = "AWS::Cognito::UserPool"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change("Remove", "Pool", POOL, ""), "THE USER POOL Pool WOULD BE DELETED: ALL ITS USERS WOULD BE LOST."),
        (Change("Modify", "Pool", POOL, "True"), "THE USER POOL Pool WOULD BE REPLACED BY AN EMPTY ONE"),
        (Change("Modify", "Pool", POOL, "Conditional"), "THE USER POOL Pool MAY BE REPLACED BY AN EMPTY ONE"),
    ],
)
def test_a_change_that_loses_users_is_shouted_about(change: Change, said: str) -> None:
    assert change.loses_users
    assert loss(change).startswith(said)


@pytest.mark.parametrize(
    "change",
    [
        Change("Add", "Pool", POOL, ""),
        Change("Modify", "Pool", POOL, "False", ("Policies",)),
        Change("Remove", "Table", "AWS::DynamoDB::Table", ""),
        Change("Modify", "Client", "AWS::Cognito::UserPoolClient", "True"),
    ],
)
def test_another_change_is_not(change: Change) -> None:
    assert not change.loses_users


def test_a_change_says_what_it_is_for() -> None:
    assert replacement(Change("Modify", "F", "", "False", ("Code", "Timeout"))) == "in place, for Code, Timeout"
    assert replacement(Change("Modify", "F", "", "Conditional")) == "maybe replaced"
    assert replacement(Change("Add", "F", "", "")) == ""


def test_no_name_is_cut_and_a_change_of_outputs_alone_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    name = "PreTokenGenerationFunctionWithAVeryLongName" * 2
    whose = Account("123456789012", "eu-west-1")
    show_plan(ChangeSet("c", "s", (Change("Add", name, "AWS::Lambda::Function", ""),)), "team", whose, is_new=True)
    assert name in capsys.readouterr().err
    show_plan(ChangeSet("c", "s", ()), "team", whose, is_new=False)
    said = capsys.readouterr().err
    assert "Changes to the stack team (account 123456789012, eu-west-1)" in said
    assert "No resource changes, only outputs or descriptions." in said
