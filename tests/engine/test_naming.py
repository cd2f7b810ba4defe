"""Names in GraphQL's usual case: fields, arguments, types and values under the convention graphql-default."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.engine.naming import Base, Naming
from tests.engine.conftest import Engine, start_engine, stop_engine

TABLES = """
create table post_state (value text primary key, comment text);
insert into post_state values ('draft', 'not done'), ('done', null);
create table "user" (id integer primary key);
insert into "user" values (1);
create table blog_post (
  post_id integer primary key, user_id integer references "user" (id), post_title text, extra jsonb,
  state text references post_state (value)
);
insert into blog_post values (1, 1, 'One', '{"a": 1}', 'draft'), (2, 1, 'Two', null, 'done');
create function posts_like(the_word text) returns setof blog_post language sql stable as
  $$select * from blog_post where post_title ilike the_word$$;
"""
METADATA = (
    *(("pg_track_table", {"table": table}) for table in ("post_state", "user", "blog_post")),
    ("pg_set_table_is_enum", {"table": "post_state", "is_enum": True}),
    (
        "pg_create_array_relationship",
        {
            "table": "user",
            "name": "posts",
            "using": {"foreign_key_constraint_on": {"table": "blog_post", "column": "user_id"}},
        },
    ),
    ("pg_track_function", {"function": "posts_like"}),
)


@pytest.fixture(scope="module")
def camel(module_database: str) -> Iterator[Engine]:
    engine = start_engine(
        module_database,
        HASURA_GRAPHQL_EXPERIMENTAL_FEATURES="naming_convention",
        HASURA_GRAPHQL_DEFAULT_NAMING_CONVENTION="graphql-default",
    )
    engine.sql(TABLES)
    for kind, args in METADATA:
        engine.metadata(kind, args)
    yield engine
    assert "Traceback" not in stop_engine(engine)


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (
            "blogPost(where: {postTitle: {_isNull: false}, state: {_eq: DRAFT}}, orderBy: {postId: ASC}) { postId }",
            [{"postId": 1}],
        ),
        (
            "blogPost(distinctOn: [userId], orderBy: {userId: ASC_NULLS_FIRST}) { __typename }",
            [{"__typename": "BlogPost"}],
        ),
        ('blogPost(where: {extra: {_hasKeysAny: ["a"]}}) { postId }', [{"postId": 1}]),
        ("blogPostByPk(postId: 2) { postTitle }", {"postTitle": "Two"}),
        (
            "blogPostAggregate { aggregate { count stddevPop { postId } } }",
            {"aggregate": {"count": 2, "stddevPop": {"postId": 0.5}}},
        ),
        (
            (
                "user(where: {postsAggregate: {count: {predicate: {_gt: 1}}}}, "
                "orderBy: {postsAggregate: {count: DESC}}) { postsAggregate { aggregate { count } } }"
            ),
            [{"postsAggregate": {"aggregate": {"count": 2}}}],
        ),
        ('postsLike(args: {the_word: "t%"}) { postId }', [{"postId": 2}]),
    ],
)
def test_queries_in_camel_case(camel: Engine, field: str, found: object) -> None:
    (answer,) = camel.data(f"{{ {field} }}").values()
    assert answer == found


def test_mutations_in_camel_case(camel: Engine) -> None:
    query = """mutation ($post: BlogPostInsertInput!) {
      insertBlogPostOne(object: $post, onConflict: {constraint: blog_post_pkey, updateColumns: [postTitle]}) { postId }
      updateBlogPost(where: {postId: {_eq: 3}}, _set: {state: DONE}) { affectedRows returning { state } }
      updateBlogPostByPk(pkColumns: {postId: 3}, _deleteKey: {extra: "a"}) { extra }
      deleteBlogPostByPk(postId: 3) { postTitle }
    }"""
    assert camel.data(query, {"post": {"postId": 3, "postTitle": "Three", "extra": {"a": 1}}}) == {
        "insertBlogPostOne": {"postId": 3},
        "updateBlogPost": {"affectedRows": 1, "returning": [{"state": "done"}]},
        "updateBlogPostByPk": {"extra": {}},
        "deleteBlogPostByPk": {"postTitle": "Three"},
    }


def test_values_of_variables_do_not_share_a_plan_where_their_fields_have_other_names(camel: Engine) -> None:
    query = "query ($w: BlogPostBoolExp) { blogPost(where: $w) { postId } }"
    for state, found in (("DRAFT", 1), ("DONE", 2)):
        assert camel.data(query, {"w": {"state": {"_eq": state}}}) == {"blogPost": [{"postId": found}]}
    for is_null, count in ((True, 1), (False, 1)):
        assert len(camel.data(query, {"w": {"extra": {"_isNull": is_null}}})["blogPost"]) == count


def test_types_in_pascal_case(camel: Engine) -> None:
    names = ("BlogPostBoolExp", "StringComparisonExp", "PostStateEnumComparisonExp", "BlogPostAggregateBoolExpCount")
    for name in names:
        assert camel.data(f'{{ __type(name: "{name}") {{ name }} }}')["__type"] == {"name": name}
    values = camel.data('{ __type(name: "PostStateEnum") { enumValues { name } } }')["__type"]["enumValues"]
    assert values == [{"name": "DONE"}, {"name": "DRAFT"}]


def test_a_name_that_the_user_chose_is_left_as_it_is() -> None:
    naming, chosen = Naming(is_camel=True), Base("my_Posts", is_custom=True)
    assert naming.root("{}_by_pk", chosen) == "my_PostsByPk"
    assert naming.root("insert_{}_one", chosen) == "insertmy_PostsOne"
    assert naming.typed("", chosen, "_bool_exp") == "my_PostsBoolExp"
    assert naming.joined("pre_", "users", "_end") == "pre_Users_end"
