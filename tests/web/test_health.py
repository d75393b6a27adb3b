"""Health, readiness and version, without a session and without secrets."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

import photos
from photos.backends.search.sqlite import SqliteSearch
from photos.services import one_index


def test_health_needs_no_database_and_no_known_host(make_app: Callable[..., Flask]) -> None:
    app = make_app(database_url="mysql+mysqlconnector://nobody@127.0.0.1:9/none")
    answer = app.test_client().get("/health", headers={"Host": "10.0.0.7", "Cookie": "bigimage=s.x"})
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_ready_names_what_is_missing_and_nothing_else(app: Flask) -> None:
    client = app.test_client()
    ready = client.get("/ready")
    assert (ready.status_code, ready.get_json()["missing"]) == (200, [])
    shutil.rmtree(app.extensions["bigimage"].settings.data / "storage")
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.get_json()["missing"] == ["storage"]
    assert int(answer.headers["Retry-After"]) > 0
    assert str(app.extensions["bigimage"].settings.data) not in answer.text


def test_version_names_the_code(client: FlaskClient) -> None:
    document = client.get("/version").get_json()
    assert document["version"] == photos.__version__
    assert document["commit"] is None or len(document["commit"]) == 40


def test_an_index_beside_that_of_another_machine_is_named_by_ready_and_check(
    app: Flask, tmp_path: Path
) -> None:
    here = app.extensions["bigimage"]
    assert "search" not in app.test_client().get("/ready").get_json()["degraded"]
    index = SqliteSearch(tmp_path / "search.db")
    one_index.claim(database=here.database, search=index, now=datetime.now(UTC))
    index.close()
    answer = app.test_client().get("/ready")
    assert (answer.status_code, "search" in answer.get_json()["degraded"]) == (200, True)
    checked = app.test_cli_runner().invoke(args=["check", "search"])
    assert checked.exit_code == 1
    assert f"search: {one_index.SENTENCE}" in checked.stderr
