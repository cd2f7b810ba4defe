"""The template as AWS will see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

LAMBDAS = Path(__file__).parents[2] / "lambdas"


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


def test_a_role_may_write_the_log_of_its_function_and_nothing_else(resources):
    for role in of_type(resources, "AWS::IAM::Role").values():
        (policy,) = role["Properties"]["Policies"]
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert all(action.startswith("logs:") for action in statement["Action"])
        assert ":log-group:/aws/lambda/${AWS::StackName}-" in statement["Resource"]["Sub"]
