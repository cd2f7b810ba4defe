"""/changePassword and /mfa: the pages that ask for the answer to a challenge, one entry a challenge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from ..auth.attempt import posed
from ..auth.challenges import CHALLENGES
from ..errors import CognitoError
from . import browser, problems
from .outcome import led_to
from .problems import Problem, missing
from .sign_up import password_rules
from .visit import Visit


@dataclass(frozen=True)
class ChallengePage:
    """A template, and what the answer is made of."""

    template: str
    field: str
    label: str
    answer: Callable[[str], Mapping[str, str]]


def _code(parameter: str) -> ChallengePage:
    return ChallengePage("mfa.html", "code", "The code", lambda code: {parameter: code})


PAGES = {
    "NEW_PASSWORD_REQUIRED": ChallengePage(
        "new_password.html", "password", "The password", lambda password: {"NEW_PASSWORD": password}
    ),
    "SOFTWARE_TOKEN_MFA": _code("SOFTWARE_TOKEN_MFA_CODE"),
    "SMS_MFA": _code("SMS_MFA_CODE"),
    "EMAIL_OTP": _code("EMAIL_OTP_CODE"),
}


async def show(visit: Visit) -> Response:
    if visit.step is None or visit.step.challenge not in PAGES:
        return browser.go(visit.url("/login"))
    return _form(visit, PAGES[visit.step.challenge], None)


async def submit(visit: Visit) -> Response:
    step = visit.step
    if step is None or step.challenge not in PAGES or step.challenge not in CHALLENGES:
        return browser.go(visit.url("/login"))
    asked = PAGES[step.challenge]
    # Blanks at its ends belong to a password, not to a code.
    answer = visit.form.get(asked.field, "") if asked.field == "password" else visit.given(asked.field)

    def again(problem: Problem) -> Response:
        return _form(visit, asked, problem)

    if not answer:
        return again(missing(asked.label, asked.field))
    username = step.parameters.get("USER_ID_FOR_SRP", step.username)
    attempt = visit.attempt({"USERNAME": username, **asked.answer(answer)})
    try:
        challenge = posed(attempt, step.challenge, step.session)
    except CognitoError as error:
        return visit.show("login.html", problems.of(error), username=step.username)
    return await led_to(visit, step.username, CHALLENGES[step.challenge](attempt, challenge), again)


def _form(visit: Visit, asked: ChallengePage, problem: Problem | None) -> Response:
    return visit.show(asked.template, problem, rules=password_rules(visit.pool))
