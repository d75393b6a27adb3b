"""Accounts on both engines: links, limits, codes, and what concurrent requests may not do twice."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from photos.config import Settings, read_settings
from photos.db import accounts as account_rows
from photos.db import rate
from photos.db import sessions as session_rows
from photos.db import users as user_rows
from photos.db.engine import Database
from photos.errors import Conflict, Denied, Invalid, NotFound, TooMany
from photos.ids import hash_secret
from photos.services import accounts, email_addresses, links, signing_in, tokens
from tests.proof import Sweep

PASSWORD = "a lighthouse at noon"
BASE = "http://localhost"


@pytest.fixture(params=["sqlite", "mariadb"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated, empty database on each engine."""
    opened = Database(request.getfixturevalue(f"migrated_{request.param}_url"))
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three tries in a long window."""
    return read_settings({"BIGIMAGE_DATA": str(tmp_path), "SIGN_IN_ATTEMPTS": "3"})


def secret_of(link: str) -> str:
    return link.rpartition("/")[2]


def check(
    database: Database, settings: Settings, email: str, password: str, address: str = "192.0.2.1"
) -> None:
    signing_in.check_password(email, password, address=address, settings=settings, database=database)


def race(count: int, act: Callable[[int], object]) -> list[object]:
    """Run `act` in parallel threads; the answers, or the errors in their place."""
    answers: list[object] = [None] * count
    start = threading.Barrier(count)

    def run(index: int) -> None:
        start.wait()
        try:
            answers[index] = act(index)
        except Exception as error:
            answers[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_one_setup_link_makes_one_administrator_however_many_try(database: Database) -> None:
    secret = secret_of(links.ensure_setup_link(database=database, base_url=BASE))

    def use(index: int) -> object:
        return links.use_link(
            secret, email=f"boss{index}@example.org", name="", password=PASSWORD, database=database
        )

    answers = race(4, use)
    assert sum(isinstance(answer, account_rows.Account) for answer in answers) == 1
    assert sum(isinstance(answer, NotFound) for answer in answers) == 3
    with database.read() as connection:
        assert user_rows.count_users(connection) == 1
        assert user_rows.has_admin(connection)


def test_an_address_has_one_account_however_it_is_written(database: Database) -> None:
    accounts.create_account("Zoë@Example.org", PASSWORD, database=database)
    for twin in ("zoë@example.org", " ZOË@EXAMPLE.ORG ", "zoe\u0308@example.org", "\uff3aoë@example.org"):
        with pytest.raises(Conflict):
            accounts.create_account(twin, PASSWORD, database=database)
    accounts.create_account("zoe@example.org", PASSWORD, database=database)
    with database.read() as connection:
        assert user_rows.count_users(connection) == 2


@pytest.mark.parametrize(
    "email",
    [
        "",
        "x",
        "@",
        "a@",
        "@b",
        "a b@c.de",
        "a@b\0.de",
        "a@b\r\nc.de",
        "<a@b.de>",
        "a" * 320 + "@b.de",
        "a\u200b@b.de",
    ],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Invalid) as caught:
        email_addresses.fold_email(email)
    assert caught.value.field == "email"


def test_the_limit_holds_for_parallel_tries(database: Database, settings: Settings) -> None:
    accounts.create_account("one@example.org", PASSWORD, database=database)
    answers = race(8, lambda _: check(database, settings, "one@example.org", "wrong"))
    assert sum(isinstance(answer, Invalid) for answer in answers) == 3
    assert sum(isinstance(answer, TooMany) for answer in answers) == 5


def test_an_address_is_limited_over_many_accounts_and_ipv6_by_its_network(
    database: Database, settings: Settings
) -> None:
    for number in range(15):
        with pytest.raises(Invalid):
            check(database, settings, f"x{number}@example.org", "wrong", f"2001:db8::{number:x}")
    with pytest.raises(TooMany) as caught:
        check(database, settings, "fresh@example.org", "wrong", "2001:db8::ffff")
    assert 0 < caught.value.retry_after_seconds <= settings.sign_in_window_seconds + 1
    with pytest.raises(Invalid):
        check(database, settings, "fresh@example.org", "wrong", "2001:db8:0:1::1")


def test_a_limit_ends_with_its_window(database: Database) -> None:
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def take(moment: datetime) -> None:
        with database.write() as connection:
            rate.take(connection, "t", "x", limit=2, window_seconds=60, now=moment, reason="Slow down.")

    take(begin)
    take(begin + timedelta(seconds=1))
    with pytest.raises(TooMany) as caught:
        take(begin + timedelta(seconds=45))
    assert caught.value.retry_after_seconds in {15, 16}
    take(begin + timedelta(seconds=60))
    with database.write() as connection:
        assert rate.delete_old(connection, before=begin + timedelta(seconds=30)) == 1


def test_a_code_is_good_once_even_for_parallel_exchanges(database: Database) -> None:
    accounts.create_account("one@example.org", PASSWORD, database=database)
    with database.read() as connection:
        account = account_rows.find_account(connection, "one@example.org")
    assert account is not None
    application = signing_in.Application("http://localhost/sign-in/callback", "n", "c" * 43)
    code = signing_in.grant_code(account, application, database=database)

    def spend(_: int) -> object:
        with database.write() as connection:
            return account_rows.spend_code(connection, hash_secret(code), now=datetime.now(UTC))

    answers = race(6, spend)
    assert sum(isinstance(answer, account_rows.Grant) for answer in answers) == 1
    assert answers.count(None) == 5


def test_links_end_after_their_time_and_are_swept(database: Database) -> None:
    accounts.create_account("one@example.org", PASSWORD, database=database)
    secret = secret_of(links.create_reset_link("ONE@example.org", database=database, base_url=BASE))
    assert links.get_link(secret, database=database).purpose == "reset"
    later = datetime.now(UTC) + timedelta(seconds=links.RESET_SECONDS + 1)
    with database.read() as connection:
        assert account_rows.find_link(connection, hash_secret(secret), now=later) is None
    assert accounts.delete_expired(later, database=database) >= 1
    with pytest.raises(NotFound):
        links.get_link(secret, database=database)


def test_a_second_reset_link_ends_the_first(database: Database) -> None:
    accounts.create_account("one@example.org", PASSWORD, database=database)
    first, second = (
        secret_of(links.create_reset_link("one@example.org", database=database, base_url=BASE))
        for _ in range(2)
    )
    with pytest.raises(NotFound):
        links.get_link(first, database=database)
    assert links.get_link(second, database=database)
    with pytest.raises(NotFound):
        links.create_reset_link("two@example.org", database=database, base_url=BASE)


def test_sign_up_is_denied_unless_open(database: Database, settings: Settings) -> None:
    with pytest.raises(Denied):
        signing_in.sign_up(
            "a@b.de", PASSWORD, name="", address="192.0.2.1", settings=settings, database=database
        )


def test_locking_somebody_ends_their_sessions(database: Database) -> None:
    boss = accounts.create_account("boss@example.org", PASSWORD, is_admin=True, database=database)
    one = accounts.create_account("one@example.org", PASSWORD, database=database)
    now = datetime.now(UTC)
    with database.write() as connection:
        session_rows.add_session(
            connection, id_hash="0" * 64, user_id=one.id, content="{}", now=now,
            expires_at=now + timedelta(days=1), user_agent="x" * 1000, address="::1",
        )  # fmt: skip
    accounts.set_disabled(one.id, True, by=boss, database=database)
    with database.read() as connection:
        old = now - timedelta(days=1)
        assert session_rows.find_session(connection, "0" * 64, now=now, seen_since=old) is None
        assert user_rows.get_user(connection, one.id).is_disabled
    with pytest.raises(Conflict):
        accounts.set_disabled(boss.id, True, by=boss, database=database)


@pytest.mark.parametrize("scopes", [frozenset(), frozenset({"admin"}), frozenset({"read", "root"})])
def test_a_token_has_scopes_that_exist(database: Database, scopes: frozenset[str]) -> None:
    one = accounts.create_account("one@example.org", PASSWORD, database=database)
    with pytest.raises(Invalid):
        tokens.create_token(one, name="t", scopes=scopes, database=database)


def test_tokens_by_address_need_an_account(database: Database) -> None:
    accounts.create_account("one@example.org", PASSWORD, database=database)
    secret = tokens.create_token_for(
        "One@Example.org", name="cli", scopes=frozenset({"read"}), database=database
    )
    assert secret.startswith("bgi_")
    with pytest.raises(NotFound):
        tokens.create_token_for("two@example.org", name="cli", scopes=frozenset({"read"}), database=database)


@pytest.mark.proof
@pytest.mark.usefixtures("dear_passwords")
def test_an_unknown_account_takes_as_long_as_a_wrong_password(
    migrated_sqlite_url: str, tmp_path: Path, sweep: Sweep
) -> None:
    database = Database(migrated_sqlite_url)
    settings = read_settings({"BIGIMAGE_DATA": str(tmp_path), "SIGN_IN_ATTEMPTS": "1000"})
    accounts.create_account("one@example.org", PASSWORD, database=database)
    spent: dict[str, list[float]] = {"one@example.org": [], "two@example.org": []}
    for _ in range(20):
        for email, times in spent.items():
            begin = time.thread_time()
            with pytest.raises(Invalid):
                check(database, settings, email, "wrong password here")
            times.append(time.thread_time() - begin)
    sweep.cases = sum(map(len, spent.values()))
    known, unknown = (statistics.median(times) for times in spent.values())
    assert abs(known - unknown) / known < 0.1
    database.close()
