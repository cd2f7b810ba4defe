"""How Hasura fails on the wire, a sign-in that is stopped in mid-upsert, and whether a repair is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from orchestrator.testing import Database, Fault, Faults, SignIn, User
from tests.cli.conftest import Project as Cli
from tests.sync.conftest import RowOf, until

EMAIL = "ada@example.com"
# Longer than any test takes: undoing the fault ends it.
LONG = 50.0
ON_THE_WIRE: Mapping[str, Callable[[Faults], Fault]] = {
    "down": lambda faults: faults.hasura_down(),
    "failing once": lambda faults: faults.fail("hasura", times=1),
    "silent": lambda faults: faults.timeout("hasura"),
}


def in_mid_upsert(elsewhere: ThreadPoolExecutor, database: Database, sub: str, sign_in: SignIn) -> Future[User]:
    """A sign-in of which the upsert waits in PostgreSQL: another transaction has just inserted the same key."""
    database.execute("BEGIN")
    database.execute("INSERT INTO users (id, username) VALUES ($1, 'somebody')", sub)
    signing_in = elsewhere.submit(sign_in, EMAIL)
    until(lambda: database.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"))
    return signing_in


def repaired(cli: Cli, row: RowOf, sub: str, email: str = EMAIL) -> bool:
    """Whether `users sync` leaves nothing to do, and the row as the pool has the user."""
    cli.ok("users", "sync")
    cli.ok("users", "diff", "--exit-code")
    found = row(sub)
    return (found["username"], found["email"], found["email_verified"]) == (sub, email, True)
