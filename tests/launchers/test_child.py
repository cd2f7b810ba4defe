from __future__ import annotations

import os
import re
import signal
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from orchestrator.errors import StackError
from orchestrator.launchers import daemon
from orchestrator.launchers.child import Children
from orchestrator.launchers.processes import is_alive
from orchestrator.services.spec import Child

from .services import all_gone, ask, bring_up, eventually, process, script, soon, web


def supervisor_of(state: Path) -> psutil.Process:
    found = daemon.process(state / "run")
    assert found
    return found


def test_a_service_runs_with_its_environment_and_little_else(tmp_path: Path) -> None:
    children = Children(tmp_path / "state", {"PATH": "/usr/bin", "HOME": "/root", "AWS_SECRET_ACCESS_KEY": "x"})
    service = web("web", tmp_path / "state", env={"GREETING": "hello"})
    try:
        bring_up(children, service)
        answer = ask(service)
    finally:
        children.close()
    assert answer["cwd"] == str(tmp_path)
    assert set(answer["environment"]) - {"LC_CTYPE"} == {"PATH", "HOME", "GREETING"}


def test_opening_starts_the_daemon_and_no_service(children: Children, tmp_path: Path) -> None:
    children.open([web("web", tmp_path / "state")])
    assert children.alive()
    assert children.states()["web"].state == "stopped"


def test_opening_again_leaves_running_services_alone(children: Children, tmp_path: Path) -> None:
    service = web("web", tmp_path / "state", env={"GREETING": "hello"})
    bring_up(children, service)
    before = (supervisor_of(tmp_path / "state").pid, process(children, "web").pid)
    another_terminal = Children(tmp_path / "state", {**os.environ, "PATH": "/elsewhere"})
    bring_up(another_terminal, service)
    assert (supervisor_of(tmp_path / "state").pid, process(children, "web").pid) == before


def test_a_changed_description_stops_that_service_only(children: Children, tmp_path: Path) -> None:
    first, second = web("first", tmp_path / "state", env={"A": "1"}), web("second", tmp_path / "state")
    bring_up(children, first, second)
    changed = replace(first, env={"A": "2"})
    children.open([changed, second])
    states = children.states()
    assert (states["first"].state, states["second"].state) == ("stopped", "running")
    bring_up(children, changed, second)
    assert ask(changed)["environment"]["A"] == "2"


def test_a_changed_file_stops_its_service(children: Children, tmp_path: Path) -> None:
    config = tmp_path / "state" / "web.json"
    service = web("web", tmp_path / "state", files={config: "{}"})
    bring_up(children, service)
    children.open([replace(service, run=replace(service.run, files={config: '{"new": 1}'}))])
    assert children.states()["web"].state == "stopped"
    assert config.read_text() == '{"new": 1}'


def test_services_come_and_go_with_the_description(children: Children, tmp_path: Path) -> None:
    old, kept, new = (web(name, tmp_path / "state") for name in ("old", "kept", "new"))
    bring_up(children, old, kept)
    old_process, kept_process = process(children, "old"), process(children, "kept")
    bring_up(children, kept, new)
    assert set(children.states()) == {"kept", "new"}
    assert not is_alive(old_process)
    assert is_alive(kept_process)


def test_a_crashed_service_is_started_again(children: Children, tmp_path: Path) -> None:
    service = web("web", tmp_path / "state")
    bring_up(children, service)
    first = process(children, "web")
    # A child that dies in its first second counts as one that cannot start, and is tried again later.
    first.kill()
    assert eventually(lambda: children.states()["web"].pid not in (None, first.pid))
    children.wait_ready(service, soon())
    assert ask(service)["pid"] != first.pid


def test_a_service_that_dies_at_once_is_reported_with_its_last_words(children: Children, tmp_path: Path) -> None:
    service = script("web", tmp_path / "state", "import sys; print('hello', flush=True); sys.exit('no such pool: X')")
    children.open([service])
    children.start(service)
    with pytest.raises(StackError) as raised:
        children.wait_ready(service, soon())
    # supervisord takes a child that lived for a second, on a busy machine, for one that was started.
    assert re.fullmatch(r"web ended (at once|with status 1): no such pool: X", raised.value.message)
    assert str(tmp_path / "state" / "logs" / "web.log") in raised.value.hint


def test_last_words_are_those_of_this_start(children: Children, tmp_path: Path) -> None:
    loud = script("web", tmp_path / "state", "raise SystemExit('the first end')")
    silent = script("web", tmp_path / "state", "raise SystemExit(3)")
    for service in (loud, silent):
        children.open([service])
        children.start(service)
        with pytest.raises(StackError) as raised:
            children.wait_ready(service, soon())
    assert re.fullmatch(r"web ended (at once|with status 3) without a word\.", raised.value.message)


def test_a_program_that_does_not_exist_is_named(children: Children, tmp_path: Path) -> None:
    service = script("web", tmp_path / "state", "")
    service = replace(service, run=Child(("/nonexistent/program",), cwd=tmp_path))
    children.open([service])
    children.start(service)
    with pytest.raises(StackError, match="/nonexistent/program: No such file"):
        children.wait_ready(service, soon())


def test_waiting_has_a_deadline(children: Children, tmp_path: Path) -> None:
    service = script("web", tmp_path / "state", "import time; print('warming up', flush=True); time.sleep(600)")
    children.open([service])
    children.start(service)
    assert eventually(lambda: (tmp_path / "state" / "logs" / "web.log").read_text() != "")
    with pytest.raises(StackError, match=r"web was not ready within \d+ s\. Its last words: warming up"):
        children.wait_ready(service, soon(0.2))


def test_an_answer_by_somebody_else_is_not_readiness(children: Children, tmp_path: Path) -> None:
    other = web("other", tmp_path / "state")
    twin = replace(other, name="twin")
    bring_up(children, other)
    children.open([other, twin])
    children.start(twin)
    assert eventually(lambda: children.states()["twin"].state == "restarting")

    def wait_until_it_has_ended() -> None:
        deadline = soon()
        while time.monotonic() < deadline:  # While it is being started once more, the other one answers.
            children.wait_ready(twin, deadline)

    with pytest.raises(StackError, match=r"twin ended (at once|with status 1): .*Address already in use"):
        wait_until_it_has_ended()


def test_secrets_show_neither_in_arguments_nor_in_readable_files(children: Children, tmp_path: Path) -> None:
    state = tmp_path / "state"
    secret = "do-not-show-me"
    service = web("web", state, env={"ADMIN_SECRET": secret}, files={state / "web.json": secret})
    bring_up(children, service)
    assert ask(service)["environment"]["ADMIN_SECRET"] == secret
    family = [supervisor_of(state), process(children, "web")]
    assert not any(secret in word for each in family for word in each.cmdline())
    assert secret not in supervisor_of(state).environ().values()
    files = [path for path in state.rglob("*") if path.is_file()]
    holders = {path for path in files if secret in path.read_text()}
    assert holders == {state / "run" / "web.run", state / "web.json"}
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in files)
    assert stat.S_IMODE((state / "run").stat().st_mode) == 0o700


def test_stopping_and_restarting_one_service(children: Children, tmp_path: Path) -> None:
    service = web("web", tmp_path / "state")
    bring_up(children, service)
    first = process(children, "web")
    children.restart("web")
    children.wait_ready(service, soon())
    second = process(children, "web")
    assert not is_alive(first)
    children.stop(service)
    assert not is_alive(second)
    assert children.states()["web"].state == "stopped"


def test_a_deaf_service_is_killed_after_its_time(children: Children, tmp_path: Path) -> None:
    service = web("web", tmp_path / "state", "deaf", stop_seconds=1)
    bring_up(children, service)
    deaf = process(children, "web")
    children.close()
    assert not is_alive(deaf)


def test_restarting_an_unknown_service_is_an_error(children: Children) -> None:
    with pytest.raises(StackError, match="runs a service 'web'"):
        children.restart("web")


def test_closing_ends_everything_and_twice_is_fine(children: Children, tmp_path: Path) -> None:
    bring_up(children, web("web", tmp_path / "state"))
    family = [supervisor_of(tmp_path / "state"), process(children, "web")]
    children.close()
    assert all_gone(family)
    assert list((tmp_path / "state" / "run").iterdir()) == []
    assert not children.alive()
    assert children.states() == {}
    children.close()


def test_closing_ends_what_a_service_left_behind(children: Children, tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-I', '-S', '-c', 'import time; time.sleep(600)'], "
        "start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)"
    )
    children.open([service := script("web", tmp_path / "state", code)])
    children.start(service)
    log = tmp_path / "state" / "logs" / "web.log"
    assert eventually(lambda: log.exists() and log.read_text().endswith("\n"))
    grandchild = psutil.Process(int(log.read_text()))
    children.close()
    assert not is_alive(grandchild)


def test_what_needs_others_stops_first(children: Children, tmp_path: Path) -> None:
    state = tmp_path / "state"
    base, top = web("base", state), web("top", state, needs=("base",))
    bring_up(children, base, top)
    children.close()
    log = (state / "logs" / "supervisord.log").read_text()
    assert log.index("stopped: top") < log.index("stopped: base")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_services_die_with_a_killed_daemon(children: Children, tmp_path: Path) -> None:
    bring_up(children, web("web", tmp_path / "state"))
    service = process(children, "web")
    supervisor_of(tmp_path / "state").kill()
    assert eventually(lambda: not is_alive(service))


def test_opening_recovers_after_everything_was_killed(children: Children, tmp_path: Path) -> None:
    state = tmp_path / "state"
    service = web("web", state)
    bring_up(children, service)
    family = [supervisor_of(state), process(children, "web")]
    for each in family:
        each.kill()
    assert eventually(lambda: all_gone(family))
    assert not children.alive()
    bring_up(children, service)
    assert ask(service)["pid"] != family[1].pid


def test_orphans_are_ended_before_a_new_start(children: Children, tmp_path: Path) -> None:
    # Deaf to the signal of its daemon's death, as every process is on macOS.
    state = tmp_path / "state"
    service = web("web", state, "deaf", stop_seconds=1)
    bring_up(children, service)
    orphan = process(children, "web")
    supervisor_of(state).kill()
    assert eventually(lambda: not children.alive())
    assert is_alive(orphan)
    bring_up(children, service)
    assert not is_alive(orphan)


def test_a_frozen_daemon_is_replaced(children: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "CALL_SECONDS", 2)
    service = web("web", tmp_path / "state")
    bring_up(children, service)
    frozen = supervisor_of(tmp_path / "state")
    frozen.send_signal(signal.SIGSTOP)
    bring_up(children, service)
    assert not is_alive(frozen)


def test_stale_files_and_reused_pids_are_harmless(children: Children, tmp_path: Path) -> None:
    run = tmp_path / "state" / "run"
    run.mkdir(parents=True)
    bystander = psutil.Process()
    (run / "supervisord.pid").write_text(f"{bystander.pid}\n")
    (run / "web.pid").write_text(f"{bystander.pid} {bystander.create_time() - 3600} TERM\n")
    (run / "cognito.pid").write_text("not a number")
    (run / "supervisor.sock").touch()
    service = web("web", tmp_path / "state")
    bring_up(children, service)
    assert is_alive(bystander)
    assert ask(service)["pid"] != bystander.pid


def test_two_stacks_run_side_by_side(children: Children, tmp_path: Path) -> None:
    other = Children(tmp_path / "other")
    mine, theirs = web("web", tmp_path / "state"), web("web", tmp_path / "other")
    try:
        bring_up(children, mine)
        bring_up(other, theirs)
        children.close()
        assert ask(theirs)["pid"] == process(other, "web").pid
    finally:
        other.close()


def test_odd_and_long_paths_work(tmp_path: Path) -> None:
    state = tmp_path / "it's #1 ; 100% (mine)" / ("long" * 20) / "state"
    children = Children(state)
    service = web("web", state)
    try:
        bring_up(children, service)
        socket = daemon.socket_path(state / "run")
        assert socket.is_socket()
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    finally:
        children.close()
    assert not socket.parent.exists()


def test_the_daemon_leaves_the_terminal(children: Children, tmp_path: Path) -> None:
    children.open([web("web", tmp_path / "state")])
    assert os.getsid(supervisor_of(tmp_path / "state").pid) != os.getsid(0)


def test_a_file_in_place_of_the_state_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StackError, match=r"Cannot write to .*state/\S+: Not a directory"):
        Children(tmp_path / "state").open([])
