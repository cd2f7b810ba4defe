"""Introspection that real tools take: graphql-core builds a client schema from it and finds nothing wrong."""

from __future__ import annotations

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_client_schema,
    get_introspection_query,
    parse,
    validate,
    validate_schema,
)

from tests.engine.conftest import Engine


@pytest.mark.parametrize("role", ["admin", "user", "nobody"])
def test_tools_can_build_each_role_s_schema(blog: Engine, role: str) -> None:
    found = blog.data(get_introspection_query(), X_Hasura_Role=role)
    schema = build_client_schema(found)
    assert validate_schema(schema) == []
    assert schema.query_type is not None


def test_the_schema_knows_what_the_engine_answers(blog: Engine) -> None:
    schema = build_client_schema(blog.data(get_introspection_query()))
    query = """mutation ($row: author_insert_input!, $key: author_pk_columns_input!) {
      insert_author(objects: [$row], on_conflict: {constraint: author_pkey, update_columns: [name]})
        { affected_rows returning { id articles_aggregate { aggregate { avg { likes } } } } }
      update_author_by_pk(pk_columns: $key, _append: {profile: "{}"}) { name }
    }"""
    assert validate(schema, parse(query)) == []


def test_types_say_what_may_be_null(blog: Engine) -> None:
    schema = build_client_schema(blog.data(get_introspection_query()))
    author, insert = schema.type_map["author"], schema.type_map["author_insert_input"]
    assert isinstance(author, GraphQLObjectType)
    assert isinstance(insert, GraphQLInputObjectType)
    shown = {name: str(field.type) for name, field in author.fields.items()}
    assert shown["id"] == "Int!"
    assert shown["rating"] == "numeric"
    assert shown["tags"] == "[String!]"
    assert shown["articles"] == "[article!]!"
    assert str(insert.fields["id"].type) == "Int"


def test_a_type_that_is_not_there_is_null(blog: Engine) -> None:
    assert blog.data('{ __type(name: "nothing") { name } }') == {"__type": None}
