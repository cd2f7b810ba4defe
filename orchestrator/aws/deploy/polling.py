"""Asking again until something has happened: with growing pauses, a deadline, and patience for a bad moment."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from orchestrator.aws.failures import THROTTLED, code_of

# Seconds. CloudFormation throttles who asks much more often, and nothing there takes less than the first.
FIRST, LAST, GROWTH = 0.2, 3.0, 1.3


def moments(
    seconds: float, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Now, and again after a pause that grows, until so many seconds are over."""
    deadline, pause = clock() + seconds, FIRST
    yield
    while (left := deadline - clock()) > 0:
        sleep(min(pause, left))
        pause = min(pause * GROWTH, LAST)
        yield


@contextlib.contextmanager
def patient() -> Iterator[None]:
    """Passes over what may be better the next time: a throttled call, a lost connection."""
    from botocore.exceptions import ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as Unconnected

    try:
        yield
    except (Unconnected, HTTPClientError):
        return
    except ClientError as error:
        if code_of(error) not in THROTTLED:
            raise
