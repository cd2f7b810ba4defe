"""`aws status` of a stack that a fake CloudFormation has made in our emulators and in moto."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from orchestrator.aws.clients import amazon
from orchestrator.aws.deploy.pool import triggers
from orchestrator.aws.register import Lease

from .conftest import Aws, Deployer
from .protocol import Refused

KEY = "0123456789abcdef" * 4


@pytest.fixture
def deployed(aws: Aws, project: Deployer) -> Aws:
    project.ok("aws", "deploy", "--yes")
    return aws


def lease(deployed: Aws, client_id: str, holder: str, clock: float) -> None:
    Lease(
        amazon("dynamodb"),
        f"leases-{deployed.name}",
        client_id,
        owner="1234",
        holder=holder,
        key=KEY,
        clock=lambda: clock,
    ).register("https://ada.ngrok.app/sync", proved_at=0)


def test_no_stack_is_told_with_the_way_to_one(aws: Aws, project: Deployer) -> None:
    assert f"There is no stack {aws.name} in us-east-1. `hasura-cognito aws deploy`" in project.fails("aws", "status")


def test_stack_pool_triggers_and_functions_are_shown(deployed: Aws, project: Deployer) -> None:
    facts = project.ok("aws", "status", "-o", "json").json
    assert facts["stack"]["status"] == "CREATE_COMPLETE"
    assert facts["stack"]["account"] == "123456789012"
    assert facts["outputs"]["UserPoolClientId"] == project.env["COGNITO_CLIENT_ID"]
    assert facts["pool"] == {
        "id": project.env["COGNITO_POOL_ID"],
        "name": "hasura-cognito",
        "users": 0,
        "mfa": "OFF",
        "triggers": {
            "PreTokenGeneration": f"{deployed.name}-pre-token-generation V2_0",
            "PostConfirmation": f"{deployed.name}-user-sync",
            "PostAuthentication": f"{deployed.name}-user-sync",
        },
        "attached": None,
    }
    assert facts["in_use"] is None
    assert {each["name"]: each["state"] for each in facts["functions"]} == {
        f"{deployed.name}-pre-token-generation": "Active",
        f"{deployed.name}-user-sync": "Active",
    }
    text = project.ok("aws", "status").out
    assert f"PostConfirmation    {deployed.name}-user-sync" in text
    assert "nobody holds a lease" in text


def test_who_holds_a_lease_is_shown_and_never_its_key(deployed: Aws, project: Deployer) -> None:
    lease(deployed, "client1", "ada@laptop", time.time())
    lease(deployed, "client2", "bob@desk", time.time() - 1000)
    done = project.ok("aws", "status", "-o", "json")
    items = {each["client_id"]: each for each in done.json["leases"]["items"]}
    assert (items["client1"]["holder"], items["client1"]["url"]) == ("ada@laptop", "https://ada.ngrok.app/sync")
    assert 100 < items["client1"]["expires_in"] <= 120
    assert items["client2"]["expires_in"] < -800
    text = project.ok("aws", "status").out
    assert "ada@laptop at https://ada.ngrok.app/sync, 1" in text
    assert "bob@desk at https://ada.ngrok.app/sync, over for 8" in text
    assert KEY not in done.out + text


def test_a_part_that_cannot_be_read_does_not_hide_the_others(deployed: Aws, project: Deployer) -> None:
    deployed.world.dynamodb.delete_table(TableName=f"leases-{deployed.name}")
    facts = project.ok("aws", "status", "-o", "json").json
    assert facts["leases"]["error"].startswith(f"Reading the leases in leases-{deployed.name} failed")
    assert facts["pool"]["users"] == 0
    assert f"leases-{deployed.name} failed" in project.ok("aws", "status").out


def test_drift_is_looked_for_when_asked(deployed: Aws, project: Deployer) -> None:
    assert project.ok("aws", "status", "-o", "json").json["drift"] == {"status": "NOT_CHECKED", "checked": None}
    assert "IN_SYNC at" in project.ok("aws", "status", "--drift").out
    deployed.cloudformation.drifting = [
        {
            "StackId": deployed.stack.id,
            "LogicalResourceId": "UserPool",
            "ResourceType": "AWS::Cognito::UserPool",
            "StackResourceDriftStatus": "MODIFIED",
            "PropertyDifferences": [
                {
                    "PropertyPath": "/Policies/PasswordPolicy/MinimumLength",
                    "ExpectedValue": "8",
                    "ActualValue": "6",
                    "DifferenceType": "NOT_EQUAL",
                }
            ],
        }
    ]
    said = project.ok("aws", "status", "--drift").out
    assert "DRIFTED at" in said
    assert "UserPool modified /Policies/PasswordPolicy/MinimumLength" in said


def test_a_stack_that_does_not_work_is_exit_code_1(aws: Aws, project: Deployer) -> None:
    aws.cloudformation.failing = {"UserPool": "Quota exceeded."}
    project.fails("aws", "deploy", "--yes")
    done = project.run("aws", "status")
    assert done.code == 1
    assert "ROLLBACK_COMPLETE" in done.out


def test_the_region_of_the_pool_in_env_is_where_the_stack_is(
    deployed: Aws, project: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    project.ok("aws", "status")


@pytest.fixture
def attached(deployed: Aws, project: Deployer) -> Iterator[str]:
    """The id of a pool of somebody else, which calls the stack's sync function and is the one in `.env`."""
    cognito = deployed.world.cognito
    pool: str = cognito.create_user_pool(PoolName="shop")["UserPool"]["Id"]
    cognito.create_user_pool_client(UserPoolId=pool, ClientName="shop-app")
    function = f"{deployed.name}-user-sync"
    project.ok("aws", "attach", pool, "--yes", "--trigger", "PostConfirmation", "--sync-function", function)
    yield pool
    project.ok("aws", "detach", pool, "--yes")
    cognito.delete_user_pool(UserPoolId=pool)


def test_an_attached_pool_is_shown_beside_the_stack(deployed: Aws, project: Deployer, attached: str) -> None:
    client = project.env["COGNITO_CLIENT_ID"]
    lease(deployed, client, "ada@laptop", time.time())
    facts = project.ok("aws", "status", "-o", "json").json
    sync = f"{deployed.name}-user-sync"
    assert facts["pool"]["name"] == "hasura-cognito"
    assert facts["in_use"]["pool"] == {
        "id": attached,
        "name": "shop",
        "users": 0,
        "mfa": "OFF",
        "triggers": {"PostConfirmation": sync},
        "attached": f"PostConfirmation={sync}",
    }
    assert [each["name"] for each in facts["in_use"]["functions"]] == [sync]
    text = project.ok("aws", "status").out
    assert "CREATE_COMPLETE" in text
    assert f"attached          PostConfirmation={sync}" in text
    assert f"{client}  ada@laptop at https://ada.ngrok.app/sync, 1" in text
    assert KEY not in text


@pytest.mark.parametrize("why", ["gone", "denied"])
def test_an_attached_pool_is_shown_where_no_stack_is_to_be_seen(
    deployed: Aws, project: Deployer, attached: str, why: str
) -> None:
    if why == "denied":
        denied = "User: x is not authorized to perform: cloudformation:DescribeStacks on resource: y"
        deployed.service.refusals["DescribeStacks"] = [Refused("AccessDenied", denied, 403)]
    done = project.ok("aws", "status", *(["--stack-name", "nothing"] if why == "gone" else []))
    assert ("cloudformation:DescribeStacks" in done.err) == (why == "denied")
    name = "nothing" if why == "gone" else deployed.name
    assert f"stack  none with the name {name}" in done.out
    assert attached in done.out
    assert "nobody holds it" in done.out


def test_neither_a_stack_nor_the_pool_is_exit_code_1(aws: Aws, project: Deployer) -> None:
    with (project.root / ".env").open("a") as env:
        env.write("STACK_IDENTITY=aws\nCOGNITO_POOL_ID=us-east-1_Gone1\nCOGNITO_CLIENT_ID=gone\n")
    done = project.run("aws", "status")
    assert done.code == 1
    assert "There is no user pool us-east-1_Gone1 any more." in done.out


def test_the_alias_of_a_function_is_told_with_its_name() -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:sync:live"
    assert triggers({"PostConfirmation": arn}) == {"PostConfirmation": "sync:live"}


def test_a_trigger_with_versions_is_told_once() -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:claims"
    assert triggers(
        {"PreTokenGeneration": arn, "PreTokenGenerationConfig": {"LambdaArn": arn, "LambdaVersion": "V2_0"}}
    ) == {"PreTokenGeneration": "claims V2_0"}
