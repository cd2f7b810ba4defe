"""The options --endpoint and --admin-secret, and the project and the Hasura server a command is about."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from orchestrator.errors import StackError
from orchestrator.project import config, hasura, metadata, migrations
from orchestrator.project.config import Config, find_root
from orchestrator.project.hasura import Hasura
from orchestrator.project.metadata import Metadata
from orchestrator.project.yaml_tree import shown
from orchestrator.stack import target

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@dataclass(frozen=True)
class Server:
    """Where the project is, and how its server was named."""

    project: Path
    endpoint: str
    admin_secret: str = field(repr=False)

    @property
    def config(self) -> Config:
        return config.read(find_root(self.project))

    @contextlib.contextmanager
    def connect(self) -> Iterator[Hasura]:
        """The client for the server, for as long as the block lasts."""
        found = target.find(find_root(self.project), os.environ, endpoint=self.endpoint, admin_secret=self.admin_secret)
        with hasura.connect(found.url, found.admin_secret, seconds=600, trust=found.trust) as client:
            yield client


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command its `Server` as the first argument, and the options that say which."""

    @click.option("--endpoint", metavar="URL", default="", help="Another Hasura server. [env: HASURA_GRAPHQL_ENDPOINT]")
    @click.option(
        "--admin-secret",
        metavar="SECRET",
        default="",
        help="Its admin secret; the variable shows it to nobody. [env: HASURA_GRAPHQL_ADMIN_SECRET]",
    )
    @click.pass_obj
    def with_server(project: Path, /, *args: Any, endpoint: str, admin_secret: str, **options: Any) -> Any:
        return command(Server(project, endpoint, admin_secret), *args, **options)

    with_server.__name__, with_server.__doc__ = command.__name__, command.__doc__
    return with_server


def database(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --database-name, as the Hasura CLI calls a source."""
    return click.option("--database-name", "source", metavar="NAME", help="The database (source); all by default.")(
        command
    )


def chosen(known: Iterable[str], source: str | None) -> list[str]:
    """That source, or every known one. Raises click's BadParameter for an unknown one."""
    known = list(known)
    if source is not None and source not in known:
        there = ", ".join(known) or "none"
        raise click.BadParameter(f"There is no {source!r}; there are: {there}.", param_hint="--database-name")
    return [source] if source is not None else known


def only_source(where: Server) -> str:
    """The project's one database, for a command that is about one. Raises click's UsageError if there are several."""
    known = [str(each["name"]) for each in metadata_here(where).sources] or migrations.sources(where.config.migrations)
    if len(known) > 1:
        raise click.UsageError(f"Say which database with --database-name: {', '.join(known)}.")
    return known[0] if known else "default"


def metadata_here(where: Server) -> Metadata:
    """The project's metadata, for the places in its files; an empty one where it cannot be read."""
    project = where.config
    try:
        return metadata.read(project.metadata, project.root)
    except StackError:
        return metadata.nowhere(shown(project.metadata, project.root))
