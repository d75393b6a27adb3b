"""A disk that is full, read-only, failing or gone under the running program (F29, F30): it says so, goes on
showing what it has, and goes on taking photos once the disk is well again."""

from __future__ import annotations

import errno
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pictures
from tests.e2e.furnished import Furnished, furnish, until
from tests.faults import shim
from tests.faults.shim import Switch
from tests.faults.visit import Visit
from tests.servers.app import RunningApp

MIB = 1 << 20


@pytest.fixture(scope="module")
def switch(shim_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Switch:
    folder = tmp_path_factory.mktemp("disk")
    return Switch(shim_library, folder / "data", folder / "orders")


@pytest.fixture(scope="module")
def library(switch: Switch) -> Iterator[Furnished]:
    """One library with a photo in it, on a disk that can be spoilt."""
    data = Path(switch.environ["FAULT_FOLDER"])
    app = RunningApp(data, {"RECOGNITION": "off", "PART_BYTES": str(5 * MIB), **switch.environ})
    library = furnish(app)
    sent = Visit(library).send_form(pictures.jpeg(64, 48, seed=1))
    assert "It has arrived" in sent.text
    until(lambda: _states(library) == ["ready"], "the first photo is ready")
    yield library
    switch.off()
    app.kill()


@pytest.fixture
def visit(library: Furnished, switch: Switch) -> Iterator[Visit]:
    visit = Visit(library)
    yield visit
    switch.off()
    visit.browser.close()


def _states(library: Furnished) -> list[str]:
    return [item["state"] for item in library.api("GET", "photos?limit=100")["items"]]


def _assert_shows(visit: Visit) -> None:
    """The pages and the picture of what is there."""
    photo = visit.api("GET", "photos?limit=1").json()["items"][0]
    for path in ("/", f"/photos/{photo['id']}", "/search?q=is:favourite", "/uploads", "/health"):
        assert visit.get(path).status_code == 200, path
    assert visit.get(photo["renditions"]["medium"]["url"]).headers["Content-Type"] == "image/jpeg"
    assert visit.get(photo["original_url"]).content


def _assert_sound(library: Furnished) -> None:
    until(lambda: set(_states(library)) == {"ready"}, "everything is ready")
    until(lambda: _differences(library) == 0, "no difference is left")


def _differences(library: Furnished) -> int:
    counted = json.loads(library.app.command("fsck", "--json").stdout)
    return sum(counted.values())


def test_f29_a_full_disk_is_said_while_everything_can_be_looked_at(
    library: Furnished, visit: Visit, switch: Switch
) -> None:
    body = pictures.jpeg(64, 48, seed=2)
    switch.on(shim.WRITE | shim.CREATE, errno.ENOSPC)
    page = visit.send_form(body)
    assert page.status_code == 507
    assert "No space is left" in page.text
    refused = visit.offer(body)
    assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
    _assert_shows(visit)
    switch.off()
    assert "It has arrived" in visit.send_form(body).text
    _assert_sound(library)


def test_f29_an_upload_goes_on_where_the_disk_was_full(
    library: Furnished, visit: Visit, switch: Switch
) -> None:
    body = pictures.jpeg(64, 48, seed=3) + bytes(6 * MIB)
    offer = visit.offer(body).json()["files"][0]
    first, second = offer["parts"]
    assert visit.put(first, body[: first["size"]]).ok
    switch.on(shim.WRITE | shim.CREATE, errno.ENOSPC)
    assert visit.put(second, body[first["size"] :]).status_code == 507
    switch.off()
    missing = visit.api("GET", f"uploads/{offer['upload_id']}").json()["parts"]
    assert [part["number"] for part in missing] == [2]
    assert visit.put(missing[0], body[first["size"] :]).ok
    switch.on(shim.WRITE | shim.CREATE, errno.ENOSPC)
    assert visit.api("POST", f"uploads/{offer['upload_id']}/complete").status_code == 507
    switch.off()
    assert visit.api("POST", f"uploads/{offer['upload_id']}/complete").ok
    _assert_sound(library)


@pytest.mark.parametrize(
    ("calls", "error"),
    [
        pytest.param(shim.CHANGES | shim.OPEN, errno.EROFS, id="read-only"),
        pytest.param(shim.CHANGES, errno.EIO, id="writes fail"),
        pytest.param(shim.SYNC, errno.EIO, id="syncs fail"),
    ],
)
def test_f30_a_disk_that_takes_nothing_is_said_while_everything_can_be_looked_at(
    library: Furnished, visit: Visit, switch: Switch, calls: int, error: int
) -> None:
    body = pictures.jpeg(64, 48, seed=10 + calls)
    switch.on(calls, error)
    page = visit.send_form(body)
    assert page.status_code == 503
    assert "Nothing is lost" in page.text
    assert visit.offer(body).status_code == 503
    _assert_shows(visit)
    switch.off()
    assert "It has arrived" in visit.send_form(body).text
    _assert_sound(library)


def test_f30_a_dead_disk_is_an_answer_and_no_hang(library: Furnished, visit: Visit, switch: Switch) -> None:
    switch.on(shim.EVERYTHING, errno.EIO)
    for path in ("/", "/uploads", "/health"):
        assert visit.get(path).status_code in {200, 503}, path
    assert visit.send_form(pictures.jpeg(64, 48, seed=5)).status_code == 503
    switch.off()
    assert "It has arrived" in visit.send_form(pictures.jpeg(64, 48, seed=5)).text
    _assert_sound(library)


def test_f30_a_store_that_vanished_is_an_outage_and_never_an_empty_library(
    library: Furnished, visit: Visit
) -> None:
    storage = library.app.data / "storage"
    elsewhere = storage.with_name("storage-elsewhere")
    storage.rename(elsewhere)
    try:
        assert visit.send_form(pictures.jpeg(64, 48, seed=6)).status_code == 503
        assert visit.get("/").status_code == 200
        assert library.app.flask("fsck").returncode != 0
        assert not storage.exists()
    finally:
        elsewhere.rename(storage)
    assert "It has arrived" in visit.send_form(pictures.jpeg(64, 48, seed=6)).text
    _assert_sound(library)


def test_f30_a_data_folder_that_vanished_is_an_outage_until_it_is_back(
    library: Furnished, visit: Visit
) -> None:
    """As with a volume that is not mounted any more: nothing is made in its place."""
    data = library.app.data
    elsewhere = data.with_name("data-elsewhere")
    body = pictures.jpeg(64, 48, seed=7)
    data.rename(elsewhere)
    try:
        page = visit.send_form(body)
        assert page.status_code == 503
        assert "Nothing is lost" in page.text
        home = visit.get("/")
        assert home.status_code == 503
        assert "The list of your photos cannot be reached" in home.text
        assert {"database", "storage"} <= set(visit.get("/ready").json()["missing"])
        assert visit.offer(body).status_code == 503
        time.sleep(1)
        assert not data.exists()
    finally:
        if data.exists():
            shutil.rmtree(data)
        elsewhere.rename(data)
    until(lambda: "It has arrived" in visit.send_form(body).text, "photos are taken again")
    _assert_sound(library)
