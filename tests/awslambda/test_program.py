"""The program as a process: its configuration, its start, its end, and the functions of a configuration file."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import running, wait_until_gone, write_config


def function(folder: Path, source: str, **settings) -> dict:
    folder.mkdir()
    (folder / "app.py").write_text(source)
    return {"name": folder.name, "handler": "app.handler", "runtime": "python3.12", "code": str(folder), **settings}


def result(client, name, event=None):
    return json.load(client.invoke(FunctionName=name, Payload=json.dumps(event))["Payload"])


def run(config: Path, *arguments: str) -> subprocess.CompletedProcess:
    argv = [sys.executable, "-m", "orchestrator.awslambda", "--config", str(config), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"runtime": "nodejs22.x"}, "function f: the runtime 'nodejs22.x' cannot run locally"),
        ({"timeout": 0}, "function f: the timeout must be 1 to 900 seconds, not 0"),
        ({"handler": ""}, "function f: handler is missing"),
    ],
)
def test_a_bad_configuration_is_one_line_and_status_1(tmp_path, settings, message):
    config = write_config(tmp_path, function(tmp_path / "f", "", **settings))
    ended = run(config)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"awslambda: {config}: {message}")
    assert ended.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_one_line_and_status_1(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(write_config(tmp_path), "--port", str(port))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"awslambda: cannot listen on 127.0.0.1:{port}: ")
    assert ended.stderr.count("\n") == 1


def test_a_broken_function_stops_neither_the_emulator_nor_the_others(tmp_path):
    config = write_config(
        tmp_path,
        function(tmp_path / "broken", "import nothing_like_this"),
        function(tmp_path / "sound", "def handler(event, context): return 'sound'"),
        {"name": "missing", "handler": "app.handler", "runtime": "python3.12", "code": str(tmp_path / "nowhere")},
    )
    with running(config) as emulator:
        client = emulator.client
        assert result(client, "broken")["errorType"] == "Runtime.ImportModuleError"
        assert result(client, "missing")["errorType"] == "Runtime.ImportModuleError"
        assert "nowhere: No such file or directory" in result(client, "missing")["errorMessage"]
        assert result(client, "sound") == "sound"
        assert "No module named 'nothing_like_this'" in (emulator.logs / "broken.log").read_text()


def test_a_saved_change_serves_the_next_event(tmp_path):
    with running(write_config(tmp_path, function(tmp_path / "f", "def handler(event, context): return 1"))) as emulator:
        assert result(emulator.client, "f") == 1
        (tmp_path / "f" / "app.py").write_text("def handler(event, context): return 'changed'")
        assert result(emulator.client, "f") == "changed"
        assert not (tmp_path / "f" / "__pycache__").exists()


def test_the_log_is_readable_by_the_owner_only(tmp_path):
    with running(write_config(tmp_path, function(tmp_path / "f", "def handler(event, context): return 1"))) as emulator:
        result(emulator.client, "f")
        assert (emulator.logs / "f.log").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_workers_even_in_mid_event(tmp_path, number):
    os.mkfifo(tmp_path / "fifo")
    source = (
        "import os, time\n"
        "def handler(event, context):\n"
        "    open(event, 'w').write(str(os.getpid()))\n"
        "    time.sleep(60)"
    )
    config = write_config(tmp_path, function(tmp_path / "f", source, timeout=60))
    with running(config) as emulator:
        event = json.dumps(str(tmp_path / "fifo"))
        emulator.client.invoke(FunctionName="f", InvocationType="Event", Payload=event)
        worker = int((tmp_path / "fifo").read_text())
        emulator.process.send_signal(number)
        assert emulator.process.wait(10) == 0
        wait_until_gone(worker)


def test_who_waits_for_an_answer_when_it_ends_gets_an_error(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    source = "import time\ndef handler(event, context):\n    open(event, 'w').close()\n    time.sleep(60)"
    config = write_config(tmp_path, function(tmp_path / "f", source, timeout=60))
    with running(config) as emulator, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(result, emulator.client, "f", str(tmp_path / "fifo"))
        (tmp_path / "fifo").read_text()
        emulator.process.terminate()
        assert waiting.result()["errorType"] == "Runtime.ExitError"
        assert emulator.process.wait(10) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_workers_die_with_an_emulator_that_is_killed(tmp_path):
    source = "import os\ndef handler(event, context): return os.getpid()"
    with running(write_config(tmp_path, function(tmp_path / "f", source))) as emulator:
        worker = result(emulator.client, "f")
        emulator.process.kill()
        emulator.process.wait()
        wait_until_gone(worker)
