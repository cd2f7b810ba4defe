"""Handlers loaded as Lambda does, and a small real HTTP server in the place of Hasura, a gateway or DynamoDB."""

from __future__ import annotations

import importlib
import json
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from tests.lambdas.dynamodb import Leases

DRIP_SECONDS = 0.2
LAMBDAS = Path(__file__).parents[2] / "lambdas"
# How long a handler waits for others: no test depends on how quick the machine is.
LIMITS = (
    ("app", "TOTAL_SECONDS"),
    ("gateway", "FIRST_BYTE_SECONDS"),
    ("leases", "READ_SECONDS"),
    ("http_json", "CONNECT_SECONDS"),
)
WRITTEN = b'{"data": {"insert_users_one": {"id": "8c1f"}}}'


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """load("user_sync", SYNC_ON_FAILURE="deny") is the module of that function, as new as after a cold start.

    The modules beside it are in sys.modules.
    """
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # The code folders are the user's.
    connections: list[dict] = []

    def load(function: str, **environment: str) -> ModuleType:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.syspath_prepend(LAMBDAS / function)
        forget()
        module = importlib.import_module("app")
        for name, limit in LIMITS:
            if hasattr(sys.modules.get(name), limit):
                monkeypatch.setattr(sys.modules[name], limit, 30.0)
        if "http_json" in sys.modules:
            connections.append(sys.modules["http_json"]._kept)
        return module

    yield load
    forget()
    for kept in connections:
        for connection, _ in kept.values():
            connection.close()


def forget() -> None:
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(LAMBDAS)):
            del sys.modules[name]


@pytest.fixture
def deny(monkeypatch: pytest.MonkeyPatch) -> None:
    """No failure goes unnoticed."""
    monkeypatch.setenv("SYNC_ON_FAILURE", "deny")


@dataclass
class Server:
    """What it answers, and what it was asked. With `hang_up` it closes a connection without having said so, with
    `forget_next` without an answer to the next request."""

    url: str
    status: int = 200
    answer: bytes = WRITTEN
    hang_up: bool = False
    forget_next: bool = False
    drip: Literal["head", "body"] | None = None
    chunked: bool = False
    release: threading.Event = field(default_factory=threading.Event)
    silent: bool = False
    requests: list[dict] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    hung_up: threading.Event = field(default_factory=threading.Event)

    @property
    def user(self) -> dict:
        return self.requests[-1]["variables"]["user"]


@contextmanager
def serve(certificate: Path | None = None) -> Iterator[Server]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # A client that does not trust the certificate hangs up.
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    host = "https://localhost" if certificate else "http://127.0.0.1"
    server.played = Server(f"{host}:{server.server_port}/v1/graphql")
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

    def finish(self) -> None:
        super().finish()
        self.server.played.hung_up.set()

    def do_POST(self) -> None:
        played = self.server.played
        played.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        played.requests.append(json.loads(played.bodies[-1]))
        played.headers.append({name.lower(): value for name, value in self.headers.items()})
        if played.silent:
            played.release.wait(20)
            self.close_connection = True
            return
        if played.forget_next:
            played.forget_next, self.close_connection = False, True
            return
        if played.drip == "head":
            self._drip(b"HTTP/1.1 200 OK\r\nserver: slow\r\ncontent-length: 0\r\n\r\n")
            return
        self.send_response(played.status)
        if played.chunked:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(len(played.answer)))
        self.end_headers()
        self._write(played)
        self.close_connection = played.hang_up

    def _write(self, played: Server) -> None:
        if played.chunked:
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(played.answer), played.answer))
        elif played.drip == "body":
            self._drip(played.answer)
        else:
            self.wfile.write(played.answer)

    def _drip(self, content: bytes) -> None:
        with suppress(ConnectionError):
            for byte in content:
                if self.server.played.release.wait(DRIP_SECONDS):
                    break
                self.wfile.write(bytes([byte]))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hasura() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def hasura_with_tls(tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """The server, and the file with the certificate that a client has to trust."""
    certificate = tmp_path / "hasura.pem"
    certificate.write_bytes(self_signed("localhost"))
    with serve(certificate) as server:
        yield server, certificate


def self_signed(name: str) -> bytes:
    """A key and a certificate for this host name, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem + certificate.public_bytes(Encoding.PEM)


@pytest.fixture
def another_hasura() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def gateway() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def another_gateway() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[str]:
    from tests.lambdas.dynamodb import server  # moto takes a second to import

    with server() as endpoint:
        yield endpoint


@pytest.fixture
def leases(dynamodb: str) -> Iterator[Leases]:
    from tests.lambdas.dynamodb import lease_table

    with lease_table(dynamodb) as table:
        yield table


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Callable[[], dict]:
    """logged() is the one line that the handler has written since the last call."""

    def logged() -> dict:
        (line,) = capsys.readouterr().out.splitlines()
        return json.loads(line)

    return logged
