"""The definition of role `storage`: one suite for the folder, behind real HTTP, and S3, on a real radosgw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from photos.backends.storage import Storage
from photos.backends.storage.folder import FolderStorage, create_folder
from photos.backends.storage.s3 import S3Storage
from photos.web import media
from photos.web.errors import init_errors
from tests.contracts.storage.places import Place
from tests.servers.ports import free_port
from tests.servers.proxy import FaultProxy
from tests.servers.radosgw import REGION, Radosgw
from tests.servers.serving import serving


@pytest.fixture
def folder_place(tmp_path: Path) -> Iterator[Place]:
    root = tmp_path / "storage"
    create_folder(root)

    def opened(seconds: int = 3600) -> FolderStorage:
        return FolderStorage(root, signing_key=b"k" * 32, url_seconds=seconds, part_seconds=seconds)

    app = Flask("media_only")
    init_errors(app)
    app.register_blueprint(media.blueprint(opened()))
    server = make_server("127.0.0.1", free_port(), app, threaded=True)
    away = tmp_path / "away"
    with serving(server):
        yield Place(
            opened(),
            f"http://127.0.0.1:{server.port}",
            opened,
            stop=lambda: root.rename(away) and None,
            start=lambda: away.rename(root) and None,
            proxy=None,
        )


@pytest.fixture
def s3_place(radosgw: Radosgw, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    yield from _s3_place(radosgw, radosgw.port, "http", monkeypatch)


@pytest.fixture
def s3_https_place(radosgw: Radosgw, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(radosgw.authority))
    yield from _s3_place(radosgw, radosgw.https_port, "https", monkeypatch)


def _s3_place(radosgw: Radosgw, port: int, scheme: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket = radosgw.create_bucket()
    made: list[S3Storage] = []
    with FaultProxy(port) as proxy:
        origin = f"{scheme}://127.0.0.1:{proxy.port}"

        def opened(seconds: int = 3600) -> S3Storage:
            storage = S3Storage(
                bucket,
                region=REGION,
                endpoint_url=origin,
                addressing_style="path",
                access_key=radosgw.access_key,
                secret_key=radosgw.secret_key,
                url_seconds=seconds,
                part_seconds=seconds,
                connect_timeout_seconds=1,
                read_timeout_seconds=1,
                attempts=2,
            )
            made.append(storage)
            return storage

        yield Place(opened(), origin, opened, proxy.refuse, proxy.heal, proxy, authority=radosgw.authority)
        for storage in made:
            storage.close()


@pytest.fixture(params=["folder", "s3", "s3_https"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def storage(place: Place) -> Storage:
    return place.storage


@pytest.fixture
def proxy(place: Place) -> FaultProxy:
    if place.proxy is None:
        pytest.skip("no network lies between the process and a folder")
    return place.proxy
