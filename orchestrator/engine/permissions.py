"""What a role may do with each table: permissions of the metadata with their filters, checks and presets resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from orchestrator.engine import boolexp
from orchestrator.engine.boolexp import TRUE, BoolExp
from orchestrator.engine.catalog import Column
from orchestrator.engine.expressions import condition, permission_value
from orchestrator.engine.input_hooks.hooks import InputHook, read_hook
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import (
    ALL,
    Columns,
    DeletePermission,
    InsertPermission,
    SelectPermission,
    UpdatePermission,
)
from orchestrator.engine.sql import Param
from orchestrator.engine.tracked import TrackedSource, TrackedTable

ADMIN = "admin"

Permitted = TypeVar("Permitted")
Rights = TypeVar("Rights")
Writing = TypeVar("Writing", InsertPermission, UpdatePermission, DeletePermission)


@dataclass(frozen=True)
class SelectRights:
    """Roots of None are all of them; `conditions` say in which rows a column is shown, where not in all."""

    columns: tuple[str, ...]
    filter: BoolExp
    limit: int | None
    aggregations: bool
    computed_fields: tuple[str, ...]
    query_roots: tuple[str, ...] | None
    subscription_roots: tuple[str, ...] | None = None
    conditions: Mapping[str, BoolExp] = field(default_factory=dict)


@dataclass(frozen=True)
class InsertRights:
    columns: tuple[str, ...]
    presets: Mapping[str, Param]
    check: BoolExp
    hook: InputHook | None = None


@dataclass(frozen=True)
class UpdateRights:
    columns: tuple[str, ...]
    presets: Mapping[str, Param]
    filter: BoolExp
    check: BoolExp
    hook: InputHook | None = None


@dataclass(frozen=True)
class DeleteRights:
    filter: BoolExp
    hook: InputHook | None = None


@dataclass(frozen=True)
class TableAccess:
    """A table as one role sees it; a kind of right the role lacks is None."""

    source: TrackedSource
    table: TrackedTable
    select: SelectRights | None
    insert: InsertRights | None
    update: UpdateRights | None
    delete: DeleteRights | None

    @cached_property
    def can_select_by_key(self) -> bool:
        key = self.table.info.primary_key
        return bool(key and self.select and set(key.columns) <= set(self.select.columns))


def access(
    source: TrackedSource, table: TrackedTable, role: str, *, backend: bool, heirs: tuple[str, ...] = ()
) -> TableAccess:
    """What the role may do with the table; `backend` allows what is for trusted back ends only.

    `heirs` are the roles that are asking what they inherit; one that would inherit from itself doesn't.
    """
    if role == ADMIN:
        return _full_access(source, table)
    resolve, meta = _Resolver(source, table), table.meta
    own = TableAccess(
        source,
        table,
        select=_resolved(meta.select_permissions.get(role), resolve.select),
        insert=_resolved(_open_to(meta.insert_permissions.get(role), backend), resolve.insert),
        update=_resolved(_open_to(meta.update_permissions.get(role), backend), resolve.update),
        delete=_resolved(_open_to(meta.delete_permissions.get(role), backend), resolve.delete),
    )
    heirs = (*heirs, role)
    parents = [parent for parent in source.inherited_roles.get(role, ()) if parent not in heirs]
    return _with_inherited(own, [access(source, table, name, backend=backend, heirs=heirs) for name in parents])


def _resolved(permission: Permitted | None, resolve: Callable[[Permitted], Rights]) -> Rights | None:
    return None if permission is None else resolve(permission)


def _open_to(permission: Writing | None, backend: bool) -> Writing | None:
    return None if permission is not None and permission.backend_only and not backend else permission


def _with_inherited(own: TableAccess, parents: Sequence[TableAccess]) -> TableAccess:
    """The access of a role that also has what its parents have, where it has no right of its own."""
    if not parents:
        return own
    return replace(
        own,
        select=own.select or _combined([parent.select for parent in parents if parent.select]),
        insert=own.insert or _agreed([parent.insert for parent in parents if parent.insert]),
        update=own.update or _agreed([parent.update for parent in parents if parent.update]),
        delete=own.delete or _agreed([parent.delete for parent in parents if parent.delete]),
    )


def _agreed(rights: Sequence[Rights]) -> Rights | None:
    """The one right to write that all parents with such a right have; where they differ there is none."""
    return rights[0] if rights and all(other == rights[0] for other in rights) else None


def _combined(rights: Sequence[SelectRights]) -> SelectRights | None:
    """The rows and columns that some parent may see: a column only in the rows in which that parent may."""
    if len(rights) < 2:
        return rights[0] if rights else None
    columns = tuple(dict.fromkeys(name for each in rights for name in each.columns))
    computed = tuple(dict.fromkeys(name for each in rights for name in each.computed_fields))
    limits = [each.limit for each in rights if each.limit is not None]
    return SelectRights(
        columns,
        boolexp.Or(tuple(each.filter for each in rights)),
        max(limits) if len(limits) == len(rights) else None,
        any(each.aggregations for each in rights),
        computed,
        _all_roots([each.query_roots for each in rights]),
        _all_roots([each.subscription_roots for each in rights]),
        {name: when for name in (*columns, *computed) if (when := _visible_when(name, rights)) is not None},
    )


def _all_roots(allowed: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """The root fields that some parent has; None for all of them."""
    listed = [roots for roots in allowed if roots is not None]
    return tuple(dict.fromkeys(root for roots in listed for root in roots)) if len(listed) == len(allowed) else None


def _visible_when(name: str, rights: Sequence[SelectRights]) -> BoolExp | None:
    """The condition under which a column or computed field is to be seen; None where every visible row shows it."""
    holders = [each for each in rights if name in each.columns or name in each.computed_fields]
    if len(holders) == len(rights) and not any(name in each.conditions for each in holders):
        return None
    items = (boolexp.all_of([each.filter, each.conditions.get(name, TRUE)]) for each in holders)
    return boolexp.Or(tuple(items))


def _full_access(source: TrackedSource, table: TrackedTable) -> TableAccess:
    info = table.info
    names = tuple(column.name for column in info.columns)
    writable = tuple(column.name for column in info.columns if _is_writable(column))
    return TableAccess(
        source,
        table,
        select=SelectRights(names, TRUE, None, True, tuple(table.meta.computed_fields), None),
        insert=InsertRights(writable, {}, TRUE) if info.insertable else None,
        update=UpdateRights(writable, {}, TRUE, TRUE) if info.updatable else None,
        delete=DeleteRights(TRUE) if info.deletable else None,
    )


def _is_writable(column: Column) -> bool:
    return not column.generated and column.identity != "a"


@dataclass(frozen=True)
class _Resolver:
    source: TrackedSource
    table: TrackedTable

    def select(self, permission: SelectPermission) -> SelectRights:
        return SelectRights(
            self.columns(permission.columns),
            self.condition(permission.filter),
            permission.limit,
            permission.allow_aggregations,
            permission.computed_fields,
            permission.query_root_fields,
            permission.subscription_root_fields,
        )

    def insert(self, permission: InsertPermission) -> InsertRights:
        columns = self.columns(ALL if permission.columns is None else permission.columns)
        presets = self.presets(permission.set)
        check = self.condition(permission.check)
        return InsertRights(self.writable(columns, presets), presets, check, hook_of(permission))

    def update(self, permission: UpdatePermission) -> UpdateRights:
        presets = self.presets(permission.set)
        columns = self.writable(self.columns(permission.columns), presets)
        check = TRUE if permission.check is None else self.condition(permission.check)
        return UpdateRights(columns, presets, self.condition(permission.filter), check, hook_of(permission))

    def delete(self, permission: DeletePermission) -> DeleteRights:
        return DeleteRights(self.condition(permission.filter), hook_of(permission))

    def columns(self, columns: Columns) -> tuple[str, ...]:
        known = self.table.info.columns
        return tuple(column.name for column in known if columns is ALL or column.name in columns)

    def writable(self, columns: tuple[str, ...], presets: Mapping[str, Param]) -> tuple[str, ...]:
        known = self.table.info.column
        return tuple(name for name in columns if _is_writable(known[name]) and name not in presets)

    def presets(self, presets: Mapping[str, Any]) -> Mapping[str, Param]:
        known = self.table.info.column
        return {name: permission_value(value, known[name]) for name, value in presets.items() if name in known}

    def condition(self, json: Any) -> BoolExp:
        return condition(json, self.source, self.table, permission_value)


def hook_of(permission: InsertPermission | UpdatePermission | DeletePermission) -> InputHook | None:
    """The web service that checks the input, as the metadata describes it."""
    return None if permission.validate_input is None else read_hook(JsonValue(permission.validate_input))
