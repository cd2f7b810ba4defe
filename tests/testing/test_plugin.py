"""The plugin as pytest runs it: reports of failing tests, options, what is wrong with a project."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from orchestrator.testing.own import data_folder

pytestmark = pytest.mark.timeout(180)


def left_behind(project: Path) -> list[Path]:
    """The folders of stacks of this project; those of other tests, which run meanwhile, are left out."""
    configurations = data_folder().glob("hasura-cognito-test-*/lambda.json")
    found = []
    for each in configurations:
        with contextlib.suppress(FileNotFoundError):
            if str(project) in each.read_text():
                found.append(each.parent)
    return found


def test_a_failing_test_shows_its_trigger_events_lambda_logs_and_sql_and_no_other_tests(
    todos: Path, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        """
        def test_good(sign_up):
            sign_up("good@example.com")

        def test_bad(sign_up, database):
            sign_up("bad@example.com")
            assert database.value("SELECT count(*) FROM users WHERE email = $1", "bad@example.com") == 2
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=1)
    shown = result.stdout.str()
    triggers, logs, sql = (
        shown.split(f" {title} ")[1].split("\n---")[0] for title in ("Trigger events", "Lambda logs", "SQL")
    )
    assert "PostConfirmation_ConfirmSignUp → hasura-cognito-user-sync" in triggers
    assert '"email":"bad@example.com"' in triggers
    assert "hasura-cognito-user-sync | " in logs
    assert "bad@example.com is in the table" in logs
    assert 'INSERT INTO "public"."users"' in sql
    assert "SELECT count(*) FROM users WHERE email = $1\n    $1 = 'bad@example.com'" in sql
    assert "good@example.com" not in shown
    assert left_behind(todos) == []


def test_code_that_raises_at_import_is_told_by_cognito_and_by_its_log(todos: Path, pytester: pytest.Pytester) -> None:
    (todos / "lambdas/user_sync/app.py").write_text("import jsn\n")
    pytester.makepyfile("def test_it(user): pass")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*StackError: *UserLambdaValidationException: PostConfirmation failed with error *No module named 'jsn'*",
            "*PostConfirmation_ConfirmSignUp → hasura-cognito-user-sync*Unhandled",
            "*Runtime.ImportModuleError*",
        ]
    )


def test_a_migration_that_fails_is_told_without_a_traceback(todos: Path, pytester: pytest.Pytester) -> None:
    (todos / "migrations/default/1767225600000_create_todos/up.sql").write_text("CREATE TABLE users (id strange);")
    pytester.makepyfile("def test_it(user): pass")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(['*up.sql:1: type "strange" does not exist*'])
    assert "Traceback" not in result.stdout.str()
    assert "orchestrator/" not in result.stdout.str()
    assert left_behind(todos) == []


def test_two_sessions_at_once_have_a_stack_each_and_none_is_the_developers(
    todos: Path, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        """
        import os, pathlib, time

        def test_it(stack, sign_up, database):
            here, there = (pathlib.Path(os.environ[name]) for name in ("HERE", "THERE"))
            sign_up("ada@example.com")
            here.write_text(stack.urls.hasura)
            deadline = time.monotonic() + 40
            while not there.exists() or not there.read_text():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert there.read_text() != stack.urls.hasura
            assert database.value("SELECT count(*) FROM users") == 1
        """
    )
    files = (todos / "one", todos / "other")
    with contextlib.ExitStack() as stopped:
        sessions = [
            stopped.enter_context(session(todos, HERE=str(here), THERE=str(there)))
            for here, there in (files, files[::-1])
        ]
        for each in sessions:
            said, _ = each.communicate(timeout=50)
            assert each.returncode == 0, said
    assert not (todos / ".stack").exists()
    assert left_behind(todos) == []


def test_a_session_that_is_killed_leaves_no_stack_behind(todos: Path, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pathlib, time

        def test_it(stack):
            pathlib.Path("state").write_text(str(stack.layout.state))
            time.sleep(60)
        """
    )
    with session(todos) as killed:
        state = todos / "state"
        until(lambda: state.exists() and bool(state.read_text()))
        folder = Path(state.read_text())
        processes = of_stack(folder)
        assert len(processes) > 5
        killed.kill()
    until(lambda: not folder.exists())
    psutil.wait_procs(processes, timeout=10)
    assert of_stack(folder) == []


def session(project: Path, **environ: str) -> subprocess.Popen[str]:
    """pytest in the project's folder, running."""
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def of_stack(folder: Path) -> list[psutil.Process]:
    """The processes that work in the stack's folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_folder_that_is_no_project_is_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(stack): pass")
    result = pytester.runpytest_inprocess("-p", "no:asyncio", "--stack-project=nowhere")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*nowhere is no project: it has no config.yaml."])
    result = pytester.runpytest_inprocess("-p", "no:asyncio", "--rootdir=/", "-c", "/dev/null")
    result.stdout.fnmatch_lines(["No config.yaml found: *", "*--stack-project*"])


def test_the_projects_folder_can_be_configured(todos: Path, pytester: pytest.Pytester) -> None:
    pytester.makeini(f"[pytest]\nstack_project = {todos.name}")
    pytester.makepyfile(f"def test_it(stack_project): assert stack_project.name == {todos.name!r}")
    (todos / todos.name).mkdir()
    (todos / todos.name / "config.yaml").write_text("version: 3")
    pytester.runpytest_inprocess("-p", "no:asyncio").assert_outcomes(passed=1)


def test_a_stack_that_does_not_run_can_t_be_used(todos: Path, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(stack): pass")
    result = pytester.runpytest_inprocess("-p", "no:asyncio", "--stack=running")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["The stack of * is not running.", "Run `hasura-cognito up`."])


def test_the_package_is_there_without_pytest() -> None:
    program = "import sys; sys.modules['pytest'] = None; import orchestrator.testing, orchestrator.cli.main"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_session_without_a_stack_loads_next_to_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it():
            assert not {"httpx", "botocore", "asyncpg", "psutil", "yaml"} & set(sys.modules)
        """
    )
    pytester.runpytest_subprocess("-p", "no:asyncio", "-p", "no:xdist", "-p", "no:anyio").assert_outcomes(passed=1)
