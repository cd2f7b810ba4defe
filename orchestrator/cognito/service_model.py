"""Cognito's service model, as botocore ships it: which operations there are, and whether an input is valid."""

from __future__ import annotations

import gzip
import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from .errors import InvalidParameter, Serialization

Shape = Mapping[str, Any]

# The categories \p{L}\p{M}\p{S}\p{N}\p{P} hold all that is not a separator, a control, a format, a private or half a
# surrogate pair; `re` has no \p, so the classes of the model are turned inside out.
_INVISIBLE = (
    r"\s\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ue000-\uf8ff\ufeff\ufff9-\ufffb"
)
_VISIBLE = r"\p{L}\p{M}\p{S}\p{N}\p{P}"
_CLASSES = {
    f"[{_VISIBLE}]": f"[^{_INVISIBLE}]",
    f"[{_VISIBLE}\\t\\n\\r ]": f"(?:[^{_INVISIBLE}]|[\\t\\n\\r ])",
    f"[{_VISIBLE}\\s*]": f"(?:[^{_INVISIBLE}]|\\s)",
    f"[{_VISIBLE}\\s]": f"(?:[^{_INVISIBLE}]|\\s)",
    f"[{_VISIBLE}\\p{{Z}}]": f"(?:[^{_INVISIBLE}]|\\s)",
    r"[^_\p{Z}]": r"[^_\s]",
}
_PYTHON_TYPES = {"structure": dict, "list": list, "map": dict}
_SCALARS: dict[str, tuple[type, str]] = {
    "string": (str, "a String"),
    "blob": (str, "a String"),
    "boolean": (bool, "a Boolean"),
    "integer": (int, "an Integer"),
    "long": (int, "a Long"),
}
_JSON_TYPES = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}


class ServiceModel:
    """The operations and shapes of cognito-idp.

    >>> ServiceModel.load().validated("GetUser", {"AccessToken": "a.b.c", "Unknown": None})
    {'AccessToken': 'a.b.c'}
    """

    def __init__(self, operations: Mapping[str, Any], shapes: Mapping[str, Shape]) -> None:
        self.operations = operations
        self._shapes = shapes

    @classmethod
    def load(cls) -> ServiceModel:
        """The model out of botocore's data folder: botocore itself would take 200 ms and 20 MB to import."""
        import orjson

        document = orjson.loads(gzip.decompress(_model_file().read_bytes()))
        shapes = {name: _without_words(shape) for name, shape in document["shapes"].items()}
        operations = {
            name: operation.get("input", {}).get("shape") for name, operation in document["operations"].items()
        }
        return cls(operations, shapes)

    def validated(self, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The input without nulls and unknown members.

        Raises Serialization for a wrong JSON type and InvalidParameter, in Cognito's words, for all else.
        """
        shape = self.operations[operation]
        value: dict[str, Any] = self._clean(shape, given) if shape else {}
        problems = list(self._problems(shape, value, "")) if shape else []
        if problems:
            count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
            raise InvalidParameter(count + "; ".join(problems))
        return value

    def unknown(self, operation: str, given: Any) -> list[str]:
        """The paths of members, at any depth, that an operation's input does not have."""
        return list(self._unknown(self.operations[operation], given, ""))

    def _clean(self, name: str, value: Any, path: str = "") -> Any:
        """The value without nulls and unknown members; raises Serialization where a JSON type is wrong."""
        shape = self._shapes[name]
        kind = shape["type"]
        if kind in _PYTHON_TYPES and not isinstance(value, _PYTHON_TYPES[kind]):
            raise _unexpected(value, path)
        if kind == "list":
            item_shape = shape["member"]["shape"]
            return [self._clean(item_shape, item, f"{path}[{n}]") for n, item in enumerate(value) if item is not None]
        if kind in ("structure", "map"):
            present = ((key, item, self._shape_of(shape, key)) for key, item in value.items() if item is not None)
            return {key: self._clean(inner, item, f"{path}.{key}") for key, item, inner in present if inner}
        return _scalar(kind, value, path)

    def _unknown(self, name: str, value: Any, path: str) -> Iterator[str]:
        shape = self._shapes[name]
        if shape["type"] == "list" and isinstance(value, list):
            for place, item in enumerate(value):
                yield from self._unknown(shape["member"]["shape"], item, f"{path}[{place}]")
        if shape["type"] in ("structure", "map") and isinstance(value, dict):
            for key, item in value.items():
                inner = self._shape_of(shape, key)
                here = f"{path}.{key}" if path else key
                yield from self._unknown(inner, item, here) if inner else (here,)

    def _shape_of(self, shape: Shape, key: str) -> str | None:
        """The name of the shape under a key of a structure or map; None if a structure has no such member."""
        if shape["type"] == "map":
            return str(shape["value"]["shape"])
        member = shape["members"].get(key)
        return str(member["shape"]) if member else None

    def _problems(self, name: str, value: Any, path: str) -> Iterator[str]:
        shape = self._shapes[name]
        kind = shape["type"]
        if kind == "structure":
            yield from self._structure_problems(shape, value, path)
            return
        yield from _own_problems(shape, value, path)
        if kind == "list":
            for place, item in enumerate(value, 1):
                yield from self._problems(shape["member"]["shape"], item, f"{path}.{place}.member")
        elif kind == "map":
            for key, item in value.items():
                yield from self._problems(shape["key"]["shape"], key, f"{path}.{key}.key")
                yield from self._problems(shape["value"]["shape"], item, f"{path}.{key}.member")

    def _structure_problems(self, shape: Shape, value: Any, path: str) -> Iterator[str]:
        required = shape.get("required", ())
        for member, reference in shape["members"].items():
            place = f"{path}.{_lowered(member)}" if path else _lowered(member)
            if member in value:
                yield from self._problems(reference["shape"], value[member], place)
            elif member in required:
                shown = "" if self._shapes[reference["shape"]].get("sensitive") else "null "
                yield f"Value {shown}at '{place}' failed to satisfy constraint: Member must not be null"


def _own_problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    shown = "" if shape.get("sensitive") or isinstance(value, (list, dict)) else f"'{value}' "
    start = f"Value {shown}at '{path}' failed to satisfy constraint: "
    if shape["type"] in ("integer", "long"):
        size, what = value, "value"
    else:
        size, what = len(value) if isinstance(value, (str, list, dict)) else 0, "length"
    if isinstance(value, bool):
        return
    if size < shape.get("min", size):
        yield f"{start}Member must have {what} greater than or equal to {shape['min']}"
    if size > shape.get("max", size):
        yield f"{start}Member must have {what} less than or equal to {shape['max']}"
    if "pattern" in shape and not pattern(shape["pattern"]).fullmatch(value):
        yield f"{start}Member must satisfy regular expression pattern: {shape['pattern']}"
    if "enum" in shape and value not in shape["enum"]:
        yield f"{start}Member must satisfy enum value set: [{', '.join(shape['enum'])}]"


@lru_cache(maxsize=256)
def pattern(text: str) -> re.Pattern[str]:
    """A pattern of the model (Java's syntax) as Python's."""
    for java, python in _CLASSES.items():
        text = text.replace(java, python)
    return re.compile(text)


def _scalar(kind: str, value: Any, path: str) -> Any:
    if kind not in _SCALARS:
        return value
    wanted, words = _SCALARS[kind]
    if isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool):
        return value
    if isinstance(value, (dict, list)):
        raise _unexpected(value, path)
    found = f"{value}".upper() + "_VALUE" if isinstance(value, bool) else _JSON_TYPES[type(value)]
    raise Serialization(f"{found} can not be converted to {words}", path)


def _unexpected(value: Any, path: str) -> Serialization:
    if isinstance(value, list):
        return Serialization("Start of list found where not expected", path)
    if isinstance(value, dict):
        return Serialization("Start of structure or map found where not expected.", path)
    return Serialization("Unexpected field type", path)


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


def _without_words(shape: dict[str, Any]) -> Shape:
    shape.pop("documentation", None)
    for member in shape.get("members", {}).values():
        member.pop("documentation", None)
    return shape


def _model_file() -> Path:
    package = importlib.util.find_spec("botocore")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("botocore is not installed: reinstall the package.")
    folder = Path(package.submodule_search_locations[0], "data", "cognito-idp")
    versions = sorted(folder.glob("*/service-2.json.gz"))
    if not versions:
        raise FileNotFoundError(f"{folder} holds no service-2.json.gz: reinstall botocore.")
    return versions[-1]
