"""Second factors: software tokens, codes by SMS and e-mail, the choice between them, and setting one up on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.cognito.auth import totp

from ..conftest import PASSWORD, POOL, Running, Start, error_of

TOKEN_POOL = {"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": True}}
SMS_POOL = {"MfaConfiguration": "OPTIONAL", "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"}}


def code_of(cognito: Running, secret: str) -> str:
    return totp.code(secret, int(cognito.clock.now) // totp.STEP_SECONDS)


def next_code(cognito: Running, secret: str) -> str:
    """The code of the next time step: none works twice."""
    cognito.clock.advance(totp.STEP_SECONDS)
    return code_of(cognito, secret)


@pytest.fixture
def pool(start: Start) -> Running:
    cognito = start()
    cognito.api.set_user_pool_mfa_config(UserPoolId=POOL, **TOKEN_POOL)
    cognito.confirmed("ann", email="ann@example.com")
    return cognito


def with_token(cognito: Running, *, preferred: bool = True) -> str:
    """The secret of ann's software token, which is on from now."""
    access = cognito.sign_in("ann")["AccessToken"]
    secret = cognito.api.associate_software_token(AccessToken=access)["SecretCode"]
    answer = cognito.api.verify_software_token(AccessToken=access, UserCode=code_of(cognito, secret))
    assert answer["Status"] == "SUCCESS"
    settings = {"Enabled": True, "PreferredMfa": preferred}
    cognito.api.set_user_mfa_preference(AccessToken=access, SoftwareTokenMfaSettings=settings)
    return str(secret)


def challenged(cognito: Running) -> dict[str, Any]:
    return cognito.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD=PASSWORD)


def test_a_sign_in_asks_for_the_code_of_the_software_token(pool: Running) -> None:
    secret = with_token(pool)
    challenge = challenged(pool)
    assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert pool.answer(challenge, SOFTWARE_TOKEN_MFA_CODE=next_code(pool, secret))["AuthenticationResult"]["IdToken"]


def test_a_wrong_code_is_refused_and_the_right_one_taken_after_it(pool: Running) -> None:
    secret = with_token(pool)
    challenge = challenged(pool)
    right = next_code(pool, secret)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    assert error_of(pool.answer, challenge, SOFTWARE_TOKEN_MFA_CODE=wrong) == (
        "CodeMismatchException",
        "Invalid code received for user",
    )
    assert pool.answer(challenge, SOFTWARE_TOKEN_MFA_CODE=right)["AuthenticationResult"]["IdToken"]


def test_a_code_works_once(pool: Running) -> None:
    secret = with_token(pool)
    code = next_code(pool, secret)
    pool.answer(challenged(pool), SOFTWARE_TOKEN_MFA_CODE=code)
    assert error_of(pool.answer, challenged(pool), SOFTWARE_TOKEN_MFA_CODE=code) == (
        "ExpiredCodeException",
        "Your software token has already been used once.",
    )


def test_guessing_codes_is_slowed_down(pool: Running) -> None:
    secret = with_token(pool)
    challenge = challenged(pool)
    right = next_code(pool, secret)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(5):
        error_of(pool.answer, challenge, SOFTWARE_TOKEN_MFA_CODE=wrong)
    assert error_of(pool.answer, challenge, SOFTWARE_TOKEN_MFA_CODE=right) == (
        "NotAuthorizedException",
        "Password attempts exceeded",
    )


def test_a_token_is_not_verified_by_a_wrong_code(pool: Running) -> None:
    access = pool.sign_in("ann")["AccessToken"]
    secret = pool.api.associate_software_token(AccessToken=access)["SecretCode"]
    wrong = f"{(int(code_of(pool, secret)) + 1) % 1_000_000:06d}"
    assert error_of(pool.api.verify_software_token, AccessToken=access, UserCode=wrong) == (
        "EnableSoftwareTokenMFAException",
        "Code mismatch",
    )
    settings = {"Enabled": True}
    assert error_of(pool.api.set_user_mfa_preference, AccessToken=access, SoftwareTokenMfaSettings=settings) == (
        "InvalidParameterException",
        "User has not verified software token mfa",
    )


def test_the_factors_of_a_user_are_shown_and_turned_off(pool: Running) -> None:
    with_token(pool)
    user = pool.api.admin_get_user(UserPoolId=POOL, Username="ann")
    assert user["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]
    assert user["PreferredMfaSetting"] == "SOFTWARE_TOKEN_MFA"
    off = {"Enabled": False}
    pool.api.admin_set_user_mfa_preference(UserPoolId=POOL, Username="ann", SoftwareTokenMfaSettings=off)
    assert "UserMFASettingList" not in pool.api.admin_get_user(UserPoolId=POOL, Username="ann")
    assert pool.sign_in("ann")["IdToken"]


def test_a_pool_without_software_tokens_gives_none(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    access = cognito.sign_in("ann")["AccessToken"]
    assert error_of(cognito.api.associate_software_token, AccessToken=access)[0] == "SoftwareTokenMFANotFoundException"


def test_whoever_needs_a_factor_and_has_none_sets_one_up_on_the_way(pool: Running) -> None:
    pool.api.set_user_pool_mfa_config(UserPoolId=POOL, **{**TOKEN_POOL, "MfaConfiguration": "ON"})
    challenge = challenged(pool)
    assert challenge["ChallengeName"] == "MFA_SETUP"
    assert json.loads(challenge["ChallengeParameters"]["MFAS_CAN_SETUP"]) == ["SOFTWARE_TOKEN_MFA"]
    assert error_of(pool.answer, challenge)[0] == "InvalidParameterException"
    associated = pool.api.associate_software_token(Session=challenge["Session"])
    code = code_of(pool, associated["SecretCode"])
    verified = pool.api.verify_software_token(Session=associated["Session"], UserCode=code)
    tokens = pool.answer({**challenge, "Session": verified["Session"]})["AuthenticationResult"]
    assert pool.api.get_user(AccessToken=tokens["AccessToken"])["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]
    again = challenged(pool)
    assert again["ChallengeName"] == "SOFTWARE_TOKEN_MFA"


def test_a_code_by_sms_goes_to_the_phone_number(start: Start) -> None:
    cognito = start(SMS_POOL)
    cognito.confirmed("ann", email="ann@example.com", phone_number="+15550100")
    access = cognito.sign_in("ann")["AccessToken"]
    cognito.api.set_user_mfa_preference(AccessToken=access, SMSMfaSettings={"Enabled": True})
    challenge = challenged(cognito)
    assert challenge["ChallengeName"] == "SMS_MFA"
    assert challenge["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "+****0100"
    sent = cognito.messages("ann")[-1]
    assert sent["medium"] == "SMS"
    assert cognito.answer(challenge, SMS_MFA_CODE=sent["code"])["AuthenticationResult"]["IdToken"]


def test_of_two_factors_without_a_preference_one_is_chosen(start: Start) -> None:
    cognito = start(SMS_POOL)
    both = {"SmsMfaConfiguration": {"SmsConfiguration": SMS_POOL["SmsConfiguration"]}, **TOKEN_POOL}
    cognito.api.set_user_pool_mfa_config(UserPoolId=POOL, **both)
    cognito.confirmed("ann", email="ann@example.com", phone_number="+15550100")
    access = cognito.sign_in("ann")["AccessToken"]
    with_token(cognito, preferred=False)
    cognito.api.set_user_mfa_preference(AccessToken=access, SMSMfaSettings={"Enabled": True})
    challenge = challenged(cognito)
    assert challenge["ChallengeName"] == "SELECT_MFA_TYPE"
    assert json.loads(challenge["ChallengeParameters"]["MFAS_CAN_CHOOSE"]) == ["SMS_MFA", "SOFTWARE_TOKEN_MFA"]
    assert error_of(cognito.answer, challenge, ANSWER="EMAIL_OTP")[0] == "InvalidParameterException"
    chosen = cognito.answer(challenge, ANSWER="SMS_MFA")
    code = cognito.code("ann")
    assert cognito.answer(chosen, SMS_MFA_CODE=code)["AuthenticationResult"]["IdToken"]


def test_a_disabled_user_does_not_finish_the_way(pool: Running) -> None:
    secret = with_token(pool)
    challenge = challenged(pool)
    pool.api.admin_disable_user(UserPoolId=POOL, Username="ann")
    code = next_code(pool, secret)
    assert error_of(pool.answer, challenge, SOFTWARE_TOKEN_MFA_CODE=code)[0] == "NotAuthorizedException"
