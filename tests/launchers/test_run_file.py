from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.launchers import exec_child, run_file
from orchestrator.launchers.run_file import RunFile
from orchestrator.private_file import write_private
from orchestrator.services.spec import Child, DataDirectory, HttpReady, Spec


def test_a_service_is_run_as_described() -> None:
    data = DataDirectory(Path("/state/postgres"), Path("/pg/bin"), "15.18", "postgres", "x")
    run = Child(("/pg/bin/postgres",), cwd=Path("/state"), data=data, stop_signal="INT", unprivileged=True)
    spec = Spec("postgres", run, HttpReady("http://x/"), {}, {"LANG": "C", "A": "1"})
    assert run_file.of(spec, inherited={"LANG": "de", "PATH": "/bin"}, pid_file=Path("/p")) == RunFile(
        argv=("/pg/bin/postgres",),
        cwd=Path("/state"),
        env={"LANG": "C", "PATH": "/bin", "A": "1"},
        stop_signal="INT",
        unprivileged=True,
        owned=(Path("/state/postgres"),),
        pid_file=Path("/p"),
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    run = RunFile(("/bin/echo", "", "two\nlines", "\udcff"), cwd=tmp_path, env={"A": "b=c", "EMPTY": ""})
    write_private(tmp_path / "run", run.text())
    assert exec_child.read(str(tmp_path / "run")) == run.pairs()


def test_a_program_that_takes_too_long_is_ended() -> None:
    with pytest.raises(StackError, match=r"/bin/sleep did not come to an end within 0\.2 s"):
        run_file.run_unprivileged(["/bin/sleep", "600"], owned=[], seconds=0.2)
