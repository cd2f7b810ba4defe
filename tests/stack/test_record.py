"""The record and the secrets: kept for the owner only, damaged ones told, nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.settings import SECRETS
from orchestrator.stack import record as records
from orchestrator.stack.plan import Pool, Urls
from orchestrator.stack.record import Record
from tests.stack.test_plan import plan, spec

URLS = Urls("h", "g", "c", "p", "cog", "iss", "jwks", None, "l", None)
RECORD = Record(
    "embedded", "local", {"hasura": 8080}, URLS, Pool("us-east-1_A", "client", "us-east-1"), {"x": "y"}, "z"
)


def test_a_record_reads_as_it_was_written_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    records.write(path, RECORD)
    assert records.read(path) == RECORD
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_file_is_no_record(tmp_path: Path) -> None:
    assert records.read(tmp_path / "stack.json") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 99}', '{"version": 1}', '{"version": 1, "urls": 3}'])
def test_a_damaged_record_is_told_with_the_way_out(tmp_path: Path, text: str) -> None:
    path = tmp_path / "stack.json"
    path.write_text(text)
    with pytest.raises(StackError, match="reset"):
        records.read(path)


def test_a_fingerprint_changes_with_the_description_only() -> None:
    assert Record.of(plan(), "").fingerprints == Record.of(plan(), "").fingerprints
    hasura = spec(plan(), "hasura")
    assert records.fingerprint(hasura) != records.fingerprint(replace(hasura, env={**hasura.env, "A": "1"}))


def test_secrets_are_made_once_and_are_their_owners(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    made = records.make_secrets(path)
    assert set(made) == set(SECRETS)
    assert len(set(made.values())) == len(SECRETS)
    assert records.make_secrets(path) == made
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_secret_that_is_missing_is_added_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    path.write_text(f"{SECRETS[0]}=kept\n")
    made = records.make_secrets(path)
    assert made[SECRETS[0]] == "kept"
    assert records.make_secrets(path) == made


def test_a_second_command_is_told_who_holds_the_stack(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    take = (
        f"import pathlib; from orchestrator.stack.record import locked\nwith locked(pathlib.Path({str(path)!r})): pass"
    )
    with records.locked(path):
        second = subprocess.run([sys.executable, "-c", take], capture_output=True, text=True, check=False)
    assert f"Another hasura-cognito command is at work on this stack (pid {os.getpid()})" in second.stderr
    assert subprocess.run([sys.executable, "-c", take], check=False).returncode == 0
