"""Waiting for changes to the project's files."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.project.yaml_tree import shown

# An editor or `git checkout` writes several files at once; what comes within this time is one change.
DEBOUNCE_MS = 200


def changes(root: Path, watched: Sequence[Path], *, stop: threading.Event | None = None) -> Iterator[tuple[Path, ...]]:
    """The files that changed, as a reader of the project would write them, each time some did; until `stop` is set.

    `watched` are folders, and files, which are watched by their folder: editors replace a file, and a watch would stay
    with the old one. What editors write beside a file for a moment does not count. Raises StackError if none is there.
    """
    # Loading it takes as long as most commands run.
    from watchfiles import watch

    resolved = [each.resolve() for each in watched]
    folders = {folder for each in resolved if (folder := each if each.is_dir() else each.parent).is_dir()}
    if not folders:
        raise StackError(f"There is nothing to watch: {', '.join(str(shown(each, root)) for each in watched)}.")
    for found in watch(*folders, debounce=DEBOUNCE_MS, stop_event=stop, raise_interrupt=True):
        files = sorted({Path(name) for _, name in found})
        ours = [file for file in files if any(each in (file, *file.parents) for each in resolved)]
        if ours:
            yield tuple(shown(file, root) for file in ours)
