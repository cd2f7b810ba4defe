"""/changePassword and /mfa: the pages that ask for the answer to a challenge, one entry a challenge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import orjson
from starlette.responses import Response

from ..auth.attempt import posed
from ..auth.challenges import CHALLENGES
from ..emulator import Emulator
from ..errors import CognitoError
from ..operations.mfa import verify_software_token
from . import browser, problems
from .browser import Step
from .outcome import led_to
from .problems import Problem, missing
from .sign_up import password_rules
from .visit import Visit

KINDS = {
    "SOFTWARE_TOKEN_MFA": "A code of my authenticator app",
    "SMS_MFA": "A code by text message",
    "EMAIL_OTP": "A code by email",
}


def _same_session(emulator: Emulator, step: Step, answer: str) -> str | None:
    del emulator, answer
    return step.session


def _verified(emulator: Emulator, step: Step, code: str) -> str:
    """The session in which a first code of the new software token was right."""
    return str(verify_software_token(emulator, {"Session": step.session, "UserCode": code})["Session"])


@dataclass(frozen=True)
class ChallengePage:
    """A template, the field and what the answer is made of; `session` gives the session that is answered in."""

    template: str
    field: str
    label: str
    answer: Callable[[str], Mapping[str, str]]
    session: Callable[[Emulator, Step, str], str | None] = _same_session


def _code(parameter: str) -> ChallengePage:
    return ChallengePage("mfa.html", "code", "The code", lambda code: {parameter: code})


PAGES = {
    "NEW_PASSWORD_REQUIRED": ChallengePage(
        "new_password.html", "password", "The password", lambda password: {"NEW_PASSWORD": password}
    ),
    "SOFTWARE_TOKEN_MFA": _code("SOFTWARE_TOKEN_MFA_CODE"),
    "SMS_MFA": _code("SMS_MFA_CODE"),
    "EMAIL_OTP": _code("EMAIL_OTP_CODE"),
    "SELECT_MFA_TYPE": ChallengePage("mfa_choice.html", "answer", "The choice", lambda kind: {"ANSWER": kind}),
    "MFA_SETUP": ChallengePage("mfa_setup.html", "code", "The code", lambda _: {}, _verified),
}


async def show(visit: Visit) -> Response:
    if visit.step is None or visit.step.challenge not in PAGES:
        return browser.go(visit.url("/login"))
    return _form(visit, visit.step, None)


async def submit(visit: Visit) -> Response:
    step = visit.step
    if step is None or step.challenge not in PAGES:
        return browser.go(visit.url("/login"))
    asked = PAGES[step.challenge]
    # Blanks at its ends belong to a password, not to a code.
    answer = visit.form.get(asked.field, "") if asked.field == "password" else visit.given(asked.field)

    def again(problem: Problem) -> Response:
        return _form(visit, step, problem)

    if not answer:
        return again(missing(asked.label, asked.field))
    username = step.parameters.get("USER_ID_FOR_SRP", step.username)
    attempt = visit.attempt({"USERNAME": username, **asked.answer(answer)})
    try:
        challenge = posed(attempt, step.challenge, step.session)
    except CognitoError as error:
        return visit.show("login.html", problems.of(error), username=step.username)
    try:
        challenge = posed(attempt, step.challenge, asked.session(visit.emulator, step, answer))
    except CognitoError as error:
        return again(problems.of(error))
    return await led_to(visit, step.username, CHALLENGES[step.challenge](attempt, challenge), again)


def token_address(visit: Visit, step: Step) -> str:
    """What an authenticator app reads of a QR code."""
    issuer = str(visit.client.settings.get("ClientName") or visit.client.id)
    query = urlencode({"secret": step.parameters["SECRET"], "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer)}:{quote(step.username)}?{query}"


def _form(visit: Visit, step: Step, problem: Problem | None) -> Response:
    return visit.show(
        PAGES[str(step.challenge)].template,
        problem,
        rules=password_rules(visit.pool),
        choices={kind: KINDS.get(kind, kind) for kind in orjson.loads(step.parameters.get("MFAS_CAN_CHOOSE", "[]"))},
        token=token_address(visit, step) if step.challenge == "MFA_SETUP" else None,
    )
