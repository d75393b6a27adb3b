"""The door of the worker tier: who may come in, and what is answered to the daemon."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photos import tasks
from photos.backends.jobs import letter
from photos.db import failures as failure_rows
from photos.models import PhotoState
from photos.web.routes import ACCESS, Access
from photos.wiring import derived_key
from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library

ROOT = Path(__file__).parents[2]
MESSAGE = "/worker/message"
DAEMON = {"User-Agent": "aws-sqsd/3.0", "X-Aws-Sqsd-Msgid": "m-1", "X-Aws-Sqsd-Receive-Count": "1"}


@pytest.fixture
def make_worker(make_app: Callable[..., Flask]) -> Callable[..., Flask]:
    def make(**changes: object) -> Flask:
        queue = {"jobs": "sqs", "jobs_queue": "jobs", "jobs_dead_queue": "dead", "aws_region": "eu-central-1"}
        return make_app(**{"platform": "aws", "tier": "worker", "proxy_hops": 1, **queue, **changes})

    return make


@pytest.fixture
def worker(make_worker: Callable[..., Flask]) -> Flask:
    return make_worker()


def key_of(app: Flask) -> bytes:
    return derived_key(app.extensions["bigimage"].secret_key, "jobs")


def job(app: Flask, name: str, **payload: str) -> str:
    return letter.seal(name, payload, key=key_of(app))


def post(app: Flask, body: str, path: str = MESSAGE, **headers: str) -> TestResponse:
    given = {**DAEMON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return app.test_client().post(path, data=body, content_type="application/json", headers=given)


def reasons(app: Flask) -> dict[str, str]:
    with app.extensions["bigimage"].database.read() as connection:
        return failure_rows.list_reasons(connection, ["m-1"])


def test_the_worker_tier_has_its_door_and_health_and_nothing_else(worker: Flask) -> None:
    for rule in worker.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            access = ACCESS[rule.endpoint, method]
            is_health = rule.endpoint.startswith("health.")
            assert access is Access.DAEMON or is_health, rule.endpoint
    client = worker.test_client()
    assert client.get("/health").status_code == 200
    for path in ("/", "/sign-in", "/static/css/base.css", "/api/v1/photos", "/account/people", "/worker"):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), path


def test_the_web_tier_has_no_door(make_worker: Callable[..., Flask]) -> None:
    web = make_worker(tier="web")
    own = {"base_url": "http://localhost", "headers": DAEMON}
    assert web.test_client().post(MESSAGE, data=job(web, "process_photo"), **own).status_code == 404
    assert web.test_client().post("/worker/cron/sweep", **own).status_code == 404


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.7", {}),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1, 10.0.0.7"}),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7, 127.0.0.1"}),
        ("127.0.0.1", {"X-Forwarded-For": "localhost"}),
        ("127.0.0.1", {"X-Forwarded-For": " , "}),
        ("127.0.0.1", {"User-Agent": "curl/8"}),
        ("127.0.0.1", {"User-Agent": ""}),
        ("", {}),
    ],
)
@pytest.mark.parametrize("path", [MESSAGE, "/worker/cron/sweep"])
@pytest.mark.parametrize("hops", [0, 1, 2])
def test_nobody_but_the_daemon_of_this_machine_comes_in(
    make_worker: Callable[..., Flask], peer: str, headers: dict[str, str], path: str, hops: int
) -> None:
    worker = make_worker(proxy_hops=hops)
    answer = worker.test_client().post(
        path,
        data=job(worker, "process_photo", photo_id="A" * 22),
        headers={**DAEMON, "X-Aws-Sqsd-Taskname": "sweep", **headers},
        environ_overrides={"REMOTE_ADDR": peer},
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1"])
def test_the_daemon_comes_through_nginx(worker: Flask, peer: str) -> None:
    answer = worker.test_client().post(
        MESSAGE,
        data=job(worker, "process_photo", photo_id="A" * 22),
        headers={**DAEMON, "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "Host": "localhost"},
        environ_overrides={"REMOTE_ADDR": peer},
    )
    assert answer.status_code == 200, "a photo that is gone is no reason to come again"


def forged(app: Flask) -> str:
    return letter.seal("process_photo", {"photo_id": "A" * 22}, key=b"of somebody else")


def altered(app: Flask) -> str:
    document = json.loads(job(app, "process_photo", photo_id="A" * 22))
    return json.dumps({**document, "job": document["job"].replace("A", "B")})


ODD: dict[str, str | Callable[[Flask], str]] = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[1]",
    "a number": "1e999",
    "deep": "[" * 100_000,
    "a quarter of a megabyte": json.dumps({"job": "x" * 262_144, "signature": "0"}),
    "unsigned": json.dumps({"job": "process_photo"}),
    "signed with a number": json.dumps({"job": 7, "signature": 7}),
    "signed by somebody else": forged,
    "altered": altered,
    "of an unknown name": lambda app: job(app, "walk_every_bucket", photo_id="A"),
    "without its id": lambda app: job(app, "process_photo"),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_message_is_refused_and_its_reason_kept(worker: Flask, kind: str) -> None:
    odd = ODD[kind]
    answer = post(worker, odd if isinstance(odd, str) else odd(worker))
    assert answer.status_code == 400
    assert answer.json is not None
    assert reasons(worker) == {"m-1": answer.json["detail"]}


def test_a_letter_of_another_schema_waits_for_a_worker_that_can_read_it(worker: Flask) -> None:
    newer = json.dumps({"schema": letter.SCHEMA + 1, "name": "process_photo", "payload": {}})
    signature = hmac.new(key_of(worker), newer.encode(), "sha256").hexdigest()
    answer = post(worker, json.dumps({"job": newer, "signature": signature}))
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["code"] == "schema"


def test_a_bucket_s_test_message_is_done_and_another_bucket_s_event_is_not(worker: Flask) -> None:
    assert post(worker, json.dumps({"Event": "s3:TestEvent", "Bucket": "photos"})).status_code == 200
    bucket = {"bucket": {"name": "elsewhere"}, "object": {"key": "dropbox/owner%40example.org/a.jpg"}}
    record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": bucket}
    assert post(worker, json.dumps({"Records": [record]})).status_code == 400
    assert "elsewhere" in reasons(worker)["m-1"]


@pytest.fixture
def waiting(app: Flask, library: Library, people: People, worker: Flask) -> Iterator[tuple[Library, str]]:
    """A photo that waits, and a worker on the same data folder."""
    library.send(("photo.jpg", pictures.jpeg(64, 48)))
    (job,) = library.backends.jobs.receive(limit=10, lease_seconds=3600)
    photo_id = job.payload["photo_id"]
    worker.extensions["bigimage"].__dict__["darkroom"] = library.backends.darkroom
    yield library, photo_id
    worker.extensions["bigimage"].__dict__.pop("darkroom")


def test_a_job_is_done_before_200_is_answered_and_twice_is_once(
    waiting: tuple[Library, str], worker: Flask
) -> None:
    library, photo_id = waiting
    body = job(worker, "process_photo", photo_id=photo_id)
    assert post(worker, body).status_code == 200
    assert library.photo(photo_id).state is PhotoState.READY
    before = library.photo(photo_id)
    assert post(worker, body).status_code == 200
    assert library.photo(photo_id) == before
    assert reasons(worker) == {}


def test_a_part_that_is_down_is_told_as_later_with_its_reason(
    waiting: tuple[Library, str], worker: Flask, settings: Any
) -> None:
    library, photo_id = waiting
    away = settings.data / "away"
    (settings.data / "storage").rename(away)
    answer = post(worker, job(worker, "process_photo", photo_id=photo_id))
    away.rename(settings.data / "storage")
    assert answer.status_code == 503
    assert "storage" in reasons(worker)["m-1"]
    assert library.photo(photo_id).state is PhotoState.NEW
    assert post(worker, job(worker, "process_photo", photo_id=photo_id)).status_code == 200


def test_the_id_of_the_page_s_request_is_in_every_line_of_its_job(
    worker: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    cause = "0123456789abcdef"
    answer = post(worker, "{", **{"X-Aws-Sqsd-Attr-request-id": cause})
    assert answer.headers["X-Request-Id"] == cause
    assert answer.json is not None
    assert answer.json["request_id"] == cause
    for odd in ("x" * 16, "0" * 99, "0123456789abcdef\u00e9"):
        assert post(worker, "{", **{"X-Aws-Sqsd-Attr-request-id": odd}).headers["X-Request-Id"] != odd


def cron() -> list[dict[str, str]]:
    document = yaml.safe_load((ROOT / "cron.yaml").read_text())
    assert document["version"] == 1
    return list(document["cron"])


@pytest.mark.parametrize("entry", cron(), ids=lambda entry: entry["name"])
def test_every_entry_of_cron_yaml_has_its_handler(worker: Flask, entry: dict[str, str]) -> None:
    hour = {"X-Aws-Sqsd-Taskname": entry["name"], "X-Aws-Sqsd-Path": entry["url"]}
    body = "elasticbeanstalk scheduled job"
    for _ in range(2):  # each may come twice
        assert post(worker, body, entry["url"], **hour).status_code == 200
    assert post(worker, body, entry["url"]).status_code == 404, "the header names it too"
    assert worker.test_client().get(entry["url"], headers={**DAEMON, **hour}).status_code == 405
    assert len(entry["schedule"].split()) == 5


def test_cron_yaml_and_the_timed_tasks_are_the_same() -> None:
    entries = cron()
    assert [entry["name"] for entry in entries] == list(tasks.TIMED)
    assert [entry["url"] for entry in entries] == [f"/worker/cron/{name}" for name in tasks.TIMED]


def test_an_hour_that_is_not_in_cron_yaml_is_not_found(worker: Flask) -> None:
    assert post(worker, "", "/worker/cron/purge", X_Aws_Sqsd_Taskname="purge").status_code == 404


def test_a_body_beyond_what_a_queue_can_carry_is_refused(worker: Flask) -> None:
    client: FlaskClient = worker.test_client()
    assert client.post(MESSAGE, data=b"x" * (2 << 20), headers=DAEMON).status_code == 413


def simulate(app: Flask, text: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["simulate-event", "-"], input=text)
    return result.exit_code, result.output


def test_simulate_event_takes_the_way_of_a_message(waiting: tuple[Library, str], worker: Flask) -> None:
    library, photo_id = waiting
    assert simulate(worker, json.dumps({"Event": "s3:TestEvent"})) == (0, "Done.\n")
    for odd, words in (
        ("{", "none of a bucket's events"),
        (forged(worker), "signed by somebody else"),
        (json.dumps({"name": "bake_bread", "payload": {}}), "there is no job bake_bread"),
    ):
        code, output = simulate(worker, odd)
        assert code == 1
        assert words in output
    described = json.dumps({"name": "process_photo", "payload": {"photo_id": photo_id}})
    assert simulate(worker, described) == (0, "Done.\n")
    assert library.photo(photo_id).state is PhotoState.READY
