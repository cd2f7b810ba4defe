"""Reading a text file of the project."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import StackError


def read(file: Path, name: Path) -> str:
    """The text of `file`. Raises StackError, which calls it `name`, when it cannot be read or is not UTF-8."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise StackError(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise StackError(f"{name} is not UTF-8 text (byte {error.start}).", "Save the file as UTF-8.") from error
