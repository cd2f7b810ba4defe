"""A pool in AWS, played by the emulators and moto's DynamoDB, and developers who use it through a real sshd."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.flow.conftest import Project, Running, copy_project, running
from tests.tunnel.sshd import Keys, Sshd, make_keys

TABLE = "hasura-cognito-leases"
FUNCTION = "hasura-cognito-user-sync"
# The app client of lambdas/template.yaml.
CLIENT = "hasuralocalclient"
PASSWORD = "Correct-Horse-1"
WAIT_SECONDS = 30


@dataclass(frozen=True)
class Cloud:
    """What stands for AWS: `stack` has the pool and the functions; no row of its own table is looked at."""

    stack: Running
    dynamodb_url: str

    @property
    def environ(self) -> Mapping[str, str]:
        """What sends boto3 there in place of Amazon."""
        urls = self.stack.facts["urls"]
        return {
            "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": urls["cognito"],
            "AWS_ENDPOINT_URL_LAMBDA": urls["lambda"],
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb_url,
            "AWS_ACCESS_KEY_ID": "AKIATESTS",
            "AWS_SECRET_ACCESS_KEY": "a secret of the tests",
        }

    def client(self, service: str, url: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="AKIATESTS",
            aws_secret_access_key="a secret of the tests",
        )

    @property
    def awslambda(self) -> Any:
        return self.client("lambda", self.stack.facts["urls"]["lambda"])

    @property
    def dynamodb(self) -> Any:
        return self.client("dynamodb", self.dynamodb_url)

    def leases(self) -> dict[str, dict[str, str]]:
        items = self.dynamodb.scan(TableName=TABLE, ConsistentRead=True)["Items"]
        plain = [{name: next(iter(value.values())) for name, value in item.items()} for item in items]
        return {item["client_id"]: item for item in plain}

    def change_lease(self, client_id: str, name: str, value: Mapping[str, str]) -> None:
        self.dynamodb.update_item(
            TableName=TABLE,
            Key={"client_id": {"S": client_id}},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": value},
        )

    def set_function(self, **variables: str) -> None:
        """The sync function's environment, as the template's deployment makes it, with these on top."""
        self.replace_environment(
            {"SYNC_LEASE_TABLE": TABLE, "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb_url, **variables}
        )

    def replace_environment(self, variables: Mapping[str, str]) -> None:
        self.awslambda.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": dict(variables)})
        self.awslambda.get_waiter("function_updated_v2").wait(FunctionName=FUNCTION, WaiterConfig={"Delay": 0.05})

    def new_client(self, *flows: str, secret: bool = False) -> str:
        """The id of an app client of the pool with these authentication flows, and without the hosted UI."""
        made = self.stack.cognito.create_user_pool_client(
            UserPoolId=self.stack.facts["pool"]["id"],
            ClientName="of the tests",
            GenerateSecret=secret,
            ExplicitAuthFlows=[*flows, "ALLOW_REFRESH_TOKEN_AUTH"],
        )
        client_id: str = made["UserPoolClient"]["ClientId"]
        return client_id

    def sign_up(self) -> str:
        """The sub of a user whom an administrator has made."""
        email = f"{uuid.uuid4().hex}@example.com"
        sub: str = self.stack.cognito.admin_create_user(
            UserPoolId=self.stack.facts["pool"]["id"],
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "email", "Value": email}],
        )["User"]["Username"]
        self.stack.cognito.admin_set_user_password(
            UserPoolId=self.stack.facts["pool"]["id"], Username=email, Password=PASSWORD, Permanent=True
        )
        return sub

    def sign_in(self, sub: str, client_id: str = CLIENT) -> str:
        """The ID token."""
        token: str = self.stack.cognito.initiate_auth(
            ClientId=client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": sub, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]["IdToken"]
        return token

    def said(self) -> str:
        """What the sync function logged."""
        return (self.stack.project.root / ".stack/logs" / f"{FUNCTION}.log").read_text()


@dataclass(frozen=True)
class Developer:
    """Somebody's laptop: a project whose stack uses the pool in the cloud."""

    project: Project
    cloud: Cloud
    client_id: str = CLIENT
    running: list[Running] = field(default_factory=list)

    @property
    def key(self) -> str:
        """With which the function signs what it sends to the gateway."""
        return self.project.secrets()["GATEWAY_KEY"]

    def sign_in(self, sub: str) -> str:
        """The ID token of a user of this developer's application."""
        return self.cloud.sign_in(sub, self.client_id)

    def lease(self) -> dict[str, str]:
        return self.cloud.leases()[self.client_id]

    def up(self) -> None:
        self.project.ok("up", "--no-verify")
        self.running[:] = [running(self.project)]

    def has_row(self, sub: str) -> bool:
        (stack,) = self.running
        return stack.as_admin(f'{{ users_by_pk(id: "{sub}") {{ id }} }}')["users_by_pk"] is not None

    def tunnel(self) -> dict[str, Any]:
        facts: dict[str, Any] = self.project.status()["services"]["tunnel"]
        return facts

    def answers(self) -> list[int]:
        """The statuses with which the gateway has answered sign-ins."""
        lines = (self.project.root / ".stack/logs/gateway.log").read_text().splitlines()
        asked = [json.loads(line) for line in lines if line.startswith("{")]
        return [each["status"] for each in asked if each["outcome"] != "probed"]


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"Not within {WAIT_SECONDS} s: {what}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def dynamodb_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def lease_table(dynamodb_url: str, stack: Running) -> Cloud:
    made = Cloud(stack, dynamodb_url)
    made.dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "client_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "client_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return made


@pytest.fixture
def cloud(lease_table: Cloud) -> Iterator[Cloud]:
    """Its sync function looks for leases. Whatever a test makes of the function is undone."""
    before = lease_table.awslambda.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    lease_table.set_function()
    yield lease_table
    lease_table.replace_environment(before)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("ssh") / "sshd", keys)
    server.start()
    yield server
    server.stop()


def laptop(folder: Path, cloud: Cloud, sshd: Sshd, **environ: str) -> Developer:
    """A project that is not yet started, with a tunnel by ssh."""
    settings = {**cloud.environ, "STACK_IDENTITY": "aws", **sshd.environ, **environ}
    project = Project(copy_project(folder).root, settings)
    return Developer(project, cloud, environ.get("COGNITO_CLIENT_ID", CLIENT))


def put_away(developer: Developer) -> None:
    """Ends its stack. Whatever is left running then is ended, too, and is an error."""
    developer.project.run("down")
    left = developer.project.processes()
    for process in left:
        with contextlib.suppress(Exception):
            process.kill()
    assert not left


@pytest.fixture
def new_developer(tmp_path: Path, cloud: Cloud, sshd: Sshd) -> Iterator[Callable[..., Developer]]:
    """new_developer("grace", COGNITO_CLIENT_ID=…) has a project, not yet started, with a tunnel by ssh."""
    made: list[Developer] = []

    def new(name: str, **environ: str) -> Developer:
        made.append(laptop(tmp_path / name, cloud, sshd, **environ))
        return made[-1]

    yield new
    for developer in made:
        put_away(developer)


@pytest.fixture(scope="session")
def adas(tmp_path_factory: pytest.TempPathFactory, lease_table: Cloud, sshd: Sshd) -> Iterator[Developer]:
    client_id = lease_table.new_client("ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH")
    developer = laptop(tmp_path_factory.mktemp("laptop") / "ada", lease_table, sshd, COGNITO_CLIENT_ID=client_id)
    try:
        developer.up()
        yield developer
    finally:
        put_away(developer)


@pytest.fixture
def ada(cloud: Cloud, adas: Developer) -> Iterator[Developer]:
    """Somebody whose stack is up, with an app client of its own. All tests share it; each leaves it with its lease."""
    yield adas
    cloud.change_lease(adas.client_id, "expires_at", {"N": str(int(time.time()) + 120)})
    cloud.change_lease(adas.client_id, "key", {"S": adas.key})
