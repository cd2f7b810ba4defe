"""A real browser: Debian's Chromium or another that is installed, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.engine.conftest import Engine, module_database, nothing_left
from tests.guarded import guarded_engine

__all__ = ["module_database", "nothing_left"]

# No name but this machine's address is found.
OFFLINE = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-gpu"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium is installed here (Debian: apt-get install chromium)")
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    expect.set_options(timeout=30_000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=OFFLINE)
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
def engine(module_database: str) -> Iterator[Engine]:
    with guarded_engine(module_database) as engine:
        yield engine
