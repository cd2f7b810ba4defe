"""Faults: parts of the stack that fail on a test's word, at the process or on the wire.

On the wire, the fronts of the session's own stack hold back, answer or repeat what they pass on; at the process, it is
a SIGKILL. Nothing of the stack knows of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from orchestrator.errors import StackError
from orchestrator.testing.database import answers
from orchestrator.testing.detour import detour
from orchestrator.testing.front import Forward, Front, Rule
from orchestrator.testing.http_message import Message, answer
from orchestrator.testing.triggers import invoked

if TYPE_CHECKING:
    import psutil

    from orchestrator.testing.stack import Stack

HASURA, LAMBDA, POSTGRES, COGNITO, TUNNEL = "hasura", "lambda", "postgres", "cognito", "tunnel"
READY_SECONDS = 60.0
POLL_SECONDS = 0.02
SETTLE_SECONDS = 10.0
NO_HANDLER = "made_to_fail.handler"

Act = Callable[[Message, Forward, asyncio.Event], Coroutine[Any, Any, Message | None]]

NAME_OF_FUNCTION = "AWS_LAMBDA_FUNCTION_NAME"


@dataclass
class Fault:
    """Something that fails until `undo`, which the end of the test or of a `with` block calls."""

    what: str
    undoing: Callable[[], None] = field(repr=False)
    rule: Rule | None = field(default=None, repr=False)
    undone: bool = False

    @property
    def applied(self) -> int:
        """How many requests it has met so far, for faults on the wire."""
        return self.rule.applied if self.rule else 0

    def undo(self) -> None:
        if not self.undone:
            self.undone = True
            self.undoing()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.undo()


class Faults:
    """Each method makes something fail from now on, and gives the Fault, for `with faults.hasura_down(): …`.

    A function is named as in `lambdas/`, with or without the stack's prefix. `times` is how many requests it concerns;
    all without it.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._faults: list[Fault] = []
        self._detours = contextlib.ExitStack()
        self._detour: Front | None = None

    def hasura_down(self) -> Fault:
        """Nobody listens at Hasura's address, and the connections there break.

        With `--stack=running` this, like all that happens on the wire to Hasura, is so for the functions only.
        """
        front, run = self._front(HASURA), self._stack.background.run
        run(front.refuse())
        return self._keep(Fault("hasura_down", lambda: run(front.listen())))

    def slow(self, what: str, seconds: float, *, times: int | None = None) -> Fault:
        """Requests to `hasura`, or to a function, arrive that much later."""

        async def act(request: Message, forward: Forward, undone: asyncio.Event) -> Message | None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(undone.wait(), seconds)
            return await forward(request)

        return self._on_the_wire("slow", what, act, times)

    def fail(self, what: str, *, times: int | None = None, message: str = "made to fail") -> Fault:
        """A function raises an error with this message, without having run; Hasura answers 500.

        With `--stack=running`, a function's code can't be found instead, and `times` can't be said.
        """
        if self._stack.own is None and what not in (HASURA, LAMBDA) and times is None:
            return self._without_code(self._stack.functions.resolve(what))
        if what == HASURA:
            failure = {"error": message, "path": "$", "code": "unexpected"}
            failed = answer("500 Internal Server Error", json.dumps(failure).encode())
        else:
            raised = {"errorMessage": message, "errorType": "RuntimeError", "stackTrace": []}
            failed = answer("200 OK", json.dumps(raised).encode(), x_amz_function_error="Unhandled")

        async def act(_request: Message, _forward: Forward, _undone: asyncio.Event) -> Message | None:
            return failed

        return self._on_the_wire("fail", what, act, times)

    def timeout(self, what: str, *, times: int | None = None) -> Fault:
        """Requests to `hasura`, or to a function, get no answer: whoever asked waits until it has enough."""

        async def act(_request: Message, _forward: Forward, undone: asyncio.Event) -> Message | None:
            await undone.wait()
            return None

        return self._on_the_wire("timeout", what, act, times)

    def duplicate(self, function: str, *, times: int | None = None) -> Fault:
        """Invocations reach the function twice, as Lambda may deliver them; the caller gets the second answer."""

        async def act(request: Message, forward: Forward, _undone: asyncio.Event) -> Message | None:
            await forward(request)
            return await forward(request)

        return self._on_the_wire("duplicate", function, act, times)

    def kill(self, what: str) -> Fault:
        """SIGKILL for the process of a service (`postgres`, `hasura`, `cognito`, `lambda`), or for those that run a
        function. The service is started again by what runs it; `undo` waits until it is ready."""
        import psutil

        states = self._stack.children.states()
        if what in states:
            victims = [psutil.Process(pid)] if (pid := states[what].pid) else []
            self._kill(what, victims)
            return self._keep(Fault(f"kill {what}", lambda: self._wait_ready(what)))
        if what in (POSTGRES, HASURA):
            return self._kill_container(what)
        function = self._stack.functions.resolve(what)
        self._kill(function, self._workers(function))
        return self._keep(Fault(f"kill {function}", lambda: None))

    def drop_tunnel(self) -> Fault:
        """The tunnel's connection breaks; its keeper opens it again by itself, which `undo` waits for."""
        import psutil

        from orchestrator.stack import tunnel

        keeper = self._stack.children.states().get(TUNNEL)
        if keeper is None or keeper.pid is None:
            raise StackError("The stack has no tunnel that could drop.", "Start one with STACK_TUNNEL=ssh, say.")
        process, before = psutil.Process(keeper.pid), tunnel.read(self._stack.layout)

        def is_back() -> bool:
            # The keeper may not have noticed yet, and its tunnel pass for open.
            now = tunnel.read(self._stack.layout)
            return now is not None and now.state == "open" and (before is None or now.since != before.since)

        # A provider without a process of its own lives in the keeper.
        self._kill(TUNNEL, process.children(recursive=True) or [process])
        return self._keep(Fault("drop_tunnel", lambda: self._wait(TUNNEL, is_back)))

    def undo(self) -> None:
        """All of them, the last one first."""
        with contextlib.ExitStack() as undo:
            undo.callback(self._detours.close)
            for fault in self._faults:
                undo.callback(fault.undo)
        self._faults.clear()
        self._detour = None

    def _keep(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    def _on_the_wire(self, name: str, what: str, act: Act, times: int | None) -> Fault:
        front = self._front(HASURA if what == HASURA else LAMBDA)
        undone = asyncio.Event()
        rule = Rule(self._concerns(what), lambda request, forward: act(request, forward, undone), times)
        front.rules.append(rule)

        async def undo() -> None:
            """What was held back arrives before the next test begins."""
            front.rules.remove(rule)
            undone.set()
            await asyncio.wait_for(rule.settled(), SETTLE_SECONDS)

        return self._keep(Fault(f"{name} {what}", lambda: self._stack.background.run(undo()), rule))

    def _concerns(self, what: str) -> Callable[[Message], bool]:
        if what == HASURA:
            return lambda _request: True
        if what == LAMBDA:
            return lambda request: invoked(request) is not None
        if what in (POSTGRES, COGNITO):
            raise StackError(
                f"On the wire, {what} can't be made to fail: only hasura and the functions are.",
                f'There is faults.kill("{what}").',
            )
        name = self._stack.functions.resolve(what)
        return lambda request: invoked(request) == name

    def _front(self, service: str) -> Front:
        if self._stack.own:
            return self._stack.own.fronts[service]
        if service != HASURA:
            raise StackError(
                "Between Cognito and the functions, only a session's own stack can be made to fail.",
                "Leave --stack=running out. With it, Hasura can fail, and faults.fail(function) and faults.kill work.",
            )
        if self._detour is None:
            self._detour = self._detours.enter_context(detour(self._stack))
        return self._detour

    def _without_code(self, function: str) -> Fault:
        handler = self._stack.awslambda.get_function_configuration(FunctionName=function)["Handler"]
        self._stack.configure(function, Handler=NO_HANDLER)
        return self._keep(Fault(f"fail {function}", lambda: self._stack.configure(function, Handler=handler)))

    def _kill(self, name: str, victims: list[psutil.Process]) -> None:
        import psutil

        if not victims:
            raise StackError(f"No process of {name} runs that could be killed.")
        for victim in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
        psutil.wait_procs(victims, timeout=5)

    def _workers(self, function: str) -> list[psutil.Process]:
        import psutil

        pid = self._stack.children.states()[LAMBDA].pid
        return [child for child in psutil.Process(pid).children(recursive=True) if _runs(child, function)]

    def _kill_container(self, service: str) -> Fault:
        from orchestrator.stack.runners import Runners

        container = Runners(self._stack.layout).containers.by_service()[service]
        container.kill()

        def undo() -> None:
            container.reload()
            if container.status != "running":
                container.start()
            self._wait_ready(service)

        return self._keep(Fault(f"kill {service}", undo))

    def _wait_ready(self, service: str) -> None:
        self._wait(service, lambda: self._answers(service))

    def _wait(self, service: str, is_back: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not is_back():
            if time.monotonic() > deadline:
                raise StackError(f"{service} did not come back within {READY_SECONDS:g} s.", "See its log.")
            time.sleep(POLL_SECONDS)

    def _answers(self, service: str) -> bool:
        from orchestrator.launchers import ready
        from orchestrator.services.spec import HttpReady

        urls = self._stack.urls
        if service == POSTGRES:
            return self._stack.background.run(answers(urls.postgres))
        questions = {
            HASURA: HttpReady(f"{urls.hasura}/healthz"),
            COGNITO: HttpReady(f"{urls.cognito}/_local/health"),
            LAMBDA: HttpReady(f"{urls.awslambda}/_local/health"),
        }
        if service not in questions:
            return self._stack.children.states()[service].state == "running"
        return ready.answers(questions[service], seconds=2)


def _runs(process: psutil.Process, function: str) -> bool:
    import psutil

    with contextlib.suppress(psutil.Error):
        return process.environ().get(NAME_OF_FUNCTION) == function
    return False
