"""What the board shows in a browser: its figures, and whether all of it can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from probe.reports import format as fmt
from tests.servers.chromium import page_errors

if TYPE_CHECKING:
    from playwright.async_api import Page

# The ratio of luminances of every piece of text to what lies behind it (WCAG 2, 1.4.3), where it is too low.
CONTRAST = """() => {
  const channel = c => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const colour = text => text.match(/[\\d.]+/g).map(Number);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const shown = colour(getComputedStyle(node).backgroundColor);
      if (shown.length < 4 || shown[3] > 0) return shown;
    }
    throw new Error('nothing behind');
  };
  const poor = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.checkVisibility() || node.closest('svg, noscript')) continue;
    const style = getComputedStyle(node);
    const [a, b] = [luminance(colour(style.color)), luminance(behind(node))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push([texts.currentNode.data.trim(), ratio]);
  }
  return poor;
}"""


# Texts of the tiles that are cut, or stand over an edge.
CUT = """() => [...document.querySelectorAll('.tile p')]
    .filter(p => p.scrollWidth > p.clientWidth).map(p => p.textContent)"""


async def sound(page: Page) -> None:
    """No complaint on the console, nothing wider than the window, every text readable."""
    assert page_errors(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert await page.evaluate(CONTRAST) == []
    assert await page.evaluate(CUT) == []
    text = await page.inner_text("body")
    assert not re.search(r"\b(None|null|undefined|NaN|nan|inf)\b", text)


async def cells(page: Page) -> dict[str, dict[str, str]]:
    """The figures in the DOM, by target and column, with ordinary spaces."""
    read = """rows => Object.fromEntries(rows.map(row => [row.dataset.target, Object.fromEntries(
        [...row.querySelectorAll('[data-key]')].map(cell =>
            [cell.dataset.key, cell.querySelector('.figure').textContent.trim()]))]))"""
    found: dict[str, dict[str, str]] = await page.eval_on_selector_all("tr[data-target]", read)
    return {
        target: {key: text.replace(fmt.NBSP, " ") for key, text in row.items()}
        for target, row in found.items()
    }


async def targets(page: Page) -> list[str]:
    found: list[str] = await page.eval_on_selector_all(
        "tr[data-target]", "rows => rows.map(row => row.dataset.target)"
    )
    return found
