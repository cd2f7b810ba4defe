"""The plugin as pytest runs it: reports of failing tests, options, what is wrong with a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.testing.own import data_folder


def left_behind(project: Path) -> list[Path]:
    """The folders of stacks of this project; those of other tests, which run meanwhile, are left out."""
    configurations = data_folder().glob("hasura-cognito-test-*/lambda.json")
    return [each.parent for each in configurations if str(project) in each.read_text()]


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
