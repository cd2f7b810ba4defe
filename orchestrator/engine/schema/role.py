"""One role's schema: its types by name, each built when it is first asked for and then kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial

from orchestrator.engine import permissions, scalars
from orchestrator.engine.catalog import Argument, Column, QualifiedName
from orchestrator.engine.naming import Naming
from orchestrator.engine.options import Options
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.schema import aggregate_conditions, conditions, roots, rows, streams, writes
from orchestrator.engine.schema.bindings import ComputedOf, FunctionArguments
from orchestrator.engine.schema.types import (
    Enum,
    EnumValue,
    Input,
    InputObject,
    ObjectType,
    Ref,
    Scalar,
    Type,
    inputs_of,
    list_of,
    required,
)
from orchestrator.engine.tracked import Relationship, RemoteRelationship, TrackedFunction, TrackedSource, TrackedTable

Build = Callable[[], Type | None]
DEFAULTS = Options()

ORDER_DIRECTIONS: Mapping[str, tuple[str, str]] = {
    "asc": ("ASC NULLS LAST", "in ascending order, nulls last"),
    "asc_nulls_first": ("ASC NULLS FIRST", "in ascending order, nulls first"),
    "asc_nulls_last": ("ASC NULLS LAST", "in ascending order, nulls last"),
    "desc": ("DESC NULLS FIRST", "in descending order, nulls first"),
    "desc_nulls_first": ("DESC NULLS FIRST", "in descending order, nulls first"),
    "desc_nulls_last": ("DESC NULLS LAST", "in descending order, nulls last"),
}

TABLE_TYPES: Mapping[str, Callable[[RoleSchema, TableAccess], Type | None]] = {
    "_bool_exp": conditions.bool_exp,
    "_aggregate_bool_exp": aggregate_conditions.aggregate_bool_exp,
    "_aggregate_bool_exp_count": aggregate_conditions.count_bool_exp,
    "_order_by": rows.order_by,
    "_select_column": rows.select_column,
    "_aggregate": rows.aggregate,
    "_aggregate_fields": rows.aggregate_fields,
    "_aggregate_order_by": rows.aggregate_order_by,
    "_stream_cursor_input": streams.cursor_input,
    "_stream_cursor_value_input": streams.cursor_value_input,
    "": rows.object_type,
    **{f"_{name}_fields": partial(rows.function_fields, function=name) for name in rows.FUNCTIONS},
    **{f"_{name}_order_by": partial(rows.function_order_by, function=name) for name in rows.FUNCTIONS},
}
PREDICATE_TYPES: Mapping[str, Callable[..., Type | None]] = {
    "_aggregate_bool_exp_{0}": aggregate_conditions.function_bool_exp,
    "_aggregate_bool_exp_{0}_arguments": aggregate_conditions.several_arguments,
    "_select_column_{1}_aggregate_bool_exp_{0}_arguments_columns": aggregate_conditions.argument_columns,
}
INSERT_TYPES: Mapping[str, Callable[[RoleSchema, TableAccess], Type | None]] = {
    "_insert_input": writes.insert_input,
    "_obj_rel_insert_input": writes.obj_rel_insert_input,
    "_arr_rel_insert_input": writes.arr_rel_insert_input,
    "_on_conflict": writes.on_conflict,
    "_constraint": writes.constraint,
    "_update_column": writes.update_column,
}
UPDATE_TYPES: Mapping[str, Callable[[RoleSchema, TableAccess], Type | None]] = {
    "_set_input": writes.set_input,
    "_inc_input": writes.inc_input,
    "_pk_columns_input": writes.pk_columns_input,
    "_updates": writes.updates,
    **{f"{name}_input": partial(writes.jsonb_input, operator=name) for name in writes.JSONB_OPERATORS},
}
RESPONSE_TYPES: Mapping[str, Callable[[RoleSchema, TableAccess], Type | None]] = {
    "_mutation_response": writes.mutation_response,
}


class RoleSchema:
    """The types of one role over the sources; `backend` opens what is for trusted back ends only."""

    def __init__(
        self, sources: tuple[TrackedSource, ...], role: str, options: Options = DEFAULTS, *, backend: bool = False
    ) -> None:
        self.sources = sources
        self.role = role
        self.options = options
        self._backend = backend
        self._accesses: dict[tuple[str, QualifiedName], TableAccess] = {}
        self._types: dict[str, Type | None] = {}
        self._builds: dict[str, Build] = dict(_scalar_builds(tuple({s.customization.naming for s in sources})))
        for access in self.accesses():
            self._register(access)

    @cached_property
    def query(self) -> ObjectType:
        return roots.query_root(self)

    @cached_property
    def mutation(self) -> ObjectType | None:
        return roots.mutation_root(self)

    @cached_property
    def subscription(self) -> ObjectType | None:
        root = roots.query_root(self, "subscription")
        return root if any(field.binding for field in root.fields.values()) else None

    def define(self, type_: Type) -> Ref:
        """Adds a type that is at hand, and gives its reference."""
        self._types[type_.name] = type_
        self._builds.setdefault(type_.name, lambda: type_)
        return Ref(type_.name)

    def type(self, name: str) -> Type:
        """The type of this name; a name that nothing defines counts as a scalar."""
        return self._find(name) or Scalar(name)

    def has(self, name: str) -> bool:
        return self._find(name) is not None

    def _find(self, name: str) -> Type | None:
        if name not in self._types:
            build = self._builds.get(name)
            self._types[name] = build() if build else None
        return self._types[name]

    def accesses(self) -> Iterator[TableAccess]:
        """Every tracked table as the role sees it."""
        for source in self.sources:
            for name in source.tables:
                found = self.access(source, name)
                if found:
                    yield found

    def access(self, source: TrackedSource, name: QualifiedName) -> TableAccess | None:
        table = source.tables.get(name)
        if table is None:
            return None
        key = (source.name, name)
        if key not in self._accesses:
            self._accesses[key] = permissions.access(source, table, self.role, backend=self._backend)
        return self._accesses[key]

    def columns(self, access: TableAccess) -> Iterator[tuple[str, Column]]:
        """The columns the role may select, by GraphQL name."""
        allowed = access.select.columns if access.select else ()
        return (pair for pair in access.table.graphql_columns.items() if pair[1].name in allowed)

    def relationships(self, access: TableAccess) -> Iterator[tuple[Relationship, TableAccess]]:
        """The relationships to tables of which the role may select something."""
        for relationship in access.table.relationships.values():
            target = self.access(access.source, relationship.join.table)
            if target and target.select:
                yield relationship, target

    def remote_relationships(self, access: TableAccess) -> Iterator[tuple[RemoteRelationship, TableAccess]]:
        """The relationships to other sources of which the role may see both ends."""
        rights = access.select
        # A column that is hidden in some rows may not be told by what it leads to.
        own = {column for column in rights.columns if column not in rights.conditions} if rights else set[str]()
        for relationship in access.table.remote:
            source = next((source for source in self.sources if source.name == relationship.source), None)
            target = self.access(source, relationship.table) if source else None
            if target is None or target.select is None:
                continue
            ours, theirs = zip(*relationship.columns, strict=True)
            if set(ours) <= own and set(theirs) <= target.table.info.column.keys():
                yield relationship, target

    def computed_fields(self, access: TableAccess) -> Iterator[ComputedOf]:
        """The computed fields the role may see: the permitted scalars, and rows of tables it may select from."""
        for name, meta in access.table.meta.computed_fields.items():
            overloads = access.source.catalog.functions.get(meta.function)
            if not overloads:
                continue
            function = overloads[0]
            target = self.access(access.source, function.returns_table) if function.returns_table else None
            if function.returns_table and target and target.select:
                yield ComputedOf(name, function, access, target)
            elif not function.returns_table and access.select and name in access.select.computed_fields:
                yield ComputedOf(name, function, access, None)

    def functions(self, *, mutation: bool) -> Iterator[tuple[TrackedFunction, TableAccess]]:
        """The tracked functions the role may call as queries or as mutations."""
        for source in self.sources:
            for function in source.functions.values():
                target = function.info.returns_table and self.access(source, function.info.returns_table)
                if (
                    target
                    and target.select
                    and _is_mutation(function) is mutation
                    and self._may_call(function, mutation)
                ):
                    yield function, target

    def _may_call(self, function: TrackedFunction, mutation: bool) -> bool:
        if self.role == permissions.ADMIN or (not mutation and self.options.infer_function_permissions):
            return True
        return any(role in function.meta.permissions for role in self._roles())

    def _roles(self) -> Iterator[str]:
        """The role and all that it inherits from."""
        waiting, seen = [self.role], set[str]()
        while waiting:
            role = waiting.pop()
            if role not in seen:
                seen.add(role)
                yield role
                waiting.extend(parent for source in self.sources for parent in source.inherited_roles.get(role, ()))

    def column_type(self, table: TrackedTable, column: Column, *, non_null: bool = False) -> Ref:
        enum = self.enum_name(table, column)
        if enum:
            return Ref(enum, non_null)
        if column.element:
            return list_of(required(self._known(column.element)), non_null=non_null)
        return Ref(self._known(column.type), non_null)

    def scalar(self, type_name: str) -> Ref:
        if type_name.startswith("_"):
            return list_of(required(self._known(type_name[1:])))
        return Ref(self._known(type_name))

    def comparison(self, table: TrackedTable, column: Column) -> str:
        """The name of the type that compares values of the column."""
        enum = self.enum_name(table, column)
        if enum:
            name = table.naming.type_name(f"{enum}_comparison_exp")
            self._builds.setdefault(name, partial(conditions.enum_comparison_exp, name, enum, table.naming))
            return name
        return self._comparison(column, table.naming)

    def scalar_comparison(self, type_name: str, naming: Naming) -> str:
        return self._comparison(Column("", type_name, type_name, "b", None, True, False, False, "", 0, None), naming)

    def _comparison(self, column: Column, naming: Naming) -> str:
        base = scalars.graphql_name(column.element or column.type)
        name = naming.type_name(f"{base}_array_comparison_exp" if column.element else f"{base}_comparison_exp")
        self._builds.setdefault(name, partial(conditions.comparison_exp, name, column, naming))
        if column.type in conditions.CASTS:
            cast = naming.type_name(f"{column.type}_cast_exp")
            self._builds.setdefault(cast, partial(conditions.cast_exp, self, column.type, naming))
        return name

    def function_arguments(self, computed: ComputedOf) -> Mapping[str, Input]:
        """The `args` argument of a computed field, where its function takes more than the row and the session."""
        table, inputs = computed.access.table, computed.function.inputs
        meta = table.meta.computed_fields[computed.name]
        row = next((item for item in inputs if item.name and item.name == meta.table_argument), inputs[0])
        skip = {meta.session_argument} if meta.session_argument else set[str]()
        names = {name: item for name, item in computed.function.asked_for(skip).items() if item is not row}
        description = f'input parameters for computed field "{computed.name}" defined on table "{table.name}"'
        return self._arguments(names, table.typed("_args", before=f"{computed.name}_"), description)

    def tracked_function_arguments(self, function: TrackedFunction) -> Mapping[str, Input]:
        config, name = function.meta.configuration, function.info.name
        names = function.info.asked_for({config.session_argument} if config.session_argument else set())
        description = f'input parameters for function "{name}"'
        custom = function.customization
        return self._arguments(names, custom.type_name(custom.naming.typed("", function.base, "_args")), description)

    def _arguments(self, names: Mapping[str, Argument], type_name: str, description: str) -> Mapping[str, Input]:
        if not names:
            return {}
        fields = inputs_of(*(Input(name, self.scalar(a.type), binding=a) for name, a in names.items()))
        self._builds.setdefault(type_name, partial(InputObject, type_name, fields))
        optional = all(argument.has_default for argument in names.values())
        return inputs_of(Input("args", Ref(type_name, non_null=not optional), description, FunctionArguments(names)))

    def enum_name(self, table: TrackedTable, column: Column) -> str | None:
        """The name of the enum whose values the column takes, where it refers to an enum table."""
        target = table.enum_columns.get(column.name)
        if target is None:
            return None
        source = next((source for source in self.sources if source.tables.get(table.name) is table), None)
        if source is None:
            return None
        enum = source.tables[target]
        name = enum.typed("_enum")
        shown = enum.naming.enum_value
        values = {shown(value): EnumValue(shown(value), words, value) for value, words in enum.enum_values or ()}
        self._builds.setdefault(name, partial(Enum, name, values))
        return name

    def _known(self, type_name: str) -> str:
        name = scalars.graphql_name(type_name)
        self._builds.setdefault(name, partial(Scalar, name))
        return name

    def _register(self, access: TableAccess) -> None:
        kinds: list[Mapping[str, Callable[[RoleSchema, TableAccess], Type | None]]] = []
        if access.select:
            kinds.append(TABLE_TYPES)
        if access.insert:
            kinds.append(INSERT_TYPES)
        if access.update:
            kinds.append(UPDATE_TYPES)
        if access.insert or access.update or access.delete:
            kinds.append(RESPONSE_TYPES)
            kinds.append({"_bool_exp": conditions.bool_exp})
        for kind in kinds:
            for suffix, build in kind.items():
                self._builds[access.table.typed(suffix)] = partial(build, self, access)
        if access.select:
            self._register_predicates(access)

    def _register_predicates(self, access: TableAccess) -> None:
        for function in aggregate_conditions.PREDICATES:
            for suffix, build in PREDICATE_TYPES.items():
                name = access.table.typed(suffix.format(function, access.table.base_name))
                self._builds[name] = partial(build, self, access, function)
        ordering = streams.ordering(access)
        self._builds.setdefault(ordering.name, lambda: ordering)


def _is_mutation(function: TrackedFunction) -> bool:
    exposed = function.meta.configuration.exposed_as
    return exposed == "mutation" or (exposed is None and function.info.volatility == "v")


def _scalar_builds(namings: Sequence[Naming]) -> Iterator[tuple[str, Build]]:
    for name in ("Int", "Float", "String", "Boolean", "ID"):
        yield name, partial(Scalar, name)
    values = {
        naming.enum_value(name): EnumValue(naming.enum_value(name), words, sql)
        for naming in namings or (Naming(),)
        for name, (sql, words) in ORDER_DIRECTIONS.items()
    }
    for (operator, column_type), name in conditions.PARTS_TYPES.items():
        yield name, partial(conditions.parts_input, name, operator, column_type)
    yield "order_by", partial(Enum, "order_by", values, "column ordering options")
