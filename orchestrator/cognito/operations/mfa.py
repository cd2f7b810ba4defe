"""Second factors of a user: setting up a software token, and which factors are on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .. import accounts
from ..auth import second_factor, sent_codes, totp
from ..auth.attempt import Attempt, challenged_user, pose, posed, use_up
from ..emulator import Emulator
from ..errors import EnableSoftwareTokenMFA, InvalidParameter, NotAuthorized, SoftwareTokenMFANotFound
from ..model import MFA_KINDS, Challenge, Factors, Json, Pool, User
from ..store import challenges
from ..tokens.access import bearer
from .request import client_of, pool_and_user

SETTINGS = {
    "SMS_MFA": "SMSMfaSettings",
    "SOFTWARE_TOKEN_MFA": "SoftwareTokenMfaSettings",
    "EMAIL_OTP": "EmailMfaSettings",
}


def associate_software_token(emulator: Emulator, request: Json) -> Json:
    """A new secret for a signed-in user, or for one on the way who must set a factor up."""
    if token := request.get("AccessToken"):
        who = bearer(emulator, token)
        return {"SecretCode": _new_token(emulator, who.pool, who.user)}
    attempt, challenge = _on_the_way(emulator, request)
    user = challenged_user(attempt, challenge)
    use_up(attempt, challenge)
    session = pose(attempt, user.sub, challenge.name, dict(challenge.data))
    return {"SecretCode": _new_token(emulator, attempt.pool, user), "Session": session}


def verify_software_token(emulator: Emulator, request: Json) -> Json:
    """Checks the first code; whoever is on the way goes on with the session of the answer."""
    if token := request.get("AccessToken"):
        who = bearer(emulator, token)
        _verify(emulator, who.pool, who.user, request["UserCode"])
        return {"Status": "SUCCESS"}
    attempt, challenge = _on_the_way(emulator, request)
    user = challenged_user(attempt, challenge)
    user = _verify(emulator, attempt.pool, user, request["UserCode"])
    use_up(attempt, challenge)
    _turn_on(emulator, attempt.pool, user)
    session = pose(attempt, user.sub, challenge.name, {**challenge.data, "verified": True})
    return {"Status": "SUCCESS", "Session": session}


def set_user_mfa_preference(emulator: Emulator, request: Json) -> Json:
    who = bearer(emulator, request["AccessToken"])
    _prefer(emulator, who.pool, who.user, request)
    return {}


def admin_set_user_mfa_preference(emulator: Emulator, request: Json) -> Json:
    pool, user = pool_and_user(emulator, request)
    _prefer(emulator, pool, user, request)
    return {}


def set_user_settings(emulator: Emulator, request: Json) -> Json:
    """The older way to turn SMS on and off."""
    who = bearer(emulator, request["AccessToken"])
    _prefer(emulator, who.pool, who.user, _as_preference(request))
    return {}


def admin_set_user_settings(emulator: Emulator, request: Json) -> Json:
    pool, user = pool_and_user(emulator, request)
    _prefer(emulator, pool, user, _as_preference(request))
    return {}


def admin_delete_software_token(emulator: Emulator, request: Json) -> Json:
    pool, user = pool_and_user(emulator, request)

    def without(now: User) -> User:
        kept = _with(now.factors, second_factor.SOFTWARE_TOKEN, enabled=False, preferred=None)
        return replace(now, factors=replace(kept, token=None, token_verified=False))

    accounts.change(emulator, pool, user, without)
    return {}


def get_user_auth_factors(emulator: Emulator, request: Json) -> Json:
    return _auth_factors(bearer(emulator, request["AccessToken"]).user)


def admin_get_user_auth_factors(emulator: Emulator, request: Json) -> Json:
    return _auth_factors(pool_and_user(emulator, request)[1])


def _auth_factors(user: User) -> Json:
    factors = ["PASSWORD"] if user.password else []
    return {"Username": user.username, "ConfiguredUserAuthFactors": factors, **shown(user)}


def shown(user: User) -> Json:
    """A user's second factors as GetUser and AdminGetUser show them."""
    answer: Json = {}
    if user.factors.enabled:
        answer["UserMFASettingList"] = list(user.factors.enabled)
    if user.factors.preferred:
        answer["PreferredMfaSetting"] = user.factors.preferred
    if "SMS_MFA" in user.factors.enabled:
        answer["MFAOptions"] = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
    return answer


def _on_the_way(emulator: Emulator, request: Json) -> tuple[Attempt, Challenge]:
    """The attempt and the challenge that a Session stands for, where there is no access token yet."""
    session = request.get("Session")
    if not session:
        raise InvalidParameter("One of AccessToken and Session is needed.")
    kept = challenges.find(emulator.database, session)
    if kept is None:
        raise NotAuthorized("Invalid session for the user, session can only be used once.")
    pool, client = client_of(emulator, kept.client_id)
    attempt = Attempt(emulator, pool, client, {}, None)
    return attempt, posed(attempt, "MFA_SETUP", session)


def _new_token(emulator: Emulator, pool: Pool, user: User) -> str:
    if not pool.offers_mfa(second_factor.SOFTWARE_TOKEN):
        raise SoftwareTokenMFANotFound("Software Token MFA has not been enabled by the userPool.")
    secret = totp.new_secret(emulator.random)

    def changed(now: User) -> User:
        return replace(now, factors=replace(now.factors, token=secret, token_verified=False, counter=0))

    accounts.change(emulator, pool, user, changed)
    return secret


def _verify(emulator: Emulator, pool: Pool, user: User, code: str) -> User:
    """The user with a verified token; raises EnableSoftwareTokenMFA for a code that is wrong."""
    token = user.factors.token
    if token is None:
        raise InvalidParameter("There is no software token to verify: AssociateSoftwareToken comes first.")
    emulator.lockouts.check(user.sub)
    counter = totp.counter_of(token, code, emulator.clock())
    emulator.lockouts.note(user.sub, right=counter is not None)
    if counter is None:
        raise EnableSoftwareTokenMFA("Code mismatch")

    def verified(now: User) -> User:
        return replace(now, factors=replace(now.factors, token_verified=True, counter=counter))

    return accounts.change(emulator, pool, user, verified)


def _turn_on(emulator: Emulator, pool: Pool, user: User) -> None:
    def on(now: User) -> User:
        return replace(now, factors=_with(now.factors, second_factor.SOFTWARE_TOKEN, enabled=True, preferred=None))

    accounts.change(emulator, pool, user, on)


def _as_preference(request: Json) -> Json:
    on = any(option.get("DeliveryMedium") == "SMS" for option in request["MFAOptions"])
    return {"SMSMfaSettings": {"Enabled": on}}


def _prefer(emulator: Emulator, pool: Pool, user: User, request: Json) -> None:
    """Turns the factors on and off that the request names; raises InvalidParameter for one the user cannot have."""
    given = {kind: request[member] for kind, member in SETTINGS.items() if member in request}
    wanted = [kind for kind, settings in given.items() if settings.get("PreferredMfa")]
    if len(wanted) > 1:
        raise InvalidParameter("Only one MFA method can be preferred.")

    def changed(now: User) -> User:
        factors = now.factors
        for kind, settings in given.items():
            enabled = bool(settings.get("Enabled"))
            if enabled:
                _check_possible(pool, now, kind)
            factors = _with(factors, kind, enabled=enabled, preferred=settings.get("PreferredMfa"))
        return replace(now, factors=factors)

    accounts.change(emulator, pool, user, changed)


def _check_possible(pool: Pool, user: User, kind: str) -> None:
    if kind == second_factor.SOFTWARE_TOKEN:
        if not user.factors.token_verified:
            raise InvalidParameter("User has not verified software token mfa")
    elif not user.attributes.get(sent_codes.ATTRIBUTE[kind]):
        raise InvalidParameter(f"User does not have delivery config set to turn on {kind}")
    if not pool.offers_mfa(kind):
        raise InvalidParameter(f"{kind} is not enabled for the user pool.")


def _with(factors: Factors, kind: str, *, enabled: bool, preferred: bool | None) -> Factors:
    """The factors with one turned on or off; `preferred` None leaves the preference, but for a factor that is off."""
    others = [one for one in factors.enabled if one != kind]
    first = factors.preferred
    if enabled and preferred:
        first = kind
    elif first == kind and (not enabled or preferred is False):
        first = None
    return replace(factors, enabled=_ordered([*others, kind] if enabled else others), preferred=first)


def _ordered(kinds: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(kinds, key=list(MFA_KINDS).index))
