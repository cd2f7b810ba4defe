"""Tests for CloudFormation's functions."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.project import yaml_tree
from orchestrator.project.template import resources
from orchestrator.project.template.intrinsics import TAGS, Scope, resolve
from orchestrator.project.template.parameters import Parameters
from orchestrator.project.template.problems import Unfollowed

from ..conftest import Write

TEMPLATE = """\
Value: {value}
Parameters: {{Stage: {{Type: String}}}}
Conditions:
  Dev: !Equals [!Ref Stage, dev]
  Prod: !Not [!Condition Dev]
  Either: !Or [!Condition Dev, !Condition Prod]
  Both: !And [Condition: Dev, Condition: Prod]
  Circle: !Not [!Condition Circle]
Mappings:
  Sizes: {{dev: {{memory: 128}}}}
Resources:
  Pool: {{Type: AWS::Cognito::UserPool}}
  Function: {{Type: AWS::Lambda::Function, Properties: {{FunctionName: !Sub "${{Stage}}-f"}}}}
  Loop: {{Type: AWS::Lambda::Function, Properties: {{FunctionName: !Ref Loop}}}}
  Role: {{Type: AWS::IAM::Role}}
  Key: {{Type: AWS::KMS::Key}}
"""
PARAMETERS = Parameters({"Stage": "dev", "Urls": ["a", "b"], "Count": "3"}, frozenset({"Secret"}), {})
PSEUDO = {"AWS::Region": "eu-west-1", "AWS::AccountId": "000000000000", "AWS::StackName": "dev"}


def resolved(write: Write, value: str) -> Any:
    root = write({"t.yaml": TEMPLATE.format(value=value)})
    tree = yaml_tree.read(root / "t.yaml", root, tags=TAGS, includes=False)
    assert isinstance(tree.value, dict)
    found: Any = tree.value["Resources"]
    scope = Scope(tree, PARAMETERS, PSEUDO, found, "pool-1", "client1", resources.ref, resources.attribute)
    return resolve(tree.value["Value"], ("Value",), scope)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("!Ref Stage", "dev"),
        ("{Ref: Urls}", ["a", "b"]),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref Pool", "pool-1"),
        ("!Ref Function", "dev-f"),
        ("!Ref Role", "dev-Role"),
        ("!GetAtt Function.Arn", "arn:aws:lambda:eu-west-1:000000000000:function:dev-f"),
        ("{Fn::GetAtt: [Role, Arn]}", "arn:aws:iam::000000000000:role/dev-Role"),
        ("!GetAtt Pool.Arn", "arn:aws:cognito-idp:eu-west-1:000000000000:userpool/pool-1"),
        ("!GetAtt Pool.ProviderURL", "https://cognito-idp.eu-west-1.amazonaws.com/pool-1"),
        ("!Sub '${Stage}/${AWS::Region}/${!Literal}/${Function.Arn}/$x'",
         "dev/eu-west-1/${Literal}/arn:aws:lambda:eu-west-1:000000000000:function:dev-f/$x"),
        ("!Sub ['${A}-${Stage}', {A: !Ref Count}]", "3-dev"),
        ("!Join [',', !Ref Urls]", "a,b"),
        ("!Join ['', [a, 1, !Ref Stage]]", "a1dev"),
        ("!Split [',', 'a,b,c']", ["a", "b", "c"]),
        ("!Select [1, !Split ['|', 'a|b']]", "b"),
        ("!Select ['0', !Ref Urls]", "a"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", 128),
        ("!If [Dev, yes, no]", "yes"),
        ("!If [Prod, yes, !Ref Count]", "3"),
        ("!If [Either, 1, 2]", 1),
        ("!If [Both, 1, 2]", 2),
        ("{a: !If [Prod, 1, !Ref AWS::NoValue], b: [!Ref AWS::NoValue, 2]}", {"b": [2]}),
        ("{Condition: {StringEquals: x}}", {"Condition": {"StringEquals": "x"}}),
        ("!Equals [3, !Ref Count]", True),
        ("!Equals [true, 'true']", True),
    ],
)  # fmt: skip
def test_a_function_gives_what_cloudformation_gives(write: Write, value: str, expected: Any) -> None:
    assert resolved(write, value) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("!Ref Stag", "t.yaml:1: there is no parameter or resource Stag. Is Stage meant?"),
        ("!Ref Secret", "the parameter Secret has no value"),
        ("!Ref Key", "the local stack knows no Ref of Key"),
        ("!GetAtt Key.Arn", "the local stack knows no Arn of Key"),
        ("!GetAtt Nope.Arn", "there is no parameter or resource Nope"),
        ("!GetAtt Pool", "Fn::GetAtt takes a resource and an attribute"),
        ("!Ref Loop", "Loop → Loop refer to each other in a circle"),
        ("!If [Circle, 1, 2]", "refer to each other in a circle"),
        ("!If [Nope, 1, 2]", "there is no condition Nope"),
        ("!If [Dev, 1]", "Fn::If takes a condition's name and two values"),
        ("!Sub '${Urls}'", "a text is expected here"),
        ("!Sub [a]", "Fn::Sub takes a text"),
        ("!Join [',', a]", "Fn::Join takes a delimiter and a list"),
        ("!Join [',']", "Fn::Join takes a list of 2"),
        ("!Split ['', a]", "Fn::Split takes a delimiter and a text"),
        ("!Select [2, !Ref Urls]", "Fn::Select takes an index and a list that long"),
        ("!FindInMap [Sizes, prod, memory]", "Mappings hold no prod"),
        ("!And [!Condition Dev]", "Fn::And takes 2 to 10 conditions"),
        ("!Not [maybe]", "a condition is expected here"),
        ("!Base64 x", "does not follow Fn::Base64"),
        ("{Fn::ForEach: x}", "does not follow Fn::ForEach"),
    ],
)
def test_what_cannot_be_told_is_a_problem_with_its_line(write: Write, value: str, message: str) -> None:
    with pytest.raises(Unfollowed) as caught:
        resolved(write, value)
    assert message in str(caught.value)
