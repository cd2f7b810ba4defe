"""The hosted UI of a running stack, up to the row in Postgres and to the callback page."""

from __future__ import annotations

import json
import uuid
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from orchestrator.launchers.ports import free_ports
from tests.browser.conftest import chromium
from tests.cognito.browser import Browser
from tests.flow.conftest import Project, Running, running
from tests.flow.test_sign_in import PASSWORD, code_for

__all__ = ["chromium"]

GOOGLE = """
  Google:
    Type: AWS::Cognito::UserPoolIdentityProvider
    Properties:
      UserPoolId: !Ref UserPool
      ProviderName: Google
      ProviderType: Google
      ProviderDetails: {client_id: !Ref PoolName, client_secret: x, authorize_scopes: openid email}
      AttributeMapping: {email: email, email_verified: email_verified}

  UserPoolDomain:
"""
ME = "{ users { id email last_sign_in_at } }"


def signed_up(stack: Running, browser: Browser) -> str:
    """The e-mail of a user who signed up and confirmed on the pages."""
    email = f"{uuid.uuid4().hex}@example.com"
    browser.open(stack.facts["urls"]["hosted_ui"]).click("Sign up")
    browser.submit(username=email, password=PASSWORD).submit(code=code_for(stack, email))
    return email


def test_open_login_prints_the_hosted_uis_address(stack: Running) -> None:
    url = stack.facts["urls"]["hosted_ui"]
    assert stack.project.ok("open", "login", "--print").strip() == url
    assert json.loads(stack.project.ok("open", "login", "-o", "json")) == {"page": "login", "url": url}


def test_who_signs_up_on_the_page_reads_the_own_row_with_the_token_of_the_fragment(stack: Running) -> None:
    with Browser(stack.facts["urls"]["cognito"]) as browser:
        email = signed_up(stack, browser)
        assert str(browser.arrived).startswith("http://localhost:3000/cognito-callback#id_token=")
        (row,) = stack.graphql(ME, browser.answer["id_token"])["data"]["users"]
    assert row["email"] == email
    assert row["last_sign_in_at"]


def test_a_provider_of_the_template_is_a_button_and_its_users_get_a_row(shared: Project) -> None:
    shared.edit("lambdas/template.yaml", "\n  UserPoolDomain:\n", GOOGLE)
    shared.edit("lambdas/template.yaml", "Providers: [COGNITO]", "Providers: [COGNITO, Google]")
    shared.ok("up", "--no-verify")
    stack = running(shared)
    with Browser(stack.facts["urls"]["cognito"]) as browser:
        for _ in ("first", "later"):
            browser.open(stack.facts["urls"]["hosted_ui"] + "&prompt=login").click("Continue with Google")
            browser.submit(-1, email="grace@example.com")
            (row,) = stack.graphql(ME, browser.answer["id_token"])["data"]["users"]
            assert row["email"] == "grace@example.com"
            assert row["last_sign_in_at"]


def test_the_callback_page_shows_what_hasura_makes_of_the_tokens(shared: Project, chromium: str) -> None:
    (port,) = free_ports(1)
    (shared.root / ".env").write_text(f"COGNITO_CALLBACK_PORT={port}\n")
    shared.ok("up", "--no-verify")
    stack = running(shared)
    assert stack.facts["services"]["callback"]["state"] == "running"
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium) as browser:
        page = browser.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(stack.facts["urls"]["hosted_ui"])
        page.get_by_text("Sign up").click()
        email = f"{uuid.uuid4().hex}@example.com"
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign up").click()
        page.get_by_label("Code").wait_for()
        page.get_by_label("Code").fill(code_for(stack, email))
        page.keyboard.press("Enter")
        page.get_by_role("heading", name=f"Signed in as {email}").wait_for()
        assert urlsplit(page.url).fragment == ""
        assert "role" in page.locator("#hasura").inner_text()
        page.get_by_role("button", name="Run").click()
        page.locator("#result", has_text=email).wait_for()
        assert problems == []
