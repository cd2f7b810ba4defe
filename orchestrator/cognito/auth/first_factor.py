"""The ways to prove who one is that USER_AUTH lets the user choose from: the password, or a code that is sent."""

from __future__ import annotations

from ..model import CONFIRMED, Pool, User
from . import sent_codes
from .attempt import Attempt, Challenged, pose
from .progress import AUTHENTICATION

PASSWORDS = ("PASSWORD", "PASSWORD_SRP")
SENT = ("EMAIL_OTP", "SMS_OTP")


def available(pool: Pool, user: User | None) -> tuple[str, ...]:
    """The challenges a user can choose; those of a user who is not there look like a password's."""
    allowed = pool.first_factors
    found = PASSWORDS if "PASSWORD" in allowed and (user is None or user.password) else ()
    if user is None or user.status != CONFIRMED:
        return found
    return (*found, *(kind for kind in SENT if kind in allowed and user.attributes.get(sent_codes.ATTRIBUTE[kind])))


async def send(attempt: Attempt, user: User, kind: str) -> Challenged:
    """Sends a code; its answer is the whole proof."""
    parameters = {**await sent_codes.send(attempt, user, kind), "USERNAME": user.username}
    return Challenged(kind, parameters, pose(attempt, user.sub, kind, {"source": AUTHENTICATION}))
