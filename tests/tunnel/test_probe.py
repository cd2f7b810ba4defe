from __future__ import annotations

import asyncio
import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orchestrator.launchers.ports import free_ports
from orchestrator.tunnel.probe import probe
from tests.tunnel.conftest import GATEWAY_ID, Gateway


@contextmanager
def answering(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[str]:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/sync"
        server.shutdown()
        thread.join()


async def test_our_gateway_is_known_by_its_id(gateway: Gateway) -> None:
    assert await probe(f"{gateway.url}/sync", GATEWAY_ID) is None


async def test_another_stacks_gateway_is_not_ours(gateway: Gateway) -> None:
    gateway.id = "ffffffffffffffff"
    assert await probe(f"{gateway.url}/sync", GATEWAY_ID) == "another stack's gateway answered"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"gateway": 1}'),
        (200, b"\xff"),
        (200, b"[" * 60_000),
        (302, b""),
        (500, b"x" * 200_000),
    ],
)
async def test_whatever_else_answers_is_not_ours(status: int, body: bytes) -> None:
    with answering(status, body) as url:
        why = await probe(url, GATEWAY_ID)
    assert why in (f"something else answered, with status {status}", "another stack's gateway answered")


async def test_an_ngrok_error_is_named() -> None:
    with answering(404, b"<html>", {"ngrok-error-code": "ERR_NGROK_3200"}) as url:
        why = await probe(url, GATEWAY_ID)
    assert why == "ngrok answered ERR_NGROK_3200, see https://ngrok.com/docs/errors/err_ngrok_3200"
    with answering(502, b"<html> ... (ERR_NGROK_8012)") as url:
        assert "ERR_NGROK_8012" in str(await probe(url, GATEWAY_ID))


async def test_nobody_there_is_said() -> None:
    (port,) = free_ports(1)
    assert str(await probe(f"http://127.0.0.1:{port}/sync", GATEWAY_ID)).startswith("nothing answered (")


async def test_whoever_does_not_answer_in_time_does_not_answer() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        why = await probe(f"http://127.0.0.1:{server.server_port}/sync", GATEWAY_ID, seconds=0.1)
    assert why == "nothing answered within 0.1 s"


@pytest.mark.parametrize(
    "host", ["a" * 70 + ".invalid", "*.example.invalid", "a..invalid", "-.invalid", "\u2028.invalid"]
)
async def test_a_host_that_cannot_be_is_not_ours(host: str) -> None:
    assert str(await probe(f"https://{host}/sync", GATEWAY_ID, seconds=2)).startswith("nothing answered")


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    async with server:
        why = await probe(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/sync", GATEWAY_ID)
    assert "CERTIFICATE_VERIFY_FAILED" in str(why)


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = serialization.PrivateFormat.PKCS8
    (folder / "key").write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption()))
    return folder / "certificate", folder / "key"
