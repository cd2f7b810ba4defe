"""AWS's query protocol on loopback: forms in, XML out, both by botocore's own model of the service."""

from __future__ import annotations

import contextlib
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from moto.core.parse import QueryParser
from moto.core.serialize import QuerySerializer
from moto.core.utils import get_service_model

Operation = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Refused(Exception):
    """An error of the service: its code, and its words."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message)
        self.code, self.message, self.status = code, message, status


@dataclass
class Service:
    """Answers with what `operation` gives, but for those calls of it that have a refusal: the first, the second, …"""

    operation: Callable[[str], Operation]
    refusals: dict[str, list[Refused | None]] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, action: str, form: Mapping[str, str]) -> tuple[int, str]:
        model = MODEL.operation_model(action)
        self.called.append(action)
        try:
            if self.refusals.get(action) and (refused := self.refusals[action].pop(0)):
                raise refused
            given = QueryParser(model).parse({"values": dict(form)})
            return 200, str(QuerySerializer(model).serialize(self.operation(action)(given))["body"])
        except Exception as error:
            refused = error if isinstance(error, Refused) else Refused("InternalFailure", traceback.format_exc(), 500)
            inside = f"<Type>Sender</Type><Code>{refused.code}</Code><Message>{escape(refused.message)}</Message>"
            return refused.status, f"<ErrorResponse><Error>{inside}</Error></ErrorResponse>"


MODEL = get_service_model("cloudformation")


@contextlib.contextmanager
def serving(service: Service) -> Iterator[Service]:
    """The service at its `url`, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # A body after its head would wait for the client's delayed ACK.

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            form = dict(parse_qsl(text, keep_blank_values=True))
            status, body = service.answer(form["Action"], form)
            self.send_response(status)
            self.send_header("content-type", "text/xml")
            self.send_header("content-length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        service.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
