"""Tests for fitting values to Cognito's own description of its API."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.project.template import shapes
from orchestrator.project.template.shapes import Misfit, Shapes


@pytest.fixture(scope="module")
def cognito() -> Shapes:
    return shapes.load()


def test_texts_become_what_the_shape_asks_for(cognito: Shapes) -> None:
    value = {
        "UserPoolId": "us-east-1_abc",
        "ClientName": 5,
        "GenerateSecret": "true",
        "RefreshTokenValidity": "30",
        "CallbackURLs": ["http://localhost/"],
        "TokenValidityUnits": {"IdToken": "minutes"},
    }
    assert shapes.fit(value, "CreateUserPoolClientRequest", cognito) == (
        {**value, "ClientName": "5", "GenerateSecret": True, "RefreshTokenValidity": 30},
        [],
    )


@pytest.mark.parametrize(
    ("value", "misfit"),
    [
        ({}, Misfit((), "PoolName is missing here.")),
        ({"PoolName": ["a"]}, Misfit(("PoolName",), "a text is expected here.")),
        ({"PoolName": "x" * 129}, Misfit(("PoolName",), "must be 1 to 128 characters.")),
        ({"PoolName": "a", "Schema": {}}, Misfit(("Schema",), "a list is expected here.")),
        ({"PoolName": "a", "UserPoolTags": "x"}, Misfit(("UserPoolTags",), "a mapping is expected here.")),
        ({"PoolName": "a", "Policies": "x"}, Misfit(("Policies",), "a mapping is expected here.")),
        (
            {"PoolName": "a", "Schema": [{"Name": "n"}, {"Mutable": "maybe"}]},
            Misfit(("Schema", 1, "Mutable"), "true or false is expected here."),
        ),
        (
            {"PoolName": "a", "Policies": {"PasswordPolicy": {"MinimumLength": 100}}},
            Misfit(("Policies", "PasswordPolicy", "MinimumLength"), "must be 6 to 99."),
        ),
        (
            {"PoolName": "a", "AutoVerifiedAttributes": ["e-mail"]},
            Misfit(("AutoVerifiedAttributes", 0), "must be one of phone_number, email."),
        ),
        (
            {"PoolName": "a", "PoolTier": "LITE"},
            Misfit(("PoolTier",), "the local Cognito knows no PoolTier here.", "Is UserPoolTier meant?"),
        ),
    ],
)
def test_what_does_not_fit_is_told(cognito: Shapes, value: dict[str, Any], misfit: Misfit) -> None:
    assert shapes.fit(value, "CreateUserPoolRequest", cognito)[1] == [misfit]
