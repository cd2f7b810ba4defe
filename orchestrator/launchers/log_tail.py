"""The last words of a child, for an error message."""

from __future__ import annotations

import re
from pathlib import Path

TAIL_BYTES = 16_384
LONGEST = 300
# What ended a program is told before it says goodbye.
CAUSE = re.compile(r"(FATAL|PANIC|CRITICAL|ERROR|[Ee]rror)\b")


def last_words(log: Path, *, since: int = 0) -> str:
    """The line of the log that tells best why its program ended, "" if there is none."""
    return telling_line(tail(log, since=since))


def tail(log: Path, *, since: int = 0) -> str:
    """The end of what was written after the first `since` bytes."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            begin = since if since <= size else 0  # rotated meanwhile
            file.seek(max(begin, size - TAIL_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def telling_line(text: str) -> str:
    """
    >>> telling_line("FATAL:  no space left\\nLOG:  database system is shut down\\n")
    'FATAL:  no space left'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line for line in lines if CAUSE.search(line)]
    chosen = (causes or lines)[-1:] or [""]
    return chosen[0][:LONGEST]
