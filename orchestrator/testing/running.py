"""The developer's own stack, already running, as the stack of a test session."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import StackError
from orchestrator.stack.lifecycle import stale_services
from orchestrator.stack.machine import plan_here
from orchestrator.stack.plan import Layout
from orchestrator.stack.runners import Runners
from orchestrator.stack.status import running
from orchestrator.testing.stack import Stack, opened

if TYPE_CHECKING:
    from orchestrator.testing.background import Background


@contextlib.contextmanager
def running_stack(
    root: Path, environ: Mapping[str, str], background: Background, *, backend: str | None
) -> Iterator[Stack]:
    """Raises StackError when nothing runs, or something else than settings and project say."""
    layout = Layout(root)
    record = running(root)
    if backend not in (None, "auto", record.backend):
        raise StackError(
            f"The stack of {root} runs on the backend {record.backend}, not {backend}.",
            "Leave --stack-backend out, or start the stack with STACK_BACKEND set.",
        )
    plan = plan_here(layout, environ, record, running=True)
    stale = stale_services(plan, Runners(layout, environ), record)
    if stale:
        raise StackError(
            f"The stack of {root} is not running as its settings say now: {', '.join(spec.name for spec in stale)}.",
            "Run `hasura-cognito up`, which starts anew what has changed.",
        )
    with opened(layout, environ, background) as stack:
        yield stack
