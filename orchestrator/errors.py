"""The one error that reaches the user of the command line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


class StackError(Exception):
    """What went wrong and where (`message`), and what to do next (`hint`, may be empty).

    >>> print(StackError("Port 8080 is taken by node (pid 412).", "Set HASURA_PORT, or STACK_PORTS=free."))
    Port 8080 is taken by node (pid 412). Set HASURA_PORT, or STACK_PORTS=free.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Says where it was when a disk is full or a folder is not writable: the system's own error often does not."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise StackError(
            f"Cannot write to {where}: {error.strerror or error}.", "Free some space, or make the folder writable."
        ) from error
