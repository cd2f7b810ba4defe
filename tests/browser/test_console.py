"""The console in a browser that can reach nothing but the engine."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.engine.conftest import Engine
from tests.guarded import ADMIN_SECRET, token

pytestmark = pytest.mark.asyncio(loop_scope="module")

ARTICLES = """query articles {
  article(order_by: {likes: desc}) {
    id
    title
    likes
    author {
      name
    }
  }
}
"""
REFUSED = (
    ({"ID_token": "not a token"}, "This is not a token"),
    ({"ID_token": token(seconds=-90)}, "The token expired"),
    ({"ID_token": token(), "Role": "admin"}, "The token allows user, contributor, not admin."),
    ({"ID_token": token()[:-4] + "AAAA"}, "The engine refuses: Could not verify JWT: JWSError JWSInvalidSignature"),
    ({"Admin_secret": "wrong"}, 'The engine refuses: invalid "x-hasura-admin-secret"'),
)
WIDE, NARROW = {"width": 1280, "height": 760}, {"width": 390, "height": 844}
# Where the README's pictures are made anew; nowhere by default.
PICTURES = os.environ.get("CONSOLE_PICTURES")


@asynccontextmanager
async def console(
    browser: Browser, engine: Engine, path: str = "/console", size: Any = WIDE, **options: Any
) -> AsyncIterator[Page]:
    """The page, offline but for the engine; it must ask for nothing else and report no error of its own."""
    context = await browser.new_context(viewport=size, **options)
    page = await context.new_page()
    elsewhere: list[str] = []
    complaints: list[str] = []

    def note(request: Any) -> None:
        if not request.url.startswith((engine.url + "/", "data:")):
            elsewhere.append(request.url)

    page.on("request", note)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(engine.url + path)
    await expect(page.locator(".graphiql-container")).to_be_visible()
    yield page
    assert (elsewhere, complaints) == ([], [])
    assert ADMIN_SECRET not in page.url
    await context.close()


async def enter(page: Page, **fields: str) -> None:
    for label, value in fields.items():
        await page.get_by_label(label.replace("_", " "), exact=True).fill(value)
    await page.keyboard.press("Enter")


async def write(page: Page, query: str) -> None:
    """Writes into the query editor in place of what is there."""
    await page.locator(".graphiql-query-editor .CodeMirror").first.click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text(query)


async def answer(page: Page, text: str) -> None:
    await expect(page.locator(".graphiql-response")).to_contain_text(text)


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.wait_for_timeout(400)
        await page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


async def test_a_query_is_completed_and_runs_with_the_token_s_role(browser: Browser, engine: Engine) -> None:
    async with console(browser, engine) as page:
        await enter(page, ID_token=token())
        await expect(page.get_by_test_id("role")).to_have_text("user")
        await expect(page.locator(".says summary")).to_contain_text("min left")
        await expect(page.locator(".graphiql-explorer-root")).to_contain_text("article_by_pk")
        await write(page, "{ artic")
        await page.keyboard.press("Control+Space")
        await expect(page.locator(".CodeMirror-hints")).to_contain_text("article_aggregate")
        await page.keyboard.press("Escape")
        await write(page, ARTICLES)
        await page.keyboard.press("Control+Enter")
        await answer(page, '"title": "Engines"')
        await picture(page, "console")


async def test_the_schema_is_that_of_the_identity(browser: Browser, engine: Engine) -> None:
    async with console(browser, engine) as page:
        explorer = page.locator(".graphiql-explorer-root")
        await expect(page.get_by_test_id("role")).to_have_text("anonymous")
        await expect(explorer).to_contain_text("author")
        await expect(explorer).not_to_contain_text("article")
        await enter(page, ID_token=token())
        await expect(explorer).to_contain_text("article_by_pk")
        await enter(page, Role="contributor")
        await expect(page.get_by_test_id("role")).to_have_text("contributor")
        await enter(page, Admin_secret=ADMIN_SECRET, Role="")
        await expect(page.get_by_test_id("role")).to_have_text("admin")
        await expect(page.locator(".note")).to_contain_text("The admin secret decides")
        await expect(explorer).to_contain_text("search_articles")


async def test_the_page_says_what_a_token_says(browser: Browser, engine: Engine) -> None:
    async with console(browser, engine) as page:
        await enter(page, ID_token=f"Bearer {token('7', 'editor', 'user')}")
        await expect(page.get_by_test_id("role")).to_have_text("editor")
        await page.locator(".says summary").click()
        facts = page.locator(".says dl")
        for said in ("user id7", "default roleeditor", "allowed roleseditor, user", "expires at"):
            await expect(facts).to_contain_text(said)
        await picture(page, "token")


async def test_what_the_engine_will_not_take_is_said(browser: Browser, engine: Engine) -> None:
    async with console(browser, engine) as page:
        for fields, problem in REFUSED:
            await enter(page, **{"Role": "", "ID_token": "", "Admin_secret": "", **fields})
            await expect(page.get_by_role("alert")).to_contain_text(problem)


async def test_what_is_entered_stays_in_the_tab_until_it_is_forgotten(browser: Browser, engine: Engine) -> None:
    async with console(browser, engine) as page:
        await enter(page, Admin_secret=ADMIN_SECRET)
        await expect(page.get_by_test_id("role")).to_have_text("admin")
        assert ADMIN_SECRET not in await page.evaluate("JSON.stringify({...localStorage}) + document.cookie")
        await page.reload()
        await expect(page.get_by_test_id("role")).to_have_text("admin")
        await page.get_by_role("button", name="Forget").click()
        await expect(page.get_by_test_id("role")).to_have_text("anonymous")
        assert ADMIN_SECRET not in await page.evaluate("JSON.stringify({...sessionStorage})")


async def test_the_documentation_shows_the_comments_of_tables(browser: Browser, engine: Engine) -> None:
    async with console(browser, engine) as page:
        await page.get_by_role("button", name="Show Documentation Explorer").click()
        documentation = page.locator(".graphiql-doc-explorer")
        await documentation.get_by_role("link", name="query_root").click()
        await documentation.get_by_role("link", name="author", exact=True).last.click()
        await expect(documentation).to_contain_text("Who writes.")
        await expect(documentation).to_contain_text('The name as "printed"')


async def test_a_subscription_shows_each_change(browser: Browser, engine: Engine) -> None:
    async with console(browser, engine) as page:
        await enter(page, ID_token=token())
        await expect(page.locator(".graphiql-explorer-root")).to_contain_text("article_by_pk")
        await write(page, "subscription { article_by_pk(id: 2) { likes } }")
        await page.keyboard.press("Control+Enter")
        await answer(page, '"likes": 3')
        engine.sql("update article set likes = 33 where id = 2")
        await answer(page, '"likes": 33')
        await page.get_by_role("button", name="Stop query").click()
        engine.sql("update article set likes = 3 where id = 2")
        await write(page, "subscription { article { nothing } }")
        await page.keyboard.press("Control+Enter")
        await answer(page, "field 'nothing' not found in type: 'article'")


async def test_it_can_be_used_by_keyboard_alone(browser: Browser, engine: Engine) -> None:
    async with console(browser, engine) as page:
        for label in ("Role", "ID token", "Admin secret"):
            await page.keyboard.press("Tab")
            await expect(page.get_by_label(label, exact=True)).to_be_focused()
        await page.keyboard.type(ADMIN_SECRET)
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("role")).to_have_text("admin")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Forget")).to_be_focused()


async def test_dialogs_open_under_the_page_s_policy(browser: Browser, engine: Engine) -> None:
    async with console(browser, engine) as page:
        for name in ("settings", "short keys"):
            await page.get_by_role("button", name=f"Open {name} dialog").click()
            await expect(page.get_by_role("dialog")).to_be_visible()
            await page.keyboard.press("Escape")
            await expect(page.get_by_role("dialog")).not_to_be_visible()


async def test_on_a_phone_nothing_is_cut_off(browser: Browser, engine: Engine) -> None:
    async with console(browser, engine, size=NARROW, color_scheme="dark", has_touch=True) as page:
        await page.get_by_role("button", name="Identity").click()
        await enter(page, ID_token=token())
        await page.get_by_role("button", name="Identity").click()
        await write(page, "{ article { title } }")
        await page.get_by_role("button", name="Execute query (Ctrl-Enter)").click()
        await answer(page, "Engines")
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        for part in (".graphiql-query-editor", ".graphiql-response"):
            box = await page.locator(part).bounding_box()
            assert box is not None
            assert box["width"] > 300
            assert box["height"] > 150
            assert box["y"] + box["height"] <= NARROW["height"]
        await picture(page, "phone")
