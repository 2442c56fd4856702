"""Real headless Chromium, as installed by the system, driven by Playwright.

    async with chromium() as browser, open_page(browser, width=390) as page:
        await page.goto(url)

Whatever a page complains about is collected: `page_errors(page)`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tests.servers.process import PATIENCE_SECONDS
from tests.servers.programs import program

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_PATIENCE_MS = PATIENCE_SECONDS * 1000

_errors: WeakKeyDictionary[Page, list[str]] = WeakKeyDictionary()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser for as long as the block runs. Fails where none is installed."""
    from playwright.async_api import async_playwright, expect

    expect.set_options(timeout=_PATIENCE_MS)
    executable = program("chromium", "chromium-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_page(
    browser: Browser, *, width: int = 1440, height: int = 900, **context: Any
) -> AsyncIterator[Page]:
    """A page in a context of its own. Further keywords are those of `Browser.new_context`."""
    own = await browser.new_context(viewport={"width": width, "height": height}, **context)
    own.set_default_timeout(_PATIENCE_MS)
    try:
        page = await own.new_page()
        errors = _errors[page] = []
        page.on("console", lambda message: errors.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("requestfailed", lambda request: errors.append(f"{request.url}: {request.failure}"))
        yield page
    finally:
        await own.close()


def page_errors(page: Page) -> list[str]:
    """Console messages other than logs, uncaught exceptions and failed requests, in order."""
    return _errors[page]
