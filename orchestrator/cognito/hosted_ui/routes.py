"""The paths of the hosted UI, each with what it shows and what it does with its form, in one table."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..emulator import Emulator
from ..oauth.authorization import NotRedirectable, Redirected
from ..oauth.errors import OAuthError
from ..service_model import ServiceModel
from . import browser, challenges, federation, passwords, provider, sign_in, sign_up
from .pages import page
from .sign_out import sign_out
from .visit import Visit, opened, submitted

Page = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

PAGES: dict[str, tuple[Page, Page | None]] = {
    "/oauth2/authorize": (sign_in.authorize, None),
    "/login": (sign_in.show, sign_in.submit),
    "/signup": (sign_up.show, sign_up.submit),
    "/confirmUser": (sign_up.show_confirmation, sign_up.confirm),
    "/confirm": (sign_up.show_confirmation, sign_up.confirm),
    "/resendcode": (sign_up.show_resend, sign_up.resend),
    "/forgotPassword": (passwords.show_forgotten, passwords.forgotten),
    "/confirmForgotPassword": (passwords.show_reset, passwords.reset),
    "/changePassword": (challenges.show, challenges.submit),
    "/mfa": (challenges.show, challenges.submit),
}

log = logging.getLogger("cognito")


def routes(emulator: Emulator, model: ServiceModel) -> list[Route]:
    async def logout(request: Request) -> Response:
        return sign_out(emulator, request)

    async def respond(request: Request) -> Response:
        return await federation.respond(emulator, model, request)

    async def play(request: Request) -> Response:
        return await (provider.submit if request.method == "POST" else provider.show)(emulator, request)

    pages = [
        Route(path, _answering(_page(emulator, model, show, submit)), methods=["GET", "POST"] if submit else ["GET"])
        for path, (show, submit) in PAGES.items()
    ]
    return [
        *pages,
        Route("/logout", _answering(logout)),
        Route("/oauth2/idpresponse", _answering(respond)),
        Route("/_local/providers/{name}", _answering(play), methods=["GET", "POST"]),
    ]


def _page(emulator: Emulator, model: ServiceModel, show: Page, submit: Page | None) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.method == "POST" and submit:
            return await submit(await submitted(emulator, model, request))
        return await show(opened(emulator, model, request))

    return endpoint


def _answering(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with what can't be followed told to the application or to the person."""

    async def answered(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except Redirected as redirected:
            response = browser.go(redirected.url)
        except NotRedirectable as refusal:
            response = page("error.html", status=400, refusal=refusal)
        except OAuthError as error:
            response = page("error.html", status=400, refusal=NotRedirectable(error.error, error.description))
        log.info("%s %s %s", request.method, request.url.path, response.status_code)
        return response

    return answered
