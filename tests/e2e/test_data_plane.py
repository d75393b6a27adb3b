"""The data plane as on AWS: a browser sends photos straight to the bucket while web processes are killed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import boto3
import pytest
import requests
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import create_engine, func, select
from sqlalchemy.pool import NullPool

from photos.db.schema import photo
from tests import pictures
from tests.e2e.furnished import Furnished, furnish, sign_in, until
from tests.e2e.witness import Witness
from tests.needs import require
from tests.servers import nginx, queues
from tests.servers.app import RunningApp
from tests.servers.cloud import Cloud
from tests.servers.moto import REGION, Moto
from tests.servers.radosgw import Radosgw

pytestmark = pytest.mark.e2e

PATIENCE_MS = 240_000


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
    require(nginx.program() is not None, "nginx is not installed; `make test-setup` installs it")
    settings = {
        "DATABASE_URL": mariadb_url,
        "S3_BUCKET": f"photos-{uuid4().hex}",
        "S3_ENDPOINT_URL": radosgw.endpoint_url,
        "S3_ADDRESSING": "path",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": radosgw.access_key,
        "AWS_SECRET_ACCESS_KEY": radosgw.secret_key,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    cloud = Cloud(tmp_path / "cloud" / "data", moto, settings)
    queues.create(moto.client("sqs"))
    s3 = client_of(cloud)
    s3.create_bucket(Bucket=settings["S3_BUCKET"])
    rule = {"AllowedOrigins": [cloud.url], "AllowedMethods": ["PUT", "GET"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=settings["S3_BUCKET"], CORSConfiguration={"CORSRules": [rule]})
    s3.close()
    try:
        yield cloud
    finally:
        cloud.kill()


def client_of(cloud: Cloud) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=cloud.settings["S3_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id=cloud.settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=cloud.settings["AWS_SECRET_ACCESS_KEY"],
    )


def make_photos(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{number}.jpg" for number in range(count)]
    for seed, path in enumerate(paths):
        path.write_bytes(pictures.jpeg(320, 240, seed=seed))
    return paths


def states(cloud: Cloud) -> dict[str, int]:
    """How many photos are in which state; asked of the database, which is there all the time."""
    engine = create_engine(cloud.settings["DATABASE_URL"], poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(select(photo.c.state, func.count()).group_by(photo.c.state)).all()
    return {str(state): int(count) for state, count in rows}


def test_photos_arrive_while_web_processes_are_killed(
    cloud: Cloud, context: BrowserContext, witness: Witness, tmp_path: Path
) -> None:
    run_through(cloud, context, witness, make_photos(tmp_path / "photos", 12))


@pytest.mark.proof
def test_a_hundred_photos_arrive_while_web_processes_are_killed(
    cloud: Cloud, context: BrowserContext, witness: Witness, tmp_path: Path
) -> None:
    run_through(cloud, context, witness, make_photos(tmp_path / "photos", 100))


def run_through(cloud: Cloud, context: BrowserContext, witness: Witness, photos: list[Path]) -> None:
    library = furnish(cast(RunningApp, cloud))  # which is asked for no more than both have
    page = context.new_page()
    sign_in(page, cloud.url)
    page.goto(f"{cloud.url}/uploads")
    expect(page.locator("html[data-scripted=listening]")).to_be_attached()
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
    cloud.daemon.send_hour("sweep", "/worker/cron/sweep")
    until(lambda: states(cloud) == {"ready": len(photos)}, "all photos are ready", seconds=100)
    print("answers to somebody who read meanwhile:", dict(reader.statuses))
    checked = cloud.flask("fsck")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Traceback" not in cloud.log
