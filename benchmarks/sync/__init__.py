"""How fast the users table is brought to what the pool says, and how fast users sign in while it is kept so."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.project import Project, fresh_project
from benchmarks.row import Row, at_least, at_most
from benchmarks.sync import sign_ins
from benchmarks.sync.command import measured
from benchmarks.sync.users import fill, listed_per_second

USERS = 100_000
PEER = "boto3's paginator alone"


def rows() -> Iterator[Row]:
    with fresh_project() as project:
        project.run("up", "--no-verify")
        yield sign_ins.row(project)
        fill(project, USERS)
        yield from repairs(project)


def repairs(project: Project) -> Iterator[Row]:
    """The whole command, from its start to its end: into a table without these users, and when nothing is to do."""
    alone = listed_per_second(project)
    for name, least in ((f"users sync of {USERS:,} users", 5_000), ("users sync that finds nothing to do", 10_000)):
        command = measured(project, "users", "sync")
        yield Row(name, USERS / command.seconds, "users/s", at_least(least), PEER, alone)
        yield Row(f"{name}, peak memory", command.megabytes, "MB", at_most(100))
