"""The HTTP client for Hasura's admin APIs; what fails comes back as one StackError."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from orchestrator.errors import StackError
from orchestrator.project.http import http_client
from orchestrator.project.trust import SYSTEM, Trust


class HasuraError(StackError):
    """Hasura refused a request; `answer` is its JSON: `{"error", "path", "code"[, "internal"]}`."""

    def __init__(self, answer: Mapping[str, Any], hint: str = "") -> None:
        super().__init__(f"Hasura: {answer.get('error', 'refused the request')}", hint)
        self.answer = answer

    @property
    def internal(self) -> Any:
        return self.answer.get("internal")


@dataclass(frozen=True)
class Hasura:
    """One Hasura server, as its administrator.

    >>> with connect("http://127.0.0.1:8080", secret) as hasura:
    ...     hasura.metadata("export_metadata")
    {'version': 3, 'sources': []}
    """

    url: str
    client: httpx.Client

    def metadata(self, command: str, args: object = None, *, version: int | None = None) -> Any:
        """The answer of a command of `/v1/metadata`. Raises HasuraError when Hasura refuses it."""
        body: dict[str, object] = {"type": command, "args": {} if args is None else args}
        return self._post("/v1/metadata", body if version is None else {**body, "version": version})

    def run_sql(self, source: str, sql: str) -> list[list[str]] | None:
        """The rows (the first one names the columns) of SQL run in one transaction; None if it answers with none."""
        answer = self._post("/v2/query", {"type": "run_sql", "args": {"source": source, "sql": sql}})
        rows: list[list[str]] | None = answer.get("result")
        return rows

    def pg_dump(self, source: str, opts: Sequence[str]) -> str:
        """What pg_dump with these options says of a source, without what a migration has no use for."""
        body = {"opts": list(opts), "clean_output": True, "source": source}
        response = self._send("/v1alpha1/pg_dump", body)
        return response.text if response.is_success else str(_answer(response, self.url))

    def _post(self, path: str, body: object) -> Any:
        return _answer(self._send(path, body), self.url)

    def _send(self, path: str, body: object) -> httpx.Response:
        try:
            return self.client.post(path, json=body)
        except httpx.TimeoutException as error:
            raise StackError(
                f"Hasura at {self.url} gave no answer in time.", "See `hasura-cognito logs hasura`."
            ) from error
        except httpx.HTTPError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise StackError(
                    f"The certificate of Hasura at {self.url} is not trusted: {error}.",
                    "Name who signed it as certificate_authority in config.yaml, or set insecure_skip_tls_verify.",
                ) from error
            raise StackError(
                f"Hasura at {self.url} cannot be reached.", "Is it running? `hasura-cognito status`."
            ) from error


@contextmanager
def connect(url: str, admin_secret: str, *, seconds: float = 60, trust: Trust = SYSTEM) -> Iterator[Hasura]:
    """A client for the Hasura server at `url`; a request may take `seconds`."""
    headers = {"x-hasura-admin-secret": admin_secret} if admin_secret else {}
    with http_client(url, headers=headers, seconds=seconds, trust=trust) as client:
        yield Hasura(url, client)


def _answer(response: httpx.Response, url: str) -> Any:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if response.is_success and answer is not None:
        return answer
    if not isinstance(answer, Mapping):
        raise StackError(f"{url} answered {response.status_code} without JSON.", "Is this address Hasura's?")
    if response.status_code == 401 or answer.get("code") == "access-denied":
        raise HasuraError(answer, "The admin secret does not fit: see HASURA_GRAPHQL_ADMIN_SECRET.")
    raise HasuraError(answer)
