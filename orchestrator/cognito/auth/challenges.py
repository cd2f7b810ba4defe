"""The challenges on the way to tokens: how each is answered, in a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from .. import accounts, delivery
from ..attributes import check_change, check_client_may_write
from ..errors import InvalidLambdaResponse, InvalidParameter, NotAuthorized
from ..model import CONFIRMED, Challenge, User
from ..store import users
from . import custom, devices, flows, second_factor, srp
from .attempt import WRONG, Attempt, Outcome, challenged_user, use_up
from .progress import DEVICE, NEW_PASSWORD, after_factor, after_password, after_proof, complete

ATTRIBUTE_PREFIX = "userAttributes."


async def _new_password(attempt: Attempt, challenge: Challenge) -> Outcome:
    user = _named_user(attempt, challenge)
    password = attempt.required("NEW_PASSWORD")
    given = {
        name.removeprefix(ATTRIBUTE_PREFIX): value
        for name, value in attempt.parameters.items()
        if name.startswith(ATTRIBUTE_PREFIX)
    }
    check_client_may_write(attempt.client, given)
    check_change(attempt.pool, given)
    ready = accounts.with_password(attempt.emulator, attempt.pool, user, password)
    use_up(attempt, challenge)

    def changed(now: User) -> User:
        now = accounts.with_attributes(attempt.emulator, attempt.pool, now, given)
        return replace(now, password=ready.password, password_set_at=ready.password_set_at, status=CONFIRMED)

    user = accounts.change(attempt.emulator, attempt.pool, user, changed)
    return await after_password(attempt, user, NEW_PASSWORD)


async def _password_verifier(attempt: Attempt, challenge: Challenge) -> Outcome:
    data = challenge.data
    signature, timestamp = attempt.required("PASSWORD_CLAIM_SIGNATURE"), attempt.required("TIMESTAMP")
    use_up(attempt, challenge)
    user = users.by_sub(attempt.emulator.database, challenge.sub)
    # A password changed in between has another salt.
    if user is None or user.password is None or user.password.salt != data["salt"]:
        raise NotAuthorized(WRONG)
    proved = srp.proves(
        srp.Exchange(**data["exchange"]),
        user.password,
        pool_name=attempt.pool.srp_name,
        username=user.username,
        secret_block=challenge.id,
        timestamp=timestamp,
        signature=signature,
    )
    attempt.emulator.lockouts.note(user.sub, right=proved)
    if not proved:
        raise NotAuthorized(WRONG)
    if "steps" not in data:
        return await after_proof(attempt, user)
    done = custom.step(challenge.name, right=True)
    outcome = await custom.go_on(attempt, user, data["name"], [*data["steps"], done])
    if isinstance(outcome, str):
        raise InvalidLambdaResponse(f"The challenge {outcome} cannot follow a password.", custom.DEFINE)
    return outcome


async def _sent_code(attempt: Attempt, challenge: Challenge) -> Outcome:
    user = challenged_user(attempt, challenge)
    given = attempt.required(f"{challenge.name}_CODE")
    with delivery.using_code(attempt.emulator, user, delivery.MFA.name, given):
        use_up(attempt, challenge)
    return await after_factor(attempt, user, challenge.data["source"])


async def _software_token(attempt: Attempt, challenge: Challenge) -> Outcome:
    user = challenged_user(attempt, challenge)
    given = attempt.required("SOFTWARE_TOKEN_MFA_CODE")
    with attempt.emulator.lockouts.counting(user.sub):
        user = second_factor.take_code(attempt.emulator, attempt.pool, user, given)
    use_up(attempt, challenge)
    return await after_factor(attempt, user, challenge.data["source"])


async def _chosen_factor(attempt: Attempt, challenge: Challenge) -> Outcome:
    user = challenged_user(attempt, challenge)
    kind = attempt.required("ANSWER")
    if kind not in second_factor.usable(attempt.pool, user):
        raise InvalidParameter(f"{kind} is not among the second factors that can be chosen.")
    use_up(attempt, challenge)
    return await second_factor.challenge(attempt, user, challenge.data["source"], kind)


async def _set_up(attempt: Attempt, challenge: Challenge) -> Outcome:
    user = challenged_user(attempt, challenge)
    if not challenge.data.get("verified"):
        raise InvalidParameter("The second factor of this session is not set up yet: VerifySoftwareToken comes first.")
    use_up(attempt, challenge)
    return await after_factor(attempt, user, challenge.data["source"])


async def _device_srp(attempt: Attempt, challenge: Challenge) -> Outcome:
    user = challenged_user(attempt, challenge)
    use_up(attempt, challenge)
    return devices.begin(attempt, user)


async def _device_verifier(attempt: Attempt, challenge: Challenge) -> Outcome:
    user = challenged_user(attempt, challenge)
    use_up(attempt, challenge)
    devices.prove(attempt, user, challenge)
    return await complete(attempt, user, DEVICE)


def _named_user(attempt: Attempt, challenge: Challenge) -> User:
    user = challenged_user(attempt, challenge)
    named = users.find(attempt.emulator.database, attempt.pool, attempt.required("USERNAME"))
    if named is None or named.sub != user.sub:
        raise NotAuthorized("Invalid session for the user.")
    return user


CHALLENGES: dict[str, Callable[[Attempt, Challenge], Awaitable[Outcome]]] = {
    "NEW_PASSWORD_REQUIRED": _new_password,
    "PASSWORD_VERIFIER": _password_verifier,
    "CUSTOM_CHALLENGE": custom.answered,
    "SELECT_CHALLENGE": flows.choose,
    "PASSWORD": flows.answer_password,
    "SMS_OTP": _sent_code,
    "SMS_MFA": _sent_code,
    "EMAIL_OTP": _sent_code,
    "SOFTWARE_TOKEN_MFA": _software_token,
    "SELECT_MFA_TYPE": _chosen_factor,
    "MFA_SETUP": _set_up,
    "DEVICE_SRP_AUTH": _device_srp,
    "DEVICE_PASSWORD_VERIFIER": _device_verifier,
}
# Those that are named by a secret block instead of a session, as pycognito sends no session with them.
NAMED_BY_BLOCK = ("PASSWORD_VERIFIER", "DEVICE_PASSWORD_VERIFIER")
