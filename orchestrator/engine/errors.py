"""The one error that an application meets: Hasura's code, path and message, and its HTTP status."""

from __future__ import annotations

from typing import Any


class EngineError(Exception):
    """An answer in Hasura's words; `internal` goes to admins only.

    >>> EngineError("not-found", "no such role").as_rest()
    {'error': 'no such role', 'path': '$', 'code': 'not-found'}
    """

    def __init__(self, code: str, message: str, path: str = "$", *, status: int | None = None, internal: Any = None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.status = STATUS.get(code, 400) if status is None else status
        self.internal = internal

    def at(self, path: str) -> EngineError:
        """The same error at another path."""
        return EngineError(self.code, self.message, path, status=self.status, internal=self.internal)

    def as_rest(self, *, internal: bool = False) -> dict[str, Any]:
        """The body of `/v1/metadata`, `/v1/query` and the like."""
        body = {"error": self.message, "path": self.path, "code": self.code}
        return {**body, "internal": self.internal} if internal and self.internal is not None else body

    def as_graphql(self, *, internal: bool = False) -> dict[str, Any]:
        """One element of a GraphQL answer's `errors`."""
        extensions = {"path": self.path, "code": self.code}
        if internal and self.internal is not None:
            extensions["internal"] = self.internal
        return {"message": self.message, "extensions": extensions}


STATUS = {"unexpected": 500}


def bad_request(message: str, path: str = "$") -> EngineError:
    return EngineError("bad-request", message, path)


def validation_failed(message: str, path: str = "$") -> EngineError:
    return EngineError("validation-failed", message, path)


def parse_failed(message: str, path: str = "$") -> EngineError:
    return EngineError("parse-failed", message, path)


def not_found(message: str, path: str = "$") -> EngineError:
    return EngineError("not-found", message, path)


def not_exists(message: str, path: str = "$") -> EngineError:
    return EngineError("not-exists", message, path)


def already_exists(message: str, path: str = "$") -> EngineError:
    return EngineError("already-exists", message, path)


def not_supported(message: str, path: str = "$") -> EngineError:
    return EngineError("not-supported", message, path)


def permission_denied(message: str, path: str = "$") -> EngineError:
    return EngineError("permission-denied", message, path)


def access_denied(message: str, path: str = "$", status: int = 400) -> EngineError:
    return EngineError("access-denied", message, path, status=status)


def unexpected(message: str, path: str = "$", internal: Any = None) -> EngineError:
    return EngineError("unexpected", message, path, internal=internal)
