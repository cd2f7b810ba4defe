"""Handlers loaded as Lambda does, and a small real HTTP server in Hasura's place."""

from __future__ import annotations

import importlib.util
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

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LAMBDAS = Path(__file__).parents[2] / "lambdas"
WRITTEN = b'{"data": {"insert_users_one": {"id": "8c1f"}}}'


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """load("user_sync", SYNC_ON_FAILURE="deny") is the module of that function."""

    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # The code folders are the user's.

    def load(function: str, **environment: str) -> ModuleType:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        spec = importlib.util.spec_from_file_location(f"lambda_{function}", LAMBDAS / function / "app.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@dataclass
class Hasura:
    """What it answers, and what it was asked. With `hang_up` it closes a connection without having said so."""

    url: str
    status: int = 200
    answer: bytes = WRITTEN
    hang_up: bool = False
    drip: bool = False
    chunked: bool = False
    release: threading.Event = field(default_factory=threading.Event)
    silent: bool = False
    requests: list[dict] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    hung_up: threading.Event = field(default_factory=threading.Event)

    @property
    def user(self) -> dict:
        return self.requests[-1]["variables"]["user"]


@contextmanager
def serve(certificate: Path | None = None) -> Iterator[Hasura]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # A client that does not trust the certificate hangs up.
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    host = "https://localhost" if certificate else "http://127.0.0.1"
    server.hasura = Hasura(f"{host}:{server.server_port}/v1/graphql")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.hasura
    finally:
        server.hasura.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.hasura.connections += 1

    def finish(self) -> None:
        super().finish()
        self.server.hasura.hung_up.set()

    def do_POST(self) -> None:
        hasura = self.server.hasura
        hasura.requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        hasura.headers.append({name.lower(): value for name, value in self.headers.items()})
        if hasura.silent:
            hasura.release.wait(20)
            self.close_connection = True
            return
        self.send_response(hasura.status)
        if hasura.chunked:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(len(hasura.answer)))
        self.end_headers()
        self._write(hasura)
        self.close_connection = hasura.hang_up

    def _write(self, hasura: Hasura) -> None:
        if hasura.chunked:
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(hasura.answer), hasura.answer))
            return
        if not hasura.drip:
            self.wfile.write(hasura.answer)
            return
        with suppress(ConnectionError):
            for byte in hasura.answer:
                if hasura.release.wait(0.2):
                    break
                self.wfile.write(bytes([byte]))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hasura() -> Iterator[Hasura]:
    with serve() as server:
        yield server


@pytest.fixture
def hasura_with_tls(tmp_path: Path) -> Iterator[tuple[Hasura, Path]]:
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
def another_hasura() -> Iterator[Hasura]:
    with serve() as server:
        yield server
