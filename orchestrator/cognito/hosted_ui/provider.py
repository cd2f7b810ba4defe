"""The page that plays Google, Facebook, Apple or another provider: whoever one likes to be is who one is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ..auth.federation import Profile
from ..emulator import Emulator
from ..model import IdentityProvider, User
from ..oauth import authorization
from ..oauth.authorization import NotRedirectable
from ..oauth.forms import form_of
from ..store import users
from . import browser
from .federation import State, code_for, provider_of, state_of
from .pages import page
from .problems import Problem, missing

OFFERED = 4
TITLES = {"LoginWithAmazon": "Amazon", "SignInWithApple": "Apple"}
# The claims that a form asks for, under the names that providers give them.
ALIASES = {"email": ("email",), "name": ("name", "displayName"), "email_verified": ("email_verified", "verified_email")}


def title(provider: IdentityProvider) -> str:
    """What people call it."""
    return TITLES.get(provider.name, provider.name)


async def show(emulator: Emulator, request: Request) -> Response:
    text = request.query_params.get("state", "")
    return _page(emulator, request, text, state_of(emulator, request, text), None, {})


async def submit(emulator: Emulator, request: Request) -> Response:
    form = await form_of(request)
    if not browser.from_own_form(request, form):
        raise NotRedirectable("csrf", "This form was not filled in here.", "Go back to the application.")
    text = form.get("state", "")
    state = state_of(emulator, request, text)
    if "cancel" in form:
        refusal = {"error": "access_denied", "error_description": "The user cancelled the sign-in", "state": text}
        return browser.go(f"/oauth2/idpresponse?{urlencode(refusal)}")
    profile = _known(emulator, state, form["known"]) if "known" in form else profile_of(form)
    if profile is None:
        return _page(emulator, request, text, state, missing("The email", "email"), form)
    return browser.go(f"/oauth2/idpresponse?{urlencode({'code': code_for(emulator, state, profile), 'state': text})}")


def profile_of(form: Mapping[str, str]) -> Profile | None:
    """The person a form describes. Without a subject it is made from the e-mail, so that it stays the same."""
    email, subject = form.get("email", "").strip(), form.get("subject", "").strip()
    if not email and not subject:
        return None
    given = {
        "email": email,
        "name": form.get("name", "").strip(),
        "email_verified": "true" if form.get("email_verified") else "false",
    }
    claims = {alias: value for name, value in given.items() if value for alias in ALIASES[name]}
    first, _, last = given["name"].partition(" ")
    parts = {"given_name": first, "first_name": first, "family_name": last, "last_name": last}
    return Profile(subject or subject_for(email), {**claims, **{name: value for name, value in parts.items() if value}})


def subject_for(email: str) -> str:
    """An id like Google's: 21 digits."""
    number = int.from_bytes(hashlib.sha256(email.casefold().encode()).digest()[:8], "big")
    return f"1{number:020d}"[:21]


def _known(emulator: Emulator, state: State, subject: str) -> Profile | None:
    """Somebody who came before, as last told."""
    provider = provider_of(emulator, state)
    user = dict(_recent(emulator, state, provider)).get(subject)
    if user is None:
        return None
    told = {claim: user.attributes[name] for name, claim in provider.mapping.items() if name in user.attributes}
    return Profile(subject, told)


def _recent(emulator: Emulator, state: State, provider: IdentityProvider) -> list[tuple[str, User]]:
    pool, _ = authorization.parties(emulator, state.asked.client_id)
    return users.of_provider(emulator.database, pool, provider.name, OFFERED)


def _page(
    emulator: Emulator,
    request: Request,
    text: str,
    state: State,
    problem: Problem | None,
    form: Mapping[str, str],
) -> Response:
    provider, csrf = provider_of(emulator, state), browser.csrf_token(emulator, request)
    response = page(
        "provider.html",
        status=400 if problem else 200,
        scheme=state.asked.redirect_uri.partition(":")[0] + ":",
        title=title(provider),
        provider=provider,
        mapped=sorted(name for name in provider.mapping if name != "username"),
        recent=_recent(emulator, state, provider),
        state=text,
        csrf=csrf,
        problem=problem,
        given=form,
    )
    browser.keep(response, browser.CSRF, csrf)
    return response
