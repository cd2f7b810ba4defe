"""A running Lambda emulator, driven with unmodified boto3, and functions made of a few lines of source."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config

ROLE = "arn:aws:iam::000000000000:role/none"


@dataclass(frozen=True)
class Emulator:
    """The program, where it answers, and where it writes its logs."""

    process: subprocess.Popen[str]
    url: str
    logs: Path

    @property
    def client(self) -> Any:
        return boto3.client(
            "lambda",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
        )


def write_config(folder: Path, *functions: dict[str, Any], **settings: Any) -> Path:
    path = folder / "awslambda.json"
    path.write_text(json.dumps({"logs": str(folder / "logs"), "functions": functions, **settings}))
    return path


@contextmanager
def running(config: Path) -> Iterator[Emulator]:
    """The emulator on a free port, until the block ends."""
    argv = [sys.executable, "-m", "orchestrator.awslambda", "--config", str(config), "--port", "0"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        try:
            announcement = process.stderr.readline()
            url = "http://" + announcement.split("listening on ")[1].split()[0]
            threading.Thread(target=process.stderr.read, daemon=True).start()  # A pipe nobody reads would fill up.
            yield Emulator(process, url, config.parent / "logs")
        finally:
            process.kill()


def wait_until_gone(pid: int) -> None:
    """Fails if this process still runs in ten seconds. One that nobody has waited for yet counts as gone."""
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid):
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        assert time.monotonic() < deadline, f"process {pid} still runs"
        os.sched_yield()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(write_config(tmp_path_factory.mktemp("awslambda"))) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def client(emulator: Emulator) -> Any:
    return emulator.client


def zipped(source: str, name: str = "app.py") -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr(name, textwrap.dedent(source))
    return archive.getvalue()


@pytest.fixture
def deploy(client: Any) -> Iterator[Callable[..., str]]:
    """deploy(source, Timeout=1, …) is the name of a new function with this source in app.py."""
    names: list[str] = []

    def deploy(source: str, **settings: Any) -> str:
        name = f"f-{uuid.uuid4().hex[:12]}"
        defaults = {"Runtime": "python3.12", "Handler": "app.handler", "Role": ROLE, "Timeout": 20}
        client.create_function(FunctionName=name, Code={"ZipFile": zipped(source)}, **(defaults | settings))
        names.append(name)
        return name

    yield deploy
    for name in names:
        client.delete_function(FunctionName=name)


@pytest.fixture
def invoke(client: Any) -> Callable[..., tuple[str | None, Any]]:
    """invoke(name, event) is the kind of error, if any, and the document that came back."""

    def invoke(name: str, event: object = None, **more: Any) -> tuple[str | None, Any]:
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event), **more)
        return answer.get("FunctionError"), json.load(answer["Payload"])

    return invoke
