"""The invocations of Lambda functions that a session's front saw, Cognito's trigger events above all."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from orchestrator.testing.http_message import Message

INVOCATIONS = "/invocations"
FUNCTIONS = "/functions/"


@dataclass(frozen=True)
class Invocation:
    """One call of a function: what it got, what it gave, and how it failed (Lambda's word for it) if it did.

    `at` is in seconds of Unix time. Without an answer there was none within the caller's patience.
    """

    function: str
    event: Any
    answer: Any
    error: str | None
    seconds: float
    at: float = field(default_factory=time.time)

    @property
    def source(self) -> str:
        """The triggerSource of a trigger event, `PostConfirmation_ConfirmSignUp`; empty for other events."""
        return str(self.event.get("triggerSource", "")) if isinstance(self.event, dict) else ""


class Triggers(Sequence[Invocation]):
    """The invocations since the test began, oldest first; it grows while the test runs."""

    def __init__(self) -> None:
        self._seen: list[Invocation] = []

    def __getitem__(self, index: Any) -> Any:
        return self._seen[index]

    def __len__(self) -> int:
        return len(self._seen)

    def __iter__(self) -> Iterator[Invocation]:
        return iter(list(self._seen))

    def of(self, function: str) -> list[Invocation]:
        """Those of one function, which may be named without the stack's prefix."""
        wanted = function.replace("_", "-")
        return [each for each in self if each.function in (function, wanted) or each.function.endswith(f"-{wanted}")]

    @property
    def sources(self) -> list[str]:
        return [each.source for each in self if each.source]

    def clear(self) -> None:
        self._seen.clear()

    def see(self, request: Message, answer: Message | None, seconds: float) -> None:
        """Notes a request to Lambda, if it is an invocation."""
        if name := invoked(request):
            error = "no answer" if answer is None else answer.header("x-amz-function-error") or None
            if answer is not None and answer.status[:1] in b"45":
                error = answer.header("x-amzn-errortype") or f"HTTP {answer.status.decode()}"
            content = None if answer is None else parsed(answer.content)
            self._seen.append(Invocation(name, parsed(request.content), content, error, seconds))


def invoked(request: Message) -> str | None:
    """The name of the function that a request invokes, or None if it does not."""
    path = unquote(request.path)
    if not path.endswith(INVOCATIONS) or FUNCTIONS not in path:
        return None
    return path.split(FUNCTIONS, 1)[1].removesuffix(INVOCATIONS).removesuffix(":$LATEST").rpartition(":")[2]


def parsed(content: bytes) -> Any:
    """The JSON value, or the text that is none."""
    try:
        return json.loads(content or b"null")
    except ValueError:
        return content.decode("utf-8", "replace")


def shown(invocation: Invocation) -> str:
    """A trigger event as a failing test's report tells it."""
    failed = f"  {invocation.error}" if invocation.error else ""
    name = invocation.source or "invocation"
    lines = [f"{clock(invocation.at)} {name} → {invocation.function}  {invocation.seconds * 1000:.0f} ms{failed}"]
    lines.append(f"    event  {compact(without_password(invocation.event))}")
    if invocation.error:
        lines.append(f"    answer {compact(invocation.answer)}")
    elif isinstance(invocation.answer, Mapping) and invocation.answer.get("response"):
        lines.append(f"    response {compact(invocation.answer['response'])}")
    return "\n".join(lines)


def without_password(event: Any) -> Any:
    """A UserMigration event brings the user's password."""
    request = event.get("request") if isinstance(event, dict) else None
    if not isinstance(request, dict) or "password" not in request:
        return event
    return {**event, "request": {**request, "password": "…"}}


def clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}"


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
