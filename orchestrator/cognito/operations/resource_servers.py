"""Resource servers of a pool: the APIs that its custom scopes are for."""

from __future__ import annotations

from ..emulator import Emulator
from ..errors import InvalidParameter, ResourceNotFound
from ..model import Json
from ..store import resource_servers
from .request import page_place, page_token, pool_of

PAGE = 50
SETTINGS = ("Identifier", "Name", "Scopes")


def create_resource_server(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    with emulator.database.transaction():
        if resource_servers.find(emulator.database, pool.id, request["Identifier"]):
            raise InvalidParameter(f"{request['Identifier']} already exists in user pool {pool.id}.")
        return _saved(emulator, pool.id, request)


def update_resource_server(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    with emulator.database.transaction():
        _server(emulator, pool.id, request["Identifier"])
        return _saved(emulator, pool.id, request)


def describe_resource_server(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    return {"ResourceServer": {"UserPoolId": pool.id, **_server(emulator, pool.id, request["Identifier"])}}


def delete_resource_server(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    if not resource_servers.remove(emulator.database, pool.id, request["Identifier"]):
        raise ResourceNotFound(f"Resource server {request['Identifier']} does not exist.")
    return {}


def list_resource_servers(emulator: Emulator, request: Json) -> Json:
    pool, limit = pool_of(emulator, request["UserPoolId"]), int(request.get("MaxResults") or PAGE)
    found = resource_servers.after(emulator.database, pool.id, page_place(request.get("NextToken")), limit)
    answer: Json = {"ResourceServers": [{"UserPoolId": pool.id, **server} for server in found]}
    return answer | ({"NextToken": page_token(found[-1]["Identifier"])} if len(found) == limit else {})


def _saved(emulator: Emulator, pool_id: str, request: Json) -> Json:
    settings = {name: request[name] for name in SETTINGS if name in request}
    resource_servers.save(emulator.database, pool_id, settings)
    return {"ResourceServer": {"UserPoolId": pool_id, **settings}}


def _server(emulator: Emulator, pool_id: str, identifier: str) -> Json:
    server = resource_servers.find(emulator.database, pool_id, identifier)
    if server is None:
        raise ResourceNotFound(f"Resource server {identifier} does not exist.")
    return server
