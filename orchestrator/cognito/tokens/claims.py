"""The claims of ID and access tokens, before and after a PreTokenGeneration trigger had its say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from ..errors import InvalidLambdaResponse
from ..model import IDENTITIES, Client, Group, Json, Session, User

PROTECTED = frozenset(
    (
        "acr", "amr", "aud", "at_hash", "auth_time", "azp", "cognito:username", "exp", "iat", "identities", "iss",
        "jti", "nbf", "nonce", "origin_jti", "sub", "token_use",
    )
)  # fmt: skip
# The API reads these in an access token; scopes are changed by lists of their own.
PROTECTED_IN_ACCESS = PROTECTED | {"client_id", "scope", "username"}
BOOLEANS = ("email_verified", "phone_number_verified")
# Beside openid, these limit what is told of the user; openid alone, and profile, tell all that the client may read.
LIMITING_SCOPES = {"email": ("email", "email_verified"), "phone": ("phone_number", "phone_number_verified")}


@dataclass(frozen=True)
class GroupClaims:
    """What a user's groups contribute: their names by precedence, their roles, and the first one's role."""

    names: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    preferred_role: str | None = None

    def claims(self) -> Json:
        """Those of an ID token; an access token has the names only."""
        claims: Json = {"cognito:groups": list(self.names)} if self.names else {}
        if self.roles:
            claims["cognito:roles"] = list(self.roles)
        if self.preferred_role:
            claims["cognito:preferred_role"] = self.preferred_role
        return claims


@dataclass(frozen=True)
class Changes:
    """What a trigger changes in one token."""

    add: Mapping[str, Any]
    suppress: frozenset[str]

    def applied(self, claims: Mapping[str, Any], protected: frozenset[str] = PROTECTED) -> Json:
        """Suppressing beats adding, and neither touches a protected claim."""
        added = {name: value for name, value in self.add.items() if name not in protected}
        gone = self.suppress - protected
        return {name: value for name, value in {**claims, **added}.items() if name not in gone}


NO_CHANGES = Changes({}, frozenset())


@dataclass(frozen=True)
class Overrides:
    """A PreTokenGeneration response: changes of both tokens, groups, scopes."""

    id: Changes = NO_CHANGES
    access: Changes = NO_CHANGES
    groups: GroupClaims | None = None
    scopes_to_add: tuple[str, ...] = ()
    scopes_to_suppress: frozenset[str] = frozenset()

    def scopes(self, given: Iterable[str]) -> tuple[str, ...]:
        wanted = dict.fromkeys((*given, *self.scopes_to_add))
        return tuple(scope for scope in wanted if scope not in self.scopes_to_suppress)


def of_groups(groups: Iterable[Group]) -> GroupClaims:
    """Groups by precedence; the preferred role is the first one's, unless two of equal precedence disagree."""
    ordered = sorted(groups, key=lambda group: (group.precedence, group.name))
    roles = tuple(dict.fromkeys(group.role for group in ordered if group.role))
    best = {group.role for group in ordered if group.precedence == ordered[0].precedence and group.role}
    preferred = next(iter(best)) if len(best) == 1 else None
    return GroupClaims(tuple(group.name for group in ordered), roles, preferred)


def attributes_told(user: User, client: Client, scopes: Iterable[str]) -> dict[str, str]:
    """The attributes of a user that a client may read with these scopes; `identities` is always among them."""
    readable = client.settings.get("ReadAttributes")
    limits = [LIMITING_SCOPES[scope] for scope in scopes if scope in LIMITING_SCOPES]
    told = {name for names in limits for name in names} if limits and "profile" not in scopes else None
    return {
        name: value
        for name, value in user.attributes.items()
        if name == IDENTITIES or ((readable is None or name in readable) and (told is None or name in told))
    }


def id_claims(user: User, client: Client, session: Session, scopes: Iterable[str]) -> Json:
    """The claims an ID token has of its own: who the user is, and the attributes the client may read."""
    attributes: Json = attributes_told(user, client, scopes)
    attributes |= {name: attributes[name] == "true" for name in BOOLEANS if name in attributes}
    if IDENTITIES in attributes:
        attributes[IDENTITIES] = _texts_of_identities(attributes[IDENTITIES])
    return {
        **attributes,
        "sub": user.sub,
        "cognito:username": user.username,
        "aud": client.id,
        "origin_jti": session.id,
        "auth_time": session.auth_time,
        "token_use": "id",
    }


def _texts_of_identities(attribute: str) -> list[Json]:
    """The `identities` claim has texts where the attribute has a truth and a number."""
    return [
        {**identity, "primary": str(identity["primary"]).lower(), "dateCreated": str(identity["dateCreated"])}
        for identity in orjson.loads(attribute)
    ]


def access_claims(user: User, client: Client, session: Session) -> Json:
    device = {"device_key": session.device_key} if session.device_key else {}
    return {
        **device,
        "sub": user.sub,
        "username": user.username,
        "client_id": client.id,
        "origin_jti": session.id,
        "auth_time": session.auth_time,
        "token_use": "access",
    }


def overrides(version: str, response: Mapping[str, Any], groups: GroupClaims) -> Overrides:
    """What a trigger's response changes; raises InvalidLambdaResponse for one Cognito would not take."""
    try:
        return _overrides_v1(response, groups) if version == "1" else _overrides_v2(response, groups)
    except (TypeError, AttributeError, ValueError) as error:
        raise InvalidLambdaResponse("Unrecognizable lambda output", "PreTokenGeneration") from error


def _overrides_v1(response: Mapping[str, Any], groups: GroupClaims) -> Overrides:
    details = response.get("claimsOverrideDetails") or {}
    changes = _changes(details)
    if not all(isinstance(value, str) for value in changes.add.values()):
        raise TypeError("claimsToAddOrOverride takes texts only")
    return Overrides(id=changes, groups=_groups(details, groups))


def _overrides_v2(response: Mapping[str, Any], groups: GroupClaims) -> Overrides:
    details = response.get("claimsAndScopeOverrideDetails") or {}
    access = details.get("accessTokenGeneration") or {}
    return Overrides(
        id=_changes(details.get("idTokenGeneration") or {}),
        access=_changes(access),
        groups=_groups(details, groups),
        scopes_to_add=_texts(access.get("scopesToAdd")),
        scopes_to_suppress=frozenset(_texts(access.get("scopesToSuppress"))),
    )


def _changes(details: Mapping[str, Any]) -> Changes:
    return Changes(dict(details.get("claimsToAddOrOverride") or {}), frozenset(_texts(details.get("claimsToSuppress"))))


def _groups(details: Mapping[str, Any], groups: GroupClaims) -> GroupClaims:
    if "groupOverrideDetails" not in details:
        return groups
    given = details["groupOverrideDetails"] or {}
    return replace(
        groups,
        names=_texts(given.get("groupsToOverride")),
        roles=_texts(given.get("iamRolesToOverride")),
        preferred_role=given.get("preferredRole"),
    )


def _texts(values: Any) -> tuple[str, ...]:
    if values is None:
        return ()
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("a list of texts is wanted")
    return tuple(values)
