"""Signing in with an identity provider, which a local page plays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ..browser import Browser, authorize
from ..conftest import CLIENT, OAUTH, PASSWORD, POOL, Running, Start, error_of
from ..functions import Functions, raising, unchanged
from ..tokens.test_issue import checked

GOOGLE = {
    "ProviderName": "Google",
    "ProviderType": "Google",
    "ProviderDetails": {"client_id": "x", "client_secret": "y", "authorize_scopes": "openid email profile"},
    "AttributeMapping": {"email": "email", "email_verified": "email_verified", "name": "name", "username": "sub"},
    "IdpIdentifiers": ["example.com"],
}
WORK = {
    "ProviderName": "Work",
    "ProviderType": "OIDC",
    "ProviderDetails": {"client_id": "x", "oidc_issuer": "https://login.example.com"},
    "AttributeMapping": {"email": "email", "username": "sub"},
}
GRACE = {"email": "grace@example.com", "name": "Grace Hopper", "subject": "1234567890"}
IDENTITY = {
    "ProviderName": "Google",
    "ProviderAttributeName": "Cognito_Subject",
    "ProviderAttributeValue": "1234567890",
}
TRIGGERS = ("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "PreTokenGeneration")


@pytest.fixture
def federated(start: Start) -> Running:
    return start(client=OAUTH, providers=[GOOGLE, WORK])


def to_google(browser: Browser) -> Browser:
    return browser.open(authorize(CLIENT, prompt="login")).click("Continue with Google")


def user_of(hosted: Running, username: str) -> dict[str, Any]:
    found: dict[str, Any] = hosted.api.admin_get_user(UserPoolId=POOL, Username=username)
    return found


def claims_of(hosted: Running, browser: Browser) -> Mapping[str, Any]:
    return checked(hosted, browser.answer["id_token"], audience=CLIENT)


def test_a_provider_shows_as_a_button_and_leads_to_a_user(federated: Running) -> None:
    with Browser(federated.url) as browser:
        browser.open(authorize(CLIENT))
        assert [link for link in browser.page.links if link.startswith("Continue")] == [
            "Continue with Google",
            "Continue with Work",
        ]
        to_google(browser)
        assert browser.page.heading == "Who do you want to be?"
        browser.submit(**GRACE)
        assert browser.answer["state"] == "a state"
        claims = claims_of(federated, browser)
    assert claims["cognito:username"] == "Google_1234567890"
    assert (claims["email"], claims["email_verified"], claims["name"]) == ("grace@example.com", True, "Grace Hopper")
    assert claims["cognito:groups"] == [f"{POOL}_Google"]
    (identity,) = claims["identities"]
    assert {name: identity[name] for name in identity if name != "dateCreated"} == {
        "userId": "1234567890",
        "providerName": "Google",
        "providerType": "Google",
        "issuer": None,
        "primary": "true",
    }
    assert identity["dateCreated"] == str(int(identity["dateCreated"]))
    assert user_of(federated, "Google_1234567890")["UserStatus"] == "EXTERNAL_PROVIDER"
    attributes = federated.attributes("Google_1234567890")
    assert attributes["sub"] == claims["sub"]
    assert json.loads(attributes["identities"])[0]["primary"] is True


def test_a_first_and_a_later_sign_in_run_their_triggers(start: Start, functions: Functions) -> None:
    arn = functions.add("f", unchanged)
    hosted = start({"LambdaConfig": dict.fromkeys(TRIGGERS, arn)}, OAUTH, providers=[GOOGLE], lambda_url=functions.url)
    with Browser(hosted.url) as browser:
        to_google(browser).submit(**GRACE)
        sub = claims_of(hosted, browser)["sub"]
        assert functions.sources() == [
            "PreSignUp_ExternalProvider",
            "PostConfirmation_ConfirmSignUp",
            "TokenGeneration_HostedAuth",
        ]
        sign_up, confirmation, _ = functions.events
        assert sign_up["userName"] == confirmation["userName"] == "Google_1234567890"
        assert sign_up["request"]["userAttributes"]["email"] == "grace@example.com"
        told = confirmation["request"]["userAttributes"]
        assert (told["sub"], told["cognito:user_status"]) == (sub, "EXTERNAL_PROVIDER")
        assert json.loads(told["identities"])[0]["userId"] == "1234567890"
        to_google(browser).submit(button="known", known="1234567890")
        assert claims_of(hosted, browser)["sub"] == sub
    assert functions.sources()[3:] == ["TokenGeneration_HostedAuth", "PostAuthentication_Authentication"]


def test_who_came_before_is_offered_and_attributes_are_kept_up(federated: Running) -> None:
    with Browser(federated.url) as browser:
        to_google(browser).submit(**GRACE)
        to_google(browser)
        assert "Grace Hopper" in browser.page.text
        browser.submit(1, **{**GRACE, "name": "Rear Admiral Hopper"})
        assert claims_of(federated, browser)["name"] == "Rear Admiral Hopper"
        to_google(browser).submit(0, button="known", known="1234567890")
        assert claims_of(federated, browser)["name"] == "Rear Admiral Hopper"


def test_without_a_subject_the_email_makes_one_that_stays(federated: Running) -> None:
    with Browser(federated.url) as browser:
        to_google(browser).submit(email="ada@example.com")
        first = claims_of(federated, browser)
        to_google(browser).submit(1, email="ADA@example.com")
        assert claims_of(federated, browser)["sub"] == first["sub"]
        assert first["cognito:username"].removeprefix("Google_").isdecimal()
        to_google(browser).submit(1, email="")
        assert browser.page.alert == "The email is missing."


def test_an_email_is_unverified_unless_the_provider_says_otherwise(federated: Running) -> None:
    with Browser(federated.url) as browser:
        browser.open(authorize(CLIENT, identity_provider="Work")).submit(**{**GRACE, "name": ""})
        assert claims_of(federated, browser)["email_verified"] is False
        assert claims_of(federated, browser)["identities"][0]["issuer"] == "https://login.example.com"


def test_a_cancelled_sign_in_is_told_to_the_application(federated: Running) -> None:
    with Browser(federated.url) as browser:
        to_google(browser).submit(button="cancel")
        assert browser.answer["error"] == "access_denied"
        assert browser.answer["state"] == "a state"


def test_an_application_goes_straight_to_a_provider(federated: Running) -> None:
    with Browser(federated.url) as browser:
        for named in ({"identity_provider": "Google"}, {"idp_identifier": "example.com"}):
            assert browser.open(authorize(CLIENT, **named)).page.heading == "Who do you want to be?"


def test_a_client_with_one_provider_and_no_local_users_goes_straight_there(start: Start) -> None:
    hosted = start(client={**OAUTH, "SupportedIdentityProviders": ["Google"]}, providers=[GOOGLE, WORK])
    with Browser(hosted.url) as browser:
        assert browser.open(authorize(CLIENT)).page.heading == "Who do you want to be?"
        browser.open(authorize(CLIENT).replace("/oauth2/authorize", "/login"))
        assert browser.page.forms == []
        browser.open(authorize(CLIENT, identity_provider="Work"))
        assert "has no identity provider Work" in browser.answer["error_description"]


def test_a_pool_whose_users_sign_in_with_email_has_both_kinds_of_ann(start: Start) -> None:
    hosted = start({"UsernameAttributes": ["email"]}, OAUTH, providers=[GOOGLE])
    with Browser(hosted.url) as browser:
        to_google(browser).submit(email="ann@example.com", subject="1")
        federated = claims_of(hosted, browser)["sub"]
        local = hosted.confirmed("ann@example.com")
        assert local != federated
        browser.open(authorize(CLIENT, prompt="login")).submit(username="ann@example.com", password=PASSWORD)
        assert claims_of(hosted, browser)["sub"] == local
        assert error_of(hosted.sign_in, "Google_1")[0] == "NotAuthorizedException"


def test_a_federated_user_has_no_password_to_forget(federated: Running) -> None:
    with Browser(federated.url) as browser:
        to_google(browser).submit(**GRACE)
    wrong = ("NotAuthorizedException", "User password cannot be reset in the current state.")
    assert error_of(federated.api.forgot_password, ClientId=CLIENT, Username="Google_1234567890") == wrong
    reset = federated.api.admin_reset_user_password
    assert error_of(reset, UserPoolId=POOL, Username="Google_1234567890") == wrong


def test_what_the_pool_requires_must_come_from_the_provider(start: Start) -> None:
    required = {"AttributeDataType": "String", "Required": True, "Mutable": True}
    schema = [{"Name": "name", **required}, {"Name": "nickname", **required}]
    hosted = start({"Schema": schema}, OAUTH, providers=[GOOGLE])
    with Browser(hosted.url) as browser:
        to_google(browser).submit(**{**GRACE, "name": ""})
        assert browser.answer["error"] == "invalid_request"
        assert browser.answer["error_description"] == "attributes required: [name, nickname]"
    assert hosted.api.list_users(UserPoolId=POOL)["Users"] == []


def test_a_trigger_that_refuses_is_told_to_the_application_and_makes_nobody(start: Start, functions: Functions) -> None:
    arn = functions.add("f", raising("no"))
    hosted = start({"LambdaConfig": {"PreSignUp": arn}}, OAUTH, providers=[GOOGLE], lambda_url=functions.url)
    with Browser(hosted.url) as browser:
        to_google(browser).submit(**GRACE)
        assert browser.answer["error_description"] == "PreSignUp failed with error no."
    assert hosted.api.list_users(UserPoolId=POOL)["Users"] == []


def test_a_disabled_user_stays_out(federated: Running) -> None:
    with Browser(federated.url) as browser:
        to_google(browser).submit(**GRACE)
        federated.api.admin_disable_user(UserPoolId=POOL, Username="Google_1234567890")
        to_google(browser).submit(button="known", known="1234567890")
        assert browser.answer["error_description"] == "User is disabled."


def test_the_answer_of_a_provider_works_once_and_in_one_browser(federated: Running) -> None:
    with Browser(federated.url) as browser, Browser(federated.url) as other:
        form = to_google(browser).page.forms[0]
        answer = browser.http.post(form.action, data={**form.fields, **GRACE})
        back = federated.url + answer.headers["location"]
        assert other.open(back).page.heading == "This sign-in can't go on"
        marker = {cookie.name: cookie.value for cookie in browser.http.cookies.jar}["csrf-state"]
        assert "access_token" in browser.open(back).answer
        browser.http.cookies.set("csrf-state", str(marker))
        assert browser.open(back).page.heading == "This sign-in can't go on"
        assert browser.open("/oauth2/idpresponse?state=made-up&code=x").status == 400


def test_a_linked_identity_signs_its_user_in(federated: Running) -> None:
    sub = federated.confirmed("ann", email="ann@example.com")
    link = {
        "UserPoolId": POOL,
        "DestinationUser": {"ProviderName": "Cognito", "ProviderAttributeValue": "ann"},
        "SourceUser": IDENTITY,
    }
    federated.api.admin_link_provider_for_user(**link)
    with Browser(federated.url) as browser:
        to_google(browser).submit(1, **GRACE)
        claims = claims_of(federated, browser)
        assert (claims["sub"], claims["cognito:username"], claims["name"]) == (sub, "ann", "Grace Hopper")
        assert claims["identities"][0]["primary"] == "false"
        assert error_of(federated.api.admin_link_provider_for_user, **link)[0] == "InvalidParameterException"
        federated.api.admin_disable_provider_for_user(UserPoolId=POOL, User=IDENTITY)
        assert "identities" not in federated.attributes("ann")
        to_google(browser).submit(**GRACE)
        assert claims_of(federated, browser)["cognito:username"] == "Google_1234567890"
    assert error_of(federated.api.admin_link_provider_for_user, **link)[1].startswith("Merging is not currently")


def test_a_pre_sign_up_that_links_fails_once_as_in_cognito(start: Start, functions: Functions) -> None:
    hosted: Running

    def link(event: dict[str, Any]) -> dict[str, Any]:
        if event["triggerSource"] == "PreSignUp_ExternalProvider":
            hosted.api.admin_link_provider_for_user(
                UserPoolId=POOL,
                DestinationUser={"ProviderName": "Cognito", "ProviderAttributeValue": "ann"},
                SourceUser={
                    "ProviderName": "Google",
                    "ProviderAttributeName": "Cognito_Subject",
                    "ProviderAttributeValue": event["userName"].removeprefix("Google_"),
                },
            )
        return event

    arn = functions.add("f", link)
    hosted = start({"LambdaConfig": {"PreSignUp": arn}}, OAUTH, providers=[GOOGLE], lambda_url=functions.url)
    sub = hosted.confirmed("ann", email="ann@example.com")
    with Browser(hosted.url) as browser:
        to_google(browser).submit(**GRACE)
        assert browser.answer["error_description"] == "Already found an entry for username Google_1234567890"
        to_google(browser).submit(1, **GRACE)
        assert claims_of(hosted, browser)["sub"] == sub


def test_a_federated_user_whose_provider_is_disabled_is_disabled(federated: Running) -> None:
    with Browser(federated.url) as browser:
        to_google(browser).submit(**GRACE)
    user = {
        "ProviderName": "Google",
        "ProviderAttributeName": "Cognito_Subject",
        "ProviderAttributeValue": "1234567890",
    }
    federated.api.admin_disable_provider_for_user(UserPoolId=POOL, User=user)
    assert user_of(federated, "Google_1234567890")["Enabled"] is False
