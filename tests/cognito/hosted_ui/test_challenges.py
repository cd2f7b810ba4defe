"""Second factors on the hosted UI: a code, the choice of one, and setting one up on the way."""

from __future__ import annotations

import re

from ..browser import Browser, authorize
from ..conftest import CLIENT, OAUTH, PASSWORD, POOL, Running, Start
from ..operations.test_mfa import SMS_POOL, TOKEN_POOL, code_of, next_code, with_token
from ..tokens.test_issue import checked


def started(start: Start, **mfa: object) -> Running:
    hosted = start(client=OAUTH)
    hosted.api.set_user_pool_mfa_config(UserPoolId=POOL, **mfa)
    return hosted


def sign_in(browser: Browser) -> Browser:
    return browser.open(authorize(CLIENT)).submit(username="ann", password=PASSWORD)


def test_the_code_of_an_authenticator_app_is_asked_for(start: Start) -> None:
    hosted = started(start, **TOKEN_POOL)
    hosted.confirmed("ann", email="ann@example.com")
    secret = with_token(hosted)
    with Browser(hosted.url) as browser:
        assert sign_in(browser).path == "/mfa"
        assert browser.page.forms[0].inputs["code"]["inputmode"] == "numeric"
        right = next_code(hosted, secret)
        browser.submit(code=f"{(int(right) + 1) % 1_000_000:06d}")
        assert (browser.status, browser.page.alert) == (400, "Invalid code received for user")
        browser.submit(code=right)
        assert checked(hosted, browser.answer["access_token"])["username"] == "ann"


def test_the_code_of_a_text_message_is_asked_for(start: Start) -> None:
    hosted = started(
        start, MfaConfiguration="ON", SmsMfaConfiguration={"SmsConfiguration": SMS_POOL["SmsConfiguration"]}
    )
    hosted.confirmed("ann", email="ann@example.com", phone_number="+14155550100")
    with Browser(hosted.url) as browser:
        sign_in(browser)
        assert "0100" in browser.page.text
        browser.submit(code=hosted.code("ann"))
        assert "access_token" in browser.answer


def test_who_needs_a_factor_and_has_none_sets_one_up_on_the_way(start: Start) -> None:
    hosted = started(start, **{**TOKEN_POOL, "MfaConfiguration": "ON"})
    with Browser(hosted.url) as browser:
        browser.open(authorize(CLIENT)).click("Sign up")
        browser.submit(**{"username": "ann", "requiredAttributes[email]": "ann@example.com"}, password=PASSWORD)
        browser.submit(code=hosted.code("ann"))
        assert browser.page.heading == "Set up your authenticator app"
        assert "<svg" in browser.page.source
        found = re.search(r"<code>([A-Z2-7]{32,})</code>", browser.page.source)
        assert found
        browser.submit(code="000000" if code_of(hosted, found[1]) != "000000" else "000001")
        assert browser.status == 400
        browser.submit(code=code_of(hosted, found[1]))
        assert "access_token" in browser.answer
        browser.open(authorize(CLIENT, prompt="login")).submit(username="ann", password=PASSWORD)
        browser.submit(code=next_code(hosted, found[1]))
        assert "access_token" in browser.answer


def test_who_has_two_factors_chooses(start: Start) -> None:
    hosted = started(start, **TOKEN_POOL, SmsMfaConfiguration={"SmsConfiguration": SMS_POOL["SmsConfiguration"]})
    hosted.confirmed("ann", email="ann@example.com", phone_number="+14155550100")
    with_token(hosted, preferred=False)
    hosted.api.admin_set_user_mfa_preference(UserPoolId=POOL, Username="ann", SMSMfaSettings={"Enabled": True})
    with Browser(hosted.url) as browser:
        sign_in(browser)
        assert {value for _, value in browser.page.forms[0].buttons} == {"SMS_MFA", "SOFTWARE_TOKEN_MFA"}
        form = browser.page.forms[0]
        form.buttons = [("answer", "SMS_MFA")]
        browser.submit().submit(code=hosted.code("ann"))
        assert "access_token" in browser.answer


def test_the_step_of_a_challenge_gets_old(start: Start) -> None:
    hosted = started(start, **TOKEN_POOL)
    hosted.confirmed("ann", email="ann@example.com")
    secret = with_token(hosted)
    with Browser(hosted.url) as browser:
        sign_in(browser)
        hosted.clock.advance(200)
        browser.submit(code=code_of(hosted, secret))
        assert browser.page.heading == "Sign in"
        assert browser.page.alert == "Invalid session for the user, session is expired."
