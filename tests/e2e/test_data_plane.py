"""The data plane as on AWS: a browser sends photos straight to the bucket while web processes are killed."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import create_engine, func, select
from sqlalchemy.pool import NullPool

from photos.backends.aws.rights import Right
from photos.backends.jobs import letter
from photos.db.schema import photo
from photos.wiring import derived_key
from tests import pictures, rights
from tests.e2e.furnished import EMAIL, PASSWORD, Furnished, sign_in, until
from tests.e2e.witness import Witness
from tests.needs import require
from tests.proof import Sweep
from tests.servers import nginx, queues
from tests.servers.app import RunningApp
from tests.servers.cloud import Cloud, Process
from tests.servers.moto import REGION, Moto
from tests.servers.radosgw import Radosgw

pytestmark = pytest.mark.e2e

PATIENCE_MS = 240_000
PHOTOS = max(30, min(100, int(os.environ.get("BIGIMAGE_PROOF_N", "100"))))
"""By the browser; a fifth as many come by the dropbox."""
MEASURED = {
    *(("web", "s3", "CompleteMultipartUpload"), ("web", "sqs", "SendMessage"), ("worker", "s3", "PutObject")),
    *(("worker", "process_photo", "done"), ("web", "api"), ("worker", "worker")),
}
NOT_HERE = [Right("s3:GetObject", "arn:aws:s3:::${Bucket}/renditions/*", "read store and delete photos")]
"""Labels are read off renditions by the worker, and nothing is labelled here."""


@dataclass
class Reader:
    """Somebody who looks at pages all the time, as often as they answer; counts what came back."""

    library: Furnished
    statuses: Counter[int] = field(default_factory=Counter)
    _is_over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Reader:
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _read(self) -> None:
        headers = {"Authorization": f"Bearer {self.library.token}"}
        while not self._is_over.wait(0.1):
            for path in ("photos", "timeline", "me"):
                answer = requests.get(f"{self.library.app.url}/api/v1/{path}", headers=headers, timeout=60)
                self.statuses[answer.status_code] += 1


@pytest.fixture
def cloud(tmp_path: Path, mariadb_url: str, radosgw: Radosgw, moto: Moto) -> Iterator[Cloud]:
    require(
        nginx.program() is not None, "nginx is not installed; `make test` installs it where it may use apt"
    )
    cloud = Cloud(tmp_path / "cloud" / "data", mariadb_url, radosgw, moto)
    try:
        yield cloud
    finally:
        cloud.kill()


def make_photos(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{number}.jpg" for number in range(count)]
    for seed, path in enumerate(paths):
        path.write_bytes(pictures.jpeg(320, 240, seed=seed))
    return paths


def states(cloud: Cloud) -> dict[str, int]:
    """How many photos are in which state; asked of the database, which is there all the time."""
    engine = create_engine(cloud.database_url, poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(select(photo.c.state, func.count()).group_by(photo.c.state)).all()
    return {str(state): int(count) for state, count in rows}


@pytest.mark.proof
def test_photos_arrive_while_web_processes_are_killed(
    cloud: Cloud, context: BrowserContext, witness: Witness, tmp_path: Path, sweep: Sweep
) -> None:
    made = make_photos(tmp_path / "photos", PHOTOS + PHOTOS // 5)
    photos, dropped = made[:PHOTOS], made[PHOTOS:]
    library = furnished(cloud)
    page = send_by_browser(cloud, library, context, witness, photos)
    drop(cloud, dropped)
    sweep.cases = total = len(made)
    cloud.worker.kill()
    cloud.worker.start()
    until(lambda: is_ready(cloud, total), f"all {total} photos are ready", seconds=300)
    use_everything(cloud, library)
    send_a_failed_job_back(cloud, page)
    checked = cloud.flask("fsck")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Traceback" not in cloud.log
    assert queues.depth(cloud.moto.client("sqs"), queues.DEAD_QUEUE) == 0
    assert_every_job_has_the_id_of_its_request(cloud)
    until(lambda: measured(cloud) >= MEASURED, "calls, jobs and requests are measured")
    for tier in ("web", "worker"):
        missing, unused = rights.differences(cloud.calls, tier)
        assert missing == [], f"the {tier} tier does what its policy does not allow"
        assert [right for right in unused if right not in NOT_HERE] == [], f"the {tier} tier may do too much"


def furnished(cloud: Cloud) -> Furnished:
    """Started, with its owner, who is an administrator."""
    cloud.start()
    made = cloud.flask("accounts", "create", EMAIL, "--admin", "--name", "Olga Owner", stdin=f"{PASSWORD}\n")
    assert made.returncode == 0, made.stderr
    token = cloud.flask("accounts", "token", EMAIL).stdout.strip()
    return Furnished(cast(RunningApp, cloud), token)  # which is asked for no more than both have


def send_by_browser(
    cloud: Cloud, library: Furnished, context: BrowserContext, witness: Witness, photos: list[Path]
) -> Page:
    """By the upload page, while one web process after the other is killed and comes back."""
    page = context.new_page()
    sign_in(page, cloud.url)
    page.goto(f"{cloud.url}/uploads")
    expect(page.locator("html[data-scripted=listening]")).to_be_attached()
    # what a dying process leaves unanswered is asked again by the page; people see nothing of it
    witness.forgiven |= {"/api/v1/", "/static/"}
    with Reader(library) as reader:
        page.set_input_files("#files", photos)
        for web, share in zip(cloud.webs, (0.2, 0.6), strict=True):
            until(lambda: sum(states(cloud).values()) >= share * len(photos), "some have arrived")  # noqa: B023
            web.kill()
            page.wait_for_timeout(1000)
            web.start()
        expect(page.locator(".queue-title")).to_have_text(
            f"{len(photos)} photos have arrived", timeout=PATIENCE_MS
        )
    print("answers to somebody who read meanwhile:", dict(reader.statuses))
    return page


def drop(cloud: Cloud, dropped: list[Path]) -> None:
    """Copy files into the bucket, which tells of them itself; a browser knows nothing of it."""
    s3 = cloud.s3()
    for path in dropped:
        key = f"dropbox/{EMAIL}/{path.name}"
        s3.put_object(Bucket=cloud.settings["S3_BUCKET"], Key=key, Body=path.read_bytes())
    s3.close()


def is_ready(cloud: Cloud, count: int) -> bool:
    """Whether all are; the timer goes on meanwhile, as cron.yaml says, only faster."""
    if states(cloud) == {"ready": count}:
        return True
    cloud.daemon.send_hour("sweep", "/worker/cron/sweep")
    time.sleep(1)
    return False


def use_everything(cloud: Cloud, library: Furnished) -> None:
    """What else each tier asks of the bucket and the queues."""
    for process in (*cloud.webs, cloud.worker):
        ready = requests.get(
            f"http://127.0.0.1:{process.port}/ready", headers={"Host": urlsplit(cloud.url).netloc}, timeout=60
        )
        assert ready.json()["missing"] == []
    for tier in ("web", "worker"):
        checked = cloud.flask("check", "aws", tier=tier)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert {"clock: right", f"region: {REGION}"} <= set(checked.stdout.splitlines())
    file = {"name": "never.jpg", "size": 9, "sha256": "0" * 64}
    (offer,) = library.api("POST", "uploads", files=[file])["files"]
    library.api("DELETE", f"uploads/{offer['upload_id']}")
    photo, *_ = library.api("GET", "photos")["items"]
    library.api("POST", f"photos/{photo['id']}/trash")
    library.api("DELETE", f"photos/{photo['id']}")
    s3 = cloud.s3()
    s3.create_multipart_upload(Bucket=cloud.settings["S3_BUCKET"], Key=f"originals/00/{'0' * 64}")
    s3.close()
    cloud.daemon.send_hour("sweep", "/worker/cron/sweep")
    # longer than a message stays hidden whose worker fell silent
    until(
        lambda: queues.depth(cloud.moto.client("sqs")) == 0,
        "everything is swept",
        seconds=queues.VISIBLE_AGAIN_SECONDS + 30,
    )


def send_a_failed_job_back(cloud: Cloud, page: Page) -> None:
    """As the administrator, on the page that lists them."""
    sqs = cloud.moto.client("sqs")
    body = letter.seal("process_photo", {"photo_id": "gone"}, key=derived_key(cloud.secret_key, "jobs"))
    sqs.send_message(QueueUrl=queues.url(sqs, queues.DEAD_QUEUE), MessageBody=body)
    page.goto(f"{cloud.url}/account/jobs")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("It is tried again now.")).to_be_visible()
    until(lambda: queues.depth(sqs) == 0, "the worker has found that it is void")


def assert_every_job_has_the_id_of_its_request(cloud: Cloud) -> None:
    """nginx gives a request its id, the message carries it, and the worker logs it."""
    asked = {
        line["request_id"] for line in lines_of(cloud.webs) if line.get("path", "").endswith("/complete")
    }
    worked = {
        line["request_id"]
        for line in lines_of([cloud.worker])
        if line["logger"] == "photos.web.worker" and "done in" in line["message"]
    }
    assert all(len(request_id) == 32 for request_id in asked)
    assert len(asked & worked) >= 3, (asked, worked)


def measured(cloud: Cloud) -> set[tuple[str, ...]]:
    """What has been measured so far; lines are written after ten seconds."""
    time.sleep(1)
    found: set[tuple[str, ...]] = set()
    for line in lines_of([*cloud.webs, cloud.worker]):
        if "CallTime" in line:
            found.add((line["Tier"], line["Service"], line["Operation"]))
        elif "JobTime" in line:
            found.add((line["Tier"], line["Job"], line["Outcome"]))
        elif "RequestTime" in line:
            found.add((line["Tier"], line["Pages"]))
    return found


def lines_of(processes: list[Process]) -> list[dict[str, Any]]:
    return [json.loads(line) for process in processes for line in process.log.splitlines()]
