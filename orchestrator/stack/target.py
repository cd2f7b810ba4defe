"""Which Hasura a command speaks to: the one asked for, this project's running one, or that of `config.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.launchers.child import Children
from orchestrator.project import config
from orchestrator.project.trust import SYSTEM, Trust
from orchestrator.settings import read_env_file
from orchestrator.stack import record as records
from orchestrator.stack.machine import settings_here
from orchestrator.stack.plan import Layout

ENDPOINT = "HASURA_GRAPHQL_ENDPOINT"
ADMIN_SECRET = "HASURA_GRAPHQL_ADMIN_SECRET"  # noqa: S105 the name of a variable


@dataclass(frozen=True)
class Target:
    """A Hasura server and its admin secret, empty where it has none."""

    url: str
    admin_secret: str = field(repr=False)
    trust: Trust = SYSTEM


def find(root: Path, environ: Mapping[str, str], *, endpoint: str = "", admin_secret: str = "") -> Target:
    """The server that `endpoint` or the variable HASURA_GRAPHQL_ENDPOINT names; else the running stack's; else the one
    in `config.yaml`, as for the Hasura CLI. The stack's own secret goes to the stack only.
    """
    variables = {**read_env_file(root / ".env"), **environ}
    project = config.read(root, environ)
    asked = endpoint or variables.get(ENDPOINT, "")
    layout = Layout(root)
    record = None if asked else records.read(layout.record)
    if record and Children(layout.state).alive():
        return Target(record.urls.hasura, admin_secret or settings_here(layout, environ).hasura.admin_secret)
    url = (asked or project.endpoint).rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise StackError(f"The endpoint {url} is no URL.", "Write it as http://localhost:8080.")
    return Target(url, admin_secret or variables.get(ADMIN_SECRET, "") or project.admin_secret, project.trust)
