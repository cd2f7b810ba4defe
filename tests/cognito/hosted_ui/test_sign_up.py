"""Signing up on the hosted UI, confirming, and getting back in without the password."""

from __future__ import annotations

import re

import pytest

from ..browser import Browser, authorize
from ..conftest import CLIENT, OAUTH, PASSWORD, Running, Start
from ..functions import Functions, answering, raising, unchanged
from ..tokens.test_issue import checked

TEXT = {"AttributeDataType": "String", "Required": True, "Mutable": True}
EMAIL_POOL = {"UsernameAttributes": ["email"], "Schema": [{"Name": name, **TEXT} for name in ("email", "name")]}
ANN = {"username": "ann", "requiredAttributes[email]": "ann@example.com", "password": PASSWORD}


def new_account(browser: Browser) -> Browser:
    return browser.open(authorize(CLIENT)).click("Sign up")


def test_a_new_user_signs_up_confirms_and_is_signed_in(hosted: Running, browser: Browser) -> None:
    new_account(browser).submit(**ANN)
    assert browser.path == "/confirmUser"
    assert "We sent a code to a***@e***" in browser.page.text
    messages = browser.open(browser.page.links["read the message and its code"]).response.json()
    assert [message["to"] for message in messages] == ["ann@example.com"]
    browser.open(authorize(CLIENT).replace("/oauth2/authorize", "/confirmUser"))
    browser.submit(code="000000" if hosted.code("ann") != "000000" else "000001")
    assert browser.page.alert == "Invalid verification code provided, please try again."
    browser.submit(code=f" {hosted.code('ann')} ")
    assert checked(hosted, browser.answer["access_token"])["username"] == "ann"
    assert browser.answer["state"] == "a state"
    assert hosted.status("ann") == "CONFIRMED"


def test_triggers_of_a_sign_up_run_in_order(start: Start, functions: Functions) -> None:
    arn = functions.add("f", unchanged)
    names = ("PreSignUp", "CustomMessage", "PostConfirmation", "PostAuthentication", "PreTokenGeneration")
    hosted = start({"LambdaConfig": dict.fromkeys(names, arn)}, OAUTH, lambda_url=functions.url)
    with Browser(hosted.url) as browser:
        new_account(browser).submit(**ANN).submit(code=hosted.code("ann"))
        assert "access_token" in browser.answer
    assert functions.sources() == [
        "PreSignUp_SignUp",
        "CustomMessage_SignUp",
        "PostConfirmation_ConfirmSignUp",
        "TokenGeneration_HostedAuth",
        "PostAuthentication_Authentication",
    ]


def test_who_is_confirmed_by_a_trigger_is_in_at_once(start: Start, functions: Functions) -> None:
    arn = functions.add("f", answering(autoConfirmUser=True, autoVerifyEmail=True))
    hosted = start({"LambdaConfig": {"PreSignUp": arn}}, OAUTH, lambda_url=functions.url)
    with Browser(hosted.url) as browser:
        new_account(browser).submit(**ANN)
        assert "access_token" in browser.answer


def test_a_trigger_that_refuses_a_sign_up_is_told_on_the_form(start: Start, functions: Functions) -> None:
    arn = functions.add("f", raising("by invitation only"))
    hosted = start({"LambdaConfig": {"PreSignUp": arn}}, OAUTH, lambda_url=functions.url)
    with Browser(hosted.url) as browser:
        new_account(browser).submit(**ANN)
        assert browser.page.alert == "PreSignUp failed with error by invitation only."


def test_the_form_asks_for_what_the_pool_requires(start: Start) -> None:
    hosted = start(EMAIL_POOL, OAUTH)
    with Browser(hosted.url) as browser:
        fields = new_account(browser).page.forms[0].inputs
        assert {name for name, given in fields.items() if given["type"] != "hidden"} == {
            "username",
            "password",
            "requiredAttributes[name]",
        }
        assert fields["username"]["type"] == "email"
        browser.submit(**{"username": "ann@example.com", "requiredAttributes[name]": "Ann"}, password=PASSWORD)
        browser.submit(code=hosted.code("ann@example.com"))
        assert "access_token" in browser.answer


@pytest.mark.parametrize(
    ("given", "message", "at"),
    [
        ({"username": ""}, "Username is missing.", "username"),
        ({"requiredAttributes[email]": ""}, "Email is missing.", "requiredAttributes[email]"),
        ({"requiredAttributes[email]": "no"}, "Invalid email address format.", "requiredAttributes[email]"),
        ({"username": "taken"}, "User already exists", "username"),
        (
            {"password": "onlylower-1"},
            "Password did not conform with policy: Password must have uppercase characters",
            "password",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    hosted: Running, browser: Browser, given: dict[str, str], message: str, at: str
) -> None:
    hosted.sign_up("taken", email="taken@example.com")
    new_account(browser).submit(**{**ANN, **given})
    assert (browser.status, browser.page.alert) == (400, message)
    wrong = [name for name, each in browser.page.forms[0].inputs.items() if each.get("aria-invalid")]
    assert wrong == [at]
    assert browser.page.forms[0].fields["password"] == ""
    assert browser.page.forms[0].fields["username"] == {**ANN, **given}["username"]


def test_a_new_code_can_be_sent(hosted: Running, browser: Browser) -> None:
    new_account(browser).submit(**ANN)
    browser.submit(1)
    assert "A new code was sent." in browser.page.text
    assert len(hosted.messages("ann")) == 2
    browser.submit(code=hosted.code("ann"))
    assert "access_token" in browser.answer


def test_an_unconfirmed_user_is_led_to_the_confirmation(hosted: Running, browser: Browser) -> None:
    hosted.sign_up("ann", email="ann@example.com")
    browser.open(authorize(CLIENT)).submit(username="ann", password=PASSWORD)
    assert browser.path == "/confirmUser"
    browser.submit(code=hosted.code("ann"))
    assert checked(hosted, browser.answer["access_token"])["username"] == "ann"


def test_the_confirmation_page_alone_signs_nobody_in(hosted: Running, browser: Browser) -> None:
    hosted.sign_up("ann", email="ann@example.com")
    browser.open(authorize(CLIENT).replace("/oauth2/authorize", "/confirmUser"))
    browser.submit(username="ann", code=hosted.code("ann"))
    assert browser.path == "/login"
    assert "Your account is confirmed. Sign in." in browser.page.text
    browser.open(authorize(CLIENT))
    assert browser.page.heading == "Sign in"


def test_a_code_for_nobody_is_sent_as_for_somebody(hosted: Running, browser: Browser) -> None:
    browser.open(authorize(CLIENT).replace("/oauth2/authorize", "/resendcode")).submit(username="nobody")
    assert browser.path == "/confirmUser"
    assert "We sent a code" in browser.page.text


def test_only_administrators_create_users_where_the_pool_says_so(start: Start) -> None:
    hosted = start({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}}, OAUTH)
    with Browser(hosted.url) as browser:
        assert "Sign up" not in browser.open(authorize(CLIENT)).page.links
        browser.open(authorize(CLIENT).replace("/oauth2/authorize", "/signup"))
        browser.submit(**ANN)
        assert browser.page.alert == "SignUp is not permitted for this user pool"


def test_a_forgotten_password_is_replaced(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    browser.open(authorize(CLIENT)).click("Forgot your password?").submit(username="ann")
    assert browser.path == "/confirmForgotPassword"
    assert "a***@e***" in browser.page.text
    browser.submit(code=hosted.code("ann"), password="Another-Horse-1")
    assert "Your password was changed" in browser.page.text
    assert browser.page.forms[0].fields["username"] == "ann"
    browser.submit(password="Another-Horse-1")
    assert "access_token" in browser.answer


@pytest.mark.parametrize("username", ["ann", "nobody"])
def test_a_password_forgotten_by_nobody_looks_the_same(hosted: Running, browser: Browser, username: str) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    browser.open(authorize(CLIENT)).click("Forgot your password?").submit(username=username)
    assert browser.path == "/confirmForgotPassword"
    assert re.search(r"We sent a code to [a-z]\*{3}@[a-z]\*{3}\.", browser.page.text)
    browser.submit(code="wrong", password="Another-Horse-1")
    assert browser.page.alert == "Invalid verification code provided, please try again."
