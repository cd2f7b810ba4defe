"""GraphQL's names of PostgreSQL's types, and how a value of each becomes the text that PostgreSQL reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from orchestrator.engine.errors import bad_request, parse_failed, validation_failed

Encode = Callable[[Any, str], str | None]

GRAPHQL_NAMES: Mapping[str, str] = {
    "int4": "Int",
    "bool": "Boolean",
    "float4": "Float",
    "text": "String",
    "varchar": "String",
    "int8": "bigint",
    "int2": "smallint",
    "char": "char",
}

NUMERIC_TYPES = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric", "money"})
BIG_NUMBERS = frozenset({"int8", "numeric", "float8"})
JSON_TYPES = frozenset({"json", "jsonb"})
GEO_TYPES = frozenset({"geometry", "geography"})
TEXT_TYPES = frozenset({"text", "varchar", "bpchar", "citext", "char"})
COMPARABLE_TYPES = (
    NUMERIC_TYPES | TEXT_TYPES | {"date", "timestamp", "timestamptz", "timetz", "uuid", "ltree", "lquery", "ltxtquery"}
)


def graphql_name(type_name: str) -> str:
    """The GraphQL scalar of a PostgreSQL type.

    >>> graphql_name("int4"), graphql_name("timestamptz")
    ('Int', 'timestamptz')
    """
    return GRAPHQL_NAMES.get(type_name, type_name)


def describe(value: Any) -> str:
    """A value's kind in Hasura's words.

    >>> describe(None), describe([1])
    ('null', 'a list')
    """
    if value is None:
        return "null"
    return next(words for kind, words in _KINDS if isinstance(value, kind))


# bool comes before int, whose subclass it is.
_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    ((float, Decimal), "a float"),
    (str, "a string"),
    (list, "a list"),
    (dict, "an object"),
    (object, "an enum value"),
)


def mismatch(expected: str, type_name: str, value: Any, path: str) -> Exception:
    return validation_failed(f"expected {expected} for type '{type_name}', but found {describe(value)}", path)


def encode_int(value: Any, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value != int(value):
        raise mismatch("a 32-bit integer", "Int", value, path)
    if not -(2**31) <= value < 2**31:
        raise mismatch("a 32-bit integer", "Int", value, path)
    return str(int(value))


def encode_float(value: Any, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise mismatch("a float", "Float", value, path)
    return str(value)


def encode_boolean(value: Any, path: str) -> str:
    if not isinstance(value, bool):
        raise mismatch("a boolean", "Boolean", value, path)
    return "true" if value else "false"


def encode_string(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise mismatch("a string", "String", value, path)
    return value


def encode_non_negative(value: Any, path: str) -> str:
    """The text of a `limit`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise mismatch("a non-negative 32-bit integer", "Int", value, path)
    return str(value)


def encode_offset(value: Any, path: str) -> str:
    """The text of an `offset`: a bigint, as a number or a string."""
    if isinstance(value, str) and value.isdecimal():
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise mismatch("a non-negative 64-bit integer", "Int", value, path)
    return str(value)


def encode_json(value: Any, path: str) -> str:
    """The JSON text, with numbers as they came."""
    try:
        return orjson.dumps(value, default=_number).decode()
    except TypeError:
        return _encode_big_json(value, path)
    except ValueError as error:
        raise bad_request("the value is not valid JSON text", path) from error


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(value)


def _encode_big_json(value: Any, path: str) -> str:
    """The JSON text of a value with integers that orjson finds too long."""
    try:
        return orjson.dumps(_with_decimals(value), default=_number).decode()
    except (TypeError, ValueError, RecursionError) as error:
        raise bad_request("the value is not valid JSON text", path) from error


def _with_decimals(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_decimals(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_decimals(item) for item in value]
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def exact_number(text: str) -> int | Decimal:
    """The number as it was written.

    >>> exact_number("12"), exact_number("0.10")
    (12, Decimal('0.10'))
    """
    return int(text) if len(text) < 1000 and text.lstrip("-").isdecimal() else Decimal(text)


def encode_number(value: Any, path: str) -> str:
    """The text of a bigint, smallint or numeric: a number, or a string that PostgreSQL then reads."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise parse_failed(f"parsing Scientific failed, expected Number, but encountered {_aeson(value)}", path)
    return str(value)


def encode_other(value: Any, path: str) -> str:
    """The text of any other type: a string, which PostgreSQL then reads."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if not isinstance(value, str):
        raise parse_failed(f"parsing Text failed, expected String, but encountered {_aeson(value)}", path)
    return value


def _aeson(value: Any) -> str:
    return {bool: "Boolean", str: "String", list: "Array", dict: "Object", type(None): "Null"}.get(
        type(value), "Number"
    )


def encode_geo(value: Any, path: str) -> str:
    """GeoJSON, for ST_GeomFromGeoJSON."""
    if not isinstance(value, dict):
        raise parse_failed(f"parsing Geometry failed, expected Object, but encountered {_aeson(value)}", path)
    return encode_json(value, path)


_ENCODERS: Mapping[str, Encode] = {
    "int4": encode_int,
    "float4": encode_float,
    "bool": encode_boolean,
    "text": encode_string,
    "varchar": encode_string,
    "json": encode_json,
    "jsonb": encode_json,
    "int2": encode_number,
    "int8": encode_number,
    "numeric": encode_number,
    "float8": encode_number,
}


def encoder(type_name: str) -> Encode:
    """The function that gives PostgreSQL's text of a value of this type."""
    if type_name.startswith("_"):
        return array_encoder(type_name[1:])
    return _ENCODERS.get(type_name, encode_other)


def array_encoder(element: str) -> Encode:
    """The encoder of an array: a list of values, or the text of PostgreSQL's own array syntax."""
    encode = encoder(element)

    def encode_array(value: Any, path: str) -> str:
        if isinstance(value, str):
            return value
        if not isinstance(value, list):
            raise mismatch("a list", f"[{graphql_name(element)}!]", value, path)
        items = (_item(encode, item, f"{path}[{index}]") for index, item in enumerate(value))
        return "{" + ",".join(items) + "}"

    return encode_array


def _item(encode: Encode, value: Any, path: str) -> str:
    text = "NULL" if value is None else encode(value, path)
    if value is None or isinstance(value, list):
        return text or "NULL"
    return '"' + (text or "").replace("\\", "\\\\").replace('"', '\\"') + '"'
