"""Watches a browser context for what no page may do, and asks pages for what each of them owes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

_TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) =>
  console.error(`CSP ${effectiveDirective}: ${blockedURI} in ${sourceFile}:${lineNumber}`));
"""
_WIDER_THAN_PAGE = """
() => [...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.outerHTML.slice(0, 120))
"""
_VIOLATIONS = "axe.run(document, {resultTypes: ['violations']}).then(({ violations }) => violations)"
_ONLY_OVER_HTTPS = (
    "Cross-Origin-Opener-Policy header has been ignored, because the URL's origin was untrustworthy",
    "Clear-Site-Data header on",
)
"""What Chromium says of plain http under a name; these headers do their work under https."""
GRAVE = {"serious", "critical"}
SCREENSHOTS = os.environ.get("BIGIMAGE_SCREENSHOTS", "")


class Witness:
    """Collects CSP violations, console errors, script errors and failed requests of all pages of a context.

    A request that the browser gives up because the page is left is no failure. `forgiven` are words of
    requests that are meant to fail.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.complaints: list[str] = []
        self.forgiven: set[str] = set()
        self._origins: set[str] = set()
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("requestfailed", self._on_failure)
        context.on("response", self._on_response)

    def clear(self) -> None:
        """Make the context empty, as a new one is, but for what is cached; nothing has been said of it."""
        for page in self.context.pages:
            page.close()
        self.context.clear_cookies()
        page = self.context.new_page()
        devtools = self.context.new_cdp_session(page)
        for origin in self._origins:
            devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        page.close()
        self._origins.clear()
        self.complaints.clear()
        self.forgiven.clear()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if any(words in message.text for words in _ONLY_OVER_HTTPS):
            return
        if not self._is_forgiven(message.location.get("url", "")):
            self.complaints.append(f"console: {message.text}")

    def _on_error(self, error: WebError) -> None:
        self.complaints.append(f"script: {error.error.message}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED" and not self._is_forgiven(request.url):
            self.complaints.append(f"request: {request.method} {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        self._origins.add("{0.scheme}://{0.netloc}".format(urlsplit(response.url)))
        if response.status >= 400 and not self._is_forgiven(response.url):
            self.complaints.append(f"response: {response.status} {response.request.method} {response.url}")

    def _is_forgiven(self, url: str) -> bool:
        return any(word in url for word in self.forgiven)


def accessibility_faults(page: Page) -> list[str]:
    """What axe calls serious or critical on this page."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT + ";0")
    found: list[dict[str, Any]] = page.evaluate(_VIOLATIONS)
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


def sideways_overflow(page: Page) -> list[str]:
    """What makes the page scroll sideways; empty if nothing does."""
    if not page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        return []
    return list(page.evaluate(_WIDER_THAN_PAGE)) or ["something wider than the page"]


def keep_picture(page: Page, name: str) -> None:
    """A screenshot into the folder BIGIMAGE_SCREENSHOTS, if that is set."""
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


def longest_task_ms(trace: bytes) -> float:
    """Processor time of the longest task on the main threads of pages."""
    events = json.loads(trace)["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = (event for event in events if event["name"] == "RunTask" and "tdur" in event)
    return max((event["tdur"] / 1000 for event in tasks if (event["pid"], event["tid"]) in mains), default=0)
