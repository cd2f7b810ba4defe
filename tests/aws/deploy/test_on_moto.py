"""The steps of a deployment against moto's CloudFormation, which makes no pools, but is not our own."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.aws.account import Account
from orchestrator.aws.clients import amazon
from orchestrator.aws.deploy import archive, stacks
from orchestrator.aws.deploy import deploy as steps
from orchestrator.aws.deploy.bucket import Bucket, private_bucket
from orchestrator.aws.deploy.deploy import Deployment
from orchestrator.aws.deploy.events import Event

from .cloudformation import ACCOUNT, REGION

FUNCTION = Path(__file__).parents[3] / "lambdas" / "pre_token_generation"
TEMPLATE = """
Parameters: {CodeBucket: {Type: String}, CodePrefix: {Type: String}, Token: {Type: String, NoEcho: true}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}}
  Claims:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: !Sub "${AWS::StackName}-claims"
      Runtime: python3.12
      Handler: app.handler
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: !Ref CodeBucket, S3Key: !Sub "${CodePrefix}claims.zip"}
"""


@pytest.fixture
def bucket(moto: str) -> Bucket:
    return private_bucket(amazon("s3"), Account(ACCOUNT, REGION))


def deployment(bucket: Bucket, name: str, template: str = TEMPLATE, **given: str | None) -> Deployment:
    prefix = f"{name}/{archive.digest([FUNCTION])}/"
    parameters: Mapping[str, str | None] = {"CodeBucket": bucket.name, "CodePrefix": prefix, "Token": "t", **given}
    archives = {f"{prefix}claims.zip": archive.zipped(FUNCTION)}
    return Deployment(name, template, f"{name}/template.yaml", parameters, archives)


def test_a_stack_is_made_changed_and_deleted(bucket: Bucket) -> None:
    client, name = amazon("cloudformation"), f"s{uuid.uuid4().hex[:8]}"
    told: list[Event] = []

    def deploy(wanted: Deployment) -> list[str]:
        with contextlib.ExitStack() as undo:
            change_set = steps.propose(client, bucket, wanted, steps.standing(client, name), undo)
            assert change_set
            steps.execute(client, bucket, wanted, change_set, undo, told.append)
            return [f"{change.action} {change.logical_id}" for change in change_set.changes]

    assert deploy(deployment(bucket, name)) == ["Add Role", "Add Claims"]
    assert stacks.get_ours(client, name).status == "CREATE_COMPLETE"
    assert amazon("lambda").get_function(FunctionName=f"{name}-claims")["Configuration"]["CodeSize"] > 0

    changed = TEMPLATE.replace("Handler: app.handler", "Handler: app.other")
    assert deploy(deployment(bucket, name, changed, Token=None)) == ["Modify Claims"]
    assert told[-1].is_last
    assert told[-1].status == "UPDATE_COMPLETE"
    function = amazon("lambda").get_function_configuration(FunctionName=f"{name}-claims")
    assert function["Handler"] == "app.other"

    steps.delete(client, stacks.get_ours(client, name), told.append)
    assert stacks.find_ours(client, name) is None
    assert bucket.empty(f"{name}/") == 1


def test_a_plan_that_is_not_executed_leaves_no_stack(bucket: Bucket) -> None:
    client, name = amazon("cloudformation"), f"s{uuid.uuid4().hex[:8]}"
    with contextlib.ExitStack() as undo:
        assert steps.propose(client, bucket, deployment(bucket, name), None, undo)
    assert stacks.find(client, name) is None
    assert bucket.empty(f"{name}/") == 0
