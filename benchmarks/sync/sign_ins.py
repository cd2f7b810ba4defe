"""Sign-ins of many users at a time, each of which runs both triggers and writes the user's row."""

from __future__ import annotations

import asyncio
import csv
import threading
import time
from collections.abc import Callable

import asyncpg

from benchmarks.cognito.load import PASSWORD, Target, asking
from benchmarks.project import Project
from benchmarks.row import Row, at_least
from benchmarks.sync.users import target_of

AT_A_TIME = 50
USERS_EACH = 4
ROUNDS = 5
SYNCED = "SELECT count(*) FROM users WHERE last_sign_in_at IS NOT NULL"


def row(project: Project) -> Row:
    emails = [f"signs-in-{number}@example.com" for number in range(AT_A_TIME * USERS_EACH)]
    seed(project, emails)
    target = target_of(project)
    parts = [emails[start::AT_A_TIME] for start in range(AT_A_TIME)]
    seconds(target, parts, rounds=1)
    count = len(emails) * ROUNDS
    took = seconds(target, parts, rounds=ROUNDS)
    if (synced := asyncio.run(number(project, SYNCED))) != len(emails):
        raise SystemExit(f"{len(emails)} users have signed in, and {synced} rows say so.")
    return Row(f"sign-ins with sync, {AT_A_TIME} at a time", count / took, "sign-ins/s", at_least(150))


def seed(project: Project, emails: list[str]) -> None:
    file = project.root / "users.csv"
    with file.open("w", newline="") as text:
        rows = csv.writer(text)
        rows.writerow(("email", "email_verified", "password"))
        rows.writerows((email, "true", PASSWORD) for email in emails)
    project.run("users", "seed", str(file))


def signing_in(target: Target, email: str) -> Callable[[], None]:
    parameters = {"USERNAME": email, "PASSWORD": PASSWORD}
    request = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": target.client_id, "AuthParameters": parameters}
    return asking(target, "InitiateAuth", request)


def seconds(target: Target, parts: list[list[str]], *, rounds: int) -> float:
    """How long it takes until the users of all parts have signed in so many times, one part beside the other."""

    done: list[str] = []

    def work(emails: list[str]) -> None:
        sign_ins = {email: signing_in(target, email) for email in emails}
        for _ in range(rounds):
            for email, sign_in in sign_ins.items():
                sign_in()
                done.append(email)

    workers = [threading.Thread(target=work, args=(part,)) for part in parts]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if len(done) != rounds * sum(map(len, parts)):
        raise SystemExit(f"Only {len(done)} sign-ins succeeded.")
    return time.perf_counter() - begin


async def number(project: Project, query: str) -> int:
    connection = await asyncpg.connect(project.status()["urls"]["postgres"])
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()
