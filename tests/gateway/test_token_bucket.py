from __future__ import annotations

import pytest

from orchestrator.gateway.token_bucket import TokenBucket


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_after_a_burst_tokens_come_at_their_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(10, 3, clock)
    for _ in range(3):
        assert bucket.seconds_to_wait() == 0
        bucket.take()
    assert bucket.seconds_to_wait() == pytest.approx(0.1)
    clock.now += 0.05
    assert bucket.seconds_to_wait() == pytest.approx(0.05)
    clock.now += 0.0501
    assert bucket.seconds_to_wait() == 0
    bucket.take()
    assert bucket.seconds_to_wait() > 0


def test_asking_takes_nothing() -> None:
    bucket = TokenBucket(1, 1, Clock())
    assert [bucket.seconds_to_wait() for _ in range(5)] == [0] * 5


def test_no_more_than_a_burst_is_saved_up() -> None:
    clock = Clock()
    bucket = TokenBucket(10, 2, clock)
    clock.now += 3600
    for _ in range(2):
        assert bucket.seconds_to_wait() == 0
        bucket.take()
    assert bucket.seconds_to_wait() > 0
