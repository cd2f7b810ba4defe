"""Many users in the pool of a running stack."""

from __future__ import annotations

import contextlib
import time
import uuid

from benchmarks.cognito.load import Target, client_of
from benchmarks.project import Project
from orchestrator.cognito.model import CONFIRMED, User
from orchestrator.cognito.store import pools, users
from orchestrator.cognito.store.database import open_database


def target_of(project: Project) -> Target:
    facts = project.status()
    return Target(facts["urls"]["cognito"], facts["pool"]["id"], facts["pool"]["client_id"])


def fill(project: Project, count: int) -> None:
    """Adds so many confirmed users, straight to the emulator's database: by the API it would take minutes."""
    pool_id, now = target_of(project).pool_id, time.time()
    database = open_database(project.root / ".stack" / "cognito.sqlite")
    with contextlib.closing(database), database.transaction():
        pool = pools.find(database, pool_id)
        if pool is None:
            raise SystemExit(f"There is no pool {pool_id}.")
        for number in range(count):
            sub = str(uuid.uuid4())
            attributes = {"email": f"user{number}@example.com", "email_verified": "true"}
            users.add(database, pool, User(pool_id, sub, sub, attributes, CONFIRMED, created_at=now, modified_at=now))


def listed_per_second(project: Project) -> float:
    """How many users boto3 lists in a second: what anyone's own script would begin with."""
    target = target_of(project)
    begin = time.perf_counter()
    pages = client_of(target).get_paginator("list_users").paginate(UserPoolId=target.pool_id)
    count = sum(len(page["Users"]) for page in pages)
    return count / (time.perf_counter() - begin)
