"""Plan nodes into SQL. Each root field becomes one statement whose answer is JSON text as the client gets it."""

# ruff: noqa: S608 - text comes from quoted names of the catalog; values are parameters.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orchestrator.engine import plan
from orchestrator.engine.boolexp import (
    IS_NOT_NULL,
    IS_NULL,
    OPERATORS,
    TRUE,
    AggregateCompare,
    And,
    BoolExp,
    CastCompare,
    ColumnOperand,
    Compare,
    ComputedCompare,
    ComputedRelated,
    Exists,
    FunctionCall,
    Join,
    Not,
    Operand,
    Operands,
    Or,
    Related,
)
from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.sql import (
    EMPTY,
    JoinKeys,
    Param,
    Sql,
    join,
    literal_param,
    name,
    parens,
    qualified,
    raw,
    text_literal,
)

# PostgreSQL cuts longer names, so that longer response keys can't be column aliases.
MAX_NAME = 63
CHECK = '"@check"'
MUTATED = '"@mutated"'
# As aliases of rows these can't be taken for a column: `row_to_json(r)` would mean a column r where there is one.
SHOWN = '"@row"'
WHOLE, NUMBER = '"@whole"', '"@number"'
# A failed check ends the statement with this text in the error, which rolls it back in the same round trip.
CHECK_FAILED = "hasura check constraint failed "

OUTPUTS: Mapping[str, str] = {
    "plain": "{0}",
    "text": "({0})::text",
    "geojson": "ST_AsGeoJSON({0}, 15, 4)::json",
}

UPDATE_OPERATORS: Mapping[str, str] = {
    "_set": "{1}",
    "_inc": "{0} + {1}",
    "_mul": "{0} * {1}",
    "_append": "{0} || {1}",
    "_prepend": "{1} || {0}",
    "_delete_key": "{0} - {1}",
    "_delete_elem": "{0} - {1}",
    "_delete_at_path": "{0} #- {1}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row in scope: its alias, and the table whose row it is; `direct` if the alias is the table itself, `numbered`
    if the row has a number besides its columns, and so is whole in a column of its own."""

    alias: str
    table: QualifiedName | None
    direct: bool = True
    numbered: bool = False

    def column(self, column: str) -> Sql:
        return raw(f"{self.alias}.{name(column)}")

    def whole(self) -> Sql:
        """The row as a function's argument."""
        if self.numbered:
            return raw(f"{self.alias}.{WHOLE}")
        if self.direct or self.table is None:
            return raw(self.alias)
        return raw(f"ROW({self.alias}.*)::{table_sql(self.table)}")


def table_sql(table: QualifiedName) -> str:
    return qualified(table.schema, table.name)


def render_query(node: plan.Query) -> Sql:
    """A scalar subselect that gives the root field's JSON."""
    return _Renderer().query(node)


def render_stream(node: plan.Stream) -> Sql:
    """A statement that gives one row: the JSON list of the next rows, null if there are none, and their cursor."""
    renderer = _Renderer()
    row = renderer.row(node.rows.origin if isinstance(node.rows.origin, QualifiedName) else None)
    cursor = f"{row.alias}.{name(node.column)}::text"
    shown = "SELECT " + renderer.object(node.rows.fields, row) + f' AS "o", {cursor} AS "c"'
    rows = shown + renderer.chosen(node.rows, row, None, None)
    last = f'(array_agg({SHOWN}."c"))[count(*)::integer]'
    return f'SELECT json_agg({SHOWN}."o") AS "c0", {last} AS "cursor" FROM (' + rows + f") AS {SHOWN}"


class _Renderer:
    """Gives each row in scope an alias of its own; `affected` is the number of rows affected where it is known."""

    def __init__(self, affected: int | None = None) -> None:
        self._count = 0
        self._affected = affected

    def row(self, table: QualifiedName | None, *, direct: bool = True) -> Row:
        self._count += 1
        return Row(f'"@{self._count}"', table, direct)

    def query(self, node: plan.Query) -> Sql:
        return self.rows(node, None, None) if isinstance(node, plan.Rows) else self.aggregate(node, None, None)

    # Rows

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
        return parts + self.limits(node.limits) + (" OFFSET " + _param(node.offset) if node.offset else EMPTY)

    def limits(self, limits: tuple[Param, ...]) -> Sql:
        if not limits:
            return EMPTY
        if len(limits) == 1:
            return " LIMIT " + _param(limits[0])
        return " LIMIT least(" + join(", ", [_param(limit) for limit in limits]) + ")"

    def origin(self, origin: plan.Origin, outer: Row | None) -> Sql:
        return raw(table_sql(origin)) if isinstance(origin, QualifiedName) else self.call(origin, outer)

    def call(self, call: FunctionCall, row: Row | None) -> Sql:
        arguments = [self._argument(argument, value, row) for argument, value in call.arguments]
        return raw(table_sql(call.function)) + parens(join(", ", arguments))

    def _argument(self, argument: str | None, value: Param | None, row: Row | None) -> Sql:
        given = row.whole() if value is None and row is not None else _param(value) if value else raw("NULL")
        return f"{name(argument)} => " + given if argument else given

    def link(self, link: Join, outer: Row, inner: Row) -> Sql:
        pairs = (f"{inner.alias}.{name(theirs)} = {outer.alias}.{name(ours)}" for ours, theirs in link.columns)
        return raw(" AND ".join(pairs))

    # What is shown

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
            value = value + " #> " + _param(field.path)
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
        keys = f"(SELECT n, {values} FROM json_array_elements(" + _param(Param(JoinKeys(), "json"))
        shown = self.related(field.query, key, field.join)
        listed = "SELECT coalesce(json_agg(" + shown + f" ORDER BY {key.alias}.n), '[]') FROM "
        return listed + keys + f') WITH ORDINALITY AS "@keys" (v, n)) AS {key.alias}'

    def related(self, query: plan.Query, outer: Row, link: Join) -> Sql:
        return self.rows(query, outer, link) if isinstance(query, plan.Rows) else self.aggregate(query, outer, link)

    # Aggregates

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
                shown = shown + f" FILTER (WHERE {row.alias}.{NUMBER} <= " + _param(node.node_limits[0]) + ")"
            return "coalesce(" + shown + ", '[]')"
        pairs = [f"{text_literal(item.key)}, " + self.aggregate_item(item, row) for item in part.items]
        return "json_build_object(" + join(", ", pairs) + ")"

    def aggregate_item(self, item: plan.Count | plan.AggregateOfColumns | plan.ConstantField, row: Row) -> Sql:
        if isinstance(item, plan.ConstantField):
            return raw(text_literal(item.value) + "::text")
        if isinstance(item, plan.Count):
            return raw(_count(row.alias, item.columns, distinct=item.distinct))
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

    # Orders

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

    # Conditions

    def condition(self, where: BoolExp, row: Row, root: Row) -> Sql:
        """The condition on the row; `root` is the row that `$` in a permission means."""
        if isinstance(where, And):
            items = [self.condition(item, row, root) for item in where.items]
            return parens(join(" AND ", items)) if items else raw("true")
        if isinstance(where, Or):
            items = [self.condition(item, row, root) for item in where.items]
            return parens(join(" OR ", items)) if items else raw("false")
        if isinstance(where, Not):
            return "(NOT " + self.condition(where.item, row, root) + ")"
        if isinstance(where, Related):
            return self.exists(where.join.table, where.where, root, row, where.join)
        if isinstance(where, Exists):
            return self.exists(where.table, where.where, root)
        if isinstance(where, ComputedRelated):
            return self.exists_computed(where, row, root)
        return self.comparison(where, row, root)

    def comparison(self, where: Compare | CastCompare | ComputedCompare | AggregateCompare, row: Row, root: Row) -> Sql:
        if isinstance(where, Compare):
            left = row.column(where.column)
        elif isinstance(where, CastCompare):
            left = parens(row.column(where.column)) + f"::{where.cast}"
        elif isinstance(where, ComputedCompare):
            left = self.call(where.call, row)
        else:
            left = self.compared_aggregate(where, row, root)
        return self.operation(left, where.operator, where.operand, row, root)

    def operation(self, left: Sql, operator: str, operand: Operand, row: Row, root: Row) -> Sql:
        if operator in (IS_NULL, IS_NOT_NULL):
            return parens(left + (" IS NULL" if operator == IS_NULL else " IS NOT NULL"))
        before, rest = OPERATORS[operator].sql.split("{0}")
        middle, after = rest.split("{1}")
        return parens(before + left + middle + self.operand(operand, row, root) + after)

    def operand(self, operand: Operand, row: Row, root: Row) -> Sql:
        if isinstance(operand, ColumnOperand):
            return (root if operand.root else row).column(operand.column)
        if isinstance(operand, Operands):
            return join(", ", [_param(item) for item in operand.items])
        if isinstance(operand, tuple):
            items = join(", ", [_param(item) for item in operand])
            return "ARRAY[" + items + "]" if operand else raw("'{}'")
        return _param(operand) if operand else raw("NULL")

    def exists(
        self, table: QualifiedName, where: BoolExp, root: Row, outer: Row | None = None, link: Join | None = None
    ) -> Sql:
        row = self.row(table)
        conditions = [self.link(link, outer, row)] if link and outer else []
        conditions.append(self.condition(where, row, root))
        return f"EXISTS (SELECT 1 FROM {table_sql(table)} AS {row.alias} WHERE " + join(" AND ", conditions) + ")"

    def exists_computed(self, where: ComputedRelated, row: Row, root: Row) -> Sql:
        target = self.row(None)
        call = self.call(where.call, row)
        condition = self.condition(where.where, target, root)
        return "EXISTS (SELECT 1 FROM " + call + f" AS {target.alias} WHERE " + condition + ")"

    def compared_aggregate(self, where: AggregateCompare, row: Row, root: Row) -> Sql:
        target = self.row(where.join.table)
        value = _aggregated(where.function, target.alias, where.columns, distinct=where.distinct)
        conditions = self.link(where.join, row, target) + " AND " + self.condition(where.filter, target, root)
        return f"(SELECT {value} FROM {table_sql(where.join.table)} AS {target.alias} WHERE " + conditions + ")"

    # Mutations

    def changed(self, change: plan.Insert | plan.Update | plan.Delete) -> tuple[Sql, bool]:
        """The statement that changes rows and returns them, and whether it checks them (in the column CHECK)."""
        if isinstance(change, plan.Insert):
            return self.insert(change)
        row = self.row(change.table)
        if isinstance(change, plan.Update):
            return self.update(change, row)
        where = self.condition(change.where, row, row)
        delete = f"DELETE FROM {table_sql(change.table)} AS {row.alias} WHERE " + where
        return delete + f" RETURNING {row.alias}.*", False

    def insert(self, insert: plan.Insert) -> tuple[Sql, bool]:
        row = self.row(insert.table)
        columns = (*insert.columns, *(column for column in insert.presets if column not in insert.columns))
        rows = [self.insert_row(item, columns, insert.presets) for item in insert.rows]
        names = ", ".join(name(column) for column in columns)
        into = f"INSERT INTO {table_sql(insert.table)} AS {row.alias} ({names}) VALUES "
        statement = into + join(", ", rows) + self.on_conflict(insert.on_conflict, row)
        check = self.insert_check(insert, row)
        if check is None:
            return statement + f" RETURNING {row.alias}.*", False
        return statement + f" RETURNING {row.alias}.*, " + check + f" AS {CHECK}", True

    def insert_row(self, item: plan.InsertRow, columns: tuple[str, ...], presets: Mapping[str, Param]) -> Sql:
        values = {**item.values, **presets}
        return parens(
            join(", ", [_param(values[column]) if column in values else raw("DEFAULT") for column in columns])
        )

    def insert_check(self, insert: plan.Insert, row: Row) -> Sql | None:
        check = None if insert.check == TRUE else self.condition(insert.check, row, row)
        conflict = insert.on_conflict
        if conflict is None or conflict.check == TRUE:
            if check is None or conflict is None:
                return check
            return f"CASE WHEN {row.alias}.xmax = 0 THEN " + check + " ELSE true END"
        updated = self.condition(conflict.check, row, row)
        return f"CASE WHEN {row.alias}.xmax = 0 THEN " + (check or raw("true")) + " ELSE " + updated + " END"

    def on_conflict(self, conflict: plan.OnConflict | None, row: Row) -> Sql:
        if conflict is None:
            return EMPTY
        target = f" ON CONSTRAINT {name(conflict.constraint)}" if conflict.constraint else ""
        if conflict.target:
            target = " (" + ", ".join(name(column) for column in conflict.target) + ")"
        if not conflict.columns:
            return raw(f" ON CONFLICT{target} DO NOTHING")
        copied = [raw(f"{name(column)} = EXCLUDED.{name(column)}") for column in conflict.columns]
        preset = [f"{name(column)} = " + _param(value) for column, value in conflict.presets.items()]
        statement = f" ON CONFLICT{target} DO UPDATE SET " + join(", ", [*copied, *preset])
        if conflict.where == TRUE:
            return statement
        return statement + " WHERE " + self.condition(conflict.where, row, row)

    def update(self, update: plan.Update, row: Row) -> tuple[Sql, bool]:
        if not update.changes:
            return raw(f"SELECT {row.alias}.* FROM {table_sql(update.table)} AS {row.alias} WHERE false"), False
        changes = join(", ", [self.set_column(change, row) for change in update.changes])
        where = self.condition(update.where, row, row)
        statement = f"UPDATE {table_sql(update.table)} AS {row.alias} SET " + changes + " WHERE " + where
        if update.check == TRUE:
            return statement + f" RETURNING {row.alias}.*", False
        check = self.condition(update.check, row, row)
        return statement + f" RETURNING {row.alias}.*, " + check + f" AS {CHECK}", True

    def set_column(self, change: plan.SetColumn, row: Row) -> Sql:
        if change.operator == "_default":
            return raw(f"{name(change.column)} = DEFAULT")
        before, _, after = UPDATE_OPERATORS[change.operator].partition("{1}")
        current = f"{row.alias}.{name(change.column)}"
        return f"{name(change.column)} = {before.format(current)}" + _param(change.value) + after.format(current)

    def output(self, output: plan.MutationOutput, table: QualifiedName) -> Sql:
        """What a mutation shows of the rows in MUTATED."""
        row = self.row(table, direct=False)
        origin = f" FROM {MUTATED} AS {row.alias}"
        if output.single is not None:
            return "(SELECT " + self.object(output.single, row) + origin + " LIMIT 1)"
        pairs = [f"{text_literal(part.key)}, " + self.output_part(part, row, origin) for part in output.parts]
        return "json_build_object(" + join(", ", pairs) + ")"

    def output_part(self, part: plan.AffectedRows | plan.Returning | plan.ConstantField, row: Row, origin: str) -> Sql:
        if isinstance(part, plan.AffectedRows) and self._affected is not None:
            return raw(str(self._affected))
        if isinstance(part, plan.AffectedRows):
            return raw(f"(SELECT count(*) FROM {MUTATED})")
        if isinstance(part, plan.ConstantField):
            return raw(text_literal(part.value) + "::text")
        return "(SELECT coalesce(json_agg(" + self.object(part.fields, row) + f"), '[]'){origin})"


def render_remote(field: plan.RemoteField) -> Sql:
    """One statement that gives the related rows of every key in JoinKeys, as a JSON list."""
    return _Renderer().remote(field)


def render_change(change: plan.Insert | plan.Update | plan.Delete, output: plan.MutationOutput) -> Sql:
    """One statement that changes the rows and shows them as the client gets them."""
    renderer = _Renderer()
    changed, is_checked = renderer.changed(change)
    shown = renderer.output(output, change.table)
    return f"WITH {MUTATED} AS (" + changed + ") SELECT " + shown + ' AS "root"' + _guard(is_checked)


def render_changed_rows(change: plan.Insert | plan.Update | plan.Delete) -> Sql:
    """One statement that changes the rows and gives all their columns, as a JSON list."""
    changed, is_checked = _Renderer().changed(change)
    rows = f"(SELECT coalesce(json_agg(row_to_json({SHOWN})), '[]') FROM {MUTATED} AS {SHOWN})"
    return f"WITH {MUTATED} AS (" + changed + f') SELECT {rows} AS "root"' + _guard(is_checked)


def render_shown_rows(rows: str, output: plan.MutationOutput, table: QualifiedName, affected: int) -> Sql:
    """The statement that shows changed rows, which are given as a JSON list, with what is related to them by now."""
    populated = f"SELECT * FROM json_populate_recordset(NULL::{table_sql(table)}, " + literal_param(rows, "json") + ")"
    return f"WITH {MUTATED} AS (" + populated + ") SELECT " + _Renderer(affected).output(output, table) + ' AS "root"'


def _guard(is_checked: bool) -> str:
    if not is_checked:
        return ""
    failed = f"('{CHECK_FAILED}' || count(*))::integer"
    return (
        f", (SELECT CASE WHEN bool_and(coalesce({CHECK}, false)) IS NOT FALSE THEN 0 ELSE {failed} END FROM {MUTATED})"
    )


def _param(value: Param) -> Sql:
    return Sql((value,))


def _aggregated(function: str, alias: str, columns: tuple[str, ...], *, distinct: bool) -> str:
    if function == "count":
        return _count(alias, columns, distinct=distinct)
    listed = ", ".join(f"{alias}.{name(column)}" for column in columns)
    return f"{function}({'DISTINCT ' if distinct else ''}{listed})"


def _count(alias: str, columns: tuple[str, ...], *, distinct: bool) -> str:
    if not columns:
        return "count(*)"
    listed = ", ".join(f"{alias}.{name(column)}" for column in columns)
    word = "DISTINCT " if distinct else ""
    return f"count({word}({listed}))" if len(columns) > 1 else f"count({word}{listed})"


def _has_long_key(fields: tuple[plan.Field, ...]) -> bool:
    return any(len(field.key.encode()) > MAX_NAME for field in fields)
