from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.services.postgres import PostgresBinaries, major, postgres, socket_folder, url
from orchestrator.services.spec import Child, DataDirectory, PostgresReady, Spec


def describe(version: str = "15.18", host: str = "127.0.0.1", state: Path = Path("/app/.stack")) -> Spec:
    return postgres(
        PostgresBinaries(Path("/pg/bin"), version, "system"),
        state=state,
        host=host,
        port=5433,
        user="postgres",
        password="se/cret",
        databases=("app",),
    )


def settings(spec: Spec) -> dict[str, str]:
    words = spec.run.argv
    pairs = [words[index + 1] for index, word in enumerate(words) if word == "-c"]
    return dict(pair.split("=", 1) for pair in pairs)


def test_the_server_runs_on_its_data_and_stops_fast() -> None:
    spec = describe()
    assert spec.run.argv[:3] == ("/pg/bin/postgres", "-D", "/app/.stack/postgres")
    assert isinstance(spec.run, Child)
    assert (spec.run.stop_signal, spec.run.unprivileged) == ("INT", True)
    assert spec.run.data == DataDirectory(
        Path("/app/.stack/postgres"), Path("/pg/bin"), "15.18", "postgres", "se/cret", ("app",)
    )
    assert spec.ports == {"POSTGRES_PORT": 5433}


def test_it_listens_on_one_address_and_in_its_data_directory() -> None:
    told = settings(describe())
    assert (told["listen_addresses"], told["port"]) == ("127.0.0.1", "5433")
    assert told["unix_socket_directories"] == '"/app/.stack/postgres"'


@pytest.mark.parametrize("folder", ["deep/" * 20, "a,b", 'a"b'], ids=["too long", "a list", "a quote"])
def test_a_socket_that_no_url_can_name_is_not_made(folder: str) -> None:
    state = Path("/app", folder)
    assert settings(describe(state=state))["unix_socket_directories"] == ""
    assert socket_folder(state, 5433) is None


def test_commits_are_acknowledged_in_order_and_not_synced() -> None:
    told = settings(describe())
    assert (told["fsync"], told["full_page_writes"], told["synchronous_commit"]) == ("off", "off", "on")


def test_the_password_is_in_the_readiness_url_only() -> None:
    spec = describe()
    assert spec.ready == PostgresReady("postgresql://postgres:se%2Fcret@127.0.0.1:5433/postgres")
    assert not [word for word in spec.run.argv if "cret" in word]
    assert "cret" not in repr(spec)


def test_settings_of_newer_versions_are_left_out_before() -> None:
    assert "io_method" not in settings(describe("17.6"))
    assert settings(describe("18.4"))["io_method"] == "sync"


@pytest.mark.parametrize(
    ("version", "number"), [("15.18", 15), ("18", 18), ("19beta1", 19), ("18rc2", 18), ("20devel", 20)]
)
def test_major(version: str, number: int) -> None:
    assert major(version) == number


def test_an_ipv6_address_is_bracketed() -> None:
    assert url(user="u", password="p", host="::1", port=1, database="d") == "postgresql://u:p@[::1]:1/d"
