"""Tests for actions.yaml and actions.graphql, read as one and written apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import StackError
from orchestrator.project import action_types, actions, metadata, metadata_files

from .conftest import Write

# As `hasura metadata export` writes them.
GRAPHQL = '''\
type Mutation {
  login(
    username: String!
    """ in clear """ password: String!
  ): LoginOutput
}

type Query {
  me: [User!]!
}

enum Kind {
  GUEST
  MEMBER
}

input Filter {
  kinds: [Kind!]
}

type LoginOutput {
  token: String!
}

""" who it is """ type User {
  id: uuid!
  kind: Kind
}

scalar uuid

'''
YAML = """\
actions:
  - name: login
    definition:
      kind: synchronous
      handler: '{{BASE}}/login'
      forward_client_headers: true
      headers:
        - name: X-Key
          value_from_env: KEY
      timeout: 10
    permissions:
      - role: anonymous
    comment: signs in
  - name: me
    definition:
      kind: ""
      handler: http://localhost:3000/me
custom_types:
  enums:
    - name: Kind
      values:
        - value: GUEST
        - value: MEMBER
          is_deprecated: true
  input_objects:
    - name: Filter
  objects:
    - name: LoginOutput
    - name: User
      description: who it is
      relationships:
        - name: row
          type: object
          field_mapping:
            id: id
          remote_table:
            name: users
            schema: public
  scalars:
    - name: uuid
"""
FILES = {"metadata/version.yaml": "version: 3\n", "metadata/actions.graphql": GRAPHQL, "metadata/actions.yaml": YAML}


def read(write: Write, files: Mapping[str, str]) -> Mapping[str, Any]:
    root = write({**FILES, **files})
    return metadata.read(root / "metadata", root).document


def test_the_two_files_make_up_what_hasura_takes(write: Write) -> None:
    document = read(write, {})
    login, me = document["actions"]
    assert login["definition"] == {
        "kind": "synchronous",
        "handler": "{{BASE}}/login",
        "forward_client_headers": True,
        "headers": [{"name": "X-Key", "value_from_env": "KEY"}],
        "timeout": 10,
        "type": "mutation",
        "output_type": "LoginOutput",
        "arguments": [
            {"name": "username", "type": "String!"},
            {"name": "password", "type": "String!", "description": "in clear"},
        ],
    }
    assert (me["definition"]["type"], me["definition"]["output_type"]) == ("query", "[User!]!")
    user = document["custom_types"]["objects"][1]
    assert user["fields"] == [{"name": "id", "type": "uuid!"}, {"name": "kind", "type": "Kind"}]
    assert user["relationships"][0]["name"] == "row"
    assert document["custom_types"]["enums"] == [
        {"name": "Kind", "values": [{"value": "GUEST"}, {"value": "MEMBER", "is_deprecated": True}]}
    ]


def test_they_are_written_as_they_were_read(write: Write) -> None:
    written = {str(name): text for name, text in metadata_files.files(read(write, {})).items()}
    assert written["actions.graphql"] == GRAPHQL
    assert written["actions.yaml"] == YAML


def test_an_extended_root_type_and_comments_are_read_too(write: Write) -> None:
    document = read(
        write, {"metadata/actions.graphql": "# mine\n" + GRAPHQL.replace("type Query", "extend type Query")}
    )
    assert [each["name"] for each in document["actions"]] == ["login", "me"]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "actions.graphql",
            "type Query {\n  me",
            "type Query {\n  you",
            "actions.yaml:14: the action me is not in",
        ),
        (
            "actions.yaml",
            "  - name: me\n",
            "  - name: login2\n",
            "actions.yaml:14: the action login2 is not",
        ),
        (
            "actions.graphql",
            "scalar uuid",
            "scalar uuid2",
            "actions.yaml:40: the type uuid is not in",
        ),
        (
            "actions.graphql",
            "type User {",
            "type User {{",
            "graphql:25 is not GraphQL: Expected Name",
        ),
        (
            "actions.graphql",
            "scalar uuid",
            "union uuid = User",
            "graphql:30: actions know no union type",
        ),
        ("actions.graphql", "scalar uuid", "type User { id: ID }", "graphql:30: User is written twice"),
        (
            "actions.graphql",
            "type Query {\n",
            "type Query {\n  more: Int\n",
            "graphql:9: the action more is not in",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_told_with_its_line(
    write: Write, file: str, old: str, new: str, message: str
) -> None:
    name = f"metadata/{file}"
    assert old in FILES[name]
    with pytest.raises(StackError, match=message):
        read(write, {name: FILES[name].replace(old, new, 1)})


NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,8}", fullmatch=True)
TYPES = st.sampled_from(["String", "Int!", "[uuid!]", "[[ID]!]!"])
DESCRIBED = st.fixed_dictionaries(
    {}, optional={"description": st.text("abc ,'", min_size=1).map(str.strip).filter(bool)}
)


def fields(kind: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict[str, str]]]:
    each = st.builds(lambda name, of, more: {"name": name, "type": of, **more}, NAMES, kind, DESCRIBED)
    return st.lists(each, max_size=4, unique_by=lambda one: one["name"])


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(
            lambda name, arguments, output, kind: {
                "name": name,
                "definition": {"arguments": arguments, "output_type": output, "type": kind},
            },
            NAMES.map(lambda name: f"do_{name}"),
            fields(TYPES),
            TYPES,
            st.sampled_from(["query", "mutation"]),
        ),
        max_size=4,
        unique_by=lambda action: action["name"],
    ),
    st.lists(
        st.builds(lambda name, of: {"name": name, "fields": of}, NAMES, fields(TYPES).filter(bool)),
        max_size=3,
        unique_by=lambda described: described["name"],
    ),
)
def test_any_signatures_come_back_from_the_text_that_is_written(
    found: list[dict[str, Any]], objects: list[dict[str, Any]]
) -> None:
    objects = [each for each in objects if each["name"] not in action_types.ROOTS]
    text, _ = actions.files(found, {"objects": objects})
    signatures = action_types.parse(text, Path("actions.graphql"))
    assert dict(signatures.actions) == {each["name"]: each["definition"] for each in found}
    assert list(signatures.types["objects"]) == objects
