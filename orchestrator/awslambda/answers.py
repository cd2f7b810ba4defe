"""An event's way: what goes to a handler, what comes back, and Lambda's words for what went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from orchestrator.awslambda.functions import Function

RESPONSE_BYTES = 6_291_556


@dataclass(frozen=True)
class Invocation:
    """One event on its way to a handler."""

    id: str
    event: bytes
    arn: str
    trace: str
    client_context: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of an invocation. With `failed`, the payload describes the error."""

    payload: bytes
    failed: bool
    log: bytes


@dataclass(frozen=True)
class Answer:
    """What the handler or the runtime said, before the log is added."""

    payload: bytes
    failed: bool = False


def checked(payload: bytes) -> Answer:
    """The handler's result, or the error for one that is not JSON. Python's encoder writes NaN, which is none."""
    try:
        strict_json(payload)
    except ValueError as error:
        return Answer(error_payload("Runtime.MarshalError", f"Unable to marshal response: {error}"), failed=True)
    return Answer(payload)


def strict_json(text: bytes) -> Any:
    """What this text says. Raises ValueError for what is not JSON, NaN and Infinity included."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def too_large(size: int) -> Answer:
    message = f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
    return Answer(error_payload("Function.ResponseSizeTooLarge", message), failed=True)


def exit_error(invocation: Invocation, code: int) -> Answer:
    """The error for a process that ended without an answer."""
    message = f"RequestId: {invocation.id} Error: {exit_reason(code)}"
    return Answer(error_payload("Runtime.ExitError", message), failed=True)


def exit_reason(code: int) -> str:
    """Lambda's words for this exit code.

    >>> exit_reason(-9)
    'Runtime exited with error: signal: killed'
    """
    if code == 0:
        return "Runtime exited without providing a reason"
    if code > 0:
        return f"Runtime exited with error: exit status {code}"
    return f"Runtime exited with error: signal: {_SIGNALS.get(-code, -code)}"


_SIGNALS: Mapping[int, str] = {6: "aborted", 7: "bus error", 9: "killed", 11: "segmentation fault", 15: "terminated"}


def start_error(function: Function, error: OSError) -> Answer:
    """The error for a process that could not be started; nearly always the code folder is missing."""
    module = function.handler.rpartition(".")[0]
    reason = f"{function.code}: {error.strerror}" if not function.code.is_dir() else str(error)
    return Answer(
        error_payload("Runtime.ImportModuleError", f"Unable to import module '{module}': {reason}"), failed=True
    )


def timed_out(seconds: float) -> str:
    return f"Task timed out after {seconds:.2f} seconds"


def error_payload(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")).encode()
