"""Users of the running stack's pool, as an application and its administrator use it: sign-up, sign-in, deletion."""

from __future__ import annotations

import base64
import hmac
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import httpx

from orchestrator.aws.attach.app_clients import password_flow
from orchestrator.aws.failures import told
from orchestrator.errors import StackError
from orchestrator.project.http import http_client
from orchestrator.stack.plan import Pool, Urls

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef


@dataclass(frozen=True)
class Tokens:
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


class Place(Protocol):
    """Where a pool is: what a plan and a record have in common."""

    @property
    def urls(self) -> Urls: ...

    @property
    def pool(self) -> Pool: ...

    @property
    def identity(self) -> str: ...


def accounts_of(place: Place, *, many_calls: bool = False) -> Accounts:
    """Takes some tenths of a second, for the import of botocore, which nothing else needs."""
    from orchestrator.aws import clients

    if place.identity == "aws":
        return AwsAccounts(clients.amazon("cognito-idp", region=place.pool.region, many_calls=many_calls), place.pool)
    client = clients.cognito(endpoint=place.urls.cognito, region=place.pool.region)
    return LocalAccounts(client, place.pool, f"{place.urls.cognito}/_local/messages")


@dataclass(frozen=True)
class Accounts(ABC):
    """The user pool of a running stack.

    `confirms` is whether `sign_up`, which `joins` says in words, makes Cognito send a Post Confirmation event;
    `see_functions` is where the triggers' own words are.
    """

    client: CognitoIdentityProviderClient
    pool: Pool
    confirms: ClassVar[bool]
    joins: ClassVar[str]
    see_functions: ClassVar[str]

    @abstractmethod
    def sign_up(self, username: str, password: str, attributes: Mapping[str, str]) -> str:
        """Makes a user who can sign in with this password; returns the sub."""

    @abstractmethod
    def sign_in(self, username: str, password: str) -> Tokens:
        """The tokens of a user. Raises StackError in Cognito's words."""

    def delete(self, username: str) -> None:
        with told(f"Deletion of {username}"):
            self.client.admin_delete_user(UserPoolId=self.pool.id, Username=username)

    def get(self, username: str) -> Mapping[str, Any]:
        """The user as `{"username", "status", "enabled", "created", "attributes": {name: value}}`."""
        with told(f"Look-up of {username}"):
            user = self.client.admin_get_user(UserPoolId=self.pool.id, Username=username)
        return {**shown(user), "attributes": attributes_of(user.get("UserAttributes", []))}

    def list(self) -> Iterator[Mapping[str, Any]]:
        """All users of the pool, page by page, each as `get` gives it."""
        with told("Listing the users"):
            for page in self.client.get_paginator("list_users").paginate(UserPoolId=self.pool.id):
                for user in page["Users"]:
                    yield {**shown(user), "attributes": attributes_of(user.get("Attributes", []))}

    def signs_in_with_email(self) -> bool:
        with told("Look-up of the user pool"):
            described = self.client.describe_user_pool(UserPoolId=self.pool.id)["UserPool"]
        return "email" in described.get("UsernameAttributes", [])


def shown(user: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "username": user["Username"],
        "status": user["UserStatus"],
        "enabled": user["Enabled"],
        "created": user["UserCreateDate"].isoformat(),
    }


def attributes_of(pairs: Any) -> Mapping[str, str]:
    return {pair["Name"]: pair.get("Value", "") for pair in pairs}


@dataclass(frozen=True)
class LocalAccounts(Accounts):
    """In the emulator, where the code of a message can be read."""

    messages_url: str
    confirms = True
    joins = "a user signs up and confirms the code"
    see_functions = "See `hasura-cognito logs lambda`."

    def sign_up(self, username: str, password: str, attributes: Mapping[str, str], *, confirm: bool = True) -> str:
        """With `confirm`, the code that was sent is confirmed, too."""
        with told(f"Sign-up of {username}"):
            answer = self.client.sign_up(
                ClientId=self.pool.client_id,
                Username=username,
                Password=password,
                UserAttributes=pairs_of(attributes),
            )
            if confirm and not answer["UserConfirmed"]:
                self.client.confirm_sign_up(
                    ClientId=self.pool.client_id, Username=username, ConfirmationCode=self.code_for(username)
                )
        return answer["UserSub"]

    def code_for(self, username: str) -> str:
        """The code of the newest message to this user."""
        try:
            with http_client(self.messages_url, seconds=5) as http:
                messages = http.get(self.messages_url, params={"username": username}).json()
            return str(messages[-1]["code"])
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise StackError(
                f"No message with a code was sent to {username}.", "See `hasura-cognito logs cognito`."
            ) from error

    def sign_in(self, username: str, password: str) -> Tokens:
        with told(f"Sign-in of {username}"):
            answer = self.client.initiate_auth(
                ClientId=self.pool.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": username, "PASSWORD": password},
            )
        return tokens_of(username, answer)


@dataclass(frozen=True)
class AwsAccounts(Accounts):
    """In AWS, as an administrator: no message is sent to addresses that may be anybody's."""

    confirms = False
    joins = "an administrator makes a user"
    see_functions = "See the functions' logs: `aws logs tail /aws/lambda/NAME`."

    def sign_up(self, username: str, password: str, attributes: Mapping[str, str]) -> str:
        verified = {"email_verified": "true"} if "email" in attributes else {}
        with told(f"Making the user {username}"):
            user = self.client.admin_create_user(
                UserPoolId=self.pool.id,
                Username=username,
                UserAttributes=pairs_of({**verified, **attributes}),
                MessageAction="SUPPRESS",
            )["User"]
        with told(f"Setting the password of {username}"):
            self.client.admin_set_user_password(
                UserPoolId=self.pool.id, Username=username, Password=password, Permanent=True
            )
        return attributes_of(user.get("Attributes", []))["sub"]

    def sign_in(self, username: str, password: str) -> Tokens:
        pool_id, client_id = self.pool.id, self.pool.client_id
        with told(f"Look-up of the app client {client_id}"):
            client = self.client.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]
        parameters = {"USERNAME": username, "PASSWORD": password}
        if secret := client.get("ClientSecret"):
            parameters["SECRET_HASH"] = secret_hash(username, client_id, secret)
        flow = password_flow(client)
        if flow is None:
            raise StackError(
                f"With the app client {client_id} nobody can sign in from the command line.",
                "Give it ALLOW_ADMIN_USER_PASSWORD_AUTH in the AWS console (App clients, authentication flows), or "
                "sign in at `hasura-cognito open login`; `up --no-verify` starts without signing in.",
            )
        with told(f"Sign-in of {username}"):
            if flow == "USER_PASSWORD_AUTH":
                answer: Any = self.client.initiate_auth(
                    ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
                )
            else:
                answer = self.client.admin_initiate_auth(
                    UserPoolId=pool_id,
                    ClientId=client_id,
                    AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                    AuthParameters=parameters,
                )
        return tokens_of(username, answer)


def tokens_of(username: str, answer: Any) -> Tokens:
    """The tokens in the answer to a sign-in. Raises StackError where it asks for more."""
    if challenge := answer.get("ChallengeName"):
        raise StackError(f"{username} must answer the challenge {challenge} first.", "Sign in through the app.")
    result = answer["AuthenticationResult"]
    return Tokens(result["IdToken"], result["AccessToken"], result["RefreshToken"], result["ExpiresIn"])


def secret_hash(username: str, client_id: str, secret: str) -> str:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash"""
    digest = hmac.digest(secret.encode(), f"{username}{client_id}".encode(), "sha256")
    return base64.b64encode(digest).decode()


def pairs_of(attributes: Mapping[str, str]) -> list[AttributeTypeTypeDef]:
    return [{"Name": name, "Value": value} for name, value in attributes.items()]
