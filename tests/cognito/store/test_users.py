"""Finding and changing users."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.cognito.model import Pool, Verifier
from orchestrator.cognito.store import users
from orchestrator.cognito.store.database import Database

from .conftest import POOL, user

ALIASED = Pool(POOL.id, {"AliasAttributes": ["email", "preferred_username"]}, 0, 0)
NAMED_BY_MAIL = Pool(POOL.id, {"UsernameAttributes": ["email"]}, 0, 0)


def test_a_user_comes_back_as_it_was_stored(store: Database) -> None:
    bob = replace(
        user("bob", email="bob@example.com", name='B "o" b'),
        enabled=False,
        password=Verifier("4a", "beef"),
        password_set_at=2.5,
        signed_out_at=3.25,
    )
    users.add(store, POOL, bob)
    assert users.by_sub(store, bob.sub) == bob


def test_a_name_means_a_user_as_the_pool_says(store: Database) -> None:
    def found(pool: Pool, name: str) -> str | None:
        user = users.find(store, pool, name)
        return user.username if user else None

    assert [found(POOL, name) for name in ("ann", "ANN", "sub of ann", "ann@example.com")] == ["ann"] * 3 + [None]
    assert found(NAMED_BY_MAIL, "Ann@example.com") == "ann"
    assert found(ALIASED, "ann@example.com") is None
    verified = {"email": "ann@example.com", "email_verified": "true", "preferred_username": "annie"}
    users.change(store, ALIASED, "sub of ann", lambda now: replace(now, attributes=verified))
    assert found(ALIASED, "ann@example.com") == found(ALIASED, "annie") == "ann"


def test_a_sub_of_another_pool_is_nobodys(store: Database) -> None:
    assert users.find(store, Pool("us-east-1_Other", {}, 0, 0), "sub of ann") is None


def test_a_name_is_taken_once(store: Database) -> None:
    with pytest.raises(users.NameTaken):
        users.add(store, POOL, replace(user("ANN"), sub="another"))


def test_a_change_that_fails_changes_nothing(store: Database) -> None:
    def failing(now: object) -> object:
        raise LookupError

    with pytest.raises(LookupError):
        users.change(store, POOL, "sub of ann", failing)  # type: ignore[arg-type]
    assert users.by_sub(store, "sub of ann") == user("ann", email="ann@example.com")


def test_changing_nobody_gives_nobody(store: Database) -> None:
    assert users.change(store, POOL, "nobody", lambda now: now) is None
