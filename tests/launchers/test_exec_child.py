from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrator.launchers import processes, run_file
from orchestrator.launchers.exec_child import CLONE_NEWUSER
from orchestrator.launchers.run_file import RunFile
from orchestrator.private_file import write_private

from .services import eventually

REPORT = (
    "import json, os, sys, pathlib;"
    "print(json.dumps({'uid': os.getuid(), 'pid': os.getpid(), 'environment': dict(os.environ), 'cwd': os.getcwd(),"
    " 'owners': [os.stat(path).st_uid for path in sys.argv[1:]],"
    " 'read': [pathlib.Path(path).read_text() for path in sys.argv[1:]]}))"
)

# Runs a program as root of a user namespace that has all users and allows no namespace below itself.
NO_NAMESPACES = f"""
import ctypes, os, pathlib, sys
ready, mapped = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None).unshare({CLONE_NEWUSER}) == 0
    os.write(ready[1], b"1")
    os.read(mapped[0], 1)
    os.setgid(0)
    os.setuid(0)
    pathlib.Path("/proc/sys/user/max_user_namespaces").write_text("0")
    os.execv(sys.argv[1], sys.argv[1:])
os.read(ready[0], 1)
for name in ("uid_map", "gid_map"):
    pathlib.Path(f"/proc/{{child}}/{{name}}").write_text("0 0 65536")
os.write(mapped[1], b"1")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


def run(folder: Path, argv: list[str], **fields: Any) -> subprocess.CompletedProcess[str]:
    path = folder / "web.run"
    write_private(path, RunFile(tuple(argv), **{"cwd": folder, **fields}).text())
    return subprocess.run(run_file.command(path), capture_output=True, text=True, timeout=60, check=False)


def report(folder: Path, *files: Path, **fields: Any) -> dict[str, Any]:
    answer = run(folder, [sys.executable, "-I", "-S", "-c", REPORT, *map(str, files)], **fields)
    assert answer.returncode == 0, answer.stderr
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def test_the_program_gets_its_environment_and_nothing_else(tmp_path: Path) -> None:
    told = report(tmp_path, env={"SECRET": "ü\n"})
    assert {name: value for name, value in told["environment"].items() if name != "LC_CTYPE"} == {"SECRET": "ü\n"}
    assert told["cwd"] == str(tmp_path)


def test_the_pid_file_names_the_program_itself(tmp_path: Path) -> None:
    pid_file = tmp_path / "web.pid"
    told = report(tmp_path, pid_file=pid_file, stop_signal="INT")
    pid, started, stop_signal = pid_file.read_text().split()
    assert (int(pid), stop_signal) == (told["pid"], "INT")
    assert float(started) > psutil.Process().create_time()


@pytest.mark.parametrize("argv", [["/nonexistent/program"], ["/"]])
def test_a_program_that_cannot_run_is_told_in_one_line(argv: list[str], tmp_path: Path) -> None:
    answer = run(tmp_path, argv)
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"{argv[0]}: ")
    assert answer.stderr.count("\n") == 1


def test_a_missing_folder_is_told_in_one_line(tmp_path: Path) -> None:
    answer = run(tmp_path, ["/bin/true"], cwd=tmp_path / "missing")
    assert answer.stderr == f"{tmp_path / 'missing'}: No such file or directory\n"


@on_linux
@pytest.mark.parametrize("unprivileged", [False, True])
def test_the_program_dies_with_its_parent(unprivileged: bool, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    path = tmp_path / "web.run"
    sleep = RunFile(("/bin/sleep", "600"), cwd=tmp_path, pid_file=pid_file, unprivileged=unprivileged)
    write_private(path, sleep.text())
    parent_code = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    with subprocess.Popen([sys.executable, "-c", parent_code, *run_file.command(path)]) as parent:
        assert eventually(lambda: _is_running(pid_file, "sleep"))
        orphan = processes.started_from(pid_file)
        assert orphan
        parent.kill()
    assert processes.wait_gone([orphan.process], 30) == []


def _is_running(pid_file: Path, name: str) -> bool:
    found = processes.started_from(pid_file)
    return found is not None and found.process.name() == name


def test_an_unprivileged_program_is_not_root_and_keeps_its_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    secret.chmod(0o600)
    tmp_path.chmod(0o700)
    told = report(tmp_path, secret, unprivileged=True, owned=(secret,))
    assert told["uid"] != 0
    assert (told["owners"], told["read"]) == ([told["uid"]], ["mine"])
    assert secret.stat().st_uid == os.geteuid()


# Anybody else has no root to drop.
if os.geteuid() == 0 and sys.platform == "linux":

    def test_where_namespaces_are_refused_root_is_dropped_with_setpriv(tmp_path: Path) -> None:
        tree = tmp_path / "tree"
        tree.mkdir()
        secret = tree / "secret"
        secret.write_text("mine")
        secret.chmod(0o600)
        tmp_path.chmod(0o700)
        path = tmp_path / "web.run"
        argv = (sys.executable, "-I", "-S", "-c", REPORT, str(secret))
        write_private(path, RunFile(argv, cwd=tmp_path, unprivileged=True, owned=(tree,)).text())
        answer = subprocess.run(
            [sys.executable, "-c", NO_NAMESPACES, *run_file.command(path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        told = json.loads(answer.stdout)
        assert told["read"] == ["mine"]
        assert told["uid"] == secret.stat().st_uid == tree.stat().st_uid != 0
        # And back again, where they are allowed.
        assert report(tmp_path, secret, unprivileged=True, owned=(tree,))["read"] == ["mine"]
        assert secret.stat().st_uid == 0
