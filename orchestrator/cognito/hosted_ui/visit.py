"""One request to a page: for which application, in which browser, with which form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from ..auth.attempt import Attempt, Terms
from ..auth.clients import secret_hash
from ..emulator import Emulator
from ..model import Client, IdentityProvider, Json, Pool
from ..oauth import authorization
from ..oauth.authorization import Authorization, NotRedirectable
from ..oauth.forms import form_of
from ..oauth.grants import SOURCE
from ..operations import run
from ..service_model import ServiceModel
from ..store import customizations, providers
from . import browser
from .browser import Step
from .pages import page
from .problems import Problem

# What people sign in with, by the pool's UsernameAttributes.
NAME_LABELS: Mapping[tuple[str, ...], str] = {
    ("email",): "Email",
    ("phone_number",): "Phone number",
    ("email", "phone_number"): "Email or phone number",
}
NAME_TYPES: Mapping[tuple[str, ...], str] = {("email",): "email", ("phone_number",): "tel"}


@dataclass(frozen=True)
class Visit:
    emulator: Emulator
    model: ServiceModel
    request: Request = field(repr=False)
    asked: Authorization
    pool: Pool
    client: Client
    step: Step | None
    form: Mapping[str, str] = field(default_factory=dict, repr=False)

    def url(self, path: str) -> str:
        """A page for the same application."""
        return f"{path}?{self.asked.query()}"

    def given(self, name: str) -> str:
        """A value of the form, without the blanks around it."""
        return self.form.get(name, "").strip()

    def show(self, template: str, problem: Problem | None = None, **values: Any) -> Response:
        csrf = browser.csrf_token(self.emulator, self.request)
        response = page(
            template,
            status=400 if problem else 200,
            scheme=self.asked.redirect_uri.partition(":")[0] + ":",
            css=customizations.css(self.emulator.database, self.pool.id, self.client.id),
            logo=customizations.logo(self.emulator.database, self.pool.id, self.client.id),
            visit=self,
            csrf=csrf,
            sealed=self.asked.sealed(self.emulator),
            problem=problem,
            step=self.step,
            **values,
        )
        browser.keep(response, browser.CSRF, csrf)
        return response

    def go_on(self, path: str, step: Step) -> Response:
        return browser.go_on(self.emulator, self.url(path), step)

    def attempt(self, parameters: Mapping[str, str]) -> Attempt:
        """An attempt to sign in for what the application asked. The hosted UI has the client's secret itself."""
        known = dict(parameters)
        if self.client.secret and "USERNAME" in known:
            known["SECRET_HASH"] = secret_hash(known["USERNAME"], self.client.id, self.client.secret)
        terms = Terms(SOURCE, self.asked.scopes, self.asked.nonce)
        return Attempt(self.emulator, self.pool, self.client, known, None, terms)

    async def call(self, operation: str, **members: Any) -> Json:
        """The answer of an operation of the API, called as the application would."""
        request = {"ClientId": self.client.id, **members}
        if self.client.secret:
            request["SecretHash"] = secret_hash(members["Username"], self.client.id, self.client.secret)
        return await run(self.emulator, operation, self.model.validated(operation, request))

    @property
    def local_users(self) -> bool:
        """Whether the client's users may come from the pool itself."""
        return "COGNITO" in self.client.identity_providers

    @property
    def providers(self) -> list[IdentityProvider]:
        """The providers that the client's users may come from."""
        known = providers.after(self.emulator.database, self.pool.id)
        return [provider for provider in known if provider.name in self.client.identity_providers]

    @property
    def name_label(self) -> str:
        return NAME_LABELS.get(tuple(sorted(self.pool.username_attributes)), "Username")

    @property
    def name_type(self) -> str:
        return NAME_TYPES.get(self.pool.username_attributes, "text")

    def messages_url(self, username: str) -> str:
        """Where a message to a user can be read here."""
        return f"/_local/messages?username={quote(username)}&pool={quote(self.pool.id)}"


def opened(emulator: Emulator, model: ServiceModel, request: Request) -> Visit:
    """A visit that begins with what its URL asks for; raises NotRedirectable or Redirected."""
    asked = authorization.checked(emulator, request.query_params)
    pool, client = authorization.parties(emulator, asked.client_id)
    step = browser.step_of(emulator, request, client.id)
    return Visit(emulator, model, request, asked, pool, client, step)


async def submitted(emulator: Emulator, model: ServiceModel, request: Request) -> Visit:
    """A visit that goes on with a form of ours: its URL does not count. Raises NotRedirectable."""
    form = await form_of(request)
    if not browser.from_own_form(request, form):
        raise NotRedirectable(
            "csrf", "This form was not filled in here.", "Go back to the application and sign in again. Are cookies on?"
        )
    asked = authorization.unsealed(emulator, form.get("request", ""))
    if asked is None:
        raise NotRedirectable(
            "expired", "This form is too old, or it was changed.", "Go back to the application and sign in again."
        )
    pool, client = authorization.parties(emulator, asked.client_id)
    if asked.redirect_uri not in client.callback_urls:
        raise NotRedirectable("redirect_mismatch", f"{asked.redirect_uri} is not allowed any more.")
    return Visit(emulator, model, request, asked, pool, client, browser.step_of(emulator, request, client.id), form)
