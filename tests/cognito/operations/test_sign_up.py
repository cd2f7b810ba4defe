"""Signing up and confirming, with unmodified boto3."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from ..conftest import CLIENT, PASSWORD, POOL, Running, Start, error_of, pairs
from ..functions import Functions, answering, raising, unchanged


def test_a_new_user_is_unconfirmed_and_gets_a_code_of_six_digits(cognito: Running) -> None:
    answer = cognito.api.sign_up(
        ClientId=CLIENT, Username="ann", Password=PASSWORD, UserAttributes=pairs({"email": "ann@example.com"})
    )
    assert answer["UserConfirmed"] is False
    assert answer["CodeDeliveryDetails"] == {
        "AttributeName": "email",
        "DeliveryMedium": "EMAIL",
        "Destination": "a***@e***",
    }
    assert cognito.status("ann") == "UNCONFIRMED"
    (message,) = cognito.messages("ann")
    assert message["to"] == "ann@example.com"
    assert message["code"].isdecimal()
    assert len(message["code"]) == 6
    assert message["code"] in message["body"]


def test_messages_are_found_by_e_mail_and_by_sub(cognito: Running) -> None:
    sub = cognito.sign_up("ann", email="ann@example.com")
    assert cognito.messages("ann@example.com") == cognito.messages(sub) == cognito.messages("ann") != []
    assert cognito.messages("bob") == []


def test_a_user_without_an_address_gets_no_code(cognito: Running) -> None:
    answer = cognito.api.sign_up(ClientId=CLIENT, Username="ann", Password=PASSWORD)
    assert "CodeDeliveryDetails" not in answer


def test_the_right_code_confirms_the_user_and_verifies_the_address(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    assert cognito.status("ann") == "CONFIRMED"
    assert cognito.attributes("ann")["email_verified"] == "true"


def test_a_user_cannot_be_confirmed_twice(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    assert error_of(cognito.api.confirm_sign_up, ClientId=CLIENT, Username="ann", ConfirmationCode="123456") == (
        "NotAuthorizedException",
        "User cannot be confirmed. Current status is CONFIRMED",
    )


def test_a_wrong_code_is_refused_and_the_right_one_works_still(cognito: Running) -> None:
    cognito.sign_up("ann", email="ann@example.com")
    code = cognito.code("ann")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert error_of(cognito.api.confirm_sign_up, ClientId=CLIENT, Username="ann", ConfirmationCode=wrong) == (
        "CodeMismatchException",
        "Invalid verification code provided, please try again.",
    )
    cognito.api.confirm_sign_up(ClientId=CLIENT, Username="ann", ConfirmationCode=code)


def test_too_many_wrong_codes_use_up_the_right_one(cognito: Running) -> None:
    cognito.sign_up("ann", email="ann@example.com")
    code = cognito.code("ann")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        error_of(cognito.api.confirm_sign_up, ClientId=CLIENT, Username="ann", ConfirmationCode=wrong)
    assert error_of(cognito.api.confirm_sign_up, ClientId=CLIENT, Username="ann", ConfirmationCode=code)[0] == (
        "LimitExceededException"
    )
    cognito.api.resend_confirmation_code(ClientId=CLIENT, Username="ann")
    cognito.api.confirm_sign_up(ClientId=CLIENT, Username="ann", ConfirmationCode=cognito.code("ann"))


def test_a_code_works_for_a_day(cognito: Running) -> None:
    cognito.sign_up("ann", email="ann@example.com")
    cognito.clock.advance(24 * 3600 + 1)
    assert error_of(
        cognito.api.confirm_sign_up, ClientId=CLIENT, Username="ann", ConfirmationCode=cognito.code("ann")
    ) == ("ExpiredCodeException", "Invalid code provided, please request a code again.")


def test_a_resent_code_replaces_the_first(cognito: Running) -> None:
    cognito.sign_up("ann", email="ann@example.com")
    cognito.api.resend_confirmation_code(ClientId=CLIENT, Username="ann")
    first, second = (message["code"] for message in cognito.messages("ann"))
    if first != second:
        assert error_of(cognito.api.confirm_sign_up, ClientId=CLIENT, Username="ann", ConfirmationCode=first)[0] == (
            "CodeMismatchException"
        )
    cognito.api.confirm_sign_up(ClientId=CLIENT, Username="ann", ConfirmationCode=second)


def test_a_confirmed_user_gets_no_further_code(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    assert error_of(cognito.api.resend_confirmation_code, ClientId=CLIENT, Username="ann") == (
        "InvalidParameterException",
        "User is already confirmed.",
    )


def test_usernames_are_unique_whatever_their_case(cognito: Running) -> None:
    cognito.sign_up("ann")
    assert error_of(cognito.sign_up, "ANN") == ("UsernameExistsException", "User already exists")


def test_case_counts_where_the_pool_says_so(start: Start) -> None:
    cognito = start({"UsernameConfiguration": {"CaseSensitive": True}})
    assert cognito.sign_up("ann") != cognito.sign_up("ANN")


def test_of_two_sign_ups_at_once_one_makes_the_user(start: Start, functions: Functions) -> None:
    arn = functions.add("f", unchanged)
    cognito = start({"LambdaConfig": {"PreSignUp": arn}, "UsernameAttributes": ["email"]}, lambda_url=functions.url)

    def attempt(_: int) -> str:
        try:
            cognito.sign_up("ann@example.com")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "made"

    with ThreadPoolExecutor(8) as threads:
        outcomes = sorted(threads.map(attempt, range(8)))
    assert outcomes == ["UsernameExistsException"] * 7 + ["made"]
    assert len(cognito.api.list_users(UserPoolId=POOL)["Users"]) == 1


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("Aa1!", "Password not long enough"),
        ("correct-horse-1", "Password must have uppercase characters"),
        ("CORRECT-HORSE-1", "Password must have lowercase characters"),
        ("Correct-Horse", "Password must have numeric characters"),
        ("CorrectHorse1", "Password must have symbol characters"),
    ],
)
def test_a_password_must_follow_the_policy(cognito: Running, password: str, words: str) -> None:
    assert error_of(cognito.api.sign_up, ClientId=CLIENT, Username="ann", Password=password) == (
        "InvalidPasswordException",
        f"Password did not conform with policy: {words}",
    )


def test_the_pools_policy_replaces_the_default(start: Start) -> None:
    policy = {"MinimumLength": 6, "RequireUppercase": False, "RequireNumbers": False, "RequireSymbols": False}
    cognito = start({"Policies": {"PasswordPolicy": policy}})
    cognito.api.sign_up(ClientId=CLIENT, Username="ann", Password="simple")


def test_where_the_e_mail_is_the_username_the_username_is_the_sub(start: Start) -> None:
    cognito = start({"UsernameAttributes": ["email"]})
    sub = cognito.confirmed("Ann@example.com", name="Ann")
    user = cognito.api.admin_get_user(UserPoolId=POOL, Username="ann@example.com")
    assert user["Username"] == sub
    assert cognito.attributes(sub)["email"] == "Ann@example.com"
    assert cognito.sign_in("ann@EXAMPLE.com")["TokenType"] == "Bearer"


def test_the_e_mail_that_is_the_username_beats_another_attribute(start: Start) -> None:
    cognito = start({"UsernameAttributes": ["email"]})
    sub = cognito.sign_up("ann@example.com", email="bob@example.com")
    assert cognito.attributes(sub)["email"] == "ann@example.com"


def test_where_the_e_mail_is_the_username_it_must_be_one_and_free(start: Start) -> None:
    cognito = start({"UsernameAttributes": ["email"]})
    cognito.sign_up("ann@example.com")
    assert error_of(cognito.sign_up, "ann") == ("InvalidParameterException", "Username should be an email.")
    assert error_of(cognito.sign_up, "Ann@example.com") == (
        "UsernameExistsException",
        "An account with the given email already exists.",
    )


def test_an_alias_belongs_to_who_verified_it_last_only_when_forced(start: Start) -> None:
    cognito = start({"AliasAttributes": ["email"]})
    cognito.confirmed("ann", email="shared@example.com")
    cognito.sign_up("bob", email="shared@example.com")
    code = cognito.code("bob")
    again = {"ClientId": CLIENT, "Username": "bob"}
    assert error_of(cognito.api.confirm_sign_up, **again, ConfirmationCode=code) == (
        "AliasExistsException",
        "An account with the email already exists.",
    )
    assert cognito.sign_in("shared@example.com")["TokenType"] == "Bearer"
    cognito.api.confirm_sign_up(**again, ConfirmationCode=code, ForceAliasCreation=True)
    user = cognito.api.admin_get_user(UserPoolId=POOL, Username="shared@example.com")
    assert user["Username"] == "bob"
    assert cognito.attributes("ann")["email_verified"] == "false"


def test_an_alias_pool_takes_no_e_mail_for_a_username(start: Start) -> None:
    cognito = start({"AliasAttributes": ["email"]})
    assert error_of(cognito.sign_up, "ann@example.com") == (
        "InvalidParameterException",
        "Username cannot be of email format, since user pool is configured for email alias.",
    )


def test_an_unverified_alias_signs_nobody_in(start: Start) -> None:
    cognito = start({"AliasAttributes": ["email"]})
    cognito.sign_up("ann", email="ann@example.com")
    cognito.api.admin_confirm_sign_up(UserPoolId=POOL, Username="ann")
    assert error_of(cognito.sign_in, "ann@example.com")[0] == "UserNotFoundException"


def test_attributes_must_fit_the_schema(start: Start) -> None:
    custom = {
        "Name": "plan",
        "AttributeDataType": "String",
        "StringAttributeConstraints": {"MinLength": "2", "MaxLength": "4"},
    }
    cognito = start({"Schema": [{"Name": "email", "Required": True, "AttributeDataType": "String"}, custom]})
    refused = {
        (): "email: The attribute email is required",
        (("email", "ann@example.com"), ("custom:x", "1")): "custom:x: Attribute does not exist in the schema.",
        (("email", "ann@example.com"), ("custom:plan", "1")): "custom:plan: Attribute length is below the minimum of 2",
    }
    for given, words in refused.items():
        code, message = error_of(cognito.sign_up, "ann", **dict(given))
        assert (code, words in message) == ("InvalidParameterException", True)
    assert error_of(cognito.sign_up, "ann", email="nonsense") == (
        "InvalidParameterException",
        "Invalid email address format.",
    )
    cognito.sign_up("ann", email="ann@example.com", **{"custom:plan": "pro"})


def test_a_client_cannot_verify_its_own_address(cognito: Running) -> None:
    assert error_of(cognito.sign_up, "ann", email="ann@example.com", email_verified="true") == (
        "NotAuthorizedException",
        "A client attempted to write unauthorized attribute",
    )


def test_sign_up_can_be_left_to_administrators(start: Start) -> None:
    cognito = start({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}})
    assert error_of(cognito.sign_up, "ann") == (
        "NotAuthorizedException",
        "SignUp is not permitted for this user pool",
    )


def test_confirming_nobody_tells_so_unless_it_is_to_be_hidden(start: Start) -> None:
    cognito = start()
    call = {"ClientId": CLIENT, "Username": "nobody", "ConfirmationCode": "123456"}
    assert error_of(cognito.api.confirm_sign_up, **call)[0] == "UserNotFoundException"
    cognito.stop()
    hiding = start(client={"PreventUserExistenceErrors": "ENABLED"})
    assert error_of(hiding.api.confirm_sign_up, **call)[0] == "ExpiredCodeException"
    answer = hiding.api.resend_confirmation_code(ClientId=CLIENT, Username="nobody")
    assert answer["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"


def test_pre_sign_up_confirms_and_verifies(start: Start, functions: Functions) -> None:
    pre = functions.add("pre", answering(autoConfirmUser=True, autoVerifyEmail=True))
    post = functions.add("post", unchanged)
    cognito = start({"LambdaConfig": {"PreSignUp": pre, "PostConfirmation": post}}, lambda_url=functions.url)
    answer = cognito.api.sign_up(
        ClientId=CLIENT,
        Username="ann",
        Password=PASSWORD,
        UserAttributes=pairs({"email": "ann@example.com"}),
        ValidationData=pairs({"captcha": "seen"}),
        ClientMetadata={"campaign": "spring"},
    )
    assert answer["UserConfirmed"] is True
    assert cognito.attributes("ann")["email_verified"] == "true"
    assert cognito.messages("ann") == []
    assert functions.sources() == ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]
    before, after = functions.events
    assert before == {
        "version": "1",
        "triggerSource": "PreSignUp_SignUp",
        "region": "us-east-1",
        "userPoolId": POOL,
        "userName": "ann",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
        "request": {
            "userAttributes": {"email": "ann@example.com"},
            "validationData": {"captcha": "seen"},
            "clientMetadata": {"campaign": "spring"},
        },
        "response": {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    }
    assert after["request"]["userAttributes"] == {
        "sub": answer["UserSub"],
        "cognito:user_status": "CONFIRMED",
        "email": "ann@example.com",
        "email_verified": "true",
    }


def test_pre_sign_up_that_raises_makes_no_user(start: Start, functions: Functions) -> None:
    cognito = start({"LambdaConfig": {"PreSignUp": functions.add("f", raising("no bots"))}}, lambda_url=functions.url)
    assert error_of(cognito.sign_up, "ann") == (
        "UserLambdaValidationException",
        "PreSignUp failed with error no bots.",
    )
    assert cognito.api.list_users(UserPoolId=POOL)["Users"] == []


def test_post_confirmation_runs_once_the_user_is_confirmed(start: Start, functions: Functions) -> None:
    arn = functions.add("f", unchanged)
    cognito = start({"LambdaConfig": {"PostConfirmation": arn}}, lambda_url=functions.url)
    sub = cognito.confirmed("ann", email="ann@example.com")
    (event,) = functions.events
    assert event["triggerSource"] == "PostConfirmation_ConfirmSignUp"
    assert event["request"]["userAttributes"]["sub"] == sub
    assert event["request"]["userAttributes"]["cognito:user_status"] == "CONFIRMED"


def test_an_administrators_confirmation_runs_post_confirmation_and_verifies_nothing(
    start: Start, functions: Functions
) -> None:
    arn = functions.add("f", unchanged)
    cognito = start({"LambdaConfig": {"PostConfirmation": arn}}, lambda_url=functions.url)
    cognito.sign_up("ann", email="ann@example.com")
    cognito.api.admin_confirm_sign_up(UserPoolId=POOL, Username="ann")
    assert functions.sources() == ["PostConfirmation_ConfirmSignUp"]
    assert "email_verified" not in cognito.attributes("ann")
    assert cognito.sign_in("ann")["TokenType"] == "Bearer"


def test_custom_message_words_the_message(start: Start, functions: Functions) -> None:
    arn = functions.add("f", answering(emailSubject="Hello", emailMessage="Type {####}, please"))
    cognito = start({"LambdaConfig": {"CustomMessage": arn}}, lambda_url=functions.url)
    cognito.sign_up("ann", email="ann@example.com")
    (message,) = cognito.messages("ann")
    assert (message["subject"], message["body"]) == ("Hello", f"Type {message['code']}, please")
    assert functions.sources() == ["CustomMessage_SignUp"]
    assert functions.events[0]["request"]["codeParameter"] == "{####}"
