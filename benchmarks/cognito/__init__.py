"""How fast users sign in and how much memory that takes, beside moto and cognito-local."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.cognito import load, peers
from benchmarks.cognito.emulator import fill, started
from benchmarks.row import Row, at_most, ratio_at_least, ratio_at_most

ROUNDS = 3
SECONDS_A_ROUND = 2.0
FEW_USERS, MANY_USERS = 10_000, 100_000
MANY_SIGN_INS = 50_000


def rows() -> Iterator[Row]:
    yield from throughput()
    with started() as (server, pool):
        yield Row("ready", server.ready_seconds, "s", at_most(0.4))
        yield Row("SRP sign-in, p50", load.srp_milliseconds(pool), "ms", at_most(25))
    yield from memory()
    yield from size()


def throughput() -> Iterator[Row]:
    """InitiateAuth with a password: rounds of all servers in turn, so that a busy moment hits them alike."""
    with started() as (_, ours), peers.moto() as moto, peers.cognito_local() as cognito_local:
        pools = {"this": ours, "moto": moto, "cognito-local": cognito_local}
        for threads in (1, 8):
            rates: dict[str, list[float]] = {name: [] for name in pools}
            for _ in range(ROUNDS):
                for name, pool in pools.items():
                    rates[name].append(load.sign_ins_per_second(pool, threads=threads, seconds=SECONDS_A_ROUND))
            middle = {name: sorted(found)[ROUNDS // 2] for name, found in rates.items()}
            mine = middle.pop("this")
            faster = max(middle, key=lambda name: middle[name])
            name = f"InitiateAuth, {threads} thread{'s' if threads > 1 else ''}"
            yield Row(name, mine, "requests/s", ratio_at_least(3), faster, middle[faster])


def memory() -> Iterator[Row]:
    with started(fill(FEW_USERS)) as (server, pool):
        load.sign_ins(pool, count=1000, threads=8)
        before = server.megabytes()
        yield Row(f"memory with {FEW_USERS:,} users", before, "MB", at_most(70))
        load.sign_ins(pool, count=MANY_SIGN_INS, threads=8)
        name = f"memory after {MANY_SIGN_INS:,} more sign-ins"
        yield Row(name, server.megabytes(), "MB", at_most(70), "before them", before)


def size() -> Iterator[Row]:
    """What many users change: a page of ListUsers, and a sign-in."""
    with started() as (_, few), started(fill(MANY_USERS)) as (_, many):
        page = load.list_users_milliseconds(many)
        yield Row(f"ListUsers, a page of 60 among {MANY_USERS:,} users, p50", page, "ms", at_most(10))
        milliseconds: dict[str, list[float]] = {"few": [], "many": []}
        for _ in range(ROUNDS):
            milliseconds["few"].append(load.sign_in_milliseconds(few))
            milliseconds["many"].append(load.sign_in_milliseconds(many))
        lone, crowded = (sorted(found)[ROUNDS // 2] for found in milliseconds.values())
        name = f"sign-in among {MANY_USERS:,} users, p50"
        yield Row(name, crowded, "ms", ratio_at_most(1.2), "one user", lone)
