"""Users as administrators make, see, change and delete them."""

from __future__ import annotations

from datetime import datetime

from ..conftest import CLIENT, PASSWORD, POOL, Running, Start, error_of, pairs
from ..functions import Functions, answering, unchanged


def create(cognito: Running, username: str, **more: object) -> dict[str, object]:
    return cognito.api.admin_create_user(UserPoolId=POOL, Username=username, **more)["User"]


def test_a_new_user_is_shown_with_status_and_dates(cognito: Running) -> None:
    user = create(cognito, "ann", UserAttributes=pairs({"email": "ann@example.com"}))
    assert user["Username"] == "ann"
    assert user["Enabled"] is True
    assert user["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert isinstance(user["UserCreateDate"], datetime)
    assert cognito.attributes("ann")["email"] == "ann@example.com"


def test_the_invitation_holds_a_password_that_works(cognito: Running) -> None:
    create(cognito, "ann", UserAttributes=pairs({"email": "ann@example.com"}), DesiredDeliveryMediums=["EMAIL"])
    (message,) = cognito.messages("ann")
    assert message["body"] == f"Your username is ann and temporary password is {message['code']}."
    answer = cognito.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD=message["code"])
    assert answer["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_an_invitation_is_suppressed_or_sent_again(cognito: Running) -> None:
    address = pairs({"email": "ann@example.com"})
    create(cognito, "ann", UserAttributes=address, DesiredDeliveryMediums=["EMAIL"], MessageAction="SUPPRESS")
    assert cognito.messages("ann") == []
    create(cognito, "ann", DesiredDeliveryMediums=["EMAIL"], MessageAction="RESEND")
    code = cognito.code("ann")
    assert cognito.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD=code)["ChallengeName"]
    cognito.api.admin_set_user_password(UserPoolId=POOL, Username="ann", Password=PASSWORD, Permanent=True)
    assert error_of(create, cognito, "ann", MessageAction="RESEND")[0] == "UnsupportedUserStateException"


def test_an_administrators_user_runs_pre_sign_up_only_and_its_answer_is_ignored(
    start: Start, functions: Functions
) -> None:
    pre = functions.add("pre", answering(autoConfirmUser=True))
    post = functions.add("post", unchanged)
    cognito = start({"LambdaConfig": {"PreSignUp": pre, "PostConfirmation": post}}, lambda_url=functions.url)
    assert create(cognito, "ann")["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert functions.sources() == ["PreSignUp_AdminCreateUser"]


def test_a_name_or_verified_alias_is_given_once(start: Start) -> None:
    cognito = start({"AliasAttributes": ["email"]})
    verified = pairs({"email": "ann@example.com", "email_verified": "true"})
    create(cognito, "ann", UserAttributes=verified)
    assert error_of(create, cognito, "Ann") == ("UsernameExistsException", "User already exists")
    assert error_of(create, cognito, "bob", UserAttributes=verified) == (
        "AliasExistsException",
        "An account with the email already exists.",
    )
    create(cognito, "bob", UserAttributes=verified, ForceAliasCreation=True)
    assert cognito.api.admin_get_user(UserPoolId=POOL, Username="ann@example.com")["Username"] == "bob"


def test_a_set_password_is_permanent_or_to_be_replaced(cognito: Running) -> None:
    create(cognito, "ann")
    cognito.api.admin_set_user_password(UserPoolId=POOL, Username="ann", Password=PASSWORD, Permanent=True)
    cognito.sign_in("ann")
    cognito.api.admin_set_user_password(UserPoolId=POOL, Username="ann", Password="Another-Horse-1")
    answer = cognito.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD="Another-Horse-1")
    assert answer["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert error_of(cognito.sign_in, "ann")[0] == "NotAuthorizedException"
    weak = {"UserPoolId": POOL, "Username": "ann", "Password": "weak"}
    assert error_of(cognito.api.admin_set_user_password, **weak)[0] == "InvalidPasswordException"


def test_a_reset_password_needs_a_code_and_a_new_one(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    cognito.api.admin_reset_user_password(UserPoolId=POOL, Username="ann")
    assert error_of(cognito.sign_in, "ann")[0] == "PasswordResetRequiredException"
    cognito.api.confirm_forgot_password(
        ClientId=CLIENT, Username="ann", Password="Another-Horse-1", ConfirmationCode=cognito.code("ann")
    )
    cognito.sign_in("ann", "Another-Horse-1")


def test_a_deleted_user_is_gone_with_all_that_was_sent(cognito: Running) -> None:
    sub = cognito.sign_up("ann", email="ann@example.com")
    cognito.api.admin_delete_user(UserPoolId=POOL, Username="ann")
    gone = ("UserNotFoundException", "User does not exist.")
    for name in ("ann", sub):
        assert error_of(cognito.api.admin_get_user, UserPoolId=POOL, Username=name) == gone
        assert error_of(cognito.api.admin_delete_user, UserPoolId=POOL, Username=name) == gone
    assert cognito.sign_up("ann", email="ann@example.com") != sub
    assert len(cognito.messages("ann")) == 1


def test_a_user_is_found_by_sub(cognito: Running) -> None:
    sub = cognito.sign_up("ann")
    assert cognito.api.admin_get_user(UserPoolId=POOL, Username=sub)["Username"] == "ann"


def test_a_pool_that_is_not_there_is_named(cognito: Running) -> None:
    call = {"UserPoolId": "us-east-1_Nowhere", "Username": "ann"}
    assert error_of(cognito.api.admin_get_user, **call) == (
        "ResourceNotFoundException",
        "User pool us-east-1_Nowhere does not exist.",
    )
