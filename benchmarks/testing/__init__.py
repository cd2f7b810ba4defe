"""The pytest plugin: how soon a session's stack is ready, and what a fresh database and a user cost a test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from benchmarks.row import Row, at_most, median_seconds
from orchestrator.testing.background import Background
from orchestrator.testing.own import own_stack
from orchestrator.testing.stack import Stack
from orchestrator.testing.users import Users

PROJECT = Path(__file__).parents[2] / "tests" / "examples" / "todos"
SESSIONS = 3
TESTS = 30
EMBEDDED = {"STACK_BACKEND": "embedded"}
NEW_LIST = 'mutation { insert_lists_one(object: {title: "A"}) { id todos { title } } }'
# It says how long it has waited for the stack, in seconds.
TEST = """
import sys, time

BEGAN = time.monotonic()

def test_it(stack):
    sys.stderr.write(f"waited {time.monotonic() - BEGAN}\\n")
"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as folder:
        Path(folder, "test_it.py").write_text(TEST)
        ready = sorted(ready_seconds(Path(folder)) for _ in range(SESSIONS))[SESSIONS // 2]
    yield Row("a session's stack is ready", ready, "s", at_most(2.5))
    background = Background()
    with own_stack(PROJECT, os.environ, background, settings=EMBEDDED) as stack:
        yield fresh_database(stack)
        yield whole_test(stack)
    background.close()


def ready_seconds(folder: Path) -> float:
    options = ["-s", "-q", "-p", "no:cacheprovider", f"--rootdir={folder}", f"--stack-project={PROJECT}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(folder)], capture_output=True, text=True, check=True
    )
    return float(done.stderr.split("waited ")[1].split()[0])


def fresh_database(stack: Stack) -> Row:
    """Beside what a test that wants a database of its own would pay, Hasura's new connections not counted."""
    users = Users(stack)

    def dirty() -> None:
        users.sign_in(users.sign_up()).graphql(NEW_LIST)

    mine = median_seconds(stack.put_back, times=TESTS, before=dirty)
    copy = stack.background.run(copy_seconds(stack.urls.postgres))
    return Row("a fresh database and pool", mine * 1000, "ms", at_most(30), "CREATE, DROP DATABASE", copy * 1000)


async def copy_seconds(url: str) -> float:
    base, _, name = url.rpartition("/")
    connection = await asyncpg.connect(f"{base}/postgres")
    durations = []
    try:
        for _ in range(TESTS):
            begin = time.perf_counter()
            await connection.execute(f"CREATE DATABASE a_copy TEMPLATE {name}_template STRATEGY file_copy")
            await connection.execute("DROP DATABASE a_copy")
            durations.append(time.perf_counter() - begin)
    finally:
        await connection.close()
    return sorted(durations)[TESTS // 2]


def whole_test(stack: Stack) -> Row:
    def test() -> None:
        stack.put_back()
        users = Users(stack)
        users.sign_in(users.sign_up()).graphql(NEW_LIST)
        users.remove()
        stack.put_back()

    seconds = median_seconds(test, times=TESTS)
    return Row("a test that signs up, signs in and asks, its fixtures included", seconds * 1000, "ms", at_most(120))
