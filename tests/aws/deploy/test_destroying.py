"""`aws destroy` against a fake CloudFormation, which has made the pool and the functions in our emulators."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from .conftest import Aws, Deployer


@pytest.fixture
def deployed(aws: Aws, project: Deployer) -> Aws:
    project.ok("aws", "deploy", "--yes")
    return aws


def test_the_name_has_to_be_typed(deployed: Aws, project: Deployer) -> None:
    before = project.env
    said = project.typing("yes\n").fails("aws", "destroy")
    assert "That is not its name: nothing was deleted." in said
    assert "There is nobody to answer, so nothing was changed. Add --yes." in project.typing("").fails("aws", "destroy")
    assert deployed.stack.status == "CREATE_COMPLETE"
    assert project.env == before


def test_it_is_said_that_users_would_be_lost(deployed: Aws, project: Deployer) -> None:
    assert "The user pool has no users yet." in project.typing("no\n").fails("aws", "destroy")
    deployed.world.cognito.admin_create_user(
        UserPoolId=project.env["COGNITO_POOL_ID"], Username="ada@example.com", MessageAction="SUPPRESS"
    )
    said = project.typing("no\n").fails("aws", "destroy")
    assert "The user pool has ABOUT 1 USER, WHO WOULD BE LOST." in said
    assert "UserPoolDomain AWS::Cognito::UserPoolDomain" in said


def test_pool_functions_code_and_bucket_go_and_env_is_local_again(deployed: Aws, project: Deployer) -> None:
    pool = project.env["COGNITO_POOL_ID"]
    done = project.typing(f"{deployed.name}\n").ok("aws", "destroy")
    assert f"✓ {deployed.name}                      DELETE_COMPLETE" in done.err
    assert ".env takes the local pool again." in done.out
    assert project.env == {"DEPLOY_STACK_NAME": deployed.name, "STACK_IDENTITY": "local"}
    assert deployed.keys() == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        deployed.world.cognito.describe_user_pool(UserPoolId=pool)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        deployed.world.awslambda.get_function(FunctionName=f"{deployed.name}-user-sync")


def test_another_stacks_code_stays(deployed: Aws, project: Deployer) -> None:
    key = f"{deployed.name}-other/1/x.zip"
    deployed.world.s3.put_object(Bucket=deployed.bucket, Key=key, Body=b"")
    project.ok("aws", "destroy", "--yes")
    deployed.world.s3.head_object(Bucket=deployed.bucket, Key=key)
    deployed.world.s3.delete_object(Bucket=deployed.bucket, Key=key)


def test_env_that_names_another_pool_is_left_alone(deployed: Aws, project: Deployer) -> None:
    (project.root / ".env").write_text(f"DEPLOY_STACK_NAME={deployed.name}\nCOGNITO_POOL_ID=us-east-1_Other\n")
    before = project.env
    project.ok("aws", "destroy", "--yes")
    assert project.env == before


def test_what_cannot_be_deleted_is_told_with_the_reason_and_can_be_tried_again(
    deployed: Aws, project: Deployer
) -> None:
    deployed.cloudformation.failing = {"UserPool": "The user pool has deletion protection activated."}
    said = project.fails("aws", "destroy", "--yes")
    assert f"The deletion of {deployed.name} failed (DELETE_FAILED): UserPool (AWS::Cognito::UserPool): The" in said
    assert "Turn the user pool's deletion protection off first" in said
    assert project.env["STACK_IDENTITY"] == "aws"
    assert "can't be updated: it is DELETE_FAILED" in project.fails("aws", "deploy", "--yes")
    deployed.cloudformation.failing = {}
    project.ok("aws", "destroy", "--yes")


def test_what_a_failed_first_deployment_left_goes_too(aws: Aws, project: Deployer) -> None:
    aws.cloudformation.failing = {"UserPool": "Quota exceeded."}
    project.fails("aws", "deploy", "--yes")
    assert aws.keys() != []
    aws.cloudformation.failing = {}
    project.ok("aws", "destroy", "--yes")
    assert aws.keys() == []
    assert f"There is no stack {aws.name}" in project.fails("aws", "status")


def test_a_second_destroy_takes_what_an_interrupted_one_has_left(deployed: Aws, project: Deployer) -> None:
    deployed.world.s3.put_object(Bucket=deployed.bucket, Key=f"{deployed.name}/left", Body=b"")
    env = (project.root / ".env").read_text()
    project.ok("aws", "destroy", "--yes")
    (project.root / ".env").write_text(env)
    done = project.ok("aws", "destroy", "--yes")
    assert "is gone already; now what it left is, too." in done.out
    assert project.env["STACK_IDENTITY"] == "local"
    said = project.fails("aws", "destroy", "--yes")
    assert f"There is no stack {deployed.name} in us-east-1. `hasura-cognito aws deploy` makes it." in said
