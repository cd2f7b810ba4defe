"""What waits to be sent keeps its order and stays small."""

from __future__ import annotations

import asyncio

from orchestrator.engine.websocket.outbox import MAX_WAITING, Close, Outbox


async def sent(outbox: Outbox) -> list[object]:
    found: list[object] = []
    while not outbox.is_empty:
        item = await outbox.take()
        found.append(item if isinstance(item, Close) else item.decode())
    return found


async def test_messages_keep_their_order_and_an_answer_takes_the_place_of_the_one_before() -> None:
    outbox = Outbox()
    outbox.put(b"ack")
    outbox.replace("1", b"old")
    outbox.put(b"pong")
    outbox.replace("1", b"new")
    outbox.close(1000, "bye")
    assert outbox.holds("1")
    assert await sent(outbox) == ["ack", "new", "pong", Close(1000, "bye")]
    assert not outbox.holds("1")


async def test_an_answer_that_is_no_longer_wanted_is_not_sent() -> None:
    outbox = Outbox()
    outbox.replace("1", b"one")
    outbox.replace("2", b"two")
    outbox.drop("1")
    assert await sent(outbox) == ["two"]


async def test_a_client_is_not_read_from_while_it_does_not_read() -> None:
    outbox = Outbox()
    for _ in range(MAX_WAITING):
        outbox.put(b"x")
    reading = asyncio.create_task(outbox.room())
    await asyncio.sleep(0)
    assert not reading.done()
    await outbox.take()
    await asyncio.wait_for(reading, 5)


async def test_who_takes_waits_for_a_message() -> None:
    outbox = Outbox()
    taking = asyncio.create_task(outbox.take())
    await asyncio.sleep(0)
    assert not taking.done()
    outbox.put(b"x")
    assert await asyncio.wait_for(taking, 5) == b"x"
