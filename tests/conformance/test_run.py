"""What `make conformance` says and passes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("run.py")


def conformance(kit: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"CONFORMANCE_DIR": str(kit)}
    return subprocess.run([sys.executable, PROGRAM, *arguments], env=environ, capture_output=True, text=True)


def test_an_absent_kit_is_a_failure_that_says_where_it_was_looked_for(tmp_path: Path) -> None:
    done = conformance(tmp_path)
    assert done.returncode == 1
    assert f"{tmp_path} has no run.py" in done.stderr
    assert "CONFORMANCE_DIR" in done.stderr


KIT = """
import argparse, subprocess, psycopg
parser = argparse.ArgumentParser()
parser.add_argument("--engine")
parser.add_argument("--pg-url")
parser.add_argument("-k")
given = parser.parse_args()
with psycopg.connect(given.pg_url) as connection:
    print(connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()[0])
print(subprocess.run([given.engine, "serve", "--server-port", "none"], capture_output=True, text=True).stderr)
print(given.k, "passed")
raise SystemExit(7)
"""


def test_the_kit_gets_a_superuser_the_engine_and_the_arguments_and_its_status_is_passed_on(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(KIT)
    done = conformance(tmp_path, "-k", "some")
    assert done.stdout.startswith("True\ngraphql-engine: "), done.stdout + done.stderr
    assert done.stdout.endswith("some passed\n")
    assert done.returncode == 7
