from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.tunnel.clock import Reading, back_off, slept


def test_waits_grow_up_to_a_minute() -> None:
    assert [back_off(attempt, 0.5) for attempt in (1, 2, 3, 4, 5, 6, 7, 8)] == [1, 2, 4, 8, 16, 32, 60, 60]


@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_chance_moves_a_wait_by_a_fifth_at_most(attempt: int, chance: float) -> None:
    middle = back_off(attempt, 0.5)
    assert middle * 0.799 <= back_off(attempt, chance) <= middle * 1.201


def test_only_the_wall_clock_goes_on_in_a_sleep() -> None:
    assert slept(Reading(10, 1000), Reading(12, 1002)) == 0
    assert slept(Reading(10, 1000), Reading(12, 4602)) == 3600
