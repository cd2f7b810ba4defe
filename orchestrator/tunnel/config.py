"""The keeper's configuration file, read into values."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from orchestrator.errors import StackError

Value = TypeVar("Value")


@dataclass(frozen=True)
class Config:
    """`target` is the gateway's URL on this machine, `path` its one route, `state` the file that says how it goes.

    `options` are the provider's, `registration` is what `orchestrator.aws.register` makes one of, None for none.
    """

    provider: str
    target: str
    path: str
    gateway_id: str
    state: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    registration: Mapping[str, Any] | None = None


def read(path: Path) -> Config:
    """The configuration in this JSON file. Raises StackError that names the place."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StackError(f"{path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise StackError(f"{path} is not JSON: {error}.") from error
    return fields(Config, document, where=str(path))


def fields(kind: type[Value], document: object, *, where: str) -> Value:
    """The dataclass with the fields of this JSON object. Raises StackError for unknown, missing and mistyped ones."""
    if not isinstance(document, dict):
        raise StackError(f"{where}: is not a JSON object.")
    known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    types = get_type_hints(kind)
    for name, value in document.items():
        if name not in known:
            raise StackError(f"{where}: {name} is unknown.", f"There are: {', '.join(known)}.")
        if types[name] in (str, int) and (not isinstance(value, types[name]) or isinstance(value, bool)):
            raise StackError(f"{where}: {name} must be {'text' if types[name] is str else 'a whole number'}.")
    for name, field in known.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in document:
            raise StackError(f"{where}: {name} is missing.")
    return kind(**document)
