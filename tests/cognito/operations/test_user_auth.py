"""USER_AUTH: the user chooses how to prove who it is."""

from __future__ import annotations

import pytest

from .. import srp_client
from ..conftest import CLIENT, PASSWORD, Running, Start, error_of

FACTORS = {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}}
FLOWS = {"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}


@pytest.fixture
def choosing(start: Start) -> Running:
    cognito = start(FACTORS, FLOWS)
    cognito.confirmed("ann", email="ann@example.com")
    return cognito


def test_the_preferred_challenge_is_posed_at_once(choosing: Running) -> None:
    chosen = {"USERNAME": "ann", "PREFERRED_CHALLENGE": "PASSWORD"}
    assert choosing.initiate("USER_AUTH", **chosen, PASSWORD=PASSWORD)["AuthenticationResult"]["IdToken"]
    challenge = choosing.initiate("USER_AUTH", **chosen)
    assert challenge["ChallengeName"] == "PASSWORD"
    assert choosing.answer(challenge, PASSWORD=PASSWORD)["AuthenticationResult"]["IdToken"]


def test_without_a_preference_there_is_a_choice(choosing: Running) -> None:
    challenge = choosing.initiate("USER_AUTH", USERNAME="ann")
    assert challenge["ChallengeName"] == "SELECT_CHALLENGE"
    assert challenge["AvailableChallenges"] == ["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP"]
    assert error_of(choosing.answer, challenge, ANSWER="SMS_OTP")[0] == "InvalidParameterException"
    sent = choosing.answer(challenge, ANSWER="EMAIL_OTP")
    assert sent["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "a***@e***"
    code = choosing.code("ann")
    assert choosing.answer(sent, EMAIL_OTP_CODE=code)["AuthenticationResult"]["IdToken"]


def test_srp_can_be_chosen(choosing: Running) -> None:
    client = srp_client.new()
    challenge = choosing.initiate("USER_AUTH", USERNAME="ann")
    asked = choosing.answer(challenge, ANSWER="PASSWORD_SRP", SRP_A=client.public)
    responses = client.answer("Test1", PASSWORD, asked["ChallengeParameters"])
    answered = choosing.api.respond_to_auth_challenge(
        ClientId=CLIENT, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=responses
    )
    assert answered["AuthenticationResult"]["IdToken"]


def test_a_wrong_password_is_refused_however_it_is_given(choosing: Running) -> None:
    wrong = ("NotAuthorizedException", "Incorrect username or password.")
    chosen = {"USERNAME": "ann", "PREFERRED_CHALLENGE": "PASSWORD"}
    assert error_of(choosing.initiate, "USER_AUTH", **chosen, PASSWORD="Wrong-Horse-1") == wrong
    assert error_of(choosing.answer, choosing.initiate("USER_AUTH", **chosen), PASSWORD="Wrong-Horse-1") == wrong


def test_whoever_signs_in_with_codes_needs_no_password(choosing: Running) -> None:
    choosing.api.sign_up(
        ClientId=CLIENT, Username="bob", UserAttributes=[{"Name": "email", "Value": "bob@example.com"}]
    )
    choosing.api.confirm_sign_up(ClientId=CLIENT, Username="bob", ConfirmationCode=choosing.code("bob"))
    challenge = choosing.initiate("USER_AUTH", USERNAME="bob")
    assert challenge["AvailableChallenges"] == ["EMAIL_OTP"]


def test_a_pool_that_lets_nobody_in_by_code_wants_a_password(cognito: Running) -> None:
    attributes = [{"Name": "email", "Value": "bob@example.com"}]
    assert error_of(cognito.api.sign_up, ClientId=CLIENT, Username="bob", UserAttributes=attributes)[0] == (
        "InvalidPasswordException"
    )
