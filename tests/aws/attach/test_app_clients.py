"""The app clients of a pool are listed, and what is in the way of developing with one is said."""

from __future__ import annotations

import pytest

from orchestrator.aws.attach.app_clients import AppClient, app_clients, notices, password_flow, troubles
from tests.cognito.conftest import CLIENT, POOL

from .conftest import Account


def test_all_app_clients_are_listed_over_all_pages(account: Account) -> None:
    made = [
        account.cognito.create_user_pool_client(UserPoolId=POOL, ClientName=f"app {number}")["UserPoolClient"][
            "ClientId"
        ]
        for number in range(61)
    ]
    found = app_clients(account.cognito, POOL)
    assert AppClient(CLIENT, "c") in found
    assert {client.id for client in found} == {CLIENT, *made}


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://localhost:3000/cognito-callback", True),
        ("http://127.0.0.1:5173/", True),
        ("https://localhost.example.com/", False),
        ("myapp://callback", False),
    ],
)
def test_a_client_needs_a_callback_url_on_this_machine(url: str, is_here: bool) -> None:
    urls = ["https://shop.example", url]
    said = list(troubles({"ClientId": "c", "CallbackURLs": urls, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}))
    assert (said == []) == is_here


@pytest.mark.parametrize(
    ("allowed", "flow"),
    [
        (["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"], "ADMIN_USER_PASSWORD_AUTH"),
        (["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"], "USER_PASSWORD_AUTH"),
        (["ADMIN_NO_SRP_AUTH"], "ADMIN_USER_PASSWORD_AUTH"),
        (["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"], None),
        (None, None),
    ],
)
def test_a_client_without_a_password_flow_is_told(allowed: list[str] | None, flow: str | None) -> None:
    described = {"ClientId": "c", "CallbackURLs": ["http://localhost:3000/"], "ExplicitAuthFlows": allowed}
    assert password_flow(described) == flow
    assert any("`up --no-verify`" in said for said in troubles(described)) == (flow is None)


def test_a_secret_is_said_and_not_shown(account: Account) -> None:
    made = account.cognito.create_user_pool_client(UserPoolId=POOL, ClientName="shop", GenerateSecret=True)
    described = made["UserPoolClient"]
    said = notices(account.cognito, POOL, described["ClientId"])
    assert [notice.split(":")[0] for notice in said] == [
        "The app client shop has no callback URL on localhost",
        "The app client shop has a secret, which an application in a browser cannot keep.",
        "The app client shop does without ALLOW_ADMIN_USER_PASSWORD_AUTH",
    ]
    assert described["ClientSecret"] not in " ".join(said)
