"""Calling functions: what is tried again, and what each failure is called."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from orchestrator.cognito.lambda_client import LambdaClient
from orchestrator.cognito.triggers import FunctionRaised, FunctionUnavailable

from .functions import Functions, raising, unchanged

EVENT = {"triggerSource": "Test", "response": {}}


@pytest.fixture
async def client(functions: Functions) -> AsyncIterator[LambdaClient]:
    running = LambdaClient(functions.url)
    yield running
    await running.close()


async def test_a_function_gets_the_event_and_its_answer_comes_back(functions: Functions, client: LambdaClient) -> None:
    arn = functions.add("f", lambda event: {**event, "seen": True})
    assert await client(arn, EVENT) == {**EVENT, "seen": True}


async def test_an_exception_is_told_and_not_tried_again(functions: Functions, client: LambdaClient) -> None:
    arn = functions.add("f", raising("no bots"))
    with pytest.raises(FunctionRaised, match=r"^no bots$"):
        await client(arn, EVENT)
    assert len(functions.events) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_may_pass_is_tried_three_times(functions: Functions, client: LambdaClient, status: int) -> None:
    arn = functions.add("f", unchanged)
    functions.fail_next(status, status)
    assert await client(arn, EVENT) == EVENT
    functions.fail_next(status, status, status)
    with pytest.raises(FunctionUnavailable, match="ServiceException"):
        await client(arn, EVENT)
    assert len(functions.events) == 1


async def test_a_function_that_is_not_there_is_not_tried_again(client: LambdaClient) -> None:
    with pytest.raises(FunctionUnavailable, match="ResourceNotFoundException"):
        await client("arn:aws:lambda:us-east-1:000000000000:function:nothing", EVENT)


async def test_a_function_that_hangs_is_given_up_after_three_attempts(functions: Functions) -> None:
    done = threading.Event()
    arn = functions.add("f", lambda event: done.wait(30))
    client = LambdaClient(functions.url, seconds=0.3)
    with pytest.raises(FunctionUnavailable, match=r"^Socket timeout while invoking Lambda function$"):
        await client(arn, EVENT)
    async with asyncio.timeout(10):
        while len(functions.events) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    done.set()
    await client.close()
    assert len(functions.events) == 3


async def test_a_lambda_that_is_down_is_named(refusing_port: int) -> None:
    url = f"http://127.0.0.1:{refusing_port}"
    client = LambdaClient(url)
    with pytest.raises(FunctionUnavailable, match=f"^Lambda does not answer at {url}$"):
        await client("arn", EVENT)
    await client.close()


async def test_without_a_lambda_a_trigger_says_what_to_configure() -> None:
    with pytest.raises(FunctionUnavailable, match="no lambda_url is configured"):
        await LambdaClient(None)("arn", EVENT)
