"""Devices: confirmed after a sign-in, listed, remembered or not, forgotten; by their user or by an administrator."""

from __future__ import annotations

import base64
from dataclasses import replace

from ..auth.devices import group_key
from ..emulator import Emulator
from ..errors import InvalidParameter, ResourceNotFound
from ..model import Device, Json, User, Verifier
from ..store import devices
from ..tokens.access import bearer
from .request import page_place, page_token, pool_and_user

PAGE = 60


def confirm_device(emulator: Emulator, request: Json) -> Json:
    """Makes the device of this session one that can be known again."""
    who = bearer(emulator, request["AccessToken"])
    key = request["DeviceKey"]
    if not who.pool.tracks_devices:
        raise InvalidParameter("Device tracking is not enabled for the user pool.")
    if key != who.device_key:
        raise ResourceNotFound("Device does not exist.")
    at = emulator.clock()
    asks = who.pool.asks_before_remembering
    verifier = _verifier(request.get("DeviceSecretVerifierConfig") or {})
    device = Device(
        sub=who.user.sub,
        key=key,
        group_key=group_key(emulator, key),
        name=request.get("DeviceName"),
        verifier=verifier,
        remembered=not asks,
        created_at=at,
        modified_at=at,
        used_at=at,
    )
    devices.save(emulator.database, device)
    return {"UserConfirmationNecessary": asks}


def get_device(emulator: Emulator, request: Json) -> Json:
    user = bearer(emulator, request["AccessToken"]).user
    return {"Device": _shown(_device(emulator, user, request["DeviceKey"]))}


def admin_get_device(emulator: Emulator, request: Json) -> Json:
    _, user = pool_and_user(emulator, request)
    return {"Device": _shown(_device(emulator, user, request["DeviceKey"]))}


def list_devices(emulator: Emulator, request: Json) -> Json:
    return _list(emulator, bearer(emulator, request["AccessToken"]).user, request)


def admin_list_devices(emulator: Emulator, request: Json) -> Json:
    return _list(emulator, pool_and_user(emulator, request)[1], request)


def forget_device(emulator: Emulator, request: Json) -> Json:
    token = request.get("AccessToken")
    if not token:
        raise InvalidParameter("Missing required parameter AccessToken")
    return _forget(emulator, bearer(emulator, token).user, request["DeviceKey"])


def admin_forget_device(emulator: Emulator, request: Json) -> Json:
    return _forget(emulator, pool_and_user(emulator, request)[1], request["DeviceKey"])


def update_device_status(emulator: Emulator, request: Json) -> Json:
    return _update(emulator, bearer(emulator, request["AccessToken"]).user, request)


def admin_update_device_status(emulator: Emulator, request: Json) -> Json:
    return _update(emulator, pool_and_user(emulator, request)[1], request)


def _device(emulator: Emulator, user: User, key: str) -> Device:
    device = devices.find(emulator.database, user.sub, key)
    if device is None:
        raise ResourceNotFound("Device does not exist.")
    return device


def _list(emulator: Emulator, user: User, request: Json) -> Json:
    limit = request.get("Limit", PAGE)
    found = devices.after(emulator.database, user.sub, page_place(request.get("PaginationToken")), limit)
    answer: Json = {"Devices": [_shown(device) for device in found]}
    if len(found) == limit and found:
        answer["PaginationToken"] = page_token(found[-1].key)
    return answer


def _forget(emulator: Emulator, user: User, key: str) -> Json:
    if not devices.remove(emulator.database, user.sub, key):
        raise ResourceNotFound("Device does not exist.")
    return {}


def _update(emulator: Emulator, user: User, request: Json) -> Json:
    device = _device(emulator, user, request["DeviceKey"])
    remembered = request.get("DeviceRememberedStatus") == "remembered"
    devices.save(emulator.database, replace(device, remembered=remembered, modified_at=emulator.clock()))
    return {}


def _shown(device: Device) -> Json:
    status = "remembered" if device.remembered else "not_remembered"
    attributes = {"device_status": status, "device_name": device.name, "last_ip_used": "127.0.0.1"}
    return {
        "DeviceKey": device.key,
        "DeviceAttributes": [{"Name": name, "Value": value} for name, value in attributes.items() if value],
        "DeviceCreateDate": device.created_at,
        "DeviceLastModifiedDate": device.modified_at,
        "DeviceLastAuthenticatedDate": device.used_at,
    }


def _verifier(given: Json) -> Verifier:
    try:
        salt, value = (base64.b64decode(given[name], validate=True).hex() for name in ("Salt", "PasswordVerifier"))
    except (KeyError, ValueError) as error:
        raise InvalidParameter("DeviceSecretVerifierConfig needs PasswordVerifier and Salt, in base64.") from error
    return Verifier(salt or "0", value or "0")
