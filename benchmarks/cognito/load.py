"""What is asked of each emulator, by the same client, and how long it takes."""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from pycognito.aws_srp import AWSSRP

PASSWORD = "Correct-Horse-Battery-1"
SIGN_IN_USER = "bench@example.com"
SAMPLES = 200
SRP_SAMPLES = 60


@dataclass(frozen=True)
class Target:
    """An emulator's address, and the pool and client that users sign in to."""

    url: str
    pool_id: str
    client_id: str


def client_of(target: Target) -> Any:
    return boto3.client(
        "cognito-idp",
        endpoint_url=target.url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(proxies={}),
    )


def asking(target: Target, operation: str, request: dict[str, Any]) -> Callable[[], None]:
    """A request over one kept-alive connection; SystemExit for any answer but 200."""
    connection = http.client.HTTPConnection(urlsplit(target.url).netloc, timeout=30)
    headers = {
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    body = json.dumps(request)

    def ask() -> None:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{target.url} answers {operation} with {answer.status}: {content[:200]!r}")

    return ask


def signing_in(target: Target) -> Callable[[], None]:
    parameters = {"USERNAME": SIGN_IN_USER, "PASSWORD": PASSWORD}
    request = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": target.client_id, "AuthParameters": parameters}
    return asking(target, "InitiateAuth", request)


def sign_ins_per_second(target: Target, *, threads: int, seconds: float) -> float:
    deadline = time.perf_counter() + seconds
    counts: list[int] = []

    def work() -> None:
        sign_in = signing_in(target)
        for count in itertools.count():
            if time.perf_counter() >= deadline:
                counts.append(count)
                return
            sign_in()

    begin = time.perf_counter()
    _in_threads(work, threads)
    if len(counts) != threads:
        raise SystemExit(f"{target.url} did not answer all sign-ins.")
    return sum(counts) / (time.perf_counter() - begin)


def sign_ins(target: Target, *, count: int, threads: int) -> None:
    def work() -> None:
        sign_in = signing_in(target)
        for _ in range(count // threads):
            sign_in()

    _in_threads(work, threads)


def _in_threads(work: Callable[[], None], threads: int) -> None:
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def sign_in_milliseconds(target: Target) -> float:
    return p50_milliseconds(signing_in(target), samples=SAMPLES)


def list_users_milliseconds(target: Target) -> float:
    return p50_milliseconds(asking(target, "ListUsers", {"UserPoolId": target.pool_id, "Limit": 60}), samples=SAMPLES)


def srp_milliseconds(target: Target) -> float:
    """What the two calls of a sign-in with SRP take, p50; pycognito's own arithmetic between them is not counted."""
    api = _Timed(client_of(target))
    for _ in range(SRP_SAMPLES):
        AWSSRP(SIGN_IN_USER, PASSWORD, target.pool_id, target.client_id, client=api).authenticate_user()
    pairs = zip(api.seconds[::2], api.seconds[1::2], strict=True)
    return statistics.median(first + second for first, second in pairs) * 1000


class _Timed:
    """The client with the duration of each of its calls."""

    def __init__(self, api: Any) -> None:
        self._api = api
        self.seconds: list[float] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._api, name)

        def timed(**request: Any) -> Any:
            begin = time.perf_counter()
            try:
                return call(**request)
            finally:
                self.seconds.append(time.perf_counter() - begin)

        return timed


def p50_milliseconds(action: Callable[[], None], *, samples: int) -> float:
    durations = []
    for _ in range(samples):
        begin = time.perf_counter()
        action()
        durations.append(time.perf_counter() - begin)
    return statistics.median(durations) * 1000
