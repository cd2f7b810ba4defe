"""`aws deploy` against a fake CloudFormation, which makes the pool and the functions in our emulators."""

from __future__ import annotations

import base64
import json
import os
import signal
import stat
import subprocess
import sys
import threading

import pytest

from .conftest import Aws, Deployer
from .protocol import Refused

PASSWORD = "Correct-Horse-1"
DENIED = "User: arn:aws:iam::1:user/ada is not authorized to perform: cloudformation:CreateChangeSet on resource: x"


def changed(project: Deployer, old: str, new: str) -> None:
    template = project.root / "lambdas" / "template.yaml"
    text = template.read_text()
    assert old in text
    template.write_text(text.replace(old, new))


def sign_up(aws: Aws, project: Deployer, email: str) -> None:
    aws.world.cognito.sign_up(ClientId=project.env["COGNITO_CLIENT_ID"], Username=email, Password=PASSWORD)
    aws.world.cognito.admin_confirm_sign_up(UserPoolId=project.env["COGNITO_POOL_ID"], Username=email)


def claims_at_sign_in(aws: Aws, project: Deployer, email: str) -> dict[str, object]:
    tokens = aws.world.cognito.initiate_auth(
        ClientId=project.env["COGNITO_CLIENT_ID"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(tokens["IdToken"].split(".")[1] + "=="))
    return claims


def test_at_a_pool_that_a_fake_cloudformation_deployed_one_signs_in(aws: Aws, project: Deployer) -> None:
    done = project.typing("y\n").ok("aws", "deploy")
    sign_up(aws, project, "ada@example.com")
    claims = claims_at_sign_in(aws, project, "ada@example.com")
    assert json.loads(str(claims["https://hasura.io/jwt/claims"]))["x-hasura-user-id"] == claims["sub"]
    assert "Add      UserPool " in done.err
    assert "✓ UserPool                       CREATE_COMPLETE" in done.err
    assert "STACK_TUNNEL=ngrok hasura-cognito up" in done.out


def test_env_names_what_was_deployed_and_a_jwt_secret_follows(aws: Aws, project: Deployer) -> None:
    with (project.root / ".env").open("a") as file:
        file.write("""HASURA_GRAPHQL_JWT_SECRET='{"type": "RS256", "jwk_url": "http://localhost:9229/x/jwks"}'\n""")
    project.ok("aws", "deploy", "--yes")
    pool, client = (aws.stack.made[name].physical_id for name in ("UserPool", "UserPoolClient"))
    issuer = aws.stack.outputs["Issuer"]
    assert project.env == {
        "DEPLOY_STACK_NAME": aws.name,
        "STACK_IDENTITY": "aws",
        "COGNITO_POOL_ID": pool,
        "COGNITO_CLIENT_ID": client,
        "SYNC_FUNCTION": f"{aws.name}-user-sync",
        "SYNC_LEASE_TABLE": f"leases-{aws.name}",
        "HASURA_GRAPHQL_JWT_SECRET": f'{{"type": "RS256", "jwk_url": "{issuer}/.well-known/jwks.json"}}',
    }
    assert (project.root / ".env").read_text().startswith("# of the tests\n")


def test_a_stack_of_another_name_is_remembered_in_env(aws: Aws, project: Deployer) -> None:
    project.ok("aws", "deploy", "--yes", "--stack-name", f"{aws.name}b")
    assert project.env["DEPLOY_STACK_NAME"] == f"{aws.name}b"
    assert "Nothing to change" in project.ok("aws", "deploy").err


def test_env_can_be_left_as_it_is(aws: Aws, project: Deployer) -> None:
    before = project.env
    done = project.ok("aws", "deploy", "--yes", "--no-env")
    assert project.env == before
    assert aws.stack.made["UserPool"].physical_id in done.out


def test_a_declined_question_changes_nothing(aws: Aws, project: Deployer) -> None:
    before = project.env
    done = project.typing("n\n").ok("aws", "deploy")
    assert "Nothing was changed." in done.err
    assert (aws.cloudformation.stacks, aws.cloudformation.change_sets, aws.keys()) == ({}, {}, [])
    assert project.env == before


def test_nobody_to_answer_is_a_no(aws: Aws, project: Deployer) -> None:
    assert "There is nobody to answer, so nothing was changed. Add --yes." in project.typing("").fails("aws", "deploy")
    assert (aws.cloudformation.stacks, aws.keys()) == ({}, [])


def test_a_plan_asks_nothing_and_changes_nothing(aws: Aws, project: Deployer) -> None:
    done = project.ok("aws", "deploy", "--plan")
    assert done.err.count("Add ") == 10
    assert (aws.cloudformation.stacks, aws.cloudformation.change_sets, aws.keys()) == ({}, {}, [])


def test_the_same_again_is_nothing_to_change(aws: Aws, project: Deployer) -> None:
    project.ok("aws", "deploy", "--yes")
    keys = aws.keys()
    (project.root / "lambdas/user_sync/__pycache__").mkdir(exist_ok=True)
    (project.root / "lambdas/user_sync/__pycache__/app.pyc").write_bytes(b"x")
    os.utime(project.root / "lambdas/user_sync/app.py", (1, 1))
    done = project.ok("aws", "deploy")
    assert f"Nothing to change: {aws.name} is as the template says." in done.err
    assert ".env names this pool already." in done.out
    assert aws.keys() == keys
    assert aws.cloudformation.change_sets == {}


def test_changed_code_is_what_runs_afterwards(aws: Aws, project: Deployer) -> None:
    project.ok("aws", "deploy", "--yes")
    sign_up(aws, project, "ada@example.com")
    (project.root / "lambdas/pre_token_generation/app.py").write_text(
        "def handler(event, _):\n"
        "    claims = {'claimsToAddOrOverride': {'new': 'yes'}}\n"
        "    return {**event, 'response': {'claimsAndScopeOverrideDetails': {'idTokenGeneration': claims}}}\n"
    )
    done = project.typing("y\n").ok("aws", "deploy")
    assert "in place, for Code" in done.err
    assert "UserPool " not in done.err
    assert claims_at_sign_in(aws, project, "ada@example.com")["new"] == "yes"


def test_an_update_keeps_the_parameters_that_are_not_given(aws: Aws, project: Deployer) -> None:
    project.ok("aws", "deploy", "--yes", "--parameter", "PoolName=team", "--parameter", "DefaultRole=member")
    project.ok("aws", "deploy", "--yes", "--parameter", "DefaultRole=guest")
    parameters = aws.stack.parameters
    assert (parameters["PoolName"], parameters["DefaultRole"]) == ("team", "guest")


def test_a_secret_goes_from_env_or_the_terminal_to_cloudformation_and_nowhere_else(aws: Aws, project: Deployer) -> None:
    with (project.root / ".env").open("a") as file:
        file.write("DEPLOY_HASURA_ADMIN_SECRET=from-env\n")
    direct = ("--parameter", "DeveloperLeases=false", "--parameter", "HasuraGraphqlUrl=https://h.example/v1/graphql")
    first = project.ok("aws", "deploy", "--yes", *direct)
    assert aws.stack.parameters["HasuraAdminSecret"] == "from-env"
    assert "LeaseTable" not in aws.stack.made
    second = project.typing("typed\n").ok("aws", "deploy", "--yes", "--parameter", "HasuraAdminSecret")
    assert aws.stack.parameters["HasuraAdminSecret"] == "typed"
    for done in (first, second):
        assert not {"from-env", "typed"} & {*(done.out + done.err).split()}
    assert "is a secret" in project.fails("aws", "deploy", "--parameter", "HasuraAdminSecret=hunter2")


def test_a_replacement_of_the_pool_is_shouted_about_and_yes_alone_does_not_do_it(aws: Aws, project: Deployer) -> None:
    project.ok("aws", "deploy", "--yes")
    pool = project.env["COGNITO_POOL_ID"]
    changed(project, "UsernameAttributes: [email]", "AliasAttributes: [email]")
    shown = project.typing("n\n").ok("aws", "deploy").err
    assert "THE USER POOL UserPool WOULD BE REPLACED BY AN EMPTY ONE: ALL ITS USERS WOULD BE LOST." in shown
    assert "replaced, for " in shown
    assert "Add --lose-users." in project.fails("aws", "deploy", "--yes")
    assert project.env["COGNITO_POOL_ID"] == aws.stack.made["UserPool"].physical_id == pool
    # The new pool cannot have the domain before the old one is gone, and so neither in AWS.
    assert "--parameter DomainPrefix=NAME" in project.fails("aws", "deploy", "--yes", "--lose-users")
    assert aws.stack.made["UserPool"].physical_id == pool
    project.ok("aws", "deploy", "--yes", "--lose-users", "--parameter", f"DomainPrefix=other-{aws.name}")
    assert project.env["COGNITO_POOL_ID"] == aws.stack.made["UserPool"].physical_id != pool


def test_a_failure_is_rolled_back_and_told_in_the_words_of_what_failed_first(aws: Aws, project: Deployer) -> None:
    aws.cloudformation.failing = {"UserPoolDomain": "Domain already associated with another user pool."}
    said = project.fails("aws", "deploy", "--yes")
    assert (
        f"The deployment of {aws.name} failed (ROLLBACK_COMPLETE): "
        "UserPoolDomain (AWS::Cognito::UserPoolDomain): Domain already associated with another user pool. "
        "Choose another domain with --parameter DomainPrefix=NAME."
    ) in said
    assert said.count("Resource creation cancelled") == 1  # Among the events, not among the reasons.
    assert project.env == {"DEPLOY_STACK_NAME": aws.name}


def test_what_a_failed_first_deployment_left_is_deleted_when_that_is_wanted(aws: Aws, project: Deployer) -> None:
    aws.cloudformation.failing = {"UserPool": "Quota exceeded."}
    project.fails("aws", "deploy", "--yes")
    aws.cloudformation.failing = {}
    said = project.typing("n\n").fails("aws", "deploy")
    assert f"The first deployment of {aws.name} failed (ROLLBACK_COMPLETE)." in said
    assert aws.stack.status == "ROLLBACK_COMPLETE"
    assert "without --plan deletes it" in project.fails("aws", "deploy", "--plan")
    project.typing("y\ny\n").ok("aws", "deploy")
    assert aws.stack.status == "CREATE_COMPLETE"


def test_a_failed_update_leaves_the_pool_as_it_was(aws: Aws, project: Deployer) -> None:
    project.ok("aws", "deploy", "--yes")
    sign_up(aws, project, "ada@example.com")
    changed(project, "MinimumLength: 8", "MinimumLength: 12")
    (project.root / "lambdas/user_sync/app.py").write_text("def handler(event, _): return event\n")
    aws.cloudformation.failing = {"UserPool": "Cannot be modified today."}
    said = project.fails("aws", "deploy", "--yes")
    assert "failed (UPDATE_ROLLBACK_COMPLETE): UserPool (AWS::Cognito::UserPool): Cannot be modified today." in said
    assert claims_at_sign_in(aws, project, "ada@example.com")["sub"]
    aws.cloudformation.failing = {}
    project.ok("aws", "deploy", "--yes")


def test_a_value_that_the_template_does_not_allow_is_told_before_anything_is_made(aws: Aws, project: Deployer) -> None:
    said = project.fails("aws", "deploy", "--parameter", "DefaultRole=a", "--parameter", "SyncOnFailure=perhaps")
    assert "SyncOnFailure must be one of allow, deny" in said
    assert aws.keys() == []


def test_a_stack_that_somebody_else_made_is_refused(aws: Aws, project: Deployer) -> None:
    project.ok("aws", "deploy", "--yes")
    aws.stack.tags = [{"Key": "owner", "Value": "somebody"}]
    calls = len(aws.service.called)
    for command in ("deploy", "destroy", "status"):
        said = project.fails("aws", command)
        assert f"The stack {aws.name} in us-east-1 (account 123456789012) was not deployed by hasura-cognito." in said
        assert "--stack-name" in said
    assert {*aws.service.called[calls:]} == {"DescribeStacks"}


def test_a_stack_that_is_being_changed_is_left_alone(aws: Aws, project: Deployer) -> None:
    project.ok("aws", "deploy", "--yes")
    aws.stack.status = "UPDATE_IN_PROGRESS"
    for command in ("deploy", "destroy"):
        assert "is being changed (UPDATE_IN_PROGRESS)" in project.fails("aws", command, "--yes")


def test_a_stack_that_cannot_be_updated_is_told_with_the_way_out(aws: Aws, project: Deployer) -> None:
    project.ok("aws", "deploy", "--yes")
    aws.stack.status = "UPDATE_ROLLBACK_FAILED"
    said = project.fails("aws", "deploy", "--yes")
    assert "can't be updated: it is UPDATE_ROLLBACK_FAILED" in said
    assert "console.aws.amazon.com" in said


def test_no_permission_names_the_action_and_leaves_nothing(aws: Aws, project: Deployer) -> None:
    aws.service.refusals["CreateChangeSet"] = [Refused("AccessDenied", DENIED, 403)]
    said = project.fails("aws", "deploy", "--yes")
    assert "these AWS credentials may not cloudformation:CreateChangeSet" in said
    assert "Have cloudformation:CreateChangeSet allowed" in said
    aws.service.refusals["ExecuteChangeSet"] = [Refused("AccessDenied", DENIED, 403)]
    project.fails("aws", "deploy", "--yes")
    assert (aws.cloudformation.stacks, aws.cloudformation.change_sets) == ({}, {})


def test_throttled_calls_are_made_again(aws: Aws, project: Deployer) -> None:
    aws.service.refusals["DescribeStackEvents"] = [None, *[Refused("Throttling", "Rate exceeded")] * 4]
    aws.service.refusals["DescribeStacks"] = [Refused("Throttling", "Rate exceeded")] * 2
    project.ok("aws", "deploy", "--yes")
    assert aws.stack.status == "CREATE_COMPLETE"


def test_a_template_that_is_too_long_for_a_request_goes_by_the_bucket(aws: Aws, project: Deployer) -> None:
    with (project.root / "lambdas/template.yaml").open("a") as file:
        file.write("# " + "long " * 11_000 + "\n")
    project.typing("n\n").ok("aws", "deploy")
    assert aws.keys() == []
    project.ok("aws", "deploy", "--yes")
    assert any(key.endswith(".yaml") for key in aws.keys())  # noqa: SIM118


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AWS_PROFILE", "nobody", "The config profile (nobody) could not be found"),
        ("AWS_DEFAULT_REGION", "", "no AWS region is set"),
        ("AWS_DEFAULT_REGION", "us@east", "us@east"),
        ("AWS_ACCESS_KEY_ID", "", "there are no AWS credentials"),
    ],
)
def test_credentials_and_regions_that_do_not_do_are_told(
    aws: Aws, project: Deployer, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    if value:
        monkeypatch.setenv(variable, value)
    else:
        monkeypatch.delenv(variable)
    if variable == "AWS_ACCESS_KEY_ID":
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for command in ("deploy", "status", "destroy"):
        assert said in project.fails("aws", command)


def test_ctrl_c_in_mid_deployment_says_that_it_goes_on_in_aws(aws: Aws, project: Deployer) -> None:
    aws.cloudformation.gate.clear()
    command = [sys.executable, "-m", "orchestrator", "-C", str(project.root), "aws", "deploy", "--yes"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        hung = threading.Timer(30, process.kill)
        hung.start()
        while "CREATE_IN_PROGRESS" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        hung.cancel()
    assert process.returncode == 1
    assert "Interrupted. In AWS it goes on." in said
    assert f"hasura-cognito aws status --stack-name {aws.name}" in said
    assert "is being changed (CREATE_IN_PROGRESS)" in project.fails("aws", "deploy")
    aws.cloudformation.finish()
    project.ok("aws", "deploy")
    assert project.env["COGNITO_POOL_ID"] == aws.stack.made["UserPool"].physical_id


def test_a_change_set_that_a_killed_command_left_is_in_nobodys_way(aws: Aws, project: Deployer) -> None:
    aws.cloudformation.create_change_set(
        {
            "StackName": aws.name,
            "ChangeSetType": "CREATE",
            "TemplateBody": "Resources: {}",
            "Parameters": [],
            "Tags": [],
        }
    )
    assert aws.stack.status == "REVIEW_IN_PROGRESS"
    assert f"There is no stack {aws.name}" in project.fails("aws", "destroy", "--yes")
    assert f"New stack {aws.name}" in project.ok("aws", "deploy", "--yes").err


def test_env_stays_readable_by_whom_it_was(aws: Aws, project: Deployer) -> None:
    (project.root / ".env").chmod(0o600)
    project.ok("aws", "deploy", "--yes")
    assert stat.S_IMODE((project.root / ".env").stat().st_mode) == 0o600
