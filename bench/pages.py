"""A timeline page of 60 photos beside Flask's hello, and page 1,000 beside page 1."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Flask
from sqlalchemy import event, func, select
from werkzeug.test import EnvironBuilder

from bench.database import add_photos, sign_in
from bench.library import ORIGIN, Library, opened
from bench.measure import Effort, Figure, Findings, of_rounds, ratios, rotated, single, times
from photos.app import create_app
from photos.backends.storage.s3 import S3Storage
from photos.db import keyset
from photos.db import photos as photo_rows
from photos.db.engine import wall_to_micros
from photos.db.schema import photo
from photos.web.tiles import init_tiles
from photos.web.timeline import PAGE
from photos.wiring import Backends

Page = Callable[[], bytes]


def measure(effort: Effort) -> Findings:
    """The rows about pages."""
    deep = effort.choose(200, 1000)
    with opened(effort.folder / "library") as library:
        add_photos(library.backends.database, library.owner, (deep + 1) * PAGE)
        cookie = sign_in(library.backends.database, library.owner)
        app, at_s3, forgetful = (
            create_app(backends=parts)
            for parts in (library.backends, _with_bucket(library), library.backends)
        )
        pages = {
            "hello": page_of(_hello(), "/", ""),
            "first": page_of(app, "/", cookie),
            "last": page_of(app, f"/?cursor={_cursor(library, deep)}", cookie),
            "at s3": page_of(at_s3, "/", cookie),
            # an application of its own: pages that others have seen are measured beside it
            "unknown": _forgetting(forgetful, page_of(forgetful, "/", cookie)),
        }
        assert all(page().count(b'id="photo-') == PAGE for name, page in pages.items() if name != "hello")
        statements = [_statements(library, pages[name]) for name in ("first", "last")]
        assert statements[0] == statements[1], statements
        recipes = {name: times(20, page) for name, page in pages.items()}
        recipes["hello"] = times(400, pages["hello"])
        recipes["unknown"] = times(5, pages["unknown"])
        taken = rotated(recipes, effort.choose(7, 45))
    return Findings(
        figures=[
            *_beside_hello(taken, (deep + 1) * PAGE),
            of_rounds(
                f"page {deep:,} of the timeline",
                ratios(taken, "last", "first"),
                "x page 1",
                "CPU time in process",
                bar=1.2,
            ),
            single(
                "statements for a timeline page",
                statements[0],
                "",
                "all SQL of the request, session and person included; the same on page 1 and the deep page",
            ),
        ],
        peers=[f"Flask {importlib.metadata.version('flask')}"],
    )


def _beside_hello(taken: Mapping[str, Sequence[float]], photos: int) -> list[Figure]:
    how = "CPU time in process, signed in, with session, access check, headers and signed addresses"
    rows = (
        ("first", "a timeline page of 60 photos", 20, f"{how}; {photos:,} photos", 27.0),
        ("at s3", "the same with originals in S3", 20, f"{how}; nothing is asked of the bucket", 27.0),
        ("unknown", "the same, seen for the first time", 80, f"{how}; no tile is known from before", None),
    )
    return [
        of_rounds(
            title, [scale * each for each in ratios(taken, name, "hello")], "x Flask hello", told, bar=bar
        )
        for name, title, scale, told, bar in rows
    ]


def _with_bucket(library: Library) -> Backends:
    """The same library with another storage: addresses are signed here, whether there is a bucket or not."""
    bucket = S3Storage("photos", region="eu-central-1", access_key="bench", secret_key="bench")
    return replace(library.backends, storage=bucket)


def _forgetting(app: Flask, page: Page) -> Page:
    """The same page, with no tile known from before."""

    def forgetting() -> bytes:
        init_tiles(app)
        return page()

    return forgetting


def page_of(app: Flask, path: str, cookie: str) -> Page:
    """A function that asks the WSGI application for a page, without a server."""
    builder = EnvironBuilder(path, base_url=ORIGIN, headers=[("Cookie", cookie)] if cookie else None)
    environ = builder.get_environ()

    def page() -> bytes:
        status: list[str] = []

        def start(line: str, *_: object) -> Callable[[bytes], object]:
            status.append(line)
            return lambda _: None

        answer: Any = app.wsgi_app(dict(environ), start)
        body = b"".join(answer)
        answer.close()
        assert status[0].startswith("200"), status
        return body

    return page


def _hello() -> Flask:
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "Hello, World!")
    return app


def _cursor(library: Library, pages: int) -> str:
    """Where page `pages` begins, without walking there."""
    with library.backends.database.read() as connection:
        count = connection.scalar(select(func.count()).select_from(photo)) or 0
        key = count - (pages - 1) * PAGE
        (shown,) = photo_rows.list_photos_by_keys(connection, library.owner.id, [key + 1])
        return keyset.write_cursor(wall_to_micros(shown.taken_local), shown.key)


def _statements(library: Library, page: Page) -> int:
    seen: list[str] = []
    engine = library.backends.database.engine

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    page()
    event.remove(engine, "before_cursor_execute", note)
    return sum(not statement.startswith("BEGIN") for statement in seen)
