from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.launchers import data_directory, data_template
from orchestrator.services.spec import DataDirectory


def test_an_unusable_cache_costs_time_only(data: DataDirectory, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    data_directory.prepare(data, cache=tmp_path / "file" / "cache")
    assert (data.path / "PG_VERSION").is_file()


def test_two_at_once_share_one_prepared_directory(data: DataDirectory, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    both = [replace(data, path=tmp_path / name / "postgres") for name in ("one", "two")]
    threads = [threading.Thread(target=data_directory.prepare, args=[each], kwargs={"cache": cache}) for each in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((each.path / "PG_VERSION").is_file() for each in both)
    assert len(list(cache.iterdir())) == 1


def test_the_cache_is_in_the_users_cache_folder() -> None:
    assert data_template.cache_folder({"HOME": "/home/me"}) == Path("/home/me/.cache/hasura-cognito")
    assert data_template.cache_folder({"HOME": "/home/me", "XDG_CACHE_HOME": "/c"}) == Path("/c/hasura-cognito")
    assert data_template.cache_folder({"HOME": "/home/me", "XDG_CACHE_HOME": "relative"}) == Path(
        "/home/me/.cache/hasura-cognito"
    )


def test_initdbs_own_words_are_told(data: DataDirectory, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "new"
    folder.mkdir()
    with pytest.raises(StackError, match=r"superuser name .* is disallowed"):
        data_template.copy_or_init(replace(data, superuser="pg_me"), folder, tmp_path / "file" / "cache")
