"""What an application asks of /oauth2/authorize: checked once, sealed on the way, answered at its redirect URI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from ..emulator import Emulator
from ..model import Client, Pool
from ..store import pools
from . import seal

FLOWS = {"code": "code", "token": "implicit"}
PROMPTS = {"none", "login", "select_account", "consent"}
KIND = "authorization request"
SECONDS_OF_A_FORM = 12 * 3600


class NotRedirectable(Exception):
    """A request whose redirect URI can't be trusted: told to the person in front of the browser."""

    def __init__(self, error: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.error, self.message, self.hint = error, message, hint


class Redirected(Exception):
    """A request that is refused, to be told to the application at this URL."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


@dataclass(frozen=True)
class Authorization:
    """A request that was found right."""

    client_id: str
    redirect_uri: str
    response_type: str
    scopes: tuple[str, ...]
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None

    def answered(self, values: Mapping[str, str]) -> str:
        """The redirect URI with an answer: in the query for a code, in the fragment for tokens."""
        return _answered(self.redirect_uri, self.response_type, self.state, values)

    def refused(self, error: str, description: str) -> str:
        return self.answered({"error": error, "error_description": description})

    def query(self) -> str:
        """The parameters that make this request again, for a link to a page."""
        challenge = {"code_challenge": self.code_challenge, "code_challenge_method": "S256"}
        parameters = {
            "client_id": self.client_id,
            "response_type": self.response_type,
            "scope": " ".join(self.scopes),
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "nonce": self.nonce,
            **(challenge if self.code_challenge else {}),
        }
        return urlencode({name: value for name, value in parameters.items() if value is not None})

    def sealed(self, emulator: Emulator) -> str:
        return seal.sealed(emulator, KIND, asdict(self), seconds=SECONDS_OF_A_FORM)


def unsealed(emulator: Emulator, text: str) -> Authorization | None:
    """The request in a form, or None if it is none that was found right a while ago."""
    value = seal.unsealed(emulator, KIND, text)
    return Authorization(**{**value, "scopes": tuple(value["scopes"])}) if value else None


def parties(emulator: Emulator, client_id: str) -> tuple[Pool, Client]:
    """The client that asks and its pool: it is the client that tells which pool is meant."""
    client = pools.client(emulator.database, client_id)
    pool = pools.find(emulator.database, client.pool_id) if client else None
    if client is None or pool is None:
        hint = "Compare client_id with the client id that hasura-cognito status shows."
        raise NotRedirectable("invalid_client", f"There is no app client {client_id!r}.", hint)
    return pool, client


def checked(emulator: Emulator, given: QueryParams) -> Authorization:
    """The request in a URL. Raises NotRedirectable, or Redirected where client and redirect URI are right at least."""
    client_id = _single(given, "client_id")
    if not client_id:
        raise NotRedirectable("invalid_request", "The parameter client_id is missing.")
    _, client = parties(emulator, client_id)
    redirect_uri = _redirect_uri(client, _single(given, "redirect_uri"))
    response_type, state = given.get("response_type", ""), given.get("state")
    problem = _problem(client, given)
    if problem:
        error, description = problem
        values = {"error": error, "error_description": description}
        raise Redirected(_answered(redirect_uri, response_type, state, values))
    return Authorization(
        client_id=client.id,
        redirect_uri=redirect_uri,
        response_type=response_type,
        scopes=_scopes(given) or client.oauth_scopes,
        state=state,
        nonce=given.get("nonce"),
        code_challenge=given.get("code_challenge"),
    )


def _single(given: QueryParams, name: str) -> str | None:
    values = given.getlist(name)
    if len(values) > 1:
        raise NotRedirectable("invalid_request", f"The parameter {name} is given {len(values)} times.")
    return values[0] if values else None


def _redirect_uri(client: Client, given: str | None) -> str:
    wanted = given or client.settings.get("DefaultRedirectURI")
    if not wanted:
        raise NotRedirectable("invalid_request", "The parameter redirect_uri is missing.")
    if wanted not in client.callback_urls:
        raise NotRedirectable(
            "redirect_mismatch",
            f"{wanted} is not among the callback URLs of the app client {client.id}.",
            "They are compared letter by letter. Allowed are: " + (", ".join(client.callback_urls) or "none") + ".",
        )
    return str(wanted)


def _problem(client: Client, given: QueryParams) -> tuple[str, str] | None:
    """The error and its description, or None."""
    repeated = [name for name in given if len(given.getlist(name)) > 1]
    if repeated:
        return "invalid_request", f"{repeated[0]} is given more than once"
    response_type = given.get("response_type")
    if response_type not in FLOWS:
        return "invalid_request", "response_type must be code or token"
    if FLOWS[response_type] not in client.oauth_flows:
        return "unauthorized_client", f"The app client may not use the {FLOWS[response_type]} grant"
    unknown = [scope for scope in _scopes(given) if scope not in client.oauth_scopes]
    if unknown or not client.oauth_scopes:
        return "invalid_scope", f"The app client may not ask for {unknown[0]}" if unknown else "It has no scopes"
    prompts = set(given.get("prompt", "").split())
    if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
        return "invalid_request", "prompt must be none, login or select_account"
    return _problem_of_pkce(given.get("code_challenge"), given.get("code_challenge_method"))


def _problem_of_pkce(challenge: str | None, method: str | None) -> tuple[str, str] | None:
    if challenge is None and method is None:
        return None
    if method != "S256":
        return "invalid_request", "code_challenge_method must be S256"
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge or ""):
        return "invalid_request", "code_challenge must be the SHA-256 of the verifier, in base64url without padding"
    return None


def _scopes(given: QueryParams) -> tuple[str, ...]:
    return tuple(dict.fromkeys(given.get("scope", "").split()))


def _answered(redirect_uri: str, response_type: str, state: str | None, values: Mapping[str, str]) -> str:
    query = urlencode({**values, **({"state": state} if state is not None else {})})
    if response_type == "token":
        return f"{redirect_uri}#{query}"
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"
