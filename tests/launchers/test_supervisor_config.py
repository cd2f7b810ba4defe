from __future__ import annotations

import configparser
from pathlib import Path

from orchestrator.launchers import supervisor_config
from orchestrator.services.spec import Child, HttpReady, Spec


def service(name: str, *needs: str, stop_signal: str = "TERM", stop_seconds: float = 10) -> Spec:
    run = Child(("/bin/true", "--password=x"), cwd=Path("/"), stop_signal=stop_signal, stop_seconds=stop_seconds)
    return Spec(name, run, HttpReady("http://127.0.0.1:1/"), {}, {"SECRET": "y"}, needs)


def program(specs: list[Spec], name: str) -> dict[str, str]:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parser.read_string(supervisor_config.text(specs, socket="s"))
    return dict(parser[f"program:{name}"])


def test_a_service_starts_after_what_it_needs() -> None:
    specs = [service("postgres"), service("cognito"), service("hasura", "postgres", "cognito"), service("x", "hasura")]
    assert supervisor_config.levels(specs) == {"postgres": 1, "cognito": 1, "hasura": 2, "x": 3}


def test_signals_and_times_come_from_the_description() -> None:
    told = program([service("postgres", stop_signal="INT", stop_seconds=2.5)], "postgres")
    assert (told["stopsignal"], told["stopwaitsecs"]) == ("INT", "3")


def test_logs_are_rotated_and_crashes_restarted() -> None:
    told = program([service("web")], "web")
    assert told["stdout_logfile"] == "../logs/web.log"
    assert (told["stdout_logfile_maxbytes"], told["stdout_logfile_backups"]) == ("5MB", "2")
    assert (told["autostart"], told["autorestart"]) == ("false", "true")


def test_neither_arguments_nor_environment_are_in_it() -> None:
    text = supervisor_config.text([service("web")], socket="s")
    assert "password" not in text
    assert "SECRET" not in text
