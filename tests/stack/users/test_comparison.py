"""Tests for what differs between the pool and the table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.stack.users.comparison import Changed, Difference, Missing, Orphaned, compare

ASKED_AT = datetime(2026, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC)


def told(sub: str, email: str | None = "a@example.com") -> dict[str, Any]:
    return {"id": sub, "email": email}


def row(sub: str, email: str | None = "a@example.com", **more: Any) -> dict[str, Any]:
    return {**told(sub, email), "synced_at": "2026-01-01T12:00:00+00:00", "deleted_at": None, **more}


def differences(pool: list[Any], table: list[Any], unconfirmed: tuple[Any, ...] = ()) -> list[Difference]:
    return list(compare(pool, unconfirmed, {each["id"]: each for each in table}, asked_at=ASKED_AT))


def test_a_row_that_says_the_same_is_no_difference() -> None:
    assert differences([told("1")], [row("1")]) == []


def test_a_user_without_a_row_is_missing() -> None:
    assert differences([told("1"), told("2")], [row("1")]) == [Missing(told("2"))]


def test_a_row_that_says_something_else_tells_what_and_what_it_was() -> None:
    assert differences([told("1", None)], [row("1")]) == [Changed(told("1", None), {"email": "a@example.com"})]


def test_a_row_that_is_marked_as_deleted_differs_from_its_user() -> None:
    marked = "2026-01-01T00:00:00+00:00"
    assert differences([told("1")], [row("1", deleted_at=marked)]) == [Changed(told("1"), {"deleted_at": marked})]


def test_a_row_that_was_written_after_the_pool_was_asked_knows_better() -> None:
    later = "2026-01-01T12:00:00.500001+00:00"
    assert differences([told("1", None)], [row("1", synced_at=later)]) == []
    same_moment = "2026-01-01T13:00:00.5+01:00"
    assert len(differences([told("1", None)], [row("1", synced_at=same_moment)])) == 1


def test_whoever_has_not_confirmed_needs_no_row_but_one_that_is_there_is_compared() -> None:
    assert differences([], [], (told("1"),)) == []
    assert differences([], [row("1")], (told("1", None),)) == [Changed(told("1", None), {"email": "a@example.com"})]


def test_an_orphan_is_marked_once_the_table_knows_that_the_user_is_gone() -> None:
    assert not Orphaned(row("1")).marked
    assert Orphaned(row("1", deleted_at="2026-01-01T00:00:00+00:00")).marked


SUBS = st.sampled_from("abcdef")
EMAILS = st.sampled_from([None, "", "a@example.com", "A@example.com", "🦄@example.com"])
ROWS = st.builds(
    lambda email, deleted_at: {"email": email, "deleted_at": deleted_at},
    EMAILS,
    st.sampled_from([None, "2026-01-01T00:00:00+00:00"]),
)


@given(st.dictionaries(SUBS, EMAILS), st.dictionaries(SUBS, ROWS))
def test_a_table_that_takes_all_differences_says_what_the_pool_says(
    pool: dict[str, str | None], table: dict[str, Any]
) -> None:
    users = [told(sub, email) for sub, email in pool.items()]
    kept = {sub: row(sub, **values) for sub, values in table.items()}
    for each in differences(users, list(kept.values())):
        kept[each.row["id"]] = row(each.row["id"], each.row["email"])
    assert differences(users, list(kept.values())) == []
    assert {sub: kept[sub]["email"] for sub in pool} == pool
    assert all(kept[sub]["email"] == values["email"] for sub, values in table.items() if sub not in pool)
