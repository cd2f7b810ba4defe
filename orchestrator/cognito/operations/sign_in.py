"""Signing in over the API: a flow begins, challenges go on."""

from __future__ import annotations

from dataclasses import replace

from ..auth.attempt import Attempt, Challenged, Outcome, posed
from ..auth.challenges import CHALLENGES, NAMED_BY_BLOCK
from ..auth.clients import check_secret, check_secret_hash
from ..auth.flows import FLOWS, refreshed
from ..emulator import Emulator
from ..errors import InvalidParameter, ResourceNotFound
from ..model import Client, Json, Pool
from .request import client_of

ADMIN_FLOWS = ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")
# The names a flow had before, and still may be asked for by.
FLOW_NAMES = {"REFRESH_TOKEN": "REFRESH_TOKEN_AUTH", "ADMIN_NO_SRP_AUTH": "ADMIN_USER_PASSWORD_AUTH"}


async def initiate_auth(emulator: Emulator, request: Json) -> Json:
    pool, client = client_of(emulator, request["ClientId"])
    if request["AuthFlow"] in ADMIN_FLOWS:
        raise InvalidParameter("Initiate Auth method not supported.")
    return await _initiate(emulator, pool, client, request)


async def admin_initiate_auth(emulator: Emulator, request: Json) -> Json:
    pool, client = _client_in_pool(emulator, request)
    if request["AuthFlow"] == "USER_PASSWORD_AUTH":
        raise InvalidParameter("Initiate Auth method not supported.")
    return await _initiate(emulator, pool, client, request)


async def respond_to_auth_challenge(emulator: Emulator, request: Json) -> Json:
    pool, client = client_of(emulator, request["ClientId"])
    return await _respond(emulator, pool, client, request)


async def admin_respond_to_auth_challenge(emulator: Emulator, request: Json) -> Json:
    pool, client = _client_in_pool(emulator, request)
    return await _respond(emulator, pool, client, request)


async def get_tokens_from_refresh_token(emulator: Emulator, request: Json) -> Json:
    pool, client = client_of(emulator, request["ClientId"])
    check_secret(client, request.get("ClientSecret"))
    attempt = Attempt(emulator, pool, client, {}, request.get("ClientMetadata"))
    return _answer(await refreshed(attempt, request["RefreshToken"]))


def _client_in_pool(emulator: Emulator, request: Json) -> tuple[Pool, Client]:
    pool, client = client_of(emulator, request["ClientId"])
    if pool.id != request["UserPoolId"]:
        raise ResourceNotFound(f"User pool client {client.id} does not exist.")
    return pool, client


async def _initiate(emulator: Emulator, pool: Pool, client: Client, request: Json) -> Json:
    asked = request["AuthFlow"]
    flow = FLOW_NAMES.get(asked, asked)
    if flow not in FLOWS:
        raise InvalidParameter(f"{asked} is missing in this emulator.")
    if not client.allows(flow) and not client.allows(asked):
        raise InvalidParameter(
            "Auth flow not enabled for this client"
            if asked in ADMIN_FLOWS
            else f"{asked} flow not enabled for this client"
        )
    parameters = request.get("AuthParameters", {})
    attempt = Attempt(
        emulator, pool, client, parameters, request.get("ClientMetadata"), device_key=parameters.get("DEVICE_KEY")
    )
    return _answer(await FLOWS[flow](attempt))


async def _respond(emulator: Emulator, pool: Pool, client: Client, request: Json) -> Json:
    name = request["ChallengeName"]
    if name not in CHALLENGES:
        raise InvalidParameter(f"The challenge {name} is missing in this emulator.")
    parameters = request.get("ChallengeResponses", {})
    attempt = Attempt(emulator, pool, client, parameters, request.get("ClientMetadata"))
    username = attempt.required("USERNAME")
    check_secret_hash(client, [username], parameters.get("SECRET_HASH"))
    by_block = name in NAMED_BY_BLOCK
    session = parameters.get("PASSWORD_CLAIM_SECRET_BLOCK") if by_block else request.get("Session")
    challenge = posed(attempt, name, session)
    device_key = parameters.get("DEVICE_KEY") or challenge.data.get("device_key")
    attempt = replace(attempt, device_key=device_key, session=None if by_block else session)
    return _answer(await CHALLENGES[name](attempt, challenge))


def _answer(outcome: Outcome) -> Json:
    if isinstance(outcome, Challenged):
        answer = {"ChallengeName": outcome.name, "ChallengeParameters": outcome.parameters}
        answer |= {"Session": outcome.session} if outcome.session else {}
        return answer | ({"AvailableChallenges": list(outcome.available)} if outcome.available else {})
    tokens = outcome.tokens()
    result: Json = {
        "AccessToken": tokens.access,
        "ExpiresIn": tokens.expires_in,
        "IdToken": tokens.id,
        "TokenType": "Bearer",
    }
    if outcome.shows_refresh_token:
        result["RefreshToken"] = tokens.refresh
    if outcome.device:
        result["NewDeviceMetadata"] = {"DeviceKey": outcome.device.key, "DeviceGroupKey": outcome.device.group_key}
    return {"ChallengeParameters": {}, "AuthenticationResult": result}
