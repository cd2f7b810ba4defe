"""How two metadata documents differ, as unified diffs of the files that each would be."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.project import metadata_files


def diff(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[Path, tuple[str, ...]]:
    """The lines of the diff of each file that differs: from the server's metadata to the project's.

    The order of keys, comments and the layout of the files on disk make no difference.
    """
    before = metadata_files.files(theirs)
    after = metadata_files.files(_like(theirs, ours))
    return {
        name: tuple(_lines(name, before.get(name, ""), after.get(name, "")))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def _lines(name: Path, before: str, after: str) -> list[str]:
    one, two = (text.splitlines() for text in (before, after))
    return list(difflib.unified_diff(one, two, f"server/{name}", f"project/{name}", lineterm=""))


def _like(model: Any, value: Any) -> Any:
    """The value with its keys and named entries in the order of the model's, as far as that has them."""
    if isinstance(model, Mapping) and isinstance(value, Mapping):
        keys = [key for key in model if key in value] + [key for key in value if key not in model]
        return {key: _like(model.get(key), value[key]) for key in keys}
    if isinstance(model, list) and isinstance(value, list):
        models = {_key(each): each for each in model}
        liked = [_like(models.get(_key(each)), each) for each in value]
        places = {key: place for place, key in enumerate(models)}
        # Hasura sorts tables, permissions and the like; lists of plain values keep their order.
        return sorted(liked, key=lambda each: places.get(_key(each), len(places)) if isinstance(each, dict) else 0)
    return value


def _key(entry: Any) -> str:
    """What tells an entry of a list from the others: its name, table, role or whatever it has of that kind."""
    if not isinstance(entry, Mapping):
        return repr(entry)
    known = ("table", "function", "name", "role", "role_name", "collection")
    found = next((entry[key] for key in known if key in entry), entry)
    return repr(sorted(found.items())) if isinstance(found, Mapping) else repr(found)
