"""Codes that are sent in the middle of a sign-in."""

from __future__ import annotations

from .. import delivery
from ..model import Json, User
from .attempt import Attempt

# The attribute that the code of a challenge is sent to.
ATTRIBUTE = {"SMS_MFA": "phone_number", "EMAIL_OTP": "email", "SMS_OTP": "phone_number"}


async def send(attempt: Attempt, user: User, kind: str) -> Json:
    """Sends the code of a challenge; gives the challenge's parameters that say where to."""
    details = await delivery.send_code(
        attempt.emulator, attempt.pool, user, attempt.client.id, delivery.MFA, ATTRIBUTE[kind], attempt.metadata
    )
    return {
        "CODE_DELIVERY_DELIVERY_MEDIUM": details["DeliveryMedium"],
        "CODE_DELIVERY_DESTINATION": details["Destination"],
    }
