"""App clients as they are made, described, changed and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import CLIENT, POOL, Running, Start, error_of


def test_a_client_is_described(start: Start) -> None:
    cognito = start(client={"AccessTokenValidity": 5, "GenerateSecret": True})
    client = cognito.api.describe_user_pool_client(UserPoolId=POOL, ClientId=CLIENT)["UserPoolClient"]
    assert (client["ClientName"], client["AccessTokenValidity"], client["RefreshTokenValidity"]) == ("c", 5, 30)
    assert len(client["ClientSecret"]) >= 24
    cognito.stop()
    again = start(client={"AccessTokenValidity": 5, "GenerateSecret": True})
    same = again.api.describe_user_pool_client(UserPoolId=POOL, ClientId=CLIENT)["UserPoolClient"]
    assert same["ClientSecret"] == client["ClientSecret"]


def test_a_client_with_a_secret_is_made(cognito: Running) -> None:
    made = cognito.api.create_user_pool_client(UserPoolId=POOL, ClientName="app", GenerateSecret=True)["UserPoolClient"]
    assert len(made["ClientId"]) == 26
    assert len(made["ClientSecret"]) == 51
    found = cognito.api.describe_user_pool_client(UserPoolId=POOL, ClientId=made["ClientId"])["UserPoolClient"]
    assert found == made


def test_an_update_resets_what_it_leaves_out_but_for_name_and_secret(cognito: Running) -> None:
    made = cognito.api.create_user_pool_client(
        UserPoolId=POOL, ClientName="app", GenerateSecret=True, AccessTokenValidity=5, ReadAttributes=["email"]
    )["UserPoolClient"]
    cognito.api.update_user_pool_client(UserPoolId=POOL, ClientId=made["ClientId"], IdTokenValidity=2)
    client = cognito.api.describe_user_pool_client(UserPoolId=POOL, ClientId=made["ClientId"])["UserPoolClient"]
    assert (client["ClientName"], client["ClientSecret"]) == ("app", made["ClientSecret"])
    assert client["IdTokenValidity"] == 2
    assert "AccessTokenValidity" not in client
    assert "ReadAttributes" not in client


def test_a_deleted_client_signs_nobody_in(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    cognito.api.delete_user_pool_client(UserPoolId=POOL, ClientId=CLIENT)
    assert error_of(cognito.sign_in, "ann") == (
        "ResourceNotFoundException",
        f"User pool client {CLIENT} does not exist.",
    )


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"AllowedOAuthFlows": ["client_credentials", "code"], "GenerateSecret": True}, "InvalidOAuthFlowException"),
        ({"AllowedOAuthFlows": ["client_credentials"]}, "InvalidOAuthFlowException"),
        ({"CallbackURLs": ["http://example.com/"]}, "InvalidParameterException"),
        ({"CallbackURLs": ["https://example.com/#here"]}, "InvalidParameterException"),
        ({"DefaultRedirectURI": "https://example.com/"}, "InvalidParameterException"),
        ({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "USER_PASSWORD_AUTH"]}, "InvalidParameterException"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(cognito: Running, settings: dict[str, Any], code: str) -> None:
    assert error_of(cognito.api.create_user_pool_client, UserPoolId=POOL, ClientName="app", **settings)[0] == code


def test_an_application_scheme_and_http_on_localhost_are_callback_urls(cognito: Running) -> None:
    urls = ["myapp://signed-in", "http://localhost:3000/", "https://example.com/"]
    made = cognito.api.create_user_pool_client(UserPoolId=POOL, ClientName="app", CallbackURLs=urls)
    assert made["UserPoolClient"]["CallbackURLs"] == urls
