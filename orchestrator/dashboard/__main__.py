"""The program: `python -m orchestrator.dashboard --config FILE`. It serves one page and knows no secret."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

SECONDS_OF_SILENCE = 30.0


@dataclass(frozen=True)
class Config:
    """Where the page is served, and what it is told: addresses and ids that any application may know."""

    host: str
    port: int
    path: str
    graphql_url: str
    cognito_url: str
    client_id: str
    sign_in_url: str
    sign_out_url: str
    claims_namespace: str
    console_url: str | None = None


@dataclass(frozen=True)
class Answer:
    content_type: str
    body: bytes


def read(path: Path) -> Config:
    """The configuration in a JSON file; raises ValueError that says what is wrong with it."""
    document = json.loads(path.read_text("utf-8"))
    known = {each.name for each in fields(Config)}
    if not isinstance(document, dict) or (unknown := sorted(document.keys() - known)):
        raise ValueError(f"{path}: unknown member {unknown[0]}" if isinstance(document, dict) else f"{path}: no object")
    try:
        return Config(**document)
    except TypeError as error:
        raise ValueError(f"{path}: {error}") from error


def answers(config: Config) -> Mapping[str, Answer]:
    """What is answered at each path."""
    assets = files(__package__) / "assets"
    told = {name: value for name, value in vars(config).items() if name not in ("host", "port", "path")}
    # `<` would end the script element that the page keeps this in.
    data = json.dumps(told).replace("<", "\\u003c")
    page = (assets / "callback.html").read_text("utf-8").replace("{{ config }}", data).encode()
    return {
        config.path: Answer("text/html; charset=utf-8", page),
        "/": Answer("text/html; charset=utf-8", page),
        "/_local/callback.js": Answer("text/javascript; charset=utf-8", (assets / "callback.js").read_bytes()),
        "/_local/callback.css": Answer("text/css; charset=utf-8", (assets / "callback.css").read_bytes()),
        "/_local/health": Answer("application/json", b'{"status":"ok"}'),
    }


def policy(config: Config) -> str:
    """The page's scripts are its own, and talk to Hasura and Cognito only."""
    origins = " ".join(sorted({_origin(config.graphql_url), _origin(config.cognito_url)}))
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src {origins}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # A body after its head would wait for the client's delayed ACK.
    timeout = SECONDS_OF_SILENCE

    def __init__(self, found: Mapping[str, Answer], csp: str, *arguments: object) -> None:
        self._found = found
        self._csp = csp
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        answer = self._found.get(urlsplit(self.path).path)
        status, answer = (200, answer) if answer else (404, Answer("text/plain", b"There is nothing here."))
        self.send_response(status)
        self.send_header("content-type", answer.content_type)
        self.send_header("content-length", str(len(answer.body)))
        self.send_header("content-security-policy", self._csp)
        self.send_header("cache-control", "no-store")
        self.send_header("referrer-policy", "no-referrer")
        self.send_header("x-content-type-options", "nosniff")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(answer.body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """An address may hold a code, so nothing is logged."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 after a clean stop, 1 (with one line on stderr) if it could not start."""
    parser = argparse.ArgumentParser(prog="python -m orchestrator.dashboard", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    try:
        config = read(parser.parse_args(arguments).config)
        server = ThreadingHTTPServer((config.host, config.port), partial(Handler, answers(config), policy(config)))
    except (OSError, ValueError) as error:
        print(f"callback: {error}", file=sys.stderr)  # noqa: T201
        return 1
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(0))
    with server:
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
