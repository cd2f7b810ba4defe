"""What a request transform makes of a webhook's request, as Hasura's `test_webhook_transform` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from orchestrator.engine.transform.kriti import Scope, render, render_text


@dataclass(frozen=True)
class JsonBody:
    """A body that a template gives."""

    template: str


@dataclass(frozen=True)
class FormBody:
    """A body of fields, each a template of text."""

    fields: Mapping[str, str]


@dataclass(frozen=True)
class NoBody:
    pass


Body = JsonBody | FormBody | NoBody | None


@dataclass(frozen=True)
class Transform:
    """Templates of what to change; None and nothing leave the request's own."""

    url: str | None = None
    method: str | None = None
    query: Mapping[str, str] | str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = None


@dataclass(frozen=True)
class Request:
    url: str
    method: str
    headers: tuple[tuple[str, str], ...]
    body: Any

    def as_json(self) -> dict[str, Any]:
        headers = [list(header) for header in self.headers]
        return {"webhook_url": self.url, "method": self.method, "headers": headers, "body": self.body}


def transformed(transform: Transform, *, url: str, body: Any, session_variables: Mapping[str, Any]) -> Request:
    """The request after the transform; raises KritiError for a template that does not read or evaluate."""
    values: Scope = {"$body": body, "$base_url": url, "$session_variables": session_variables}
    target = render_text(transform.url, values) if transform.url else url
    query = _query(transform.query, values)
    return Request(
        target + (("&" if "?" in target else "?") + query if query else ""),
        transform.method or "POST",
        tuple((name.lower(), render_text(text, values)) for name, text in sorted(transform.headers.items())),
        transformed_body(transform.body, values),
    )


def transformed_body(body: Body, values: Scope) -> Any:
    """The body after the transform: JSON or, of a form, text."""
    if isinstance(body, NoBody):
        return ""
    if isinstance(body, FormBody):
        return _form(body.fields, values)
    return render(body.template, values) if body else values["$body"]


def _query(query: Mapping[str, str] | str, values: Scope) -> str:
    return render_text(query, values) if isinstance(query, str) else _form(query, values)


def _form(fields: Mapping[str, str], values: Scope) -> str:
    pairs = ((name, render_text(text, values)) for name, text in sorted(fields.items()))
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
