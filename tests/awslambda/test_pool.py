"""Pools of real workers, in this process's event loop."""

from __future__ import annotations

import asyncio
import json
import os
import time
import uuid
from dataclasses import replace

import pytest

from orchestrator.awslambda.answers import Invocation
from orchestrator.awslambda.environment import provide_runtime
from orchestrator.awslambda.errors import ApiError
from orchestrator.awslambda.functions import Function
from orchestrator.awslambda.logs import LogFile
from orchestrator.awslambda.pool import IDLE_SECONDS, Pool
from orchestrator.awslambda.worker import Worker

PID = "import os\ndef handler(event, context): return os.getpid()"


@pytest.fixture(params=["native", "portable"])
def runtime(request, tmp_path):
    runtime = provide_runtime(tmp_path / "runtime")
    return replace(runtime, portable=request.param == "portable")


@pytest.fixture
async def make_pool(tmp_path, runtime):
    pools = []

    def make_pool(source):
        code = tmp_path / "code"
        code.mkdir()
        (code / "app.py").write_text(source)
        function = Function("f", "app.handler", "python3.12", code, timeout=20)
        log = LogFile(tmp_path / "f.log")
        pools.append(Pool(function, lambda function: Worker(function, runtime, "us-east-1", log)))
        return pools[-1]

    yield make_pool
    for pool in pools:
        await pool.close()


async def result(pool, event=None):
    invocation = Invocation(str(uuid.uuid4()), json.dumps(event).encode(), "arn", "Root=1")
    return json.loads((await pool.invoke(invocation)).payload)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until_gone(pid):
    deadline = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline
        await asyncio.sleep(0)


async def test_a_warmed_worker_serves_the_first_event(make_pool):
    pool = make_pool(PID)
    pool.warm()
    assert await result(pool) == await result(pool)


async def test_changed_code_is_found_without_an_event(make_pool, tmp_path):
    pool = make_pool(PID)
    old = await result(pool)
    (tmp_path / "code" / "app.py").write_text(PID + "  # changed")
    pool.tend(time.monotonic())
    await until_gone(old)
    assert await result(pool) != old


async def test_a_worker_that_was_busy_while_the_code_changed_ends_with_its_event(make_pool, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    pool = make_pool("import os\ndef handler(event, context): open(event).read(); return os.getpid()")
    running = asyncio.ensure_future(result(pool, str(tmp_path / "fifo")))
    writer = await asyncio.to_thread(open, tmp_path / "fifo", "w")
    (tmp_path / "code" / "app.py").write_text("def handler(event, context): return 'new'")
    pool.tend(time.monotonic())
    writer.close()
    old = await running
    assert await result(pool) == "new"
    await until_gone(old)


async def test_idle_workers_end_but_for_one(make_pool, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    pool = make_pool(
        "import os\ndef handler(event, context):\n    with open(*event) as fifo: pass\n    return os.getpid()"
    )
    fifo = str(tmp_path / "fifo")
    first, second = await asyncio.gather(result(pool, [fifo, "r"]), result(pool, [fifo, "w"]))
    assert first != second
    pool.tend(time.monotonic())
    assert is_alive(first)
    assert is_alive(second)
    pool.tend(time.monotonic() + IDLE_SECONDS + 1)
    left = await result(pool, ["/dev/null", "r"])
    await until_gone(first if left == second else second)


async def test_a_worker_that_was_killed_while_idle_is_replaced(make_pool):
    pool = make_pool(PID)
    first = await result(pool)
    os.kill(first, 9)
    await until_gone(first)
    assert await result(pool) != first


async def test_after_a_module_that_fails_comes_one_that_works(make_pool, tmp_path):
    pool = make_pool("import nothing_like_this")
    pool.warm()
    assert (await result(pool))["errorType"] == "Runtime.ImportModuleError"
    (tmp_path / "code" / "app.py").write_text("def handler(event, context): return 'works'")
    assert await result(pool) == "works"


async def test_an_error_of_a_handler_comes_back(make_pool):
    error = await result(make_pool("def handler(event, context): raise ValueError('ä\\nb')"))
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "ä\nb")


async def test_a_closed_pool_refuses_events(make_pool):
    pool = make_pool(PID)
    await pool.close()
    with pytest.raises(ApiError, match="not running any more"):
        await result(pool)


async def test_an_event_that_is_given_up_ends_its_worker(make_pool, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    pool = make_pool(
        "import os, time\n"
        "def handler(event, context):\n"
        "    if event:\n"
        "        open(event, 'w').write(str(os.getpid()))\n"
        "        time.sleep(60)\n"
        "    return os.getpid()"
    )
    running = asyncio.ensure_future(result(pool, str(tmp_path / "fifo")))
    worker = int(await asyncio.to_thread((tmp_path / "fifo").read_text))
    running.cancel()
    assert await result(pool) != worker
    await until_gone(worker)


async def test_a_closed_pool_leaves_no_process(make_pool):
    pool = make_pool(PID)
    worker = await result(pool)
    await pool.close()
    assert not is_alive(worker)
