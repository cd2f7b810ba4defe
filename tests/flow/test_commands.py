"""The commands that look at a running stack and use it."""

from __future__ import annotations

import json
import queue
import shlex
import signal
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.flow.conftest import Project, Running
from tests.processes import command_of

PASSWORD = "Correct-Horse-1"


@pytest.fixture
def project(stack: Running) -> Project:
    return stack.project


@pytest.fixture
def email(project: Project) -> str:
    name = f"{uuid.uuid4().hex}@example.com"
    project.ok("sign-up", name, stdin=f"{PASSWORD}\n")
    return name


def test_sign_in_prints_the_tokens_and_what_hasura_reads(stack: Running, project: Project, email: str) -> None:
    answer = json.loads(project.ok("sign-in", email, "-o", "json", stdin=f"{PASSWORD}\n"))
    assert answer["hasura"]["x-hasura-user-id"] == answer["sub"]
    assert stack.graphql("{ users { id } }", answer["id_token"]) == {"data": {"users": [{"id": answer["sub"]}]}}


def test_a_wrong_password_is_told_in_cognitos_words(project: Project, email: str) -> None:
    said = project.fails("sign-in", email, stdin="Wrong-Horse-1\n")
    assert "NotAuthorizedException: Incorrect username or password." in said


def test_sign_up_without_a_password_makes_one_and_prints_it(project: Project) -> None:
    name = f"{uuid.uuid4().hex}@example.com"
    made = json.loads(project.ok("sign-up", name, "-o", "json"))
    project.ok("sign-in", name, stdin=f"{made['password']}\n")


def test_a_weak_password_is_told_in_cognitos_words(project: Project) -> None:
    said = project.fails("sign-up", f"{uuid.uuid4().hex}@example.com", stdin="weak\n")
    assert "InvalidPasswordException: Password did not conform with policy" in said


def test_users_are_listed_shown_and_deleted(project: Project, email: str) -> None:
    assert email in project.ok("users", "list")
    assert json.loads(project.ok("users", "show", email, "-o", "json"))["attributes"]["email"] == email
    project.ok("users", "delete", email)
    assert "UserNotFoundException" in project.fails("users", "show", email)


def test_functions_are_listed_and_invoked_with_a_trigger_for_a_user(project: Project, email: str) -> None:
    names = [each["name"] for each in json.loads(project.ok("lambda", "list", "-o", "json"))]
    assert names == ["hasura-cognito-pre-token-generation", "hasura-cognito-user-sync"]
    result = json.loads(
        project.ok(
            *["lambda", "invoke", "user_sync", "-t", "PostAuthentication_Authentication", "-u", email, "-o", "json"]
        )
    )
    assert result["error"] is None
    assert result["payload"]["request"]["userAttributes"]["email"] == email
    assert "user synced" in result["log"]
    assert "user synced" in project.ok("lambda", "logs", "user-sync")


def test_an_unknown_function_and_an_unknown_trigger_are_told_with_the_near_one(project: Project, email: str) -> None:
    said = project.fails("lambda", "invoke", "user-sink", "-t", "PostAuthentication_Authentication", "-u", email)
    assert "There is no function user-sink." in said
    assert "Did you mean hasura-cognito-user-sync?" in said
    said = project.fails("lambda", "invoke", "user-sync", "-t", "PostAuthentification", "-u", email)
    assert "Did you mean PostAuthentication_Authentication?" in said


def test_the_console_opens_in_the_browser(project: Project) -> None:
    url = project.status()["urls"]["console"]
    assert httpx.get(url).headers["content-type"] == "text/html; charset=utf-8"
    assert project.ok("open", "console", BROWSER="true") == f"{url}\n"
    assert f"Open {url} yourself." in project.fails("open", "console", BROWSER="false")


def test_a_function_that_fails_is_exit_code_1_with_its_error(project: Project) -> None:
    done = project.run("lambda", "invoke", "pre-token-generation", "-e", "-", "-o", "json", stdin='{"not": "an event"}')
    assert done.code == 1
    assert json.loads(done.out)["payload"]["errorType"] == "KeyError"


def test_an_event_that_is_not_json_is_told(project: Project) -> None:
    assert "is not JSON" in project.fails("lambda", "invoke", "user-sync", "-e", "-", stdin="{")


def test_status_as_variables_can_be_loaded_by_a_shell(project: Project) -> None:
    lines = project.ok("status", "-o", "env").splitlines()
    variables = dict(shlex.split(line)[0].split("=", 1) for line in lines)
    facts = project.status()
    assert variables["HASURA_GRAPHQL_URL"] == facts["urls"]["graphql"]
    assert variables["COGNITO_CLIENT_ID"] == facts["pool"]["client_id"]
    assert variables["DATABASE_URL"] == facts["urls"]["postgres"]


def test_logs_of_one_service_are_its_lines_only(project: Project) -> None:
    assert "database system is ready to accept connections" in project.ok("logs", "postgres")
    assert "There is no log of pstgres" in project.fails("logs", "pstgres")


def test_verify_tells_each_step(project: Project) -> None:
    done = project.run("verify")
    assert done.code == 0
    assert done.err.count("✓") == 7
    assert "another user cannot read it" in done.err


def test_no_secret_is_in_a_log_or_in_a_process_list(stack: Running, project: Project, email: str) -> None:
    token = json.loads(project.ok("sign-in", email, "-o", "json", stdin=f"{PASSWORD}\n"))["id_token"]
    stack.graphql("{ users { id } }", token)
    password = stack.facts["urls"]["postgres"].split(":")[2].split("@")[0]
    commands = [command_of(process) for process in project.processes()]
    for secret in (stack.admin_secret, password, PASSWORD, token):
        assert secret not in project.logs()
        assert not [command for command in commands if secret in command]


def test_the_state_is_readable_by_its_owner_only(project: Project) -> None:
    state = project.root / ".stack"
    assert state.stat().st_mode & 0o077 == 0
    for name in ("secrets.env", "stack.json", "cognito.sqlite", "lambda.json", "cognito.json"):
        assert (state / name).stat().st_mode & 0o077 == 0, name


def test_the_hasura_commands_speak_to_the_running_stack(stack: Running) -> None:
    [migration] = json.loads(stack.project.ok("migrate", "status", "-o", "json"))
    assert (migration["name"], migration["database_status"]) == ("create_users", "Applied")
    assert stack.project.ok("metadata", "diff") == "No difference.\n"
    assert stack.project.ok("metadata", "export") == "Nothing to write: the files say the same.\n"
    assert stack.project.ok("metadata", "inconsistency", "status") == "The metadata is consistent.\n"


def test_up_goes_on_applying_what_changes_on_disk(shared: Project, stack: Running) -> None:
    with shared.start("up", "--no-verify", "--watch", PYTHONUNBUFFERED="1") as process:
        assert process.stderr
        lines: queue.Queue[str] = queue.Queue()
        reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stderr or ()])
        reader.start()
        try:
            until(lines, "Watching migrations, metadata")
            folder = shared.root / "migrations/default/1795000000000_notes"
            until(lines, "up.sql is empty: nothing is applied before it is written", lambda: write(folder, ""))
            until(lines, "1 applied", lambda: write(folder, "create table notes (id int);"))
            until(lines, "up.sql is applied already", lambda: write(folder, "create table more (id int);"))
        finally:
            process.send_signal(signal.SIGINT)
            try:
                code = process.wait(timeout=20)
            finally:
                process.kill()  # Else the test would wait for ever for one that heeds no Ctrl-C.
                reader.join()
    assert code == 0
    shared.ok("migrate", "delete", "--version", "1795000000000", "--server", "--yes")
    assert stack.facts["services"]["hasura"]["state"] == "running"


def write(folder: Path, sql: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "up.sql").write_text(sql)


def until(lines: queue.Queue[str], part: str, change: Callable[[], object] = lambda: None) -> None:
    """Waits for a line with `part`; `change` is made again as long as the watch may not have begun."""
    seen: list[str] = []
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        change()
        try:
            while part not in "".join(seen):
                seen.append(lines.get(timeout=4))
        except queue.Empty:
            continue
        return
    raise AssertionError(f"{part!r} is not in {seen}")
