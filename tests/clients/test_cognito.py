"""Unmodified clients of Cognito against the emulator: JavaScript's and Python's, from sign-up to the deletion."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwk
from joserfc import jwt as jose
from pycognito import Cognito
from pycognito.exceptions import SoftwareTokenMFAChallengeException

from orchestrator.cognito.auth import totp
from orchestrator.launchers.ports import free_ports
from tests.clients.conftest import HERE, RUN_SECONDS
from tests.cognito.functions import Functions, answering
from tests.launchers.services import eventually

# The first of them installs the packages.
pytestmark = pytest.mark.timeout(300)

POOL, CLIENT, SECRET_CLIENT = "us-east-1_Clients1", "clientsapp", "clientsserver"
SERVER_SECRET = "a_secret_of_the_server_only"
PASSWORD, NEW_PASSWORD = "Correct-Horse-1", "Battery-Staple-2"
CALLBACK = "http://localhost:3000/cognito-callback"
FLOWS = ("USER_PASSWORD_AUTH", "USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "CUSTOM_AUTH", "USER_AUTH")
OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code", "implicit"],
    "AllowedOAuthScopes": ["openid", "email"],
    "CallbackURLs": [CALLBACK],
}


@dataclass(frozen=True)
class Emulator:
    url: str

    def code(self, username: str) -> str:
        messages = httpx.get(f"{self.url}/_local/messages", params={"username": username}).json()
        return str(messages[-1]["code"])

    def environment(self) -> dict[str, str]:
        return {"COGNITO_URL": self.url, "COGNITO_POOL_ID": POOL, "COGNITO_CLIENT_ID": CLIENT}


def define(event: dict[str, Any]) -> dict[str, Any]:
    solved = any(step["challengeResult"] for step in event["request"]["session"])
    decision = {"issueTokens": solved, "failAuthentication": False, "challengeName": "CUSTOM_CHALLENGE"}
    return {**event, "response": decision}


def verify(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "response": {"answerCorrect": event["request"]["challengeAnswer"] == "42"}}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The program itself, with a pool that has all that the clients can do."""
    folder = tmp_path_factory.mktemp("cognito")
    (port,) = free_ports(1)
    url = f"http://localhost:{port}"
    with Functions() as functions:
        triggers = {
            "DefineAuthChallenge": functions.add("define", define),
            "CreateAuthChallenge": functions.add(
                "create",
                answering(
                    publicChallengeParameters={"question": "six times seven?"}, privateChallengeParameters={"a": "42"}
                ),
            ),
            "VerifyAuthChallengeResponse": functions.add("verify", verify),
        }
        config = folder / "cognito.json"
        config.write_text(
            json.dumps(
                {
                    "url": url,
                    "port": port,
                    "database": str(folder / "cognito.sqlite"),
                    "lambda_url": functions.url,
                    "pool": {
                        "Id": POOL,
                        "PoolName": "clients",
                        "UsernameAttributes": ["email"],
                        "AutoVerifiedAttributes": ["email"],
                        "MfaConfiguration": "OPTIONAL",
                        "DeviceConfiguration": {"DeviceOnlyRememberedOnUserPrompt": False},
                        "LambdaConfig": triggers,
                    },
                    "mfa": {"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": True}},
                    "clients": [
                        client(CLIENT),
                        client(SECRET_CLIENT, GenerateSecret=True, ClientSecret=SERVER_SECRET),
                    ],
                }
            )
        )
        command = [sys.executable, "-m", "orchestrator.cognito", "--config", str(config)]
        with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                assert eventually(lambda: _answers(url))
                yield Emulator(url)
            finally:
                process.terminate()


def client(client_id: str, **settings: Any) -> dict[str, Any]:
    flows = [f"ALLOW_{flow}" for flow in FLOWS]
    return {"ClientId": client_id, "ClientName": client_id, "ExplicitAuthFlows": flows, **OAUTH, **settings}


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_local/health").status_code == 200
    except httpx.TransportError:
        return False


Node = Callable[..., None]


@pytest.fixture
def node(emulator: Emulator, node_modules: Path) -> Node:
    """Runs a program of this folder with the emulator in its environment; fails with what it said."""

    def run(program: str, **environ: str) -> None:
        done = subprocess.run(
            ["node", f"cognito/{program}"],
            cwd=HERE,
            env={"PATH": os.environ["PATH"], **emulator.environment(), **environ},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1] == "ok"

    return run


def test_amazon_cognito_identity_js_walks_the_whole_way(node: Node) -> None:
    node("identity.mjs")


def test_aws_amplify_walks_the_whole_way(node: Node) -> None:
    node("amplify.mjs")


def pycognito_of(emulator: Emulator, client_id: str, **more: Any) -> Cognito:
    return Cognito(
        POOL,
        client_id,
        user_pool_region="us-east-1",
        access_key="local",
        secret_key="local",
        boto3_client_kwargs={"endpoint_url": emulator.url},
        **more,
    )


def signed_up(emulator: Emulator, name: str, client_id: str = CLIENT, **more: Any) -> Cognito:
    user = pycognito_of(emulator, client_id, username=name, **more)
    user.set_base_attributes(email=name)
    user.register(name, PASSWORD)
    user.confirm_sign_up(emulator.code(name), username=name)
    return user


def test_pycognito_walks_the_whole_way(emulator: Emulator) -> None:
    name = "py@example.com"
    signed_up(emulator, name)
    user = pycognito_of(emulator, CLIENT, username=name)
    with pytest.raises(user.client.exceptions.NotAuthorizedException):
        user.authenticate("Wrong-Horse-1")
    user.authenticate(PASSWORD)
    assert user.id_claims["email"] == name
    user.renew_access_token()
    user.change_password(PASSWORD, NEW_PASSWORD)
    user.update_profile({"name": "Ada"})
    assert user.get_user().name == "Ada"
    secret = user.associate_software_token()
    step = int(time.time()) // totp.STEP_SECONDS
    assert user.verify_software_token(totp.code(secret, step))
    user.set_user_mfa_preference(sms_mfa=False, software_token_mfa=True, preferred="SOFTWARE_TOKEN")
    again = pycognito_of(emulator, CLIENT, username=name)
    with pytest.raises(SoftwareTokenMFAChallengeException):
        again.authenticate(NEW_PASSWORD)
    again.respond_to_software_token_mfa_challenge(totp.code(secret, step + 1))
    assert again.id_claims["email"] == name
    again.logout()
    with pytest.raises(user.client.exceptions.NotAuthorizedException):
        user.get_user()


def test_pycognito_signs_in_with_a_clients_secret(emulator: Emulator) -> None:
    name = "server@example.com"
    more = {"client_secret": SERVER_SECRET}
    signed_up(emulator, name, SECRET_CLIENT, **more)
    user = pycognito_of(emulator, SECRET_CLIENT, username=name, **more)
    user.authenticate(PASSWORD)
    user.renew_access_token()
    assert user.access_claims["client_id"] == SECRET_CLIENT


def test_aws_jwt_verify_takes_the_tokens_and_refuses_forged_ones(emulator: Emulator, node: Node) -> None:
    signed_up(emulator, "ann@example.com")
    user = pycognito_of(emulator, CLIENT, username="ann@example.com")
    user.authenticate(PASSWORD)
    node("verify.mjs", ID_TOKEN=user.id_token, ACCESS_TOKEN=user.access_token)


def test_authlib_signs_in_by_discovery_and_code_with_pkce(emulator: Emulator) -> None:
    name = "oidc@example.com"
    signed_up(emulator, name)
    discovered = httpx.get(f"{emulator.url}/{POOL}/.well-known/openid-configuration").json()
    oauth = OAuth2Session(CLIENT, scope="openid email", redirect_uri=CALLBACK, code_challenge_method="S256")
    verifier = "v" * 64
    url, state = oauth.create_authorization_url(
        discovered["authorization_endpoint"], code_verifier=verifier, nonce="once"
    )
    back = signed_in_at_the_hosted_ui(url, name)
    token = oauth.fetch_token(
        discovered["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state
    )
    keys = jwk.KeySet.import_key_set(httpx.get(discovered["jwks_uri"]).json())
    signed = jose.decode(token["id_token"], keys, algorithms=["RS256"])
    options = {"iss": {"value": discovered["issuer"]}, "aud": {"value": CLIENT}}
    asked = {"nonce": "once", "client_id": CLIENT, "access_token": token["access_token"]}
    claims = CodeIDToken(signed.claims, signed.header, options, asked)
    claims.validate()
    assert claims["email"] == name
    assert oauth.get(discovered["userinfo_endpoint"]).json()["sub"] == claims["sub"]


def signed_in_at_the_hosted_ui(url: str, name: str) -> str:
    """The URL that a browser is sent back to after the form was filled in."""
    with httpx.Client(follow_redirects=True) as browser:
        form = browser.get(url)
        fields = hidden_fields(form.text)
        answer = browser.post(form.url, data={**fields, "username": name, "password": PASSWORD}, follow_redirects=False)
        return answer.headers["location"]


def hidden_fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return dict(found)
