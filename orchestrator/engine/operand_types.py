"""Which operators a column's type takes in JSON expressions, and types in Hasura's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrator.engine.catalog import Column
from orchestrator.engine.errors import EngineError

CASTS: Mapping[tuple[str, str], str] = {
    ("geometry", "geography"): "geography",
    ("geography", "geometry"): "geometry",
    ("jsonb", "String"): "text",
    ("jsonb", "text"): "text",
}
"""The SQL type of each cast that a condition may ask for: (the column's type, the name of the other)."""

STRINGS: Final = ("varchar", "text", "citext", "bpchar")
TYPES_OF: Mapping[str, tuple[str, ...]] = {
    **{f"_{word}": STRINGS for word in ("like", "nlike", "ilike", "nilike", "similar", "nsimilar")},
    **{f"_{word}": STRINGS for word in ("regex", "iregex", "nregex", "niregex")},
    **{f"_{word}": ("jsonb",) for word in ("has_key", "has_keys_any", "has_keys_all")},
    **{f"_{word}": ("jsonb",) for word in ("jsonb_path_exists", "jsonb_path_match")},
    **{f"_{word}": ("ltree",) for word in ("ancestor", "ancestor_any", "descendant", "descendant_any")},
    **{f"_{word}": ("ltree",) for word in ("matches", "matches_any", "matches_fulltext")},
    **{f"_st_{word}": ("geometry",) for word in ("contains", "crosses", "equals", "overlaps", "touches", "within")},
}
"""The column types to which an operator is limited, in the order in which Hasura lists them."""

TYPE_NAMES: Mapping[str, str] = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "bool": "boolean",
}


def type_name(type_: str) -> str:
    """A PostgreSQL type in Hasura's words.

    >>> type_name("int4"), type_name("_text")
    ('integer', 'text[]')
    """
    return type_name(type_[1:]) + "[]" if type_.startswith("_") else TYPE_NAMES.get(type_, type_)


def require_type(operator: str, column: Column, path: str) -> None:
    if operator in ("_contains", "_contained_in"):
        fits, wanted = column.type == "jsonb" or column.type.startswith("_"), "an array or JSONB"
    else:
        types = TYPES_OF.get(operator, (column.type,))
        fits, wanted = column.type in types, ", ".join(f'"{name}"' for name in types)
    if not fits:
        message = f' is of type "{type_name(column.type)}"; this operator works only on columns of type {wanted}'
        raise EngineError("unexpected-payload", message, path)
