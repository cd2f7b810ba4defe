"""What a function's variables were before this stack set them: values, and the file that keeps them past a crash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.errors import StackError
from orchestrator.private_file import write_private

Variables = Mapping[str, str]


@dataclass(frozen=True)
class Before:
    """`values` are what was there, None for nothing; `ours` are what this stack may have put in their place."""

    values: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    ours: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    def noting(self, found: Variables, wanted: Variables) -> Before:
        """This, and what is needed to take back `wanted`, which is about to be set where `found` is.

        What is found and is not of this stack's making is what was there before, whatever was noted earlier.
        """
        values, ours = dict(self.values), dict(self.ours)
        for name, value in wanted.items():
            now = found.get(name)
            still_ours = now is not None and now in ours.get(name, ())
            if not still_ours:
                values[name] = now
            ours[name] = (now, value) if still_ours and now is not None and now != value else (value,)
        return Before(values, ours)

    def foreign(self, found: Variables) -> list[str]:
        """The variables that somebody else has set since: they have neither this stack's value nor the one before."""
        return [
            name
            for name, value in self.values.items()
            if found.get(name) != value and found.get(name) not in self.ours.get(name, ())
        ]


def restored(found: Variables, before: Before) -> Variables:
    """The environment with the values from before; what is foreign and what was never this stack's stays."""
    left = before.foreign(found)
    back = {name: value for name, value in before.values.items() if name not in left}
    kept = {name: value for name, value in found.items() if name not in back}
    return {**kept, **{name: value for name, value in back.items() if value is not None}}


def read(path: Path, function: str) -> Before:
    """What the file knows of this function. Raises StackError for a file that is damaged."""
    entry = _read_all(path).get(function)
    if entry is None:
        return Before()
    return Before(entry["values"], {name: tuple(values) for name, values in entry["ours"].items()})


def write(path: Path, function: str, before: Before) -> None:
    """Keeps it, beside what the file knows of other functions; nothing known is no entry, and no entry is no file."""
    others = {name: entry for name, entry in _read_all(path).items() if name != function}
    entries = {**others, function: asdict(before)} if before.values else others
    if entries:
        write_private(path, json.dumps(entries))
    else:
        path.unlink(missing_ok=True)


def _read_all(path: Path) -> dict[str, Any]:
    try:
        entries: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise StackError(
            f"{path} is damaged: {error}.", "It keeps what a function's environment was. Mend it or delete it."
        ) from error
    return entries
