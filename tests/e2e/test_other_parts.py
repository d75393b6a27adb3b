"""The whole program on other parts than the embedded ones: MariaDB for rows, a bucket for bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import pictures
from tests.e2e.furnished import Furnished, furnish, until
from tests.servers.app import RunningApp
from tests.servers.mariadb import MariaDB
from tests.servers.radosgw import Radosgw

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

    def command(self, *arguments: str) -> str:
        """What a command prints; it has to succeed."""
        done = self.library.app.command(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def elsewhere(
    tmp_path_factory: pytest.TempPathFactory, mariadb: MariaDB, radosgw: Radosgw
) -> Iterator[Elsewhere]:
    bucket, url = radosgw.create_bucket(), mariadb.create_database()
    folder = tmp_path_factory.mktemp("elsewhere") / "data"
    app = RunningApp(folder, {"DATABASE_URL": url, "RECOGNITION": "off", **radosgw.environ(bucket)})
    with closing(radosgw.client()) as s3:
        try:
            yield Elsewhere(furnish(app), bucket, s3)
        finally:
            app.kill()
            mariadb.drop_database(url)


def names(library: Furnished) -> set[str]:
    """Of everything on the timeline."""
    return {photo["name"] for photo in library.api("GET", "photos")["items"]}


def test_photos_live_in_mariadb_and_a_bucket_from_upload_to_deletion(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    library = elsewhere.library
    paths = [tmp_path / f"{name}.jpg" for name in ("ant", "bee", "cat", "dog", "elk", "fox")]
    for seed, path in enumerate(paths):
        path.write_bytes(pictures.jpeg(640, 480, seed=seed))
    before, sent = elsewhere.keys(), {path.name for path in paths}
    library.upload(*paths)
    assert not (library.app.data / "storage").exists()
    assert not (library.app.data / "bigimage.db").exists()
    assert len(elsewhere.keys() - before) == len(paths) * 4

    library.api("PATCH", f"photos/{library.ids['elk.jpg']}", description="An elk at the lake")
    (hit,) = library.api("GET", "search?q=lake")["items"]
    assert hit["photo"]["id"] == library.ids["elk.jpg"]
    assert requests.get(hit["photo"]["renditions"]["square"]["url"], timeout=30).status_code == 200

    for name in ("ant.jpg", "bee.jpg"):
        library.api("POST", f"photos/{library.ids[name]}/trash")
    library.api("DELETE", f"photos/{library.ids['ant.jpg']}")
    until(lambda: "objects_deleted: 0" in elsewhere.command("sweep"), "the sweep has nothing left to delete")
    assert names(library) & sent == {"cat.jpg", "dog.jpg", "elk.jpg", "fox.jpg"}
    assert len(elsewhere.keys() - before) == (len(paths) - 1) * 4
    elsewhere.command("check")
    elsewhere.command("fsck")

    library.app.restart()
    assert names(library) & sent == {"cat.jpg", "dog.jpg", "elk.jpg", "fox.jpg"}
    elsewhere.command("fsck")
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
