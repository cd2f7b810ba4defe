"""/oauth2/authorize and /login: signing in with a password, or going on as who one is."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from ..auth.flows import FLOWS
from . import browser, federation
from .outcome import led_to, resumed
from .problems import Problem, missing
from .visit import Visit


async def authorize(visit: Visit) -> Response:
    """Straight to the application, to an identity provider, or to the sign-in page."""
    given = visit.request.query_params
    named = given.get("identity_provider") or given.get("idp_identifier") or "COGNITO"
    if named != "COGNITO":
        return federation.begin(visit, named)
    prompt = given.get("prompt", "").split()
    known = browser.session_of(visit.emulator, visit.request, visit.pool)
    if known and not {"login", "select_account"} & set(prompt):
        return await resumed(visit, *known)
    if "none" in prompt:
        return browser.go(visit.asked.refused("login_required", "Nobody is signed in"))
    if not visit.local_users and len(visit.providers) == 1:
        return federation.begin(visit, visit.providers[0].name)
    kept = {name: given[name] for name in ("login_hint", "prompt", "lang") if name in given}
    return browser.go(visit.url("/login") + "".join(f"&{urlencode([pair])}" for pair in kept.items()))


async def show(visit: Visit) -> Response:
    given = visit.request.query_params
    known = browser.session_of(visit.emulator, visit.request, visit.pool)
    if known and given.get("prompt") != "login":
        return visit.show("signed_in.html", user=known[0])
    return visit.show("login.html", username=given.get("login_hint", ""))


async def submit(visit: Visit) -> Response:
    if "continue" in visit.form:
        known = browser.session_of(visit.emulator, visit.request, visit.pool)
        return await resumed(visit, *known) if known else browser.go(visit.url("/login"))
    username, password = visit.given("username"), visit.form.get("password", "")

    def again(problem: Problem) -> Response:
        return visit.show("login.html", problem, username=username)

    if not visit.local_users:
        return again(Problem("Sign in with one of the providers."))
    if not username or not password:
        return again(missing("The password", "password") if username else missing(visit.name_label, "username"))
    attempt = visit.attempt({"USERNAME": username, "PASSWORD": password})
    return await led_to(visit, username, FLOWS["USER_PASSWORD_AUTH"](attempt), again)
