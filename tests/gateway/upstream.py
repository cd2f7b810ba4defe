"""A small real HTTP server in Hasura's place."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WRITTEN = b'{"data":{"insert_users_one":{"id":"8c1f1f62"}}}'


@dataclass
class Upstream:
    """What it answers, and what it was asked.

    `silent` keeps clients waiting until `release`, and `patient` says which of them were still there then; `hang_up`
    closes a connection after an answer, without having said so.
    """

    url: str
    status: int = 200
    answer: bytes = WRITTEN
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    silent: bool = False
    release: threading.Event = field(default_factory=threading.Event)
    patient: queue.SimpleQueue[bool] = field(default_factory=queue.SimpleQueue)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.asked]


@contextmanager
def upstream() -> Iterator[Upstream]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.played = Upstream(f"http://127.0.0.1:{server.server_port}/v1/graphql")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.played
    finally:
        server.played.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # A body after its head would wait for the client's delayed ACK.

    def setup(self) -> None:
        super().setup()
        self.server.played.connections += 1

    def do_POST(self) -> None:
        played = self.server.played
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        played.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        if played.silent:
            played.release.wait(20)
            played.patient.put(self._is_open())
            self.close_connection = True
            return
        with suppress(ConnectionError):
            self.send_response(played.status)
            for name, value in {"content-length": str(len(played.answer)), **played.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(played.answer)
        self.close_connection = played.hang_up

    do_GET = do_POST

    def _is_open(self) -> bool:
        try:
            return self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except ConnectionError:
            return False

    def log_message(self, *_: object) -> None:
        pass
