"""An AWS to deploy to: CloudFormation is a small fake, pools and functions are in our emulators, the rest is moto's."""

from __future__ import annotations

import io
import json
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from botocore.config import Config
from botocore.loaders import JSONFileLoader

from orchestrator.launchers.ports import free_ports
from orchestrator.settings import read_env_file
from tests.awslambda.conftest import running as running_lambda
from tests.awslambda.conftest import write_config
from tests.cli.conftest import Project
from tests.cognito.program import running

from .cloudformation import ACCOUNT, REGION, CloudFormation
from .protocol import Service, serving
from .resources import World

OWN = Path(__file__).parents[3]
POOL = "AWS::Cognito::UserPool"


@contextmanager
def running_cognito(folder: Path, lambda_url: str) -> Iterator[str]:
    """The Cognito emulator, which has a pool of its own that no test uses."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    config = {
        "account": ACCOUNT,
        "url": url,
        "database": str(folder / "cognito.sqlite"),
        "lambda_url": lambda_url,
        "pool": {"Id": f"{REGION}_Unused1", "PoolName": "unused"},
        "clients": [],
    }
    file = folder / "cognito.json"
    file.write_text(json.dumps(config))
    with running(file, port) as program:
        assert program.stderr
        threading.Thread(target=program.stderr.read, daemon=True).start()  # A pipe nobody reads would fill up.
        yield url


def client(service: str, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, moto_url: str) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with (
        running_lambda(write_config(folder, account=ACCOUNT)) as awslambda,
        running_cognito(folder, awslambda.url) as cognito,
    ):
        yield World(
            cognito=client("cognito-idp", cognito),
            awslambda=client("lambda", awslambda.url),
            s3=client("s3", moto_url),
            dynamodb=client("dynamodb", moto_url),
            account=ACCOUNT,
        )


@dataclass(frozen=True)
class Aws:
    """What a test has: CloudFormation's inside, its protocol, the world that it makes things in, and a stack's name."""

    cloudformation: CloudFormation
    service: Service
    world: World
    name: str

    @property
    def stack(self) -> Any:
        return self.cloudformation.find(self.name)

    @property
    def bucket(self) -> str:
        return f"hasura-cognito-{ACCOUNT}-{REGION}"

    def keys(self) -> list[str]:
        """The objects of this stack in the bucket; none where there is no bucket."""
        buckets = [each["Name"] for each in self.world.s3.list_buckets()["Buckets"]]
        if self.bucket not in buckets:
            return []
        found = self.world.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.name}/").get("Contents", [])
        return [each["Key"] for each in found]


class Once(JSONFileLoader):
    """Reads each of botocore's models once; every command would do so anew, and that is most of what it takes."""

    read: ClassVar[dict[str, Any]] = {}

    def load_file(self, file_path: str) -> Any:
        if file_path not in self.read:
            self.read[file_path] = super().load_file(file_path)
        return self.read[file_path]


@pytest.fixture(autouse=True)
def read_models_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.loaders.Loader.FILE_LOADER_CLASS", Once)


@pytest.fixture
def aws(world: World, credentials: None, moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    cloudformation = CloudFormation(world)
    with serving(Service(cloudformation.operation)) as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", service.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", world.cognito.meta.endpoint_url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", world.awslambda.meta.endpoint_url)
        yield Aws(cloudformation, service, world, f"s{uuid.uuid4().hex[:8]}")
        cloudformation.finish()
        for stack in cloudformation.stacks.values():
            for made in reversed(stack.made.values()):
                world.delete(made)


@dataclass(frozen=True)
class Deployer(Project):
    """A project whose `.env` names a stack of the test's own."""

    monkeypatch: pytest.MonkeyPatch

    def typing(self, text: str) -> Deployer:
        """What somebody types at the next questions."""
        self.monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return self

    @property
    def env(self) -> dict[str, str]:
        return dict(read_env_file(self.root / ".env"))


@pytest.fixture
def project(aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Deployer:
    root = tmp_path / "project"
    root.mkdir()
    shutil.copytree(OWN / "lambdas", root / "lambdas")
    shutil.copy(OWN / "config.yaml", root)
    # The domain and the table are one for all stacks of an account by default.
    template = root / "lambdas" / "template.yaml"
    text = template.read_text().replace("Default: hasura-login", f"Default: login-{aws.name}")
    template.write_text(text.replace("Default: hasura-cognito-leases", f"Default: leases-{aws.name}"))
    (root / ".env").write_text(f"# of the tests\nDEPLOY_STACK_NAME={aws.name}\n")
    return Deployer(root, capsys, monkeypatch)
