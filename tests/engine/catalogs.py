"""A small catalog by hand: authors with articles, an enum table and a function."""

from orchestrator.engine.catalog import Catalog, Column, ForeignKey, FunctionInfo, Key, QualifiedName, TableInfo


def public(name):
    return QualifiedName("public", name)


def column(name, kind="text", position=1):
    sql_type = {"int4": "integer"}.get(kind, kind)
    return Column(name, kind, sql_type, "b", None, True, False, False, "", position, None)


def table(name, *columns, key=("id",), foreign_keys=()):
    return TableInfo(
        name=public(name),
        kind="r",
        columns=columns,
        primary_key=Key(f"{name}_pkey", key) if key else None,
        unique=(),
        foreign_keys=foreign_keys,
        insertable=True,
        updatable=True,
        deletable=True,
        comment=None,
    )


def function(name, returns_table=None):
    return FunctionInfo(public(name), 1, (), True, "record", "c", returns_table, "s", False, None)


WRITTEN_BY = ForeignKey("article_author_id_fkey", ("author_id",), public("author"), ("id",))
TABLES = (
    table("author", column("id", "int4"), column("name")),
    table("article", column("id", "int4"), column("title"), column("author_id", "int4"), foreign_keys=(WRITTEN_BY,)),
    table("colors", column("value"), column("comment"), key=("value",)),
)
FUNCTIONS = (function("search", public("article")),)
CATALOG = Catalog(
    {info.name: info for info in TABLES},
    {info.name: (info,) for info in FUNCTIONS},
)
