"""Codes and messages: made, worded (by a CustomMessage trigger if there is one), and put in the outbox."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from . import triggers
from .attributes import is_email, is_phone_number
from .emulator import Emulator
from .errors import CodeMismatch, ExpiredCode, LimitExceeded
from .model import Code, Json, Message, Pool, Random, User
from .store import codes, messages

HOUR = 3600
ATTEMPTS_A_CODE = 5
MEDIUM = {"email": "EMAIL", "phone_number": "SMS"}


@dataclass(frozen=True)
class Purpose:
    """Why a code is sent: the name it is kept under, its trigger source, and how long it works."""

    name: str
    source: str
    seconds: int


SIGN_UP = Purpose("sign up", "SignUp", 24 * HOUR)
RESEND = Purpose("sign up", "ResendCode", 24 * HOUR)
FORGOT_PASSWORD = Purpose("forgot password", "ForgotPassword", HOUR)
MFA = Purpose("second factor", "Authentication", 3 * 60)
INVITATION_SOURCE = "AdminCreateUser"


def verification(attribute: str, source: str) -> Purpose:
    return Purpose(f"verify {attribute}", source, 24 * HOUR)


async def send_code(
    emulator: Emulator, pool: Pool, user: User, client_id: str, purpose: Purpose, attribute: str, metadata: Json | None
) -> Json:
    """Sends a new code to an attribute; gives the CodeDeliveryDetails."""
    code = _six_digits(emulator.random)
    subject, body = _template(pool, MEDIUM[attribute], "Verification")
    call = triggers.custom_message(purpose.source, user, "{####}", None, metadata)
    subject, body = _customized(await emulator.trigger(pool, user.username, client_id, call), attribute, subject, body)
    at = emulator.clock()
    with emulator.database.transaction():
        codes.save(emulator.database, Code(user.sub, purpose.name, code, at + purpose.seconds))
        _post(emulator, user, attribute, purpose.source, (subject, body), code)
    return details(attribute, user.attributes[attribute])


async def send_invitation(
    emulator: Emulator, pool: Pool, user: User, attribute: str, password: str, metadata: Json | None
) -> None:
    """Sends a new user's temporary password to an attribute."""
    subject, body = _template(pool, MEDIUM[attribute], "Invite")
    call = triggers.custom_message(INVITATION_SOURCE, user, "{####}", "{username}", metadata)
    answer = await emulator.trigger(pool, user.username, triggers.NO_CLIENT, call)
    _post(emulator, user, attribute, INVITATION_SOURCE, _customized(answer, attribute, subject, body), password)


@contextmanager
def using_code(emulator: Emulator, user: User, purpose: str, given: str) -> Iterator[None]:
    """Checks a code and uses it up together with what is done under it, or not at all.

    Raises CodeMismatch, ExpiredCode, or LimitExceeded after too many wrong ones.
    """
    kept = codes.find(emulator.database, user.sub, purpose)
    if kept is None or kept.expires_at <= emulator.clock():
        raise ExpiredCode("Invalid code provided, please request a code again.")
    if kept.failures >= ATTEMPTS_A_CODE:
        raise LimitExceeded("Attempt limit exceeded, please try after some time.")
    if kept.code != given:
        codes.count_failure(emulator.database, user.sub, purpose)
        raise CodeMismatch("Invalid verification code provided, please try again.")
    with emulator.database.transaction():
        yield
        codes.remove(emulator.database, user.sub, purpose)


def details(attribute: str, destination: str) -> Json:
    """CodeDeliveryDetails, with the destination masked.

    >>> details("email", "ann@example.com")["Destination"]
    'a***@e***'
    """
    return {"AttributeName": attribute, "DeliveryMedium": MEDIUM[attribute], "Destination": _masked(destination)}


def simulated(emulator: Emulator, pool: Pool, name: str) -> Json:
    """CodeDeliveryDetails as if a code had gone to somebody of that name: the same each time it is asked for."""
    if is_phone_number(name):
        return details("phone_number", name)
    if is_email(name):
        return details("email", name)
    digest = hmac.digest(emulator.refresh_key, f"{pool.id} {pool.key(name)}".encode(), "sha256")
    user, host = (ascii_lowercase[byte % 26] for byte in digest[:2])
    return details("email", f"{user}@{host}")


def _masked(destination: str) -> str:
    name, at, host = destination.partition("@")
    if at:
        return f"{name[:1]}***@{host[:1]}***"
    return f"+{'*' * max(len(destination) - 5, 0)}{destination[-4:]}"


def _six_digits(random: Random) -> str:
    return f"{int.from_bytes(random(8), 'big') % 1_000_000:06d}"


def _template(pool: Pool, medium: str, kind: str) -> tuple[str, str]:
    """Subject and body of a pool's message; kind is Verification or Invite."""
    if kind == "Invite":
        own = (pool.settings.get("AdminCreateUserConfig") or {}).get("InviteMessageTemplate") or {}
        default = ("Your temporary password", "Your username is {username} and temporary password is {####}.")
    else:
        own = _verification_settings(pool.settings)
        default = ("Your verification code", "Your confirmation code is {####}")
    if medium == "SMS":
        return "", own.get("SMSMessage") or own.get("SmsMessage") or default[1]
    return own.get("EmailSubject") or default[0], own.get("EmailMessage") or default[1]


def _verification_settings(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    older = {
        "EmailMessage": settings.get("EmailVerificationMessage"),
        "EmailSubject": settings.get("EmailVerificationSubject"),
        "SmsMessage": settings.get("SmsVerificationMessage"),
    }
    return {**older, **(settings.get("VerificationMessageTemplate") or {})}


def _customized(answer: Json | None, attribute: str, subject: str, body: str) -> tuple[str, str]:
    if answer is None:
        return subject, body
    own = answer.get("smsMessage" if attribute == "phone_number" else "emailMessage")
    return str(answer.get("emailSubject") or subject), str(own or body)


def _post(emulator: Emulator, user: User, attribute: str, purpose: str, words: tuple[str, str], code: str) -> None:
    subject, body = (text.replace("{####}", code).replace("{username}", user.username) for text in words)
    message = Message(
        pool_id=user.pool_id,
        sub=user.sub,
        username=user.username,
        medium=MEDIUM[attribute],
        to=user.attributes[attribute],
        purpose=purpose,
        subject=subject,
        body=body,
        code=code,
        sent_at=emulator.clock(),
    )
    messages.add(emulator.database, message)
