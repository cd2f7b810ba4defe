"""A stack of a test session's own: free ports, its data in memory, gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from orchestrator.launchers.ports import free_ports, held
from orchestrator.services.postgres import SETTINGS
from orchestrator.stack import lifecycle
from orchestrator.stack.machine import PORT_VARIABLES
from orchestrator.stack.plan import Layout
from orchestrator.stack.planning import METADATA_DATABASE
from orchestrator.testing.database import connect
from orchestrator.testing.front import LOOPBACK, Front
from orchestrator.testing.guard import guarded
from orchestrator.testing.metadata import MetadataTemplate
from orchestrator.testing.restore import Template
from orchestrator.testing.stack import Own, Stack, opened
from orchestrator.testing.triggers import Triggers

if TYPE_CHECKING:
    from orchestrator.testing.background import Background

MEMORY = Path("/dev/shm")  # noqa: S108 a folder of our own is made in it
# A data directory is 30 MB, and its write-ahead log grows to 256 MB.
ENOUGH_BYTES = 1_000_000_000
BEHIND_A_FRONT = ("hasura", "lambda")


def data_folder() -> Path:
    """Where sessions keep their data: in memory where the system has room there, else with the temporary files.

    Unlike a whole test run's files, nothing of a stack's data is executed, so that a mount without that right will do.
    """
    try:
        roomy = shutil.disk_usage(MEMORY).free >= ENOUGH_BYTES and os.access(MEMORY, os.W_OK | os.X_OK)
    except OSError:
        roomy = False
    return MEMORY if roomy else Path(tempfile.gettempdir())


@contextlib.contextmanager
def own_stack(
    root: Path, environ: Mapping[str, str], background: Background, *, settings: Mapping[str, str]
) -> Iterator[Stack]:
    """The project's stack, started now; `settings` go before all others. Raises StackError when it can't be."""
    with contextlib.ExitStack() as undo:
        layout = Layout(root, Path(tempfile.mkdtemp(prefix="hasura-cognito-test-", dir=data_folder())))
        undo.callback(shutil.rmtree, layout.state, ignore_errors=True)
        undo.enter_context(guarded(root, layout.state))
        undo.callback(lifecycle.reset, layout, environ)
        # Known before any service starts, since the fronts need them, too.
        ports = dict(zip(PORT_VARIABLES, free_ports(len(PORT_VARIABLES)), strict=True))
        undo.enter_context(held(ports.values()))
        triggers = Triggers()
        fronts = {name: Front(ports[name]) for name in BEHIND_A_FRONT}
        fronts["lambda"].see = triggers.see
        for front in fronts.values():
            background.run(front.open())
            undo.callback(_close, front, background)
        environ = {**environ, **_settings(ports), **settings}
        clients = undo.enter_context(ThreadPoolExecutor(1)).submit(_load_clients)
        at = {name: front.port for name, front in fronts.items()}
        lifecycle.up(layout, environ, lambda _event: None, check=False, fronts=at)
        clients.result()
        stack = undo.enter_context(opened(layout, environ, background))
        background.run(_log_statements(stack.urls.postgres))
        yield replace(stack, own=undo.enter_context(_owned(stack, fronts, triggers)))


def _close(front: Front, background: Background) -> None:
    background.run(front.close())


def _settings(ports: Mapping[str, int]) -> Mapping[str, str]:
    """What a session's stack has otherwise than the developer's; all else is as the project's `.env` says."""
    return {
        **{PORT_VARIABLES[name]: str(port) for name, port in ports.items()},
        "COGNITO_CALLBACK_PORT": "0",
        "STACK_HOST": LOOPBACK,
        "STACK_IDENTITY": "local",
        "STACK_PORTS": "fixed",
        "STACK_TUNNEL": "none",
    }


def _load_clients() -> None:
    """Takes as long as starting the services, so it is done meanwhile."""
    import botocore.session  # noqa: F401

    import orchestrator.aws.clients  # noqa: F401


async def _log_statements(url: str) -> None:
    """PostgreSQL logs every statement, for the reports of failing tests."""
    connection = await connect(url)
    try:
        await connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        await connection.execute(f"ALTER SYSTEM SET log_line_prefix = '{SETTINGS['log_line_prefix']}'")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


@contextlib.contextmanager
def _owned(stack: Stack, fronts: Mapping[str, Front], triggers: Triggers) -> Iterator[Own]:
    run = stack.background.run
    base, _, name = stack.urls.postgres.rpartition("/")
    rows = stack.layout.state / "template"
    rows.mkdir(mode=0o700)
    template = run(Template.take(stack.urls.postgres, unquote(name), rows))
    metadata = run(MetadataTemplate.take(f"{base}/{METADATA_DATABASE}", stack.urls.hasura, stack.admin_secret))
    try:
        yield Own(fronts, triggers, template, metadata, frozenset(stack.groups()))
    finally:
        run(template.close())
        run(metadata.close())
