"""JSON by HTTP, over connections that stay open between two invocations; every wait has its end."""

from __future__ import annotations

import functools
import http.client
import io
import json
import socket
import ssl
import time
from collections import namedtuple
from urllib.parse import urlsplit, urlunsplit

CONNECT_SECONDS = 1.0
IDLE_SECONDS = 50.0  # Past this, gateways on the way may have forgotten the connection without saying so.
ANSWER_BYTES = 1_000_000
NO_ANSWER = (OSError, http.client.HTTPException, ValueError)  # What `post` raises.

_kept = {}  # (scheme, host, port): (the open connection, the time of its last use)


class Answer(namedtuple("Answer", "status body")):
    @property
    def document(self):
        """The JSON object in the body; None for anything else."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return None
        return document if isinstance(document, dict) else None


def address_of(url):
    """The parts of an http or https URL. Raises ValueError for anything else."""
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname or address.port == 0:
        raise ValueError("not an http or https URL")
    return address


def host_of(address):
    """The Host header: `example.com`, or `localhost:8080`."""
    return address.netloc.rpartition("@")[2]


def post(address, body, headers, *, deadline, first_byte_by=None):
    """The answer to this body. `headers()` is asked for each attempt: a signature holds for one request.

    The times are those of time.monotonic(). A kept connection that turns out to be closed is replaced once, so that
    the server may see the request twice. Raises one of NO_ANSWER.
    """
    by = deadline if first_byte_by is None else min(first_byte_by, deadline)
    connection = _take_kept(address)
    if connection is not None:
        try:
            return _exchange(connection, address, body, headers(), by, deadline)
        except TimeoutError:
            raise
        except (OSError, http.client.BadStatusLine):
            pass
    return _exchange(_connect(address, by), address, body, headers(), by, deadline)


@functools.cache
def tls():
    """The trusted certificates, which take some 20 ms to read."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _origin(address):
    return address.scheme, address.hostname, address.port


def _take_kept(address):
    """The open connection to this address, if one was used a moment ago. Those that were not are closed."""
    now = time.time()  # Unlike the monotonic clock, it is right after a time in which AWS kept the sandbox frozen.
    for origin, (connection, used) in list(_kept.items()):
        if not 0 <= now - used < IDLE_SECONDS:
            connection.close()
            del _kept[origin]
    connection, _ = _kept.pop(_origin(address), (None, None))
    return connection


def _connect(address, by):
    by = min(by, time.monotonic() + CONNECT_SECONDS)
    secure = address.scheme == "https"
    host, port = address.hostname, address.port or (443 if secure else 80)
    connection = http.client.HTTPConnection(host, port)
    connection.sock = _socket(host, port, by)
    if secure:
        try:
            connection.sock.settimeout(_seconds_left(by))
            connection.sock = tls().wrap_socket(connection.sock, server_hostname=host)
        except BaseException:
            connection.close()
            raise
    return connection


def _socket(host, port, by):
    """A connected socket. socket.create_connection would begin its timeout anew for each address of the host."""
    problem = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(_seconds_left(by))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError as error:
            sock.close()
            problem = error
    raise problem


def _exchange(connection, address, body, headers, by, deadline):
    """One request and its answer. The connection is kept if it can be used again, else closed."""
    reusable = False
    try:
        connection.sock.settimeout(_seconds_left(by))
        connection.response_class = lambda sock, **options: http.client.HTTPResponse(
            _Reader(sock, by, deadline), **options
        )
        target = urlunsplit(("", "", address.path or "/", address.query, ""))
        connection.request("POST", target, body, {"host": host_of(address), "connection": "keep-alive", **headers})
        with connection.getresponse() as response:
            answer = Answer(response.status, response.read(ANSWER_BYTES))
            reusable = connection.sock is not None and response.isclosed()
        return answer
    finally:
        if reusable:
            _kept[_origin(address)] = (connection, time.time())
        else:
            connection.close()


class _Reader(io.RawIOBase):
    """What a socket receives: the first byte by one time and the rest by another, else TimeoutError.

    A socket's own timeout would begin again with every byte.
    """

    def __init__(self, sock, first_byte_by, deadline):
        self._sock, self._received = sock, sock.makefile("rb", buffering=0)
        self._by, self._deadline = first_byte_by, deadline

    def makefile(self, _mode):
        return io.BufferedReader(self)

    def readable(self):
        return True

    def readinto(self, buffer):
        self._sock.settimeout(_seconds_left(self._by))
        count = self._received.readinto(buffer)
        self._by = self._deadline
        return count

    def close(self):
        self._received.close()
        super().close()


def _seconds_left(by):
    left = by - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
