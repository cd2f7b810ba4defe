"""Mutations: each change is one statement that checks what it did and shows it."""

# ruff: noqa: S608 - text comes from quoted names of the catalog; values are parameters.

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.engine import plan
from orchestrator.engine.boolexp import TRUE
from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.render.queries import SHOWN, Queries
from orchestrator.engine.render.scope import Row, param_sql, table_sql
from orchestrator.engine.sql import EMPTY, Param, Sql, join, literal_param, name, parens, raw, text_literal

CHECK = '"@check"'
MUTATED = '"@mutated"'
# A failed check ends the statement with this text in the error, which rolls it back in the same round trip.
CHECK_FAILED = "hasura check constraint failed "

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


def render_change(change: plan.Insert | plan.Update | plan.Delete, output: plan.MutationOutput) -> Sql:
    """One statement that changes the rows and shows them as the client gets them."""
    renderer = Changes()
    changed, is_checked = renderer.changed(change)
    shown = renderer.output(output, change.table)
    return f"WITH {MUTATED} AS (" + changed + ") SELECT " + shown + ' AS "root"' + _guard(is_checked)


def render_changed_rows(change: plan.Insert | plan.Update | plan.Delete) -> Sql:
    """One statement that changes the rows and gives all their columns, as a JSON list."""
    changed, is_checked = Changes().changed(change)
    rows = f"(SELECT coalesce(json_agg(row_to_json({SHOWN})), '[]') FROM {MUTATED} AS {SHOWN})"
    return f"WITH {MUTATED} AS (" + changed + f') SELECT {rows} AS "root"' + _guard(is_checked)


def render_shown_rows(rows: str, output: plan.MutationOutput, table: QualifiedName, affected: int) -> Sql:
    """The statement that shows changed rows, which are given as a JSON list, with what is related to them by now."""
    populated = f"SELECT * FROM json_populate_recordset(NULL::{table_sql(table)}, " + literal_param(rows, "json") + ")"
    return f"WITH {MUTATED} AS (" + populated + ") SELECT " + Changes(affected).output(output, table) + ' AS "root"'


def _guard(is_checked: bool) -> str:
    if not is_checked:
        return ""
    failed = f"('{CHECK_FAILED}' || count(*))::integer"
    return (
        f", (SELECT CASE WHEN bool_and(coalesce({CHECK}, false)) IS NOT FALSE THEN 0 ELSE {failed} END FROM {MUTATED})"
    )


class Changes(Queries):
    """Inserts, updates and deletes; `affected` is the number of rows affected where it is known already."""

    def __init__(self, affected: int | None = None) -> None:
        super().__init__()
        self._affected = affected

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
            join(", ", [param_sql(values[column]) if column in values else raw("DEFAULT") for column in columns])
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
        preset = [f"{name(column)} = " + param_sql(value) for column, value in conflict.presets.items()]
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
        return f"{name(change.column)} = {before.format(current)}" + param_sql(change.value) + after.format(current)

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
