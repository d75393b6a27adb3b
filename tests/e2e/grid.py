"""What tests ask a timeline in the browser: what stands where, how long it was busy, what it fetched."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext, expect

from tests.e2e.furnished import Furnished

_WATCH = """
const told = ({ value, sources }) => [value, sources.map(({ node, previousRect, currentRect }) =>
  [node?.outerHTML?.slice(0, 80), previousRect.toJSON(), currentRect.toJSON()])];
window.shifts = [];
window.longTasks = [];
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(told)))
  .observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration)))
  .observe({ type: "longtask", buffered: true });
"""
_IN_SIGHT = """
() => [...document.querySelectorAll(".cell")]
  .map((cell) => [cell, Math.round(cell.getBoundingClientRect().top)])
  .filter(([, top]) => top > 64 && top < innerHeight)
  .map(([cell, top]) => [cell.dataset.cell, top, cell.closest("section").dataset.day])
"""


class Grid:
    """The timeline of the owner of a library in a page."""

    def __init__(self, context: BrowserContext, library: Furnished) -> None:
        self.page = context.new_page()
        self.page.add_init_script(_WATCH)
        self.requests: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.library = library

    def open(self) -> None:
        """The timeline anew, when the script has taken over."""
        self.requests.clear()
        self.library.open(self.page)
        self.wait()

    def wait(self) -> None:
        """Until the script has taken over and what is in sight is there."""
        expect(self.page.locator("[data-grid]")).to_be_attached()
        self.settle()

    def settle(self) -> None:
        """Until everything in sight is there and nothing moves."""
        self.page.wait_for_function(
            "() => document.querySelector('.cell') && ![...document.querySelectorAll('.waiting')]"
            ".some((one) => one.getBoundingClientRect().top < innerHeight"
            " && one.getBoundingClientRect().bottom > 64)"
        )
        self.page.wait_for_timeout(300)

    def in_sight(self) -> dict[str, tuple[int, str]]:
        """Photo id -> how far it is from the upper edge in pixels, and its day."""
        return {photo_id: (top, day) for photo_id, top, day in self.page.evaluate(_IN_SIGHT)}

    def go_to(self, date: str) -> None:
        """By the typed jump."""
        self.page.keyboard.press("g")
        self.page.get_by_label("A year, a month or a day").fill(date)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#jump-dialog")).to_be_hidden()
        self.page.wait_for_timeout(100)
        self.settle()

    def focused(self) -> str:
        """The id of the photo with the focus; empty if it is elsewhere."""
        return str(self.page.evaluate("document.activeElement.dataset.photo ?? ''"))

    def fetched(self, part: str) -> list[str]:
        """Addresses that were asked for since `open` and hold these words."""
        return [url for url in self.requests if part in url]

    def measured(self) -> dict[str, Any]:
        """`shifts` (scores with what moved) and `longTasks` (milliseconds) since the page began."""
        return dict(self.page.evaluate("({ shifts, longTasks })"))
