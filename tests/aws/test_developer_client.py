"""What is asked of Cognito for an app client like another."""

from __future__ import annotations

from orchestrator.aws.clients import cognito
from orchestrator.aws.developer_client import like, members

DESCRIBED = {
    "UserPoolId": "us-east-1_A",
    "ClientId": "c1",
    "ClientName": "shop-app",
    "ClientSecret": "a secret of the tests",
    "CreationDate": "2026-01-02",
    "LastModifiedDate": "2026-01-02",
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
    "CallbackURLs": ["http://localhost:3000/"],
}


def test_an_app_client_like_another_has_its_settings_and_neither_its_id_nor_its_secret() -> None:
    known = members(cognito(endpoint="http://127.0.0.1:1", region="us-east-1"))
    assert like(DESCRIBED, "shop-ada", known) == {
        "UserPoolId": "us-east-1_A",
        "ClientName": "shop-ada",
        "GenerateSecret": True,
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
        "CallbackURLs": ["http://localhost:3000/"],
    }
