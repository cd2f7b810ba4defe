"""The schema of attributes: what fits, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.cognito.attributes import as_map, as_pairs, check_change, check_new, is_email, is_phone_number, schema
from orchestrator.cognito.errors import InvalidParameter
from orchestrator.cognito.model import Pool


def pool(*definitions: dict[str, Any]) -> Pool:
    return Pool("us-east-1_Test1", {"Schema": list(definitions)}, 0, 0)


def custom(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "AttributeDataType": kind, **more}


def test_pairs_and_maps_turn_into_each_other() -> None:
    pairs = [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": ""}]
    assert as_map([{"Name": "a", "Value": "1"}, {"Name": "b"}]) == {"a": "1", "b": ""}
    assert as_pairs({"a": "1", "b": ""}) == pairs
    assert as_map(None) == {}


def test_custom_attributes_have_a_prefix() -> None:
    known = schema(pool(custom("plan", "String"), custom("secret", "String", DeveloperOnlyAttribute=True)))
    assert {"custom:plan", "dev:custom:secret", "email"} <= known.keys()


@pytest.mark.parametrize(
    ("definition", "good", "bad"),
    [
        (custom("n", "Number"), ("1", "-2.5", "+3"), ("", "one", "1e3")),
        (
            custom("n", "Number", NumberAttributeConstraints={"MinValue": "1", "MaxValue": "9"}),
            ("1", "9"),
            ("0", "10"),
        ),
        (custom("n", "Boolean"), ("true", "false"), ("True", "1")),
        (custom("n", "String", StringAttributeConstraints={"MaxLength": "3"}), ("", "abc"), ("abcd",)),
        (custom("n", "String", StringAttributeConstraints={"MinLength": "2"}), ("ab",), ("a",)),
    ],
)
def test_values_fit_their_type_and_bounds(
    definition: dict[str, Any], good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    for value in good:
        check_new(pool(definition), {"custom:n": value})
    for value in bad:
        with pytest.raises(InvalidParameter, match="custom:n"):
            check_new(pool(definition), {"custom:n": value})


def test_required_attributes_are_named_together() -> None:
    wanted = pool(custom("email", "String", Required=True), custom("name", "String", Required=True))
    with pytest.raises(InvalidParameter) as caught:
        check_new(wanted, {})
    assert caught.value.message == (
        "Attributes did not conform to the schema: "
        "name: The attribute name is required\nemail: The attribute email is required\n"
    )


def test_a_change_needs_no_required_attribute() -> None:
    check_change(pool(custom("email", "String", Required=True)), {"name": "Ann"})


@pytest.mark.parametrize("text", ["ann@example.com", "a+b@x.y.z", "ä@example.com"])
def test_addresses_are_known(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize("text", ["ann", "ann@", "@example.com", "a b@example.com", "ann@example", "a@b@example.com"])
def test_other_texts_are_no_addresses(text: str) -> None:
    assert not is_email(text)


def test_phone_numbers_have_a_plus_and_digits_only() -> None:
    assert is_phone_number("+15555550100")
    assert not any(is_phone_number(text) for text in ("15555550100", "+1 555", "+", "+1234567890123456"))
