"""The hosted UI of a running stack, up to the row in Postgres."""

from __future__ import annotations

import json
import uuid

from tests.cognito.browser import Browser
from tests.flow.conftest import Project, Running, running, with_google
from tests.flow.test_sign_in import PASSWORD, code_for

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
    with_google(shared)
    shared.ok("up", "--no-verify")
    stack = running(shared)
    with Browser(stack.facts["urls"]["cognito"]) as browser:
        for _ in ("first", "later"):
            browser.open(stack.facts["urls"]["hosted_ui"] + "&prompt=login").click("Continue with Google")
            browser.submit(-1, email="grace@example.com")
            (row,) = stack.graphql(ME, browser.answer["id_token"])["data"]["users"]
            assert row["email"] == "grace@example.com"
            assert row["last_sign_in_at"]
