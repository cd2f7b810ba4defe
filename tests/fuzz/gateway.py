"""Sends a gateway random requests, signed and not, valid, nearly valid and broken, and looks at what arrives behind it.

    python -m tests.fuzz.gateway [--seconds 60] [--seed 1]

Nothing may arrive but the one mutation, with plain values, as it was signed, and once. It prints each finding with the
bytes that show it, and ends with status 1 if there are any; the same seed makes the same changes. `make test` sends a
few hundred requests.
"""

from __future__ import annotations

import argparse
import copy
import http.client
import json
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any

from tests.gateway.conftest import Gateway, config, started
from tests.gateway.requests import ADMIN_SECRET, COLUMNS, KEY, MUTATION, Request, contents, signed
from tests.gateway.upstream import Upstream, upstream

# A request that was cut short is waited for by the gateway for longer than there is time for.
ANSWER_SECONDS, WHOLE_SECONDS = 0.05, 10
EMAIL = "someone@example.com"
NAMES = (
    *COLUMNS,
    "role",
    "query",
    "variables",
    "user",
    "columns",
    "at",
    "operationName",
    "extensions",
    "",
    "__proto__",
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**53, 2**53 + 2, 10**40, 1.5, 1e300, "", "\0", "x" * 128, "x" * 129, "é" * 2049),
    *("id", "username", "now()", "infinity", "2026-01-01T00:00:00Z", "🦉\u202e", "'; drop table users; --"),
    *([], {}, [[]], ["id"], ["username"], [None], {"data": {"id": 1}}, {"data": [{"id": 1}], "on_conflict": {}}),
    *(MUTATION, "{ users { id } }", "mutation { delete_users(where: {}) { affected_rows } }"),
)
PIECES = (
    *(b"\r\n", b"\n", b"\0", b": ", b" ", b"GET /sync HTTP/1.1\r\n\r\n", b"/v1/graphql", b"content-length: 0\r\n"),
    *(b"transfer-encoding: chunked\r\n", b"x-sync-timestamp: 1\r\n", b"x-hasura-admin-secret: x\r\n", b"0\r\n\r\n"),
    *(
        b"connection: upgrade\r\nupgrade: websocket\r\n",
        b"expect: 100-continue\r\n",
        b"HTTP/1.0",
        b"?",
        b"%2f",
        b"{",
        b"}",
    ),
)


@dataclass
class Report:
    answers: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


@contextmanager
def running() -> Iterator[tuple[Gateway, Upstream]]:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name, upstream() as behind:
        folder = Path(name)
        settings = {**config(behind.url, folder), "requests_per_second": 100_000, "burst": 100_000}
        with started(settings, folder) as gateway:
            yield gateway, behind


def run(gateway: Gateway, behind: Upstream, seed: int, *, requests: int | None = None, seconds: float = 3600) -> Report:
    """Sends until so many requests are done or so much time is over."""
    random, report, deadline = Random(seed), Report(), time.monotonic() + seconds
    may_arrive: Counter[str] = Counter()
    number = 0
    while number != requests and time.monotonic() < deadline and gateway.process.poll() is None:
        number += 1
        make = random.choice(MAKERS)
        request = make(random, f"user-{number}")
        if make in SIGNED:
            may_arrive[variables_of(request.body)] += 1
        data = whole = request.raw()
        if make is not changed_contents:
            for _ in range(random.choice((0, 0, 1, 2, 4))):
                data = changed(random, data)
        seconds = WHOLE_SECONDS if data == whole else ANSWER_SECONDS
        report.answers[answered(gateway, data, report, seconds)] += 1
    if (ended := gateway.process.poll()) is not None:
        report.findings.append(f"the gateway ended with status {ended}")
    for _, _, body in behind.asked:
        if complaint := judged(body, may_arrive):
            report.findings.append(f"{complaint}: {body!r}")
    report.findings += complaints_of(gateway)
    return report


def variables_of(body: bytes) -> str:
    """The request's variables, always written alike; nothing if it has none."""
    try:
        return json.dumps(json.loads(body)["variables"], sort_keys=True)
    except (ValueError, KeyError, TypeError):
        return ""


def right(_: Random, user_id: str) -> Request:
    return signed(contents(user_id, email=EMAIL))


def unsigned(random: Random, user_id: str) -> Request:
    request = right(random, user_id)
    return request.with_header(random.choice(("x-sync-timestamp", "x-sync-signature")), *random.choice(((), ("v1=0",))))


def of_another_key(_: Random, user_id: str) -> Request:
    return signed(contents(user_id, email=EMAIL), key=KEY[::-1])


def stale(random: Random, user_id: str) -> Request:
    skew = random.choice((-1, 1)) * random.randint(301_000, 10**9)
    return signed(contents(user_id, email=EMAIL), timestamp=time.time_ns() // 1_000_000 + skew)


def changed_contents(random: Random, user_id: str) -> Request:
    """Signed as it should be, with contents that nobody should send."""
    document: Any = contents(user_id, email=EMAIL)
    for _ in range(random.randint(1, 3)):
        change(random, document)
    text = json.dumps(document).encode()
    return signed(changed(random, text) if random.random() < 0.2 else text)


SIGNED = (right, changed_contents)
MAKERS = (*SIGNED, *SIGNED, unsigned, of_another_key, stale)


def change(random: Random, document: Any) -> None:
    """Another value, one more or one less, somewhere in the document."""
    place = document
    while isinstance(place, dict | list) and place and random.random() < 0.7:
        inner = random.choice(list(place.values()) if isinstance(place, dict) else place)
        if not isinstance(inner, dict | list):
            break
        place = inner
    value = copy.deepcopy(random.choice(VALUES))
    match place, random.randrange(3):
        case {}, 0 if place:
            del place[random.choice(list(place))]
        case {}, 1:
            place[random.choice(NAMES)] = value
        case {}, _ if place:
            place[random.choice(list(place))] = value
        case [*_], 0 if place:
            place.pop(random.randrange(len(place)))
        case [*_], _:
            place.insert(random.randint(0, len(place)), random.choice((*NAMES, value)))


def changed(random: Random, text: bytes) -> bytes:
    """The text with some of its bytes changed, doubled, moved or taken out; half of the time early, in the head."""
    at = random.randrange(len(text) + 1)
    if random.random() < 0.5:
        at = min(at, random.randrange(300))
    length = random.choice((1, 1, 1, 2, 5, 20))
    match random.randrange(6):
        case 0:
            return text[:at] + text[at + length :]
        case 1:
            return text[:at] + text[at : at + length] + text[at:]
        case 2:
            return text[:at] + random.choice(PIECES) + text[at:]
        case 3:
            return text[:at] + random.randbytes(length) + text[at + length :]
        case 4:
            return text[:at]
        case _:
            other = random.randrange(len(text) + 1)
            return text[:at] + text[other : other + length] + text[at + length :]


def answered(gateway: Gateway, data: bytes, report: Report, seconds: float) -> str:
    """What kind of answer it is. What is wrong with it goes to the report."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=seconds) as connection:
        with suppress(OSError):
            connection.sendall(data)
        response = http.client.HTTPResponse(connection)
        try:
            response.begin()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
    if ADMIN_SECRET.encode() in body or KEY.encode() in body:
        report.findings.append(f"a secret is told: {body!r}")
    try:
        found = json.loads(body or b"null")
    except ValueError:
        found = None
    is_failure = response.status >= 500 and response.status != HTTPStatus.GATEWAY_TIMEOUT  # That is a busy machine's.
    if is_failure or not isinstance(found, dict) or (response.status == 200) == ("errors" in found):
        report.findings.append(f"the answer is {response.status} {body!r}\n  sent: {data!r}")
    return str(response.status)


def judged(body: bytes, may_arrive: Counter[str]) -> str | None:
    """What is wrong with a request that has arrived behind the gateway."""
    found = json.loads(body)
    if found.keys() != {"query", "variables"} or found["query"] != MUTATION:
        return "this is not the mutation"
    signed_variables = variables_of(body)
    may_arrive[signed_variables] -= 1
    if may_arrive[signed_variables] < 0:
        return "this was not signed, or was here before"
    user, columns = found["variables"]["user"], found["variables"]["columns"]
    if not user.keys() <= set(COLUMNS) or not set(columns) <= user.keys() - {"id"}:
        return "there are foreign columns"
    if [value for value in user.values() if isinstance(value, dict | list)]:
        return "there are nested values"
    if [value for value in user.values() if isinstance(value, str) and (len(value) > 2048 or "\0" in value)]:
        return "there are texts that may not be"
    return None if isinstance(user["id"], str) and user["id"] else "there is no id"


def complaints_of(gateway: Gateway) -> Iterator[str]:
    """What is wrong with what the gateway has written."""
    for line in gateway.log.read_bytes().splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict) or not {"time", "outcome", "milliseconds"} <= found.keys():
            yield f"a line of the log is {line!r}"
    written = gateway.log.read_text() + gateway.said.read_text()
    for word in (KEY, ADMIN_SECRET, "v1=", EMAIL, "Traceback"):
        if word in written:
            at = written.index(word)
            yield f"the log has {written[max(0, at - 200) : at + 500]!r}"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.gateway", description="Random requests to the gateway.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args(argv)
    with running() as (gateway, behind):
        report = run(gateway, behind, options.seed, seconds=options.seconds)
    print(f"seed {options.seed}: {sum(report.answers.values())} requests, {dict(report.answers.most_common())}")
    print("\n".join(report.findings) or "nothing found")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
