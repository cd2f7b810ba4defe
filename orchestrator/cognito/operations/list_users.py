"""ListUsers, with its filters and pages."""

from __future__ import annotations

import re

from ..emulator import Emulator
from ..errors import InvalidParameter
from ..model import Json
from ..store import users
from ..store.users import Condition
from .request import page_number, page_token, pool_of, user_type

PAGE = 60
SEARCHABLE = frozenset(
    (
        "username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username",
        "cognito:user_status", "status", "sub",
    )
)  # fmt: skip

_FILTER = re.compile(r'\s*"?(?P<attribute>[\w:]+)"?\s*(?P<operator>\^?=)\s*"(?P<value>(?:[^"\\]|\\.)*)"\s*')


def list_users(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    condition = parse_filter(request.get("Filter", ""))
    # Cognito takes a limit of 0 for the largest page.
    limit = request.get("Limit") or PAGE
    after = page_number(request.get("PaginationToken"))
    found = users.page(emulator.database, pool, condition, after=after, limit=limit)
    answer: Json = {"Users": [user_type(user, request.get("AttributesToGet")) for _, user in found]}
    if len(found) == limit:
        answer["PaginationToken"] = page_token(found[-1][0])
    return answer


def parse_filter(text: str) -> Condition | None:
    """The condition a filter states, None for an empty one; raises InvalidParameter.

    >>> parse_filter('email ^= "ann\\\\"s@"')
    Condition(attribute='email', value='ann"s@', prefix=True)
    """
    if not text.strip():
        return None
    match = _FILTER.fullmatch(text)
    if match is None:
        raise InvalidParameter("Error while parsing filter.")
    if match["attribute"] not in SEARCHABLE:
        raise InvalidParameter(f"Invalid search attribute: {match['attribute']}")
    return Condition(match["attribute"], re.sub(r"\\(.)", r"\1", match["value"]), prefix=match["operator"] == "^=")
