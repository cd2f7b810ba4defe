"""Where a step of a sign-in leads: to the application, to a challenge, or back to the form."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.responses import Response

from ..auth.attempt import Challenged, Outcome, SignedIn
from ..auth.progress import AUTHENTICATION, after_password
from ..auth.second_factor import SOFTWARE_TOKEN
from ..errors import CognitoError, LambdaFailure, PasswordResetRequired, UserNotConfirmed
from ..model import BrowserSession, Session, User, session_id
from ..oauth.authorization import NotRedirectable
from ..oauth.grants import SOURCE, granted
from ..operations.mfa import associate_software_token
from ..tokens.issue import Wanted, generate
from . import browser, problems
from .browser import Step
from .problems import Again
from .visit import Visit

# The page that asks for the answer to each challenge.
CHALLENGE_PATHS = {
    "NEW_PASSWORD_REQUIRED": "/changePassword",
    "SOFTWARE_TOKEN_MFA": "/mfa",
    "SMS_MFA": "/mfa",
    "EMAIL_OTP": "/mfa",
    "SELECT_MFA_TYPE": "/mfa",
    "MFA_SETUP": "/mfa",
}


async def led_to(visit: Visit, username: str, outcome: Awaitable[Outcome], again: Again) -> Response:
    """The response to what an attempt under a username comes to; `again` shows the form with a problem."""
    try:
        came = await outcome
    except UserNotConfirmed:
        notice = "Confirm your account first."
        return visit.go_on("/confirmUser", Step(visit.client.id, username, proved=True, notice=notice))
    except PasswordResetRequired:
        notice = "Your password was reset. Choose a new one."
        return visit.go_on("/confirmForgotPassword", Step(visit.client.id, username, notice=notice))
    except LambdaFailure as failure:
        return refused(visit, failure) or again(problems.of(failure))
    except CognitoError as error:
        return again(problems.of(error))
    if isinstance(came, Challenged):
        return challenged(visit, username, came)
    return finished(visit, came)


def challenged(visit: Visit, username: str, challenge: Challenged) -> Response:
    path = CHALLENGE_PATHS.get(challenge.name)
    if path is None:
        raise NotRedirectable("unsupported", f"The hosted UI has no page for the challenge {challenge.name}.")
    session, parameters = challenge.session, {name: str(value) for name, value in challenge.parameters.items()}
    if challenge.name == "MFA_SETUP":
        if SOFTWARE_TOKEN not in parameters["MFAS_CAN_SETUP"]:
            raise NotRedirectable("unsupported", "This user has no address for the second factor that the pool wants.")
        answer = associate_software_token(visit.emulator, {"Session": session})
        session, parameters = answer["Session"], {**parameters, "SECRET": answer["SecretCode"]}
    step = Step(visit.client.id, username, challenge=challenge.name, session=session, parameters=parameters)
    return visit.go_on(path, step)


def finished(visit: Visit, signed_in: SignedIn) -> Response:
    """Back to the application, and signed in here for an hour."""
    response = browser.go(granted(visit.emulator, visit.asked, signed_in))
    wanted = signed_in.wanted
    browser.sign_in(visit.emulator, visit.request, response, wanted.user, wanted.session)
    return response


def refused(visit: Visit, failure: LambdaFailure) -> Response | None:
    """Back to the application with the error, if it is one that Cognito reports there."""
    if failure.trigger != "PreTokenGeneration":
        return None
    return browser.go(visit.asked.refused("invalid_request", failure.message))


async def resumed(visit: Visit, user: User, session: BrowserSession) -> Response:
    """Back to the application for somebody who is signed in here: new tokens, and the old time of the sign-in."""
    emulator = visit.emulator
    own = Session(session_id(emulator.clock(), emulator.random), session.auth_time)
    wanted = Wanted(visit.pool, visit.client, user, own, SOURCE, scopes=visit.asked.scopes, nonce=visit.asked.nonce)
    try:
        signed_in = SignedIn(emulator, wanted, await generate(emulator, wanted))
    except LambdaFailure as failure:
        return browser.go(visit.asked.refused("invalid_request", failure.message))
    return browser.go(granted(emulator, visit.asked, signed_in))


async def proved(visit: Visit, user: User, again: Again) -> Response:
    """Back to the application for somebody who just proved who it is on another way than the sign-in page."""
    return await led_to(visit, user.username, after_password(visit.attempt({}), user, AUTHENTICATION), again)
