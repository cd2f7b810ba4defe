"""Tests for waiting for changes, with the system's own file events."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.project import watch

SECONDS = 20


@dataclass(frozen=True)
class Watching:
    """A folder that is watched, and what is told of it."""

    root: Path
    told: queue.Queue[tuple[Path, ...]]

    def after(self, change: Callable[[], object], name: str) -> set[str]:
        """All that is told until `name` is; the change is made again as long as the watch may not have begun."""
        seen: set[str] = set()
        deadline = time.monotonic() + SECONDS
        while name not in seen:
            assert time.monotonic() < deadline, seen
            change()
            try:
                seen |= {str(file) for file in self.told.get(timeout=2)}
            except queue.Empty:
                continue
        return seen


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    for folder in ("metadata/databases", "lambdas", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    told: queue.Queue[tuple[Path, ...]] = queue.Queue()
    stop = threading.Event()
    watched = [tmp_path / "metadata", tmp_path / "lambdas/template.yaml", tmp_path / "missing"]

    def follow() -> None:
        for files in watch.changes(tmp_path, watched, stop=stop):
            told.put(files)

    thread = threading.Thread(target=follow)
    thread.start()
    yield Watching(tmp_path, told)
    stop.set()
    thread.join()


def test_a_changed_file_is_told_and_what_is_beside_the_watched_is_not(watching: Watching) -> None:
    def change() -> None:
        for name in ("elsewhere/x", "lambdas/app.py", "metadata/.network.yaml.swp", "metadata/databases/a.yaml"):
            (watching.root / name).write_text(str(time.monotonic()))

    assert watching.after(change, "metadata/databases/a.yaml") == {"metadata/databases/a.yaml"}


def test_a_file_that_an_editor_replaces_is_told_again(watching: Watching) -> None:
    def replace() -> None:
        (watching.root / "new").write_text(str(time.monotonic()))
        (watching.root / "new").replace(watching.root / "lambdas/template.yaml")

    for _ in range(2):
        assert "lambdas/template.yaml" in watching.after(replace, "lambdas/template.yaml")


def test_nothing_to_watch_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="There is nothing to watch: gone/a"):
        next(iter(watch.changes(tmp_path, [tmp_path / "gone/a"])))
