"""What is refused uses nothing up, and nothing but what was signed is admitted."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.gateway.admission import Admission
from orchestrator.gateway.errors import Refusal
from orchestrator.gateway.replays import open_replays
from orchestrator.gateway.sync_request import SyncMutation
from orchestrator.gateway.token_bucket import TokenBucket
from tests.gateway.requests import COLUMNS, KEY, MUTATION, Request, contents, now_milliseconds, signed, sync


@contextmanager
def opened(*, burst: int = 1000) -> Iterator[Admission]:
    """An admission whose bucket does not fill while a test runs."""
    with tempfile.TemporaryDirectory() as folder, closing(open_replays(Path(folder, "r"))) as replays:
        mutation = SyncMutation(MUTATION, COLUMNS)
        yield Admission(KEY.encode(), mutation, TokenBucket(0.01, burst, time.monotonic), replays, time.time)


def admit(admission: Admission, request: Request) -> Any:
    """The contents that are passed on."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in request.headers]
    return json.loads(admission.admit(headers, request.body).body)


def refusal(admission: Admission, request: Request) -> Refusal:
    with pytest.raises(Refusal) as refused:
        admit(admission, request)
    return refused.value


def test_a_request_is_admitted_once() -> None:
    with opened() as admission:
        request = sync()
        assert admit(admission, request) == json.loads(request.body)
        refused = refusal(admission, request)
        assert (refused.status, refused.code) == (409, "replayed")


def test_the_same_contents_signed_anew_are_another_request() -> None:
    with opened() as admission:
        document = contents()
        now = now_milliseconds()
        for attempt in range(3):
            admit(admission, signed(document, timestamp=now + attempt))


def test_past_the_burst_the_sender_is_told_when_to_come_again() -> None:
    with opened(burst=2) as admission:
        admit(admission, sync())
        admit(admission, sync())
        refused = refusal(admission, sync())
        assert (refused.status, refused.code) == (429, "rate-limited")
        assert 90 <= int(refused.headers["retry-after"]) <= 100


@pytest.mark.parametrize(
    "useless",
    [
        Request(b"garbage", ()),
        sync().with_header("x-sync-signature", "v1=" + "0" * 64),
        signed(contents(), timestamp=1),
        signed(b"{}"),
        signed(contents(role="admin")),
        signed(contents(), key="another key" * 4),
    ],
)
def test_what_is_refused_takes_no_token(useless: Request) -> None:
    with opened(burst=1) as admission:
        for _ in range(5):
            refusal(admission, useless)
        admit(admission, sync())


def test_a_replay_takes_no_token() -> None:
    with opened(burst=2) as admission:
        request = sync()
        admit(admission, request)
        assert {refusal(admission, request).code for _ in range(5)} == {"replayed"}
        admit(admission, sync())


def test_a_request_that_found_no_token_may_come_again() -> None:
    with opened(burst=1) as admission:
        admit(admission, sync())
        request = sync()
        assert refusal(admission, request).status == 429
        admit(replace(admission, bucket=TokenBucket(1, 1, time.monotonic)), request)


def test_what_can_not_be_noted_is_not_admitted(tmp_path: Path) -> None:
    with opened() as admission, closing(sqlite3.connect(tmp_path / "r", isolation_level=None)) as other:
        replays = open_replays(tmp_path / "r")
        other.execute("drop table used")
        refused = refusal(replace(admission, replays=replays), sync())
        replays.close()
        assert (refused.status, refused.code) == (503, "unavailable")


EDITS = st.sampled_from(["replace", "insert", "delete", "double"])


def edited(data: st.DataObject, text: bytes) -> bytes:
    """The text with a small change somewhere."""
    at = data.draw(st.integers(0, max(len(text) - 1, 0)))
    new = data.draw(st.binary(min_size=1, max_size=3))
    match data.draw(EDITS):
        case "replace":
            return text[:at] + new + text[at + len(new) :]
        case "insert":
            return text[:at] + new + text[at:]
        case "delete":
            return text[:at] + text[at + data.draw(st.integers(1, 20)) :]
        case _:
            return text[:at] + text[at:] * 2


@given(st.data())
def test_no_change_of_a_signed_request_is_admitted(data: st.DataObject) -> None:
    with opened() as admission:
        good = sync()
        headers = [(name.encode(), value.encode()) for name, value in good.headers]
        body = good.body
        match data.draw(st.sampled_from(["body", "timestamp", "signature", "headers"])):
            case "body":
                body = edited(data, body)
            case "timestamp":
                headers[0] = (headers[0][0], edited(data, headers[0][1]))
            case "signature":
                headers[1] = (headers[1][0], edited(data, headers[1][1]))
            case "headers":
                headers = data.draw(st.lists(st.sampled_from(headers), max_size=4))
        is_changed = body != good.body or sorted(headers) != sorted((n.encode(), v.encode()) for n, v in good.headers)
        if is_changed:
            with pytest.raises(Refusal) as refused:
                admission.admit(headers, body)
            assert refused.value.status == 401
        # And none of it stands in the way of the request itself.
        admit(admission, good)
