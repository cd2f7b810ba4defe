"""Kriti templates: JSON with `{{ … }}` for values, conditions and loops, read into a tree and evaluated to JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

MAX_DEPTH = 100
Scope = Mapping[str, Any]
Node = Callable[[Scope], Any]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<key>'(?:[^'\\]|\\.)*')
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<name>\$?[A-Za-z_][\w-]*|\$)
    | (?P<sign>\{\{|==|!=|<=|>=|&&|\|\||\?\?|\?\.|\?\[|:=|[{}\[\](),:.<>])
    )""",
    re.VERBOSE,
)
_EMBEDDED = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class KritiError(Exception):
    """`kind` is Hasura's name of the error; `at` the index in the template."""

    def __init__(self, kind: str, message: str, template: str, at: int) -> None:
        super().__init__(message)
        self.kind, self.message, self.template, self.at = kind, message, template, at

    def as_json(self) -> dict[str, Any]:
        before = self.template[: self.at]
        # Kriti's columns lie one behind the token, counted from 1; its lines are counted from 0.
        line, column = before.count("\n"), self.at - (before.rfind("\n") + 1) + 2
        position = {"start_line": line, "start_column": column, "end_line": line, "end_column": column + 1}
        return {"error_code": self.kind, "message": self.message, "source_position": position}


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    at: int


def render(template: str, values: Scope) -> Any:
    """The JSON value that the template comes to.

    >>> render('{"a": {{ $body.x }}, "b": "is {{ $body.x }}"}', {"$body": {"x": 1}})
    {'a': 1, 'b': 'is 1'}
    """
    try:
        return _Parser(template).whole()(values)
    except RecursionError as error:
        raise KritiError("Parse Error", "The template is nested too deeply.", template, 0) from error


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise KritiError("Lexical Error", f"Unexpected character '{text[at]}'.", text, at)
        found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*found, Token("end", "", len(text))]


class _Parser:
    """Reads a template; every method takes tokens from the front and gives what evaluates them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._value()
        if self._peek().kind != "end":
            raise self._unexpected()
        return node

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _accept(self, *texts: str) -> bool:
        """Takes these tokens where they come next."""
        coming = self._tokens[self._next : self._next + len(texts)]
        if tuple(token.text for token in coming) != texts or any(token.kind in ("string", "key") for token in coming):
            return False
        self._next += len(texts)
        return True

    def _expect(self, *texts: str) -> None:
        for text in texts:
            if not self._accept(text):
                raise self._unexpected()

    def _unexpected(self) -> KritiError:
        token = self._peek()
        words = f"Unexpected token '{token.text}'." if token.text else "Unexpected end of input."
        return KritiError("Parse Error", words, self._text, token.at)

    def _value(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise KritiError("Parse Error", "The template is nested too deeply.", self._text, self._peek().at)
        try:
            if self._accept("{{"):
                return self._inside()
            if self._accept("{"):
                return self._object()
            if self._accept("["):
                return self._array()
            return self._atom()
        finally:
            self._depth -= 1

    def _object(self) -> Node:
        fields: list[tuple[Node, Node]] = []
        while not self._accept("}"):
            if fields:
                self._expect(",")
            if self._peek().kind != "string":
                raise self._unexpected()
            name = self._string(self._take())
            self._expect(":")
            fields.append((name, self._value()))
        return lambda scope: {name(scope): value(scope) for name, value in fields}

    def _array(self) -> Node:
        items: list[Node] = []
        while not self._accept("]"):
            if items:
                self._expect(",")
            items.append(self._value())
        return lambda scope: [item(scope) for item in items]

    def _inside(self) -> Node:
        """What stands between `{{` and `}}`, with the branches of a condition and the body of a loop."""
        if self._accept("if"):
            return self._condition()
        if self._accept("range"):
            return self._loop()
        node = self._expression()
        self._expect("}", "}")
        return node

    def _condition(self) -> Node:
        when = self._expression()
        self._expect("}", "}")
        then = self._value()
        if self._accept("{{", "elif"):
            otherwise = self._condition()
        else:
            self._expect("{{", "else", "}", "}")
            otherwise = self._value()
            self._expect("{{", "end", "}", "}")
        return lambda scope: then(scope) if when(scope) is True else otherwise(scope)

    def _loop(self) -> Node:
        at = self._peek().at
        index = self._take().text
        self._expect(",")
        item = self._take().text
        self._expect(":=")
        items = self._expression()
        self._expect("}", "}")
        body = self._value()
        self._expect("{{", "end", "}", "}")

        def run(scope: Scope) -> list[Any]:
            found = items(scope)
            if not isinstance(found, list):
                raise KritiError("Evaluation Error", "A range needs an array.", self._text, at)
            return [body({**scope, index: number, item: value}) for number, value in enumerate(found)]

        return run

    def _expression(self, level: int = 0) -> Node:
        if level == len(_LEVELS):
            return self._value()
        left = self._expression(level + 1)
        while (operator := self._peek()).text in _LEVELS[level] and operator.kind in ("sign", "name"):
            self._take()
            left = self._applied(operator, left, self._expression(level + 1))
        return left

    def _applied(self, operator: Token, left: Node, right: Node) -> Node:
        function = _OPERATORS[operator.text]

        def run(scope: Scope) -> Any:
            try:
                return function(left(scope), right(scope))
            except TypeError as error:
                words = f"'{operator.text}' can't be applied to these values."
                raise KritiError("Evaluation Error", words, self._text, operator.at) from error

        return run

    def _atom(self) -> Node:
        token = self._peek()
        if token.kind not in ("string", "number", "name") and token.text != "(":
            raise self._unexpected()
        self._take()
        if token.text == "(":
            inner = self._expression()
            self._expect(")")
            return inner
        if token.kind == "string":
            return self._string(token)
        if token.kind == "number":
            number = json.loads(token.text)
            return lambda _: number
        if token.text in _LITERALS:
            literal = _LITERALS[token.text]
            return lambda _: literal
        return self._call(token) if token.text in _FUNCTIONS else self._path(token)

    def _call(self, token: Token) -> Node:
        function, argument = _FUNCTIONS[token.text], self._value()

        def run(scope: Scope) -> Any:
            try:
                return function(argument(scope))
            except (TypeError, AttributeError, IndexError) as error:
                words = f"'{token.text}' can't take this value."
                raise KritiError("Evaluation Error", words, self._text, token.at) from error

        return run

    def _path(self, token: Token) -> Node:
        steps: list[tuple[Node, bool]] = []
        while self._peek().text in (".", "[", "?.", "?["):
            sign = self._take().text
            if sign.endswith("."):
                if self._peek().kind != "name":
                    raise self._unexpected()
                steps.append((_constant(self._take().text), sign[0] == "?"))
                continue
            inner = self._take() if self._peek().kind == "key" else None
            steps.append((_constant(inner.text[1:-1]) if inner else self._expression(), sign[0] == "?"))
            self._expect("]")
        return lambda scope: self._followed(scope, token, steps)

    def _followed(self, scope: Scope, token: Token, steps: list[tuple[Node, bool]]) -> Any:
        if token.text not in scope:
            raise KritiError("Evaluation Error", f"Unbound variable: '{token.text}'.", self._text, token.at)
        value = scope[token.text]
        for step, optional in steps:
            key = step(scope)
            if _has(value, key):
                value = value[key]
            elif optional:
                return None
            else:
                raise KritiError("Evaluation Error", f"Object has no key: '{key}'.", self._text, token.at)
        return value

    def _string(self, token: Token) -> Node:
        """A string; what is embedded in it is put in as text."""
        parts: list[Node] = []
        for index, part in enumerate(_EMBEDDED.split(token.text[1:-1])):
            parts.append(_Parser(part).embedded() if index % 2 else _constant(self._unescaped(part, token)))
        return lambda scope: "".join(as_text(part(scope)) for part in parts)

    def embedded(self) -> Node:
        node = self._expression()
        if self._peek().kind != "end":
            raise self._unexpected()
        return node

    def _unescaped(self, text: str, token: Token) -> str:
        try:
            return str(json.loads(f'"{text}"', strict=False))
        except ValueError as error:
            raise KritiError("Lexical Error", "Invalid escape in a string.", self._text, token.at) from error


def _has(value: Any, key: Any) -> bool:
    if isinstance(value, list):
        return type(key) is int and 0 <= key < len(value)
    return isinstance(value, dict) and isinstance(key, str) and key in value


def _constant(value: Any) -> Node:
    return lambda _: value


def as_text(value: Any) -> str:
    """A value within a string: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def render_text(template: str, values: Scope) -> str:
    """Text in which each `{{ … }}` is replaced, as in an address."""
    parts = _EMBEDDED.split(template)
    return "".join(as_text(_Parser(part).embedded()(values)) if index % 2 else part for index, part in enumerate(parts))


def _concat(parts: list[Any]) -> Any:
    """Texts as one text, lists as one list."""
    if all(isinstance(part, str) for part in parts):
        return "".join(parts)
    return [item for part in parts for item in part]


_LITERALS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
_LEVELS = (("??",), ("||",), ("&&",), ("==", "!=", "<", ">", "<=", ">=", "in"))
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "??": lambda left, right: right if left is None else left,
    "||": lambda left, right: left is True or right is True,
    "&&": lambda left, right: left is True and right is True,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
    "in": lambda left, right: left in right,
}
_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "escapeUri": lambda value: quote(value, safe=""),
    "not": lambda value: value is not True,
    "empty": lambda value: value in (None, "", [], {}),
    "size": lambda value: value if isinstance(value, int) else len(value),
    "length": len,
    "head": lambda value: value[0],
    "tail": lambda value: value[1:],
    "inverse": lambda value: value[::-1],
    "toLower": lambda value: value.lower(),
    "toUpper": lambda value: value.upper(),
    "toTitle": lambda value: value.title(),
    "fromPairs": dict,
    "toPairs": lambda value: [[key, item] for key, item in value.items()],
    "removeNulls": lambda value: [item for item in value if item is not None],
    "concat": _concat,
}
