"""Who shares a poll with whom, how many statements it takes, and when it ends; the database is a function here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from orchestrator.engine.answers import Slot
from orchestrator.engine.auth.session import Session
from orchestrator.engine.db import ConnectionLost
from orchestrator.engine.errors import EngineError
from orchestrator.engine.live.poller import Pace
from orchestrator.engine.live.registry import Leave, Subscriptions
from orchestrator.engine.scalars import encode_string
from orchestrator.engine.sql import Literal, RequestVariable, SessionVariable, StreamCursor
from orchestrator.engine.subscription import RunLive

USER = SessionVariable("x-hasura-user-id")
SLOTS = (Slot(b'"a"', "default", 0),)
QUERY = RunLive("default", SLOTS, "query", (Literal("10"),), (USER,))
START = RequestVariable(("from",), encode_string, "$")
STREAM = RunLive("default", SLOTS, "stream", (), (USER, StreamCursor()), START)


@dataclass(eq=False)
class Listener:
    """A subscriber that keeps what it is told."""

    is_ready: bool = True
    heard: list[object] = field(default_factory=list)
    leave: Leave = lambda: None

    def tell(self, data: bytes) -> None:
        self.heard.append(data.decode())

    def fail(self, error: EngineError) -> None:
        self.heard.append(error.message)

    def end(self, error: EngineError) -> None:
        self.heard.append(("end", error.message))
        self.leave()


class Source:
    """Answers statements with what `answer` gives for each line of their input, and keeps their parameters."""

    def __init__(self, answer: Callable[[Any], Sequence[Any] | None]) -> None:
        self.answer = answer
        self.asked: list[Sequence[Any]] = []

    async def fetch(self, source: str, text: str, values: Sequence[Any]) -> Sequence[Any]:
        assert source == "default"
        self.asked.append(values)
        await asyncio.sleep(0)
        lines = zip(*[value for value in values if isinstance(value, list)], strict=True)
        rows = [(number, self.answer(line)) for number, line in enumerate(lines, start=1)]
        return [(number, *row) for number, row in rows if row is not None]


def of_user(line: tuple[int | None, str]) -> Sequence[Any] | None:
    """A live query's answer: the user's own name, always the same."""
    known, user = line
    return None if known == hash(user) else (hash(user), f'"{user}"'.encode())


def session(user: str) -> Session:
    return Session("user", {"x-hasura-user-id": user})


class Held:
    """Subscriptions and a way to subscribe."""

    def __init__(self, source: Source, *, interval: float = 3600, batch_size: int = 100) -> None:
        pace = Pace(interval, batch_size)
        self.subscriptions = Subscriptions(source.fetch, queries=pace, streams=pace)

    def join(self, user: str, plan: RunLive = QUERY, start: str = "0") -> Listener:
        listener = Listener()
        listener.leave = self.subscriptions.join(plan, session(user), {"from": start}, listener)
        return listener


async def until(wanted: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not wanted():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_all_who_join_at_once_are_asked_for_in_one_statement() -> None:
    source = Source(of_user)
    held = Held(source)
    listeners = [held.join(f"u{n % 50}") for n in range(1000)]
    await until(lambda: all(each.heard for each in listeners))
    assert source.asked == [["10", [None] * 50, [f"u{n}" for n in range(50)]]]
    assert [each.heard for each in listeners] == [[f'{{"a":"u{n % 50}"}}'] for n in range(1000)]
    await held.subscriptions.close()


async def test_a_poll_brings_only_what_is_not_known_and_a_newcomer_is_asked_for_alone() -> None:
    source = Source(of_user)
    held = Held(source)
    first = [held.join("a"), held.join("b")]
    await until(lambda: all(each.heard for each in first))
    second = held.join("a")
    await until(lambda: second.heard)
    assert source.asked[1:] == [["10", [None], ["a"]]]
    assert [each.heard for each in (*first, second)] == [['{"a":"a"}'], ['{"a":"b"}'], ['{"a":"a"}']]
    await held.subscriptions.close()


async def test_everyone_is_asked_for_once_an_interval_with_what_is_known() -> None:
    source = Source(of_user)
    held = Held(source, interval=0.01)
    listeners = [held.join(user) for user in "ab"]
    await until(lambda: len(source.asked) > 3)
    assert source.asked[1:4] == [["10", [hash("a"), hash("b")], ["a", "b"]]] * 3
    assert [len(each.heard) for each in listeners] == [1, 1]
    await held.subscriptions.close()


async def test_more_than_a_batch_takes_several_statements() -> None:
    source = Source(of_user)
    held = Held(source, batch_size=2)
    listeners = [held.join(user) for user in "abcde"]
    await until(lambda: all(each.heard for each in listeners))
    assert [values[2] for values in source.asked] == [["a", "b"], ["c", "d"], ["e"]]
    await held.subscriptions.close()


@pytest.mark.parametrize("plan", [QUERY, STREAM])
async def test_a_poll_ends_with_its_last_subscriber(plan: RunLive) -> None:
    source = Source(lambda _: None)
    held = Held(source, interval=0.005)
    before = asyncio.all_tasks()
    listeners = [held.join(user, plan) for user in "ab"]
    await until(lambda: len(source.asked) > 2)
    assert len(asyncio.all_tasks() - before) == 1
    for each in listeners:
        each.leave()
        each.leave()
    await until(lambda: asyncio.all_tasks() == before)


async def test_who_has_left_hears_nothing_more() -> None:
    source = Source(of_user)
    held = Held(source)
    gone, stays = held.join("a"), held.join("a")
    while not source.asked:  # noqa: ASYNC110
        await asyncio.sleep(0)
    gone.leave()
    await until(lambda: stays.heard)
    assert gone.heard == []
    await held.subscriptions.close()


def failing(*blamed: str, error: EngineError) -> Callable[[Any], Sequence[Any] | None]:
    def answer(line: tuple[int | None, str]) -> Sequence[Any] | None:
        if line[1] in blamed:
            raise error
        return of_user(line)

    return answer


async def test_values_to_blame_are_found_and_the_others_answered() -> None:
    source = Source(failing("c", error=EngineError("data-exception", "no number")))
    held = Held(source)
    listeners = {user: held.join(user) for user in "abcdefgh"}
    await until(lambda: all(each.heard for each in listeners.values()))
    assert listeners.pop("c").heard == [("end", "no number")]
    assert all(each.heard == [f'{{"a":"{user}"}}'] for user, each in listeners.items())
    await held.subscriptions.close()


async def test_a_lost_connection_is_told_once_and_then_the_answer_again() -> None:
    source = Source(failing("a", error=ConnectionLost("unexpected", "away")))
    held = Held(source, interval=0.001)
    listeners = [held.join(user) for user in "ab"]
    await until(lambda: len(source.asked) > 5)
    assert all(len(values[2]) == 2 for values in source.asked)
    assert [each.heard for each in listeners] == [["away"], ["away"]]
    source.answer = of_user
    await until(lambda: all(len(each.heard) > 1 for each in listeners))
    assert [each.heard[1:] for each in listeners] == [['{"a":"a"}'], ['{"a":"b"}']]
    await held.subscriptions.close()


async def test_a_missing_session_variable_is_refused_at_once() -> None:
    held = Held(Source(of_user))
    with pytest.raises(EngineError, match="missing session variable"):
        held.subscriptions.join(QUERY, Session("user"), {}, Listener())


def counting(line: tuple[str, str]) -> Sequence[Any] | None:
    """A stream of numbers up to three: the next cursor, the rows."""
    n = int(line[1]) + 1
    return None if n > 3 else (str(n), f"[{n}]".encode())


async def test_each_reader_of_a_stream_goes_on_from_its_own_place_and_those_at_one_place_share_a_line() -> None:
    source = Source(counting)
    held = Held(source, interval=0.005)
    listeners = [held.join("a", STREAM, start) for start in ("0", "0", "2")]
    await until(lambda: len(source.asked) > 4)
    assert source.asked[:4] == [
        [["a", "a"], ["0", "2"]],
        [["a", "a"], ["1", "3"]],
        [["a", "a"], ["2", "3"]],
        [["a"], ["3"]],
    ]
    numbers = [[f'{{"a":[{n}]}}' for n in range(start + 1, 4)] for start in (0, 0, 2)]
    assert [each.heard for each in listeners] == numbers
    await held.subscriptions.close()


async def test_a_reader_that_is_not_ready_is_passed_over_and_misses_nothing() -> None:
    source = Source(counting)
    held = Held(source, interval=0.001)
    slow, quick = held.join("slow", STREAM), held.join("quick", STREAM)
    slow.is_ready = False
    await until(lambda: len(quick.heard) == 3)
    assert slow.heard == []
    slow.is_ready = True
    await until(lambda: len(slow.heard) == 3)
    assert slow.heard == quick.heard
    await held.subscriptions.close()


async def test_a_defect_is_told_and_the_poll_goes_on() -> None:
    def broken(line: object) -> Sequence[Any] | None:
        raise RuntimeError(line)

    source = Source(broken)
    held = Held(source, interval=0.001)
    listener = held.join("a")
    await until(lambda: listener.heard)
    source.answer = of_user
    await until(lambda: len(listener.heard) > 1)
    assert listener.heard == ["internal error", '{"a":"a"}']
    await held.subscriptions.close()
