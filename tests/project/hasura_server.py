"""A server on loopback with the admin commands that the project uses, over a real PostgreSQL database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import asyncpg
import orjson

SECRET = "an admin secret"
Answer = tuple[int, Any]


@dataclass
class HasuraServer:
    """Keeps the catalogue state and the metadata; `inconsistent` is what replace_metadata complains of."""

    database: str
    sources: tuple[str, ...] = ("default",)
    metadata: Any = None
    state: dict[str, Any] = field(default_factory=dict)
    inconsistent: Any = None
    commands: list[str] = field(default_factory=list)
    cut_after_sql: bool = False

    def __enter__(self) -> HasuraServer:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet an answer

            def do_POST(self) -> None:
                body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.headers.get("x-hasura-admin-secret") != SECRET:
                    return self.answer(
                        401, _error('invalid "x-hasura-admin-secret"/"x-hasura-access-key"', "access-denied")
                    )
                status, answer = owner.answer(body["type"], body["args"])
                if owner.cut_after_sql and body["type"] == "run_sql":
                    self.close_connection = True
                    return None
                return self.answer(status, answer)

            def answer(self, status: int, answer: Any) -> None:
                content = orjson.dumps(answer)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                """Nothing: the tests' own output is enough."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def answer(self, command: str, args: Mapping[str, Any]) -> Answer:
        self.commands.append(command)
        match command:
            case "get_catalog_state":
                return 200, {"cli_state": self.state}
            case "set_catalog_state":
                self.state = args["state"]
                return 200, {"message": "success"}
            case "export_metadata" if self.metadata is not None:
                return 200, self.metadata
            case "get_inconsistent_metadata":
                return 200, {"is_consistent": self.inconsistent is None, "inconsistent_objects": []}
            case "export_metadata":
                return 200, {"version": 3, "sources": [{"name": name} for name in self.sources]}
            case "pg_add_source":
                self.sources = (*self.sources, args["name"])
                return 200, {"message": "success"}
            case "replace_metadata" if self.inconsistent is not None:
                return 400, {
                    **_error("cannot continue due to inconsistent metadata", "unexpected"),
                    **self.inconsistent,
                }
            case "replace_metadata":
                self.metadata = args["metadata"]
                return 200, {"is_consistent": True, "inconsistent_objects": []}
            case _:
                return asyncio.run(_run_sql(self.database, args["sql"]))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the database behind the server."""

        async def rows() -> list[tuple[Any, ...]]:
            connection = await asyncpg.connect(self.database)
            try:
                return [tuple(row) for row in await connection.fetch(sql)]
            finally:
                await connection.close()

        return asyncio.run(rows())


async def _run_sql(database: str, sql: str) -> Answer:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(sql)
    except asyncpg.PostgresError as error:
        said = {
            "exec_status": "FatalError",
            "hint": error.hint,
            "message": error.message,
            "status_code": error.sqlstate,
            "description": error.detail,
        }
        internal = {"statement": sql, "prepared": False, "error": said, "arguments": []}
        return 400, {**_error("query execution failed", "postgres-error"), "internal": internal}
    finally:
        await connection.close()
    return 200, {"result_type": "CommandOk", "result": None}


def _error(message: str, code: str) -> dict[str, str]:
    return {"error": message, "path": "$", "code": code}
