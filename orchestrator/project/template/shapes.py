"""The inputs of Cognito's API as botocore's service model describes them, and fitting a template's values to them."""

from __future__ import annotations

import difflib
import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from orchestrator.errors import StackError
from orchestrator.project.yaml_tree import Steps

Shapes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Misfit:
    """A part of a value, at `steps` inside it, that its shape refuses."""

    steps: Steps
    message: str
    hint: str = ""


def load(service: str = "cognito-idp") -> Shapes:
    """The shapes of the service's newest API version, read without importing botocore, which takes 0.2 s."""
    spec = find_spec("botocore")
    folders = [Path(each) / "data" / service for each in (spec.submodule_search_locations or [])] if spec else []
    files = sorted(file for folder in folders for file in folder.glob("*/service-2.json*"))
    if not files:
        raise StackError(f"botocore's description of {service} is missing.", "Install the package again.")
    content = files[-1].read_bytes()
    model = orjson.loads(gzip.decompress(content) if files[-1].suffix == ".gz" else content)
    shapes: Shapes = model["shapes"]
    return shapes


def fit(value: Any, name: str, shapes: Shapes) -> tuple[Any, list[Misfit]]:
    """The value with texts turned into the numbers and truths of the shape called `name`, and what does not fit.

    >>> fit({"GenerateSecret": "true"}, "CreateUserPoolClientRequest", shapes)[0]
    {'GenerateSecret': True}
    """
    misfits: list[Misfit] = []
    return _fit(value, name, (), shapes, misfits.append), misfits


Refuse = Callable[[Misfit], None]


def _fit(value: Any, name: str, steps: Steps, shapes: Shapes, refuse: Refuse) -> Any:
    shape = shapes[name]
    match shape["type"]:
        case "structure":
            return _structure(value, shape, steps, shapes, refuse)
        case "map" if isinstance(value, Mapping):
            inner = shape["value"]["shape"]
            return {key: _fit(item, inner, (*steps, key), shapes, refuse) for key, item in value.items()}
        case "list" if isinstance(value, list):
            inner = shape["member"]["shape"]
            return [_fit(item, inner, (*steps, index), shapes, refuse) for index, item in enumerate(value)]
        case _:
            return _scalar(value, shape, steps, refuse)


def _structure(value: Any, shape: Mapping[str, Any], steps: Steps, shapes: Shapes, refuse: Refuse) -> Any:
    if not isinstance(value, Mapping):
        refuse(Misfit(steps, "a mapping is expected here."))
        return value
    for missing in set(shape.get("required", [])) - set(value):
        refuse(Misfit(steps, f"{missing} is missing here."))
    return {
        key: _fit(item, shape["members"][key]["shape"], (*steps, key), shapes, refuse)
        for key, item in value.items()
        if _is_member(key, shape, steps, refuse)
    }


def _is_member(key: str, shape: Mapping[str, Any], steps: Steps, refuse: Refuse) -> bool:
    if key in shape["members"]:
        return True
    close = difflib.get_close_matches(key, shape["members"], 1)
    hint = f"Is {close[0]} meant?" if close else f"There are {', '.join(shape['members'])}."
    refuse(Misfit((*steps, key), f"the local Cognito knows no {key} here.", hint))
    return False


def _scalar(value: Any, shape: Mapping[str, Any], steps: Steps, refuse: Refuse) -> Any:
    for fitting, converted in _conversions(value, shape["type"]):
        if fitting:
            for message in _limits(converted, shape):
                refuse(Misfit(steps, message))
            return converted
    kind = {"list": "a list", "map": "a mapping", "boolean": "true or false", "string": "a text"}
    refuse(Misfit(steps, f"{kind.get(shape['type'], 'a number')} is expected here."))
    return value


def _conversions(value: Any, kind: str) -> Iterator[tuple[bool, Any]]:
    """The ways in which CloudFormation reads a scalar as `kind`: whether it can be read so, and the result."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    scalar = isinstance(value, str | bool | int | float)
    if kind == "boolean":
        yield text in ("true", "false") and scalar, text == "true"
    elif kind in ("integer", "long"):
        whole = scalar and not isinstance(value, bool) and text.removeprefix("-").isdecimal()
        yield whole, int(text) if whole else value
    elif kind == "string":
        yield scalar, text


def _limits(value: Any, shape: Mapping[str, Any]) -> Iterator[str]:
    if "enum" in shape and value not in shape["enum"]:
        yield f"must be one of {', '.join(shape['enum'])}."
    size = value if isinstance(value, int) else len(value)
    unit = "" if isinstance(value, int) else " characters"
    least, most = shape.get("min", size), shape.get("max", size)
    if not least <= size <= most:
        yield f"must be {least} to {most}{unit}." if shape.get("max") else f"must be at least {least}{unit}."
