"""One YAML file parsed to nodes, its scalars read as the Hasura CLI reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from orchestrator.errors import StackError
from orchestrator.project import text_file

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Resolver = tuple[str, re.Pattern[str]]

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
PLAIN = (  # what a plain scalar may be besides a text, and the characters it may begin with
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", "[-+]?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+|0o[0-7]+)", "-+0123456789"),
    ("float", FLOAT, "-+0123456789."),
    ("null", "~|null|Null|NULL", "~nN"),
    ("merge", "<<", "<"),
)


@dataclass(frozen=True, order=True)
class Place:
    """A line of a file; `str()` is what editors and terminals turn into a link: `metadata/version.yaml:1`."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def _resolvers() -> dict[str, list[Resolver]]:
    table: dict[str, list[Resolver]] = {"": [("tag:yaml.org,2002:null", re.compile("$"))]}
    for kind, pattern, beginnings in PLAIN:
        for character in beginnings:
            table.setdefault(character, []).append((f"tag:yaml.org,2002:{kind}", re.compile(f"(?:{pattern})$")))
    return table


class _Loader(Loader):  # type: ignore[misc]
    """Resolves plain scalars as YAML 1.2 does: `on`, `no` and dates are text."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[Resolver]]] = _resolvers()


def is_text(plain: str) -> bool:
    """Whether a plain scalar is a text, and neither a number, a truth nor null."""
    kinds = _Loader.yaml_implicit_resolvers.get(plain[:1], [])
    return not any(pattern.match(plain) for _, pattern in kinds)


def parse(path: Path, name: Path) -> yaml.Node | None:
    """The root node of the file at `path`, None for an empty one.

    Raises StackError that tells the file as `name`, and the line, for what is not YAML.
    """
    text = text_file.read(path, name)
    try:
        node: yaml.Node | None = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text, name) from error
    except yaml.YAMLError as error:
        raise StackError(f"{name} is not YAML: {' '.join(str(error).split())}.") from error
    return node


def scalar(node: yaml.Node) -> Json:
    """The value of a scalar node. Raises ValueError when an explicit tag, such as `!!int`, does not fit."""
    text: str = node.value
    match node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text, 0)
        case "float":
            return float(text)
        case _:
            return text


def _syntax_error(error: yaml.MarkedYAMLError, text: str, name: Path) -> StackError:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    around = "".join(text.splitlines()[max(0, line - 2) : line])
    hint = "YAML allows no tab as indentation: use spaces." if "\t" in around else ""
    words = " ".join(part for part in (error.context, error.problem) if part)
    return StackError(f"{Place(name, line)} is not YAML: {words}.", hint)
