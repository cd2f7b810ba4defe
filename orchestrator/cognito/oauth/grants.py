"""What a sign-in ends in: an authorization code, or tokens in the redirect's fragment."""

from __future__ import annotations

import base64
import hashlib
import hmac

from ..auth.attempt import SignedIn
from ..emulator import Emulator
from ..errors import CognitoError
from ..model import Client, Session, User, random_uuid
from ..store import pools, tickets
from ..tokens.access import present
from ..tokens.issue import OPENID, Wanted
from .authorization import Authorization
from .errors import OAuthError

KIND = "authorization code"
SECONDS = 300
SOURCE = "HostedAuth"


def granted(emulator: Emulator, asked: Authorization, signed_in: SignedIn) -> str:
    """The URL that brings the application what it asked for."""
    if asked.response_type == "code":
        return asked.answered({"code": _code(emulator, asked, signed_in)})
    tokens = signed_in.tokens()
    identity = {"id_token": tokens.id} if OPENID in asked.scopes else {}
    others = {"access_token": tokens.access, "expires_in": str(tokens.expires_in), "token_type": "Bearer"}
    return asked.answered({**identity, **others})


def _code(emulator: Emulator, asked: Authorization, signed_in: SignedIn) -> str:
    """A new code. What PreTokenGeneration said is kept with it: the trigger does not run at the token endpoint."""
    code, at = random_uuid(emulator.random), emulator.clock()
    wanted = signed_in.wanted
    data = {
        "client_id": asked.client_id,
        "redirect_uri": asked.redirect_uri,
        "code_challenge": asked.code_challenge,
        "sub": wanted.user.sub,
        "session": wanted.session.id,
        "auth_time": wanted.session.auth_time,
        "scopes": wanted.scopes,
        "nonce": wanted.nonce,
        "response": signed_in.response,
    }
    tickets.add(emulator.database, KIND, code, data, at=at, expires_at=at + SECONDS)
    return code


def exchanged(
    emulator: Emulator, client: Client, code: str, redirect_uri: str | None, verifier: str | None
) -> SignedIn:
    """What a code stands for. It can be tried once by the client it was given to; raises OAuthError."""
    kept = tickets.find(emulator.database, KIND, code, emulator.clock())
    if kept is None or kept["client_id"] != client.id:
        raise OAuthError("invalid_grant", "The code is unknown, was used already, or is older than five minutes.")
    if not tickets.remove(emulator.database, code):
        raise OAuthError("invalid_grant", "The code was used already.")
    if kept["redirect_uri"] != redirect_uri:
        raise OAuthError("invalid_grant", "redirect_uri is not the one that the code was sent to.")
    if not _verified(kept["code_challenge"], verifier):
        raise OAuthError("invalid_grant", "code_verifier does not fit the code_challenge.")
    user, pool = _present(emulator, kept["sub"], kept["session"]), pools.find(emulator.database, client.pool_id)
    if pool is None:
        raise OAuthError("invalid_grant", "The user pool is gone.")
    session = Session(kept["session"], kept["auth_time"])
    wanted = Wanted(pool, client, user, session, SOURCE, scopes=tuple(kept["scopes"]), nonce=kept["nonce"])
    return SignedIn(emulator, wanted, kept["response"])


def _present(emulator: Emulator, sub: str, session: str) -> User:
    try:
        return present(emulator, sub, session, "Code")
    except CognitoError as error:
        raise OAuthError("invalid_grant", error.message) from error


def _verified(challenge: str | None, verifier: str | None) -> bool:
    if challenge is None:
        return verifier is None
    digest = hashlib.sha256((verifier or "").encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), challenge.encode())
