"""The old queries of /v1/query: select, insert, update, delete and count, on the same plan nodes as GraphQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from orchestrator.engine import boolexp, permissions, plan, scalars
from orchestrator.engine.boolexp import BoolExp
from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.errors import EngineError, not_exists, not_supported, parse_failed, permission_denied
from orchestrator.engine.execute import Runner
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata_reader import read_name
from orchestrator.engine.permissions import TableAccess, plain_value
from orchestrator.engine.render import render_change, render_query
from orchestrator.engine.session import Session
from orchestrator.engine.sql import Literal, Param, Sql, compile_sql
from orchestrator.engine.tracked import Relationship, TrackedSource, TrackedTable

DIRECTIONS: Mapping[tuple[str, str | None], str] = {
    ("asc", None): "ASC NULLS LAST",
    ("asc", "first"): "ASC NULLS FIRST",
    ("asc", "last"): "ASC NULLS LAST",
    ("desc", None): "DESC NULLS FIRST",
    ("desc", "first"): "DESC NULLS FIRST",
    ("desc", "last"): "DESC NULLS LAST",
}
OPERATORS: Mapping[str, str] = {"$set": "_set", "$inc": "_inc", "$mul": "_mul", "$default": "_default"}


async def run(connection: Any, source: TrackedSource, session: Session, name: str, args: JsonValue) -> Any:
    """The answer of one old query."""
    query = _Query(source, session)
    statement, path = QUERIES[name](query, args)
    answer = await Runner(connection, session, {}).fetch(compile_sql(statement), path)
    return orjson.Fragment(answer)


@dataclass(frozen=True)
class _Query:
    source: TrackedSource
    session: Session

    def access(self, args: JsonValue) -> TableAccess:
        value = args["table"]
        name = read_name(value)
        table = self.source.tables.get(name)
        if table is None:
            raise not_exists(f'table "{name}" does not exist', "$.args.table")
        return self.access_to(name)

    def access_to(self, name: QualifiedName) -> TableAccess:
        table = self.source.tables[name]
        return permissions.access(self.source, table, self.session.role, backend=self.session.backend_only)

    def denied(self, kind: str, access: TableAccess) -> EngineError:
        role = self.session.role
        return permission_denied(f'{kind} on "{access.table.name}" for role "{role}" is not allowed. ', "$.args")

    # Select and count

    def select(self, args: JsonValue) -> tuple[Sql, str]:
        rows = self.rows(self.access(args), args)
        return "SELECT " + render_query(rows) + ' AS "root"', "$.args"

    def rows(self, access: TableAccess, args: JsonValue) -> plan.Rows:
        rights = access.select
        if rights is None:
            raise self.denied("select", access)
        limits = [args[key].json for key in ("limit",) if args.get(key)]
        for key in ("limit", "offset"):
            _check_positive(args.get(key))
        limits += [] if rights.limit is None else [rights.limit]
        offset = args.get("offset")
        return plan.Rows(
            access.table.name,
            tuple(self.fields(access, args["columns"])),
            boolexp.all_of([self.where(access, args.get("where")), rights.filter]),
            tuple(self.order(access, args.get("order_by"))),
            limits=tuple(Param(Literal(str(limit)), "bigint") for limit in limits),
            offset=Param(Literal(str(offset.json)), "bigint") if offset else None,
        )

    def count(self, args: JsonValue) -> tuple[Sql, str]:
        access = self.access(args)
        if access.select is None:
            raise self.denied("select", access)
        distinct = args.get("distinct")
        names = distinct.texts() if distinct else ()
        for index, name in enumerate(names):
            if name not in access.select.columns:
                raise permission_denied(f'no such column exists: "{name}"', f"$.args.distinct[{index}]")
        where = boolexp.all_of([self.where(access, args.get("where")), access.select.filter])
        limit = () if access.select.limit is None else (Param(Literal(str(access.select.limit)), "bigint"),)
        rows = plan.Rows(access.table.name, (), where, distinct=names, limits=limit)
        shown = plan.AggregateValues("aggregate", (plan.Count("count", (), False),))
        aggregate = render_query(plan.Aggregate(rows, (shown,)))
        return "SELECT (" + aggregate + ") -> 'aggregate' AS \"root\"", "$.args"

    def where(self, access: TableAccess, value: JsonValue | None) -> BoolExp:
        if value is None:
            return boolexp.TRUE
        try:
            return permissions.condition(value.json, self.source, access.table, plain_value, self.sees)
        except EngineError as error:
            raise error.at(value.path) from error

    def sees(self, table: TrackedTable) -> permissions.SelectRights:
        """What the role may select of the table, which is all that its conditions may look at."""
        access = self.access_to(table.name)
        if access.select is None:
            raise self.denied("select", access)
        return access.select

    def fields(self, access: TableAccess, columns: JsonValue) -> Iterator[plan.Field]:
        for item in columns.items():
            if isinstance(item.json, dict):
                yield self.related(access, item)
            elif item.json == "*":
                allowed = access.select.columns if access.select else ()
                yield from (self.field(access, name) for name in allowed)
            else:
                name = item.text()
                self.check_column(access, name, item.path)
                yield self.field(access, name)

    def check_column(self, access: TableAccess, name: str, path: str) -> None:
        if name not in access.table.info.column:
            raise not_exists(f'column "{name}" does not exist', path)
        if access.select is None or name not in access.select.columns:
            raise permission_denied(
                f'role "{self.session.role}" does not have permission to select column "{name}"', path
            )

    def field(self, access: TableAccess, name: str) -> plan.Field:
        type_name = access.table.info.column[name].type
        return plan.ColumnField(name, name, "geojson" if type_name in scalars.GEO_TYPES else "plain")

    def related(self, access: TableAccess, item: JsonValue) -> plan.Field:
        name = item["name"].text()
        relationship = self.relationship(access, name, item.path)
        key = item.optional_text("alias") or name
        rows = self.rows(self.access_to(relationship.join.table), item)
        if relationship.is_array:
            return plan.ArrayField(key, relationship.join, rows)
        return plan.ObjectField(key, relationship.join, plan.Rows(rows.origin, rows.fields, rows.where, single=True))

    def relationship(self, access: TableAccess, name: str, path: str) -> Relationship:
        found = access.table.relationships.get(name)
        if found is None:
            raise not_exists(f'relationship "{name}" does not exist', path)
        return found

    def order(self, access: TableAccess, value: JsonValue | None) -> Iterator[plan.OrderItem]:
        if value is None:
            return
        items = value.items() if isinstance(value.json, list) else (value,)
        for item in items:
            column, direction = _order_of(item)
            yield plan.OrderItem(self.order_expression(access, column.split("."), item.path), direction)

    def order_expression(self, access: TableAccess, steps: list[str], path: str) -> plan.OrderExpression:
        name, *rest = steps
        if not rest:
            self.check_column(access, name, path)
            return plan.OrderColumn(name)
        relationship = self.relationship(access, name, path)
        target = self.access_to(relationship.join.table)
        if target.select is None:
            raise self.denied("select", target)
        return plan.OrderRelated(relationship.join, target.select.filter, self.order_expression(target, rest, path))

    # Insert, update and delete

    def insert(self, args: JsonValue) -> tuple[Sql, str]:
        access = self.access(args)
        rights = access.insert
        if rights is None:
            raise self.denied("insert", access)
        rows = tuple(self.insert_row(access, item) for item in args["objects"].items())
        given = {column for row in rows for column in row.values}
        columns = tuple(c.name for c in access.table.info.columns if c.name in given)
        if not columns and not rights.presets:
            columns = tuple(column.name for column in access.table.info.columns)
        insert = plan.Insert(
            access.table.name,
            {},
            columns,
            rows,
            rights.presets,
            rights.check,
            self.on_conflict(access, args.get("on_conflict"), columns),
            "$.args",
        )
        return render_change(insert, self.output(access, args)), "$.args"

    def insert_row(self, access: TableAccess, item: JsonValue) -> plan.InsertRow:
        rights, known = access.insert, access.table.info.column
        values: dict[str, Param] = {}
        for name, value in item.members().items():
            if name not in known:
                raise not_exists(f'column "{name}" does not exist', value.path)
            if rights is None or name not in rights.columns:
                raise permission_denied(
                    f'role "{self.session.role}" does not have permission to insert column "{name}"', value.path
                )
            values[name] = plain_value(value.json, known[name])
        return plan.InsertRow(values)

    def on_conflict(
        self, access: TableAccess, value: JsonValue | None, inserted: tuple[str, ...]
    ) -> plan.OnConflict | None:
        if value is None:
            return None
        if value.get("action") is None:
            raise parse_failed("the key 'action' was not present", "$.on_conflict")
        action = value["action"].text()
        if action not in ("ignore", "update"):
            raise parse_failed('expected "ignore" or "update"', "$.on_conflict.action")
        target = self.conflict_target(access, value.get("constraint_on"))
        constraint = value.optional_text("constraint")
        if action == "ignore":
            return plan.OnConflict(constraint, (), {}, boolexp.TRUE, boolexp.TRUE, target)
        rights = access.update
        if rights is None:
            raise self.denied("update", access)
        columns = tuple(name for name in inserted if name in rights.columns and name not in target)
        return plan.OnConflict(constraint, columns, rights.presets, rights.filter, rights.check, target)

    def conflict_target(self, access: TableAccess, value: JsonValue | None) -> tuple[str, ...]:
        names = value.texts() if value else ()
        for index, name in enumerate(names):
            if name not in access.table.info.column:
                raise not_exists(f'column "{name}" does not exist', f"$.args.on_conflict.constraint_on[{index}]")
        return names

    def update(self, args: JsonValue) -> tuple[Sql, str]:
        access = self.access(args)
        rights = access.update
        if rights is None:
            raise self.denied("update", access)
        if args.get("where") is None:
            raise parse_failed('key "where" not found', "$")
        changes = tuple(change for key in OPERATORS for change in self.changes(access, args, key))
        if not changes and not rights.presets:
            raise EngineError("unexpected", "atleast one of $set, $inc, $mul has to be present", "$.args", status=400)
        presets = tuple(plan.SetColumn(column, "_set", value) for column, value in rights.presets.items())
        where = boolexp.all_of([self.where(access, args["where"]), rights.filter])
        update = plan.Update(access.table.name, (*changes, *presets), where, rights.check, "$.args")
        return render_change(update, self.output(access, args)), "$.args"

    def changes(self, access: TableAccess, args: JsonValue, key: str) -> Iterator[plan.SetColumn]:
        value = args.get(key)
        if value is None:
            return
        path = f'$.args["{key}"]'
        rights, known = access.update, access.table.info.column
        pairs = dict.fromkeys(value.texts()) if key == "$default" else value.object()
        for name, json in pairs.items():
            if name not in known:
                raise not_exists(f'column "{name}" does not exist', path)
            if rights and name in rights.presets:
                raise not_supported(
                    f'column "{name}" is not updatable for role "{self.session.role}"; '
                    "its value is predefined in permission",
                    path,
                )
            if rights is None or name not in rights.columns:
                raise permission_denied(
                    f'role "{self.session.role}" does not have permission to update column "{name}"', path
                )
            yield plan.SetColumn(name, OPERATORS[key], plain_value(json, known[name]))

    def delete(self, args: JsonValue) -> tuple[Sql, str]:
        access = self.access(args)
        if access.delete is None:
            raise self.denied("delete", access)
        if args.get("where") is None:
            raise parse_failed('key "where" not found', "$")
        where = boolexp.all_of([self.where(access, args["where"]), access.delete.filter])
        return render_change(plan.Delete(access.table.name, where, "$.args"), self.output(access, args)), "$.args"

    def output(self, access: TableAccess, args: JsonValue) -> plan.MutationOutput:
        affected = plan.AffectedRows("affected_rows")
        returning = args.get("returning")
        if returning is None:
            return plan.MutationOutput((affected,))
        return plan.MutationOutput((affected, plan.Returning("returning", tuple(self.fields(access, returning)))))


def _order_of(item: JsonValue) -> tuple[str, str]:
    """Column (with relationships before it, by dots) and direction of `"+name"` or `{"column": …, "type": …}`."""
    if isinstance(item.json, str):
        column = item.text().lstrip("+-")
        return column, DIRECTIONS["desc" if item.json.startswith("-") else "asc", None]
    key = (item.optional_text("type") or "asc", item.optional_text("nulls"))
    if key not in DIRECTIONS:
        raise item.refuse(f"unknown order {key[0]}")
    return _flat_column(item["column"]), DIRECTIONS[key]


def _flat_column(value: JsonValue) -> str:
    if isinstance(value.json, dict):
        name = value["name"].text()
        inner = value.get("column")
        return f"{name}.{_flat_column(inner)}" if inner else name
    return value.text()


def _check_positive(value: JsonValue | None) -> None:
    if value is not None and value.integer() < 0:
        raise not_supported("unexpected negative value", value.path)


QUERIES: Mapping[str, Callable[[_Query, JsonValue], tuple[Sql, str]]] = {
    "select": _Query.select,
    "count": _Query.count,
    "insert": _Query.insert,
    "update": _Query.update,
    "delete": _Query.delete,
}
