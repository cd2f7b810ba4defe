"""Who sees and changes which lists and todos."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.testing import Database, GraphQLAs, GraphQLError, SignIn, SignUp, User

LISTS = "{ lists(order_by: {id: asc}) { title todos { title } } }"
NEW_TODO = (
    "mutation ($list: Int!, $title: String!) { insert_todos_one(object: {list_id: $list, title: $title}) { priority } }"
)
NewList = Callable[[User, str], int]


def test_a_user_sees_the_own_lists_with_their_todos_only(
    user: User, sign_up: SignUp, sign_in: SignIn, new_list: NewList
) -> None:
    other = sign_in(sign_up())
    new_list(other, "Theirs")
    mine = new_list(user, "Mine")
    assert user.graphql(NEW_TODO, list=mine, title="Buy milk")["insert_todos_one"] == {"priority": "normal"}
    assert user.graphql(LISTS) == {"lists": [{"title": "Mine", "todos": [{"title": "Buy milk"}]}]}


def test_nobody_writes_into_a_list_of_somebody_else(
    user: User, sign_up: SignUp, sign_in: SignIn, new_list: NewList
) -> None:
    theirs = new_list(sign_in(sign_up()), "Theirs")
    with pytest.raises(GraphQLError, match="check constraint of an insert/update permission has failed") as refused:
        user.graphql(NEW_TODO, list=theirs, title="Mischief")
    assert refused.value.code == "permission-error"


def test_a_moderator_sees_all_lists_and_removes_todos(
    user: User, moderator: User, graphql: GraphQLAs, new_list: NewList, database: Database
) -> None:
    user.graphql(NEW_TODO, list=new_list(user, "Mine"), title="Spam")
    as_moderator = graphql(role="moderator", user=moderator)
    assert [each["title"] for each in as_moderator(LISTS)["lists"]] == ["Mine"]
    as_moderator('mutation { delete_todos(where: {title: {_eq: "Spam"}}) { affected_rows } }')
    assert database.value("SELECT count(*) FROM todos") == 0


def test_who_is_no_moderator_cannot_choose_the_role(user: User, graphql: GraphQLAs) -> None:
    with pytest.raises(GraphQLError, match="not in allowed roles"):
        graphql(role="moderator", user=user)(LISTS)


def test_without_a_token_there_are_no_lists(graphql: GraphQLAs) -> None:
    with pytest.raises(GraphQLError, match="field 'lists' not found"):
        graphql()(LISTS)


def test_a_role_can_be_played_without_a_user(graphql: GraphQLAs, database: Database) -> None:
    database.execute("INSERT INTO users VALUES ('ada', 'ada@example.com'), ('bob', 'bob@example.com')")
    database.execute("INSERT INTO lists (owner_id, title) VALUES ('ada', 'Hers'), ('bob', 'His')")
    assert graphql(role="user", x_hasura_user_id="ada")("{ lists { title } }") == {"lists": [{"title": "Hers"}]}
    assert len(graphql(role="moderator")("{ lists { id } }")["lists"]) == 2
