"""Random GraphQL requests, valid and nearly so, from what a role's introspection says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

DEEPEST = 4
DIRECTIVES = ("@include(if: true)", "@skip(if: false)", "@nothing")
INTROSPECTION = """{ __schema { queryType { name } mutationType { name } subscriptionType { name } types {
  kind name
  enumValues { name }
  fields { name type { ...T } args { name type { ...T } } }
  inputFields { name type { ...T } }
} } }
fragment T on __Type { ...N ofType { ...N ofType { ...N ofType { ...N ofType { ...N } } } } }
fragment N on __Type { kind name }"""
TEXTS = (
    *("", "a", "Ada", "'", '"', "%a_", "\\", "\0", "1", "-1", "1.5", "t", "infinity", "NaN", "null", "x" * 300),
    *("2020-02-30", "2020-02-29", "12:00", "(1,2)", "{1,2}", "[1,2)", "{}", "[1]", "(a|b)*", "((", "\u202e🦉"),
)
NUMBERS = (0, 1, -1, 2, 3, 10, 2**31 - 1, 2**31, -(2**31), 2**53 + 1, 2**63, 10**40, 1.5, -0.0, 1e10, 1e-10, 1e300)
JSONS: tuple[Any, ...] = ({}, [], {"a": 1}, [1, "x", None], {"a": {"b": [{}]}}, "x", 1, None, True)
PATHS = ("a", "$.a", "$.a[0]", "a.b", "$", "$['a b']", "[")
SMALL = (0, 1, 2, 3, 5, 10)
SCALARS: Mapping[str, tuple[Any, ...]] = {
    "Int": SMALL,
    "smallint": SMALL,
    "bigint": (*SMALL, 2**53 + 1, "7"),
    "numeric": (*SMALL, 1.5, 1e10, "2.5"),
    "float8": (*SMALL, 1.5, -0.0, 1e300),
    "Float": (*SMALL, 1.5, 1e-10, "NaN"),
    "Boolean": (True, False),
    "json": JSONS,
    "jsonb": JSONS,
    "date": ("2020-02-29", "infinity", "2020-02-30"),
    "timestamptz": ("2020-02-29T12:00:00Z", "2020-02-29", "infinity"),
    "time": ("12:00", "25:00"),
    "timetz": ("12:00+01", "12:00"),
    "interval": ("1 day", "P1D", "x"),
    "uuid": ("00000000-0000-4000-8000-000000000001", "x"),
    "bytea": ("\\x00ff", "abc"),
    "point": ("(1,2)", "1"),
    "inet": ("10.0.0.1", "10.0.0.0/33"),
    "int4range": ("[1,5)", "empty", "[5,1)"),
    "bit": ("101", "1"),
}


@dataclass(frozen=True)
class Enum:
    """A name that stands bare in a query."""

    name: str


class Requests:
    """Makes requests for a role; what is made depends on the random numbers only."""

    def __init__(self, schema: Mapping[str, Any], random: Random) -> None:
        self._random = random
        self._types = {type_["name"]: type_ for type_ in schema["types"]}
        roots = (("query", "queryType"), ("mutation", "mutationType"), ("subscription", "subscriptionType"))
        self._roots = {kind: schema[key]["name"] for kind, key in roots if schema.get(key)}
        self._variables: dict[str, tuple[str, Any]] = {}

    def request(self) -> dict[str, Any]:
        """The body of one request."""
        random = self._random
        self._variables = {}
        kinds = [kind for kind in self._roots if kind != "subscription"]
        kind = random.choices(kinds, [3, 2][: len(kinds)])[0]
        selection = self._selection(self._roots[kind], 0)
        declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in self._variables.items())
        query = f"{kind} q{f'({declared})' if declared else ''} {selection}"
        variables = {name: value for name, (_, value) in self._variables.items()}
        return {"query": query, "variables": variables}

    def broken(self, body: dict[str, Any]) -> bytes:
        """The request with some of its bytes changed, doubled, moved or taken out."""
        random = self._random
        text = bytearray(json.dumps(body).encode())
        for _ in range(random.randint(1, 6)):
            at = random.randrange(len(text) + 1)
            length = random.choice((1, 1, 1, 2, 5, 20))
            match random.randrange(5):
                case 0:
                    del text[at : at + length]
                case 1:
                    text[at:at] = text[at : at + length]
                case 2:
                    text[at:at] = bytes(random.choices(b'{}[]()":,!$@ \\.0123456789eE-nulltruef', k=length))
                case 3:
                    text[at:at] = random.randbytes(length)
                case 4:
                    other = random.randrange(len(text) + 1)
                    text[at : at + length] = text[other : other + length]
        return bytes(text)

    # What is asked

    def _selection(self, type_name: str, depth: int) -> str:
        fields = self._types[type_name].get("fields") or []
        if depth >= DEEPEST:
            fields = [field for field in fields if self._is_leaf(field["type"])]
        chosen = self._random.choices(fields, k=self._random.randint(1, 4)) if fields else []
        parts = [self._field(field, depth) for field in chosen] or ["__typename"]
        if self._random.random() < 0.1:
            parts.append(f"... on {type_name} {{ __typename }}")
        return "{ " + " ".join(parts) + " }"

    def _field(self, field: Mapping[str, Any], depth: int) -> str:
        random = self._random
        alias = f"a{random.randrange(10_000)}: " if random.random() < 0.8 else ""
        args = [f"{arg['name']}: {self._argument(arg)}" for arg in self._arguments(field["args"], depth)]
        directive = random.choice(DIRECTIVES) if random.random() < 0.01 else ""
        below = "" if self._is_leaf(field["type"]) else self._selection(named(field["type"]), depth + 1)
        given = f"({', '.join(args)})" if args else ""
        return f"{alias}{field['name']}{given} {directive} {below}"

    def _is_leaf(self, ref: Mapping[str, Any]) -> bool:
        return self._types[named(ref)]["kind"] in ("SCALAR", "ENUM")

    def _arguments(self, args: list[Mapping[str, Any]], depth: int) -> list[Mapping[str, Any]]:
        """Those that are needed, and some of the others; mostly such as may stand together."""
        random = self._random
        usual = 0.4 if depth else 0.7
        chance = {"distinct_on": 0.05, "on_conflict": 0.2, "path": 0.2}
        operators = [arg["name"] for arg in args if arg["name"].startswith("_")]
        operator = random.choice(operators) if operators else None
        return [
            arg
            for arg in args
            if arg["type"]["kind"] == "NON_NULL"
            or arg["name"] == operator
            or random.random() < (0.03 if arg["name"] in operators else chance.get(arg["name"], usual))
        ]

    # Values

    def _argument(self, arg: Mapping[str, Any]) -> str:
        ref = arg["type"]
        value = self._random.choice(PATHS) if arg["name"] == "path" else self._value(ref, 0)
        if self._random.random() < 0.4:
            name = f"v{len(self._variables)}"
            self._variables[name] = (written(ref), plain(value))
            return f"${name}"
        return literal(value)

    def _value(self, ref: Mapping[str, Any], depth: int) -> Any:
        random = self._random
        if random.random() < 0.003:
            return random.choice((*TEXTS, *NUMBERS, *JSONS, Enum("nothing")))
        if ref["kind"] == "NON_NULL":
            return self._value(ref["ofType"], depth)
        if ref["kind"] == "LIST":
            return [self._value(ref["ofType"], depth + 1) for _ in range(random.choice((0, 1, 1, 2, 3)))]
        type_ = self._types[ref["name"]]
        if type_["kind"] == "ENUM":
            return Enum(random.choice(type_["enumValues"])["name"])
        if type_["kind"] == "INPUT_OBJECT":
            return self._object(type_["inputFields"], depth, is_choice=ref["name"].endswith("aggregate_bool_exp"))
        return self._scalar(ref["name"])

    def _object(self, fields: list[Mapping[str, Any]], depth: int, *, is_choice: bool) -> dict[str, Any]:
        needed = [field for field in fields if field["type"]["kind"] == "NON_NULL"]
        more = [field for field in fields if field["type"]["kind"] != "NON_NULL"]
        if depth >= DEEPEST:
            more = [field for field in more if self._is_leaf(field["type"])]
        count = min(len(more), 1 if is_choice else self._random.choice((0, 1, 1, 1, 2, 3)))
        return {
            field["name"]: self._value(field["type"], depth + 1)
            for field in (*needed, *self._random.sample(more, count))
        }

    def _scalar(self, name: str) -> Any:
        random = self._random
        if random.random() < 0.02:
            return random.choice((None, *TEXTS, *NUMBERS, *JSONS))
        return random.choice(SCALARS.get(name, TEXTS))


def named(ref: Mapping[str, Any]) -> str:
    while ref.get("ofType"):
        ref = ref["ofType"]
    return str(ref["name"])


def written(ref: Mapping[str, Any]) -> str:
    if ref["kind"] == "NON_NULL":
        return f"{written(ref['ofType'])}!"
    return f"[{written(ref['ofType'])}]" if ref["kind"] == "LIST" else str(ref["name"])


def literal(value: Any) -> str:
    """The value as GraphQL writes it."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return json.dumps(value)


def plain(value: Any) -> Any:
    """The value as JSON has it."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value
