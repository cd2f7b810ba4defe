"""The Lambda REST API: paths to operations, errors to HTTP answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestrator.awslambda import operations
from orchestrator.awslambda.callers import check_caller
from orchestrator.awslambda.errors import ApiError, invalid, not_found
from orchestrator.awslambda.functions import Function
from orchestrator.awslambda.invoke import invoke
from orchestrator.awslambda.region import Deployed, Region

Operation = Callable[[Region, Request], Awaitable[Response]]


def make_app(region: Region, functions: Iterable[Function]) -> Starlette:
    """The application. Its functions are warmed when it starts; who serves it closes the region."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        region.open(functions)
        yield

    routes = [Route("/_local/health", _health, methods=["GET"])]
    for prefix in ("/2015-03-31/functions", "/functions"):
        for path, by_method in _PATHS.items():
            routes += [
                Route(prefix + path, _endpoint(region, operation), methods=[method])
                for method, operation in by_method.items()
            ]
    handlers: dict[Any, Any] = {
        ApiError: _refuse,
        ClientDisconnect: _gone,
        404: _unknown,
        405: _unknown,
        500: _broken,
    }
    return Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _invoke(region: Region, request: Request) -> Response:
    return await invoke(_deployed(region, request), request)


async def _list(region: Region, request: Request) -> Response:
    return JSONResponse(operations.list_functions(region, request.query_params))


async def _create(region: Region, request: Request) -> Response:
    return JSONResponse(operations.create_function(region, await _body(request)), status_code=201)


async def _get(region: Region, request: Request) -> Response:
    return JSONResponse(operations.get_function(_deployed(region, request)))


async def _delete(region: Region, request: Request) -> Response:
    await region.delete(_deployed(region, request))
    return Response(status_code=204)


async def _get_configuration(region: Region, request: Request) -> Response:
    return JSONResponse(_deployed(region, request).describe())


async def _update_configuration(region: Region, request: Request) -> Response:
    return JSONResponse(operations.update_configuration(_deployed(region, request), await _body(request)))


async def _update_code(region: Region, request: Request) -> Response:
    return JSONResponse(operations.update_code(region, _deployed(region, request), await _body(request)))


async def _get_policy(region: Region, request: Request) -> Response:
    return JSONResponse(operations.get_policy(_deployed(region, request)))


async def _add_permission(region: Region, request: Request) -> Response:
    statement = operations.add_permission(_deployed(region, request), await _body(request))
    return JSONResponse(statement, status_code=201)


async def _remove_permission(region: Region, request: Request) -> Response:
    operations.remove_permission(_deployed(region, request), request.path_params["statement"], request.query_params)
    return Response(status_code=204)


_PATHS: dict[str, dict[str, Operation]] = {
    "/{name}/invocations": {"POST": _invoke},
    "": {"GET": _list, "POST": _create},
    "/": {"GET": _list, "POST": _create},
    "/{name}": {"GET": _get, "DELETE": _delete},
    "/{name}/configuration": {"GET": _get_configuration, "PUT": _update_configuration},
    "/{name}/code": {"PUT": _update_code},
    "/{name}/policy": {"GET": _get_policy, "POST": _add_permission},
    "/{name}/policy/{statement}": {"DELETE": _remove_permission},
}


def _endpoint(region: Region, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        check_caller(request.headers)
        return await operation(region, request)

    return endpoint


def _deployed(region: Region, request: Request) -> Deployed:
    """The function that the path names, in the version that the query names."""
    deployed = region.find(request.path_params["name"])
    qualifier = request.query_params.get("Qualifier", "$LATEST")
    if qualifier != "$LATEST":
        raise not_found(f"Function not found: {deployed.arn}:{qualifier}")
    return deployed


async def _body(request: Request) -> dict[str, Any]:
    """The members of the operation's input; those that are null count as absent."""
    try:
        body = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError) as error:
        message = f"Could not parse request body into json: {error}"
        raise ApiError(400, "InvalidRequestContentException", message) from error
    if not isinstance(body, dict):
        raise invalid("The request must be a JSON object")
    return {name: value for name, value in body.items() if value is not None}


async def _refuse(_: Request, error: ApiError) -> Response:
    return _error(error.status, error.name, error.message)


async def _unknown(request: Request, _: Exception) -> Response:
    message = f"The local Lambda emulator has no operation {request.method} {request.url.path}."
    return _error(501, "UnsupportedOperationException", message)


async def _gone(_: Request, __: ClientDisconnect) -> Response:
    return Response(status_code=400)  # Nobody is there to read it.


async def _broken(_: Request, error: Exception) -> Response:
    return _error(500, "ServiceException", f"The local Lambda emulator failed: {type(error).__name__}")


def _error(status: int, name: str, message: str) -> Response:
    kind = "User" if status < 500 else "Service"
    return JSONResponse({"Type": kind, "Message": message, "message": message}, status, {"x-amzn-errortype": name})
