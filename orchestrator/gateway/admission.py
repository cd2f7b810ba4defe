"""Which requests are admitted: the questions, in their order.

A request uses up its signature and a token of the rate only when it is admitted. So what is refused takes nothing away
from others: neither the garbage of strangers, nor a replay, nor a signed request with contents that may not be. Once
admitted, it is used up whatever Hasura says to it: it may have been carried out although the answer was lost, and the
handler signs each attempt anew.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.gateway import signature
from orchestrator.gateway.errors import Refusal
from orchestrator.gateway.replays import Replays
from orchestrator.gateway.sync_request import SyncMutation, SyncRequest
from orchestrator.gateway.token_bucket import TokenBucket


@dataclass(frozen=True)
class Admission:
    """`clock` is in seconds since the epoch."""

    key: bytes
    mutation: SyncMutation
    bucket: TokenBucket
    replays: Replays
    clock: Callable[[], float]

    def admit(self, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> SyncRequest:
        """The request to pass on, which can't be admitted again. Raises Refusal."""
        seconds = self.clock()
        now = int(seconds * 1000)
        stamp = signature.check(headers, body, key=self.key, now=now)
        request = self.mutation.checked(body, now=datetime.fromtimestamp(seconds, UTC))
        # Nothing else runs between the question for a token and its taking.
        if wait := self.bucket.seconds_to_wait():
            raise Refusal(429, "rate-limited", "Too many requests.", {"retry-after": str(math.ceil(wait))})
        if not self._remember(stamp, now):
            raise Refusal(409, "replayed", "This request was here before. Sign it anew.")
        self.bucket.take()
        return request

    def _remember(self, stamp: signature.Stamp, now: int) -> bool:
        try:
            return self.replays.remember(stamp, now=now)
        except sqlite3.Error as error:
            raise Refusal(503, "unavailable", f"The gateway can't note the request: {error}.") from error
