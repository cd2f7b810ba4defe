"""The endpoints for machines: token, userInfo, revoke."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from ..browser import APP, Browser, authorize
from ..conftest import CLIENT, OAUTH, PASSWORD, POOL, Running, Start
from ..functions import Functions, answering
from ..tokens.test_issue import checked

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
API = {
    "Identifier": "https://api.example.com",
    "Name": "api",
    "Scopes": [{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")],
}
MACHINE = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["client_credentials"],
    "AllowedOAuthScopes": ["https://api.example.com/read", "https://api.example.com/write"],
    "GenerateSecret": True,
}


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(verify=False, trust_env=False) as client:
        yield client


def code_of(hosted: Running, **more: str) -> str:
    with Browser(hosted.url) as browser:
        browser.open(authorize(CLIENT, "code", **more)).submit(username="ann", password=PASSWORD)
        return browser.answer["code"]


def ask(http: httpx.Client, hosted: Running, auth: tuple[str, str] | None = None, **form: str) -> tuple[int, Any]:
    given = form if auth else {"client_id": CLIENT, **form}
    answer = http.post(f"{hosted.url}/oauth2/token", data=given, auth=auth)
    return answer.status_code, answer.json()


def exchange(http: httpx.Client, hosted: Running, code: str, **form: str) -> tuple[int, Any]:
    return ask(http, hosted, grant_type="authorization_code", code=code, **{"redirect_uri": APP, **form})


@pytest.fixture
def ann(hosted: Running) -> str:
    return hosted.confirmed("ann", email="ann@example.com", nickname="Annie")


def test_a_code_is_exchanged_for_tokens(hosted: Running, ann: str, http: httpx.Client) -> None:
    status, tokens = exchange(http, hosted, code_of(hosted, nonce="n-1"))
    assert status == 200
    assert tokens.keys() == {"id_token", "access_token", "refresh_token", "expires_in", "token_type"}
    assert (tokens["expires_in"], tokens["token_type"]) == (3600, "Bearer")
    identity = checked(hosted, tokens["id_token"], audience=CLIENT)
    assert (identity["sub"], identity["nonce"]) == (ann, "n-1")
    assert checked(hosted, tokens["access_token"])["scope"].startswith("openid ")


def test_a_refresh_token_brings_new_tokens_with_the_old_scopes(hosted: Running, ann: str, http: httpx.Client) -> None:
    _, tokens = exchange(http, hosted, code_of(hosted, scope="openid email"))
    hosted.clock.advance(60)
    status, fresh = ask(http, hosted, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert (status, fresh.keys()) == (200, {"id_token", "access_token", "expires_in", "token_type"})
    assert checked(hosted, fresh["access_token"])["scope"] == "openid email"
    first, second = (checked(hosted, each["id_token"], audience=CLIENT) for each in (tokens, fresh))
    assert (second["auth_time"], second["origin_jti"]) == (first["auth_time"], first["origin_jti"])
    assert "nickname" not in second


def test_a_code_works_once(hosted: Running, ann: str, http: httpx.Client) -> None:
    code = code_of(hosted)
    assert exchange(http, hosted, code)[0] == 200
    assert exchange(http, hosted, code)[1]["error"] == "invalid_grant"


def test_a_code_works_for_five_minutes(hosted: Running, ann: str, http: httpx.Client) -> None:
    code = code_of(hosted)
    hosted.clock.advance(301)
    assert exchange(http, hosted, code)[1]["error"] == "invalid_grant"


def test_a_code_is_bound_to_its_redirect_uri(hosted: Running, ann: str, http: httpx.Client) -> None:
    for redirect_uri in ("http://localhost:3000/?from=cognito", "", f"{APP}/"):
        code = code_of(hosted)
        assert exchange(http, hosted, code, redirect_uri=redirect_uri)[1]["error"] == "invalid_grant"
        assert exchange(http, hosted, code)[1]["error"] == "invalid_grant"


def test_a_code_is_bound_to_its_client(start: Start, http: httpx.Client) -> None:
    hosted = start(client=OAUTH)
    hosted.confirmed("ann", email="ann@example.com")
    code = code_of(hosted)
    hosted.stop()
    again = start(client={**OAUTH, "ClientId": "second"}, clock=hosted.clock)
    form = {"client_id": "second", "grant_type": "authorization_code", "code": code, "redirect_uri": APP}
    assert ask(http, again, **form)[1]["error"] == "invalid_grant"


def test_a_code_is_bound_to_its_verifier(hosted: Running, ann: str, http: httpx.Client) -> None:
    assert exchange(http, hosted, code_of(hosted, **PKCE), code_verifier=VERIFIER)[0] == 200
    assert exchange(http, hosted, code_of(hosted, **PKCE))[1]["error"] == "invalid_grant"
    assert exchange(http, hosted, code_of(hosted, **PKCE), code_verifier="x" * 43)[1]["error"] == "invalid_grant"
    assert exchange(http, hosted, code_of(hosted, **PKCE), code_verifier=CHALLENGE)[1]["error"] == "invalid_grant"
    assert exchange(http, hosted, code_of(hosted), code_verifier=VERIFIER)[1]["error"] == "invalid_grant"


@pytest.mark.parametrize("end", ["sign-out", "disabling", "deletion"])
def test_a_code_of_a_session_that_ended_is_worth_nothing(
    hosted: Running, ann: str, http: httpx.Client, end: str
) -> None:
    code = code_of(hosted)
    user = {"UserPoolId": POOL, "Username": "ann"}
    ended = {
        "sign-out": hosted.api.admin_user_global_sign_out,
        "disabling": hosted.api.admin_disable_user,
        "deletion": hosted.api.admin_delete_user,
    }
    ended[end](**user)
    assert exchange(http, hosted, code)[1]["error"] == "invalid_grant"


WRONG: list[tuple[dict[str, str], str]] = [
    ({}, "invalid_request"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": "authorization_code"}, "invalid_request"),
    ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
    ({"grant_type": "refresh_token"}, "invalid_request"),
    ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
    ({"grant_type": "client_credentials"}, "unauthorized_client"),
    ({"grant_type": "client_credentials", "client_id": "nobody"}, "invalid_client"),
    ({"grant_type": "client_credentials", "client_id": ""}, "invalid_request"),
]


def test_what_is_wrong_is_told_by_its_code(hosted: Running, http: httpx.Client) -> None:
    for form, error in WRONG:
        status, answer = ask(http, hosted, **form)
        assert (status, answer["error"]) == (400, error), form
        assert answer["error_description"]
    for header in ("Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer x"):
        headers, form = {"authorization": header}, {"grant_type": "refresh_token"}
        answer = http.post(f"{hosted.url}/oauth2/token", data=form, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), header


def test_only_a_form_is_read(hosted: Running, http: httpx.Client) -> None:
    answer = http.post(f"{hosted.url}/oauth2/token", json={"client_id": CLIENT, "grant_type": "refresh_token"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert http.get(f"{hosted.url}/oauth2/token").status_code == 405


def test_a_program_gets_a_token_for_itself(start: Start, http: httpx.Client) -> None:
    hosted = start(client=MACHINE, resource_servers=[API])
    secret = hosted.api.describe_user_pool_client(UserPoolId=POOL, ClientId=CLIENT)["UserPoolClient"]["ClientSecret"]
    status, answer = ask(http, hosted, (CLIENT, secret), grant_type="client_credentials")
    assert (status, answer.keys()) == (200, {"access_token", "expires_in", "token_type"})
    claims = checked(hosted, answer["access_token"])
    assert (claims["sub"], claims["client_id"], claims["token_use"]) == (CLIENT, CLIENT, "access")
    assert claims["scope"] == "https://api.example.com/read https://api.example.com/write"
    assert "username" not in claims
    wanted = {"grant_type": "client_credentials", "scope": "https://api.example.com/read", "client_secret": secret}
    _, answer = ask(http, hosted, **wanted)
    assert checked(hosted, answer["access_token"])["scope"] == "https://api.example.com/read"
    for scope in ("https://api.example.com/delete", "openid"):
        _, answer = ask(http, hosted, (CLIENT, secret), grant_type="client_credentials", scope=scope)
        assert answer["error"] == "invalid_scope"


def test_a_wrong_secret_is_refused(start: Start, http: httpx.Client) -> None:
    hosted = start(client=MACHINE, resource_servers=[API])
    for given in ((CLIENT, "wrong"), (CLIENT, ""), ("nobody", "x"), None):
        assert ask(http, hosted, given, grant_type="client_credentials")[1]["error"] == "invalid_client"


def test_a_third_version_trigger_changes_a_programs_token(
    start: Start, http: httpx.Client, functions: Functions
) -> None:
    details = {"accessTokenGeneration": {"claimsToAddOrOverride": {"tenant": "acme"}, "scopesToAdd": ["extra"]}}
    arn = functions.add("f", answering(claimsAndScopeOverrideDetails=details))
    config = {"PreTokenGenerationConfig": {"LambdaArn": arn, "LambdaVersion": "V3_0"}}
    hosted = start({"LambdaConfig": config}, MACHINE, resource_servers=[API], lambda_url=functions.url)
    secret = hosted.api.describe_user_pool_client(UserPoolId=POOL, ClientId=CLIENT)["UserPoolClient"]["ClientSecret"]
    form = {"grant_type": "client_credentials", "aws_client_metadata": '{"tenant": "acme"}'}
    claims = checked(hosted, ask(http, hosted, (CLIENT, secret), **form)[1]["access_token"])
    assert claims["tenant"] == "acme"
    assert claims["scope"].endswith(" extra")
    (event,) = functions.events
    assert (event["version"], event["triggerSource"]) == ("3", "TokenGeneration_ClientCredentials")
    assert event["request"]["clientMetadata"] == {"tenant": "acme"}


def user_info(http: httpx.Client, hosted: Running, token: str) -> tuple[int, Any]:
    answer = http.get(f"{hosted.url}/oauth2/userInfo", headers={"authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


def test_user_info_tells_what_the_scopes_allow(hosted: Running, ann: str, http: httpx.Client) -> None:
    _, tokens = exchange(http, hosted, code_of(hosted, scope="openid email"))
    assert user_info(http, hosted, tokens["access_token"]) == (
        200,
        {"sub": ann, "email": "ann@example.com", "email_verified": "true", "username": "ann"},
    )
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert http.post(f"{hosted.url}/oauth2/userInfo", headers=headers).json()["sub"] == ann


def test_user_info_needs_the_scope_openid(hosted: Running, ann: str, http: httpx.Client) -> None:
    assert user_info(http, hosted, hosted.sign_in("ann")["AccessToken"])[0] == 401
    _, tokens = exchange(http, hosted, code_of(hosted, scope="email"))
    assert "id_token" not in tokens
    assert user_info(http, hosted, tokens["access_token"])[0] == 401


def test_user_info_refuses_every_token_but_a_valid_access_token(hosted: Running, ann: str, http: httpx.Client) -> None:
    _, tokens = exchange(http, hosted, code_of(hosted))
    access = tokens["access_token"]
    content = jwt.decode(access, options={"verify_signature": False})
    header, payload, signature = access.split(".")
    keys = httpx.get(f"{hosted.url}/{POOL}/.well-known/jwks.json").json()["keys"]
    forged = [
        tokens["id_token"],
        tokens["refresh_token"],
        jwt.encode(content, None, algorithm="none"),
        jwt.encode(content, keys[1]["n"], algorithm="HS256"),
        f"{header}.{payload}.{signature[:-8]}AAAAAAAA",
        f"{header}.{payload}.",
        "x",
    ]
    for token in forged:
        status, answer = user_info(http, hosted, token)
        assert (status, answer["error"]) == (401, "invalid_token")
    answer = http.get(f"{hosted.url}/oauth2/userInfo")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_a_token_of_another_pool_is_refused(start: Start, hosted: Running, ann: str, http: httpx.Client) -> None:
    _, tokens = exchange(http, hosted, code_of(hosted))
    other = start(pool={"Id": "us-east-1_Other1"}, client={**OAUTH, "ClientId": "other"}, clock=hosted.clock)
    assert user_info(http, other, tokens["access_token"])[0] == 401
    form = {"client_id": "other", "token": tokens["refresh_token"]}
    assert http.post(f"{other.url}/oauth2/revoke", data=form).json()["error"] == "invalid_request"
    form = {"client_id": "other", "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert ask(http, other, **form)[1]["error"] == "invalid_grant"
    assert user_info(http, hosted, tokens["access_token"])[0] == 200


def test_a_revoked_token_takes_its_session_along(hosted: Running, ann: str, http: httpx.Client) -> None:
    _, tokens = exchange(http, hosted, code_of(hosted))
    form = {"client_id": CLIENT, "token": tokens["refresh_token"]}
    answer = http.post(f"{hosted.url}/oauth2/revoke", data=form)
    assert (answer.status_code, answer.content) == (200, b"")
    assert user_info(http, hosted, tokens["access_token"])[0] == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert ask(http, hosted, **refresh)[1]["error"] == "invalid_grant"


def test_only_refresh_tokens_are_revoked(hosted: Running, http: httpx.Client) -> None:
    wrong = {"": "invalid_request", "x": "invalid_request", "a.b.c": "unsupported_token_type"}
    for token, error in wrong.items():
        answer = http.post(f"{hosted.url}/oauth2/revoke", data={"client_id": CLIENT, "token": token})
        assert (answer.status_code, answer.json()["error"]) == (400, error)
