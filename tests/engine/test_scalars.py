"""What values become as PostgreSQL's text, and which are refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestrator.engine.errors import EngineError
from orchestrator.engine.scalars import encode_json, encoder, graphql_name


@pytest.mark.parametrize(
    ("type_name", "value", "text"),
    [
        ("int4", 5, "5"),
        ("int4", "5", "5"),
        ("int8", 2**63 - 1, "9223372036854775807"),
        ("numeric", Decimal("1.10"), "1.10"),
        ("float8", 1, "1"),
        ("bool", False, "false"),
        ("text", 'a"b', 'a"b'),
        ("jsonb", {"a": [1, Decimal("2.50"), None]}, '{"a":[1,2.50,null]}'),
        ("jsonb", 2**80, str(2**80)),
        ("_text", ["a,b", 'say "x"', "c\\d"], '{"a,b","say \\"x\\"","c\\\\d"}'),
        ("_text", "{a,b}", "{a,b}"),
        ("_int4", [1, None], '{"1",NULL}'),
        ("interval", "1 day", "1 day"),
    ],
)
def test_a_value_becomes_the_text_of_its_type(type_name: str, value: object, text: str) -> None:
    assert encoder(type_name)(value, "$") == text


@pytest.mark.parametrize(
    ("type_name", "value", "message"),
    [
        ("int4", 2**31, "The value 2.147483648e9 lies outside the bounds or is not an integer. "),
        ("int4", Decimal("1.5"), "The value 1.5 lies outside the bounds or is not an integer. "),
        ("int2", True, "parsing Int16 failed, expected Number, but encountered Boolean"),
        ("bool", 1, "parsing Bool failed, expected Boolean, but encountered Number"),
        ("text", 1, "parsing Text failed, expected String, but encountered Number"),
        ("interval", 1, "A string is expected for type: interval"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_path(type_name: str, value: object, message: str) -> None:
    with pytest.raises(EngineError) as caught:
        encoder(type_name)(value, "$.here")
    assert (caught.value.code, caught.value.path) == ("parse-failed", "$.here")
    assert caught.value.message.startswith(message)


def test_json_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(EngineError):
        encode_json({"a": "\ud800"}, "$")


def test_types_have_hasura_s_names() -> None:
    names = {name: graphql_name(name) for name in ("int4", "int8", "float4", "float8", "varchar", "bool", "jsonb")}
    assert names == {
        "int4": "Int",
        "int8": "bigint",
        "float4": "Float",
        "float8": "float8",
        "varchar": "String",
        "bool": "Boolean",
        "jsonb": "jsonb",
    }
