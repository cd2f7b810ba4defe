"""Seeds: example rows in `seeds/<source>/*.sql`, run in the order of their names each time they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.project import sql_errors, text_file
from orchestrator.project.hasura import Hasura, HasuraError
from orchestrator.project.yaml_tree import shown


@dataclass(frozen=True)
class Seed:
    """A file of SQL for a source; `file` is as a reader of the project would write it."""

    source: str
    file: Path
    sql: str


def read(directory: Path, root: Path, source: str = "default") -> tuple[Seed, ...]:
    """The seeds of a source by name; `directory` is the project's `seeds` folder."""
    return tuple(
        Seed(source, shown(file, root), text_file.read(file, shown(file, root)))
        for file in sorted((directory / source).glob("*.sql"))
    )


def apply(hasura: Hasura, seeds: Iterable[Seed]) -> None:
    """Runs each seed in a transaction of its own. Raises StackError with file, line and PostgreSQL's words."""
    for seed in seeds:
        try:
            hasura.run_sql(seed.source, seed.sql)
        except HasuraError as error:
            failure = sql_errors.locate(hasura, seed.source, seed.sql, error)
            raise StackError(*failure.words(seed.file)) from error
