"""Emulators on loopback for unmodified boto3, with a clock of their own, and a Lambda that plays the functions."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import boto3
import pytest
import uvicorn
from botocore.config import Config as BotoConfig
from botocore.exceptions import ClientError

from orchestrator.cognito.app import make_app
from orchestrator.cognito.config import parse
from orchestrator.cognito.emulator import assemble
from orchestrator.cognito.lambda_client import LambdaClient
from orchestrator.cognito.service_model import ServiceModel
from orchestrator.cognito.store.database import open_database

from .browser import AFTER_LOGOUT, APP, Browser
from .functions import Functions

POOL = "us-east-1_Test1"
CLIENT = "testclient"
PASSWORD = "Correct-Horse-1"
FLOWS = (
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
)


class Clock:
    """A time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        # Two moments are never the same, as on a real clock.
        self.now += 0.000_1
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Server(uvicorn.Server):
    """uvicorn looks every 100 ms whether it is to stop, and then waits for 100 ms; a test should not wait for that."""

    async def main_loop(self) -> None:
        await self.on_tick(0)
        while not self.should_exit:  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # So that the idle ones are gone.
        await self._wait_tasks_to_complete()
        await self.lifespan.shutdown()


@dataclass
class Running:
    """An emulator that answers, and shortcuts for what nearly every test does."""

    url: str
    api: Any
    clock: Clock
    database: Path
    stop: Callable[[], None] = field(repr=False)

    def messages(self, username: str) -> list[dict[str, Any]]:
        with urlopen(f"{self.url}/_local/messages?username={quote(username)}") as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found

    def code(self, username: str) -> str:
        return str(self.messages(username)[-1]["code"])

    def sign_up(self, username: str, *, client: str = CLIENT, **attributes: str) -> str:
        """The sub of a new user, yet unconfirmed."""
        answer = self.api.sign_up(
            ClientId=client, Username=username, Password=PASSWORD, UserAttributes=pairs(attributes)
        )
        return str(answer["UserSub"])

    def confirmed(self, username: str, **attributes: str) -> str:
        """The sub of a new user who has confirmed the code."""
        sub = self.sign_up(username, **attributes)
        self.api.confirm_sign_up(ClientId=CLIENT, Username=username, ConfirmationCode=self.code(username))
        return sub

    def sign_in(self, username: str, password: str = PASSWORD, *, client: str = CLIENT) -> dict[str, Any]:
        """The AuthenticationResult."""
        return self.initiate("USER_PASSWORD_AUTH", client=client, USERNAME=username, PASSWORD=password)[
            "AuthenticationResult"
        ]

    def refresh(self, token: str) -> dict[str, Any]:
        return self.initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=token)["AuthenticationResult"]

    def initiate(self, flow: str, *, client: str = CLIENT, **parameters: str) -> dict[str, Any]:
        return self.api.initiate_auth(ClientId=client, AuthFlow=flow, AuthParameters=parameters)

    def answer(
        self, challenge: dict[str, Any], *, username: str = "ann", metadata: dict[str, str] | None = None, **given: str
    ) -> dict[str, Any]:
        """What the answer to a challenge leads to."""
        answered: dict[str, Any] = self.api.respond_to_auth_challenge(
            ClientId=CLIENT,
            ChallengeName=challenge["ChallengeName"],
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": username, **given},
            ClientMetadata=metadata or {},
        )
        return answered

    def attributes(self, username: str) -> dict[str, str]:
        user = self.api.admin_get_user(UserPoolId=POOL, Username=username)
        return {pair["Name"]: pair["Value"] for pair in user["UserAttributes"]}

    def status(self, username: str) -> str:
        return str(self.api.admin_get_user(UserPoolId=POOL, Username=username)["UserStatus"])


def pairs(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in attributes.items()]


def error_of(call: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[str, str]:
    """Code and message of the error a call ends in."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture(scope="session")
def model() -> ServiceModel:
    return ServiceModel.load()


@pytest.fixture(scope="session")
def aws() -> boto3.Session:
    return boto3.Session(region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local")


@pytest.fixture(scope="session")
def database_with_keys(tmp_path_factory: pytest.TempPathFactory, model: ServiceModel) -> Path:
    """A database that has its signing keys: making them is what takes longest at a first start."""
    path = tmp_path_factory.mktemp("cognito") / "keys.sqlite"
    config = parse({"database": str(path), "pool": {"Id": "us-east-1_Other", "PoolName": "other"}}, model)
    database = open_database(path)
    assemble(config, database, LambdaClient(None), lambda: 0.0, secrets.token_bytes)
    database.close()
    return path


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path, aws: boto3.Session, model: ServiceModel, database_with_keys: Path) -> Iterator[Start]:
    """Starts an emulator with a pool of these settings; `document` adds to the configuration."""
    running: list[Running] = []

    def started(
        pool: Mapping[str, Any] | None = None,
        client: Mapping[str, Any] | None = None,
        *,
        clock: Clock | None = None,
        seconds: float = 5.0,
        **document: Any,
    ) -> Running:
        path = tmp_path / "cognito.sqlite"
        if not path.exists():
            shutil.copy(database_with_keys, path)
        listener = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = {
            "url": url,
            "database": str(path),
            "pool": {"Id": POOL, "PoolName": "test", "AutoVerifiedAttributes": ["email"], **(pool or {})},
            "clients": [{"ClientId": CLIENT, "ClientName": "c", "ExplicitAuthFlows": list(FLOWS), **(client or {})}],
            **document,
        }
        emulator = _run(config, model, listener, clock or Clock(), seconds, aws, url, path)
        running.append(emulator)
        return emulator

    yield started
    for emulator in running:
        emulator.stop()


def _run(
    document: dict[str, Any],
    model: ServiceModel,
    listener: socket.socket,
    clock: Clock,
    seconds: float,
    aws: boto3.Session,
    url: str,
    path: Path,
) -> Running:
    config = parse({**document, "clients": [dict(client) for client in document["clients"]]}, model)
    servers: list[Server] = []
    ready = threading.Event()

    def serve() -> None:
        functions = LambdaClient(config.lambda_url, seconds=seconds)
        emulator = assemble(config, open_database(config.database), functions, clock, secrets.token_bytes)
        settings = uvicorn.Config(make_app(emulator, model, functions), log_config=None, access_log=False)
        servers.append(Server(settings))
        ready.set()
        servers[0].run(sockets=[listener])

    thread = threading.Thread(target=serve)
    thread.start()
    if not ready.wait(10):
        raise TimeoutError("the emulator did not start; its thread's error is above")
    api = aws.client("cognito-idp", endpoint_url=url, config=BotoConfig(retries={"total_max_attempts": 1}))

    def stop() -> None:
        api.close()
        servers[0].should_exit = True
        thread.join(10)
        listener.close()

    return Running(url, api, clock, path, stop)


@pytest.fixture
def cognito(start: Start) -> Running:
    """An emulator with a plain pool, whose users sign in with usernames."""
    return start()


OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code", "implicit"],
    "AllowedOAuthScopes": ["openid", "email", "profile", "aws.cognito.signin.user.admin"],
    "CallbackURLs": [APP, "http://localhost:3000/?from=cognito", "myapp://callback"],
    "LogoutURLs": [AFTER_LOGOUT],
    "SupportedIdentityProviders": ["COGNITO", "Google", "Work"],
    "PreventUserExistenceErrors": "ENABLED",
}


@pytest.fixture
def hosted(start: Start) -> Running:
    """An emulator whose client may use the hosted UI, in a plain pool."""
    return start(client=OAUTH)


@pytest.fixture
def browser(hosted: Running) -> Iterator[Browser]:
    with Browser(hosted.url) as opened:
        yield opened


@pytest.fixture
def functions() -> Iterator[Functions]:
    """A Lambda endpoint whose functions are Python functions from event to answer."""
    with Functions() as running:
        yield running
