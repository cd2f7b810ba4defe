"""The Lambda functions of the running stack, through the Lambda API."""

from __future__ import annotations

import base64
import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.aws import clients
from orchestrator.aws.attach.triggers import Trigger, functions_of
from orchestrator.aws.failures import told
from orchestrator.aws.pool import described_pool
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
    """The functions of the emulator; of an account in AWS, where there may be hundreds, those `called` by the pool."""

    client: LambdaClient
    called: Sequence[str] | None = None

    @classmethod
    def of(cls, record: Record) -> Functions:
        region = record.pool.region
        if record.identity == "aws":
            pool = described_pool(clients.amazon("cognito-idp", region=region), record.pool.id)
            called = sorted(Trigger(arn).function for arn in functions_of(pool.get("LambdaConfig") or {}))
            return cls(clients.amazon("lambda", region=region), called)
        return cls(clients.awslambda(endpoint=record.urls.awslambda, region=region))

    def list(self) -> Sequence[Mapping[str, Any]]:
        """Each function as `{"name", "arn", "handler", "runtime", "timeout", "memory"}`."""
        return [
            {
                "name": each["FunctionName"],
                "arn": each["FunctionArn"],
                "handler": each.get("Handler"),
                "runtime": each.get("Runtime"),
                "timeout": each.get("Timeout"),
                "memory": each.get("MemorySize"),
            }
            for each in self._described()
        ]

    def _described(self) -> Iterable[Mapping[str, Any]]:
        if self.called is None:
            with told("Listing the functions"):
                return [
                    each
                    for page in self.client.get_paginator("list_functions").paginate()
                    for each in page["Functions"]
                ]
        return [each for name in self.called if (each := self._find(name))]

    def _find(self, name: str) -> Mapping[str, Any] | None:
        with told(f"Describing the function {name}"):
            try:
                return self.client.get_function_configuration(FunctionName=name)
            except self.client.exceptions.ResourceNotFoundException:
                return None

    def resolve(self, name: str) -> str:
        """The function of this name, which may leave out the stack's prefix and write _ for -.

        Raises StackError with the names that there are.
        """
        names = [str(each["name"]) for each in self.list()]
        wanted = name.replace("_", "-")
        for candidate in (name, wanted, f"{STACK_NAME}-{wanted}"):
            if candidate in names:
                return candidate
        # In AWS the prefix is the name that the stack was deployed with; and any other function can be named in full.
        ending = [each for each in names if each.endswith(f"-{wanted}")] if self.called is not None else []
        if len(ending) == 1:
            return ending[0]
        if self.called is not None and self._find(name):
            return name
        near = difflib.get_close_matches(f"{STACK_NAME}-{wanted}", names, n=1)
        there = f"There are: {', '.join(names)}." if names else "The pool calls none: see `hasura-cognito aws attach`."
        raise StackError(f"There is no function {name}.", f"Did you mean {near[0]}?" if near else there)

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
