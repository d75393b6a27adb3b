"""Health, readiness and version, without a session and without secrets."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

import photos


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
