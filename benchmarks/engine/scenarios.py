"""The requests that are measured, as each server's users write them, with one and the same answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.engine.data import POSTS, USERS
from benchmarks.engine.load import NUMBER


@dataclass(frozen=True)
class Scenario:
    """`at_least` is how many times the peer's rate it should reach, `of_limit` which part of what pgbench reaches."""

    name: str
    query: str
    peer_query: str
    variables: Mapping[str, Any]
    numbers: int
    at_least: float
    of_limit: float | None = None


BY_KEY = Scenario(
    "by key",
    "query ($n: Int!) { answer: posts_by_pk(id: $n) { id title user_id created_at } }",
    "query ($n: Int!) { answer: postByRowId(rowId: $n) { id: rowId title user_id: userId created_at: createdAt } }",
    {"n": NUMBER},
    numbers=POSTS,
    at_least=5,
    of_limit=0.25,
)
ROWS = Scenario(
    "100 rows",
    """query ($n: Int!) {
      answer: posts(where: {user_id: {_eq: $n}}, order_by: {id: asc}, limit: 100) { id title user_id created_at }
    }""",
    """query ($n: Int!) {
      answer: allPosts(condition: {userId: $n}, orderBy: ROW_ID_ASC, first: 100) {
        nodes { id: rowId title user_id: userId created_at: createdAt }
      }
    }""",
    {"n": NUMBER},
    numbers=USERS,
    at_least=4,
    of_limit=0.8,
)
UPSERT = Scenario(
    "upsert",
    """mutation ($n: Int!, $name: String!, $email: String!) {
      answer: insert_profiles_one(
        object: {id: $n, name: $name, email: $email}
        on_conflict: {constraint: profiles_pkey, update_columns: [name, email]}
      ) { id name email }
    }""",
    """mutation ($n: Int!, $name: String!, $email: String!) {
      answer: upsertProfile(input: {id: $n, name: $name, email: $email}) { result { id: rowId name email } }
    }""",
    {"n": NUMBER, "name": "Ada", "email": "ada@example.com"},
    numbers=10_000,
    at_least=4,
    of_limit=0.45,
)
NESTED = Scenario(
    "three levels",
    """query ($n: Int!) {
      answer: users_by_pk(id: $n) {
        id name
        posts(order_by: {id: asc}, limit: 10) { id title comments(order_by: {id: asc}, limit: 2) { id body } }
      }
    }""",
    """query ($n: Int!) {
      answer: userByRowId(rowId: $n) {
        id: rowId name
        posts: postsByUserId(orderBy: ROW_ID_ASC, first: 10) {
          nodes {
            id: rowId title
            comments: commentsByPostId(orderBy: ROW_ID_ASC, first: 2) { nodes { id: rowId body } }
          }
        }
      }
    }""",
    {"n": NUMBER},
    numbers=USERS,
    at_least=4,
)
SCENARIOS = (BY_KEY, ROWS, UPSERT, NESTED)


def plain(answer: Any) -> Any:
    """PostGraphile's answer without the objects that it puts around lists and results."""
    if isinstance(answer, list):
        return [plain(item) for item in answer]
    if not isinstance(answer, dict):
        return answer
    if answer.keys() in ({"nodes"}, {"result"}):
        return plain(next(iter(answer.values())))
    return {key: plain(value) for key, value in answer.items()}


def filled(variables: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The variables with a number where one is asked for."""
    return {name: number if value == NUMBER else value for name, value in variables.items()}
