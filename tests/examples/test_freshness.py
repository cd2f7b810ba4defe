"""Nothing of one test is seen by the next, sequences included: the same test twice, with the same ids."""

from __future__ import annotations

import pytest

from orchestrator.testing import Database, SignUp


@pytest.mark.parametrize("time", ["first", "second"])
def test_ids_begin_at_one_and_what_the_migrations_put_there_is_there(
    time: str, database: Database, sign_up: SignUp
) -> None:
    owner = sign_up("ada@example.com")
    assert database.value("INSERT INTO lists (owner_id, title) VALUES ($1, 'A') RETURNING id", owner.sub) == 1
    assert database.value("SELECT count(*) FROM users") == 1
    assert database.value("SELECT count(*) FROM priorities") == 3
    database.execute("DELETE FROM priorities WHERE name = 'some day'; UPDATE priorities SET position = position + 10")
