"""Errors: what the Lambda API answers instead of a result, and what stops the emulator at its start."""

from __future__ import annotations


class ConfigError(Exception):
    """The configuration cannot be used. The message is one line and names the place."""


class ApiError(Exception):
    """An error answer: HTTP status, the exception's name in AWS's service model, and its message."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message


def not_found(what: str) -> ApiError:
    return ApiError(404, "ResourceNotFoundException", what)


def invalid(message: str) -> ApiError:
    return ApiError(400, "InvalidParameterValueException", message)


def conflict(message: str) -> ApiError:
    return ApiError(409, "ResourceConflictException", message)
