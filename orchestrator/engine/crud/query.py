"""What all old queries need: the table as the role sees it, and its columns, conditions and relationships."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from orchestrator.engine import boolexp, permissions, plan, scalars
from orchestrator.engine.auth.session import Session
from orchestrator.engine.boolexp import BoolExp
from orchestrator.engine.errors import EngineError, not_exists, not_supported, permission_denied
from orchestrator.engine.expressions import Viewer, condition, typed_value
from orchestrator.engine.json_value import JsonValue, below
from orchestrator.engine.metadata.reader import read_name
from orchestrator.engine.permissions import SelectRights, TableAccess
from orchestrator.engine.sql import Param
from orchestrator.engine.tracked import TrackedSource, TrackedTable

ARGS: Final = "$.args"


def at(value: JsonValue) -> str:
    """The path in the request of what stands in its arguments."""
    return ARGS + value.path[1:]


def unexpected_payload(message: str, path: str) -> EngineError:
    return EngineError("unexpected-payload", message, path)


@dataclass(frozen=True)
class Query:
    source: TrackedSource
    session: Session
    stringify: bool

    # Tables and what the role may do with them

    def access(self, args: JsonValue, path: str = ARGS) -> TableAccess:
        name = read_name(args["table"])
        table = self.source.tables.get(name)
        if table is None:
            raise not_exists(f'table "{name}" does not exist', path)
        return self.access_to(table)

    def access_to(self, table: TrackedTable) -> TableAccess:
        return permissions.access(self.source, table, self.session.role, backend=self.session.backend_only)

    def denied(self, kind: str, access: TableAccess, only: str = "") -> EngineError:
        role = self.session.role
        return permission_denied(f'{kind} on "{access.table.name}" for role "{role}" is not allowed. {only}', ARGS)

    def select_rights(self, access: TableAccess, only: str = "") -> SelectRights:
        """What the role may select of the table; `only` says why that matters."""
        if access.select is None:
            raise self.denied("select", access, only)
        return access.select

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.session.role, lambda table: self.access_to(table).select)

    # Columns

    def check_column(self, rights: SelectRights, name: str, path: str) -> None:
        if name not in rights.columns:
            raise permission_denied(self._unseen(name), path)

    def _unseen(self, name: str) -> str:
        if self.session.is_admin:
            return f'no such column exists: "{name}"'
        return f'role "{self.session.role}" does not have permission to select column "{name}"'

    def field(self, access: TableAccess, name: str) -> plan.Field:
        type_name = access.table.info.column[name].type
        if type_name in scalars.GEO_TYPES:
            return plan.ColumnField(name, name, "geojson")
        is_text = self.stringify and type_name in scalars.BIG_NUMBERS
        return plan.ColumnField(name, name, "text" if is_text else "plain")

    def value(self, access: TableAccess, name: str, json: object, path: str) -> Param:
        """The value of a column that is to be written."""
        try:
            return typed_value(json, access.table.info.column[name])
        except EngineError as error:
            raise error.at(below(path, name) + error.path[1:]) from error

    def require_column(self, access: TableAccess, name: str, why: str, path: str) -> None:
        """Raises where the table has no such column; `why` says what can't be done with a relationship."""
        table = access.table
        if name in table.info.column:
            return
        for kind, known in (("relationship", table.relationships), ("computed field", table.meta.computed_fields)):
            if name in known:
                raise unexpected_payload(f'expecting a database column; but, "{name}" is a {kind}; {why}', path)
        raise not_exists(f'column "{name}" does not exist', path)

    def returned(self, access: TableAccess, args: JsonValue, rights: SelectRights | None) -> Iterator[plan.Returning]:
        """The rows changed, where the query asks for them: columns only."""
        returning = args.get("returning")
        if returning is None or rights is None:
            return
        names, path = returning.texts(), at(returning)
        for name in names:
            self.check_column(rights, name, path)
        yield plan.Returning("returning", tuple(self.field(access, name) for name in names))

    # Rows

    def where(self, access: TableAccess, value: JsonValue | None, filter_: BoolExp) -> BoolExp:
        """The rows that both the query's condition and the permission's choose."""
        if value is None:
            return filter_
        own = condition(value.json, self.source, access.table, typed_value, self.viewer, at(value))
        return boolexp.all_of([own, filter_])


def require_mutable(access: TableAccess, right: str) -> None:
    """Raises for a view that can't be changed so; `right` is an attribute of the table, such as `insertable`."""
    info = access.table.info
    if info.is_view and not getattr(info, right):
        raise not_supported(f'view "{info.name}" is not {right}', ARGS)
