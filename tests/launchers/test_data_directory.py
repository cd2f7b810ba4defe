from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import asyncpg
import psutil
import pytest

from orchestrator.errors import StackError
from orchestrator.launchers import data_directory, postgres_binaries, ready
from orchestrator.launchers.child import Children
from orchestrator.launchers.ports import free_ports
from orchestrator.launchers.processes import is_alive
from orchestrator.services.postgres import PostgresBinaries, major, postgres, url
from orchestrator.services.spec import DataDirectory, Spec

from .services import PASSWORD, bring_up, eventually, process


def wheel() -> PostgresBinaries:
    return postgres_binaries.find(None, search_path="", system_folders=())


@pytest.fixture
def server(tmp_path: Path, binaries: PostgresBinaries) -> Callable[..., Spec]:
    (port,) = free_ports(1)

    def describe(**changes: object) -> Spec:
        fields = {"binaries": binaries, "password": PASSWORD, "databases": ("app",), "user": "postgres"}
        at = {"state": tmp_path / "state", "host": "127.0.0.1", "port": port}
        return postgres(**{**fields, **at, **changes})  # type: ignore[arg-type]

    return describe


def address(spec: Spec, *, database: str = "app", user: str = "postgres", password: str = PASSWORD) -> str:
    port = spec.ports["POSTGRES_PORT"]
    return url(user=user, password=password, host="127.0.0.1", port=port, database=database)


def query(address: str, statement: str) -> object:
    return asyncio.run(_query(address, statement))


async def _query(address: str, statement: str) -> object:
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def files(path: Path) -> dict[Path, float]:
    return {each: each.stat().st_mtime for each in path.rglob("*")}


def test_a_directory_is_made_once_and_then_left_alone(data: DataDirectory, postgres_cache: Path) -> None:
    data_directory.prepare(data, cache=postgres_cache)
    before = files(data.path)
    data_directory.prepare(data, cache=postgres_cache)
    assert files(data.path) == before
    assert [entry.name for entry in data.path.parent.iterdir()] == ["postgres"]


def test_no_login_is_trusted(data: DataDirectory, postgres_cache: Path) -> None:
    data_directory.prepare(data, cache=postgres_cache)
    rules = [line.split() for line in (data.path / "pg_hba.conf").read_text().splitlines()]
    methods = {rule[-1] for rule in rules if rule and not rule[0].startswith("#")}
    assert methods == {"scram-sha-256"}


def test_the_password_is_required_and_a_wrong_one_refused(children: Children, server: Callable[..., Spec]) -> None:
    spec = server()
    bring_up(children, spec)
    assert query(address(spec), "SELECT current_user") == "postgres"
    for wrong in ("", "wrong", PASSWORD.upper()):
        with pytest.raises(asyncpg.InvalidPasswordError):
            query(address(spec, password=wrong), "SELECT 1")


def test_a_new_password_and_a_new_database_reach_an_old_directory(
    children: Children, server: Callable[..., Spec]
) -> None:
    spec = server()
    bring_up(children, spec)
    query(address(spec), "CREATE TABLE kept AS SELECT 1 AS one")
    spec = server(password="new", databases=("app", 'odd "name"'))
    bring_up(children, spec)
    assert query(address(spec, password="new"), "SELECT one FROM kept") == 1
    assert query(address(spec, password="new", database='odd "name"'), "SELECT 1") == 1
    with pytest.raises(asyncpg.InvalidPasswordError):
        query(address(spec), "SELECT 1")


def test_a_database_that_the_user_made_already_is_taken_as_it_is(
    children: Children, server: Callable[..., Spec]
) -> None:
    spec = server()
    bring_up(children, spec)
    query(address(spec), "CREATE DATABASE another")
    spec = server(databases=("app", "another"))
    bring_up(children, spec)
    assert query(address(spec, database="another"), "SELECT 1") == 1


def test_data_survives_a_killed_server_which_is_started_again(children: Children, server: Callable[..., Spec]) -> None:
    spec = server()
    bring_up(children, spec)
    query(address(spec), "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    first = process(children, "postgres")
    first.kill()
    assert eventually(lambda: children.states()["postgres"].pid not in (None, first.pid))
    assert eventually(lambda: ready.answers(spec.ready, seconds=5))
    assert query(address(spec), "SELECT count(*) FROM kept") == 1000


def test_data_survives_a_stop_of_everything(children: Children, server: Callable[..., Spec]) -> None:
    spec = server()
    bring_up(children, spec)
    query(address(spec), "CREATE TABLE kept AS SELECT 7 AS n")
    children.close()
    bring_up(children, spec)
    assert query(address(spec), "SELECT n FROM kept") == 7


def test_the_wheels_binaries_work(children: Children, server: Callable[..., Spec]) -> None:
    spec = server(binaries=wheel())
    bring_up(children, spec)
    version = query(address(spec), "SHOW server_version_num")
    assert int(str(version)) // 10000 == major(wheel().version) == 18


def test_the_server_listens_on_loopback_and_where_only_its_owner_may_enter(
    children: Children, server: Callable[..., Spec]
) -> None:
    with tempfile.TemporaryDirectory(prefix="hc-") as short:  # A socket's path has room for some hundred letters.
        spec = server(state=Path(short))
        bring_up(children, spec)
        data, listening = Path(short, "postgres"), process(children, "postgres").net_connections("all")
        may_enter = data.stat().st_mode & 0o077
        children.close()
    assert {each.laddr[:2] for each in listening if each.status == psutil.CONN_LISTEN} == {
        ("127.0.0.1", spec.ports["POSTGRES_PORT"])
    }
    sockets = [Path(each.laddr) for each in listening if each.family.name == "AF_UNIX" and each.laddr]
    assert ({socket.parent for socket in sockets}, may_enter) == ({data}, 0)


def test_the_log_keeps_errors_but_no_statements(children: Children, server: Callable[..., Spec]) -> None:
    spec = server()
    bring_up(children, spec)
    with pytest.raises(asyncpg.UndefinedObjectError):
        query(address(spec), "ALTER ROLE nobody_here PASSWORD 'shown-nowhere'")
    log = children.states()["postgres"].log
    assert eventually(lambda: "nobody_here" in log.read_text())
    assert "shown-nowhere" not in log.read_text()


def test_another_major_is_refused_with_both_named(data: DataDirectory, postgres_cache: Path) -> None:
    other = next(version for version in ("18.4", "15.18") if major(version) != major(data.version))
    data_directory.prepare(data, cache=postgres_cache)
    with pytest.raises(StackError) as raised:
        data_directory.prepare(replace(data, version=other), cache=postgres_cache)
    assert f"was made by PostgreSQL {major(data.version)}, but" in raised.value.message
    assert f"is PostgreSQL {major(other)}" in raised.value.message
    assert "reset" in raised.value.hint


def test_a_half_made_directory_is_made_anew(data: DataDirectory, postgres_cache: Path) -> None:
    (data.path / "base").mkdir(parents=True)
    (data.path / "postgresql.conf").touch()
    abandoned = data.path.parent / ".postgres-making-abandoned"
    abandoned.mkdir()
    data_directory.prepare(data, cache=postgres_cache)
    assert (data.path / "PG_VERSION").read_text().strip() == str(major(data.version))
    assert not abandoned.exists()


def test_files_of_somebody_else_are_not_deleted(data: DataDirectory, postgres_cache: Path) -> None:
    data.path.mkdir(parents=True)
    (data.path / "thesis.tex").touch()
    with pytest.raises(StackError, match=r"it holds thesis\.tex"):
        data_directory.prepare(data, cache=postgres_cache)
    assert (data.path / "thesis.tex").exists()


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 + 1, "not a pid"], ids=["reused", "dead", "damaged"])
def test_a_stale_lock_is_removed(pid: object, data: DataDirectory, postgres_cache: Path) -> None:
    data_directory.prepare(data, cache=postgres_cache)
    locks = [data.path / name for name in ("postmaster.pid", ".s.PGSQL.5433.lock")]
    for lock in locks:
        lock.write_text(f"{pid}\n{data.path}\n")
    data_directory.prepare(data, cache=postgres_cache)
    assert not [lock for lock in locks if lock.exists()]


def test_a_directory_in_use_is_refused(
    children: Children, server: Callable[..., Spec], data: DataDirectory, postgres_cache: Path
) -> None:
    bring_up(children, server())
    running = process(children, "postgres")
    with pytest.raises(StackError, match=rf"PostgreSQL \(pid {running.pid}\) already runs on"):
        data_directory.prepare(data, cache=postgres_cache)
    assert is_alive(running)


def test_a_full_disk_leaves_nothing_behind_but_an_error(data: DataDirectory, postgres_cache: Path) -> None:
    # A limit on the size of files fails writes as a full disk does, for this process alone.
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from orchestrator.errors import StackError\n"
        "from orchestrator.launchers import data_directory\n"
        "from orchestrator.services.spec import DataDirectory\n"
        "path, binaries, version, cache = sys.argv[1:]\n"
        "data = DataDirectory(Path(path), Path(binaries), version, 'postgres', 'x', ('app',))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))\n"
        "try:\n"
        "    data_directory.prepare(data, cache=Path(cache))\n"
        "except StackError as error:\n"
        "    print(error)\n"
    )
    arguments = [str(data.path), str(data.binaries), data.version, str(postgres_cache)]
    answer = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert f"Cannot write the PostgreSQL data directory {data.path}: File too large" in answer.stdout
    assert list(data.path.parent.iterdir()) == []
