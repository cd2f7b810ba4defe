"""Messages as they are worded, and addresses as they are masked."""

from __future__ import annotations

import pytest

from orchestrator.cognito.delivery import details

from .conftest import Start


@pytest.mark.parametrize(
    ("attribute", "address", "medium", "masked"),
    [
        ("email", "ann@example.com", "EMAIL", "a***@e***"),
        ("phone_number", "+15555550123", "SMS", "+*******0123"),
        ("email", "nobody@", "EMAIL", "n***@***"),
    ],
)
def test_an_address_is_masked(attribute: str, address: str, medium: str, masked: str) -> None:
    assert details(attribute, address) == {
        "AttributeName": attribute,
        "DeliveryMedium": medium,
        "Destination": masked,
    }


def test_the_pool_words_its_messages(start: Start) -> None:
    template = {"EmailSubject": "Welcome", "EmailMessage": "Your code: {####}"}
    cognito = start({"VerificationMessageTemplate": template, "EmailVerificationMessage": "older {####}"})
    cognito.sign_up("ann", email="ann@example.com")
    (message,) = cognito.messages("ann")
    assert (message["subject"], message["body"]) == ("Welcome", f"Your code: {message['code']}")
    assert (message["medium"], message["purpose"]) == ("EMAIL", "SignUp")


def test_a_phone_number_gets_an_sms_and_goes_before_the_e_mail(start: Start) -> None:
    cognito = start({"AutoVerifiedAttributes": ["email", "phone_number"]})
    cognito.confirmed("ann", email="ann@example.com", phone_number="+15555550123")
    (message,) = cognito.messages("+15555550123")
    assert (message["medium"], message["to"]) == ("SMS", "+15555550123")
    assert cognito.attributes("ann")["phone_number_verified"] == "true"
    assert "email_verified" not in cognito.attributes("ann")
