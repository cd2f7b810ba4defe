"""What the keeper is doing, as `up` and `status` read it from a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from orchestrator.errors import StackError, writing
from orchestrator.private_file import write_private

Name = Literal["opening", "open", "reopening", "failed"]


@dataclass(frozen=True)
class State:
    """`since` is in seconds of Unix time, `registered` a line for people.

    An open tunnel has an `error` as long as its gateway does not answer or its registration does not work.
    """

    state: Name
    since: float
    url: str | None = None
    registered: str | None = None
    error: StackError | None = None

    def text(self) -> str:
        """The file: `{"state", "url", "since", "registered", "error": {"message", "hint"} | null}`."""
        return json.dumps(
            {
                "state": self.state,
                "url": self.url,
                "since": self.since,
                "registered": self.registered,
                "error": {"message": self.error.message, "hint": self.error.hint} if self.error else None,
            },
            indent=1,
        )


def write(path: Path, state: State) -> None:
    """Puts the file in place whole. Raises StackError where that is not possible."""
    with writing(path.parent):
        write_private(path, state.text())


def remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def was_open(path: Path) -> bool:
    """Whether a keeper that could not tidy up has left this file, and had opened its tunnel."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        return found["state"] in ("open", "reopening")
    except (OSError, ValueError, KeyError, TypeError):
        return False
