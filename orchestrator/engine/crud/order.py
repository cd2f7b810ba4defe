"""`order_by` of the old `select`: `"-title"`, `{"column": …, "type": …}`, or a list of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.engine import plan, scalars
from orchestrator.engine.crud.query import Query, at, unexpected_payload
from orchestrator.engine.errors import not_exists, permission_denied
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.permissions import SelectRights, TableAccess

TYPES: Mapping[str, str] = {"asc": "ASC", "desc": "DESC"}
NULLS: Mapping[str, str] = {"first": "NULLS FIRST", "last": "NULLS LAST"}
USUAL_NULLS: Mapping[str, str] = {"asc": "last", "desc": "first"}


def order_of(
    query: Query, access: TableAccess, rights: SelectRights, value: JsonValue | None
) -> Iterator[plan.OrderItem]:
    if value is None:
        return
    if not isinstance(value.json, str | dict | list):
        raise value.refuse("Expecting : array/string/object")
    items = value.items() if isinstance(value.json, list) else (value,)
    for index, item in enumerate(items):
        steps, direction = _read(item)
        yield plan.OrderItem(_expression(query, access, rights, steps, f"{at(value)}[{index}]"), direction)


def _read(item: JsonValue) -> tuple[list[str], str]:
    """Column, with the relationships before it, and direction."""
    if isinstance(item.json, str):
        kind = "desc" if item.json.startswith("-") else "asc"
        steps, nulls = item.json.removeprefix("+").removeprefix("-").split("."), None
    elif isinstance(item.json, dict):
        kind = item.optional("type", lambda value: _one_of(TYPES, "an order type", value), "asc")
        nulls = item.optional("nulls", lambda value: _one_of(NULLS, "a nulls order", value), None)
        steps = _steps(item["column"])
    else:
        raise item.refuse("expecting an object or string for order by")
    return steps, f"{TYPES[kind]} {NULLS[nulls or USUAL_NULLS[kind]]}"


def _one_of(known: Mapping[str, str], what: str, value: JsonValue) -> str:
    if value.json not in known:
        raise value.refuse(f"expected {what}, one of {', '.join(known)}")
    return value.text()


def _steps(value: JsonValue) -> list[str]:
    if isinstance(value.json, str):
        return value.json.split(".")
    return [value["name"].text(), *_steps(value["column"])]


def _expression(
    query: Query, access: TableAccess, rights: SelectRights, steps: list[str], path: str
) -> plan.OrderExpression:
    name, *rest = steps
    table = access.table
    if name in table.meta.computed_fields:
        raise unexpected_payload(f"\"{name}\" is a computed field and can't be used in 'order_by'", path)
    if name in table.info.column:
        return _column(query, access, rights, name, rest, path)
    relationship = table.relationships.get(name)
    if relationship is None:
        raise not_exists(f'"{name}" does not exist', path)
    if not rest:
        raise unexpected_payload(f'"{name}" is a relationship and should be expanded', path)
    if relationship.is_array:
        raise unexpected_payload(f"\"{name}\" is an array relationship and can't be used in 'order_by'", path)
    target = query.access_to(query.source.tables[relationship.join.table])
    if target.select is None:
        raise permission_denied(
            f'role "{query.session.role}" does not have permission to read relationship "{name}"; '
            f'no permission on table "{target.table.name}"',
            path,
        )
    inner = _expression(query, target, target.select, rest, path)
    return plan.OrderRelated(relationship.join, target.select.filter, inner)


def _column(
    query: Query, access: TableAccess, rights: SelectRights, name: str, rest: list[str], path: str
) -> plan.OrderColumn:
    if rest:
        raise unexpected_payload(f'"{name}" is a Postgres column and cannot be chained further', path)
    query.check_column(rights, name, path)
    if access.table.info.column[name].type in scalars.GEO_TYPES:
        raise unexpected_payload(f"\"{name}\" has type 'geometry' and cannot be used in order_by", path)
    return plan.OrderColumn(name)
