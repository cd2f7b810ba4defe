"""What /oauth2/authorize makes of what an application asks."""

from __future__ import annotations

import pytest

from ..browser import APP, Browser, authorize
from ..conftest import CLIENT, OAUTH, Running, Start

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


WRONG: list[tuple[str, dict[str, str], str]] = [
    ("id_token", {}, "invalid_request"),
    ("", {}, "invalid_request"),
    ("code", {"scope": "openid unknown"}, "invalid_scope"),
    ("token", {"scope": "phone"}, "invalid_scope"),
    ("code", {"code_challenge": CHALLENGE}, "invalid_request"),
    ("code", {"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
    ("code", {"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ("code", {"code_challenge_method": "S256"}, "invalid_request"),
    ("code", {"prompt": "maybe"}, "invalid_request"),
    ("code", {"prompt": "none login"}, "invalid_request"),
    ("code", {"identity_provider": "Nobody"}, "invalid_request"),
]


def test_what_is_wrong_is_told_to_the_application(hosted: Running, browser: Browser) -> None:
    for response_type, more, error in WRONG:
        browser.open(authorize(CLIENT, response_type, **more))
        assert str(browser.arrived).startswith(APP + ("#" if response_type == "token" else "?"))
        assert (browser.answer["error"], browser.answer["state"]) == (error, "a state")
        assert browser.answer["error_description"]


def test_a_missing_response_type_is_told_in_the_query(hosted: Running, browser: Browser) -> None:
    browser.open(authorize(CLIENT).replace("response_type=token&", ""))
    assert str(browser.arrived).startswith(f"{APP}?error=invalid_request")


def test_a_parameter_given_twice_is_refused(hosted: Running, browser: Browser) -> None:
    browser.open(authorize(CLIENT, "code") + "&scope=openid&scope=email")
    assert browser.answer["error_description"] == "scope is given more than once"


@pytest.mark.parametrize(
    ("settings", "response_type"),
    [
        ({"AllowedOAuthFlows": ["code"]}, "token"),
        ({"AllowedOAuthFlows": ["implicit"]}, "code"),
        ({"AllowedOAuthFlowsUserPoolClient": False}, "code"),
    ],
)
def test_a_client_uses_the_grants_that_it_may(start: Start, settings: dict[str, object], response_type: str) -> None:
    hosted = start(client={**OAUTH, **settings})
    with Browser(hosted.url) as browser:
        assert browser.open(authorize(CLIENT, response_type)).answer["error"] == "unauthorized_client"


def test_the_query_of_a_redirect_uri_stays(hosted: Running, browser: Browser) -> None:
    browser.open(authorize(CLIENT, "code", redirect_uri="http://localhost:3000/?from=cognito", prompt="none"))
    assert str(browser.arrived).startswith("http://localhost:3000/?from=cognito&error=login_required")


def test_a_request_without_state_is_answered_without(hosted: Running, browser: Browser) -> None:
    browser.open(authorize(CLIENT, "code", state=None, prompt="none"))
    assert "state" not in browser.answer


def test_the_default_redirect_uri_is_taken_where_none_is_given(start: Start) -> None:
    hosted = start(client={**OAUTH, "DefaultRedirectURI": APP})
    with Browser(hosted.url) as browser:
        browser.open(authorize(CLIENT, "code", redirect_uri=None, prompt="none"))
        assert str(browser.arrived).startswith(APP)


def test_discovery_names_the_endpoints(hosted: Running, browser: Browser) -> None:
    found = browser.open("/us-east-1_Test1/.well-known/openid-configuration").response.json()
    assert found["authorization_endpoint"] == f"{hosted.url}/oauth2/authorize"
    for endpoint in ("token_endpoint", "revocation_endpoint"):
        assert browser.http.post(found[endpoint]).json()["error"] == "invalid_request"
    assert browser.http.get(found["userinfo_endpoint"]).json()["error"] == "invalid_request"
    assert browser.http.get(found["end_session_endpoint"]).status_code == 400
