"""The server: from a configuration to the open port, until a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator

import uvicorn

from orchestrator.gateway.admission import Admission
from orchestrator.gateway.app import Forward, Gateway
from orchestrator.gateway.config import Config, Secrets
from orchestrator.gateway.connection import BoundedProtocol, Connections
from orchestrator.gateway.errors import ConfigError
from orchestrator.gateway.hasura import ANSWER_SECONDS, Hasura
from orchestrator.gateway.replays import open_replays
from orchestrator.gateway.request_log import RequestLog
from orchestrator.gateway.sync_request import SyncMutation
from orchestrator.gateway.token_bucket import TokenBucket

# Longer than the 50 s for which the handler keeps a connection.
KEEP_ALIVE_SECONDS = 75
REQUEST_SECONDS = 5.0
# Room for those to Hasura and for the database under the smallest usual limit of open files, macOS's 256.
CONNECTIONS = 180


def serve(config: Config, secrets: Secrets) -> None:
    """Serves until a signal ends it; raises ConfigError where it can't start."""
    with contextlib.ExitStack() as open_until_the_end:
        mutation = SyncMutation(config.mutation, config.columns)
        replays = open_until_the_end.enter_context(contextlib.closing(open_replays(config.database)))
        listener = open_until_the_end.enter_context(listen(config.host, config.port))
        bucket = TokenBucket(config.requests_per_second, config.burst, time.monotonic)
        admission = Admission(secrets.key, mutation, bucket, replays, time.time)
        with asyncio.Runner(loop_factory=event_loop()) as runner:
            runner.run(run(admission, Hasura(config.graphql_url, secrets.admin_secret), listener))


async def run(admission: Admission, hasura: Hasura, listener: socket.socket) -> None:
    """Answers on the socket until a signal ends it."""
    async with hasura:
        server = make_server(admission, hasura.send, RequestLog(sys.stdout, time.time))
        sys.stderr.write("gateway: listening on http://{}:{}\n".format(*listener.getsockname()[:2]))
        await server.serve([listener])


def make_server(
    admission: Admission,
    forward: Forward,
    log: RequestLog,
    *,
    request_seconds: float = REQUEST_SECONDS,
    connections: int = CONNECTIONS,
) -> Server:
    """`request_seconds` is what the head and the body of a request each may take to be here."""
    protocol = functools.partial(
        BoundedProtocol, log=log, others=Connections(connections), head_seconds=request_seconds
    )
    return Server(
        uvicorn.Config(
            Gateway(admission, forward, log, body_seconds=request_seconds),
            http=protocol,  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            proxy_headers=False,
            log_config=None,
            # Its warnings are of malformed requests, which are in our log.
            log_level="error",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=math.ceil(ANSWER_SECONDS + 1),
        )
    )


class Server(uvicorn.Server):
    """Stops on a signal and then returns; uvicorn's own would die of the signal, before anything is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def event_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on; raises ConfigError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigError(f"{host}:{port} can't be listened on: {error}. Set GATEWAY_PORT.") from error
    return listener
