from decimal import Decimal

import pytest

from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue

VALUE = JsonValue({"name": "a", "list": [1, {"deep": True}], "nothing": None, "odd key": 1}, "$.args")


def refusal(read):
    with pytest.raises(EngineError) as caught:
        read()
    return caught.value.code, caught.value.path, caught.value.message


def test_a_member_knows_its_place():
    assert VALUE["list"].items()[1]["deep"] == JsonValue(True, "$.args.list[1].deep")
    assert VALUE["odd key"].path == '$.args["odd key"]'


def test_null_counts_as_absent():
    assert VALUE.get("nothing") is None
    assert VALUE.get("missing") is None
    assert VALUE.optional("nothing", JsonValue.text, "default") == "default"
    assert not VALUE.flag("nothing")


def test_a_missing_member_is_named():
    assert refusal(lambda: VALUE["missing"]) == ("parse-failed", "$.args", 'key "missing" not found')


@pytest.mark.parametrize(
    ("json", "read", "message"),
    [
        (1, JsonValue.text, "parsing Text failed, expected String, but encountered Number"),
        (Decimal("1.5"), JsonValue.text, "parsing Text failed, expected String, but encountered Number"),
        (True, JsonValue.integer, "parsing Int failed, expected Number, but encountered Boolean"),
        ("1", JsonValue.boolean, "parsing Bool failed, expected Boolean, but encountered String"),
        ({}, JsonValue.items, "parsing [] failed, expected Array, but encountered Object"),
        ([], JsonValue.members, "parsing Object failed, expected Object, but encountered Array"),
        (None, JsonValue.texts, "parsing [] failed, expected Array, but encountered Null"),
        ("", JsonValue.non_empty_text, "empty string not allowed"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_in_hasuras_words(json, read, message):
    assert refusal(lambda: read(JsonValue(json, "$.x"))) == ("parse-failed", "$.x", message)
