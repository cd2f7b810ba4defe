"""Users of the running stack: sign-up with the code that was \"sent\", sign-in, deletion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from orchestrator.aws.failures import told
from orchestrator.errors import StackError
from orchestrator.project.http import http_client
from orchestrator.stack.plan import Pool, Urls

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


@dataclass(frozen=True)
class Tokens:
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True)
class Accounts:
    """The user pool of a running stack, as an application and its administrator use it."""

    client: CognitoIdentityProviderClient
    pool: Pool
    messages_url: str

    @classmethod
    def of(cls, urls: Urls, pool: Pool) -> Accounts:
        """Takes some tenths of a second, for the import of botocore, which nothing else needs."""
        from orchestrator.aws import clients

        client = clients.cognito(endpoint=urls.cognito, region=pool.region)
        return cls(client, pool, f"{urls.cognito}/_local/messages")

    def sign_up(self, username: str, password: str, attributes: Mapping[str, str]) -> str:
        """Registers a user and confirms it with the code that was sent; returns the sub."""
        with told(f"Sign-up of {username}"):
            answer = self.client.sign_up(
                ClientId=self.pool.client_id,
                Username=username,
                Password=password,
                UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            )
            if not answer["UserConfirmed"]:
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
        if challenge := answer.get("ChallengeName"):
            raise StackError(f"{username} must answer the challenge {challenge} first.", "Sign in through the app.")
        result = answer["AuthenticationResult"]
        return Tokens(result["IdToken"], result["AccessToken"], result["RefreshToken"], result["ExpiresIn"])

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
