"""One warm worker: AWS's runtime client in a process of its own, and the Runtime API that gives it events."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import Any

from orchestrator.awslambda import environment, process
from orchestrator.awslambda.answers import (
    Answer,
    Invocation,
    Outcome,
    checked,
    error_payload,
    exit_error,
    start_error,
    timed_out,
    too_large,
)
from orchestrator.awslambda.environment import Runtime
from orchestrator.awslambda.functions import Function
from orchestrator.awslambda.logs import LogFile, Transcript, announce, timestamp
from orchestrator.awslambda.runtime_api import Connection, Request

INIT_SECONDS = 10.0  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html

_API = "/2018-06-01/runtime/"


class WorkerGone(Exception):
    """The process ended, or never became ready, before it was given the event."""


class Worker:
    """A process that runs one handler, one event at a time."""

    def __init__(self, function: Function, runtime: Runtime, region: str, log: LogFile) -> None:
        self.function = function
        self._runtime = runtime
        self._region = region
        self._transcript = Transcript(log)
        self._loop = asyncio.get_running_loop()
        self._asked: asyncio.Future[Connection] = self._loop.create_future()
        self._answer: asyncio.Future[Answer] = self._loop.create_future()
        self._current = ""
        self._init_error: Answer | None = None
        self._init_seconds: float | None = None
        self._started_at = time.monotonic()
        self._process: process.Process | None = None
        self._server: asyncio.Server | None = None
        self._ended = False
        self._start = asyncio.ensure_future(self._run())

    @property
    def alive(self) -> bool:
        """Whether it can take an event, now or when its module has been imported."""
        return not self._ended and not (self._process is not None and self._process.exited.done())

    @property
    def initialising(self) -> bool:
        return self.alive and self._init_seconds is None

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run the handler. Raises WorkerGone if the process did not live to see the event."""
        connection = await self._next_request()
        started = time.monotonic()
        self._current, self._answer = invocation.id, self._loop.create_future()
        self._asked = self._loop.create_future()
        self._transcript.line(f"START RequestId: {invocation.id} Version: $LATEST")
        connection.reply(200, invocation.event, self._headers(invocation))
        answer = await self._wait_for_answer(invocation)
        self._report(invocation, time.monotonic() - started)
        tail = self._transcript.tail()
        self._transcript.clear()
        return Outcome(answer.payload, answer.failed, tail)

    def init_failure(self, invocation: Invocation) -> Outcome:
        """The outcome for an event that found a worker whose module could not be imported."""
        answer = self._init_error or exit_error(invocation, self._exit_code())
        self._transcript.line(f"START RequestId: {invocation.id} Version: $LATEST")
        self._report(invocation, time.monotonic() - self._started_at)
        return Outcome(answer.payload, failed=True, log=self._transcript.tail())

    async def stop(self) -> None:
        """End the process and its server, whatever it is doing."""
        self._ended = True
        await asyncio.gather(self._start, return_exceptions=True)
        if self._process is not None and not self._process.exited.done():
            self._process.kill()
            await self._process.exited
        if self._server is not None:
            self._server.close()

    async def ready(self) -> None:
        """Wait until the module is imported or has failed to."""
        await self._start
        if self._process is not None:
            await _first({self._asked, self._process.exited})

    async def _run(self) -> None:
        self._server = await self._loop.create_server(lambda: Connection(self._receive), "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        variables = environment.environment(self._runtime, self.function, region=self._region, api=f"127.0.0.1:{port}")
        python = ".".join(map(str, sys.version_info[:3]))
        self._transcript.line(f"INIT_START Runtime Version: {self.function.runtime} on Python {python}")
        try:
            self._process = await process.start(
                environment.command(self._runtime, self.function),
                self.function.code,
                variables,
                self._transcript.feed,
            )
        except OSError as error:
            self._init_error = start_error(self.function, error)
            self._transcript.line(self._init_error.payload.decode())
            self._ended = True
            return
        self._loop.call_later(INIT_SECONDS, self._end_slow_init)

    def _end_slow_init(self) -> None:
        if self._init_seconds is None and self._process is not None and self.alive:
            self._init_error = Answer(error_payload("Sandbox.Timedout", timed_out(INIT_SECONDS)), failed=True)
            self._transcript.line(f"INIT_REPORT Phase: init Status: timeout {timed_out(INIT_SECONDS)}")
            self._process.kill()

    async def _next_request(self) -> Connection:
        """The request for an event that the process keeps open while it has nothing to do."""
        await self.ready()
        if not self.alive or not self._asked.done() or self._asked.result().closed:
            raise WorkerGone
        return self._asked.result()

    async def _wait_for_answer(self, invocation: Invocation) -> Answer:
        child = self._running()
        await _first({self._answer, child.exited}, seconds=self.function.timeout)
        child.drain()
        if self._answer.done():
            return self._answer.result()
        if child.exited.done():
            return exit_error(invocation, child.exited.result())
        child.kill()
        await child.exited
        self._transcript.line(f"{timestamp()} {invocation.id} {timed_out(self.function.timeout)}")
        message = f"RequestId: {invocation.id} Error: {timed_out(self.function.timeout)}"
        return Answer(error_payload("Sandbox.Timedout", message), failed=True)

    def _running(self) -> process.Process:
        if self._process is None:
            raise WorkerGone
        return self._process

    def _exit_code(self) -> int:
        if self._process is None:
            return 1
        return self._process.exited.result() if self._process.exited.done() else -signal.SIGKILL

    def _headers(self, invocation: Invocation) -> dict[str, str]:
        deadline = int((time.time() + self.function.timeout) * 1000)
        headers = {
            "content-type": "application/json",
            "lambda-runtime-aws-request-id": invocation.id,
            "lambda-runtime-deadline-ms": str(deadline),
            "lambda-runtime-invoked-function-arn": invocation.arn,
            "lambda-runtime-trace-id": invocation.trace,
        }
        if invocation.client_context:
            headers["lambda-runtime-client-context"] = invocation.client_context
        return headers

    def _report(self, invocation: Invocation, seconds: float) -> None:
        milliseconds = seconds * 1000
        peak = self._process.peak_memory() if self._process is not None else None
        report = [
            f"REPORT RequestId: {invocation.id}",
            f"Duration: {milliseconds:.2f} ms",
            f"Billed Duration: {int(milliseconds) + 1} ms",
            f"Memory Size: {self.function.memory} MB",
            f"Max Memory Used: {self.function.memory if peak is None else peak} MB",
        ]
        if self._init_seconds:
            report.append(f"Init Duration: {self._init_seconds * 1000:.2f} ms")
            self._init_seconds = 0.0
        self._transcript.line(f"END RequestId: {invocation.id}\n" + "\t".join(report) + "\t")

    # From here on: what the process asks of the Runtime API.

    def _receive(self, request: Request, connection: Connection) -> None:
        route = request.path.removeprefix(_API).split("/")
        match (request.method, *route):
            case ("GET", "invocation", "next"):
                self._give_next(connection)
            case ("POST", "invocation", id, "response" | "error" as kind) if id == self._current:
                self._take_answer(request, connection, failed=kind == "error")
            case ("POST", "init", "error"):
                self._init_error = Answer(request.body, failed=True)
                announce(f"{self.function.name}: the handler cannot be loaded, its log says why")
                connection.reply(202, b'{"status":"OK"}', {"content-type": "application/json"})
            case _:
                connection.reply(404)

    def _give_next(self, connection: Connection) -> None:
        if self._init_seconds is None:
            self._init_seconds = time.monotonic() - self._started_at
        if self._asked.done():
            connection.reply(403)
        else:
            self._asked.set_result(connection)

    def _take_answer(self, request: Request, connection: Connection, *, failed: bool) -> None:
        if self._answer.done():
            connection.reply(403)
            return
        if request.too_large:
            self._answer.set_result(too_large(request.size))
            connection.reply(413)
            return
        self._answer.set_result(Answer(request.body, failed=True) if failed else checked(request.body))
        connection.reply(202, b'{"status":"OK"}', {"content-type": "application/json"})


async def _first(futures: set[asyncio.Future[Any]], seconds: float | None = None) -> None:
    await asyncio.wait(futures, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
