"""A moment of random requests; `python -m tests.fuzz.engine` runs more of them."""

from __future__ import annotations

import pytest

from tests.engine.conftest import start_engine, stop_engine
from tests.fuzz.engine import DEVELOPMENT, prepare, run


@pytest.mark.parametrize("seed", [1, 2])
def test_random_requests_find_nothing(database: str, seed: int) -> None:
    engine = start_engine(database, **DEVELOPMENT)
    prepare(engine)
    report = run(engine, seed, requests=300)
    log = stop_engine(engine)
    assert not report.findings, "\n".join(report.findings)
    assert report.answers["data"] > 30
    assert "Traceback" not in log, log
