"""The old `select` and `count`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.engine import plan
from orchestrator.engine.crud.order import order_of
from orchestrator.engine.crud.query import ARGS, Query, at, unexpected_payload
from orchestrator.engine.errors import not_exists, not_supported, parse_failed, permission_denied
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.permissions import SelectRights, TableAccess
from orchestrator.engine.render import render_query
from orchestrator.engine.sql import Literal, Param, Sql
from orchestrator.engine.tracked import Relationship

CHOOSING = ("where", "order_by", "limit", "offset")


def select(query: Query, args: JsonValue) -> Sql:
    access = query.access(args, f"{ARGS}.table")
    rows = _rows(query, access, query.select_rights(access), args)
    return "SELECT " + render_query(rows) + ' AS "root"'


def _rows(query: Query, access: TableAccess, rights: SelectRights, args: JsonValue) -> plan.Rows:
    # All of it is read before anything is looked up.
    limit, offset = (args.optional(key, JsonValue.integer, None) for key in ("limit", "offset"))
    fields = tuple(_fields(query, access, rights, _columns(args)))
    where = query.where(access, args.get("where"), rights.filter)
    order = tuple(order_of(query, access, rights, args.get("order_by")))
    for key, given in (("limit", limit), ("offset", offset)):
        if given is not None and given < 0:
            raise not_supported("unexpected negative value", f"{at(args)}.{key}")
    limits = tuple(_bigint(each) for each in (limit, rights.limit) if each is not None)
    return plan.Rows(
        access.table.name, fields, where, order, limits=limits, offset=None if offset is None else _bigint(offset)
    )


def _bigint(number: int) -> Param:
    return Param(Literal(str(number)), "bigint")


def _columns(args: JsonValue) -> tuple[JsonValue, ...]:
    columns = args.get("columns")
    if columns is None:
        raise parse_failed("the key 'columns' was not present", args.path)
    for item in columns.items():
        if not isinstance(item.json, str | dict):
            raise item.refuse("A column should either be a string or an object (relationship)")
    return columns.items()


def _fields(
    query: Query, access: TableAccess, rights: SelectRights, columns: Iterable[JsonValue]
) -> Iterator[plan.Field]:
    """What is named comes first, then what a `*` adds to it."""
    stars, named = 0, set()
    for item in columns:
        if isinstance(item.json, str) and set(item.json.split(".")) == {"*"}:
            stars = max(stars, item.json.count("*"))
            continue
        field = _related(query, access, item) if isinstance(item.json, dict) else _column(query, access, rights, item)
        named.add(item["name"].text() if isinstance(item.json, dict) else item.json)
        yield field
    for name, field in _all(query, access, rights, stars):
        if name not in named:
            yield field


def _column(query: Query, access: TableAccess, rights: SelectRights, item: JsonValue) -> plan.Field:
    name = item.text()
    query.check_column(rights, name, at(item))
    return query.field(access, name)


def _all(query: Query, access: TableAccess, rights: SelectRights, stars: int) -> Iterator[tuple[str, plan.Field]]:
    """All columns and, for each further star, the relationships with all of theirs."""
    if stars:
        yield from ((name, query.field(access, name)) for name in rights.columns)
    for name, relationship in access.table.relationships.items() if stars > 1 else ():
        target = query.access_to(query.source.tables[relationship.join.table])
        if target.select is not None:
            shown = tuple(field for _, field in _all(query, target, target.select, stars - 1))
            limits = () if target.select.limit is None else (_bigint(target.select.limit),)
            rows = plan.Rows(target.table.name, shown, target.select.filter, limits=limits)
            yield name, _related_field(name, relationship, rows)


def _related(query: Query, access: TableAccess, item: JsonValue) -> plan.Field:
    name = item["name"].text()
    relationship = find_relationship(access, name, f"{at(item)}.name")
    target, rights = related_rights(query, name, relationship, at(item))
    if not relationship.is_array and any(item.get(key) is not None for key in CHOOSING):
        raise unexpected_payload(
            "when selecting an 'obj_relationship' 'where', 'order_by', 'limit' and 'offset'  can't be used", at(item)
        )
    key = item.optional_text("alias") or name
    return _related_field(key, relationship, _rows(query, target, rights, item))


def _related_field(key: str, relationship: Relationship, rows: plan.Rows) -> plan.Field:
    if relationship.is_array:
        return plan.ArrayField(key, relationship.join, rows)
    return plan.ObjectField(key, relationship.join, plan.Rows(rows.origin, rows.fields, rows.where, single=True))


def find_relationship(access: TableAccess, name: str, path: str) -> Relationship:
    found = access.table.relationships.get(name)
    if found is not None:
        return found
    if name in access.table.info.column:
        message = f'expecting a relationship; but, "{name}" is a postgres column; only relationships can be expanded'
        raise unexpected_payload(message, path)
    raise not_exists(f'relationship "{name}" does not exist', path)


def related_rights(query: Query, name: str, relationship: Relationship, path: str) -> tuple[TableAccess, SelectRights]:
    """The related table and what the role may select of it."""
    target = query.access_to(query.source.tables[relationship.join.table])
    if target.select is None:
        raise permission_denied(
            f'role "{query.session.role}" does not have permission to read relationship "{name}"; '
            f'no permission on table "{target.table.name}"',
            path,
        )
    return target, target.select


def count(query: Query, args: JsonValue) -> Sql:
    access = query.access(args)
    only = '; "count" is only allowed if the role has "select" permissions on the table'
    rights = query.select_rights(access, only)
    distinct = args.get("distinct")
    names = distinct.texts() if distinct else ()
    for index, name in enumerate(names):
        query.check_column(rights, name, f"{ARGS}.distinct[{index}]")
    where = query.where(access, args.get("where"), rights.filter)
    shown = plan.AggregateValues("aggregate", (plan.Count("count", (), False),))
    aggregate = render_query(plan.Aggregate(plan.Rows(access.table.name, (), where, distinct=names), (shown,)))
    return "SELECT (" + aggregate + ") -> 'aggregate' AS \"root\""
