from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.launchers import daemon


def test_the_socket_is_in_the_run_folder() -> None:
    assert daemon.socket_path(Path("/home/me/app/.stack/run")) == Path("/home/me/app/.stack/run/supervisor.sock")


def test_a_socket_with_a_long_path_moves_to_a_short_folder_of_this_stack() -> None:
    long = Path("/home") / ("x" * 100)
    first, second = daemon.socket_path(long / "a" / "run"), daemon.socket_path(long / "b" / "run")
    assert first != second
    assert len(str(first)) < 104
    assert first == daemon.socket_path(long / "a" / "run")


def test_a_private_folder_shuts_others_out(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o777)
    daemon.make_private_folder(tmp_path / "open")
    assert (tmp_path / "open").stat().st_mode & 0o077 == 0


def test_a_link_laid_out_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(StackError, match="is not a folder of yours"):
        daemon.make_private_folder(tmp_path / "link")


def test_no_daemon_answers_nothing(tmp_path: Path) -> None:
    assert not daemon.answers(tmp_path)
    assert daemon.process(tmp_path) is None


def test_a_configuration_that_supervisord_rejects_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "supervisord.conf").write_text("[supervisord]\nloglevel=nonsense\n")
    with pytest.raises(StackError, match=r"supervisord did not start: .*nonsense"):
        daemon.start(tmp_path, {})
