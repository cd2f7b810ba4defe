import asyncio
import json
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from orchestrator.engine.auth.jwks import JwksError, RemoteKeys, refresh_after

NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Cache-Control": "public"}, None),
        ({"Cache-Control": "public, max-age=3600"}, 3600),
        ({"Cache-Control": "s-maxage=60, max-age=3600"}, 60),
        ({"Cache-Control": "max-age=3600, s-maxage=60"}, 3600),
        ({"Cache-Control": "max-age=" + "9" * 5000}, None),
        ({"Cache-Control": "max-age=soon", "Expires": formatdate(NOW + 90, usegmt=True)}, None),
        ({"Cache-Control": "max-age=3600, must-revalidate"}, 3600),
        ({"Cache-Control": "must-revalidate"}, 0),
        ({"Cache-Control": "no-cache, max-age=3600"}, 0),
        ({"Cache-Control": "No-Store"}, 0),
        ({"Cache-Control": "max-age=soon"}, None),
        ({"Expires": formatdate(NOW + 90, usegmt=True)}, 90),
        ({"Expires": formatdate(NOW - 90, usegmt=True)}, 0),
        ({"Expires": "tomorrow"}, None),
        ({"Expires": formatdate(NOW + 90, usegmt=True), "Cache-Control": "max-age=5"}, 5),
    ],
)
def test_when_the_keys_are_to_be_fetched_again(headers, seconds):
    assert refresh_after(headers, at=NOW) == seconds


class Answers:
    """A server whose next answers are set from outside; the last one is repeated."""

    def __init__(self):
        self.queue = []
        self.asked = 0
        answers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status, body, headers = answers.next()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"

    def next(self):
        self.asked += 1
        return self.queue.pop(0) if len(self.queue) > 1 else self.queue[0]


@pytest.fixture
def answers():
    answers = Answers()
    thread = threading.Thread(target=answers.server.serve_forever, args=(0.01,))
    thread.start()
    yield answers
    answers.server.shutdown()
    thread.join()
    answers.server.server_close()


def good(secret="c2VjcmV0", **headers):
    return 200, json.dumps({"keys": [{"kty": "oct", "k": secret}]}).encode(), headers


async def test_the_keys_are_fetched_with_retries(answers):
    answers.queue = [(503, b"", {}), (200, b"not json", {}), good()]
    keys = RemoteKeys(answers.url)
    await keys.load(retry_after=(0, 0, 0))
    assert answers.asked == 3
    assert [key.material for key in keys()] == [b"secret"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((404, b"", {}), "the answer is 404 Not Found"),
        ((200, b"<html>", {}), "it is not valid JSON"),
        ((200, b"[" * 100_000, {}), "it is not valid JSON"),
        ((200, b'{"keys": {}}', {}), "it has no list of keys"),
    ],
)
async def test_keys_that_never_come_are_an_error_that_says_from_where(answers, answer, says):
    answers.queue = [answer]
    with pytest.raises(JwksError) as caught:
        await RemoteKeys(answers.url).load(retry_after=(0,))
    assert says in str(caught.value)
    assert answers.url in str(caught.value)
    assert answers.asked == 2


async def test_an_address_that_nobody_answers_is_an_error():
    with pytest.raises(JwksError, match="failed"):
        await RemoteKeys("http://127.0.0.1:1/jwks.json").load(retry_after=())


async def test_keys_are_kept_fresh_and_survive_a_failed_fetch(answers):
    answers.queue = [good(**{"Cache-Control": "max-age=0"}), (500, b"", {}), good("b3RoZXI=")]
    keys = RemoteKeys(answers.url)
    await keys.load()
    refresher = asyncio.create_task(keys.keep_fresh(wake_seconds=0.01))
    async with asyncio.timeout(10):
        while [key.material for key in keys()] != [b"other"]:
            assert keys()
            await asyncio.sleep(0.01)
    refresher.cancel()
    assert answers.asked == 3


async def test_what_speaks_no_http_is_an_error():
    async def answer(reader, writer):
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(JwksError, match="failed"):
            await RemoteKeys(f"http://127.0.0.1:{port}/jwks.json").load(retry_after=())


async def test_keys_that_were_taken_out_of_the_set_are_gone_and_an_empty_set_is_asked_for_again(answers):
    times = [NOW]
    answers.queue = [good(**{"Cache-Control": "max-age=100"}), (200, b'{"keys": []}', {}), good()]
    keys = RemoteKeys(answers.url, lambda: times[0])
    await keys.load()
    times[0] = NOW + 100
    assert await keys.refresh_if_due()
    assert keys() == ()
    assert await keys.refresh_if_due()
    assert keys()


async def test_an_answer_that_does_not_say_when_keeps_the_time_from_before(answers):
    times = [NOW]
    answers.queue = [good(**{"Cache-Control": "max-age=100"}), good()]
    keys = RemoteKeys(answers.url, lambda: times[0])
    await keys.load()
    times[0] = NOW + 100
    assert await keys.refresh_if_due()
    assert await keys.refresh_if_due()


async def test_keys_are_not_fetched_before_their_time(answers):
    times = [NOW]
    answers.queue = [good(**{"Cache-Control": "max-age=100"})]
    keys = RemoteKeys(answers.url, lambda: times[0])
    await keys.load()
    assert not await keys.refresh_if_due()
    times[0] = NOW + 100
    assert await keys.refresh_if_due()
    assert answers.asked == 2
