"""Hasura's address as the functions know it, led through a front: faults on the wire for a stack that ran before."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchestrator.testing.front import LOOPBACK, Front

if TYPE_CHECKING:
    from orchestrator.testing.stack import Stack


@contextlib.contextmanager
def detour(stack: Stack) -> Iterator[Front]:
    """While inside, functions whose environment names Hasura reach it through this front; nobody else does."""
    front = Front(urlsplit(stack.urls.hasura).port or 80)
    with contextlib.ExitStack() as undo:
        stack.background.run(front.open())
        undo.callback(lambda: stack.background.run(front.close()))
        for function in stack.functions.list():
            variables = stack.variables(function["name"])
            led = {
                name: value.replace(stack.urls.hasura, f"http://{LOOPBACK}:{front.port}", 1)
                for name, value in variables.items()
                if value.startswith(stack.urls.hasura)
            }
            if led:
                undo.enter_context(stack.environment(function["name"], **led))
        yield front
