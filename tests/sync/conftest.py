"""Users on every way into the pool, and their rows: this repository's own project, tested with its own plugin.

The project's copy has Google, played by the hosted UI, and a function that confirms members of the staff at sign-up.
`--stack-backend=docker` runs all of it on Docker.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.testing import Database, Stack, plugin
from orchestrator.testing.users import PASSWORD
from tests.cli.conftest import Project as Cli
from tests.docker.conftest import IMAGES, engine
from tests.flow.conftest import Project, copy_project, with_google

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

__all__ = ["engine"]

# Fixtures of these names are others in the folder above, or are kept for the tests of another project.
database = plugin.database
stack = plugin.stack

STAFF = "staff.example.com"
PRE_SIGN_UP = f"""
def handler(event, _context):
    if event["request"]["userAttributes"].get("email", "").endswith("@{STAFF}"):
        event["response"].update(autoConfirmUser=True, autoVerifyEmail=True)
    return event
"""
PRE_SIGN_UP_RESOURCE = """
  PreSignUpFunction:
    Type: AWS::Lambda::Function
    Metadata: {"aws:asset:path": pre_sign_up, "aws:asset:property": Code}
    Properties:
      FunctionName: !Sub "${AWS::StackName}-pre-sign-up"
      Runtime: python3.12
      Handler: app.handler
      Code: {S3Bucket: !Ref CodeBucket, S3Key: pre_sign_up.zip}
      Role: !GetAtt PreTokenGenerationRole.Arn

  PreTokenGenerationFunction:
"""

Row = Mapping[str, Any]
RowOf = Callable[[str], Row]


def with_staff(project: Project) -> None:
    """Adds the function that confirms whoever has an address of the staff's."""
    project.edit("lambdas/template.yaml", "\n  PreTokenGenerationFunction:\n", PRE_SIGN_UP_RESOURCE)
    project.edit(
        "lambdas/template.yaml",
        "        PostConfirmation: !",
        "        PreSignUp: !GetAtt PreSignUpFunction.Arn\n        PostConfirmation: !",
    )
    folder = project.root / "lambdas/pre_sign_up"
    folder.mkdir()
    (folder / "app.py").write_text(PRE_SIGN_UP)


@pytest.fixture(scope="session")
def stack_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = copy_project(tmp_path_factory.mktemp("sync") / "project")
    with_google(project)
    with_staff(project)
    return project.root


@pytest.fixture(scope="session")
def stack_settings(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Mapping[str, str]:
    if pytestconfig.getoption("--stack-backend") != "docker":
        return {}
    request.getfixturevalue("engine")
    return IMAGES


@pytest.fixture
def row(database: Database) -> RowOf:
    """The one row of a user, by its sub."""

    def row(sub: str) -> Row:
        (found,) = database.rows("SELECT * FROM users WHERE id = $1", sub)
        return found

    return row


@pytest.fixture
def cli(stack: Stack, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    """The command `hasura-cognito` for the session's stack, whose state is elsewhere than the command looks."""
    state = stack.layout.root / ".stack"
    state.symlink_to(stack.layout.state)
    yield Cli(stack.layout.root, capsys)
    state.unlink()


@dataclass(frozen=True)
class NamesPool:
    """A pool with the project's functions, in which users choose their names and need no e-mail address."""

    api: CognitoIdentityProviderClient = field(repr=False)
    id: str
    client_id: str

    def create(self, username: str, **attributes: str) -> str:
        """The sub of a user that an administrator makes, with a permanent password."""
        made = self.api.admin_create_user(
            UserPoolId=self.id,
            Username=username,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            MessageAction="SUPPRESS",
        )
        self.api.admin_set_user_password(UserPoolId=self.id, Username=username, Password=PASSWORD, Permanent=True)
        return next(str(each["Value"]) for each in made["User"]["Attributes"] if each["Name"] == "sub")

    def sign_in(self, username: str) -> None:
        self.api.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": PASSWORD},
        )


@pytest.fixture
def names_pool(stack: Stack, database: Database) -> Iterator[NamesPool]:
    api = stack.cognito
    functions = api.describe_user_pool(UserPoolId=stack.pool.id)["UserPool"]["LambdaConfig"]
    pool = api.create_user_pool(PoolName="names", LambdaConfig=functions)["UserPool"]["Id"]
    client = api.create_user_pool_client(
        UserPoolId=pool, ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )
    yield NamesPool(api, pool, client["UserPoolClient"]["ClientId"])
    api.delete_user_pool(UserPoolId=pool)


def create(stack: Stack, email: str) -> str:
    """The sub of a user of the stack's pool whom an administrator makes: no trigger tells the table of one."""
    pool = NamesPool(stack.cognito, stack.pool.id, stack.pool.client_id)
    return pool.create(email, email=email, email_verified="true")


def log_of(stack: Stack, sub: str) -> list[Mapping[str, Any]]:
    """What the sync function logged of a user, one entry an event."""
    lines = (stack.layout.logs / "hasura-cognito-user-sync.log").read_text().splitlines()
    return [json.loads(line[line.index("{") :]) for line in lines if sub in line]


def until(holds: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Returns as soon as it does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"This did not come about within {seconds:g} s."
        time.sleep(0.01)


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """Where something goes on beside the test."""
    with ThreadPoolExecutor() as threads:
        yield threads
