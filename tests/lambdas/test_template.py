"""The template as AWS will see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from orchestrator.project import template

LAMBDAS = Path(__file__).parents[2] / "lambdas"
READS_LEASES = {
    "If": [
        "Leases",
        {
            "PolicyName": "read-leases",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": {"GetAtt": "LeaseTable.Arn"}}
                ],
            },
        },
        {"Ref": "AWS::NoValue"},
    ]
}


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as {tag: argument}."""


def short_form(loader: Loader, suffix: str, node: yaml.Node) -> dict:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    return {suffix: loader.construct_sequence(node, deep=True)}


Loader.add_multi_constructor("!", short_form)


@pytest.fixture(scope="module")
def resources() -> dict:
    return yaml.load((LAMBDAS / "template.yaml").read_text(), Loader)["Resources"]


def of_type(resources: dict, kind: str) -> dict:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def test_cfn_lint_finds_nothing():
    linter = Path(sys.executable).with_name("cfn-lint")
    checked = subprocess.run([linter, LAMBDAS / "template.yaml"], capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_every_function_has_the_source_that_its_metadata_and_its_handler_name(resources):
    for function in of_type(resources, "AWS::Lambda::Function").values():
        module, _, _ = function["Properties"]["Handler"].partition(".")
        assert (LAMBDAS / function["Metadata"]["aws:asset:path"] / f"{module}.py").is_file()


def test_every_trigger_may_be_invoked_by_this_pool_only(resources):
    permitted = {
        permission["Properties"]["FunctionName"]["Ref"]
        for permission in of_type(resources, "AWS::Lambda::Permission").values()
        if permission["Properties"]["Principal"] == "cognito-idp.amazonaws.com"
        and permission["Properties"]["SourceArn"] == {"GetAtt": "UserPool.Arn"}
    }
    assert permitted == set(of_type(resources, "AWS::Lambda::Function"))


def test_no_function_depends_on_the_pool_that_depends_on_it(resources):
    for function in of_type(resources, "AWS::Lambda::Function").values():
        assert "UserPool" not in repr(function["Properties"])


def test_a_role_may_write_the_log_of_its_function_and_nothing_else_but_read_leases(resources):
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        log, *others = role["Properties"]["Policies"]
        (statement,) = log["PolicyDocument"]["Statement"]
        assert all(action.startswith("logs:") for action in statement["Action"])
        assert ":log-group:/aws/lambda/${AWS::StackName}-" in statement["Resource"]["Sub"]
        assert others == ([READS_LEASES] if name == "UserSyncRole" else [])


def test_the_function_knows_of_the_leases_or_of_hasura(resources):
    variables = resources["UserSyncFunction"]["Properties"]["Environment"]["Variables"]
    nothing = {"Ref": "AWS::NoValue"}
    assert variables["SYNC_LEASE_TABLE"] == {"If": ["Leases", {"Ref": "LeaseTable"}, nothing]}
    assert variables["HASURA_GRAPHQL_URL"] == {"If": ["Leases", nothing, {"Ref": "HasuraGraphqlUrl"}]}
    assert variables["HASURA_ADMIN_SECRET"] == {"If": ["Leases", nothing, {"Ref": "HasuraAdminSecret"}]}


def test_the_lease_table_is_there_with_leases_only_and_forgets_them_when_they_expire(resources):
    table = resources["LeaseTable"]
    assert table["Condition"] == "Leases"
    properties = table["Properties"]
    assert properties["KeySchema"] == [{"AttributeName": "client_id", "KeyType": "HASH"}]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


def test_the_local_function_goes_straight_to_hasura():
    given = {"HasuraGraphqlUrl": "http://localhost:8080/v1/graphql", "HasuraAdminSecret": "hidden"}
    local = {**given, "DeveloperLeases": "false"}
    assert environment_of_user_sync(local) == {
        "HASURA_GRAPHQL_URL": "http://localhost:8080/v1/graphql",
        "HASURA_ADMIN_SECRET": "hidden",
        "SYNC_ON_FAILURE": "allow",
    }


def test_without_parameters_the_function_reads_leases():
    assert environment_of_user_sync({}) == {
        "SYNC_LEASE_TABLE": "hasura-cognito-leases",
        "SYNC_ON_FAILURE": "allow",
    }


def environment_of_user_sync(parameters: dict[str, str]) -> dict[str, str]:
    """As the local stack reads the template."""
    found = template.read(
        LAMBDAS / "template.yaml", parameters, region="us-east-1", account="000000000000", stack_name="hasura-cognito"
    )
    return dict(next(each.environment for each in found.functions if each.logical_id == "UserSyncFunction"))
