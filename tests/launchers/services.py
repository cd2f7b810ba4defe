"""Small real services, and a wait with a deadline."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from orchestrator.launchers.child import Children
from orchestrator.launchers.ports import free_ports
from orchestrator.launchers.processes import is_alive
from orchestrator.services.spec import Child, HttpReady, Spec

PASSWORD = 'it\'s\\ a "secret" with 100% ü\nand two lines'

# Answers with its environment; the words "crash" and "deaf" in its arguments change its ways.
WEB = """
import http.server, json, os, signal, sys
port, *ways = sys.argv[1:]
if "deaf" in ways:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"environment": dict(os.environ), "pid": os.getpid(), "cwd": os.getcwd()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(port)), Answer).serve_forever()
"""


def web(name: str, state: Path, *ways: str, **fields: Any) -> Spec:
    (port,) = free_ports(1)
    stop_seconds = fields.pop("stop_seconds", 10)
    files = fields.pop("files", {})
    argv = (sys.executable, "-I", "-S", "-c", WEB, str(port), *ways)
    return Spec(
        name=name,
        run=Child(argv, cwd=state.parent, stop_seconds=stop_seconds, files=files),
        ready=HttpReady(f"http://127.0.0.1:{port}/"),
        ports={"PORT": port},
        **fields,
    )


def script(name: str, state: Path, code: str, **fields: Any) -> Spec:
    """A service that runs this Python, and never answers."""
    (port,) = free_ports(1)
    argv = (sys.executable, "-I", "-S", "-c", code)
    run = Child(argv, cwd=state.parent)
    return Spec(name=name, run=run, ready=HttpReady(f"http://127.0.0.1:{port}/"), ports={"PORT": port}, **fields)


def ask(spec: Spec) -> dict[str, Any]:
    assert isinstance(spec.ready, HttpReady)
    with urllib.request.urlopen(spec.ready.url, timeout=10) as answer:
        result: dict[str, Any] = json.load(answer)
        return result


def bring_up(children: Children, *specs: Spec) -> None:
    children.open(specs)
    for spec in specs:
        children.start(spec)
    for spec in specs:
        children.wait_ready(spec, soon())


def soon(seconds: float = 30) -> float:
    return time.monotonic() + seconds


def eventually(holds: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether it comes to hold within that time."""
    deadline = soon(seconds)
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def process(children: Children, name: str) -> psutil.Process:
    pid = children.states()[name].pid
    assert pid
    return psutil.Process(pid)


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(map(is_alive, processes))
