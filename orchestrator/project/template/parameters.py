"""The `Parameters` of a template and the values given to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.project.template.problems import Problem
from orchestrator.project.yaml_tree import Json, Steps, Tree

LISTS = {"CommaDelimitedList", "List<Number>", "List<String>"}
TYPES = {"String", "Number", *LISTS}


@dataclass(frozen=True)
class Parameters:
    """Each parameter's value; one without a value is an error only where it is needed. `broken` are the others."""

    values: Mapping[str, Json]
    unset: frozenset[str]
    broken: Mapping[str, Problem]


def read(tree: Tree, given: Mapping[str, str]) -> Parameters:
    """The values of the template's parameters: those given, else the defaults. Others that are given do not matter."""
    section = tree.value.get("Parameters") if isinstance(tree.value, dict) else None
    values: dict[str, Json] = {}
    unset: set[str] = set()
    broken: dict[str, Problem] = {}
    for name, declared in (section if isinstance(section, dict) else {}).items():
        steps: Steps = ("Parameters", name)
        declaration = declared if isinstance(declared, dict) else {}
        text = given.get(name, declaration.get("Default"))
        if reason := _undeclared(declaration):
            broken[name] = Problem(tree.place((*steps, "Type")), f"the parameter {name} {reason}")
        elif text is None:
            unset.add(name)
        elif reason := _unfit(_text(text), declaration):
            broken[name] = Problem(tree.place(steps), f"the value of the parameter {name} {reason}")
        else:
            values[name] = _value(_text(text), str(declaration["Type"]))
    return Parameters(values, frozenset(unset), broken)


def _undeclared(declaration: Mapping[str, Json]) -> str:
    kind = declaration.get("Type")
    if kind is None:
        return "has no Type."
    return "" if str(kind) in TYPES else f"has the type {kind}, which the local stack cannot look up; use String."


def _unfit(text: str, declaration: Mapping[str, Any]) -> str:
    """Why a value does not fit its declaration, without quoting it: it may be a secret."""
    try:
        return _unlike(text, declaration)
    except (TypeError, ValueError, re.error):
        return "cannot be checked: one of its constraints is not what CloudFormation takes."


def _unlike(text: str, declaration: Mapping[str, Any]) -> str:
    parts = _parts(text) if declaration["Type"] in LISTS else [text]
    if "Number" in declaration["Type"] and not all(_is_number(part) for part in parts):
        return "is not a number."
    allowed = declaration.get("AllowedValues")
    if allowed is not None and not set(parts) <= {_text(each) for each in allowed}:
        return f"must be one of {', '.join(_text(each) for each in allowed)}."
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and not all(re.fullmatch(str(pattern), part) for part in parts):
        return str(declaration.get("ConstraintDescription") or f"does not match {pattern}")
    return _out_of_range(text, declaration)


def _out_of_range(text: str, declaration: Mapping[str, Any]) -> str:
    shortest, longest = float(declaration.get("MinLength", 0)), float(declaration.get("MaxLength", "inf"))
    if not shortest <= len(text) <= longest:
        return f"must have {shortest:.0f} to {longest:.0f} characters."
    if declaration["Type"] == "Number":
        least, most = float(declaration.get("MinValue", "-inf")), float(declaration.get("MaxValue", "inf"))
        if not least <= float(text) <= most:
            return f"must be between {least:g} and {most:g}."
    return ""


def _value(text: str, kind: str) -> Json:
    return [*_parts(text)] if kind in LISTS else text


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text.strip() else []


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", text) is not None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(_text, value)) if isinstance(value, list) else str(value)
