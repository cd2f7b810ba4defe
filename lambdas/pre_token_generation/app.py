"""Cognito's Pre Token Generation trigger: puts the claims that Hasura reads into the user's tokens.

The claims go under one namespace as one JSON string. Hasura reads that with `"claims_format": "stringified_json"`
in HASURA_GRAPHQL_JWT_SECRET; it is the only form that every trigger version can carry.

    {"x-hasura-user-id": "<sub>", "x-hasura-default-role": "user", "x-hasura-allowed-roles": ["user", "editor"]}

Environment:
  CLAIMS_NAMESPACE  where Hasura looks for the claims (https://hasura.io/jwt/claims)
  DEFAULT_ROLE      the role of a request that does not choose one; every user has it (user)

Every Cognito group of the user is a role that he or she may choose for a request with the header `x-hasura-role`.
The default role is the same for everybody: a request that wants more has to ask for it. A group called `admin` is
Hasura's administrator, whom no permission limits, so put people into such a group with care.
"""

from __future__ import annotations

import json
import os


def handler(event, _context):
    """The event, with the Hasura claims in its response."""
    if event["triggerSource"] == "TokenGeneration_ClientCredentials":
        return event  # A machine signed in: there is no user to make claims for.
    namespace = os.environ.get("CLAIMS_NAMESPACE", "https://hasura.io/jwt/claims")
    default_role = os.environ.get("DEFAULT_ROLE", "user")
    claims = {namespace: json.dumps(hasura_claims(event["request"], default_role), separators=(",", ":"))}
    return {**event, "response": with_claims(event.get("response") or {}, claims, version=event.get("version", "1"))}


def hasura_claims(request, default_role):
    """The claims of the user who signs in. The user is `sub`: with social sign-in, `userName` is another value."""
    groups = (request.get("groupConfiguration") or {}).get("groupsToOverride") or []
    return {
        "x-hasura-user-id": request["userAttributes"]["sub"],
        "x-hasura-default-role": default_role,
        "x-hasura-allowed-roles": list(dict.fromkeys([default_role, *groups])),
    }


def with_claims(response, claims, *, version):
    """The response with these claims added. Version 1 can only change the ID token, later ones both tokens."""
    if version == "1":
        details = response.get("claimsOverrideDetails") or {}
        return {**response, "claimsOverrideDetails": added(details, claims)}
    details = response.get("claimsAndScopeOverrideDetails") or {}
    id_token, access_token = details.get("idTokenGeneration") or {}, details.get("accessTokenGeneration") or {}
    details = {
        **details,
        "idTokenGeneration": added(id_token, claims),
        "accessTokenGeneration": added(access_token, claims),
    }
    return {**response, "claimsAndScopeOverrideDetails": details}


def added(details, claims):
    return {**details, "claimsToAddOrOverride": {**(details.get("claimsToAddOrOverride") or {}), **claims}}
