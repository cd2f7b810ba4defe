"""Signing in on the hosted UI, with a password, as a browser without scripts does it."""

from __future__ import annotations

import jwt
import pytest

from ..browser import APP, Browser, authorize
from ..conftest import CLIENT, OAUTH, PASSWORD, POOL, Running, Start
from ..functions import Functions, answering, raising, unchanged
from ..tokens.test_issue import checked


def sign_in(browser: Browser, username: str = "ann", password: str = PASSWORD) -> Browser:
    return browser.submit(username=username, password=password)


def test_the_implicit_grant_brings_tokens_in_the_fragment(hosted: Running, browser: Browser) -> None:
    sub = hosted.confirmed("ann", email="ann@example.com")
    browser.open(authorize(CLIENT, nonce="n-1"))
    assert (browser.path, browser.page.heading) == ("/login", "Sign in")
    sign_in(browser)
    assert str(browser.arrived).startswith(f"{APP}#")
    assert browser.answer.keys() == {"id_token", "access_token", "token_type", "expires_in", "state"}
    assert (browser.answer["token_type"], browser.answer["expires_in"]) == ("Bearer", "3600")
    assert browser.answer["state"] == "a state"
    identity = checked(hosted, browser.answer["id_token"], audience=CLIENT)
    assert (identity["sub"], identity["nonce"], identity["cognito:username"]) == (sub, "n-1", "ann")
    access = checked(hosted, browser.answer["access_token"])
    assert access["scope"] == "openid email profile aws.cognito.signin.user.admin"
    assert access["client_id"] == CLIENT
    hosted.api.get_user(AccessToken=browser.answer["access_token"])


def test_at_hash_is_of_the_access_token(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    sign_in(browser.open(authorize(CLIENT)))
    algorithm = jwt.get_algorithm_by_name("RS256")
    digest = algorithm.compute_hash_digest(browser.answer["access_token"].encode())
    expected = jwt.utils.base64url_encode(digest[: len(digest) // 2]).decode()
    assert checked(hosted, browser.answer["id_token"], audience=CLIENT)["at_hash"] == expected


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("openid", {"email", "email_verified", "nickname"}),
        ("openid email", {"email", "email_verified"}),
        ("openid email profile", {"email", "email_verified", "nickname"}),
    ],
)
def test_scopes_limit_what_the_id_token_tells(hosted: Running, browser: Browser, scope: str, told: set[str]) -> None:
    hosted.confirmed("ann", email="ann@example.com", nickname="Annie")
    sign_in(browser.open(authorize(CLIENT, scope=scope)))
    identity = checked(hosted, browser.answer["id_token"], audience=CLIENT)
    assert identity.keys() & {"email", "email_verified", "nickname"} == told
    assert checked(hosted, browser.answer["access_token"])["scope"] == scope


def test_without_openid_there_is_no_id_token(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    sign_in(browser.open(authorize(CLIENT, scope="email")))
    assert "id_token" not in browser.answer


def test_who_is_signed_in_goes_straight_on(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    sign_in(browser.open(authorize(CLIENT)))
    first = checked(hosted, browser.answer["id_token"], audience=CLIENT)
    hosted.clock.advance(600)
    browser.open(authorize(CLIENT, state="other"))
    second = checked(hosted, browser.answer["id_token"], audience=CLIENT)
    assert browser.answer["state"] == "other"
    assert second["auth_time"] == first["auth_time"]
    assert second["iat"] >= first["iat"] + 600
    assert second["origin_jti"] != first["origin_jti"]


def test_the_sign_in_page_offers_who_is_signed_in(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    hosted.confirmed("bob", email="bob@example.com")
    sign_in(browser.open(authorize(CLIENT)))
    browser.open(authorize(CLIENT, prompt="select_account"))
    assert browser.page.heading == "Welcome back"
    assert "ann@example.com" in browser.page.text
    browser.submit()
    assert checked(hosted, browser.answer["access_token"])["username"] == "ann"
    sign_in(browser.open(authorize(CLIENT, prompt="select_account")).click("Use another account"), "bob")
    assert checked(hosted, browser.answer["access_token"])["username"] == "bob"


def test_prompt_login_asks_for_the_password_again(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    sign_in(browser.open(authorize(CLIENT)))
    browser.open(authorize(CLIENT, prompt="login", login_hint="ann"))
    assert browser.page.heading == "Sign in"
    assert browser.page.forms[0].fields["username"] == "ann"


def test_prompt_none_never_shows_a_page(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    browser.open(authorize(CLIENT, prompt="none"))
    assert browser.answer["error"] == "login_required"
    sign_in(browser.open(authorize(CLIENT)))
    browser.open(authorize(CLIENT, prompt="none"))
    assert "access_token" in browser.answer


@pytest.mark.parametrize("end", ["an hour", "sign-out everywhere", "disabling", "deletion", "another pool's cookie"])
def test_a_session_ends(hosted: Running, browser: Browser, end: str) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    sign_in(browser.open(authorize(CLIENT)))
    if end == "an hour":
        hosted.clock.advance(3600)
    elif end == "sign-out everywhere":
        hosted.api.admin_user_global_sign_out(UserPoolId=POOL, Username="ann")
    elif end == "disabling":
        hosted.api.admin_disable_user(UserPoolId=POOL, Username="ann")
        hosted.api.admin_enable_user(UserPoolId=POOL, Username="ann")
    elif end == "deletion":
        hosted.api.admin_delete_user(UserPoolId=POOL, Username="ann")
    else:
        browser.http.cookies.set("cognito", "0" * 64)
    assert browser.open(authorize(CLIENT)).page.heading == "Sign in"


def test_signing_in_never_takes_over_a_cookie_that_was_there(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    browser.open(authorize(CLIENT))
    browser.http.cookies.set("cognito", "planted")
    sign_in(browser)
    assert browser.http.cookies.jar
    assert {cookie.value for cookie in browser.http.cookies.jar if cookie.name == "cognito"} != {"planted"}


@pytest.mark.parametrize("username", ["ann", "nobody"])
def test_a_wrong_password_and_a_wrong_name_look_the_same(hosted: Running, browser: Browser, username: str) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    sign_in(browser.open(authorize(CLIENT)), username, "Wrong-Password-1")
    assert (browser.status, browser.page.alert) == (400, "Incorrect username or password.")
    form = browser.page.forms[0]
    assert form.fields["username"] == username
    assert form.fields["password"] == ""
    assert form.inputs["username"]["aria-invalid"] == "true"
    assert "problem" in str(form.inputs["username"]["aria-describedby"])
    assert "problem" in browser.page.ids


def test_a_wrong_name_is_told_where_the_client_does_not_mind(start: Start) -> None:
    hosted = start(client={**OAUTH, "PreventUserExistenceErrors": "LEGACY"})
    with Browser(hosted.url) as browser:
        sign_in(browser.open(authorize(CLIENT)), "nobody")
        assert browser.page.alert == "User does not exist."


def test_a_user_of_a_client_with_a_secret_signs_in(start: Start) -> None:
    hosted = start(client={**OAUTH, "GenerateSecret": True})
    hosted.api.admin_create_user(UserPoolId=POOL, Username="ann", MessageAction="SUPPRESS")
    hosted.api.admin_set_user_password(UserPoolId=POOL, Username="ann", Password=PASSWORD, Permanent=True)
    with Browser(hosted.url) as browser:
        sign_in(browser.open(authorize(CLIENT)))
        assert "access_token" in browser.answer


def test_a_temporary_password_is_replaced_on_the_way(hosted: Running, browser: Browser) -> None:
    hosted.api.admin_create_user(
        UserPoolId=POOL, Username="ann", TemporaryPassword="Temporary-1", MessageAction="SUPPRESS"
    )
    sign_in(browser.open(authorize(CLIENT)), "ann", "Temporary-1")
    assert (browser.path, browser.page.heading) == ("/changePassword", "Choose your password")
    browser.submit(password="short")
    assert browser.page.alert == "Password did not conform with policy: Password not long enough"
    browser.submit(password=PASSWORD)
    assert checked(hosted, browser.answer["access_token"])["username"] == "ann"
    assert hosted.status("ann") == "CONFIRMED"


def test_the_page_of_a_challenge_is_none_without_the_challenge(hosted: Running, browser: Browser) -> None:
    path = authorize(CLIENT).replace("/oauth2/authorize", "/changePassword")
    assert browser.open(path).path == "/login"


def test_a_password_that_an_administrator_reset_is_chosen_anew(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    hosted.api.admin_reset_user_password(UserPoolId=POOL, Username="ann")
    sign_in(browser.open(authorize(CLIENT)))
    assert browser.path == "/confirmForgotPassword"
    browser.submit(code=hosted.code("ann"), password="Another-Horse-1")
    assert "Your password was changed" in browser.page.text
    sign_in(browser, "ann", "Another-Horse-1")
    assert "access_token" in browser.answer


def test_triggers_run_as_for_the_api_but_as_hosted_auth(start: Start, functions: Functions) -> None:
    arn = functions.add("f", unchanged)
    names = ("PreAuthentication", "PostAuthentication", "PreTokenGeneration")
    hosted = start({"LambdaConfig": dict.fromkeys(names, arn)}, OAUTH, lambda_url=functions.url)
    hosted.confirmed("ann", email="ann@example.com")
    with Browser(hosted.url) as browser:
        sign_in(browser.open(authorize(CLIENT)))
        assert functions.sources() == [
            "PreAuthentication_Authentication",
            "TokenGeneration_HostedAuth",
            "PostAuthentication_Authentication",
        ]
        browser.open(authorize(CLIENT))
        assert functions.sources()[3:] == ["TokenGeneration_HostedAuth"]


@pytest.mark.parametrize("trigger", ["PreAuthentication", "PostAuthentication"])
def test_a_trigger_that_refuses_is_told_on_the_form(start: Start, functions: Functions, trigger: str) -> None:
    arn = functions.add("f", raising("not <b>today</b>"))
    hosted = start({"LambdaConfig": {trigger: arn}}, OAUTH, lambda_url=functions.url)
    hosted.confirmed("ann", email="ann@example.com")
    with Browser(hosted.url) as browser:
        sign_in(browser.open(authorize(CLIENT)))
        assert browser.page.alert == f"{trigger} failed with error not <b>today</b>."
        assert "<b>today" not in browser.page.source


@pytest.mark.parametrize(("response_type", "mark"), [("code", "?"), ("token", "#")])
def test_a_failing_pre_token_generation_is_told_to_the_application(
    start: Start, functions: Functions, response_type: str, mark: str
) -> None:
    arn = functions.add("f", raising("X"))
    hosted = start({"LambdaConfig": {"PreTokenGeneration": arn}}, OAUTH, lambda_url=functions.url)
    hosted.confirmed("ann", email="ann@example.com")
    with Browser(hosted.url) as browser:
        sign_in(browser.open(authorize(CLIENT, response_type)))
        assert browser.arrived == (
            f"{APP}{mark}error=invalid_request&error_description=PreTokenGeneration+failed+with+error+X.&state=a+state"
        )
        assert browser.open(authorize(CLIENT)).page.heading == "Sign in"


def test_claims_of_a_trigger_reach_the_tokens_of_a_code(start: Start, functions: Functions) -> None:
    details = {"idTokenGeneration": {"claimsToAddOrOverride": {"plan": "gold"}}}
    arn = functions.add("f", answering(claimsAndScopeOverrideDetails=details))
    config = {"PreTokenGenerationConfig": {"LambdaArn": arn, "LambdaVersion": "V2_0"}}
    hosted = start({"LambdaConfig": config}, OAUTH, lambda_url=functions.url)
    hosted.confirmed("ann", email="ann@example.com")
    with Browser(hosted.url) as browser:
        sign_in(browser.open(authorize(CLIENT, "code")))
        form = {"grant_type": "authorization_code", "client_id": CLIENT, "redirect_uri": APP}
        answer = browser.http.post(f"{hosted.url}/oauth2/token", data={**form, "code": browser.answer["code"]}).json()
    assert checked(hosted, answer["id_token"], audience=CLIENT)["plan"] == "gold"
    assert functions.sources() == ["TokenGeneration_HostedAuth"]
