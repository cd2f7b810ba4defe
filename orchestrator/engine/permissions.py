"""What a role may do with each table: permissions of the metadata with their filters, checks and presets resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from orchestrator.engine import boolexp, scalars
from orchestrator.engine.boolexp import TRUE, BoolExp, ColumnOperand, Compare, FunctionCall
from orchestrator.engine.catalog import Column, QualifiedName
from orchestrator.engine.errors import EngineError, bad_request, not_exists, parse_failed, permission_denied
from orchestrator.engine.geojson import encode_geometry_text
from orchestrator.engine.metadata import (
    ALL,
    Columns,
    DeletePermission,
    InsertPermission,
    SelectPermission,
    UpdatePermission,
)
from orchestrator.engine.sql import Literal, Param, SessionVariable
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


@dataclass(frozen=True)
class UpdateRights:
    columns: tuple[str, ...]
    presets: Mapping[str, Param]
    filter: BoolExp
    check: BoolExp


@dataclass(frozen=True)
class DeleteRights:
    filter: BoolExp


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
        return InsertRights(self.writable(columns, presets), presets, self.condition(permission.check))

    def update(self, permission: UpdatePermission) -> UpdateRights:
        presets = self.presets(permission.set)
        columns = self.writable(self.columns(permission.columns), presets)
        check = TRUE if permission.check is None else self.condition(permission.check)
        return UpdateRights(columns, presets, self.condition(permission.filter), check)

    def delete(self, permission: DeletePermission) -> DeleteRights:
        return DeleteRights(self.condition(permission.filter))

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


ValueOf = Callable[[Any, Column], Param]
Sees = Callable[[TrackedTable], SelectRights]
"""What a role may select of a table; raises where that is nothing."""


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


def condition(
    json: Any, source: TrackedSource, table: TrackedTable, value_of: ValueOf, sees: Sees | None = None
) -> BoolExp:
    """The condition that a permission's (or an old v1 query's) JSON expression means for rows of the table.

    A query's may look only at what its role `sees`; a permission's, which an administrator wrote, at everything.
    """
    return _Reader(source, value_of, sees).expression(json, table)


CASTS: Mapping[tuple[str, str], str] = {
    ("geometry", "geography"): "geography",
    ("geography", "geometry"): "geometry",
    ("jsonb", "String"): "text",
    ("jsonb", "text"): "text",
}
"""The SQL type of each cast that a condition may ask for: (the column's type, the name of the other)."""


@dataclass(frozen=True)
class _Reader:
    source: TrackedSource
    value_of: ValueOf
    sees: Sees | None

    def expression(self, json: Any, table: TrackedTable) -> BoolExp:
        if not isinstance(json, dict):
            raise parse_failed("expected an object for a boolean expression")
        return boolexp.all_of([self.entry(_operator_name(key), value, table, key) for key, value in json.items()])

    def entry(self, name: str, value: Any, table: TrackedTable, key: str) -> BoolExp:
        if name in ("_and", "_or"):
            if not isinstance(value, list):
                raise parse_failed(f'expected an array for the operator "{key}"')
            items = tuple(self.expression(item, table) for item in value)
            return boolexp.And(items) if name == "_and" else boolexp.Or(items)
        if name == "_not":
            return boolexp.Not(self.expression(value, table))
        if name == "_exists":
            if not isinstance(value, dict) or not value.keys() >= {"_table", "_where"}:
                raise parse_failed(f'expected _table and _where for the operator "{key}"')
            remote = self.tracked(_table_name(value["_table"]))
            return boolexp.Exists(remote.name, self.visible(remote, self.expression(value["_where"], remote)))
        if key in table.info.column:
            self.require_visible(table, key)
            return self.comparisons(value, table, table.info.column[key])
        if key in table.relationships:
            join = table.relationships[key].join
            target = self.tracked(join.table)
            return boolexp.Related(join, self.visible(target, self.expression(value, target)))
        if key in table.meta.computed_fields:
            return self.computed(key, value, table)
        raise not_exists(f'column "{key}" does not exist')

    def require_visible(self, table: TrackedTable, name: str) -> None:
        """Refuses a column or scalar computed field that the role does not see."""
        if self.sees is None:
            return
        rights = self.sees(table)
        if name not in rights.columns and name not in rights.computed_fields:
            raise permission_denied(f'no permission to select "{name}" of table "{table.name}"')

    def visible(self, table: TrackedTable, where: BoolExp) -> BoolExp:
        """The condition, for the rows only that the role sees."""
        return where if self.sees is None else boolexp.all_of([where, self.sees(table).filter])

    def tracked(self, name: QualifiedName) -> TrackedTable:
        if name not in self.source.tables:
            raise not_exists(f'table "{name}" does not exist in source: {self.source.name}')
        return self.source.tables[name]

    def comparisons(self, value: Any, table: TrackedTable, column: Column) -> BoolExp:
        if not isinstance(value, dict):
            value = {"_eq": value}
        items = [self.comparison(_operator_name(key), item, table, column) for key, item in value.items()]
        return boolexp.all_of(items)

    def comparison(self, operator: str, value: Any, table: TrackedTable, column: Column) -> BoolExp:
        name = column.name
        if operator == boolexp.IS_NULL:
            return Compare(name, boolexp.IS_NULL if value in (True, "true") else boolexp.IS_NOT_NULL, None)
        if operator in boolexp.COLUMN_OPERATORS:
            other = _column_operand(value)
            if other.root and self.sees is not None:
                raise bad_request("a query can't compare with a column of its outermost table")
            if not other.root:
                self.require_column(table, other.column)
            return Compare(name, boolexp.COLUMN_OPERATORS[operator], other)
        if operator == "_cast":
            if not isinstance(value, dict) or not all(isinstance(inner, dict) for inner in value.values()):
                raise parse_failed(f'expected an object for the operator "{operator}"')
            return boolexp.all_of([self.cast(column, cast, inner) for cast, inner in value.items()])
        return Compare(name, operator, self.operand(operator, value, column))

    def require_column(self, table: TrackedTable, name: str) -> None:
        if name not in table.info.column:
            raise not_exists(f'column "{name}" does not exist')
        self.require_visible(table, name)

    def cast(self, column: Column, cast: str, inner: Mapping[str, Any]) -> BoolExp:
        # Only types of the list become SQL: the name is the request's.
        sql_type = CASTS.get((column.type, cast))
        if sql_type is None:
            raise bad_request(f'cannot cast column of type "{column.type}" to type "{cast}"')
        typed = _text_column(sql_type)
        operators = [(_operator_name(key), item) for key, item in inner.items()]
        return boolexp.all_of(
            [
                boolexp.CastCompare(column.name, sql_type, operator, self.operand(operator, item, typed))
                for operator, item in operators
            ]
        )

    def operand(self, operator: str, value: Any, column: Column) -> Param | tuple[Param, ...] | boolexp.Operands:
        if operator not in boolexp.OPERATORS:
            raise EngineError("unexpected-payload", f"unknown operator: {operator}")
        of = boolexp.OPERATORS[operator]
        kind = of.operand
        if kind == "parts":
            return self.operands(operator, value, column)
        if kind == "array" and isinstance(value, list):
            return tuple(self.value_of(item, column) for item in value)
        if kind == "keys" and isinstance(value, list):
            element = of.cast.removesuffix("[]") if of.cast else "text"
            return tuple(self.value_of(item, _text_column(element)) for item in value)
        if kind == "array":
            return self.value_of(value, _array_column(column))
        if kind == "keys":
            return self.value_of(value, _text_column(of.cast or "text[]"))
        is_other_text = kind == "text" and column.type not in scalars.TEXT_TYPES
        return self.value_of(value, _text_column(of.cast or of.takes or "text") if is_other_text else column)

    def operands(self, operator: str, value: Any, column: Column) -> boolexp.Operands:
        parts = boolexp.OPERATORS[operator].parts_for(column.type)
        if not isinstance(value, dict):
            raise parse_failed(f'expected an object for the operator "{operator}"')
        given = {part.name: value.get(part.name, part.default) for part in parts}
        for name in [
            *(part.name for part in parts if given[part.name] is None and not part.nullable),
            *(value.keys() - given.keys()),
        ]:
            raise parse_failed(f'key "{name}" {"not found" if name in given else "is unknown"}')
        typed = [(part, _typed_column(part.type) if part.type else column) for part in parts]
        return boolexp.Operands(tuple(self.value_of(given[part.name], of) for part, of in typed))

    def computed(self, name: str, value: Any, table: TrackedTable) -> BoolExp:
        call = computed_call(self.source, table, name)
        function = self.source.catalog.functions[call.function][0]
        if function.returns_table:
            target = self.tracked(function.returns_table)
            return boolexp.ComputedRelated(call, self.visible(target, self.expression(value, target)))
        self.require_visible(table, name)
        column = _typed_column(function.returns_type)
        if not isinstance(value, dict):
            value = {"_eq": value}
        return boolexp.all_of(
            [
                boolexp.ComputedCompare(call, _operator_name(key), self.operand(_operator_name(key), item, column))
                for key, item in value.items()
            ]
        )


def computed_call(
    source: TrackedSource, table: TrackedTable, name: str, given: Mapping[str, Param] | None = None
) -> FunctionCall:
    """The call of a computed field's function: the row and the session where they belong, and the given arguments."""
    meta = table.meta.computed_fields[name]
    function = source.catalog.functions[meta.function][0]
    inputs = [argument for argument in function.arguments if argument.mode in "ib"]
    row = meta.table_argument or inputs[0].name
    arguments: list[tuple[str | None, Param | None]] = []
    for index, argument in enumerate(inputs):
        if argument.name == row and (argument.name or index == 0):
            arguments.append((argument.name or None, None))
        elif meta.session_argument and argument.name == meta.session_argument:
            arguments.append((argument.name, Param(SessionVariable(None), argument.sql_type)))
        elif given and argument.name in given:
            arguments.append((argument.name, given[argument.name]))
    return FunctionCall(function.name, tuple(arguments))


def _operator_name(key: str) -> str:
    name = "_" + key[1:] if key.startswith("$") else key
    return boolexp.ALIASES.get(name, name)


def _table_name(json: Any) -> QualifiedName:
    if isinstance(json, str):
        return QualifiedName("public", json)
    if isinstance(json, dict) and isinstance(json.get("name"), str):
        return QualifiedName(json.get("schema", "public"), json["name"])
    raise bad_request("expected a table's name")


def _column_operand(value: Any) -> ColumnOperand:
    """`"name"`, `["name"]` or, for the outermost table, `["$", "name"]`."""
    steps = value if isinstance(value, list) else [value]
    if len(steps) == 2 and steps[0] == "$":
        return ColumnOperand(steps[1], root=True)
    if len(steps) != 1 or not isinstance(steps[0], str):
        raise bad_request("expected a column's name")
    return ColumnOperand(steps[0])


def _typed_column(type_name: str) -> Column:
    return Column("", type_name, type_name, "b", None, True, False, False, "", 0, None)


def _text_column(sql_type: str) -> Column:
    return _typed_column(sql_type)


def _array_column(column: Column) -> Column:
    return Column("", "_" + column.type, column.sql_type + "[]", "b", column.type, True, False, False, "", 0, None)
