from __future__ import annotations

import asyncio
import json

import pytest

from orchestrator.gateway.errors import Refusal
from orchestrator.gateway.hasura import Hasura, HasuraAnswer
from tests.gateway.requests import ADMIN_SECRET
from tests.gateway.upstream import WRITTEN, Upstream


async def refusal(hasura: Hasura) -> Refusal:
    async with hasura:
        with pytest.raises(Refusal) as refused:
            await hasura.send(b"{}")
    assert ADMIN_SECRET not in refused.value.body().decode()
    return refused.value


async def test_a_connection_is_kept(hasura: Upstream) -> None:
    async with Hasura(hasura.url, ADMIN_SECRET) as ours:
        for _ in range(3):
            assert await ours.send(b"{}") == HasuraAnswer(200, WRITTEN)
    assert len(hasura.asked) == 3
    assert hasura.connections == 1


async def test_a_kept_connection_that_was_closed_is_replaced(hasura: Upstream) -> None:
    hasura.hang_up = True
    async with Hasura(hasura.url, ADMIN_SECRET) as ours:
        for _ in range(20):
            assert (await ours.send(b"{}")).status == 200
    assert hasura.connections == len(hasura.asked) == 20


async def test_a_secret_of_any_letters_arrives(hasura: Upstream) -> None:
    async with Hasura(hasura.url, 'gehëim "🦉" $x') as ours:
        await ours.send(b"{}")
    ((_, headers, _),) = hasura.asked
    assert headers["x-hasura-admin-secret"].encode("latin-1").decode() == 'gehëim "🦉" $x'


async def test_hasura_that_is_slow_is_504(hasura: Upstream) -> None:
    hasura.silent = True
    refused = await refusal(Hasura(hasura.url, ADMIN_SECRET, seconds=0.1))
    assert (refused.status, refused.code) == (504, "hasura-slow")


async def test_what_hasura_was_slow_with_is_not_taken_back(hasura: Upstream) -> None:
    hasura.silent = True
    async with Hasura(hasura.url, ADMIN_SECRET, seconds=0.1) as ours:
        with pytest.raises(Refusal):
            await ours.send(b"{}")
        hasura.release.set()
        assert await asyncio.to_thread(hasura.patient.get, timeout=10)


async def test_hasura_that_is_away_is_502(refusing_port: int) -> None:
    refused = await refusal(Hasura(f"http://127.0.0.1:{refusing_port}/", ADMIN_SECRET))
    assert (refused.status, refused.code) == (502, "hasura-away")


async def test_a_name_that_is_none_is_502() -> None:
    refused = await refusal(Hasura("http://no-such-host.invalid/", ADMIN_SECRET))
    assert (refused.status, refused.code) == (502, "hasura-away")


async def test_what_does_not_speak_http_is_502() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    refused = await refusal(Hasura(f"http://127.0.0.1:{port}/", ADMIN_SECRET))
    server.close()
    assert (refused.status, refused.code) == (502, "hasura-away")


async def test_the_admin_secret_follows_no_redirect(hasura: Upstream) -> None:
    hasura.status, hasura.headers, hasura.answer = 307, {"location": hasura.url + "/other"}, b""
    async with Hasura(hasura.url, ADMIN_SECRET) as ours:
        assert (await ours.send(b"{}")).status == 307
    assert len(hasura.asked) == 1


async def test_an_answer_is_bounded(hasura: Upstream) -> None:
    hasura.answer = b"x" * 65_536
    async with Hasura(hasura.url, ADMIN_SECRET) as ours:
        assert len((await ours.send(b"{}")).body) == 65_536
    hasura.answer = b"x" * 65_537
    refused = await refusal(Hasura(hasura.url, ADMIN_SECRET))
    assert (refused.status, refused.code) == (502, "answer-withheld")


@pytest.mark.parametrize("secret", [ADMIN_SECRET, 'with "quotes" and \\'])
async def test_an_answer_that_holds_the_admin_secret_is_withheld(hasura: Upstream, secret: str) -> None:
    hasura.answer = json.dumps({"errors": [{"message": f"headers: {secret}"}]}).encode()
    async with Hasura(hasura.url, secret) as ours:
        with pytest.raises(Refusal) as refused:
            await ours.send(b"{}")
    assert refused.value.code == "answer-withheld"
    assert secret not in refused.value.message
