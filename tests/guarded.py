"""The engine as applications meet it: behind an admin secret and tokens, with roles of several kinds, and a console."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import jwt

from tests.engine.conftest import METADATA, ROWS, TABLES, Engine, start_engine, stop_engine

ADMIN_SECRET = "an admin secret of the tests"
KEY = "0123456789abcdef0123456789abcdef"
NAMESPACE = "https://hasura.io/jwt/claims"

MORE_TABLES = """
comment on table author is 'Who writes.';
comment on column author.name is 'The name as "printed": with a \\ and a `.';
create table mood (value text primary key, comment text);
insert into mood values ('calm', 'Nothing happens'), ('wild', null);
alter table article add column mood text references mood (value);
create function search_articles(search text default 'a', at_most integer default 10) returns setof article
  language sql stable as $$ select * from article where title ilike '%' || search || '%' limit at_most $$;
create function author_shout(author_row author, suffix text default '!') returns text
  language sql stable as $$ select upper(author_row.name) || suffix $$;
create view prolific as select author_id, count(*) as articles from article group by author_id;
create materialized view published as select id, title from article where published;
create type "odd type" as enum ('a');
create domain "odd domain" as text;
alter table author add column odd "odd type", add column odd_domain "odd domain", add column "two words" text;
create table nothing_to_update (a integer, b integer, primary key (a, b));
"""

MORE_METADATA = (
    ("pg_track_table", {"table": "mood"}),
    ("pg_set_table_is_enum", {"table": "mood", "is_enum": True}),
    ("pg_track_function", {"function": "search_articles"}),
    (
        "pg_add_computed_field",
        {
            "table": "author",
            "name": "shout",
            "definition": {"function": "author_shout", "table_argument": "author_row"},
        },
    ),
    ("pg_track_table", {"table": "prolific"}),
    ("pg_track_table", {"table": "published"}),
    ("pg_track_table", {"table": "nothing_to_update"}),
    # A role that writes and may read nothing back.
    ("pg_create_insert_permission", {"table": "author", "role": "writer", "permission": {"columns": "*", "check": {}}}),
    (
        "pg_create_insert_permission",
        {"table": "nothing_to_update", "role": "writer", "permission": {"columns": "*", "check": {}}},
    ),
    (
        "pg_create_select_permission",
        {"table": "author", "role": "anonymous", "permission": {"columns": ["name"], "filter": {}}},
    ),
    ("add_inherited_role", {"role_name": "contributor", "role_set": ["user", "writer"]}),
)

ROLES = ("admin", "user", "writer", "contributor", "anonymous", "nobody")


def token(user: str = "1", *roles: str, seconds: int = 3600) -> str:
    """An ID token as Cognito makes it: the claims for Hasura are text that holds JSON."""
    allowed = roles or ("user", "contributor")
    claims = {"x-hasura-user-id": user, "x-hasura-default-role": allowed[0], "x-hasura-allowed-roles": allowed}
    said = {
        "sub": user,
        "email": "ada@example.com",
        "iss": "http://localhost:9229/us-east-1_LocalDev1",
        "exp": int(time.time()) + seconds,
        NAMESPACE: json.dumps(claims),
    }
    return jwt.encode(said, KEY, algorithm="HS256")


@contextmanager
def guarded_engine(database: str) -> Iterator[Engine]:
    """A running engine on the empty database; `client` sends the admin secret."""
    engine = start_engine(
        database,
        HASURA_GRAPHQL_ADMIN_SECRET=ADMIN_SECRET,
        HASURA_GRAPHQL_JWT_SECRET=json.dumps({"type": "HS256", "key": KEY, "claims_format": "stringified_json"}),
        HASURA_GRAPHQL_UNAUTHORIZED_ROLE="anonymous",
        HASURA_GRAPHQL_ENABLE_CONSOLE="true",
        HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS="true",
    )
    engine.client.headers["x-hasura-admin-secret"] = ADMIN_SECRET
    engine.sql(TABLES + MORE_TABLES)
    for kind, args in (*METADATA, *MORE_METADATA):
        engine.metadata(kind, args)
    engine.sql(ROWS, check_metadata_consistency=False)
    yield engine
    log = stop_engine(engine)
    assert "Traceback" not in log, log
