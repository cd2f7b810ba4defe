"""The app clients of a pool are listed, and what is in the way of developing with one is said."""

from __future__ import annotations

import pytest

from orchestrator.aws.attach.app_clients import AppClient, app_clients, notices, troubles
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
    said = list(troubles({"ClientId": "c", "CallbackURLs": ["https://shop.example", url]}))
    assert (said == []) == is_here


def test_a_secret_is_said_and_not_shown(account: Account) -> None:
    made = account.cognito.create_user_pool_client(UserPoolId=POOL, ClientName="shop", GenerateSecret=True)
    described = made["UserPoolClient"]
    said = notices(account.cognito, POOL, described["ClientId"])
    assert [notice.split(":")[0] for notice in said] == [
        "The app client shop has no callback URL on localhost",
        "The app client shop has a secret, which an application in a browser cannot keep.",
    ]
    assert described["ClientSecret"] not in " ".join(said)
