"""Cognito's errors: the class is the code a client sees, the text is its message."""

from __future__ import annotations


class CognitoError(Exception):
    """An error of the API, HTTP 400.

    >>> NotAuthorized("Incorrect username or password.").code
    'NotAuthorizedException'
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def code(self) -> str:
        return f"{type(self).__name__}Exception"


class AliasExists(CognitoError):
    pass


class CodeMismatch(CognitoError):
    pass


class DuplicateProvider(CognitoError):
    pass


class EnableSoftwareTokenMFA(CognitoError):
    pass


class ExpiredCode(CognitoError):
    pass


class GroupExists(CognitoError):
    pass


class LambdaFailure(CognitoError):
    """A trigger did not do what it should; `trigger` is its name."""

    def __init__(self, message: str, trigger: str) -> None:
        super().__init__(message)
        self.trigger = trigger


class InvalidLambdaResponse(LambdaFailure):
    pass


class InvalidOAuthFlow(CognitoError):
    pass


class InvalidParameter(CognitoError):
    pass


class InvalidUserPoolConfiguration(CognitoError):
    pass


class InvalidPassword(CognitoError):
    pass


class LimitExceeded(CognitoError):
    pass


class NotAuthorized(CognitoError):
    pass


class PasswordResetRequired(CognitoError):
    pass


class RefreshTokenReuse(CognitoError):
    pass


class ResourceNotFound(CognitoError):
    pass


class SoftwareTokenMFANotFound(CognitoError):
    pass


class Serialization(CognitoError):
    """A wrong JSON type. Cognito does not tell where; `place` does, for whoever may know."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place


class UnexpectedLambda(LambdaFailure):
    pass


class UnknownOperation(CognitoError):
    pass


class UnsupportedOperation(CognitoError):
    pass


class UnsupportedTokenType(CognitoError):
    pass


class UnsupportedUserState(CognitoError):
    pass


class UserLambdaValidation(LambdaFailure):
    pass


class UsernameExists(CognitoError):
    pass


class UserNotConfirmed(CognitoError):
    pass


class UserNotFound(CognitoError):
    pass
