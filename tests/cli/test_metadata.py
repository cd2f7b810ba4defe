"""The metadata commands against the embedded engine: what is applied comes back as the same files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.cli.conftest import Project
from tests.engine.conftest import Engine

SCHEMA = """
create table authors (id int primary key, name text not null);
create table articles (id int primary key, author_id int references authors (id), title text);
create table kinds (value text primary key, comment text);
insert into kinds values ('LONG', null), ('SHORT', null);
create function search_articles (term text) returns setof articles language sql stable
  as 'select * from articles where title ilike term';
create function full_name (row_of_authors authors) returns text language sql stable as 'select row_of_authors.name';
"""
# A file of every kind, as `hasura metadata export` writes them.
RICH: Mapping[str, str] = {
    "databases/databases.yaml": """\
- name: default
  kind: postgres
  configuration:
    connection_info:
      database_url:
        from_env: PG_DATABASE_URL
      isolation_level: read-committed
      use_prepared_statements: false
  tables: "!include default/tables/tables.yaml"
  functions: "!include default/functions/functions.yaml"
""",
    "databases/default/functions/functions.yaml": '- "!include public_search_articles.yaml"\n',
    "databases/default/functions/public_search_articles.yaml": """\
function:
  name: search_articles
  schema: public
""",
    "databases/default/tables/public_articles.yaml": """\
table:
  name: articles
  schema: public
object_relationships:
  - name: author
    using:
      foreign_key_constraint_on: author_id
insert_permissions:
  - role: user
    permission:
      check:
        author_id:
          _eq: X-Hasura-User-Id
      set:
        author_id: x-hasura-User-Id
      columns:
        - id
        - title
    comment: own ones only
select_permissions:
  - role: user
    permission:
      columns:
        - id
        - title
      filter:
        _or:
          - author_id:
              _eq: X-Hasura-User-Id
          - title:
              _like: '%: yes'
      limit: 10
      allow_aggregations: true
delete_permissions:
  - role: user
    permission:
      filter:
        author_id:
          _eq: X-Hasura-User-Id
event_triggers:
  - name: told
    definition:
      enable_manual: false
      insert:
        columns: '*'
    retry_conf:
      interval_sec: 10
      num_retries: 0
      timeout_sec: 60
    webhook: http://localhost:3000/told
""",
    "databases/default/tables/public_authors.yaml": """\
table:
  name: authors
  schema: public
configuration:
  column_config:
    name:
      custom_name: fullName
  custom_column_names:
    name: fullName
  custom_root_fields:
    select: writers
array_relationships:
  - name: articles
    using:
      foreign_key_constraint_on:
        column: author_id
        table:
          name: articles
          schema: public
computed_fields:
  - name: full_name
    definition:
      function:
        name: full_name
        schema: public
""",
    "databases/default/tables/public_kinds.yaml": """\
table:
  name: kinds
  schema: public
is_enum: true
select_permissions:
  - role: reader
    permission:
      columns:
        - value
      filter: {}
""",
    "databases/default/tables/tables.yaml": """\
- "!include public_articles.yaml"
- "!include public_authors.yaml"
- "!include public_kinds.yaml"
""",
    "actions.graphql": """\
type Mutation {
  greet(
    name: String!
  ): Greeting
}

type Greeting {
  text: String!
}

""",
    "actions.yaml": """\
actions:
  - name: greet
    definition:
      kind: synchronous
      handler: http://localhost:3000/greet
    permissions:
      - role: user
custom_types:
  enums: []
  input_objects: []
  objects:
    - name: Greeting
  scalars: []
""",
    "allow_list.yaml": """\
- collection: allowed-queries
  scope:
    global: true
""",
    "api_limits.yaml": """\
depth_limit:
  global: 5
  per_role: {}
disabled: false
""",
    "cron_triggers.yaml": """\
- name: nightly
  webhook: http://localhost:3000/nightly
  schedule: 0 0 * * *
  include_in_metadata: true
  payload: {}
""",
    "graphql_schema_introspection.yaml": """\
disabled_for_roles:
  - user
""",
    "inherited_roles.yaml": """\
- role_name: editor
  role_set:
    - reader
    - user
""",
    "network.yaml": """\
tls_allowlist:
  - host: example.com
    permissions:
      - self-signed
""",
    "query_collections.yaml": """\
- name: allowed-queries
  definition:
    queries:
      - name: all
        query: |-
          query all {
            articles {
              id
            }
          }
""",
    "rest_endpoints.yaml": """\
- comment: ""
  definition:
    query:
      collection_name: allowed-queries
      query_name: all
  methods:
    - GET
  name: all
  url: all
""",
}


@pytest.fixture
def own(project: Project, engine: Engine) -> Project:
    project.ok("migrate", "apply")
    return project


def rich(project: Project, engine: Engine) -> dict[str, str]:
    """Fills the project with metadata of every kind; returns its files."""
    engine.sql(SCHEMA)
    for file in (project.root / "metadata/databases/default/tables").iterdir():
        file.unlink()
    for name, text in RICH.items():
        project.write(f"metadata/{name}", text)
    return project.files("metadata")


def test_our_own_metadata_applies_and_exports_as_the_same_files(own: Project) -> None:
    before = own.files("metadata")
    assert own.ok("metadata", "apply").out == "Applied.\n"
    assert own.ok("metadata", "export").out == "Nothing to write: the files say the same.\n"
    assert own.ok("metadata", "apply").out.startswith("Nothing to apply")
    assert own.files("metadata") == before


def test_metadata_of_every_kind_exports_as_the_same_bytes(project: Project, engine: Engine) -> None:
    before = rich(project, engine)
    project.ok("metadata", "apply")
    for file in (project.root / "metadata").rglob("*.*"):
        file.unlink()
    project.ok("metadata", "export")
    assert project.files("metadata") == before
    assert project.ok("metadata", "diff").out == "No difference.\n"
    assert project.ok("metadata", "apply").out.startswith("Nothing to apply")


def test_what_was_applied_from_the_users_own_layout_exports_in_the_clis(project: Project, engine: Engine) -> None:
    after = rich(project, engine)
    databases = RICH["databases/databases.yaml"].split("  tables:")[0]
    tables = "".join(
        f"    - {RICH[f'databases/default/tables/public_{name}.yaml']}".replace("\n", "\n      ").rstrip(" ")
        for name in ("kinds", "authors", "articles")
    )
    functions = "  functions:\n    - function: {schema: public, name: search_articles}\n"
    for name in ("tables", "functions"):
        for file in (project.root / f"metadata/databases/default/{name}").iterdir():
            file.unlink()
    project.write("metadata/databases/databases.yaml", f"{databases}  tables:\n{tables}{functions}")
    project.ok("metadata", "apply")
    project.ok("metadata", "export")
    assert project.files("metadata") == after


def test_the_files_of_what_was_untracked_are_removed(own: Project, engine: Engine) -> None:
    own.ok("metadata", "apply")
    engine.metadata("pg_untrack_table", {"table": "public_profiles", "cascade": True})
    out = own.ok("metadata", "export").out
    assert "removed  metadata/databases/default/tables/public_public_profiles.yaml" in out
    assert "wrote    metadata/databases/default/tables/tables.yaml" in out
    assert own.ok("metadata", "diff").out == "No difference.\n"


def test_export_tells_when_it_takes_comments_away(own: Project, engine: Engine) -> None:
    own.ok("metadata", "apply")
    name = "metadata/databases/default/tables/public_users.yaml"
    own.write(name, "# who signs in\n" + (own.root / name).read_text())
    assert own.ok("metadata", "export").out == "Nothing to write: the files say the same.\n"
    engine.metadata("pg_drop_select_permission", {"table": "users", "role": "user"})
    assert f"wrote    {name}  (its comments are gone)" in own.ok("metadata", "export").out


def test_export_prints_instead_of_writing(own: Project, engine: Engine) -> None:
    own.ok("metadata", "apply")
    assert own.ok("metadata", "export", "-o", "json").json == engine.metadata("export_metadata", {})
    assert own.ok("metadata", "export", "-o", "yaml").out.startswith("version: 3\nsources:\n  - name: default\n")


def test_diff_shows_what_apply_would_change(own: Project, engine: Engine) -> None:
    own.ok("metadata", "apply")
    file = own.root / "metadata/databases/default/tables/public_users.yaml"
    file.write_text("# a comment\n" + file.read_text().replace("        - username\n", ""))
    done = own.run("metadata", "diff", "--exit-code")
    assert done.code == 1
    assert done.out.splitlines()[:2] == [
        "--- server/databases/default/tables/public_users.yaml",
        "+++ project/databases/default/tables/public_users.yaml",
    ]
    assert [line for line in done.out.splitlines()[2:] if line[0] in "+-"] == ["-        - username"]
    [told] = own.ok("metadata", "apply", "--dry-run", "-o", "json").json
    assert told["file"] == "databases/default/tables/public_users.yaml"
    assert "-        - username" in told["diff"]


def break_users(project: Project) -> None:
    file = project.root / "metadata/databases/default/tables/public_users.yaml"
    file.write_text(file.read_text().replace("        - email\n", "        - e_mail\n"))


def test_what_is_inconsistent_is_refused_with_its_line_or_allowed_and_listed(own: Project, engine: Engine) -> None:
    break_users(own)
    place = "metadata/databases/default/tables/public_users.yaml:21"
    assert f"{place}: select permission user of public.users" in own.fails("metadata", "apply")
    assert engine.metadata("export_metadata", {})["sources"][0]["tables"] == []
    own.ok("metadata", "apply", "--allow-inconsistent-metadata")
    [told] = own.ok("metadata", "inconsistency", "list", "-o", "json").json
    assert (told["kind"], told["name"], told["place"]) == ("select permission", "user of public.users", place)
    for status in (("metadata", "ic", "status"), ("metadata", "inconsistent", "status"), ("metadata", "reload")):
        done = own.run(*status)
        assert done.code == 1
        assert place in done.err
    assert own.ok("metadata", "ic", "drop", "-y").out == "Dropped 1.\n"
    assert own.ok("metadata", "ic", "status").out == "The metadata is consistent.\n"
    assert own.ok("metadata", "reload").out == "Reloaded.\n"
    assert own.ok("metadata", "ic", "list", "-o", "json").json == []


def test_clear_takes_everything_out_and_asks_before(own: Project, engine: Engine) -> None:
    own.ok("metadata", "apply")
    own.ok("metadata", "clear", "--yes")
    assert all(not each["tables"] for each in engine.metadata("export_metadata", {})["sources"])


TABLES = "metadata/databases/default/tables/tables.yaml"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (TABLES, "- a\n-\tb: c\n", "tables.yaml:2 is not YAML: "),
        ("metadata/network.yaml", "a: 1\nb:\n\tc: 1\n", "metadata/network.yaml:3 is not YAML: "),
        ("metadata/network.yaml", "a: 1\na: 2\n", "metadata/network.yaml:2: the key 'a' is written twice"),
        (TABLES, '- "!include gone.yaml"\n', "tables.yaml:1 includes metadata/databases/default/tables/gone.yaml"),
        (TABLES, '- "!include tables.yaml"\n', "tables.yaml:1: the includes form a cycle: metadata/databases"),
        (TABLES, "- !include tables.yaml\n", "tables.yaml:1: the includes form a cycle: metadata/databases"),
        ("metadata/actions.graphql", "type Query { a: Int }\n", "graphql:1: the action a is not in actions.yaml"),
    ],
)
def test_a_bad_file_is_told_with_its_line(project: Project, engine: Engine, name: str, text: str, said: str) -> None:
    project.write(name, text)
    for command in (("apply",), ("diff",)):
        assert said in project.fails("metadata", *command)


def test_names_with_spaces_make_files_that_come_back(project: Project, engine: Engine) -> None:
    engine.sql('create table "order items" (id int); create table "größe" (id int)')
    tables: list[dict[str, Any]] = [{"table": {"schema": "public", "name": name}} for name in ("größe", "order items")]
    document = engine.metadata("export_metadata", {})
    document["sources"][0]["tables"] = tables
    engine.metadata("replace_metadata", document)
    project.ok("metadata", "export")
    assert (project.root / "metadata/databases/default/tables/public_order items.yaml").is_file()
    assert project.ok("metadata", "apply").out.startswith("Nothing to apply")
