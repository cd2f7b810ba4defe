"""Which value a parameter of the template gets."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orchestrator.aws.deploy.parameters import Given, choose, parse, variable
from orchestrator.errors import StackError
from orchestrator.project.template.deployable import Parameter

DECLARED = (
    Parameter("PoolName", has_default=True, secret=False),
    Parameter("Region", has_default=False, secret=False),
    Parameter("AdminSecret", has_default=True, secret=True),
    Parameter("Token", has_default=False, secret=True),
    Parameter("CodePrefix", has_default=True, secret=False),
)
ALL = frozenset(parameter.name for parameter in DECLARED)


def given(*texts: str, **variables: str) -> Given:
    return parse(texts, variables)


def chosen(what: Given, before: frozenset[str] = frozenset()) -> Mapping[str, str | None]:
    return choose(DECLARED, what, ours={"CodePrefix": "s/1/"}, before=before, ask=lambda name: f"typed {name}")


def test_at_first_only_what_has_no_default_needs_a_value() -> None:
    assert chosen(given("Region=eu")) == {"Region": "eu", "Token": "typed Token", "CodePrefix": "s/1/"}


def test_later_each_keeps_what_it_has_but_for_what_is_given() -> None:
    assert chosen(given("PoolName=other"), ALL) == {
        "PoolName": "other",
        "Region": None,
        "AdminSecret": None,
        "Token": None,
        "CodePrefix": "s/1/",
    }


def test_a_parameter_that_is_new_in_the_template_takes_its_default() -> None:
    assert "PoolName" not in chosen(given(), ALL - {"PoolName"})


def test_a_secret_is_taken_from_its_variable_in_place_of_the_one_before() -> None:
    assert chosen(given(DEPLOY_ADMIN_SECRET="new"), ALL)["AdminSecret"] == "new"


def test_a_name_alone_asks_for_the_value() -> None:
    assert chosen(given("AdminSecret"), ALL)["AdminSecret"] == "typed AdminSecret"


def test_a_value_may_hold_equals_signs_and_be_empty() -> None:
    assert given("PoolName=a=b", "Region=").values == {"PoolName": "a=b", "Region": ""}


@pytest.mark.parametrize(
    ("texts", "message", "hint"),
    [
        (("PolName=x",), "no parameter PolName", "Did you mean PoolName?"),
        (("Zzz=x",), "no parameter Zzz", "There are: PoolName, Region"),
        (("Region=eu", "CodePrefix=x"), "CodePrefix is chosen by `aws deploy` itself", "Leave it out."),
        ((), "Region has no value", "--parameter Region=VALUE"),
        (("Region=eu", "AdminSecret=hunter2"), "AdminSecret is a secret", "DEPLOY_ADMIN_SECRET"),
    ],
)
def test_what_cannot_be_chosen_is_told(texts: tuple[str, ...], message: str, hint: str) -> None:
    with pytest.raises(StackError) as caught:
        chosen(given(*texts))
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "hunter2" not in str(caught.value)


def test_the_variable_of_a_secret_is_its_name_in_capitals() -> None:
    assert variable("APIKey2Value") == "DEPLOY_APIKEY2_VALUE"
