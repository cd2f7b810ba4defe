"""Devices: a client that signed a user in before proves by SRP that it is the same one."""

from __future__ import annotations

import hashlib
import hmac
import string
from dataclasses import asdict

from ..emulator import Emulator
from ..errors import NotAuthorized
from ..model import Challenge, Device, NewDevice, User, random_uuid
from ..store import devices
from . import srp
from .attempt import WRONG, Attempt, Challenged, pose

GROUP_CHARACTERS = string.ascii_letters + string.digits


def new(attempt: Attempt) -> NewDevice | None:
    """What a client that is no known device is told; None where the pool tracks none, and in the hosted UI."""
    if not attempt.pool.tracks_devices or attempt.terms:
        return None
    key = f"{attempt.emulator.region}_{random_uuid(attempt.emulator.random)}"
    return NewDevice(key, group_key(attempt.emulator, key))


def group_key(emulator: Emulator, key: str) -> str:
    """The group key of a device: it follows from the key, so that nothing is stored of devices nobody confirms."""
    digest = hmac.digest(emulator.refresh_key, key.encode(), hashlib.sha256)
    return "-" + "".join(GROUP_CHARACTERS[byte % len(GROUP_CHARACTERS)] for byte in digest[:8])


def is_remembered(attempt: Attempt, user: User) -> bool:
    device = _known(attempt, user)
    return device is not None and device.remembered


def asked(attempt: Attempt, user: User) -> Challenged | None:
    """The challenge for a client that says it is a known device; None for any other."""
    if _known(attempt, user) is None:
        return None
    # After a second factor amazon-cognito-identity-js goes on with the session of that, which is used up.
    session = pose(attempt, user.sub, "DEVICE_SRP_AUTH", {}, identity=attempt.session)
    return Challenged("DEVICE_SRP_AUTH", {"DEVICE_KEY": attempt.device_key, "USERNAME": user.username}, session)


def begin(attempt: Attempt, user: User) -> Challenged:
    """The server's half of the exchange for the device's SRP_A; raises NotAuthorized."""
    device = _known(attempt, user)
    exchange = srp.begin(attempt.required("SRP_A"), device.verifier, attempt.emulator.random) if device else None
    if device is None or exchange is None:
        raise NotAuthorized(WRONG)
    block = pose(attempt, user.sub, "DEVICE_PASSWORD_VERIFIER", {"exchange": asdict(exchange)})
    parameters = {
        "SALT": device.verifier.salt,
        "SRP_B": exchange.server_public,
        "SECRET_BLOCK": block,
        "DEVICE_KEY": device.key,
        "USERNAME": user.username,
    }
    return Challenged("DEVICE_PASSWORD_VERIFIER", parameters)


def prove(attempt: Attempt, user: User, challenge: Challenge) -> None:
    """Raises NotAuthorized unless the device's signature is right; notes that it was used."""
    signature, timestamp = attempt.required("PASSWORD_CLAIM_SIGNATURE"), attempt.required("TIMESTAMP")
    device = _known(attempt, user)
    proved = device is not None and srp.proves(
        srp.Exchange(**challenge.data["exchange"]),
        device.verifier,
        pool_name=device.group_key,
        username=device.key,
        secret_block=challenge.id,
        timestamp=timestamp,
        signature=signature,
    )
    if device is None or not proved:
        raise NotAuthorized(WRONG)
    devices.touch(attempt.emulator.database, device, attempt.emulator.clock())


def _known(attempt: Attempt, user: User) -> Device | None:
    if not attempt.device_key or not attempt.pool.tracks_devices:
        return None
    return devices.find(attempt.emulator.database, user.sub, attempt.device_key)
