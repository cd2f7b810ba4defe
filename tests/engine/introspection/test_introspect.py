"""Introspection that real tools take: graphql-core builds a client schema from it and finds nothing wrong."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_client_schema,
    get_introspection_query,
    introspection_types,
    parse,
    validate,
    validate_schema,
)

from tests.engine.conftest import Engine


@pytest.mark.parametrize("role", ["admin", "user", "nobody"])
def test_tools_can_build_each_role_s_schema(blog: Engine, role: str) -> None:
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    found = blog.data(query, X_Hasura_Role=role)
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
    types = {name: str(field.type) for name, field in author.fields.items()}
    assert types["id"] == "Int!"
    assert types["rating"] == "numeric"
    assert types["tags"] == "[String!]"
    assert types["articles"] == "[article!]!"
    assert str(insert.fields["id"].type) == "Int"


QUERY_OF_A_TYPE = """query ($name: String!) { __type(name: $name) {
  fields { name type { ...use } args { name type { ...use } defaultValue } }
  enumValues { name }
} }
fragment use on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }"""


def shown(use: dict[str, Any]) -> str:
    """The type as the language writes it: `[__Type!]!`."""
    if use["kind"] == "NON_NULL":
        return shown(use["ofType"]) + "!"
    return f"[{shown(use['ofType'])}]" if use["kind"] == "LIST" else use["name"]


@pytest.mark.parametrize("name", sorted(introspection_types))
def test_introspection_describes_itself_as_the_specification_has_it(blog: Engine, name: str) -> None:
    found = blog.data(QUERY_OF_A_TYPE, {"name": name})["__type"]
    expected = introspection_types[name]
    if isinstance(expected, GraphQLEnumType):
        assert {value["name"] for value in found["enumValues"]} == set(expected.values)
        return
    assert isinstance(expected, GraphQLObjectType)
    fields = {field["name"]: field for field in found["fields"]}
    assert {name: shown(field["type"]) for name, field in fields.items() if name in expected.fields} == {
        name: str(field.type) for name, field in expected.fields.items()
    }
    for name, field in expected.fields.items():
        args = {
            argument["name"]: (shown(argument["type"]), argument["defaultValue"]) for argument in fields[name]["args"]
        }
        assert args.items() >= dict.fromkeys(field.args, ("Boolean", "false")).items()


@pytest.mark.parametrize(
    ("query", "path", "message"),
    [
        ("{ __schema }", "$.selectionSet.__schema", "missing selection set for '__Schema'"),
        (
            "{ __schema { types } }",
            "$.selectionSet.__schema.selectionSet.types",
            "missing selection set for '__Type'",
        ),
        (
            "{ __schema { types { possibleTypes { nothing } } } }",
            "$.selectionSet.__schema.selectionSet.types.selectionSet.possibleTypes.selectionSet.nothing",
            "field 'nothing' not found in type: '__Type'",
        ),
        (
            '{ __type(name: "Int") { kind { name } } }',
            "$.selectionSet.__type.selectionSet.kind",
            "unexpected subselection set for non-object field",
        ),
        (
            """{ __schema { types { fields { type { fields { type { ...more } } } } } } }
            fragment more on __Type { possibleTypes { name } }""",
            "$.selectionSet.__schema.selectionSet.types.selectionSet.fields",
            "the introspection is nested too deeply",
        ),
        (
            '{ __type(name: "author") { fields(deprecated: true) { name } } }',
            "$.selectionSet.__type.selectionSet.fields",
            "'fields' has no argument named 'deprecated'",
        ),
    ],
)
def test_what_introspection_has_not_cannot_be_asked(blog: Engine, query: str, path: str, message: str) -> None:
    assert blog.error(query) == ("validation-failed", path, message)


def test_deprecated_members_may_be_asked_for(blog: Engine) -> None:
    query = """query ($all: Boolean) { __type(name: "author") { fields(includeDeprecated: $all) {
      name isDeprecated args(includeDeprecated: true) { name } } } }"""
    (first, *_) = blog.data(query, {"all": True})["__type"]["fields"]
    assert first == {"name": "articles", "isDeprecated": False, "args": first["args"]}
    assert [argument["name"] for argument in first["args"]] == ["distinct_on", "limit", "offset", "order_by", "where"]


def test_a_type_that_is_not_there_is_null(blog: Engine) -> None:
    assert blog.data('{ __type(name: "nothing") { name } }') == {"__type": None}
