"""What a PostgreSQL database holds: tables, columns, keys and functions, as frozen values read in one query."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson


@dataclass(frozen=True, slots=True, order=True)
class QualifiedName:
    """A table's or a function's name; printed as Hasura prints it, without the schema `public`.

    >>> str(QualifiedName("public", "users")), str(QualifiedName("auth", "users"))
    ('users', 'auth.users')
    """

    schema: str
    name: str

    def __str__(self) -> str:
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Column:
    """`type` is PostgreSQL's own name of it (`int4`, `_text`), `sql_type` what a cast needs (`integer`, `text[]`).

    `kind` is pg_type's typtype (b, e, c, r, m; of a domain its base type's), `element` an array's element type.
    """

    name: str
    type: str
    sql_type: str
    kind: str
    element: str | None
    nullable: bool
    has_default: bool
    generated: bool
    identity: str
    position: int
    comment: str | None


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key or a unique constraint."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    name: str
    columns: tuple[str, ...]
    target: QualifiedName
    target_columns: tuple[str, ...]


@dataclass(frozen=True)
class TableInfo:
    """`kind` is pg_class's relkind: r, p (partitioned), f (foreign), v, m (materialised view)."""

    name: QualifiedName
    kind: str
    columns: tuple[Column, ...]
    primary_key: Key | None
    unique: tuple[Key, ...]
    foreign_keys: tuple[ForeignKey, ...]
    insertable: bool
    updatable: bool
    deletable: bool
    comment: str | None
    oid: int = 0

    @cached_property
    def column(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def is_view(self) -> bool:
        return self.kind in "vm"


@dataclass(frozen=True, slots=True)
class Argument:
    """`name` is empty for an unnamed argument; `mode` is pg_proc's (i, o, b, v, t)."""

    name: str
    type: str
    sql_type: str
    kind: str
    mode: str
    has_default: bool
    table: QualifiedName | None


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    """`returns_table` is set where rows of a table come back; `volatility` is pg_proc's (i, s, v)."""

    name: QualifiedName
    oid: int
    arguments: tuple[Argument, ...]
    returns_set: bool
    returns_type: str
    returns_kind: str
    returns_table: QualifiedName | None
    volatility: str
    is_aggregate: bool
    comment: str | None

    @property
    def inputs(self) -> tuple[Argument, ...]:
        return tuple(argument for argument in self.arguments if argument.mode in "ib")

    def asked_for(self, skip: Set[str] = frozenset()) -> Mapping[str, Argument]:
        """The arguments that a request may give, by GraphQL name: `arg_1` and so on for those without one."""
        found: dict[str, Argument] = {}
        unnamed = 0
        for argument in self.inputs:
            unnamed += not argument.name
            if not argument.name or argument.name not in skip:
                found[argument.name or f"arg_{unnamed}"] = argument
        return found


@dataclass(frozen=True)
class Catalog:
    tables: Mapping[QualifiedName, TableInfo]
    functions: Mapping[QualifiedName, tuple[FunctionInfo, ...]]


EMPTY = Catalog({}, {})


def catalog_of(text: str | bytes) -> Catalog:
    """The catalog that the one row of CATALOG_SQL describes."""
    found = orjson.loads(text)
    tables = (_table(row) for row in found["tables"])
    functions: dict[QualifiedName, tuple[FunctionInfo, ...]] = {}
    for row in found["functions"]:
        function = _function(row)
        functions[function.name] = (*functions.get(function.name, ()), function)
    return Catalog({table.name: table for table in tables}, functions)


def _table(row: dict[str, Any]) -> TableInfo:
    events = row["events"]
    return TableInfo(
        name=QualifiedName(row["schema"], row["name"]),
        kind=row["kind"],
        columns=tuple(Column(**column) for column in row["columns"] or ()),
        primary_key=next((_key(key) for key in row["keys"] or () if key["kind"] == "p"), None),
        unique=tuple(_key(key) for key in row["keys"] or () if key["kind"] == "u"),
        foreign_keys=tuple(_foreign_key(key) for key in row["keys"] or () if key["kind"] == "f"),
        insertable=bool(events & _INSERT),
        updatable=bool(events & _UPDATE),
        deletable=bool(events & _DELETE),
        comment=row["comment"],
        oid=row["oid"],
    )


# pg_relation_is_updatable() answers with a bit for each event: 1 << CMD_UPDATE, CMD_INSERT, CMD_DELETE.
_UPDATE, _INSERT, _DELETE = 1 << 2, 1 << 3, 1 << 4


def _key(row: dict[str, Any]) -> Key:
    return Key(row["name"], tuple(row["columns"]))


def _foreign_key(row: dict[str, Any]) -> ForeignKey:
    target = QualifiedName(row["target_schema"], row["target_name"])
    return ForeignKey(row["name"], tuple(row["columns"]), target, tuple(row["target_columns"]))


def _function(row: dict[str, Any]) -> FunctionInfo:
    return FunctionInfo(
        name=QualifiedName(row["schema"], row["name"]),
        oid=row["oid"],
        arguments=tuple(_argument(argument) for argument in row["arguments"] or ()),
        returns_set=row["returns_set"],
        returns_type=row["returns_type"],
        returns_kind=row["returns_kind"],
        returns_table=QualifiedName(*row["returns_table"]) if row["returns_table"] else None,
        volatility=row["volatility"],
        is_aggregate=row["is_aggregate"],
        comment=row["comment"],
    )


def _argument(row: dict[str, Any]) -> Argument:
    return Argument(**{**row, "table": QualifiedName(*row["table"]) if row["table"] else None})


# A domain counts as its base type, as in Hasura. format_type(…, -1) and not NULL: a cast to
# "character" would cut the value to one letter, a cast to "bpchar" doesn't.
CATALOG_SQL = """
with user_schema as (
  select oid, nspname from pg_namespace
  where nspname not like 'pg\\_%' and nspname not in ('information_schema', 'hdb_catalog', 'hdb_views', 'hdb_lib')
), relation as (
  select c.oid, n.nspname, c.relname, c.relkind, c.reltype
  from pg_class c join user_schema n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f', 'v', 'm')
), columns as (
  select a.attrelid, json_agg(json_build_object(
    'name', a.attname,
    'type', coalesce(base.typname, t.typname),
    'sql_type', format_type(coalesce(base.oid, t.oid), -1),
    'kind', coalesce(base.typtype, t.typtype),
    'element', element.typname,
    'nullable', not (a.attnotnull or t.typtype = 'd' and t.typnotnull),
    'has_default', a.atthasdef and a.attgenerated = '',
    'generated', a.attgenerated <> '',
    'identity', a.attidentity,
    'position', a.attnum,
    'comment', d.description) order by a.attnum) as list
  from relation r
  join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
  left join pg_type base on t.typtype = 'd' and base.oid = t.typbasetype
  left join pg_type element on element.oid = coalesce(base.typelem, t.typelem)
    and coalesce(base.typcategory, t.typcategory) = 'A'
  left join pg_description d on d.objoid = a.attrelid and d.objsubid = a.attnum and d.classoid = 'pg_class'::regclass
  group by a.attrelid
), keys as (
  select k.conrelid, json_agg(json_build_object(
    'name', k.conname, 'kind', k.contype,
    'columns', (select json_agg(a.attname order by o.n) from unnest(k.conkey) with ordinality as o(num, n)
                join pg_attribute a on a.attrelid = k.conrelid and a.attnum = o.num),
    'target_schema', tn.nspname, 'target_name', tc.relname,
    'target_columns', (select json_agg(a.attname order by o.n) from unnest(k.confkey) with ordinality as o(num, n)
                       join pg_attribute a on a.attrelid = k.confrelid and a.attnum = o.num)
    ) order by k.conname) as list
  from relation r
  join pg_constraint k on k.conrelid = r.oid and k.contype in ('p', 'u', 'f')
  left join pg_class tc on k.contype = 'f' and tc.oid = k.confrelid
  left join pg_namespace tn on tn.oid = tc.relnamespace
  group by k.conrelid
), functions as (
  select json_agg(json_build_object(
    'schema', n.nspname, 'name', p.proname, 'oid', p.oid::bigint,
    'returns_set', p.proretset, 'returns_type', rt.typname, 'returns_kind', rt.typtype,
    'returns_table', (select json_build_array(r.nspname, r.relname) from relation r where r.reltype = p.prorettype),
    'volatility', p.provolatile, 'is_aggregate', p.prokind in ('a', 'w'), 'comment', d.description,
    'arguments', (
      select json_agg(json_build_object(
        'name', coalesce(p.proargnames[o.n], ''), 'type', at.typname, 'sql_type', format_type(at.oid, -1),
        'kind', at.typtype, 'mode', coalesce(p.proargmodes[o.n], 'i'),
        'has_default', o.n > p.pronargs - p.pronargdefaults,
        'table', (select json_build_array(r.nspname, r.relname) from relation r where r.reltype = at.oid)
      ) order by o.n)
      from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as o(typ, n)
      join pg_type at on at.oid = o.typ)
    ) order by n.nspname, p.proname, p.oid) as list
  from pg_proc p
  join user_schema n on n.oid = p.pronamespace
  join pg_type rt on rt.oid = p.prorettype
  left join pg_description d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass
  where not exists (select from pg_depend e
    where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
)
select json_build_object(
  'tables', coalesce((select json_agg(json_build_object(
    'schema', r.nspname, 'name', r.relname, 'kind', r.relkind, 'oid', r.oid::bigint,
    'columns', c.list, 'keys', k.list,
    'events', case when r.relkind in ('r', 'p') then 28 else pg_relation_is_updatable(r.oid, true) end,
    'comment', d.description) order by r.nspname, r.relname)
    from relation r
    left join columns c on c.attrelid = r.oid
    left join keys k on k.conrelid = r.oid
    left join pg_description d on d.objoid = r.oid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass), '[]'),
  'functions', coalesce((select list from functions), '[]'))::text
"""
