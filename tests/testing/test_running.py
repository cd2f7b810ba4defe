"""Tests on the stack that the developer has running: its data stays, and it fails as far as it can be made to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.project import copy_parts
from orchestrator.stack import lifecycle
from orchestrator.stack.plan import Layout
from orchestrator.stack.status import status
from tests.tunnel.sshd import Sshd, make_keys, needs_sshd

OFF = ("-p", "no:asyncio", "-p", "no:cacheprovider", "--stack=running")


@pytest.fixture
def running(todos: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, value in (("STACK_BACKEND", "embedded"), ("STACK_PORTS", "free")):
        monkeypatch.setenv(name, value)
    lifecycle.up(Layout(todos), os.environ, lambda _: None, check=False)
    yield todos
    lifecycle.reset(Layout(todos), os.environ)


def test_only_what_the_tests_made_is_removed_and_other_settings_are_told(
    running: Path, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        """
        import pytest
        from orchestrator.testing import StackError

        def test_it(stack, sign_up, database, request):
            database.execute("INSERT INTO users VALUES ('a', 'developer@example.com') ON CONFLICT DO NOTHING")
            sign_up("ada@example.com")

        def test_left(stack, database):
            assert database.rows("SELECT email FROM users") == [{"email": "developer@example.com"}]
            assert list(stack.accounts.list()) == []

        def test_faults(faults, sign_up, graphql):
            with faults.hasura_down(), pytest.raises(StackError, match="Connection refused"):
                sign_up()
            slow = faults.slow("hasura", 0.01)
            sign_up()
            assert slow.applied == 1
            slow.undo()
            with faults.fail("user_sync"), pytest.raises(StackError, match="made_to_fail"):
                sign_up()
            with pytest.raises(StackError, match="Leave --stack=running out"):
                faults.duplicate("user_sync")
            with faults.kill("hasura"):
                pass
            assert graphql(role="moderator")("{ users { email } }")

        def test_put_back(faults, sign_up, stack):
            variables = stack.variables("hasura-cognito-user-sync")
            assert variables["HASURA_GRAPHQL_URL"] == stack.urls.graphql
            sign_up()

        def test_triggers(triggers):
            pass
        """
    )
    result = pytester.runpytest_inprocess(*OFF)
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["Only a session's own stack sees the trigger events*"])

    result = pytester.runpytest_inprocess(*OFF, "--stack-backend=docker")
    result.stdout.fnmatch_lines(["The stack of * runs on the backend embedded, not docker."])

    (running / ".env").write_text("HASURA_GRAPHQL_UNAUTHORIZED_ROLE=nobody\\n")
    result = pytester.runpytest_inprocess(*OFF)
    result.assert_outcomes(errors=5)
    result.stdout.fnmatch_lines(["*is not running as its settings say now: hasura.", "Run `hasura-cognito up`*"])


@needs_sshd
def test_a_tunnel_that_is_dropped_is_open_again_after_the_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> None:
    copy_parts(pytester.path)
    root = Layout(pytester.path)
    sshd = Sshd(tmp_path / "sshd", make_keys(tmp_path))
    for name, value in {"STACK_BACKEND": "embedded", "STACK_PORTS": "free", **sshd.environ}.items():
        monkeypatch.setenv(name, value)
    pytester.makepyfile(
        """
        def test_it(faults, stack):
            keeper = stack.children.states()["tunnel"].pid
            with faults.drop_tunnel():
                pass
            assert stack.children.states()["tunnel"].pid == keeper
            with faults.kill("gateway"):
                pass
            assert stack.children.states()["gateway"].state == "running"
        """
    )
    try:
        sshd.start()
        lifecycle.up(root, os.environ, lambda _: None, check=False)
        before = status(pytester.path)["services"]["tunnel"]["url"]
        pytester.runpytest_inprocess(*OFF).assert_outcomes(passed=1)
        after = status(pytester.path)["services"]["tunnel"]
    finally:
        lifecycle.reset(root, os.environ)
        sshd.stop()
    assert (after["state"], after["url"] != before) == ("running", True)
