"""Nothing piles up: what is over or superseded leaves the file."""

from __future__ import annotations

from orchestrator.cognito.model import Challenge, Message
from orchestrator.cognito.store import challenges, messages, revocations, users
from orchestrator.cognito.store.database import Database

from .conftest import POOL


def message(number: int) -> Message:
    return Message(POOL.id, "sub of ann", "ann", "EMAIL", "ann@example.com", "SignUp", "", "", str(number), number)


def challenge(name: str, expires_at: float) -> Challenge:
    return Challenge(name, "client", "sub of ann", "NEW_PASSWORD_REQUIRED", {"a": 1}, expires_at)


def rows(store: Database, table: str) -> int:
    return len(store.all(f"select * from {table}"))


def test_the_last_messages_of_a_user_are_kept(store: Database) -> None:
    for number in range(messages.KEPT_A_USER + 5):
        messages.add(store, message(number))
    kept = [int(found.code) for found in messages.of_user(store, "sub of ann")]
    assert kept == list(range(5, messages.KEPT_A_USER + 5))
    assert [found.code for found in messages.latest(store, 2)] == ["53", "54"]


def test_messages_go_with_their_user(store: Database) -> None:
    messages.add(store, message(1))
    users.remove(store, "sub of ann")
    assert rows(store, "message") == 0


def test_a_challenge_is_found_until_it_is_taken(store: Database) -> None:
    challenges.add(store, challenge("one", 10), at=0)
    assert challenges.find(store, "one") == challenge("one", 10)
    assert [challenges.remove(store, "one") for _ in range(2)] == [True, False]
    assert challenges.find(store, "one") is None


def test_challenges_nobody_answered_are_dropped(store: Database) -> None:
    challenges.add(store, challenge("old", 10), at=0)
    challenges.add(store, challenge("new", 30), at=20)
    assert rows(store, "challenge") == 1


def test_revocations_are_kept_as_long_as_the_tokens_would_live(store: Database) -> None:
    revocations.add(store, "old", 10, at=0)
    revocations.add(store, "new", 30, at=5)
    assert revocations.contains(store, "old")
    revocations.add(store, "newer", 30, at=20)
    assert not revocations.contains(store, "old")
    assert revocations.contains(store, "new")
