"""Tests for which migrations are run, in which order and direction."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import StackError
from orchestrator.project import steps
from orchestrator.project.migrations import Migration
from orchestrator.project.steps import Step


def migration(version: int) -> Migration:
    return Migration("default", version, f"m{version}", Path(f"migrations/default/{version}_m{version}"), "", "")


HERE = tuple(migration(version) for version in (1, 2, 3, 4))


def told(found: tuple[Step, ...]) -> list[tuple[str, int]]:
    return [(step.direction, step.version) for step in found]


def test_up_takes_the_oldest_that_are_not_applied() -> None:
    assert told(steps.up(HERE, {2: False})) == [("up", 1), ("up", 3), ("up", 4)]
    assert told(steps.up(HERE, {2: False}, 1)) == [("up", 1)]


def test_down_takes_the_newest_that_are_applied() -> None:
    assert told(steps.down("default", HERE, {1: False, 3: False}, 1)) == [("down", 3)]
    assert told(steps.down("default", HERE, {1: False, 3: False})) == [("down", 3), ("down", 1)]


def test_a_dirty_one_is_to_be_applied_again_and_says_so() -> None:
    [step] = steps.up(HERE[:1], {1: True})
    assert step.dirty


def test_only_leaves_alone_what_is_so_already() -> None:
    assert steps.only("default", HERE, {2: False}, 2, "up") == ()
    assert steps.only("default", HERE, {}, 2, "down") == ()
    assert told(steps.only("default", HERE, {2: False}, 2, "down")) == [("down", 2)]


def test_a_recorded_version_without_a_folder_can_be_named() -> None:
    [step] = steps.only("default", HERE, {9: False}, 9, "down")
    assert (step.migration, step.title) == (None, "9")


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(StackError, match="The source default has no migration of version 7"):
        steps.goto("default", HERE, {}, 7)


@given(st.sets(st.sampled_from([1, 2, 3, 4])), st.sampled_from([1, 2, 3, 4]))
def test_going_to_a_version_leaves_it_the_newest_applied(applied: set[int], version: int) -> None:
    after = set(applied)
    for step in steps.goto("default", HERE, dict.fromkeys(applied, False), version):
        after.add(step.version) if step.direction == "up" else after.remove(step.version)
    assert max(after, default=0) <= version
    assert after >= {each for each in applied if each <= version}
