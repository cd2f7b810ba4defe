"""The users table kept in step with the pool, by the command line and below it."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from orchestrator.aws import clients
from orchestrator.cli.users_sync import repaired
from orchestrator.cognito.model import CONFIRMED, User
from orchestrator.cognito.store import pools
from orchestrator.cognito.store import users as stored
from orchestrator.cognito.store.database import open_database
from orchestrator.errors import StackError
from orchestrator.stack.record import locked
from orchestrator.stack.users import sync
from orchestrator.stack.users.comparison import Changed, Missing, Orphaned
from orchestrator.stack.users.pool import Pace, UserPool
from orchestrator.stack.users.pool import page as page_of
from orchestrator.stack.users.sides import Sides
from orchestrator.stack.users.walk import Walk, passing, resumable
from tests.flow.conftest import Cli, Running

PASSWORD = "Correct-Horse-1"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = "2999-01-01T00:00:00+00:00"


def fill(stack: Running, pool_id: str, count: int) -> list[str]:
    """The subs of so many users put straight into the emulator's database: by the API it would take seconds."""
    database = open_database(stack.project.root / ".stack/cognito.sqlite")
    subs = [str(uuid.uuid4()) for _ in range(count)]
    with contextlib.closing(database), database.transaction():
        pool = pools.find(database, pool_id)
        assert pool
        for number, sub in enumerate(subs):
            attributes = {"email": f"user{number}@example.com", "email_verified": "true"}
            stored.add(database, pool, User(pool_id, sub, f"user{number}", attributes, CONFIRMED, number, number))
    return subs


def create(stack: Running, pool_id: str, username: str, **attributes: str) -> str:
    """The sub of a user whom an administrator makes: no trigger tells the table of one."""
    pairs = [{"Name": name, "Value": value} for name, value in attributes.items()]
    made = stack.cognito.admin_create_user(
        UserPoolId=pool_id, Username=username, UserAttributes=pairs, MessageAction="SUPPRESS"
    )
    return next(str(each["Value"]) for each in made["User"]["Attributes"] if each["Name"] == "sub")


def insert(stack: Running, **row: str) -> None:
    values = ", ".join(f"{name}: {json.dumps(value)}" for name, value in row.items())
    stack.as_admin(f"mutation {{ insert_users_one(object: {{{values}}}) {{ id }} }}")


def run_sql(stack: Running, sql: str) -> None:
    answer = httpx.post(
        stack.facts["urls"]["graphql"].replace("/v1/graphql", "/v2/query"),
        json={"type": "run_sql", "args": {"source": "default", "sql": sql}},
        headers={"x-hasura-admin-secret": stack.admin_secret},
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text


@contextlib.contextmanager
def constraint(stack: Running, condition: str) -> Iterator[None]:
    """Rows that do not fit the condition are not taken meanwhile."""
    run_sql(stack, f"ALTER TABLE users ADD CONSTRAINT of_the_test CHECK ({condition})")
    try:
        yield
    finally:
        run_sql(stack, "ALTER TABLE users DROP CONSTRAINT of_the_test")


@contextlib.contextmanager
def trigger(stack: Running, statement: str) -> Iterator[None]:
    """Runs a statement of PL/pgSQL for each row that is inserted meanwhile."""
    run_sql(
        stack,
        f"""CREATE FUNCTION of_the_test() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN {statement}; RETURN NEW; END $$;
        CREATE TRIGGER of_the_test BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION of_the_test()""",
    )
    try:
        yield
    finally:
        run_sql(stack, "DROP FUNCTION of_the_test CASCADE")


def go(sides: Sides, walk: Walk, *, repair: bool = True) -> list[Missing | Changed]:
    return [each for step in sync.steps(sides, walk, repair=repair) for each in step.differences]


def differences(sides: Sides) -> list[Missing | Changed | Orphaned]:
    with passing(sides.pool.clock()) as walk:
        found = go(sides, walk, repair=False)
        return [*found, *(each for each in sync.orphans(sides, walk) if not each.marked)]


def repair(sides: Sides) -> Walk:
    with passing(sides.pool.clock()) as walk:
        go(sides, walk)
    return walk


def test_users_of_every_kind_get_the_row_that_the_handler_would_write(empty: Running, sides: Sides) -> None:
    kinds = {
        "without-email": {},
        "unverified": {"email": "u@example.com", "email_verified": "false"},
        "🦄\"quoted'\\": {"email": "q@example.com", "name": "🦄" * 2048},
        "x" * 128: {"email": f"{'a' * 2036}@example.com", "email_verified": "true"},
    }
    subs = {username: create(empty, sides.pool.id, username, **given) for username, given in kinds.items()}
    assert len(differences(sides)) == 4
    repair(sides)
    found = empty.rows()
    for username, given in kinds.items():
        row = found[subs[username]]
        assert (row["username"], row["email"]) == (username, given.get("email"))
        assert row["email_verified"] == (given.get("email_verified") == "true")
        assert row["last_sign_in_at"] is None
    assert differences(sides) == []


def test_whoever_has_not_confirmed_the_sign_up_is_counted_and_gets_no_row(empty: Running, sides: Sides) -> None:
    api = empty.cognito
    client = api.create_user_pool_client(UserPoolId=sides.pool.id, ClientName="app")["UserPoolClient"]["ClientId"]
    api.sign_up(ClientId=client, Username="ada", Password=PASSWORD)
    tally = repair(sides).stage.tally
    assert (tally.users, tally.unconfirmed, tally.missing) == (1, 1, 0)
    assert empty.rows() == {}


def test_a_repair_leaves_alone_what_a_sign_in_wrote_meanwhile(empty: Running, sides: Sides) -> None:
    sub = create(empty, sides.pool.id, "ada", email="old@example.com")
    insert(empty, id=sub, username="ada", email="new@example.com", synced_at=LATER)
    assert differences(sides) == []
    # Between the comparison and the repair, it comes to the same: the mutation itself looks at the time.
    assert sides.table.upsert([{"id": sub, "username": "ada", "email": "old@example.com"}], at=NOW) == []
    assert empty.rows()[sub]["email"] == "new@example.com"


def test_a_user_who_is_back_is_not_marked_as_deleted_any_more(empty: Running, sides: Sides) -> None:
    sub = create(empty, sides.pool.id, "ada")
    insert(empty, id=sub, username="ada", deleted_at=NOW.isoformat(), synced_at=NOW.isoformat())
    assert [type(each) for each in differences(sides)] == [Changed]
    repair(sides)
    assert empty.rows()[sub]["deleted_at"] is None


def test_an_orphan_is_marked_only_if_its_user_is_really_gone(empty: Running, sides: Sides) -> None:
    there = create(empty, sides.pool.id, "ada")
    for sub, username in ((there, "ada"), ("1", "grace"), ("2", "ada")):
        insert(empty, id=sub, username=username, synced_at=NOW.isoformat())
    insert(empty, id="3", username="bob", synced_at=LATER)
    with passing(sides.pool.clock()) as walk:
        orphans = sorted(sync.orphans(sides, walk), key=lambda each: str(each.row["id"]))
        assert [each.row["id"] for each in orphans] == sorted(["1", "2", there])
        batches = list(sync.mark(sides, orphans))
    assert [(each.rows, each.marked) for each in batches] == [(3, 2)]
    assert sorted(sub for sub, row in empty.rows().items() if row["deleted_at"]) == ["1", "2"]


def test_an_interrupted_repair_goes_on_where_it_stopped(empty: Running, sides: Sides, tmp_path: Path) -> None:
    subs = fill(empty, sides.pool.id, 1000)
    file = tmp_path / "walk.sqlite"
    with contextlib.suppress(KeyboardInterrupt), resumable(file, sides.name, sides.pool.clock()) as walk:
        next(sync.steps(sides, walk, repair=True))
        raise KeyboardInterrupt
    assert len(empty.rows()) == 480
    with resumable(file, sides.name, sides.pool.clock()) as walk:
        assert walk.stage.tally.users == 480
        assert len(go(sides, walk)) == 520
        assert walk.stage.tally.missing == 1000
        assert list(sync.orphans(sides, walk)) == []
    assert empty.rows().keys() == set(subs)


def test_a_row_that_a_trigger_of_the_table_refuses_is_named_with_its_words(empty: Running, sides: Sides) -> None:
    subs = fill(empty, sides.pool.id, 600)
    with trigger(empty, f"IF NEW.id = '{subs[500]}' THEN RAISE 'not today'; END IF"), passing(NOW) as walk:
        rejected = [each for step in sync.steps(sides, walk, repair=True) for each in step.rejected]
    assert [(each.row["id"], each.reason) for each in rejected] == [(subs[500], "database query error: not today")]
    assert len(empty.rows()) == 599


def test_a_repair_that_cannot_go_on_says_where_it_stopped(
    empty: Running, sides: Sides, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subs = fill(empty, sides.pool.id, 600)
    with (
        trigger(empty, f"IF NEW.id = '{subs[500]}' THEN PERFORM 1 / 0 FROM nowhere; END IF"),
        pytest.raises(StackError, match='relation "nowhere" does not exist'),
        resumable(tmp_path / "walk.sqlite", sides.name, sides.pool.clock()) as walk,
    ):
        repaired(sides, walk, dry_run=False)
    assert "Stopped after 480 users: `users sync` goes on there within an hour." in capsys.readouterr().err
    with resumable(tmp_path / "walk.sqlite", sides.name, sides.pool.clock()) as walk:
        assert repaired(sides, walk, dry_run=False) == []
    assert "Going on after 480 users, where a run was interrupted." in capsys.readouterr().err
    assert empty.rows().keys() == set(subs)


def test_a_pagination_token_that_is_not_taken_any_more_starts_the_walk_anew(
    empty: Running, sides: Sides, tmp_path: Path
) -> None:
    fill(empty, sides.pool.id, 600)
    file = tmp_path / "walk.sqlite"
    with contextlib.suppress(KeyboardInterrupt), resumable(file, sides.name, sides.pool.clock()) as walk:
        next(sync.steps(sides, walk, repair=True))
        walk.come_to([], "expired", walk.stage.tally)
        raise KeyboardInterrupt
    with resumable(file, sides.name, sides.pool.clock()) as walk:
        assert len(go(sides, walk)) == 120
        assert walk.stage.tally.users == 600


def test_a_table_that_is_being_filled_keeps_the_rows_that_it_has(empty: Running, sides: Sides) -> None:
    subs = fill(empty, sides.pool.id, 1500)
    insert(empty, id=subs[700], username="other", synced_at=NOW.isoformat())
    insert(empty, id=subs[800], username="newer", synced_at=LATER)
    tally = repair(sides).stage.tally
    assert (tally.missing, tally.changed) == (1498, 1)
    found = empty.rows()
    assert found[subs[700]]["username"] == "user700"
    assert found[subs[800]]["username"] == "newer"
    assert differences(sides) == []


def test_a_row_that_the_table_does_not_take_keeps_no_other_from_being_written(empty: Running, sides: Sides) -> None:
    subs = fill(empty, sides.pool.id, 1000)
    with constraint(empty, "email NOT IN ('user7@example.com', 'user700@example.com')"), passing(NOW) as walk:
        rejected = [each for step in sync.steps(sides, walk, repair=True) for each in step.rejected]
    tally = walk.stage.tally
    assert [each.row["id"] for each in rejected] == [subs[7], subs[700]]
    assert "violates check constraint" in rejected[0].reason
    assert (tally.missing, tally.rejected) == (998, 2)
    assert len(empty.rows()) == 998


def test_a_pool_in_aws_is_read_within_its_quota(empty: Running, sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator as Amazon: the client that reaches it is the one that would reach AWS."""
    fill(empty, sides.pool.id, 150)
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", empty.facts["urls"]["cognito"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = clients.amazon("cognito-idp", region="us-east-1", many_calls=True)
    asked = [page.asked_at for page in UserPool(client, sides.pool.id, Pace(20.0)).pages(sides.columns)]
    assert len(asked) == 3
    for one, next_one in itertools.pairwise(asked):
        assert (next_one - one).total_seconds() >= 0.045


def test_the_users_read_ahead_of_botocore_are_those_that_it_would_read(empty: Running, sides: Sides) -> None:
    fill(empty, sides.pool.id, 3)
    client, at = sides.pool.client, sides.pool.clock()
    its_own = client.list_users(UserPoolId=sides.pool.id, Limit=60)
    [page] = sides.pool.pages(sides.columns)
    assert page.confirmed == page_of(its_own, sides.columns, at).confirmed
    assert isinstance(its_own["Users"][0]["UserCreateDate"], datetime)
    # A date that is a number still: botocore does not read the users any more.
    assert isinstance(client.list_users(UserPoolId=sides.pool.id)["Users"][0]["UserCreateDate"], float)


def test_a_table_that_hasura_does_not_know_is_told(stack: Running) -> None:
    tables = stack.project.root / "metadata/databases/default/tables/tables.yaml"
    before = tables.read_text()
    try:
        tables.write_text("[]\n")
        stack.project.ok("metadata", "apply")
        said = stack.project.fails("users", "diff")
    finally:
        tables.write_text(before)
        stack.project.ok("metadata", "apply")
    assert "Hasura knows no table users." in said
    assert "run `hasura-cognito up`" in said


# The commands, run in this process.


def test_diff_shows_and_sync_repairs_what_no_trigger_tells(
    empty: Running, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, pool = empty.cognito, empty.facts["pool"]["id"]
    for page in api.get_paginator("list_users").paginate(UserPoolId=pool):
        for user in page["Users"]:
            api.admin_delete_user(UserPoolId=pool, Username=user["Username"])
    made, changed, deleted = (f"{kind}-{uuid.uuid4().hex}@example.com" for kind in ("made", "changed", "deleted"))
    subs = {email: create(empty, pool, email, email_verified="true") for email in (made, changed, deleted)}
    assert cli.ok("users", "sync").out == "Inserted 3 rows, corrected 0, for 3 users.\n"
    empty.as_admin(f'mutation {{ delete_users_by_pk(id: "{subs[made]}") {{ id }} }}')
    api.admin_update_user_attributes(
        UserPoolId=pool, Username=changed, UserAttributes=[{"Name": "email_verified", "Value": "false"}]
    )
    api.admin_delete_user(UserPoolId=pool, Username=deleted)

    said = cli.run("users", "diff", "--exit-code")
    assert said.code == 1
    assert said.out.splitlines() == [
        f'missing   {subs[made]}  "{made}"',
        f'changed   {subs[changed]}  "{changed}"  email_verified: true → false',
        f'orphaned  {subs[deleted]}  "{deleted}"',
        "1 missing, 1 changed, 1 orphaned among 2 users.",
    ]
    facts = cli.ok("users", "diff", "-o", "json").json
    assert [(each["kind"], each["id"]) for each in facts["differences"]] == [
        ("missing", subs[made]),
        ("changed", subs[changed]),
        ("orphaned", subs[deleted]),
    ]
    assert facts["differences"][1]["columns"] == {"email_verified": {"table": True, "pool": False}}
    assert (facts["users"], facts["orphaned"], facts["marked"]) == (2, 1, 0)

    assert "Would insert 1 row, correct 1" in cli.ok("users", "sync", "--dry-run").out
    assert len(empty.rows()) == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert "Rows without a user in the pool: 1." in cli.ok("users", "sync", "--delete").out
    assert empty.rows()[subs[deleted]]["deleted_at"] is None
    done = cli.ok("users", "sync", "--delete", "--yes", "-o", "json").json
    assert (done["inserted"], done["corrected"], done["orphaned"], done["marked"]) == (0, 0, 1, 1)
    assert empty.rows()[subs[deleted]]["deleted_at"] is not None
    nothing = cli.ok("users", "diff", "--exit-code").out
    assert nothing == "No difference among 2 users. Marked as deleted already: 1 row.\n"
    assert not list((empty.project.root / ".stack").glob("users-sync.sqlite*"))


def test_a_column_that_the_table_lacks_and_one_that_no_attribute_tells_are_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNC_COLUMNS", "id,username,email,phone_number")
    said = cli.fails("users", "sync")
    assert "The table users has no column phone_number" in said
    assert "ALTER TABLE users ADD COLUMN phone_number text" in said
    monkeypatch.setenv("SYNC_COLUMNS", "id,username,email,display_name")
    said = cli.ok("users", "diff").err
    assert "SYNC_COLUMNS: display_name is left alone: the user pool has no attribute of this name." in said


def test_two_repairs_at_once_are_refused(empty: Running, cli: Cli) -> None:
    with locked(empty.project.root / ".stack/users-sync.lock"):
        assert "Another hasura-cognito command is at work" in cli.fails("users", "sync")


def test_a_user_whom_the_table_does_not_take_is_named_and_fails_the_command(empty: Running, cli: Cli) -> None:
    email = f"{uuid.uuid4().hex}@example.com"
    sub = create(empty, empty.facts["pool"]["id"], email)
    with constraint(empty, f"email <> '{email}'"):
        said = cli.fails("users", "sync")
    assert f'{sub} "{email}": ' in said
    assert "violates check constraint" in said
    cli.ok("users", "sync")
    assert empty.rows()[sub]["email"] == email
