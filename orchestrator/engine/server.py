"""The server: its start, from keys and state to the open port, and its stop by a signal."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import uvicorn

from orchestrator.engine import app, db
from orchestrator.engine.auth.session import AskHook, AuthConfig, Authenticator, Keys
from orchestrator.engine.config import Config, ConfigError
from orchestrator.engine.database_url import without_password
from orchestrator.engine.errors import EngineError
from orchestrator.engine.state import State

if TYPE_CHECKING:
    from orchestrator.engine.auth.auth_hook import AuthHook
    from orchestrator.engine.auth.jwk import Key

logger = logging.getLogger(__name__)

DATABASE_SECONDS = 30.0
STOP_SECONDS = 1
# Requests leave hardly any garbage; a schema of many tables is a million objects, and looking at them doubles its cost.
COLLECT_AFTER = (50_000, 10, 5)
OPEN_FILES = 65_536


def serve(config: Config) -> None:
    """Serves until a signal ends it; raises ConfigError where it can't start."""
    logging.basicConfig(
        level=LOG_LEVELS[config.log_level],
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    allow_connections()
    with asyncio.Runner(loop_factory=event_loop()) as runner:
        runner.run(run(config, listen(config.host, config.port)))


def allow_connections() -> None:
    """Takes as many open files as the system grants: every subscriber's connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # macOS has a further limit, which it doesn't name.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


LOG_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


def event_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it. Without it the body, written after the headers, waits for the client's delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"can't listen on {host}:{port}: {error.strerror}. Set HASURA_GRAPHQL_SERVER_PORT (or --server-port)."
        ) from error
    return listener


async def run(config: Config, listener: socket.socket) -> None:
    """Loads what the engine needs and serves on the socket until a signal ends it."""
    state = State(config)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(state.close)
        admission = await stack.enter_async_context(authenticator(config.auth))
        await load(state, config)
        if config.schema_sync_interval:
            await stack.enter_async_context(running(state.keep_current(seconds=config.schema_sync_interval)))
        engine = app.Engine(config, state, admission)
        stack.push_async_callback(engine.close)
        server = Server(
            uvicorn.Config(
                app.build(config, engine),
                http=app.protocol(config, engine),
                lifespan="off",
                proxy_headers=False,
                log_config=None,
                access_log=False,
                # Its information is two lines for every WebSocket connection.
                log_level="warning",
                timeout_graceful_shutdown=STOP_SECONDS,
                server_header=False,
                date_header=False,
                # It writes straight to the transport; the other one keeps four tasks a connection.
                ws="websockets-sansio",
                # Its buffers are some 100 kB a connection.
                ws_per_message_deflate=config.websocket_compression,
            )
        )
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        gc.enable()
        logger.info("listening on http://%s:%s", *listener.getsockname()[:2])
        await server.serve([listener])


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Does the work beside what stands within, and ends it with that."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Server(uvicorn.Server):
    """Stops on a signal and then returns; uvicorn's own would die of the signal, before anything is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def load(state: State, config: Config) -> None:
    """Waits for the metadata database and reads the state; raises ConfigError where that can't be."""
    where, _ = without_password(config.metadata_database_url)
    try:
        await db.wait_until_up(config.metadata_database_url, seconds=DATABASE_SECONDS)
        await state.load()
    except db.AWAY as error:
        raise ConfigError(f"the metadata database {where} can't be reached: {type(error).__name__}") from error
    except (EngineError, *db.UNUSABLE) as error:
        raise ConfigError(f"the metadata database {where} can't be used: {error}") from error


@asynccontextmanager
async def authenticator(config: AuthConfig) -> AsyncIterator[Authenticator]:
    """Says who sends requests; key sets at addresses are fetched now, and kept fresh as long as it lasts."""
    async with AsyncExitStack() as stack:
        keys = [await stack.enter_async_context(signing_keys(jwt.keys)) for jwt in config.jwts]
        ask_hook = None if config.hook is None else await stack.enter_async_context(asking(config.hook))
        yield Authenticator(config, keys, ask_hook=ask_hook)


@asynccontextmanager
async def asking(hook: AuthHook) -> AsyncIterator[AskHook]:
    from orchestrator.engine.auth.auth_hook import HookClient

    client = HookClient(hook)
    try:
        yield client.session
    finally:
        await client.close()


@asynccontextmanager
async def signing_keys(where: str | Key) -> AsyncIterator[Keys]:
    """What gives the keys of a JWT secret, which names an address or is the one key itself."""
    if not isinstance(where, str):
        own = (where,)
        yield lambda: own
        return
    from orchestrator.engine.auth.jwks import JwksError, RemoteKeys

    keys = RemoteKeys(where)
    try:
        await keys.load()
    except JwksError as error:
        raise ConfigError(f"{error} Check jwk_url in HASURA_GRAPHQL_JWT_SECRET, and that it answers.") from error
    async with running(keys.keep_fresh()):
        yield keys
