"""Signing in with an identity provider: there with a sealed state, back with a code that is worth a profile once.

/oauth2/authorize?identity_provider=Google → /_local/providers/Google?state → /oauth2/idpresponse?code&state
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from ..auth.federation import Profile, enter
from ..emulator import Emulator
from ..errors import CognitoError
from ..model import IdentityProvider, random_uuid
from ..oauth import authorization, seal
from ..oauth.authorization import Authorization, NotRedirectable
from ..service_model import ServiceModel
from ..store import providers, tickets
from . import browser
from .outcome import finished
from .visit import Visit

KIND = "federation"
CODE = "provider code"
MINUTE = 60


@dataclass(frozen=True)
class State:
    """What comes back with the answer of a provider: what the application asked, and which browser was sent."""

    asked: Authorization
    provider: str
    browser: str


def begin(visit: Visit, name: str) -> Response:
    """To the provider of that name or identifier."""
    provider = next((each for each in visit.providers if name in (each.name, *each.identifiers)), None)
    if provider is None:
        known = ", ".join(each.name for each in visit.providers) or "none"
        description = f"The app client has no identity provider {name}. It has: {known}"
        return browser.go(visit.asked.refused("invalid_request", description))
    marker = random_uuid(visit.emulator.random)
    state = {"asked": asdict(visit.asked), "provider": provider.name, "browser": marker}
    sealed = seal.sealed(visit.emulator, KIND, state, seconds=15 * MINUTE)
    response = browser.go(f"/_local/providers/{quote(provider.name, safe='')}?{urlencode({'state': sealed})}")
    browser.keep(response, browser.FEDERATION, marker, seconds=15 * MINUTE)
    return response


def state_of(emulator: Emulator, request: Request, text: str) -> State:
    """The state in a text, if this browser was sent with it; raises NotRedirectable."""
    value = seal.unsealed(emulator, KIND, text)
    marker = request.cookies.get(browser.FEDERATION, "")
    if value is None or not hmac.compare_digest(value["browser"].encode(), marker.encode()):
        hint = "Go back to the application and sign in again."
        raise NotRedirectable("invalid_state", "This sign-in is too old, or it was begun in another browser.", hint)
    asked = Authorization(**{**value["asked"], "scopes": tuple(value["asked"]["scopes"])})
    return State(asked, value["provider"], value["browser"])


def provider_of(emulator: Emulator, state: State) -> IdentityProvider:
    pool, _ = authorization.parties(emulator, state.asked.client_id)
    provider = providers.find(emulator.database, pool.id, state.provider)
    if provider is None:
        raise NotRedirectable("invalid_state", f"The identity provider {state.provider} is gone.")
    return provider


def code_for(emulator: Emulator, state: State, profile: Profile) -> str:
    """A code that the provider gives the browser for Cognito."""
    code, at = random_uuid(emulator.random), emulator.clock()
    data = {"browser": state.browser, **asdict(profile)}
    tickets.add(emulator.database, CODE, code, data, at=at, expires_at=at + MINUTE)
    return code


async def respond(emulator: Emulator, model: ServiceModel, request: Request) -> Response:
    """/oauth2/idpresponse: what the provider answered becomes a sign-in, or an error for the application."""
    given = request.query_params
    state = state_of(emulator, request, given.get("state", ""))
    if "error" in given:
        description = given.get("error_description", f"{state.provider} did not sign the user in")
        return _gone(browser.go(state.asked.refused(given["error"], description)))
    profile = _profile(emulator, state, given)
    pool, client = authorization.parties(emulator, state.asked.client_id)
    visit = Visit(emulator, model, request, state.asked, pool, client, None)
    try:
        signed_in = await enter(visit.attempt({}), provider_of(emulator, state), profile)
    except CognitoError as error:
        return _gone(browser.go(state.asked.refused("invalid_request", error.message.strip())))
    return _gone(finished(visit, signed_in))


def _profile(emulator: Emulator, state: State, given: Mapping[str, str]) -> Profile:
    code = given.get("code", "")
    kept = tickets.find(emulator.database, CODE, code, emulator.clock())
    if kept is None or kept["browser"] != state.browser or not tickets.remove(emulator.database, code):
        hint = "Go back to the application and sign in again."
        raise NotRedirectable("invalid_code", f"The code of {state.provider} was used already, or is too old.", hint)
    return Profile(kept["subject"], kept["claims"])


def _gone(response: Response) -> Response:
    browser.forget(response, browser.FEDERATION)
    return response
