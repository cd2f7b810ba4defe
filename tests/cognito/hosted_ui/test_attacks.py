"""What the hosted UI must not let anybody do."""

from __future__ import annotations

from itertools import product
from urllib.parse import urlencode

import pytest

from ..browser import AFTER_LOGOUT, APP, Browser, authorize
from ..conftest import CLIENT, OAUTH, PASSWORD, Running, Start

PAGES = ("/login", "/signup", "/confirmUser", "/resendcode", "/forgotPassword", "/confirmForgotPassword")
EVIL = '"><script>alert(1)</script>'


def page_of(path: str, **more: str | None) -> str:
    return authorize(CLIENT, **more).replace("/oauth2/authorize", path)


def test_a_redirect_uri_that_is_not_on_the_list_is_never_followed(hosted: Running, browser: Browser) -> None:
    wrong = [
        "https://evil.example/",
        f"{APP}/",
        f"{APP}?x=1",
        f"{APP}#x",
        f"{APP}@evil.example",
        APP.upper(),
        "javascript:alert(1)",
        "//evil.example",
        "",
    ]
    for path, redirect_uri in product(("/oauth2/authorize", *PAGES), wrong):
        browser.open(page_of(path, redirect_uri=redirect_uri))
        assert (browser.status, browser.page.heading) == (400, "This sign-in can't go on"), (path, redirect_uri)


def test_two_redirect_uris_are_none(hosted: Running, browser: Browser) -> None:
    browser.open(authorize(CLIENT) + "&redirect_uri=https://evil.example/")
    assert browser.status == 400


def test_an_unknown_client_is_told_on_a_page(hosted: Running, browser: Browser) -> None:
    browser.open(authorize(EVIL))
    assert browser.status == 400
    assert "<script>" not in browser.page.source


def test_state_is_escaped_on_every_page_and_comes_back_as_it_was(hosted: Running, browser: Browser) -> None:
    for path in PAGES:
        assert "<script>" not in browser.open(page_of(path, state=EVIL)).page.source
    hosted.confirmed("ann", email="ann@example.com")
    browser.open(page_of("/login", state=EVIL)).submit(username="ann", password=PASSWORD)
    assert browser.answer["state"] == EVIL


def test_names_are_escaped(hosted: Running, browser: Browser) -> None:
    browser.open(page_of("/login", login_hint=EVIL))
    assert "<script>" not in browser.page.source
    assert browser.page.forms[0].fields["username"] == EVIL
    browser.submit(password=PASSWORD)
    assert "<script>" not in browser.page.source


def test_a_user_whose_name_is_html_sees_it_as_text(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("<b>ann</b>", email="<i>a</i>@example.com")
    browser.open(page_of("/login")).submit(username="<b>ann</b>", password=PASSWORD)
    browser.open(page_of("/login"))
    assert "<i>a</i>@example.com" in browser.page.text
    assert "<i>" not in browser.page.source


@pytest.mark.parametrize("attack", ["no token", "another token", "no cookie"])
def test_a_form_that_was_not_ours_is_refused(hosted: Running, browser: Browser, attack: str) -> None:
    for path in PAGES:
        form = browser.open(page_of(path)).page.forms[0]
        fields = {**form.fields, "username": "ann", "password": PASSWORD, "code": "123456"}
        if attack == "no token":
            del fields["_csrf"]
        elif attack == "another token":
            fields["_csrf"] = "x" * 36
        else:
            browser.http.cookies.clear()
        answer = browser.http.post(form.action, data=fields)
        assert (answer.status_code, "location" in answer.headers) == (400, False)
        assert "not filled in here" in answer.text


def test_the_page_of_a_provider_takes_no_foreign_form(start: Start) -> None:
    hosted = start(
        client=OAUTH, providers=[{"ProviderName": "Google", "ProviderType": "Google", "ProviderDetails": {}}]
    )
    with Browser(hosted.url) as browser:
        browser.open(authorize(CLIENT, identity_provider="Google"))
        form = browser.page.forms[0]
        answer = browser.http.post(form.action, data={**form.fields, "email": "a@example.com", "_csrf": "guessed"})
        assert (answer.status_code, "location" in answer.headers) == (400, False)


def test_a_form_goes_where_its_page_was_checked_for_whatever_its_address_says(
    hosted: Running, browser: Browser
) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    form = browser.open(page_of("/login", response_type="code")).page.forms[0]
    evil = {"client_id": "other", "redirect_uri": "https://evil.example/", "response_type": "token", "state": "evil"}
    fields = {**form.fields, "username": "ann", "password": PASSWORD}
    answer = browser.http.post(f"{hosted.url}/login?{urlencode(evil)}", data=fields)
    assert answer.headers["location"].startswith(f"{APP}?code=")
    assert "state=a+state" in answer.headers["location"]


@pytest.mark.parametrize("change", ["cut", "changed", "missing", "old", "of another kind"])
def test_a_request_that_was_not_checked_here_is_refused(hosted: Running, browser: Browser, change: str) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    form = browser.open(page_of("/login")).page.forms[0]
    request = form.fields["request"]
    fields = {**form.fields, "username": "ann", "password": PASSWORD}
    if change == "old":
        hosted.clock.advance(13 * 3600)
    browser.open(page_of("/forgotPassword")).submit(username="ann")
    other = {cookie.name: cookie.value for cookie in browser.http.cookies.jar}["cognito-fl"]
    fields["request"] = {
        "cut": request[:-4],
        "changed": ("A" if request[20] != "A" else "B").join((request[:20], request[21:])),
        "missing": "",
        "old": request,
        "of another kind": str(other),
    }[change]
    answer = browser.http.post(f"{hosted.url}/login", data=fields)
    assert (answer.status_code, "location" in answer.headers) == (400, False)


def test_a_redirect_uri_that_was_taken_from_the_list_is_not_followed_any_more(start: Start) -> None:
    hosted = start(client=OAUTH)
    hosted.confirmed("ann", email="ann@example.com")
    with Browser(hosted.url) as browser:
        form = browser.open(page_of("/login")).page.forms[0]
        hosted.stop()
        again = start(client={**OAUTH, "CallbackURLs": ["http://localhost:3000/new"]}, clock=hosted.clock)
        fields = {**form.fields, "username": "ann", "password": PASSWORD}
        answer = browser.http.post(f"{again.url}/login", data=fields)
        assert (answer.status_code, "location" in answer.headers) == (400, False)


def test_pages_let_no_script_no_frame_and_no_foreign_thing_in(hosted: Running, browser: Browser) -> None:
    for path in PAGES:
        answer = browser.open(page_of(path)).response
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert "<script" not in answer.text
        assert "http://" not in answer.text
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"


def test_forms_may_lead_to_an_applications_own_scheme(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    browser.open(page_of("/login", redirect_uri="myapp://callback"))
    assert " myapp:;" in browser.response.headers["content-security-policy"]
    browser.submit(username="ann", password=PASSWORD)
    assert str(browser.arrived).startswith("myapp://callback#id_token=")


def test_cookies_are_out_of_reach_for_scripts_and_other_sites(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    form = browser.open(page_of("/login")).page.forms[0]
    answer = browser.http.post(form.action, data={**form.fields, "username": "ann", "password": PASSWORD})
    session = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("cognito="))
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=3600"} <= set(session.split("; "))


def test_inputs_have_labels_and_unique_ids(hosted: Running, browser: Browser) -> None:
    for path in PAGES:
        page = browser.open(page_of(path)).page
        visible = [each for form in page.forms for each in form.inputs.values() if each["type"] != "hidden"]
        assert {str(each["id"]) for each in visible} <= page.labels
        assert all(each.get("autocomplete") for each in visible)
        assert len(page.ids) == len(set(page.ids))
        assert page.title
        assert page.heading


def test_a_form_that_is_too_large_or_none_is_refused(hosted: Running, browser: Browser) -> None:
    form = browser.open(page_of("/login")).page.forms[0]
    assert browser.http.post(form.action, data={**form.fields, "username": "a" * 70_000}).status_code == 400
    assert browser.http.post(form.action, json=form.fields).status_code == 400
    twice = urlencode({**form.fields, "username": "ann"}) + "&username=bob"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.http.post(form.action, content=twice, headers=headers).status_code == 400


def test_a_step_of_one_client_is_none_of_another(start: Start) -> None:
    hosted = start(client=OAUTH)
    hosted.sign_up("ann", email="ann@example.com")
    with Browser(hosted.url) as browser:
        browser.open(page_of("/login")).submit(username="ann", password=PASSWORD)
        assert "username" not in browser.page.forms[0].inputs
        step = {cookie.name: cookie.value for cookie in browser.http.cookies.jar}["cognito-fl"]
    hosted.stop()
    again = start(client={**OAUTH, "ClientId": "second"}, clock=hosted.clock)
    with Browser(again.url) as browser:
        browser.http.cookies.set("cognito-fl", str(step))
        browser.open(authorize("second").replace("/oauth2/authorize", "/confirmUser"))
        assert "username" in browser.page.forms[0].inputs


def test_logout_ends_the_session_and_follows_the_list_only(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    browser.open(page_of("/login")).submit(username="ann", password=PASSWORD)
    kept = dict(browser.http.cookies)
    for wrong in ("https://evil.example/", f"{AFTER_LOGOUT}/", APP):
        answer = browser.http.get(f"{hosted.url}/logout", params={"client_id": CLIENT, "logout_uri": wrong})
        assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert "access_token" in browser.open(authorize(CLIENT)).answer
    browser.open("/logout", client_id=CLIENT, logout_uri=AFTER_LOGOUT)
    assert browser.arrived == AFTER_LOGOUT
    assert browser.open(authorize(CLIENT)).page.heading == "Sign in"
    browser.http.cookies.update(kept)
    assert browser.open(authorize(CLIENT)).page.heading == "Sign in"


def test_logout_can_lead_to_signing_in_again(hosted: Running, browser: Browser) -> None:
    hosted.confirmed("ann", email="ann@example.com")
    browser.open(page_of("/login")).submit(username="ann", password=PASSWORD)
    browser.open(page_of("/logout"))
    assert (browser.path, browser.page.heading) == ("/login", "Sign in")
    answer = browser.http.get(hosted.url + page_of("/logout", redirect_uri="https://evil.example/"))
    assert (answer.status_code, "location" in answer.headers) == (400, False)
