"""GraphQL's names of PostgreSQL's types, and how a value of each becomes the text that PostgreSQL reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from orchestrator.engine.errors import bad_request, parse_failed, validation_failed
from orchestrator.engine.geojson import encode_geometry

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


def describe(value: Any, *, in_json: bool = False) -> str:
    """A value's kind in Hasura's words, which tell numbers apart only where the query's text has them.

    >>> describe(None), describe(1), describe(1, in_json=True)
    ('null', 'an integer', 'a number')
    """
    if value is None:
        return "null"
    if in_json and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return "a number"
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


def mismatch(expected: str, type_name: str, value: Any, path: str, *, in_json: bool = False) -> Exception:
    found = describe(value, in_json=in_json)
    return validation_failed(f"expected {expected} for type '{type_name}', but found {found}", path)


def encode_string(value: Any, path: str, *, in_json: bool = False) -> str:
    if not isinstance(value, str):
        raise mismatch("a string", "String", value, path, in_json=in_json)
    return value


def encode_int(value: Any, path: str, *, in_json: bool = False) -> str:
    """The text of an argument that is an Int and no column's value."""
    if not _is_int(value, in_json=in_json):
        raise mismatch("a 32-bit integer", "Int", value, path, in_json=in_json)
    return _within(value, 32, path)


def encode_non_negative(value: Any, path: str, *, in_json: bool = False) -> str:
    """The text of a `limit`."""
    if not _is_int(value, in_json=in_json) or value < 0:
        raise mismatch("a non-negative 32-bit integer", "Int", value, path, in_json=in_json)
    return _within(value, 32, path)


def encode_offset(value: Any, path: str, *, in_json: bool = False) -> str:
    """The text of an `offset`: a bigint, as a number or a string; PostgreSQL refuses negative ones."""
    if isinstance(value, str) and value.isdecimal():
        return _within(Decimal(value), 64, path)
    if not _is_int(value, in_json=in_json):
        expected = "a 32-bit integer, or a 64-bit integer represented as a string"
        raise mismatch(expected, "Int", value, path, in_json=in_json)
    return _within(value, 64, path)


def _is_int(value: Any, *, in_json: bool) -> bool:
    """Whether the value is written as an integer; in JSON every number may turn out to be one."""
    return isinstance(value, int | Decimal if in_json else int) and not isinstance(value, bool)


def _within(value: int | Decimal, bits: int, path: str) -> str:
    bound = 2 ** (bits - 1)
    # In this order: the whole number of 1e999999999 would take minutes to write down.
    if not -bound <= value < bound or value != int(value):
        raise parse_failed(
            f"The value {scientific(value)} lies outside the bounds or is not an integer. "
            "Maybe it is a float, or is there integer overflow?",
            path,
        )
    return str(int(value))


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
    """The number as it was written; raises ValueError where its exponent is beyond all reckoning.

    >>> exact_number("12"), exact_number("0.10")
    (12, Decimal('0.10'))
    """
    if len(text) < 1000 and text.lstrip("-").isdecimal():
        return int(text)
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"a number as large as {text[:80]} can't be kept") from error


def integer_encoder(bits: int) -> Encode:
    """The encoder of an integer column: a number within its bounds, or a string that PostgreSQL then reads."""

    def encode_integer(value: Any, path: str) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise _failed(f"Int{bits}", "Number", value, path)
        return _within(value, bits, path)

    return encode_integer


def scientific(value: int | Decimal) -> str:
    """The number as Hasura prints it.

    >>> scientific(2147483648), scientific(Decimal("1.50")), scientific(12)
    ('2.147483648e9', '1.5', '12.0')
    """
    if not value:
        return "0.0"
    sign, digits, exponent = Decimal(value).as_tuple()
    point = len(digits) + int(exponent)
    text = "".join(map(str, digits)).rstrip("0") or "0"
    minus = "-" if sign else ""
    if 0 < point <= 7:
        text = text.ljust(point, "0")
        return f"{minus}{text[:point]}.{text[point:] or 0}"
    return f"{minus}{text[0]}.{text[1:] or 0}e{point - 1}"


def encode_number(value: Any, path: str) -> str:
    """The text of a number that need not be whole: a number, or a string that PostgreSQL then reads."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _failed("Scientific", "Number", value, path)
    return str(value)


def encode_truth(value: Any, path: str) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, bool):
        raise _failed("Bool", "Boolean", value, path)
    return "true" if value else "false"


def encode_text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _failed("Text", "String", value, path)
    return value


def encode_loosely(value: Any, path: str) -> str:
    """The text of a value in a permission or an old query, which PostgreSQL then reads."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float | Decimal) else encode_text(value, path)


def string_encoder(type_name: str) -> Encode:
    """The encoder of a type that is only known by its text."""

    def encode_known(value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise parse_failed(f"A string is expected for type: {type_name}", path)
        return value

    return encode_known


def _failed(kind: str, expected: str, value: Any, path: str) -> Exception:
    return parse_failed(f"parsing {kind} failed, expected {expected}, but encountered {_aeson(value)}", path)


def _aeson(value: Any) -> str:
    return {bool: "Boolean", str: "String", list: "Array", dict: "Object", type(None): "Null"}.get(
        type(value), "Number"
    )


_ENCODERS: Mapping[str, Encode] = {
    "int2": integer_encoder(16),
    "int4": integer_encoder(32),
    "int8": integer_encoder(64),
    "float4": encode_number,
    "float8": encode_number,
    "numeric": encode_number,
    "money": encode_number,
    "bool": encode_truth,
    "json": encode_json,
    "jsonb": encode_json,
    "geometry": encode_geometry,
    "geography": encode_geometry,
    **dict.fromkeys(("text", "varchar", "bpchar", "citext", "uuid", "date", "timestamp", "timestamptz"), encode_text),
}


# pg_type's typdelim, where it is no comma.
_DELIMITERS: Mapping[str, str] = {"box": ";", "geometry": ":", "geography": ":"}


def encoder(type_name: str) -> Encode:
    """The function that gives PostgreSQL's text of a column's value."""
    if type_name.startswith("_"):
        return array_encoder(type_name[1:])
    return _ENCODERS.get(type_name) or string_encoder(type_name)


def array_encoder(element: str, *, takes_text: bool = True) -> Encode:
    """The encoder of an array: a list of values or, where `takes_text`, the text of PostgreSQL's array syntax."""
    encode, delimiter = encoder(element), _DELIMITERS.get(element, ",")

    def encode_array(value: Any, path: str) -> str:
        if takes_text and isinstance(value, str):
            return value
        # A single value may stand for a list of one.
        given = value if isinstance(value, list) else [value]
        items = (_item(encode, item, f"{path}[{index}]") for index, item in enumerate(given))
        return "{" + delimiter.join(items) + "}"

    return encode_array


def _item(encode: Encode, value: Any, path: str) -> str:
    text = "NULL" if value is None else encode(value, path)
    if value is None or isinstance(value, list):
        return text or "NULL"
    return '"' + (text or "").replace("\\", "\\\\").replace('"', '\\"') + '"'
