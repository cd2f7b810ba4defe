"""Changing and verifying attributes, by users and by administrators."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ..conftest import POOL, Running, Start, error_of, pairs


def test_a_user_changes_attributes(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    token = cognito.sign_in("ann")["AccessToken"]
    answer = cognito.api.update_user_attributes(AccessToken=token, UserAttributes=pairs({"nickname": "Annie"}))
    assert answer["CodeDeliveryDetailsList"] == []
    assert cognito.attributes("ann")["nickname"] == "Annie"
    cognito.api.delete_user_attributes(AccessToken=token, UserAttributeNames=["nickname"])
    assert "nickname" not in cognito.attributes("ann")


def test_a_new_address_is_unverified_until_its_code_comes_back(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    token = cognito.sign_in("ann")["AccessToken"]
    new = pairs({"email": "new@example.com"})
    (details,) = cognito.api.update_user_attributes(AccessToken=token, UserAttributes=new)["CodeDeliveryDetailsList"]
    assert details["Destination"] == "n***@e***"
    assert cognito.attributes("ann")["email_verified"] == "false"
    verify = {"AccessToken": token, "AttributeName": "email"}
    assert error_of(cognito.api.verify_user_attribute, **verify, Code="x")[0] == "CodeMismatchException"
    cognito.api.verify_user_attribute(**verify, Code=cognito.code("ann"))
    assert cognito.attributes("ann")["email_verified"] == "true"


def test_a_verification_code_can_be_asked_for(cognito: Running) -> None:
    cognito.sign_up("ann", email="ann@example.com")
    cognito.api.admin_confirm_sign_up(UserPoolId=POOL, Username="ann")
    token = cognito.sign_in("ann")["AccessToken"]
    verify = {"AccessToken": token, "AttributeName": "email"}
    cognito.api.get_user_attribute_verification_code(**verify)
    cognito.api.verify_user_attribute(**verify, Code=cognito.code("ann"))
    assert cognito.attributes("ann")["email_verified"] == "true"
    phone = {"AccessToken": token, "AttributeName": "phone_number"}
    assert error_of(cognito.api.get_user_attribute_verification_code, **phone)[0] == "InvalidParameterException"


def test_users_cannot_say_that_an_address_is_verified_but_administrators_can(cognito: Running) -> None:
    cognito.sign_up("ann", email="ann@example.com")
    cognito.api.admin_confirm_sign_up(UserPoolId=POOL, Username="ann")
    token = cognito.sign_in("ann")["AccessToken"]
    verified = pairs({"email_verified": "true"})
    assert error_of(cognito.api.update_user_attributes, AccessToken=token, UserAttributes=verified)[0] == (
        "NotAuthorizedException"
    )
    cognito.api.admin_update_user_attributes(UserPoolId=POOL, Username="ann", UserAttributes=verified)
    assert cognito.attributes("ann")["email_verified"] == "true"


def test_the_sub_and_immutable_attributes_stay(start: Start) -> None:
    fixed = {"Name": "tenant", "AttributeDataType": "String", "Mutable": False}
    cognito = start({"Schema": [fixed]})
    cognito.sign_up("ann", **{"custom:tenant": "one"})
    call = {"UserPoolId": POOL, "Username": "ann"}
    for name in ("sub", "custom:tenant"):
        change = pairs({name: "other"})
        assert error_of(cognito.api.admin_update_user_attributes, **call, UserAttributes=change)[0] == (
            "InvalidParameterException"
        )
    assert cognito.attributes("ann")["custom:tenant"] == "one"


def test_a_client_writes_the_attributes_it_may(start: Start) -> None:
    cognito = start(client={"WriteAttributes": ["email", "nickname"]})
    cognito.confirmed("ann", email="ann@example.com")
    token = cognito.sign_in("ann")["AccessToken"]
    cognito.api.update_user_attributes(AccessToken=token, UserAttributes=pairs({"nickname": "Annie"}))
    family = pairs({"family_name": "Smith"})
    assert error_of(cognito.api.update_user_attributes, AccessToken=token, UserAttributes=family) == (
        "NotAuthorizedException",
        "A client attempted to write unauthorized attribute",
    )


def test_an_address_that_serves_as_username_stays_unique(start: Start) -> None:
    cognito = start({"UsernameAttributes": ["email"]})
    cognito.sign_up("ann@example.com")
    sub = cognito.sign_up("bob@example.com")
    taken = pairs({"email": "ANN@example.com"})
    assert error_of(cognito.api.admin_update_user_attributes, UserPoolId=POOL, Username=sub, UserAttributes=taken) == (
        "AliasExistsException",
        "An account with the email already exists.",
    )


def test_no_concurrent_change_is_lost(cognito: Running) -> None:
    cognito.sign_up("ann")
    names = ("name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website")

    def change(name: str) -> None:
        cognito.api.admin_update_user_attributes(UserPoolId=POOL, Username="ann", UserAttributes=pairs({name: name}))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(change, names))
    attributes = cognito.attributes("ann")
    assert [attributes.get(name) for name in names] == list(names)


def test_an_address_that_is_verified_before_it_is_taken_leaves_the_old_one_until_then(start: Start) -> None:
    cognito = start({"UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]}})
    cognito.confirmed("ann", email="ann@example.com")
    access = cognito.sign_in("ann")["AccessToken"]
    update = [{"Name": "email", "Value": "new@example.com"}]
    sent = cognito.api.update_user_attributes(AccessToken=access, UserAttributes=update)
    assert sent["CodeDeliveryDetailsList"][0]["Destination"] == "n***@e***"
    assert cognito.attributes("ann")["email"] == "ann@example.com"
    assert cognito.attributes("ann")["email_verified"] == "true"
    message = cognito.messages("ann")[-1]
    assert message["to"] == "new@example.com"
    cognito.api.verify_user_attribute(AccessToken=access, AttributeName="email", Code=message["code"])
    assert cognito.attributes("ann")["email"] == "new@example.com"
    assert cognito.attributes("ann")["email_verified"] == "true"
