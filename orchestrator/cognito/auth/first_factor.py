"""The ways to prove who one is that USER_AUTH lets the user choose from: the password, or a code that is sent."""

from __future__ import annotations

from .. import delivery
from ..model import CONFIRMED, Pool, User
from .attempt import Attempt, Challenged, pose
from .progress import AUTHENTICATION

PASSWORDS = ("PASSWORD", "PASSWORD_SRP")
# The attribute that the code of a factor is sent to.
ATTRIBUTE = {"EMAIL_OTP": "email", "SMS_OTP": "phone_number"}


def available(pool: Pool, user: User | None) -> tuple[str, ...]:
    """The challenges a user can choose; those of a user who is not there look like a password's."""
    allowed = pool.first_factors
    found = PASSWORDS if "PASSWORD" in allowed and (user is None or user.password) else ()
    if user is None or user.status != CONFIRMED:
        return found
    return (*found, *(kind for kind, name in ATTRIBUTE.items() if kind in allowed and user.attributes.get(name)))


async def send(attempt: Attempt, user: User, kind: str) -> Challenged:
    """Sends a code; its answer is the whole proof."""
    details = await delivery.send_code(
        attempt.emulator, attempt.pool, user, attempt.client.id, delivery.MFA, ATTRIBUTE[kind], attempt.metadata
    )
    session = pose(attempt, user.sub, kind, {"source": AUTHENTICATION})
    parameters = {
        "CODE_DELIVERY_DELIVERY_MEDIUM": details["DeliveryMedium"],
        "CODE_DELIVERY_DESTINATION": details["Destination"],
        "USERNAME": user.username,
    }
    return Challenged(kind, parameters, session)
