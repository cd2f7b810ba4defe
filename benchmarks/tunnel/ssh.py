"""What the gateway and an ssh tunnel before it add to a sync, beside asking Hasura's stand-in directly."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.row import Row, at_most
from benchmarks.tunnel.gateway import KEY, MUTATION, gateway, signed, upstream
from tests.tunnel.program import Program
from tests.tunnel.sshd import PROGRAM, Sshd, make_keys

REQUESTS = 500


def rows() -> Iterator[Row]:
    if PROGRAM is None:
        raise SystemExit("This benchmark needs sshd: apt-get install openssh-server.")
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as name, upstream() as graphql:
        folder = Path(name)
        direct = median(graphql)
        with gateway(graphql, folder) as sync:
            server = Sshd(folder / "sshd", make_keys(folder))
            server.start()
            try:
                with Program(folder, config(server, sync), os.environ) as keeper:
                    through = median(f"{keeper.until_open()['url']}/sync")
                    keeper.stop()
            finally:
                server.stop()
    yield Row("sync through gateway and ssh tunnel: adds, p50", through - direct, "ms", at_most(3))


def config(server: Sshd, sync: str) -> dict[str, object]:
    """The keeper's configuration for a tunnel through this server to the gateway at this URL."""
    return {
        "provider": "ssh",
        "options": server.options(),
        "target": sync.removesuffix("/sync"),
        "path": "/sync",
        "gateway_id": hmac.digest(KEY.encode(), b"gateway id", hashlib.sha256).hex()[:16],
    }


def median(url: str) -> float:
    """The milliseconds of the median request of many, one by one on one connection, as the handler keeps it."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    document = MUTATION.read_text()
    found = []
    for number in range(REQUESTS):
        timestamp, signature, body = signed(document, number).split(" ", 2)
        headers = {"content-type": "application/json", "x-sync-timestamp": timestamp, "x-sync-signature": signature}
        begin = time.perf_counter()
        connection.request("POST", parts.path, body, headers)
        answer = connection.getresponse()
        answer.read()
        found.append((time.perf_counter() - begin) * 1000)
        if answer.status != 200:
            raise SystemExit(f"{url} answered {answer.status}.")
    connection.close()
    return statistics.median(found)
