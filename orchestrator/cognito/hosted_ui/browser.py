"""What the hosted UI keeps in a browser: who is signed in, the token of its forms, the step that somebody is at."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ..emulator import Emulator
from ..errors import CognitoError
from ..model import BrowserSession, Json, Pool, Session, User, random_uuid
from ..oauth import seal
from ..store import browser_sessions
from ..tokens.access import present

SESSION, CSRF, STEP, FEDERATION = "cognito", "XSRF-TOKEN", "cognito-fl", "csrf-state"
HOUR = 3600
STEP_KIND = "step"


@dataclass(frozen=True)
class Step:
    """Where somebody is between two pages: whose name was given, whether the password was, what is to be answered."""

    client_id: str
    username: str
    proved: bool = False
    sent: Mapping[str, str] | None = None
    challenge: str | None = None
    session: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    notice: str | None = None


def csrf_token(emulator: Emulator, request: Request) -> str:
    """The token that this browser has, or a new one."""
    return request.cookies.get(CSRF) or random_uuid(emulator.random)


def from_own_form(request: Request, form: Mapping[str, str]) -> bool:
    """Whether a form was filled in on a page of ours in this browser: another site can't read the token."""
    kept, sent = request.cookies.get(CSRF, ""), form.get("_csrf", "")
    return bool(kept) and hmac.compare_digest(kept.encode(), sent.encode())


def step_of(emulator: Emulator, request: Request, client_id: str) -> Step | None:
    value = seal.unsealed(emulator, STEP_KIND, request.cookies.get(STEP, ""))
    return Step(**value) if value and value["client_id"] == client_id else None


def session_of(emulator: Emulator, request: Request, pool: Pool) -> tuple[User, BrowserSession] | None:
    """Who is signed in to the pool in this browser, unless the session ended meanwhile."""
    cookie = request.cookies.get(SESSION)
    session = browser_sessions.find(emulator.database, cookie) if cookie else None
    if session is None or session.pool_id != pool.id or session.expires_at <= emulator.clock():
        return None
    try:
        return present(emulator, session.sub, session.session, "Session"), session
    except CognitoError:
        return None


def sign_in(emulator: Emulator, request: Request, response: Response, user: User, session: Session) -> None:
    """Remembers who signed in, under a new cookie: one that somebody planted before is worth nothing."""
    sign_out(emulator, request, response)
    cookie, at = emulator.random(32).hex(), emulator.clock()
    kept = BrowserSession(user.pool_id, user.sub, session.id, session.auth_time, at + HOUR)
    browser_sessions.add(emulator.database, cookie, kept, at)
    keep(response, SESSION, cookie, seconds=HOUR)
    forget(response, STEP)


def sign_out(emulator: Emulator, request: Request, response: Response) -> None:
    if cookie := request.cookies.get(SESSION):
        browser_sessions.remove(emulator.database, cookie)
        forget(response, SESSION)


def go(url: str) -> Response:
    return RedirectResponse(url, 302, {"cache-control": "no-store"})


def go_on(emulator: Emulator, url: str, step: Step) -> Response:
    """The next page, which is told the step in a cookie."""
    response = go(url)
    value: Json = asdict(step)
    keep(response, STEP, seal.sealed(emulator, STEP_KIND, value, seconds=HOUR), seconds=HOUR)
    return response


def keep(response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", httponly=True, samesite="lax")


def forget(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", httponly=True, samesite="lax")
