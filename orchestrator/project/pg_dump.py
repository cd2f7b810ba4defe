"""A server's own schema and rows as SQL, from the API that runs pg_dump."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.project.hasura import Hasura


def schema_of(hasura: Hasura, source: str, schemas: Iterable[str]) -> str:
    """SQL that makes these schemas anew, as `hasura migrate create --from-server` writes it."""
    opts = ["-O", "-x", "--schema-only"]
    for schema in schemas:
        opts += ["--schema", schema]
    # A function may use what is created after it.
    return "SET check_function_bodies = false;\n" + hasura.pg_dump(source, opts)


def rows_of(hasura: Hasura, source: str, tables: Iterable[str]) -> str:
    """SQL that inserts the rows of these tables, as `hasura seed create --from-table` writes it."""
    opts = ["--no-owner", "--no-acl", "--data-only", "--column-inserts"]
    for table in tables:
        opts += ["--table", table]
    return hasura.pg_dump(source, opts)
