"""The functions of one account in one region: found by what callers name them, kept warm, ended together."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.awslambda.code import Fingerprint, weigh
from orchestrator.awslambda.environment import Runtime
from orchestrator.awslambda.errors import conflict, not_found
from orchestrator.awslambda.functions import Function, arn, describe, parse_reference
from orchestrator.awslambda.logs import LogFile
from orchestrator.awslambda.pool import Pool
from orchestrator.awslambda.worker import Worker

TEND_SECONDS = 0.5


@dataclass
class Deployed:
    """A function with its workers, the events nobody waits for, and the statements of its resource policy by id."""

    arn: str
    pool: Pool
    statements: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    background: set[asyncio.Task[None]] = field(default_factory=set)
    _weighed: tuple[Fingerprint, int, str] | None = None

    @property
    def function(self) -> Function:
        return self.pool.function

    def describe(self) -> dict[str, Any]:
        """The FunctionConfiguration of the API."""
        files = self.pool.files
        if self._weighed is None or self._weighed[0] != files:
            self._weighed = (files, *weigh(files))
        _, size, digest = self._weighed
        return describe(self.function, self.arn, size=size, digest=digest, updating=self.pool.updating)

    def update(self, function: Function) -> None:
        """Serve the next event with these settings."""
        self.pool.update(revised(function))


class Region:
    """All deployed functions. What the API changes lasts until the emulator ends; the configuration file stays."""

    def __init__(self, name: str, account: str, runtime: Runtime, logs: Path, uploads: Path) -> None:
        self.name = name
        self.account = account
        self.uploads = uploads
        self._runtime = runtime
        self._logs = logs
        self._deployed: dict[str, Deployed] = {}
        self._tending: asyncio.Task[None] | None = None

    def open(self, functions: Iterable[Function]) -> None:
        """Deploy these functions and start to warm them."""
        for function in functions:
            self.create(function)
        self._tending = asyncio.ensure_future(self._tend())

    async def close(self) -> None:
        """End all workers."""
        if self._tending is not None:
            self._tending.cancel()
        await asyncio.gather(*(deployed.pool.close() for deployed in self._deployed.values()))

    def all(self) -> list[Deployed]:
        return [self._deployed[name] for name in sorted(self._deployed)]

    def find(self, reference: str) -> Deployed:
        """The function of this name, partial ARN or ARN. Raises ApiError if there is none."""
        parsed = parse_reference(reference, self.name, self.account)
        if parsed is None:
            raise not_found(f"Function not found: {reference}")
        deployed = self._deployed.get(parsed.name)
        if deployed is None or deployed.arn != parsed.arn:
            raise not_found(f"Function not found: {parsed.arn}")
        if parsed.qualifier not in ("", "$LATEST"):
            raise not_found(f"Function not found: {parsed.arn}:{parsed.qualifier}")
        return deployed

    def create(self, function: Function) -> Deployed:
        """Deploy a function and start to warm it. Raises ApiError if there is one of that name."""
        if function.name in self._deployed:
            raise conflict(f"Function already exist: {function.name}")
        deployed = Deployed(arn(self.name, self.account, function.name), Pool(revised(function), self._start))
        self._deployed[function.name] = deployed
        deployed.pool.warm()
        return deployed

    async def delete(self, deployed: Deployed) -> None:
        del self._deployed[deployed.function.name]
        await deployed.pool.close()

    def _start(self, function: Function) -> Worker:
        return Worker(function, self._runtime, self.name, LogFile(self._logs / f"{function.name}.log"))

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(TEND_SECONDS)
            for deployed in self._deployed.values():
                deployed.pool.tend(time.monotonic())


def revised(function: Function) -> Function:
    """The same function as a new revision, changed now."""
    modified = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
    return replace(function, revision=str(uuid.uuid4()), modified=modified)
