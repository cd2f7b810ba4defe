"""Reading a posted form: small, and each name once."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from .errors import OAuthError

LARGEST = 64 * 1024
FORM = "application/x-www-form-urlencoded"


async def form_of(request: Request) -> dict[str, str]:
    """The names and values of a form; raises OAuthError for what is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthError("invalid_request", f"The content type must be {FORM}.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise OAuthError("invalid_request", f"The form is larger than {LARGEST} bytes.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise OAuthError("invalid_request", "The form can't be read.") from error
    form = dict(pairs)
    if len(form) < len(pairs):
        raise OAuthError("invalid_request", "The form has a name twice.")
    return form
