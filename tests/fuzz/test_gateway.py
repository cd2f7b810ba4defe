"""A moment of random requests; `python -m tests.fuzz.gateway` runs more of them."""

from __future__ import annotations

import pytest

from tests.fuzz.gateway import run, running


@pytest.mark.parametrize("seed", [1, 2])
def test_random_requests_find_nothing(seed: int) -> None:
    with running() as (gateway, behind):
        report = run(gateway, behind, seed, requests=250)
    assert not report.findings, "\n".join(report.findings)
    assert report.answers["200"] > 15
