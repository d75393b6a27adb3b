"""The picture of the README, taken from the program as it runs: docs/img/timeline.jpg.

python -m tests.e2e.readme_picture
"""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect

from photos.imaging.scenes import draw_photo
from tests import pictures
from tests.chromium import launched
from tests.e2e.furnished import furnish
from tests.servers.app import ROOT, RunningApp

PICTURE = ROOT / "docs" / "img" / "timeline.jpg"
SIZE: ViewportSize = {"width": 1440, "height": 900}
QUALITY = 82
DAYS = (
    (datetime(2026, 6, 20, 6), "+01:00", 38.7070, -9.1365, 9),
    (datetime(2026, 6, 19, 9), "+01:00", 37.0194, -7.9304, 4),
    (datetime(2026, 5, 2, 17), "+02:00", 47.0470, 12.6940, 7),
    (datetime(2025, 12, 3, 8), "+13:00", -43.5900, 170.1400, 3),
    (datetime(2024, 9, 14, 7), "+09:00", 35.3600, 138.7300, 2),
    (datetime(2022, 7, 21, 19), "+00:00", 64.2600, -20.1600, 2),
)
"""When, the offset from UTC, where, and how many."""
PHOTOGRAPHS = {4: "coffee", 10: "chelsea"}
"""Which of them are photographs, and which."""
FAVOURITES = ("photo-04.jpg", "photo-11.jpg")


def main() -> None:
    """Furnish a library, open it, take its picture."""
    with TemporaryDirectory() as name:
        app = RunningApp(Path(name) / "data", {"RECOGNITION": "off"})
        try:
            library = furnish(app)
            library.upload(*_photos(Path(name)))
            for favourite in FAVOURITES:
                library.api("PATCH", f"photos/{library.ids[favourite]}", is_favourite=True)
            with launched() as browser:
                page = browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
                library.open(page)
                _take(page)
        finally:
            app.kill()
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1000} KB")


def _photos(folder: Path) -> list[Path]:
    """Drawn landscapes, and the few real photographs that there are."""
    numbers, paths = count(1), []
    real = {path.stem: path for path in pictures.packaged_photos()}
    for start, offset, latitude, longitude, photos in DAYS:
        for at in range(photos):
            number = next(numbers)
            taken = start + at * timedelta(minutes=41)
            if source := real.get(PHOTOGRAPHS.get(number, "")):
                body = _stamped(source, taken, offset, (latitude, longitude))
            else:
                body = draw_photo(number, taken=taken, offset=offset, latitude=latitude, longitude=longitude)
            paths.append(folder / f"photo-{number:02}.jpg")
            paths[-1].write_bytes(body)
    return paths


def _stamped(source: Path, taken: datetime, offset: str, gps: tuple[float, float]) -> bytes:
    block = pictures.exif(taken=f"{taken:%Y:%m:%d %H:%M:%S}", offset=offset, gps=gps)
    encoded = io.BytesIO()
    with Image.open(source) as picture:
        picture.convert("RGB").save(encoded, "JPEG", quality=92, exif=block)
    return encoded.getvalue()


def _take(page: Page) -> None:
    expect(page.locator("[data-grid]")).to_be_attached()
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").save(PICTURE, quality=QUALITY, optimize=True, progressive=True)


if __name__ == "__main__":
    main()
