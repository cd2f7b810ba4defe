"""The old `insert`, `update` and `delete`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from orchestrator.engine import boolexp, plan
from orchestrator.engine.crud.query import ARGS, Query, at, require_mutable, unexpected_payload
from orchestrator.engine.errors import EngineError, not_supported, parse_failed, permission_denied, validation_failed
from orchestrator.engine.json_value import JsonValue, below
from orchestrator.engine.permissions import InsertRights, SelectRights, TableAccess, UpdateRights
from orchestrator.engine.render import render_change
from orchestrator.engine.sql import Literal, Param, Sql

OPERATORS: Final[Mapping[str, str]] = {"$set": "_set", "$inc": "_inc", "$mul": "_mul", "$default": "_default"}
# A table's role must be able to see the rows that its `where` chooses.
NEEDS_SELECT: Final = (
    '; "{kind}" is only allowed if the role has "select" permission as "where" can\'t be used '
    'without "select" permission on the table'
)
RETURNING_NEEDS_SELECT: Final = '; "returning" can only be used if the role has "select" permission on the table'


def insert(query: Query, args: JsonValue) -> Sql:
    # All of it is read before anything is looked up.
    conflict = _read_conflict(args.get("on_conflict"))
    objects = [item.members() for item in _objects(args["objects"])]
    access = query.access(args)
    require_mutable(access, "insertable")
    rights = access.insert
    if rights is None:
        raise query.denied("insert", access)
    seen = query.select_rights(access, RETURNING_NEEDS_SELECT) if args.get("returning") else None
    returned = tuple(query.returned(access, args, seen))
    rows = tuple(
        _insert_row(query, access, rights, item, f"{ARGS}.objects[{index}]") for index, item in enumerate(objects)
    )
    given = {column for row in rows for column in row.values}
    columns = tuple(c.name for c in access.table.info.columns if c.name in given)
    on_conflict = _on_conflict(query, access, conflict, columns) if conflict else None
    if not columns and not rights.presets:
        columns = tuple(column.name for column in access.table.info.columns)
    node = plan.Insert(access.table.name, {}, columns, rows, rights.presets, rights.check, on_conflict, ARGS)
    return _rendered(node, returned)


def _objects(value: JsonValue) -> tuple[JsonValue, ...]:
    inside = JsonValue(value.json, at(value))
    items = inside.items()
    if not items:
        raise unexpected_payload("objects should not be empty", inside.path)
    return items


def _insert_row(
    query: Query, access: TableAccess, rights: InsertRights, item: Mapping[str, JsonValue], path: str
) -> plan.InsertRow:
    role, values = query.session.role, {}
    for name, value in item.items():
        query.require_column(access, name, "relationships can't be inserted", path)
        if name in rights.presets:
            raise not_supported(f'column "{name}" is not insertable for role "{role}"', path)
        if name not in rights.columns and not query.session.is_admin:
            raise permission_denied(f'role "{role}" does not have permission to insert column "{name}"', path)
        values[name] = query.value(access, name, value.json, path)
    return plan.InsertRow(values, path)


# On conflict


def _read_conflict(value: JsonValue | None) -> JsonValue | None:
    if value is None:
        return None
    action = value.get("action")
    if action is None:
        raise value.refuse("the key 'action' was not present")
    if action.json not in ("ignore", "update"):
        raise action.refuse("Expecting 'ignore' or 'update'")
    value.optional_text("constraint")
    _target_columns(value)
    return value


def _target_columns(value: JsonValue) -> tuple[str, ...]:
    columns = value.get("constraint_on")
    if columns is None:
        return ()
    return (columns.text(),) if isinstance(columns.json, str) else columns.texts()


def _on_conflict(query: Query, access: TableAccess, value: JsonValue, inserted: tuple[str, ...]) -> plan.OnConflict:
    rights, path = access.update, at(value)
    if rights is None:
        role = query.session.role
        message = f'upsert is not allowed for role "{role}" since update permissions are not defined'
        raise permission_denied(message, path)
    constraint, target = value.optional_text("constraint"), _target_columns(value)
    if constraint and target:
        raise unexpected_payload("'constraint' and 'constraint_on' cannot be set at a time", path)
    for index, name in enumerate(target):
        query.require_column(access, name, "", f"{path}.constraint_on[{index}]")
    if constraint is not None and constraint not in (key.name for key in access.table.keys):
        message = f'constraint "{constraint}" for table "{access.table.name}" does not exist'
        raise EngineError("unexpected", message, f"{path}.constraint", status=400)
    if value["action"].text() == "ignore":
        return plan.OnConflict(constraint, (), {}, boolexp.TRUE, boolexp.TRUE, target)
    if not constraint and not target:
        message = "Expecting 'constraint' or 'constraint_on' when the 'action' is 'update'"
        raise unexpected_payload(message, path)
    for name in inserted:
        if name not in rights.columns and not query.session.is_admin:
            raise validation_failed(f'column "{name}" is not updatable', path)
    return plan.OnConflict(constraint, inserted, rights.presets, rights.filter, rights.check, target)


# Update and delete


def update(query: Query, args: JsonValue) -> Sql:
    where = _required_where(args)
    given = {key: value for key in OPERATORS if (value := _operator(args, key)) is not None}
    access = query.access(args, f"{ARGS}.table")
    require_mutable(access, "updatable")
    rights = access.update
    if rights is None:
        raise query.denied("update", access)
    seen = query.select_rights(access, NEEDS_SELECT.format(kind="update"))
    changes = tuple(change for key in given for change in _changes(query, access, rights, key, given[key]))
    returned = tuple(query.returned(access, args, seen))
    presets = tuple(plan.SetColumn(column, "_set", value) for column, value in rights.presets.items())
    if not changes and not presets:
        raise unexpected_payload("atleast one of $set, $inc, $mul has to be present", ARGS)
    chosen = query.where(access, where, rights.filter)
    return _rendered(plan.Update(access.table.name, (*changes, *presets), chosen, rights.check, ARGS), returned)


def _required_where(args: JsonValue) -> JsonValue:
    where = args.get("where")
    if where is None:
        raise parse_failed('key "where" not found', args.path)
    return where


def _operator(args: JsonValue, key: str) -> JsonValue | None:
    value = args.get(key)
    return args.get("values") if value is None and key == "$set" else value


def _changes(
    query: Query, access: TableAccess, rights: UpdateRights, key: str, value: JsonValue
) -> Iterator[plan.SetColumn]:
    path, role = below(ARGS, key), query.session.role
    pairs = dict.fromkeys(value.texts()) if key == "$default" else value.object()
    for name, json in pairs.items():
        if name in rights.presets:
            raise not_supported(
                f'column "{name}" is not updatable for role "{role}"; its value is predefined in permission', path
            )
        if query.session.is_admin and name not in access.table.info.column:
            raise permission_denied(f'no such column exists: "{name}"', path)
        if not query.session.is_admin and name not in rights.columns:
            raise permission_denied(f'role "{role}" does not have permission to update column "{name}"', path)
        yield plan.SetColumn(name, OPERATORS[key], _operand(query, access, key, name, json, path))


def _operand(query: Query, access: TableAccess, key: str, name: str, json: object, path: str) -> Param:
    return Param(Literal(None), "text") if key == "$default" else query.value(access, name, json, path)


def delete(query: Query, args: JsonValue) -> Sql:
    where = _required_where(args)
    access = query.access(args)
    require_mutable(access, "deletable")
    rights = access.delete
    if rights is None:
        raise query.denied("delete", access)
    seen: SelectRights = query.select_rights(access, NEEDS_SELECT.format(kind="delete"))
    returned = tuple(query.returned(access, args, seen))
    chosen = query.where(access, where, rights.filter)
    return _rendered(plan.Delete(access.table.name, chosen, ARGS), returned)


def _rendered(node: plan.Insert | plan.Update | plan.Delete, returned: tuple[plan.Returning, ...]) -> Sql:
    return render_change(node, plan.MutationOutput((plan.AffectedRows("affected_rows"), *returned)))
