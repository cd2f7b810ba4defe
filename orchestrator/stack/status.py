"""The stack as it is now: what runs, where it is reached, and by which ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.errors import StackError
from orchestrator.launchers.child import Children
from orchestrator.services import callback
from orchestrator.stack import record as records
from orchestrator.stack.plan import Layout, Urls
from orchestrator.stack.record import Record


def status(root: Path) -> Mapping[str, Any]:
    """`{"backend", "identity", "services": {name: {"state", "url", "pid", "since"}}, "urls", "pool"}`.

    A service's state is running, restarting, failed, stopping or stopped.
    Raises StackError if nothing was ever started.
    """
    layout = Layout(root)
    record = records.read(layout.record)
    if record is None:
        raise StackError(f"There is no stack in {root} yet.", "Run `hasura-cognito up`.")
    states = Children(layout.state).states()
    return {
        "backend": record.backend,
        "identity": record.identity,
        "services": {
            name: {
                "state": states[name].state if name in states else "stopped",
                "url": url,
                "pid": states[name].pid if name in states else None,
                "since": shown_time(states[name].since) if name in states else None,
            }
            for name, url in service_urls(record.urls).items()
        },
        "urls": named(record.urls),
        "pool": asdict(record.pool),
    }


def shown_time(seconds: float) -> str:
    """
    >>> shown_time(0)
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def service_urls(urls: Urls) -> Mapping[str, str]:
    """The address of each service; the testing web page is only there if its port was free."""
    always = {"postgres": urls.postgres, "cognito": urls.cognito, "hasura": urls.hasura, "lambda": urls.awslambda}
    return {**always, **({callback.NAME: urls.callback} if urls.callback else {})}


def named(urls: Urls) -> Mapping[str, str | None]:
    """The URLs under the names that users know."""
    shown = {name: url for name, url in asdict(urls).items() if name not in ("hasura", callback.NAME)}
    return {"lambda" if name == "awslambda" else name: url for name, url in shown.items()}


def running(root: Path) -> Record:
    """The record of the running stack. Raises StackError if it does not run."""
    layout = Layout(root)
    record = records.read(layout.record)
    if record is None or not Children(layout.state).alive():
        raise StackError(f"The stack of {root} is not running.", "Run `hasura-cognito up`.")
    return record
