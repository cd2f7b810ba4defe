"""Tests for a template's parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.project.template import parameters
from orchestrator.project.template.parameters import Parameters
from orchestrator.project.yaml_tree import Place, Tree


def tree(**declared: Any) -> Tree:
    return Tree({"Parameters": declared}, {(): Place(Path("t.yaml"), 1)})


def test_given_values_come_before_defaults_and_others_do_not_matter() -> None:
    declared = tree(
        Name={"Type": "String", "Default": "a"},
        Count={"Type": "Number", "Default": 3},
        Urls={"Type": "CommaDelimitedList", "Default": "http://a, http://b"},
        None_={"Type": "CommaDelimitedList", "Default": ""},
        Secret={"Type": "String", "NoEcho": True},
    )
    assert parameters.read(declared, {"Name": "b", "Elsewhere": "c"}) == Parameters(
        values={"Name": "b", "Count": "3", "Urls": ["http://a", "http://b"], "None_": []},
        unset=frozenset({"Secret"}),
        broken={},
    )


@pytest.mark.parametrize(
    ("declaration", "given", "message"),
    [
        ({}, None, "the parameter P has no Type."),
        ({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "x"}, None, "which the local stack cannot look up"),
        ({"Type": {"a": 1}}, "x", "which the local stack cannot look up; use String."),
        ({"Type": "String", "MinLength": []}, "x", "cannot be checked: one of its constraints"),
        ({"Type": "String", "AllowedPattern": "("}, "x", "cannot be checked: one of its constraints"),
        ({"Type": "Number"}, "many", "is not a number."),
        ({"Type": "Number", "MinValue": 1, "MaxValue": 5}, "6", "must be between 1 and 5."),
        ({"Type": "String", "MinLength": 8, "MaxLength": 9}, "hidden", "must have 8 to 9 characters."),
        ({"Type": "String", "AllowedValues": ["allow", "deny"]}, "hidden", "must be one of allow, deny."),
        ({"Type": "String", "AllowedPattern": "[0-9]+"}, "hidden", "does not match [0-9]+"),
        ({"Type": "String", "AllowedPattern": "a", "ConstraintDescription": "must be a"}, "hidden", "must be a"),
    ],
)
def test_a_value_that_does_not_fit_is_told_without_quoting_it(
    declaration: dict[str, Any], given: str | None, message: str
) -> None:
    problem = parameters.read(tree(P=declaration), {} if given is None else {"P": given}).broken["P"]
    assert problem.message.startswith(("the parameter P", "the value of the parameter P"))
    assert problem.message.endswith(message) or message in problem.message
    assert "hidden" not in problem.message
