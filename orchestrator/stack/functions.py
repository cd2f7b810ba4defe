"""The Lambda functions of the running stack, through the Lambda API."""

from __future__ import annotations

import base64
import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.aws import clients
from orchestrator.aws.failures import told
from orchestrator.errors import StackError
from orchestrator.stack.plan import STACK_NAME
from orchestrator.stack.record import Record

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True)
class Result:
    """What came of an invocation: `error` is Lambda's word for how it failed, None if it did not."""

    payload: Any
    error: str | None
    log: str


@dataclass(frozen=True)
class Functions:
    client: LambdaClient

    @classmethod
    def of(cls, record: Record) -> Functions:
        if record.identity == "aws":
            return cls(clients.amazon("lambda", region=record.pool.region))
        return cls(clients.awslambda(endpoint=record.urls.awslambda, region=record.pool.region))

    def list(self) -> Sequence[Mapping[str, Any]]:
        """Each function as `{"name", "arn", "handler", "runtime", "timeout", "memory"}`."""
        with told("Listing the functions"):
            pages = list(self.client.get_paginator("list_functions").paginate())
        return [
            {
                "name": each["FunctionName"],
                "arn": each["FunctionArn"],
                "handler": each.get("Handler"),
                "runtime": each.get("Runtime"),
                "timeout": each.get("Timeout"),
                "memory": each.get("MemorySize"),
            }
            for page in pages
            for each in page["Functions"]
        ]

    def resolve(self, name: str) -> str:
        """The function of this name, which may leave out the stack's prefix and write _ for -.

        Raises StackError with the names that there are.
        """
        names = [each["name"] for each in self.list()]
        wanted = name.replace("_", "-")
        for candidate in (name, wanted, f"{STACK_NAME}-{wanted}"):
            if candidate in names:
                return candidate
        near = difflib.get_close_matches(f"{STACK_NAME}-{wanted}", names, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
        raise StackError(f"There is no function {name}.", hint)

    def invoke(self, name: str, event: Any) -> Result:
        full = self.resolve(name)
        with told(f"Invoking {full}"):
            answer = self.client.invoke(FunctionName=full, Payload=json.dumps(event), LogType="Tail")
            payload = answer["Payload"].read()
        return Result(
            payload=json.loads(payload or b"null"),
            error=answer.get("FunctionError"),
            log=base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace"),
        )
