"""People, their uploads, and leases."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from msgspec.structs import replace

from photos.db import leases, objects, uploads, users
from photos.db.engine import Database
from photos.errors import Invalid, NotFound
from photos.ids import new_id
from photos.models import Identity, Upload, User
from tests.db.making import NOW, add_user

ANN = Identity("https://issuer.example", "ann", "ann@example.org", True, "Ann")


def test_a_person_is_their_issuer_and_subject_whatever_they_are_called(database: Database) -> None:
    with database.write() as connection:
        first = users.ensure_user(connection, ANN, now=NOW, is_admin=True)
        renamed = replace(ANN, email="new@example.org", name="Änn 👩‍🚀\0")
        again = users.ensure_user(connection, renamed, now=NOW)
        other = users.ensure_user(connection, replace(ANN, issuer="https://other.example"), now=NOW)
        assert users.find_user(connection, ANN.issuer, "nobody") is None
    assert (again.id, again.is_admin, again.created_at) == (first.id, True, NOW)
    assert again.email == "new@example.org" and again.name.startswith("Änn")
    assert (other.id != first.id, other.is_admin) == (True, False)


@pytest.mark.parametrize(
    "pair", [("admin", "Admin"), ("admin", "ádmin"), ("a", "а"), ("ß", "ss"), ("\u00e9", "e\u0301")]
)
def test_names_that_look_alike_are_two_people(database: Database, pair: tuple[str, str]) -> None:
    with database.write() as connection:
        ids = {users.ensure_user(connection, replace(ANN, subject=each), now=NOW).id for each in pair}
    assert len(ids) == 2


@pytest.mark.parametrize("subject", ["", "ann ", " ann", "ann\0", "ann\n", "x" * 256])
def test_an_identity_that_an_engine_could_confuse_is_refused(database: Database, subject: str) -> None:
    with database.write() as connection, pytest.raises(Invalid):
        users.ensure_user(connection, replace(ANN, subject=subject), now=NOW)


def test_two_windows_that_sign_in_for_the_first_time_are_one_person(database: Database) -> None:
    barrier, found = Barrier(4), []

    def sign_in() -> None:
        barrier.wait()
        with database.write() as connection:
            found.append(users.ensure_user(connection, ANN, now=NOW).id)

    threads = [Thread(target=sign_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1


def test_people_are_listed_in_pages_and_changed(database: Database) -> None:
    with database.write() as connection:
        made = [add_user(connection).id for _ in range(5)]
        first = users.list_users(connection, limit=3)
        second = users.list_users(connection, limit=3, cursor=first.next)
        assert [user.id for user in (*first.items, *second.items)] == made
        assert (second.next, users.count_users(connection)) == (None, 5)
        users.set_disabled(connection, made[0], True)
        users.set_quota(connection, made[0], 10**15)
        changed = users.lock_user(connection, made[0])
        assert (changed.is_disabled, changed.quota_bytes) == (True, 10**15)
        for act in (users.get_user, users.lock_user):
            with pytest.raises(NotFound):
                act(connection, 10**12)
        with pytest.raises(NotFound):
            users.set_disabled(connection, 10**12, True)


def _offer(owner: User, **changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "id": new_id(), "owner_id": owner.id, "name": "a.jpg", "size_bytes": 100, "sha256": "ab" * 32,
        "storage_key": f"originals/{new_id()}", "part_size": 50, "now": NOW,
        "expires_at": NOW + timedelta(days=7),
    }  # fmt: skip
    return values | changes


def _add(connection: object, owner: User, **changes: object) -> Upload:
    return uploads.add_upload(connection, **_offer(owner, **changes))  # type: ignore[arg-type]


def test_an_upload_is_its_owners_from_offer_to_photo(database: Database) -> None:
    with database.write() as connection:
        owner, stranger = add_user(connection), add_user(connection)
        upload = _add(connection, owner)
        assert uploads.find_open_upload(connection, owner.id, upload.sha256) == upload
        assert uploads.find_open_upload(connection, stranger.id, upload.sha256) is None
        with pytest.raises(NotFound):
            uploads.get_upload(connection, upload.id, owner_id=stranger.id)
        assert uploads.reserved_bytes(connection, owner.id) == 100
        assert uploads.list_open_keys(connection) == [upload.storage_key]
        assert objects.is_wanted(connection, upload.storage_key)
        uploads.finish_upload(connection, upload.id, "photo-id")
        uploads.finish_upload(connection, upload.id, "photo-id")
        uploads.refuse_upload(connection, upload.id, "too late")
        done = uploads.get_upload(connection, upload.id, owner_id=owner.id)
        assert (done.state, done.photo_id, done.reason) == ("complete", "photo-id", "")
        assert uploads.find_open_upload(connection, owner.id, upload.sha256) is None
        assert uploads.reserved_bytes(connection, owner.id) == 0


def test_of_two_requests_that_begin_the_same_upload_one_names_it(database: Database) -> None:
    with database.write() as connection:
        upload = _add(connection, add_user(connection))
        first = uploads.set_multipart_id(connection, upload.id, "first", instead_of="")
        second = uploads.set_multipart_id(connection, upload.id, "second", instead_of="")
    assert (first.multipart_id, second.multipart_id) == ("first", "first")


def test_uploads_whose_time_is_over_are_swept_in_that_order(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        late, early, refused = (
            _add(connection, owner, sha256=f"{days}" * 64, expires_at=NOW + timedelta(days=days))
            for days in (3, 2, 1)
        )
        uploads.refuse_upload(connection, refused.id, "x" * 999)
        then = NOW + timedelta(days=3)
        assert [each.id for each in uploads.list_expired_uploads(connection, then, 9)] == [early.id, late.id]
        assert uploads.list_expired_uploads(connection, NOW, 9) == []
        assert uploads.forget_finished_uploads(connection, then) == 1
        uploads.delete_upload(connection, late.id)
        uploads.delete_upload(connection, late.id)
        with pytest.raises(NotFound):
            uploads.get_upload(connection, late.id, owner_id=owner.id)


def test_a_lease_has_one_holder_until_it_runs_out_or_is_given_back(database: Database) -> None:
    with database.write() as connection:
        later = NOW + timedelta(seconds=11)
        assert leases.acquire(connection, "sweep", "a", now=NOW, seconds=10)
        assert leases.acquire(connection, "sweep", "a", now=NOW, seconds=10)
        assert not leases.acquire(connection, "sweep", "b", now=NOW, seconds=10)
        assert leases.acquire(connection, "sweep", "b", now=later, seconds=10)
        leases.release(connection, "sweep", "a")
        assert not leases.acquire(connection, "sweep", "a", now=later, seconds=10)
        leases.release(connection, "sweep", "b")
        assert leases.acquire(connection, "sweep", "a", now=later, seconds=10)


def test_of_many_who_want_a_new_lease_one_gets_it(database: Database) -> None:
    barrier, won = Barrier(5), []

    def want(holder: str) -> None:
        barrier.wait()
        with database.write() as connection:
            if leases.acquire(connection, "reader", holder, now=NOW, seconds=10):
                won.append(holder)

    threads = [Thread(target=want, args=(f"holder {number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
