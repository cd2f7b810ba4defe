"""Queries: each root field is a scalar subselect that gives JSON text as the client gets it."""

# ruff: noqa: S608 - text comes from quoted names of the catalog; values are parameters.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.engine import plan
from orchestrator.engine.boolexp import TRUE, BoolExp, Join
from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.render.conditions import Conditions, count_sql
from orchestrator.engine.render.scope import WHOLE, Row, param_sql, table_sql
from orchestrator.engine.sql import EMPTY, JoinKeys, Param, Sql, join, name, raw, text_literal

# PostgreSQL cuts longer names, so that longer response keys can't be column aliases.
MAX_NAME = 63
# As aliases of rows these can't be taken for a column: `row_to_json(r)` would mean a column r where there is one.
SHOWN = '"@row"'
NUMBER = '"@number"'

OUTPUTS: Mapping[str, str] = {
    "plain": "{0}",
    "text": "({0})::text",
    "geojson": "ST_AsGeoJSON({0}, 15, 4)::json",
}


def render_query(node: plan.Query) -> Sql:
    """A scalar subselect that gives the root field's JSON."""
    return Queries().query(node)


def render_stream(node: plan.Stream) -> Sql:
    """A statement that gives one row: the JSON list of the next rows, null if there are none, and their cursor."""
    renderer = Queries()
    row = renderer.row(node.rows.origin if isinstance(node.rows.origin, QualifiedName) else None)
    cursor = f"{row.alias}.{name(node.column)}::text"
    shown = "SELECT " + renderer.object(node.rows.fields, row) + f' AS "o", {cursor} AS "c"'
    rows = shown + renderer.chosen(node.rows, row, None, None)
    last = f'(array_agg({SHOWN}."c"))[count(*)::integer]'
    return f'SELECT json_agg({SHOWN}."o") AS "c0", {last} AS "cursor" FROM (' + rows + f") AS {SHOWN}"


def render_remote(field: plan.RemoteField) -> Sql:
    """One statement that gives the related rows of every key in JoinKeys, as a JSON list."""
    return Queries().remote(field)


class Queries(Conditions):
    """What is shown of rows, in which order, and what is counted of them."""

    def query(self, node: plan.Query) -> Sql:
        return self.rows(node, None, None) if isinstance(node, plan.Rows) else self.aggregate(node, None, None)

    def rows(self, node: plan.Rows, outer: Row | None, link: Join | None) -> Sql:
        """`outer` is the row in whose field these are shown, `link` how they belong to it."""
        row = self.row(node.origin if isinstance(node.origin, QualifiedName) else None)
        chosen = self.chosen(node, row, outer, link)
        is_built = _has_long_key(node.fields)
        fields = self.built_object(node.fields, row) + ' AS "o"' if is_built else self.select_list(node.fields, row)
        rows = f"SELECT {self.distinct(node, row)}" + fields + chosen
        return self._collected(raw(f"{SHOWN}.o" if is_built else f"row_to_json({SHOWN})"), rows, single=node.single)

    def _collected(self, item: Sql, rows: Sql, *, single: bool) -> Sql:
        if single:
            return "(SELECT " + item + " FROM (" + rows + f") AS {SHOWN} LIMIT 1)"
        return "(SELECT coalesce(json_agg(" + item + "), '[]') FROM (" + rows + f") AS {SHOWN})"

    def distinct(self, node: plan.Rows, row: Row) -> str:
        columns = ", ".join(f"{row.alias}.{name(column)}" for column in node.distinct)
        return f"DISTINCT ON ({columns}) " if columns else ""

    def chosen(self, node: plan.Rows, row: Row, outer: Row | None, link: Join | None) -> Sql:
        """` FROM … WHERE … ORDER BY … LIMIT …`."""
        conditions = [self.link(link, outer, row)] if link and outer else []
        if node.where != TRUE:
            conditions.append(self.condition(node.where, row, row))
        parts = " FROM " + self.origin(node.origin, outer) + f" AS {row.alias}"
        if conditions:
            parts = parts + " WHERE " + join(" AND ", conditions)
        if node.order:
            parts = parts + " ORDER BY " + join(", ", [self.order_item(item, row) for item in node.order])
        return parts + self.limits(node.limits) + (" OFFSET " + param_sql(node.offset) if node.offset else EMPTY)

    def limits(self, limits: tuple[Param, ...]) -> Sql:
        if not limits:
            return EMPTY
        if len(limits) == 1:
            return " LIMIT " + param_sql(limits[0])
        return " LIMIT least(" + join(", ", [param_sql(limit) for limit in limits]) + ")"

    def select_list(self, fields: tuple[plan.Field, ...], row: Row) -> Sql:
        return join(", ", [self.field(field, row) + f" AS {name(field.key)}" for field in fields])

    def object(self, fields: tuple[plan.Field, ...], row: Row) -> Sql:
        """The JSON object of one row in scope."""
        if _has_long_key(fields):
            return self.built_object(fields, row)
        return f"(SELECT row_to_json({SHOWN}) FROM (SELECT " + self.select_list(fields, row) + f") AS {SHOWN})"

    def built_object(self, fields: tuple[plan.Field, ...], row: Row) -> Sql:
        pairs = [f"{text_literal(field.key)}, " + self.field(field, row) for field in fields]
        return "json_build_object(" + join(", ", pairs) + ")"

    def field(self, field: plan.Field, row: Row) -> Sql:
        if isinstance(field, plan.ColumnField):
            return self.shown(row.column(field.column), field, row)
        if isinstance(field, plan.ConstantField):
            return raw(text_literal(field.value) + "::text")
        if isinstance(field, plan.ComputedField):
            return self.shown(self.call(field.call, row), field, row)
        if isinstance(field, plan.AggregateField):
            return self.aggregate(field.aggregate, row, field.join)
        if isinstance(field, plan.ComputedRows):
            return self.rows(field.rows, row, None)
        if isinstance(field, plan.RemoteField):
            values = ", ".join(f"{row.alias}.{name(column)}::text" for column in field.columns)
            return raw(f"json_build_array({values})")
        return self.rows(field.rows, row, field.join)

    def shown(self, value: Sql, field: plan.ColumnField | plan.ComputedField, row: Row) -> Sql:
        if field.path is not None:
            value = value + " #> " + param_sql(field.path)
        before, after = OUTPUTS[field.output].split("{0}")
        value = before + value + after if field.output != "plain" else value
        return self.seen(value, field.when, row)

    def seen(self, value: Sql, when: BoolExp | None, row: Row) -> Sql:
        """The value, or null where the condition doesn't hold."""
        return value if when is None else "CASE WHEN " + self.condition(when, row, row) + " THEN " + value + " END"

    def remote(self, field: plan.RemoteField) -> Sql:
        """A JSON list with the related rows of each key."""
        key = Row('"@key"', None)
        columns = enumerate(zip(field.join.columns, field.types, strict=True))
        values = ", ".join(f'("@keys".v ->> {at})::{sql_type} AS {name(ours)}' for at, ((ours, _), sql_type) in columns)
        keys = f"(SELECT n, {values} FROM json_array_elements(" + param_sql(Param(JoinKeys(), "json"))
        shown = self.related(field.query, key, field.join)
        listed = "SELECT coalesce(json_agg(" + shown + f" ORDER BY {key.alias}.n), '[]') FROM "
        return listed + keys + f') WITH ORDINALITY AS "@keys" (v, n)) AS {key.alias}'

    def related(self, query: plan.Query, outer: Row, link: Join) -> Sql:
        return self.rows(query, outer, link) if isinstance(query, plan.Rows) else self.aggregate(query, outer, link)

    def aggregate(self, node: plan.Aggregate, outer: Row | None, link: Join | None) -> Sql:
        table = node.rows.origin if isinstance(node.rows.origin, QualifiedName) else None
        inner, row = self.row(table), self.row(table, direct=False)
        select = f"SELECT {self.distinct(node.rows, inner)}{inner.alias}.*"
        rows = select + self.chosen(node.rows, inner, outer, link)
        if node.node_limits:
            whole = f"ROW(q.*)::{table_sql(table)} AS {WHOLE}, " if table else ""
            rows = f"SELECT q.*, {whole}row_number() OVER () AS {NUMBER} FROM (" + rows + ") AS q"
            row = replace(row, numbered=table is not None)
        pairs = [f"{text_literal(part.key)}, " + self.aggregate_part(part, node, row) for part in node.parts]
        # HAVING makes it one row even where it asks for no more than `__typename`.
        return "(SELECT json_build_object(" + join(", ", pairs) + ") FROM (" + rows + f") AS {row.alias} HAVING true)"

    def aggregate_part(
        self,
        part: plan.AggregateValues | plan.AggregateNodes | plan.ConstantField,
        node: plan.Aggregate,
        row: Row,
    ) -> Sql:
        if isinstance(part, plan.ConstantField):
            return raw(text_literal(part.value) + "::text")
        if isinstance(part, plan.AggregateNodes):
            shown = "json_agg(" + self.object(part.fields, row) + ")"
            if node.node_limits:
                shown = shown + f" FILTER (WHERE {row.alias}.{NUMBER} <= " + param_sql(node.node_limits[0]) + ")"
            return "coalesce(" + shown + ", '[]')"
        pairs = [f"{text_literal(item.key)}, " + self.aggregate_item(item, row) for item in part.items]
        return "json_build_object(" + join(", ", pairs) + ")"

    def aggregate_item(self, item: plan.Count | plan.AggregateOfColumns | plan.ConstantField, row: Row) -> Sql:
        if isinstance(item, plan.ConstantField):
            return raw(text_literal(item.value) + "::text")
        if isinstance(item, plan.Count):
            return raw(count_sql(row.alias, item.columns, distinct=item.distinct))
        pairs = [
            f"{text_literal(column.key)}, " + self.aggregated(item.function, column, row) for column in item.columns
        ]
        return "json_build_object(" + join(", ", pairs) + ")"

    def aggregated(
        self, function: str, column: plan.ColumnField | plan.ComputedField | plan.ConstantField, row: Row
    ) -> Sql:
        if isinstance(column, plan.ConstantField):
            return raw(text_literal(column.value) + "::text")
        before, after = OUTPUTS[column.output].split("{0}")
        of = self.call(column.call, row) if isinstance(column, plan.ComputedField) else row.column(column.column)
        value = self.seen(of, column.when, row)
        return before + f"{function}(" + value + ")" + after

    def order_item(self, item: plan.OrderItem, row: Row) -> Sql:
        return self.order_expression(item.expression, row) + f" {item.direction}"

    def order_expression(self, expression: plan.OrderExpression, row: Row) -> Sql:
        if isinstance(expression, plan.OrderColumn):
            return self.seen(row.column(expression.column), expression.when, row)
        if isinstance(expression, plan.OrderComputed):
            return self.seen(self.call(expression.call, row), expression.when, row)
        if isinstance(expression, plan.OrderRelated):
            target = self.row(expression.join.table)
            origin, link = self.origin(expression.join.table, None), self.link(expression.join, row, target)
            value, end = self.order_expression(expression.inner, target), " LIMIT 1)"
        elif isinstance(expression.rows, Join):
            target = self.row(expression.rows.table)
            origin, link = self.origin(expression.rows.table, None), self.link(expression.rows, row, target)
            value, end = self.ordered_aggregate(expression, target), ")"
        else:
            target = self.row(None)
            origin, link = self.call(expression.rows, row), raw("true")
            value, end = self.ordered_aggregate(expression, target), ")"
        where = link
        if expression.where != TRUE:
            where = where + " AND " + self.condition(expression.where, target, target)
        return "(SELECT " + value + " FROM " + origin + f" AS {target.alias} WHERE " + where + end

    def ordered_aggregate(self, expression: plan.OrderAggregate, target: Row) -> Sql:
        column = f"{target.alias}.{name(expression.column)}" if expression.column else "*"
        return raw(f"{expression.function}({column})")


def _has_long_key(fields: tuple[plan.Field, ...]) -> bool:
    return any(len(field.key.encode()) > MAX_NAME for field in fields)
