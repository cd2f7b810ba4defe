"""The hosted UI in a real browser, from the sign-up to a query as that user on the callback page."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from orchestrator.launchers.ports import free_ports
from tests.browser.conftest import chromium
from tests.flow.conftest import Running, running, to_be_changed, with_google
from tests.flow.test_sign_in import PASSWORD, code_for

__all__ = ["chromium"]

MOST_TABS = 30


@dataclass(frozen=True)
class Site:
    """A stack with Google and a callback page, and a page of a browser at its sign-in."""

    stack: Running
    page: Page

    def sees_its_row(self, email: str) -> None:
        """The callback page greets the user and shows what Hasura answers with the token."""
        expect(self.page.get_by_role("heading", name=f"Signed in as {email}")).to_be_visible()
        assert urlsplit(self.page.url).fragment == ""
        expect(self.page.locator("#hasura")).to_contain_text("role")
        self.page.get_by_role("button", name="Run").click()
        expect(self.page.locator("#result")).to_contain_text(email)


@pytest.fixture(scope="module")
def with_callback(stack: Running) -> Iterator[Running]:
    """The stack with Google and a callback page."""
    (port,) = free_ports(1)
    with to_be_changed(stack) as project:
        (project.root / ".env").write_text(f"COGNITO_CALLBACK_PORT={port}\n")
        with_google(project)
        project.ok("up", "--no-verify")
        changed = running(project)
        assert changed.facts["services"]["callback"]["state"] == "running"
        yield changed


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium) as browser:
        yield browser


@pytest.fixture
def site(with_callback: Running, browser: Browser) -> Iterator[Site]:
    with browser.new_context() as context:
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(with_callback.facts["urls"]["hosted_ui"])
        yield Site(with_callback, page)
        assert problems == []


@pytest.fixture
def refusing(with_callback: Running) -> Iterator[None]:
    """The sync function raises; after the test it is what it was."""
    handler = with_callback.project.root / "lambdas/user_sync/app.py"
    before = handler.read_text()
    with_callback.project.edit(
        "lambdas/user_sync/app.py",
        "def handler(event, _context):\n",
        "def handler(event, _context):\n    raise ValueError('Ask the office for an account')\n\n\ndef other(event):\n",
    )
    yield
    handler.write_text(before)


def new_email() -> str:
    return f"{uuid.uuid4().hex}@example.com"


def test_who_signs_up_and_enters_the_code_asks_hasura_on_the_callback_page(site: Site) -> None:
    email, page = new_email(), site.page
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    page.get_by_label("Code").fill(code_for(site.stack, email))
    page.keyboard.press("Enter")
    site.sees_its_row(email)


def test_who_comes_from_google_asks_hasura_on_the_callback_page(site: Site) -> None:
    email, page = new_email(), site.page
    page.get_by_role("link", name="Continue with Google").or_(
        page.get_by_role("button", name="Continue with Google")
    ).click()
    expect(page.get_by_role("heading", name="Who do you want to be?")).to_be_visible()
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_role("button", name="Continue").click()
    site.sees_its_row(email)


@pytest.mark.usefixtures("refusing")
def test_the_error_of_a_trigger_is_shown_to_whom_it_keeps_out(site: Site) -> None:
    email, page = new_email(), site.page
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    page.get_by_label("Code").fill(code_for(site.stack, email))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Ask the office for an account")


def test_the_keyboard_alone_leads_from_the_sign_up_to_the_callback_page(site: Site) -> None:
    email, page = new_email(), site.page
    tab_to(page, "Sign up")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(code_for(site.stack, email))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Signed in as {email}")).to_be_visible()


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until what has this text has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    pytest.fail(f"Tab does not lead to {name!r}.")
