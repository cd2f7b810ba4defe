from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.gateway.errors import ConfigError, Refusal
from orchestrator.gateway.sync_request import SyncMutation, SyncRequest
from tests.gateway.requests import COLUMNS, MUTATION, contents

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OURS = SyncMutation(MUTATION, COLUMNS)


def checked(document: Any) -> SyncRequest:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return OURS.checked(body, now=NOW)


def refusal(document: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        checked(document)
    assert refused.value.status == 400
    return refused.value


def good(**user: Any) -> dict[str, Any]:
    return contents(at=NOW, **user)


def with_variables(**change: Any) -> dict[str, Any]:
    document = good()
    return {**document, "variables": {**document["variables"], **change}}


# The document


def test_what_is_passed_on_is_made_anew() -> None:
    request = checked({**good(), "query": f"# a comment\n{MUTATION.replace(' ', ',  ')}"})
    assert json.loads(request.body) == good()
    assert request.user_id == "8c1f1f62"


@pytest.mark.parametrize(
    "query",
    [MUTATION.strip(), MUTATION.replace("\n", " "), f"\ufeff{MUTATION}", MUTATION.replace("  ", "\r\n\t# {\n")],
)
def test_the_same_document_may_be_spaced_otherwise(query: str) -> None:
    assert checked({**good(), "query": query}).user_id == "8c1f1f62"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "mutation { delete_users(where: {}) { affected_rows } }",
        "{ users { id email } }",
        "query Q { __schema { types { name } } }",
        f"{MUTATION} {MUTATION}",
        MUTATION + "mutation Other { delete_users(where: {}) { affected_rows } }",
        MUTATION + "fragment F on users { email }",
        MUTATION.replace("SyncUser", "Other"),
        MUTATION.replace("SyncUser", "Sync User"),
        MUTATION.replace("_lte", "_gte"),
        MUTATION.replace("$user: users_insert_input!", "$user: users_insert_input"),
        MUTATION.replace("    id\n", "    id email\n"),
        MUTATION.rstrip()[:-1],
        MUTATION + "\0",
        MUTATION + '"',
        MUTATION + "#" * 100 + "\n}",
        MUTATION.upper(),
        MUTATION.replace("users_pkey", "users_pkey @skip(if: true)"),
        MUTATION.replace(" id", " id: email"),
        MUTATION.replace("$user", "\u201cuser"),
    ],
)
def test_another_document_is_not_the_mutation(query: str) -> None:
    assert refusal({**good(), "query": query}).code == "not-the-mutation"


@pytest.mark.parametrize("query", [None, 1, True, [MUTATION], {"query": MUTATION}])
def test_a_document_that_is_no_text_is_not_the_mutation(query: Any) -> None:
    assert refusal({**good(), "query": query}).code == "not-the-mutation"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"\xff",
        b"null",
        b"[]",
        b'"text"',
        json.dumps([good()]).encode(),
        {},
        {"query": MUTATION},
        {"variables": good()["variables"]},
        {**good(), "operationName": "SyncUser"},
        {**good(), "operationName": None},
        {**good(), "extensions": {}},
        json.dumps(good()).encode("utf-16"),
        json.dumps(good()).encode() + b"{}",
        json.dumps(good(username="x")).replace('"x"', "NaN").encode(),
        json.dumps(good(username="x")).replace('"x"', '"\\ud800"').encode(),
        json.dumps(good(username="x")).replace('"x"', "1e999").encode(),
        b"[" * 60_000,
        b'{"query":' * 6_000,
    ],
)
def test_a_body_of_another_shape_is_malformed(document: Any) -> None:
    assert refusal(document).code == "malformed"


# The variables


@pytest.mark.parametrize(
    "user",
    [
        {"last_sign_in_at": NOW.isoformat()},
        {"deleted_at": NOW.isoformat()},
        {"username": "", "email": None},
        {"username": "é" * 2048, "email": "🦉'\"\\\n"},
        {"username": 2**53, "email": -1.5, "email_verified": False},
        {"id": "x" * 128},
    ],
)
def test_plain_values_pass(user: dict[str, Any]) -> None:
    assert json.loads(checked(good(**user)).body) == good(**user)


@pytest.mark.parametrize(
    "user",
    [
        {"role": "admin"},
        {"posts": {"data": [{"title": "nested"}]}},
        {"email": {"data": {}}},
        {"email": ["a"]},
        {"email": []},
        {"username": "x" * 2049},
        {"username": "nul \0 inside"},
        {"username": 2**53 + 2},
        {"username": 10**30},
        {"username": -1e300},
        {"id": ""},
        {"id": None},
        {"id": 1},
        {"id": True},
        {"id": "x" * 129},
        {"id": "nul\0"},
        {"id": ["x"]},
    ],
)
def test_other_values_of_user_do_not(user: dict[str, Any]) -> None:
    assert refusal(good(**user)).code == "bad-variables"


def test_a_column_that_is_not_allowed_is_named() -> None:
    assert "'role'" in refusal(good(role="admin")).message
    assert len(refusal(good(**{"x" * 5000: 1})).message) < 200


def test_values_are_not_quoted() -> None:
    for user in ({"email": ["secret@example.com"]}, {"id": "secret@example.com" * 20}):
        assert "secret" not in refusal(good(**user)).message


@pytest.mark.parametrize(
    "change",
    [
        {"user": None},
        {"user": []},
        {"user": [good()["variables"]["user"]]},
        {"user": {}},
        {"more": 1},
        {"columns": None},
        {"columns": "username"},
        {"columns": ["id"]},
        {"columns": ["username", "id"]},
        {"columns": ["last_sign_in_at"]},
        {"columns": ["role"]},
        {"columns": ["username", "username"]},
        {"columns": [1]},
        {"columns": [None]},
        {"columns": [["username"]]},
        {"columns": {"username": 1}},
    ],
)
def test_other_variables_do_not_pass(change: dict[str, Any]) -> None:
    assert refusal(with_variables(**change)).code == "bad-variables"


@pytest.mark.parametrize("missing", ["user", "columns", "at"])
def test_each_variable_is_needed(missing: str) -> None:
    document = good()
    del document["variables"][missing]
    assert refusal(document).code == "bad-variables"


@pytest.mark.parametrize("variables", [None, [], "x", 1])
def test_variables_must_be_an_object(variables: Any) -> None:
    assert refusal({**good(), "variables": variables}).code == "bad-variables"


def test_some_of_the_columns_may_be_updated() -> None:
    assert checked(with_variables(columns=["email", "synced_at"])).user_id == "8c1f1f62"


# The time


@pytest.mark.parametrize(
    "at",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.123456+00:00",
        "2026-01-01T00:05:00.0Z",
        "2025-12-31T23:55:00-00:00",
        "2026-01-01T05:30:00+05:30",
        "2025-12-31T16:00:00-08:00",
    ],
)
def test_a_time_of_this_moment_passes_in_any_zone(at: str) -> None:
    request = checked({**good(synced_at=at), "variables": {**good(synced_at=at)["variables"], "at": at}})
    assert json.loads(request.body)["variables"]["at"] == at


@pytest.mark.parametrize(
    "at",
    [
        *("", "now()", "infinity", "-infinity", "yesterday", "2026-01-01", "2026-01-01T00:00:00", "20260101T000000Z"),
        *(
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00z",
            "2026-W01-4T00:00:00Z",
            "2026-01-01T00:00Z",
            "2026-01-01T00Z",
        ),
        *("2026-01-01T00:00:00Z\n", " 2026-01-01T00:00:00Z", "٢026-01-01T00:00:00Z", "2026-01-01T00:00:00.1234567Z"),
        *(
            "2026-01-01T00:00:00+0000",
            "2026-01-01T00:00:00+00:00:01",
            "2026-01-01T00:00:00 UTC",
            "2026-13-01T00:00:00Z",
        ),
        *(
            "2025-12-31T24:00:00Z",
            "2026-01-01T00:00:00+24:00",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
        ),
        *("2026-01-01T00:05:01Z", "2025-12-31T23:54:59Z", "2026-01-01T00:00:00+01:00", "2016-01-01T00:00:00Z"),
    ],
)
def test_any_other_time_does_not(at: str) -> None:
    document = good(synced_at=at)
    document["variables"]["at"] = at
    assert refusal(document).code == "bad-variables"


@pytest.mark.parametrize("at", [None, 0, 1767225600, ["2026-01-01T00:00:00Z"], "2026-01-01T00:00:00Z"])
def test_the_time_must_be_that_of_the_row(at: Any) -> None:
    assert refusal(with_variables(at=at)).code == "bad-variables"


@given(st.timedeltas(-timedelta(minutes=5), timedelta(minutes=5)), st.integers(-1439, 1439))
def test_whatever_python_writes_of_a_fresh_time_is_understood(skew: timedelta, minutes: int) -> None:
    at = (NOW + skew).astimezone(timezone(timedelta(minutes=minutes)))
    assert checked(contents(at=at)).user_id == "8c1f1f62"


# Any contents

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(COLUMNS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*COLUMNS, "role"]), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_what_passes_writes_one_row_of_plain_values(data: st.DataObject) -> None:
    document = good()
    place: Any = document
    for name in data.draw(st.sampled_from([["variables"], ["variables", "user"], []])):
        place = place[name]
    place[data.draw(st.sampled_from([*place, "more", "role"]))] = data.draw(JSON)
    try:
        passed = json.loads(checked(document).body)
    except Refusal:
        return
    assert passed == document
    user = passed["variables"]["user"]
    assert passed["query"] == MUTATION
    assert isinstance(user["id"], str)
    assert set(user) <= set(COLUMNS)
    assert not [value for value in user.values() if isinstance(value, list | dict)]
    assert set(passed["variables"]["columns"]) <= set(user) - {"id"}


# The configuration


@pytest.mark.parametrize(
    "document",
    [
        "mutation M($user: x",
        "query Q($user: a, $columns: b, $at: c) { x }",
        "mutation M($user: a, $columns: b) { x }",
        "mutation M { x }",
        f"{MUTATION} fragment F on users {{ id }}",
        f"{MUTATION} {MUTATION}",
        "type T { id: Int }",
    ],
)
def test_a_configured_document_must_be_one_mutation_with_the_three_variables(document: str) -> None:
    with pytest.raises(ConfigError, match="mutation"):
        SyncMutation(document, COLUMNS)


def test_a_projects_own_mutation_and_columns_count() -> None:
    own = MUTATION.replace("users", "people")
    mutation = SyncMutation(own, [*COLUMNS, "team"])
    document = {**good(team="blue"), "query": own}
    assert json.loads(mutation.checked(json.dumps(document).encode(), now=NOW).body) == document
    with pytest.raises(Refusal):
        mutation.checked(json.dumps(good()).encode(), now=NOW)
