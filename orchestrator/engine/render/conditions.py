"""Conditions on rows."""

# ruff: noqa: S608 - text comes from quoted names of the catalog; values are parameters.

from __future__ import annotations

from orchestrator.engine.boolexp import (
    IS_NOT_NULL,
    IS_NULL,
    OPERATORS,
    AggregateCompare,
    And,
    BoolExp,
    CastCompare,
    ColumnOperand,
    Compare,
    ComputedCompare,
    ComputedRelated,
    Exists,
    Join,
    Not,
    Operand,
    Operands,
    Or,
    Related,
)
from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.render.scope import Row, Scope, param_sql, table_sql
from orchestrator.engine.sql import Sql, join, name, parens, raw


class Conditions(Scope):
    """What is asked of rows, their relatives and what is computed of them."""

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
            return join(", ", [param_sql(item) for item in operand.items])
        if isinstance(operand, tuple):
            items = join(", ", [param_sql(item) for item in operand])
            return "ARRAY[" + items + "]" if operand else raw("'{}'")
        return param_sql(operand) if operand else raw("NULL")

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
        value = aggregated_sql(where.function, target.alias, where.columns, distinct=where.distinct)
        conditions = self.link(where.join, row, target) + " AND " + self.condition(where.filter, target, root)
        return f"(SELECT {value} FROM {table_sql(where.join.table)} AS {target.alias} WHERE " + conditions + ")"


def aggregated_sql(function: str, alias: str, columns: tuple[str, ...], *, distinct: bool) -> str:
    if function == "count":
        return count_sql(alias, columns, distinct=distinct)
    listed = ", ".join(f"{alias}.{name(column)}" for column in columns)
    return f"{function}({'DISTINCT ' if distinct else ''}{listed})"


def count_sql(alias: str, columns: tuple[str, ...], *, distinct: bool) -> str:
    if not columns:
        return "count(*)"
    listed = ", ".join(f"{alias}.{name(column)}" for column in columns)
    word = "DISTINCT " if distinct else ""
    return f"count({word}({listed}))" if len(columns) > 1 else f"count({word}{listed})"
