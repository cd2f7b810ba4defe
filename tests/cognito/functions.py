"""A Lambda endpoint on loopback: a real HTTP server that plays the REST API's Invoke."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote

Function = Callable[[dict[str, Any]], Any]


class Functions:
    """Runs functions by name, and keeps the events they got, in order."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._functions: dict[str, Function] = {}
        self._statuses: list[int] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, name: str, function: Function) -> str:
        """The ARN of a function that is there from now on."""
        self._functions[name] = function
        return f"arn:aws:lambda:us-east-1:000000000000:function:{name}"

    def fail_next(self, *statuses: int) -> None:
        """The next calls are answered with these statuses, without a function being run."""
        self._statuses.extend(statuses)

    def sources(self) -> list[str]:
        return [event["triggerSource"] for event in self.events]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._statuses:
            return self._statuses.pop(0), {"x-amzn-errortype": "ServiceException"}, b"{}"
        name = unquote(path).removeprefix("/2015-03-31/functions/").removesuffix("/invocations").rpartition(":")[2]
        if name not in self._functions:
            return 404, {"x-amzn-errortype": "ResourceNotFoundException"}, b"{}"
        event = json.loads(body)
        self.events.append(event)
        try:
            return 200, {}, json.dumps(self._functions[name](event)).encode()
        except Exception as error:
            failure = {"errorMessage": str(error), "errorType": type(error).__name__}
            return 200, {"x-amz-function-error": "Unhandled"}, json.dumps(failure).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        functions = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # A body after its head would wait for the client's delayed ACK.

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers, answer = functions._answer(self.path, body)
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(answer))}.items():
                    self.send_header(name, value)
                # A caller that gave up has closed its end.
                with suppress(ConnectionError):
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def unchanged(event: dict[str, Any]) -> dict[str, Any]:
    return event


def answering(**response: Any) -> Function:
    """A function that sets members of the response."""
    return lambda event: {**event, "response": {**event["response"], **response}}


def raising(message: str) -> Function:
    def function(event: dict[str, Any]) -> Any:
        raise ValueError(message)

    return function
