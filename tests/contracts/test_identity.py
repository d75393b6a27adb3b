"""What every identity provider owes: a one-time code, bound to browser, address and challenge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from photos.backends.identity import IdentityProvider
from photos.backends.identity.local import LocalIdentity
from photos.backends.identity.pkce import s256
from photos.db import accounts as account_rows
from photos.db.engine import Database
from photos.errors import IdentityError, Invalid
from photos.services import accounts, signing_in

PASSWORD = "a lighthouse at noon"
RETURN = "http://localhost/sign-in/callback"
VERIFIER = "v" * 43


@dataclass
class Stage:
    """A provider with one person who has just typed the right password."""

    provider: IdentityProvider
    database: Database
    now: datetime

    def code(self, *, nonce: str = "nonce", verifier: str = VERIFIER) -> str:
        """The one-time code that the browser would bring back."""
        with self.database.read() as connection:
            account = account_rows.find_account(connection, "one@example.org")
        assert account is not None
        application = signing_in.Application(RETURN, nonce, s256(verifier))
        return signing_in.grant_code(account, application, database=self.database)


@pytest.fixture(params=["local"])
def stage(request: pytest.FixtureRequest, migrated_sqlite_url: str) -> Iterator[Stage]:
    """Each provider in turn."""
    database = Database(migrated_sqlite_url)
    accounts.create_account("one@example.org", PASSWORD, name="One", database=database)
    made = Stage(LocalIdentity(database), database, datetime.now(UTC))
    yield made
    database.close()


def exchange(stage: Stage, code: str, **changes: str) -> object:
    wanted = {"redirect_uri": RETURN, "nonce": "nonce", "code_verifier": VERIFIER} | changes
    return stage.provider.exchange(code, **wanted)


def test_the_authorize_address_carries_all_that_oidc_demands(stage: Stage) -> None:
    url = stage.provider.authorize_url(redirect_uri=RETURN, state="s", nonce="n", code_challenge="c")
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    wanted = {
        "response_type": "code", "redirect_uri": RETURN, "state": "s", "nonce": "n", "code_challenge": "c",
        "code_challenge_method": "S256",
    }  # fmt: skip
    assert wanted.items() <= query.items()
    assert "openid" in query["scope"].split()


def test_a_code_says_who_it_is_once(stage: Stage) -> None:
    code = stage.code()
    identity = exchange(stage, code)
    assert (identity.issuer, identity.email, identity.name) == (
        stage.provider.issuer,
        "one@example.org",
        "One",
    )  # type: ignore[attr-defined]
    assert identity.subject  # type: ignore[attr-defined]
    with pytest.raises(Invalid):
        exchange(stage, code)


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": RETURN + "/"},
        {"redirect_uri": "https://evil.example/sign-in/callback"},
        {"nonce": "other"},
        {"nonce": ""},
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"code_verifier": s256(VERIFIER)},
        {"code_verifier": "é\0"},
    ],
)
def test_a_code_fits_one_browser_and_is_spent_by_a_wrong_try(stage: Stage, changes: dict[str, str]) -> None:
    code = stage.code()
    with pytest.raises(Invalid):
        exchange(stage, code, **changes)
    with pytest.raises(Invalid):
        exchange(stage, code)


@pytest.mark.parametrize("code", ["", "x", "x" * 100_000, "\0", "\ud800", "🦀"])
def test_an_unknown_code_is_refused(stage: Stage, code: str) -> None:
    with pytest.raises(Invalid):
        exchange(stage, code)


def test_a_code_ends_after_a_minute(stage: Stage) -> None:
    code = stage.code()
    late = LocalIdentity(stage.database, clock=lambda: datetime.now(UTC) + timedelta(seconds=61))
    with pytest.raises(Invalid):
        late.exchange(code, redirect_uri=RETURN, nonce="nonce", code_verifier=VERIFIER)


def test_a_locked_account_gets_no_identity(stage: Stage) -> None:
    code = stage.code()
    with stage.database.write() as connection:
        account = account_rows.find_account(connection, "one@example.org")
        assert account is not None
        account_rows.set_account_disabled(connection, account.subject, True)
    with pytest.raises(Invalid):
        exchange(stage, code)


def test_a_subject_is_the_same_each_time_and_no_address(stage: Stage) -> None:
    subjects = {exchange(stage, stage.code()).subject for _ in range(2)}  # type: ignore[attr-defined]
    assert len(subjects) == 1
    assert "@" not in subjects.pop()


def test_signing_out_leads_back(stage: Stage) -> None:
    assert stage.provider.sign_out_url(return_to="http://localhost/signed-out").endswith("/signed-out")


def test_an_outage_is_later_and_not_never(tmp_path: Path) -> None:
    database = Database("mysql+mysqlconnector://nobody@127.0.0.1:9/none")
    provider = LocalIdentity(database)
    with pytest.raises(IdentityError):
        provider.exchange("c", redirect_uri=RETURN, nonce="n", code_verifier=VERIFIER)
    with pytest.raises(IdentityError):
        provider.ping()
    database.close()


def test_ping_is_quiet_while_all_is_well_and_uses_nothing_up(stage: Stage) -> None:
    code = stage.code()
    stage.provider.ping()
    assert exchange(stage, code).subject  # type: ignore[attr-defined]
