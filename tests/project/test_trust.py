"""A server with a certificate of its own making: who is trusted, and what is told otherwise."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from orchestrator.errors import StackError
from orchestrator.project import hasura
from orchestrator.project.trust import SYSTEM, Trust


@dataclass(frozen=True)
class Secured:
    url: str
    authorities: Path


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"version": 3}')

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Who does not trust us hangs up."""


def self_signed(folder: Path) -> Path:
    """A file with a key and a certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(encoding))
    return path


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    path = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with Quiet(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Secured(f"https://127.0.0.1:{server.server_port}", path)
        server.shutdown()


def test_a_server_is_trusted_by_its_authority_or_without_any(secured: Secured) -> None:
    for trust in (Trust(secured.authorities), Trust(anyone=True)):
        with hasura.connect(secured.url, "", trust=trust) as client:
            assert client.metadata("export_metadata") == {"version": 3}


def test_a_server_that_is_not_trusted_is_told_with_the_way_out(secured: Secured) -> None:
    with hasura.connect(secured.url, "", trust=SYSTEM) as client, pytest.raises(StackError) as caught:
        client.metadata("export_metadata")
    assert "is not trusted" in caught.value.message
    assert "certificate_authority" in caught.value.hint


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_can_not_be_read_is_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StackError, match=r"The certificate authority .*ca\.pem can't be read"):
        Trust(path).context()
