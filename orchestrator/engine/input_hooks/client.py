"""Asks the web services that check the input of mutations."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from orchestrator.engine.auth.auth_hook import KEPT_BACK
from orchestrator.engine.auth.session import Session
from orchestrator.engine.errors import unexpected, validation_failed
from orchestrator.engine.input_hooks.hooks import InputCheck, InputHook, resolved_headers, resolved_url
from orchestrator.engine.scalars import encode_json

logger = logging.getLogger(__name__)

PAYLOAD_VERSION: Final = 1


class InputHookClient:
    """One client for all hooks; close it at the end."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._client = httpx.AsyncClient()

    async def close(self) -> None:
        await self._client.aclose()

    async def check(
        self, checks: Sequence[InputCheck], session: Session, headers: Mapping[str, str], variables: Mapping[str, Any]
    ) -> None:
        """Asks each in turn; raises the first refusal."""
        for check in checks:
            body = encode_json(payload(check.input(variables), session), "$")
            refuse(await self._post(check.hook, headers, body.encode()))

    async def _post(self, hook: InputHook, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        forwarded = {name: value for name, value in headers.items() if name not in KEPT_BACK}
        sent = {
            **(forwarded if hook.forwards_headers else {}),
            "content-type": "application/json",
            **resolved_headers(hook, self._environ),
        }
        url = resolved_url(hook, self._environ)
        encoded = [(name.encode(), value.encode()) for name, value in sent.items()]
        try:
            return await self._client.post(url, content=body, headers=encoded, timeout=hook.timeout)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = f"{type(error).__name__}: {error}"
            logger.warning("The input validation webhook %s failed: %s", hook.url, reason)
            raise unexpected("http exception when validating input data", internal=reason) from error


def payload(rows: list[Any], session: Session) -> Any:
    return {
        "version": PAYLOAD_VERSION,
        "role": session.role,
        "session_variables": dict(session.variables),
        "data": {"input": rows},
    }


def refuse(answer: httpx.Response) -> None:
    """Raises unless the answer says that the input is valid."""
    if answer.is_success:
        return
    if answer.status_code != 400:
        reason = f"expecting 200 or 400 status code, but found {answer.status_code}"
        raise unexpected("internal error when validating input data", internal=reason)
    raise validation_failed(read_refusal(answer.content))


def read_refusal(body: bytes) -> str:
    """The `message` of a refusal, or words that it has none."""
    try:
        found = json.loads(body) if body.strip() else {"message": "input validation failed"}
    except (ValueError, RecursionError) as error:
        raise _invalid("not valid JSON") from error
    if not isinstance(found, dict) or not isinstance(found.get("message"), str):
        raise _invalid('expected an object with the text "message"')
    return str(found["message"])


def _invalid(reason: str) -> Exception:
    return unexpected("received invalid response from input validation webhook", internal=f"invalid response: {reason}")
