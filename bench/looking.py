"""What the eye waits for, in Chromium: a step of the slider, a typed year, the first tiles, coming back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from bench.database import sign_in
from bench.library import filled
from bench.measure import Effort, Figure, Findings, cpu_seconds, of_rounds
from tests.chromium import launched
from tests.servers.app import RunningApp

QUERY = "person"
"""A label of every fifth photo, at any confidence."""
LEAST = (80, 55, 95, 60, 85, 50, 90, 65, 75, 70)
YEARS = ("2024", "2011", "2019", "2007", "2016", "2021", "2013", "2009")
FAR = 0.6
"""Of the library's height: where somebody looks before going elsewhere and coming back."""

STEP = """
async ([slider, least]) => {
  const from = performance.now();
  slider.value = least;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  const isThere = () => document.getElementById("search-box").value.endsWith(`confidence>=${least}`);
  while (!isThere()) await new Promise(requestAnimationFrame);
  return performance.now() - from;
}
"""
JUMP = """
async (year) => {
  const form = document.querySelector("form[data-jump]");
  document.getElementById("jump-dialog").showModal();
  form.querySelector("input").value = year;
  const from = performance.now();
  form.requestSubmit();
  while (!window.isDrawn((day) => day.startsWith(year))) await new Promise(requestAnimationFrame);
  return performance.now() - from;
}
"""
WATCH = """
window.isDrawn = (isRight) => {
  const inSight = (one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return bottom > 64 && top < innerHeight;
  };
  const days = [...document.querySelectorAll(".canvas section[data-day]")].filter(inSight);
  return days.length > 0 && days.every(({ dataset }) => isRight(dataset.day))
    && ![...document.querySelectorAll(".waiting")].some(inSight)
    && [...document.querySelectorAll(".cell")].some(inSight);
};
const look = () => {
  if (!window.isDrawn(() => true)) return requestAnimationFrame(look);
  window.drawnAt = performance.now();
};
requestAnimationFrame(look);
"""


@dataclass
class Visit:
    """A page of a running library, whose requests are counted."""

    page: Page
    pids: list[int]
    requests: list[str] = field(default_factory=list)

    def measured(self, act: Callable[[], float]) -> tuple[float, float, int]:
        """Milliseconds that `act` tells, those of the server's processors, and how often it was asked."""
        self.requests.clear()
        before = cpu_seconds(*self.pids)
        told = act()
        # what is asked for after that counts, too
        self.page.wait_for_load_state("networkidle")
        spent = cpu_seconds(*self.pids) - before
        return told, 1000 * spent, len(self.requests)


def measure(effort: Effort) -> Findings:
    """The rows about looking. The times are those of the clock, since people wait; nothing else may run."""
    searched, browsed = effort.choose(10_000, 100_000), effort.choose(10_000, 1_000_000)
    with launched() as browser:
        with _visited(browser, effort.folder / "searched", searched) as visit:
            figures = _slider(visit, searched)
        with _visited(browser, effort.folder / "browsed", browsed) as visit:
            figures += [*_first_tiles(visit, browsed), *_jumps(visit, browsed), *_back(visit, browsed)]
        peers = [f"Chromium {browser.version}"]
    return Findings(figures=figures, peers=peers)


@contextmanager
def _visited(browser: Browser, folder: Path, photos: int) -> Iterator[Visit]:
    """A running library of so many photos in `folder`, and a signed-in window."""
    with filled(folder, photos, is_indexed=True) as library:
        name, _, secret = sign_in(library.backends.database, library.owner).partition("=")
    app = RunningApp(folder, {"RECOGNITION": "off"})
    app.start()
    try:
        context: BrowserContext = browser.new_context(
            base_url=app.url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
        )
        context.add_cookies([{"name": name, "value": secret, "url": app.url}])
        context.add_init_script(WATCH)
        visit = Visit(context.new_page(), app.pids("gunicorn"))
        visit.page.on("request", lambda request: visit.requests.append(urlsplit(request.url).path))
        yield visit
        context.close()
    finally:
        app.kill()


def _slider(visit: Visit, photos: int) -> list[Figure]:
    visit.page.goto(f"/search?q={QUERY}")
    visit.page.wait_for_selector("html[data-scripted=listening]")
    slider = visit.page.get_by_role("slider", name="Labels at least").element_handle()
    taken = []
    for least in LEAST:
        taken.append(visit.measured(lambda least=least: float(visit.page.evaluate(STEP, [slider, least]))))  # type: ignore[misc]
        visit.page.wait_for_timeout(500)
    return _figures("a step of the slider", photos, taken[1:], bar=150.0)


def _first_tiles(visit: Visit, photos: int) -> list[Figure]:
    taken = [visit.measured(lambda: _open(visit.page)) for _ in range(6)]
    return _figures("the first tiles", photos, taken[1:], bar=1000.0)


def _open(page: Page) -> float:
    page.goto("/")
    page.wait_for_function("() => window.drawnAt > 0")
    return float(page.evaluate("window.drawnAt"))


def _jumps(visit: Visit, photos: int) -> list[Figure]:
    taken = [visit.measured(lambda year=year: float(visit.page.evaluate(JUMP, year))) for year in YEARS]  # type: ignore[misc]
    return _figures("a typed year", photos, taken, bar=500.0)


def _back(visit: Visit, photos: int) -> list[Figure]:
    """To a far place, away by a link, and back, with nothing kept by the browser."""
    taken = []
    for _ in range(4):
        visit.page.goto("/")
        visit.page.wait_for_function("() => window.drawnAt > 0")
        visit.page.evaluate(f"scrollTo(0, {FAR} * document.documentElement.scrollHeight)")
        visit.page.wait_for_timeout(1500)
        day = visit.page.locator(".canvas section[data-day]").first.get_attribute("data-day") or ""
        visit.page.goto("/account")
        taken.append(visit.measured(lambda: _go_back(visit.page)))
        assert visit.page.locator(f'.canvas section[data-day="{day}"]').count(), day
    return _figures("coming back to a place", photos, taken, bar=1000.0)


def _go_back(page: Page) -> float:
    page.go_back()
    page.wait_for_function("() => window.drawnAt > 0")
    return float(page.evaluate("window.drawnAt"))


def _figures(name: str, photos: int, taken: list[tuple[float, float, int]], *, bar: float) -> list[Figure]:
    waited, spent, asked = zip(*taken, strict=True)
    size = f"{photos:,} photos"
    return [
        of_rounds(f"{name}, {size}", waited, "ms", "wall time in Chromium until it is drawn", bar=bar),
        of_rounds(
            f"{name}, {size}: the server", spent, "ms", "CPU time of the web processes, pictures included"
        ),
        of_rounds(f"{name}, {size}: requests", asked, "", "pages, answers of the API and pictures together"),
    ]
