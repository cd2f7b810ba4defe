"""/logout: the end of the session in this browser, and where to go from there."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ..emulator import Emulator
from ..oauth import authorization
from ..oauth.authorization import NotRedirectable
from . import browser


def sign_out(emulator: Emulator, request: Request) -> Response:
    """To `logout_uri`, or to the sign-in page for another user. Raises NotRedirectable or Redirected."""
    response = browser.go(_target(emulator, request))
    browser.sign_out(emulator, request, response)
    browser.forget(response, browser.STEP)
    return response


def _target(emulator: Emulator, request: Request) -> str:
    given = request.query_params
    if not given.get("client_id"):
        raise NotRedirectable("invalid_request", "The parameter client_id is missing.")
    _, client = authorization.parties(emulator, given["client_id"])
    logout_uri = given.get("logout_uri")
    if logout_uri is None:
        return "/login?" + authorization.checked(emulator, given).query()
    if logout_uri not in client.logout_urls or len(given.getlist("logout_uri")) > 1:
        raise NotRedirectable(
            "redirect_mismatch",
            f"{logout_uri} is not among the logout URLs of the app client {client.id}.",
            "They are compared letter by letter. Allowed are: " + (", ".join(client.logout_urls) or "none") + ".",
        )
    return logout_uri
