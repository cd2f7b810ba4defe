"""The JSON expressions of permissions and of the old v1 queries, into conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.engine import boolexp, scalars
from orchestrator.engine.boolexp import BoolExp, ColumnOperand, Compare
from orchestrator.engine.catalog import Column, QualifiedName
from orchestrator.engine.computed import computed_call
from orchestrator.engine.errors import EngineError, not_exists, not_supported, parse_failed, permission_denied
from orchestrator.engine.geojson import encode_geometry_text
from orchestrator.engine.json_value import below, encountered
from orchestrator.engine.operand_types import CASTS, require_type, type_name
from orchestrator.engine.sql import Literal, Param, SessionVariable
from orchestrator.engine.tracked import TrackedSource, TrackedTable

if TYPE_CHECKING:
    from orchestrator.engine.permissions import SelectRights

ValueOf = Callable[[Any, Column], Param]


@dataclass(frozen=True)
class Viewer:
    """A role, and what it may select of each table (None: nothing), which is all that its conditions may look at."""

    role: str
    rights: Callable[[TrackedTable], SelectRights | None]


def permission_value(value: Any, column: Column) -> Param:
    """A value in a permission: a session variable where it is named like one, else itself."""
    if isinstance(value, str) and value.lower().startswith("x-hasura-"):
        encode = encode_geometry_text if column.type in scalars.GEO_TYPES else None
        return Param(SessionVariable(value.lower(), encode), column.sql_type)
    return plain_value(value, column)


def plain_value(value: Any, column: Column) -> Param:
    if value is None:
        return Param(Literal(None), column.sql_type)
    encode: scalars.Encode = scalars.encode_loosely
    if column.type in scalars.JSON_TYPES | scalars.GEO_TYPES or (
        isinstance(value, list) and column.type.startswith("_")
    ):
        encode = scalars.encoder(column.type)
    return Param(Literal(encode(value, "$")), column.sql_type)


def typed_value(value: Any, column: Column) -> Param:
    """A value in an old query, which must be one of the column's type."""
    text = None if value is None else scalars.encoder(column.type)(value, "$")
    return Param(Literal(text), column.sql_type)


def condition(
    json: Any,
    source: TrackedSource,
    table: TrackedTable,
    value_of: ValueOf,
    viewer: Viewer | None = None,
    path: str = "$",
) -> BoolExp:
    """The condition that a permission's (or an old v1 query's) JSON expression means for rows of the table.

    A query's may look only at what its role may select; a permission's, which an administrator wrote, at everything.
    """
    return _Reader(source, value_of, viewer, table, path).expression(json, table)


@dataclass(frozen=True)
class _Reader:
    """`root` is the table that the whole expression is about, and `path` where it stands."""

    source: TrackedSource
    value_of: ValueOf
    viewer: Viewer | None
    root: TrackedTable
    path: str

    def expression(self, json: Any, table: TrackedTable) -> BoolExp:
        if not isinstance(json, dict):
            raise parse_failed("expected an object for a boolean expression", self.path)
        return boolexp.all_of([self.entry(_operator_name(key), value, table, key) for key, value in json.items()])

    def entry(self, name: str, value: Any, table: TrackedTable, key: str) -> BoolExp:
        if name in ("_and", "_or"):
            if not isinstance(value, list):
                raise parse_failed(f'expected an array for the operator "{key}"', self.path)
            items = tuple(self.expression(item, table) for item in value)
            return boolexp.And(items) if name == "_and" else boolexp.Or(items)
        if name == "_not":
            return boolexp.Not(self.expression(value, table))
        if name == "_exists":
            return self.exists(value, key)
        if key in table.info.column:
            return self.comparisons(value, table, table.info.column[key])
        if key in table.relationships:
            join = table.relationships[key].join
            target = self.tracked(join.table)
            denied = f'does not have permission to read relationship "{key}"; no permission on table "{target.name}"'
            return boolexp.Related(join, self.visible(target, self.expression(value, target), denied))
        if key in table.meta.computed_fields:
            return self.computed(key, value, table)
        raise not_exists(f'"{key}" does not exist', self.path)

    def exists(self, value: Any, key: str) -> BoolExp:
        if not isinstance(value, dict) or not value.keys() >= {"_table", "_where"}:
            raise parse_failed(f'expected _table and _where for the operator "{key}"', self.path)
        remote = self.tracked(self.table_name(value["_table"]))
        denied = f'does not have permission to read table "{remote.name}"'
        return boolexp.Exists(remote.name, self.visible(remote, self.expression(value["_where"], remote), denied))

    # What the role may look at

    def visible(self, table: TrackedTable, where: BoolExp, denied: str) -> BoolExp:
        """The condition, for the rows only that the role sees."""
        if self.viewer is None:
            return where
        rights = self.viewer.rights(table)
        if rights is None:
            raise permission_denied(f'role "{self.viewer.role}" {denied}', self.path)
        return boolexp.all_of([where, rights.filter])

    def require_visible(self, table: TrackedTable, name: str, what: str = "column ") -> None:
        """Refuses a column or scalar computed field that the role does not see."""
        rights = self.viewer.rights(table) if self.viewer else None
        if self.viewer is None or (rights and name in (*rights.columns, *rights.computed_fields)):
            return
        # Hasura has no space before a computed field's name.
        raise permission_denied(
            f'role "{self.viewer.role}" does not have permission to select {what}"{name}"', self.path
        )

    def tracked(self, name: QualifiedName) -> TrackedTable:
        if name not in self.source.tables:
            raise not_exists(f'table "{name}" does not exist in source: {self.source.name}', self.path)
        return self.source.tables[name]

    def table_name(self, json: Any) -> QualifiedName:
        if isinstance(json, str):
            return QualifiedName("public", json)
        if isinstance(json, dict) and isinstance(json.get("name"), str):
            return QualifiedName(json.get("schema", "public"), json["name"])
        raise parse_failed("expected a table's name", self.path)

    # Comparisons

    def comparisons(self, value: Any, table: TrackedTable, column: Column) -> BoolExp:
        if column.type == "json":
            raise EngineError("unexpected-payload", "JSON column can not be part of boolean expression", self.path)
        path = below(self.path, column.name)
        if isinstance(value, dict):
            items = [self.comparison(key, item, table, column, below(path, key)) for key, item in value.items()]
        else:
            items = [Compare(column.name, "_eq", self.value(value, column, path))]
        self.require_visible(table, column.name)
        return boolexp.all_of(items)

    def comparison(self, key: str, value: Any, table: TrackedTable, column: Column, path: str) -> BoolExp:
        name, operator = column.name, _operator_name(key)
        if operator == boolexp.IS_NULL:
            return Compare(name, boolexp.IS_NULL if _truth(value, path) else boolexp.IS_NOT_NULL, None)
        if operator in boolexp.COLUMN_OPERATORS:
            return Compare(name, boolexp.COLUMN_OPERATORS[operator], self.other_column(value, table, column, path))
        if operator == "_cast":
            if not isinstance(value, dict) or not all(isinstance(inner, dict) for inner in value.values()):
                raise parse_failed(f'expected an object for the operator "{key}"', path)
            return boolexp.all_of([self.cast(column, cast, inner, path) for cast, inner in value.items()])
        return Compare(name, operator, self.operand(key, value, column, path))

    def other_column(self, value: Any, table: TrackedTable, column: Column, path: str) -> ColumnOperand:
        operand = _column_operand(value, path)
        owner = self.root if operand.root else table
        other = owner.info.column.get(operand.column)
        if other is None:
            raise not_exists(f'column "{operand.column}" does not exist', path)
        if other.type != column.type:
            types = f'"{type_name(column.type)}", but "{other.name}" has type "{type_name(other.type)}"'
            message = f'incompatible column types: "{column.name}" has type {types}'
            raise EngineError("unexpected-payload", message, path)
        self.require_visible(owner, other.name)
        return operand

    def cast(self, column: Column, cast: str, inner: Mapping[str, Any], path: str) -> BoolExp:
        # Only types of the list become SQL: the name is the request's.
        sql_type = CASTS.get((column.type, cast))
        if sql_type is None:
            message = f'cannot cast column of type "{type_name(column.type)}" to type "{cast}"'
            raise EngineError("unexpected-payload", message, path)
        typed = _typed_column(sql_type)
        return boolexp.all_of(
            [
                boolexp.CastCompare(
                    column.name,
                    sql_type,
                    _operator_name(key),
                    self.operand(key, item, typed, below(f"{path}.{cast}", key)),
                )
                for key, item in inner.items()
            ]
        )

    def operand(self, key: str, value: Any, column: Column, path: str) -> Param | tuple[Param, ...] | boolexp.Operands:
        operator = _operator_name(key)
        if operator not in boolexp.OPERATORS:
            raise EngineError("unexpected-payload", f"Unknown operator: {key}", path)
        require_type(operator, column, path)
        of = boolexp.OPERATORS[operator]
        if of.operand == "parts":
            return self.operands(operator, value, column, path)
        if of.operand == "array":
            return self.several(value, column, path)
        if of.operand == "keys":
            return self.several(value, _typed_column((of.cast or "text").removesuffix("[]")), path)
        is_other_text = of.operand == "text" and column.type not in scalars.TEXT_TYPES
        return self.value(value, _typed_column(of.cast or of.takes or "text") if is_other_text else column, path)

    def several(self, value: Any, column: Column, path: str) -> Param | tuple[Param, ...]:
        """A list of values or, in a permission, the session variable that holds it."""
        if isinstance(value, list):
            return tuple(self.value(item, column, f"{path}[{index}]") for index, item in enumerate(value))
        if self.viewer is not None:
            raise parse_failed(f"parsing [] failed, expected Array, but encountered {encountered(value)}", path)
        return self.value(value, _array_column(column), path)

    def operands(self, operator: str, value: Any, column: Column, path: str) -> boolexp.Operands:
        parts = boolexp.OPERATORS[operator].parts_for(column.type)
        if not isinstance(value, dict):
            raise parse_failed(f'expected an object for the operator "{operator}"', path)
        given = {part.name: value.get(part.name, part.default) for part in parts}
        for name in [
            *(part.name for part in parts if given[part.name] is None and not part.nullable),
            *(value.keys() - given.keys()),
        ]:
            raise parse_failed(f'key "{name}" {"not found" if name in given else "is unknown"}', path)
        typed = [(part.name, _typed_column(part.type) if part.type else column) for part in parts]
        return boolexp.Operands(tuple(self.value(given[name], of, f"{path}.{name}") for name, of in typed))

    def value(self, value: Any, column: Column, path: str) -> Param:
        try:
            return self.value_of(value, column)
        except EngineError as error:
            raise error.at(path + error.path[1:]) from error

    # Computed fields

    def computed(self, name: str, value: Any, table: TrackedTable) -> BoolExp:
        call = computed_call(self.source, table, name)
        function = self.source.catalog.functions[call.function][0]
        if function.returns_table:
            target = self.tracked(function.returns_table)
            denied = (
                f'does not have permission to read  computed field "{name}"; no permission on table "{target.name}"'
            )
            return boolexp.ComputedRelated(call, self.visible(target, self.expression(value, target), denied))
        self.require_visible(table, name, "computed field")
        column, path = _typed_column(function.returns_type), below(self.path, name)
        if not isinstance(value, dict):
            value = {"_eq": value}
        return boolexp.all_of(
            [
                boolexp.ComputedCompare(call, _operator_name(key), self.operand(key, item, column, below(path, key)))
                for key, item in value.items()
            ]
        )


def _operator_name(key: str) -> str:
    name = "_" + key[1:] if key.startswith("$") else key
    return boolexp.ALIASES.get(name, name)


def _truth(value: Any, path: str) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise parse_failed(f"parsing Bool failed, expected Boolean, but encountered {encountered(value)}", path)
    return value


def _column_operand(value: Any, path: str) -> ColumnOperand:
    """`"name"`, `["name"]` or, for the outermost table, `["$", "name"]`."""
    steps = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in steps):
        message = "a boolean expression JSON must be either a string or an array"
        raise EngineError("unexpected", message, path, status=400)
    if len(steps) == 2 and steps[0] == "$":
        return ColumnOperand(steps[1], root=True)
    if not steps:
        raise EngineError("unexpected", "path cannot be empty", path, status=400)
    if len(steps) > 1:
        raise not_supported("Relationship references are not supported in column comparison RHS", path)
    return ColumnOperand(steps[0])


def _typed_column(type_: str) -> Column:
    return Column("", type_, type_, "b", None, True, False, False, "", 0, None)


def _array_column(column: Column) -> Column:
    return Column("", "_" + column.type, column.sql_type + "[]", "b", column.type, True, False, False, "", 0, None)
