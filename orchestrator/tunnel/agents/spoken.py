"""What an agent tells the keeper: one line of JSON for each thing that happens."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Literal, get_args

# open, moved: the text is the URL. failed, dropped: why, and it is the last word. trouble: why it may take longer.
What = Literal["open", "moved", "failed", "dropped", "trouble"]


@dataclass(frozen=True)
class Said:
    what: What
    text: str


def say(what: What, text: str, *, secret: str) -> None:
    """Says it, with the secret blanked: ngrok's own messages quote the token."""
    shown = text.replace(secret, "…") if secret else text
    sys.stdout.write(json.dumps({"what": what, "text": shown}) + "\n")
    sys.stdout.flush()


def heard(line: str) -> Said | None:
    """What a line says; None for any other line."""
    try:
        document = json.loads(line)
        said = Said(document["what"], str(document["text"]))
    except (ValueError, KeyError, TypeError):
        return None
    return said if said.what in get_args(What) else None
