"""The user-sync handler as AWS runs it: what it takes from a sign-in, cold and warm, with a stack there and without.

DynamoDB is moto's server. The gateway is a small server in this process, which answers at once; by HTTPS, as a tunnel.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from benchmarks.row import Row, at_most
from benchmarks.servers import running

CODE = Path(__file__).parents[2] / "lambdas" / "user_sync"
TABLE, REGION = "leases", "us-east-1"
COLD_STARTS, SIGN_INS, DEAD_TUNNELS = 9, 60, 3
# What a handler would do instead that reads the lease with the SDK.
WITH_BOTO3 = f"""
import time; begin = time.perf_counter()
import boto3
boto3.client("dynamodb").get_item(TableName={TABLE!r}, Key={{"client_id": {{"S": "there"}}}})
print((time.perf_counter() - begin) * 1000)
"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as folder, moto() as endpoint:
        certificate, trusted = Path(folder, "gateway.pem"), Path(folder, "trusted.pem")
        certificate.write_bytes(self_signed())
        trusted.write_bytes(certificate.read_bytes() + authorities())
        environ = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            "SYNC_LEASE_TABLE": TABLE,
            "SSL_CERT_FILE": str(trusted),
        }
        with gateway(certificate) as url, silence() as nowhere:
            put = leases(endpoint)
            put("there", url)
            put("gone", url, seconds=-600)
            yield cold_start(environ)
            yield expired(environ)
            for number in range(DEAD_TUNNELS):
                put(f"dead{number}", f"{nowhere}/{number}")
            yield from dead(environ)


def cold_start(environ: Mapping[str, str]) -> Row:
    """Both in turn, so that a busy moment hits them alike."""
    ours, boto3s = [], []
    for _ in range(COLD_STARTS):
        ours.extend(invoked(environ, ["there"], "user synced"))
        boto3s.append(float(_output([sys.executable, "-c", WITH_BOTO3], environ)))
    name = "handler, cold: from import to the answer of a gateway by HTTPS, p50"
    return Row(name, statistics.median(ours), "ms", at_most(60), "boto3, GetItem alone", statistics.median(boto3s))


def expired(environ: Mapping[str, str]) -> Row:
    _, *warm = invoked(environ, ["gone"] * SIGN_INS, "user not synced")
    return Row("sign-in with an expired lease: the handler adds, p50", statistics.median(warm), "ms", at_most(20))


def dead(environ: Mapping[str, str]) -> Iterator[Row]:
    """One container, whose sign-ins are of app clients with a tunnel that takes connections and says nothing."""
    clients = [f"dead{number}" for number in range(DEAD_TUNNELS)]
    _, *warm = invoked(environ, ["gone", *clients, *clients], "user not synced")
    first, later = warm[:DEAD_TUNNELS], warm[DEAD_TUNNELS:]
    yield Row(f"dead tunnel, first sign-in, worst of {DEAD_TUNNELS}", max(first) / 1000, "s", at_most(1.2))
    yield Row(f"dead tunnel, second sign-in, worst of {DEAD_TUNNELS}", max(later), "ms", at_most(20))


def invoked(environ: Mapping[str, str], clients: list[str], message: str) -> list[float]:
    """The milliseconds of a sign-in of each app client, in a new process; the first holds the import.

    As on AWS, there are no compiled files of the handler's. SystemExit when its log says another message.
    """
    program = Path(__file__).with_name("invoke.py").read_text()
    command = [sys.executable, "-B", "-c", program, *clients]
    *log, durations = _output(command, {**environ, "PYTHONPATH": str(CODE)}).splitlines()
    if any(json.loads(line)["message"] != message for line in log) or len(log) != len(clients):
        raise SystemExit(f"The handler said something else than {message!r}: {log}")
    found: list[float] = json.loads(durations)
    return found


def _output(command: list[str], environ: Mapping[str, str]) -> str:
    return subprocess.run(command, env={**os.environ, **environ}, check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def moto() -> Iterator[str]:
    with running(lambda port: [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]) as server:
        yield server.url


def leases(endpoint: str) -> Any:
    """Makes the table; gives a function that puts a lease into it."""
    api: Any = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(proxies={}),
    )
    api.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "client_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "client_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def put(client_id: str, url: str, *, seconds: float = 600) -> None:
        item = {
            "client_id": {"S": client_id},
            "owner": {"S": "bench"},
            "url": {"S": url},
            "key": {"S": "5c3a" * 16},
            "expires_at": {"N": str(int(time.time() + seconds))},
            "proved_at": {"N": "1"},
        }
        api.put_item(TableName=TABLE, Item=item)

    return put


class _Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answer = b'{"data": {"insert_users_one": {"id": "8c1f2f6e-0d3c-4a44-9d5e-0f5b7c0a1f11"}}}'

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def gateway(certificate: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Gateway)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}/sync"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def silence() -> Iterator[str]:
    """A port whose connections nobody takes up; the system itself opens them."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def authorities() -> bytes:
    """The certificates that this machine trusts: a function has to read as many before it speaks TLS."""
    file = ssl.get_default_verify_paths().cafile
    return Path(file).read_bytes() if file else b""


def self_signed() -> bytes:
    """A key and a certificate for localhost, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem + certificate.public_bytes(Encoding.PEM)
