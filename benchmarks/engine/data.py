"""The blog that is measured: its tables, its rows, and who may see which, said once for Hasura and once in policies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import jwt

USERS = 500
POSTS_A_USER = 100
POSTS = USERS * POSTS_A_USER
COMMENTS_A_POST = 3
USER_ID = 7
ROLE = "app_user"
PEER_LOGIN = "peer_login"
PASSWORD = "benchmark"
JWT_KEY = "a key that only this benchmark knows, 32 bytes or more"

TABLES = f"""
create table users (id integer primary key, name text not null, email text not null unique);
create table posts (
  id integer primary key, user_id integer not null references users, title text not null, body text not null,
  published boolean not null, created_at timestamptz not null default now()
);
create table comments (
  id integer primary key, post_id integer not null references posts, user_id integer not null references users,
  body text not null
);
create table profiles (
  id integer primary key, user_id integer not null references users, name text not null, email text not null
);
insert into users select n, 'user ' || n, 'user' || n || '@example.com' from generate_series(1, {USERS}) n;
insert into posts
  select n, (n - 1) / {POSTS_A_USER} + 1, 'post ' || n, repeat('word ', 20), n % 10 <> 0,
    '2026-01-01 12:34:56.123456+00'
  from generate_series(1, {POSTS}) n;
insert into comments
  select n, (n - 1) / {COMMENTS_A_POST} + 1, n % {USERS} + 1, 'comment ' || n
  from generate_series(1, {POSTS * COMMENTS_A_POST}) n;
create index on posts (user_id);
create index on comments (post_id);
create index on comments (user_id);
create index on profiles (user_id);
"""

# What METADATA says, as PostGraphile's users say it.
POLICIES = f"""
create function me() returns integer language sql stable
  as $$ select nullif(current_setting('jwt.claims.user_id', true), '')::integer $$;
create role {ROLE};
create role {PEER_LOGIN} login password '{PASSWORD}' in role {ROLE};
grant select on users, posts, comments to {ROLE};
grant select, insert, update on profiles to {ROLE};
alter table posts enable row level security;
alter table profiles enable row level security;
create policy visible on posts for select to {ROLE} using (published or user_id = (select me()));
create policy own on profiles to {ROLE} using (user_id = (select me())) with check (user_id = (select me()));
create function upsert_profile(id integer, name text, email text) returns profiles language sql volatile as $$
  insert into profiles (id, user_id, name, email) values (id, me(), name, email)
  on conflict (id) do update set name = excluded.name, email = excluded.email
  returning *
$$;
"""

ANALYZE = "vacuum analyze"

MINE = {"user_id": {"_eq": "X-Hasura-User-Id"}}
VISIBLE = {"_or": [{"published": {"_eq": True}}, MINE]}


def table(name: str) -> dict[str, str]:
    return {"schema": "public", "name": name}


def metadata() -> Iterator[tuple[str, Any]]:
    """The calls that make Hasura's API serve the blog."""
    for name in ("users", "posts", "comments", "profiles"):
        yield "pg_track_table", {"table": table(name)}
    for name, of, column in (("posts", "users", "user_id"), ("comments", "posts", "post_id")):
        using = {"foreign_key_constraint_on": {"table": table(name), "column": column}}
        yield "pg_create_array_relationship", {"table": table(of), "name": name, "using": using}
    for name, filter_ in (("users", {}), ("posts", VISIBLE), ("comments", {}), ("profiles", MINE)):
        permission: dict[str, Any] = {"columns": "*", "filter": filter_}
        yield "pg_create_select_permission", {"table": table(name), "role": ROLE, "permission": permission}
    profiles = {"table": table("profiles"), "role": ROLE}
    insert = {"columns": ["id", "name", "email"], "check": MINE, "set": {"user_id": "X-Hasura-User-Id"}}
    yield "pg_create_insert_permission", {**profiles, "permission": insert}
    update = {"columns": ["name", "email"], "filter": MINE, "check": MINE}
    yield "pg_create_update_permission", {**profiles, "permission": update}


def token() -> str:
    """One token for both servers: each reads its own claims."""
    claims = {
        "sub": str(USER_ID),
        "exp": int(time.time()) + 3600,
        "https://hasura.io/jwt/claims": {
            "x-hasura-allowed-roles": [ROLE],
            "x-hasura-default-role": ROLE,
            "x-hasura-user-id": str(USER_ID),
        },
        "aud": "postgraphile",
        "role": ROLE,
        "user_id": USER_ID,
    }
    return jwt.encode(claims, JWT_KEY, "HS256")
