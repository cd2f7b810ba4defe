"""The application: its routes, who may use each, and what answers them."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from orchestrator.engine import execute, metadata_api, pg_dump, prepare, rest
from orchestrator.engine.auth.session import Authenticator, Session
from orchestrator.engine.config import Config
from orchestrator.engine.direct import DirectProtocol, request_id
from orchestrator.engine.errors import EngineError, access_denied, not_exists, unexpected, validation_failed
from orchestrator.engine.explain import explain
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.live.poller import Pace
from orchestrator.engine.live.registry import Leave, Subscriptions
from orchestrator.engine.live.subscriber import Subscriber
from orchestrator.engine.responses import (
    answer_error,
    answer_failure,
    answer_missing,
    body_of,
    decimal_as_written,
    failure,
    headers_of,
    json_response,
    read_json,
)
from orchestrator.engine.state import State
from orchestrator.engine.subscription import RunLive
from orchestrator.engine.websocket.api import Timing
from orchestrator.engine.websocket.connection import Conversations, Origins

if TYPE_CHECKING:
    from orchestrator.engine.input_hooks.client import InputHookClient

logger = logging.getLogger(__name__)

VERSION = "v2.48.0"


class Engine:
    """What answers requests: the state, and who may ask."""

    def __init__(self, config: Config, state: State, authenticator: Authenticator) -> None:
        self._config = config
        self._state = state
        self._authenticator = authenticator
        self._hook_client: InputHookClient | None = None
        self._live = Subscriptions(
            self._fetch,
            queries=Pace(config.live_queries_refetch_interval, config.live_queries_batch_size),
            streams=Pace(config.streaming_queries_refetch_interval, config.streaming_queries_batch_size),
        )
        self._conversations = Conversations(
            self,
            Origins(None if config.cors_disabled else origin_pattern(config), config.websocket_reads_cookie),
            Timing(config.websocket_init_timeout, config.websocket_keepalive),
            close_on_change=config.close_websockets_on_metadata_change,
        )
        state.on_change = self._conversations.metadata_changed

    async def close(self) -> None:
        await self._live.close()
        if self._hook_client is not None:
            await self._hook_client.close()

    # GraphQL

    async def graphql(self, request: Request) -> Response:
        """/v1/graphql: errors have status 200, too."""
        headers = headers_of(request)
        status, content = await self.respond(headers, await body_of(request))
        return json_response(content, headers, status)

    async def graphql_alpha(self, request: Request) -> Response:
        """/v1alpha1/graphql: errors have their own status."""
        headers = headers_of(request)
        status, content = await self.respond(headers, await body_of(request), error_status=None)
        return json_response(content, headers, status)

    async def respond(
        self, headers: Mapping[str, str], body: bytes, *, error_status: int | None = 200
    ) -> tuple[int, bytes]:
        """Status and body for a request to the GraphQL API; errors have `error_status`, or their own for None."""
        session: Session | None = None
        try:
            session = await self._authenticator.admit(headers, body)
            asked = read_json(body)
            if isinstance(asked, list):
                return 200, await self._answer_all(asked, session, headers)
            return 200, await self.answer(asked, session, headers)
        except EngineError as error:
            return error.status if error_status is None else error_status, self._graphql_error(error, session)
        except asyncio.CancelledError:
            # The engine stops, and what the request was doing is undone.
            return 503, self._graphql_error(unexpected("the engine is stopping"), None)
        except Exception as error:
            return failure(error, "a GraphQL request")

    async def session(self, headers: Mapping[str, str]) -> Session:
        return await self._authenticator.admit(headers)

    def subscribe(self, body: Any, session: Session, subscriber: Subscriber) -> Leave | None:
        """Begins what the request subscribes to; None where it is no subscription."""
        request = prepare.read_request(body)
        plan = self._state.snapshot.operations.prepare(request, session)
        if not isinstance(plan, RunLive):
            return None
        return self._live.join(plan, session, request.variables, subscriber)

    async def _fetch(self, source: str, text: str, values: Sequence[Any]) -> Sequence[Any]:
        if source not in self._state.databases:
            raise not_exists(f'source with name "{source}" does not exist')
        rows: Sequence[Any] = await self._state.databases[source].fetch_rows(text, values)
        return rows

    def errors(self, error: EngineError, session: Session) -> list[Any]:
        return [error.as_graphql(internal=self._shows_internals(session))]

    async def websocket(self, socket: WebSocket) -> None:
        await self._conversations.hold(socket)

    async def answer(self, body: Any, session: Session, headers: Mapping[str, str]) -> bytes:
        """The answer to one request, as bytes of JSON; the headers are what web services that it asks may see."""
        return b'{"data":' + await self._data(prepare.read_request(body), session, headers) + b"}"

    async def _data(self, request: prepare.Request, session: Session, headers: Mapping[str, str]) -> bytes:
        state = self._state
        runnable = state.snapshot.operations.prepare(request, session)
        if isinstance(runnable, RunLive):
            raise validation_failed("subscriptions are not supported over HTTP, use websockets instead")
        if isinstance(runnable, prepare.RunMutation) and runnable.checks:
            await self._hooks().check(runnable.checks, session, headers, request.variables)
        return await execute.run(runnable, state.databases, session, request.variables)

    def _hooks(self) -> InputHookClient:
        # Here, so that an engine without such hooks need not load an HTTP client.
        from orchestrator.engine.input_hooks.client import InputHookClient

        if self._hook_client is None:
            self._hook_client = InputHookClient(self._config.environ)
        return self._hook_client

    async def _answer_all(self, bodies: Sequence[Any], session: Session, headers: Mapping[str, str]) -> bytes:
        """A batch: each request has its own answer."""
        answers = []
        for body in bodies:
            try:
                answers.append(await self.answer(body, session, headers))
            except EngineError as error:
                answers.append(self._graphql_error(error, session))
        return b"[" + b",".join(answers) + b"]"

    def _graphql_error(self, error: EngineError, session: Session | None) -> bytes:
        return orjson.dumps({"errors": [error.as_graphql(internal=self._shows_internals(session))]}, default=str)

    def _shows_internals(self, session: Session | None) -> bool:
        if self._config.dev_mode:
            return True
        return session is not None and session.is_admin and self._config.admin_internal_errors

    # Metadata

    async def metadata(self, request: Request) -> Response:
        return await self._metadata(request, metadata_api.METADATA)

    async def query(self, request: Request) -> Response:
        return await self._metadata(request, metadata_api.QUERY)

    async def query_v2(self, request: Request) -> Response:
        return await self._metadata(request, metadata_api.QUERY_V2)

    async def _metadata(self, request: Request, api: str) -> Response:
        async def answer(session: Session) -> Response:
            body = read_json(await body_of(request))
            found = await metadata_api.answer(self._state, body, session, api=api)
            return json_response(orjson.dumps(found, default=decimal_as_written), headers_of(request))

        return await self._answered(request, answer)

    # The rest

    async def pg_dump(self, request: Request) -> Response:
        async def answer(_: Session) -> Response:
            args = pg_dump.read_args(JsonValue(read_json(await body_of(request))))
            headers = {"content-type": "application/sql", "x-request-id": request_id(headers_of(request))}
            return Response(await self._state.dump(args), headers=headers)

        return await self._answered(request, answer, admin_only=True)

    async def explain(self, request: Request) -> Response:
        async def answer(_: Session) -> Response:
            body = JsonValue(read_json(await body_of(request)))
            found = await explain(self._state.snapshot.operations, self._state.databases, body)
            return json_response(orjson.dumps(found), headers_of(request))

        return await self._answered(request, answer, admin_only=True)

    async def rest(self, request: Request) -> Response:
        """An endpoint of the metadata's: the answer is the stored query's `data`."""

        async def answer(session: Session) -> Response:
            headers = headers_of(request)
            body = await body_of(request)
            members = read_json(body) if body else {}
            asked = rest.Given(
                request.path_params["path"],
                request.method,
                dict(request.query_params),
                members if isinstance(members, dict) else {},
            )
            data = await self._data(rest.request_of(self._state.snapshot.metadata, asked), session, headers)
            return json_response(data, headers)

        return await self._answered(request, answer)

    async def _answered(
        self, request: Request, answer: Callable[[Session], Awaitable[Response]], *, admin_only: bool = False
    ) -> Response:
        """The answer for whoever sends the request, or the error, in the shape of the APIs beside GraphQL's."""
        session: Session | None = None
        headers = headers_of(request)
        try:
            session = await self._authenticator.admit(headers)
            if admin_only and not session.is_admin:
                raise access_denied("restricted access : admin only")
            return await answer(session)
        except EngineError as error:
            content = orjson.dumps(error.as_rest(internal=self._shows_internals(session)), default=str)
            return json_response(content, headers, error.status)
        except Exception as error:
            return await answer_failure(request, error)

    async def healthz(self, request: Request) -> Response:
        if not self._state.snapshot.inconsistent:
            return PlainTextResponse("OK")
        status = 500 if request.query_params.get("strict") == "true" else 200
        words = "ERROR" if status == 500 else "WARN"
        return PlainTextResponse(f"{words}: inconsistent objects in schema", status)

    async def version(self, request: Request) -> Response:
        return json_response(orjson.dumps({"server_type": "ce", "version": VERSION}), headers_of(request))

    async def configuration(self, request: Request) -> Response:
        async def answer(_: Session) -> Response:
            return json_response(orjson.dumps(self._shown_configuration()), headers_of(request))

        return await self._answered(request, answer, admin_only=True)

    def _shown_configuration(self) -> dict[str, Any]:
        config = self._config
        return {
            "version": VERSION,
            "is_function_permissions_inferred": config.options.infer_function_permissions,
            "is_admin_secret_set": bool(config.auth.admin_secrets),
            "is_auth_hook_set": config.auth.hook is not None,
            "is_jwt_set": bool(config.auth.jwts),
            "jwt": [jwt.shown() for jwt in config.auth.jwts],
            "is_allow_list_enabled": config.options.allowlist,
            "console_assets_dir": None,
            "experimental_features": ["naming_convention"] if config.options.conventions else [],
        }


def routes(engine: Engine, config: Config) -> list[BaseRoute]:
    found: list[BaseRoute] = [
        Route("/healthz", engine.healthz, methods=["GET"]),
        Route("/v1/version", engine.version, methods=["GET"]),
    ]
    if "graphql" in config.enabled_apis:
        found.append(Route("/v1/graphql", engine.graphql, methods=["POST"]))
        found.append(Route("/v1alpha1/graphql", engine.graphql_alpha, methods=["POST"]))
        found.append(Route("/v1/graphql/explain", engine.explain, methods=["POST"]))
        found.append(Route("/api/rest/{path:path}", engine.rest, methods=list(rest.METHODS)))
        found.append(WebSocketRoute("/v1/graphql", engine.websocket))
        found.append(WebSocketRoute("/v1alpha1/graphql", engine.websocket))
    if "metadata" in config.enabled_apis:
        found.append(Route("/v1/metadata", engine.metadata, methods=["POST"]))
        found.append(Route("/v1/query", engine.query, methods=["POST"]))
        found.append(Route("/v2/query", engine.query_v2, methods=["POST"]))
    if "pgdump" in config.enabled_apis:
        found.append(Route("/v1alpha1/pg_dump", engine.pg_dump, methods=["POST"]))
    if "config" in config.enabled_apis:
        found.append(Route("/v1alpha1/config", engine.configuration, methods=["GET"]))
    if config.console:
        from orchestrator.engine.console import pages

        found.extend(pages.routes(config.auth, VERSION))
    return found


def cors(config: Config) -> list[Middleware]:
    if config.cors_disabled:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origin_regex=origin_pattern(config).pattern,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
            allow_headers=["*"],
            allow_credentials=True,
            max_age=1728000,
        )
    ]


def origin_pattern(config: Config) -> re.Pattern[str]:
    """The pattern of the origins that a setting such as `https://*.example.com` allows."""
    return re.compile("|".join(_origin_pattern(domain) for domain in config.cors_domains))


def _origin_pattern(domain: str) -> str:
    return ".*" if domain == "*" else re.escape(domain).replace(r"\*", "[^/.]+")


def build(config: Config, engine: Engine) -> ASGIApp:
    handlers: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
        404: answer_missing,
        405: answer_missing,
        EngineError: answer_error,
        Exception: answer_failure,
    }
    return Starlette(routes=routes(engine, config), middleware=cors(config), exception_handlers=handlers)


def protocol(config: Config, engine: Engine) -> Any:
    """What serves a connection."""
    return partial(DirectProtocol, answer=engine.respond) if "graphql" in config.enabled_apis else HttpToolsProtocol
