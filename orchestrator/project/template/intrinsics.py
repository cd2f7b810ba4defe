"""CloudFormation's functions: `Ref`, `Fn::Sub`, conditions and so on, resolved to plain values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.project.template.parameters import Parameters
from orchestrator.project.template.problems import Problem, Unfollowed
from orchestrator.project.yaml_tree import Json, Steps, Tree

SHORT = ("Sub", "GetAtt", "Join", "If", "Equals", "Not", "And", "Or", "Select", "Split", "FindInMap")
ELSEWHERE = ("Base64", "Cidr", "GetAZs", "ImportValue", "Transform", "ToJsonString", "Length")
TAGS = {"!Ref": "Ref", "!Condition": "Condition"} | {f"!{name}": f"Fn::{name}" for name in SHORT + ELSEWHERE}
VARIABLE = re.compile(r"\$\{(?P<literal>!?)(?P<name>[^}]*)\}")
NO_VALUE: Any = object()


@dataclass(frozen=True)
class Scope:
    """What names mean: parameters, pseudo parameters (`AWS::Region`), resources, conditions and mappings.

    `ref` and `attribute` tell what a resource's `Ref` and `Fn::GetAtt` are, or None where the local stack has none.
    """

    tree: Tree
    parameters: Parameters
    pseudo: Mapping[str, Json]
    resources: Mapping[str, Mapping[str, Any]]
    pool_id: str
    client_id: str
    ref: Callable[[Scope, str], Json]
    attribute: Callable[[Scope, str, str], Json]
    inside: tuple[str, ...] = ()

    def section(self, name: str) -> Mapping[str, Any]:
        found = self.tree.value.get(name) if isinstance(self.tree.value, dict) else None
        return found if isinstance(found, dict) else {}

    def entered(self, name: str, steps: Steps) -> Scope:
        """The scope inside `name`; raises Unfollowed when `name` would need itself."""
        if name in self.inside:
            raise self.unfollowed(steps, f"{' → '.join((*self.inside, name))} refer to each other in a circle.")
        return replace(self, inside=(*self.inside, name))

    def unfollowed(self, steps: Steps, message: str, hint: str = "") -> Unfollowed:
        return Unfollowed(Problem(self.tree.place(steps), message, hint))


def resolve(value: Json, steps: Steps, scope: Scope) -> Any:
    """The plain value that `value` (written at `steps`) stands for. Raises Unfollowed for what cannot be told."""
    if isinstance(value, list):
        items = [resolve(item, (*steps, index), scope) for index, item in enumerate(value)]
        return [item for item in items if item is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    if (name := function_name(value)) is not None:
        function = FUNCTIONS.get(name)
        if function is None:
            raise scope.unfollowed(steps, f"the local stack does not follow {name}.", "Write the value itself.")
        return function(value[name], (*steps, name), scope)
    found = {key: resolve(item, (*steps, key), scope) for key, item in value.items()}
    return {key: item for key, item in found.items() if item is not NO_VALUE}


def function_name(value: Json) -> str | None:
    """`Fn::Sub` for `{"Fn::Sub": …}`, and None for a plain mapping."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    [(name, argument)] = value.items()
    if name == "Condition":
        return name if isinstance(argument, str) else None
    return name if name == "Ref" or name.startswith("Fn::") else None


def holds(name: str, steps: Steps, scope: Scope) -> bool:
    """Whether the condition called `name` holds."""
    conditions = scope.section("Conditions")
    if name not in conditions:
        raise scope.unfollowed(steps, f"there is no condition {name}.", _close(name, conditions))
    inner = scope.entered(f"condition {name}", steps)
    return _truth(resolve(conditions[name], ("Conditions", name), inner), ("Conditions", name), scope)


def names(value: Json, steps: Steps = ()) -> Iterable[tuple[str, Steps]]:
    """Each parameter and resource that a value refers to, and where."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from names(item, (*steps, index))
    if not isinstance(value, dict):
        return
    function = function_name(value)
    for key, item in value.items():
        if function in {"Ref", "Fn::GetAtt"}:
            first = item[0] if isinstance(item, list) and item else item
            yield str(first).partition(".")[0] if function == "Fn::GetAtt" else str(first), (*steps, key)
        elif function == "Fn::Sub":
            yield from _sub_names(item, (*steps, key))
        else:
            yield from names(item, (*steps, key))


def _sub_names(argument: Json, steps: Steps) -> Iterable[tuple[str, Steps]]:
    parts = argument if isinstance(argument, list) else [argument, {}]
    given = parts[1] if len(parts) > 1 and isinstance(parts[1], dict) else {}
    for match in VARIABLE.finditer(str(parts[0] if parts else "")):
        if not match["literal"] and match["name"] not in given:
            yield match["name"].partition(".")[0], steps
    yield from names(given, (*steps, 1))


def unknown(name: str, steps: Steps, scope: Scope) -> Unfollowed:
    """The error for a name that is neither a parameter nor a resource."""
    known = [*scope.section("Parameters"), *scope.resources, *scope.pseudo]
    return scope.unfollowed(steps, f"there is no parameter or resource {name}.", _close(name, known))


def _close(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f"Is {close[0]} meant?" if close else ""


def _ref(argument: Json, steps: Steps, scope: Scope) -> Any:
    name = str(argument)
    if name == "AWS::NoValue":
        return NO_VALUE
    if name in scope.pseudo:
        return scope.pseudo[name]
    if name in scope.parameters.values:
        return scope.parameters.values[name]
    if name in scope.parameters.broken:
        raise Unfollowed(scope.parameters.broken[name])
    if name in scope.parameters.unset:
        raise scope.unfollowed(steps, f"the parameter {name} has no value.", "Give it a Default, or a value.")
    if name not in scope.resources:
        raise unknown(name, steps, scope)
    value = scope.ref(scope.entered(name, steps), name)
    return value if value is not None else _absent(name, "Ref", steps, scope)


def _get_att(argument: Json, steps: Steps, scope: Scope) -> Any:
    parts = argument if isinstance(argument, list) else str(argument).split(".", 1)
    if len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise scope.unfollowed(steps, "Fn::GetAtt takes a resource and an attribute.")
    name, attribute = str(parts[0]), str(parts[1])
    if name not in scope.resources:
        raise unknown(name, steps, scope)
    value = scope.attribute(scope.entered(name, steps), name, attribute)
    return value if value is not None else _absent(name, attribute, steps, scope)


def _absent(name: str, what: str, steps: Steps, scope: Scope) -> Any:
    kind = scope.resources[name].get("Type")
    raise scope.unfollowed(
        steps, f"the local stack knows no {what} of {name} ({kind}).", "Make it a parameter with a Default."
    )


def _sub(argument: Json, steps: Steps, scope: Scope) -> str:
    text, given = argument, {}
    if isinstance(argument, list) and len(argument) == 2:
        text, given = argument[0], resolve(argument[1], (*steps, 1), scope)
    if not isinstance(text, str) or not isinstance(given, dict):
        raise scope.unfollowed(steps, "Fn::Sub takes a text, or a text and a mapping.")

    def filled(match: re.Match[str]) -> str:
        name = match["name"].strip()
        if match["literal"]:
            return f"${{{name}}}"
        if name in given:
            return _text(given[name], steps, scope)
        value = _get_att(name, steps, scope) if "." in name else _ref(name, steps, scope)
        return _text(value, steps, scope)

    return VARIABLE.sub(filled, text)


def _join(argument: Json, steps: Steps, scope: Scope) -> str:
    delimiter, items = _arguments("Fn::Join", argument, 2, steps, scope)
    if not isinstance(items, list):
        raise scope.unfollowed(steps, "Fn::Join takes a delimiter and a list.")
    return str(delimiter).join(_text(item, steps, scope) for item in items)


def _split(argument: Json, steps: Steps, scope: Scope) -> list[str]:
    delimiter, text = _arguments("Fn::Split", argument, 2, steps, scope)
    if not delimiter:
        raise scope.unfollowed(steps, "Fn::Split takes a delimiter and a text.")
    return _text(text, steps, scope).split(str(delimiter))


def _select(argument: Json, steps: Steps, scope: Scope) -> Any:
    index, items = _arguments("Fn::Select", argument, 2, steps, scope)
    if not isinstance(items, list) or not str(index).isdigit() or int(index) >= len(items):
        raise scope.unfollowed(steps, "Fn::Select takes an index and a list that long.")
    return items[int(index)]


def _find_in_map(argument: Json, steps: Steps, scope: Scope) -> Any:
    keys = _arguments("Fn::FindInMap", argument, 3, steps, scope)
    found: Any = scope.section("Mappings")
    for key in keys:
        if not isinstance(found, dict) or str(key) not in found:
            raise scope.unfollowed(steps, f"the template's Mappings hold no {key}.")
        found = found[str(key)]
    return found


def _if(argument: Json, steps: Steps, scope: Scope) -> Any:
    if not isinstance(argument, list) or len(argument) != 3:
        raise scope.unfollowed(steps, "Fn::If takes a condition's name and two values.")
    index = 1 if holds(str(argument[0]), steps, scope) else 2
    return resolve(argument[index], (*steps, index), scope)


def _equals(argument: Json, steps: Steps, scope: Scope) -> bool:
    one, other = _arguments("Fn::Equals", argument, 2, steps, scope)
    return bool(_plain(one) == _plain(other))


def _not(argument: Json, steps: Steps, scope: Scope) -> bool:
    [value] = _arguments("Fn::Not", argument, 1, steps, scope)
    return not _truth(value, steps, scope)


def _and(argument: Json, steps: Steps, scope: Scope) -> bool:
    return all(_truths("Fn::And", argument, steps, scope))


def _or(argument: Json, steps: Steps, scope: Scope) -> bool:
    return any(_truths("Fn::Or", argument, steps, scope))


def _condition(argument: Json, steps: Steps, scope: Scope) -> bool:
    return holds(str(argument), steps, scope)


def _truths(name: str, argument: Json, steps: Steps, scope: Scope) -> list[bool]:
    if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
        raise scope.unfollowed(steps, f"{name} takes 2 to 10 conditions.")
    return [_truth(resolve(item, (*steps, i), scope), (*steps, i), scope) for i, item in enumerate(argument)]


def _arguments(name: str, argument: Json, count: int, steps: Steps, scope: Scope) -> list[Any]:
    if not isinstance(argument, list) or len(argument) != count:
        raise scope.unfollowed(steps, f"{name} takes a list of {count}.")
    return [resolve(item, (*steps, index), scope) for index, item in enumerate(argument)]


def _truth(value: Any, steps: Steps, scope: Scope) -> bool:
    if _plain(value) not in ("true", "false"):
        raise scope.unfollowed(steps, "a condition is expected here.")
    return bool(_plain(value) == "true")


def _text(value: Any, steps: Steps, scope: Scope) -> str:
    if isinstance(value, dict | list) or value is None or value is NO_VALUE:
        raise scope.unfollowed(steps, "a text is expected here.")
    return str(_plain(value))


def _plain(value: Any) -> Any:
    """Numbers and truths as the texts that CloudFormation compares them by."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


FUNCTIONS: Mapping[str, Callable[[Json, Steps, Scope], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::Not": _not,
    "Fn::And": _and,
    "Fn::Or": _or,
    "Condition": _condition,
}
