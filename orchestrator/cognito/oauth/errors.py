"""Errors of the endpoints for machines (RFC 6749, 5.2), each in JSON."""

from __future__ import annotations

from ..model import Json


class OAuthError(Exception):
    """A refused request: `error` is the code that clients go by."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status

    def content(self) -> Json:
        return {"error": self.error, "error_description": self.description}
