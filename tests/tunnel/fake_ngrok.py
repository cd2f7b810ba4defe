"""An ngrok to install for a test: it speaks as the agent does, to pyngrok and in its log, and forwards for real.

Only ngrok's service is played: the public URL is a port of this machine. The program does what `scenario.json` beside
it says, and leaves there how it was called.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.tunnel.forwarding import forward

TOKEN = "2abcdefghijklmnopqrstuvwxyz_0123456789ABCDEFGHIJK"


class FakeNgrok:
    """`program` is the agent; `scenario` says what the next one does, `calls` how agents were started, oldest first."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.program = folder / "ngrok"
        root = Path(__file__).parents[2]
        self.program.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(root)!r})\n"
            f"from tests.tunnel.fake_ngrok import main\nmain({str(folder)!r}, sys.argv[1:])\n"
        )
        self.program.chmod(0o755)
        self.scenario()

    def scenario(self, *, log: str = "", refuse: str = "", silent: bool = False) -> None:
        """`log`: it ends with this error in its log. `refuse`: its API gives no endpoint. `silent`: it says nothing."""
        text = json.dumps({"log": log, "refuse": refuse, "silent": silent})
        (self.folder / "scenario.json").write_text(text)

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("call-*"))]


def main(where: str, argv: list[str]) -> None:
    folder = Path(where)
    scenario = json.loads((folder / "scenario.json").read_text())
    config = json.loads(Path(argv[argv.index("--config") + 1]).read_text())
    api = Api(scenario["refuse"])
    call = {"argv": argv, "env": dict(os.environ), "config": config, "pid": os.getpid(), "api": api.server_port}
    part = folder / f".call-{os.getpid()}"
    part.write_text(json.dumps(call))
    part.replace(folder / f"call-{time.time_ns()}")
    if scenario["silent"]:
        threading.Event().wait()
    log("info", "starting web service", obj="web", addr=f"127.0.0.1:{api.server_port}")
    if scenario["log"]:
        log("eror", "failed to reconnect session", obj="tunnels.session", err=scenario["log"])
        sys.exit(1)
    log("info", "tunnel session started", obj="tunnels.session")
    log("info", "client session established", obj="tunnels.session", id=uuid.uuid4().hex)
    api.serve_forever(0.01)


def log(level: str, message: str, **more: str) -> None:
    words = "".join(f" {name}={json.dumps(value)}" for name, value in more.items())
    print(f't=2026-01-01T00:00:00+0000 lvl={level} msg="{message}"{words}', flush=True)  # noqa: T201


class Api(ThreadingHTTPServer):
    """The API of the agent; `POST /move` is the test's word for: your service gives you another URL now."""

    daemon_threads = True

    def __init__(self, refuse: str) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.refuse = refuse
        self.endpoints: dict[str, dict[str, Any]] = {}


class Request(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        self.answer(200, {"endpoints": list(self.server.endpoints.values())})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"] or 0)) or "{}")
        endpoints = self.server.endpoints
        if self.path == "/move":
            for endpoint in endpoints.values():
                endpoint["url"] = forward(endpoint["upstream"]["url"])
            self.answer(200, {})
        elif self.path == "/close":
            endpoints.clear()
            self.answer(200, {})
        elif self.server.refuse:
            details = {"err": f"failed to start endpoint: {self.server.refuse}"}
            self.answer(502, {"error_code": 103, "status_code": 502, "msg": "failed to start", "details": details})
        else:
            endpoints[body["name"]] = {**body, "asked": body, "url": forward(body["upstream"]["url"])}
            self.answer(201, endpoints[body["name"]])

    def answer(self, status: int, document: object) -> None:
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        pass
