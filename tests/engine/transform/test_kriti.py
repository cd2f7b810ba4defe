"""Kriti templates come to JSON, or to an error that says where."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.engine.transform.kriti import KritiError, render, render_text

VALUES = {"$body": {"name": "Ada", "tags": ["a", "b"], "n": 3, "odd key": True, "none": None, "in": {"x-y": 1}}}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ('{"a": [1, -2.5e1, true, null, "x\\n"]}', {"a": [1, -25.0, True, None, "x\n"]}),
        ("$body.name", "Ada"),
        ("{{ $body.tags[1] }}", "b"),
        ("{{ $body['odd key'] }}", True),
        ("{{ $body.in.x-y }}", 1),
        ('"{{$body.name}} has {{ $body.n }} of {{$body.tags}}"', 'Ada has 3 of ["a", "b"]'),
        ("{{ $body?.missing.deeper }}", None),
        ('{{ $body?.missing ?? "x" }}', "x"),
        ('{{ if $body.n > 2 && $body.name == "Ada" }} 1 {{ else }} 2 {{ end }}', 1),
        ("{{ if false }} 1 {{ elif not($body.n == 3) }} 2 {{ else }} {} {{ end }}", {}),
        (
            '{{ range i, x := $body.tags }} {"at": {{i}}, "is": {{x}}} {{ end }}',
            [{"at": 0, "is": "a"}, {"at": 1, "is": "b"}],
        ),
        ('{{ "a" in $body.tags }}', True),
        ('{{ concat([$body.name, "!"]) }}', "Ada!"),
        ("{{ concat([$body.tags, [1]]) }}", ["a", "b", 1]),
        ('{{ escapeUri("a b/ü") }}', "a%20b%2F%C3%BC"),
        ("[{{ size($body.tags) }}, {{ toUpper($body.name) }}, {{ head($body.tags) }}]", [2, "ADA", "a"]),
    ],
)
def test_a_template_comes_to_json(template: str, value: Any) -> None:
    assert render(template, VALUES) == value


@pytest.mark.parametrize(
    ("template", "kind", "message", "line", "column"),
    [
        ("$body.name }}", "Parse Error", "Unexpected token '}'.", 0, 13),
        ('{"a":\n  ]', "Parse Error", "Unexpected token ']'.", 1, 4),
        ("{{ $body.name", "Parse Error", "Unexpected end of input.", 0, 15),
        ('{"a": #}', "Lexical Error", "Unexpected character '#'.", 0, 8),
        ("{{ $none }}", "Evaluation Error", "Unbound variable: '$none'.", 0, 5),
        ("{{ $body.missing }}", "Evaluation Error", "Object has no key: 'missing'.", 0, 5),
        ("{{ $body.n < $body.name }}", "Evaluation Error", "'<' can't be applied to these values.", 0, 13),
        ("{{ head($body.n) }}", "Evaluation Error", "'head' can't take this value.", 0, 5),
        ("{{ range i, x := $body.n }} 1 {{ end }}", "Evaluation Error", "A range needs an array.", 0, 11),
        ("[" * 5000, "Parse Error", "The template is nested too deeply.", 0, 102),
    ],
)
def test_an_error_says_where(template: str, kind: str, message: str, line: int, column: int) -> None:
    with pytest.raises(KritiError) as caught:
        render(template, VALUES)
    position = {"start_line": line, "start_column": column, "end_line": line, "end_column": column + 1}
    assert caught.value.as_json() == {"error_code": kind, "message": message, "source_position": position}


def test_branches_without_end_are_refused() -> None:
    with pytest.raises(KritiError, match="nested too deeply"):
        render("{{ if true }} 1 " + "{{ elif true }} 1 " * 5000, VALUES)


def test_an_address_is_text_with_values_in_it() -> None:
    assert render_text("{{$body.name}}/x?n={{ $body.n }}", VALUES) == "Ada/x?n=3"
