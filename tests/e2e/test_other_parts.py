"""The whole program on other parts than the embedded ones: MariaDB for rows, a bucket for bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
import requests

from tests import pictures
from tests.e2e.furnished import Furnished, furnish, until
from tests.servers.app import RunningApp
from tests.servers.radosgw import REGION, Radosgw

pytestmark = pytest.mark.e2e


@dataclass
class Elsewhere:
    """A running library that keeps nothing but its index and its key in the data folder."""

    library: Furnished
    bucket: str
    s3: Any

    def keys(self) -> set[str]:
        """Everything in the bucket."""
        return {item["Key"] for item in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())}

    def flask(self, *arguments: str) -> str:
        """What a command prints; it has to succeed."""
        done = self.library.app.flask(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def add(self, *paths: Path) -> None:
        """Upload by the command line and wait until all are ready."""
        lines = [
            json.loads(line)
            for line in self.flask(
                *("upload", "--json", "--server", self.library.app.url, "--token", self.library.token),
                *map(str, paths),
            ).splitlines()
        ]
        assert [line["status"] for line in lines] == ["sent"] * len(paths)
        self.library.ids |= {Path(line["path"]).name: line["photo_id"] for line in lines}
        ids = ",".join(line["photo_id"] for line in lines)
        until(
            lambda: (
                {photo["state"] for photo in self.library.api("GET", f"photos/states?ids={ids}")["items"]}
                == {"ready"}
            ),
            "all photos are ready",
        )


@pytest.fixture
def elsewhere(data_folder: Path, mariadb_url: str, radosgw: Radosgw) -> Iterator[Elsewhere]:
    bucket = f"photos-{uuid4().hex}"
    s3 = boto3.client(
        "s3",
        endpoint_url=radosgw.endpoint_url,
        region_name=REGION,
        aws_access_key_id=radosgw.access_key,
        aws_secret_access_key=radosgw.secret_key,
    )
    s3.create_bucket(Bucket=bucket)
    settings = {
        "DATABASE_URL": mariadb_url,
        "STORAGE": "s3",
        "S3_BUCKET": bucket,
        "S3_ENDPOINT_URL": radosgw.endpoint_url,
        "S3_ADDRESSING": "path",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": radosgw.access_key,
        "AWS_SECRET_ACCESS_KEY": radosgw.secret_key,
        "AWS_EC2_METADATA_DISABLED": "true",
        "RECOGNITION": "off",
    }
    app = RunningApp(data_folder, settings)
    try:
        yield Elsewhere(furnish(app), bucket, s3)
    finally:
        app.kill()
        s3.close()


def test_photos_live_in_mariadb_and_a_bucket_from_upload_to_deletion(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    library = elsewhere.library
    paths = [tmp_path / f"{name}.jpg" for name in ("ant", "bee", "cat", "dog", "elk", "fox")]
    for seed, path in enumerate(paths):
        path.write_bytes(pictures.jpeg(640, 480, seed=seed))
    elsewhere.add(*paths)
    assert not (library.app.data / "storage").exists()
    assert not (library.app.data / "bigimage.db").exists()
    assert len(elsewhere.keys()) == len(paths) * 4

    library.api("PATCH", f"photos/{library.ids['elk.jpg']}", description="An elk at the lake")
    (hit,) = library.api("GET", "search?q=lake")["items"]
    assert hit["photo"]["id"] == library.ids["elk.jpg"]
    assert requests.get(hit["photo"]["renditions"]["square"]["url"], timeout=30).status_code == 200

    for name in ("ant.jpg", "bee.jpg"):
        library.api("POST", f"photos/{library.ids[name]}/trash")
    library.api("DELETE", f"photos/{library.ids['ant.jpg']}")
    until(lambda: "objects_deleted: 0" in elsewhere.flask("sweep"), "the sweep has nothing left to delete")
    assert len(library.api("GET", "photos")["items"]) == 4
    assert len(elsewhere.keys()) == (len(paths) - 1) * 4
    elsewhere.flask("check")
    elsewhere.flask("fsck")

    library.app.restart()
    assert len(library.api("GET", "photos")["items"]) == 4
    elsewhere.flask("fsck")
    assert "Traceback" not in library.app.log


def test_a_browser_may_send_parts_to_the_bucket_when_its_rules_name_our_address(elsewhere: Elsewhere) -> None:
    library = elsewhere.library
    origin = {"Origin": library.app.url}
    rule = {
        "AllowedOrigins": [library.app.url],
        "AllowedMethods": ["PUT", "GET"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
    }
    elsewhere.s3.put_bucket_cors(Bucket=elsewhere.bucket, CORSConfiguration={"CORSRules": [rule]})
    body = pictures.jpeg(320, 240)
    file = {"name": "a.jpg", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    (offer,) = library.api("POST", "uploads", files=[file])["files"]
    (part,) = offer["parts"]
    asked = requests.options(
        part["url"],
        headers={
            **origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-type",
        },
        timeout=30,
    )
    assert asked.status_code == 200, asked.text
    assert asked.headers["Access-Control-Allow-Origin"] in {"*", library.app.url}
    sent = requests.put(part["url"], data=body, headers=origin, timeout=30)
    assert sent.status_code == 200, sent.text
    assert "etag" in sent.headers["Access-Control-Expose-Headers"].lower()
    assert library.api("POST", f"uploads/{offer['upload_id']}/complete")["sha256"] == file["sha256"]
