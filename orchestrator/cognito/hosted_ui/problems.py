"""What went wrong with a form: in words for the person, at the field where it can be put right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from ..errors import (
    AliasExists,
    CodeMismatch,
    CognitoError,
    EnableSoftwareTokenMFA,
    ExpiredCode,
    InvalidPassword,
    LimitExceeded,
    NotAuthorized,
    UsernameExists,
    UserNotFound,
)

FIELDS: dict[type[CognitoError], str] = {
    AliasExists: "username",
    CodeMismatch: "code",
    EnableSoftwareTokenMFA: "code",
    ExpiredCode: "code",
    InvalidPassword: "password",
    LimitExceeded: "code",
    NotAuthorized: "username",
    UserNotFound: "username",
    UsernameExists: "username",
}


@dataclass(frozen=True)
class Problem:
    """`field` is the name of the input concerned, if it is one."""

    message: str
    field: str | None = None


def of(error: CognitoError) -> Problem:
    return Problem(error.message.strip(), FIELDS.get(type(error)))


def missing(label: str, field: str) -> Problem:
    return Problem(f"{label} is missing.", field)


# Shows the form again, with what went wrong.
Again = Callable[[Problem], Response]
