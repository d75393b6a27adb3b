"""Browser sessions: one `SessionInterface` over the table `session`, with flask-login on top.

Whoever has signed in holds a random id that means nothing by itself: the row behind it can be ended
from anywhere, at once, in every process. A visitor gets no row, only a signed cookie with the CSRF
secret and messages. Both live under the same cookie name, so signing in replaces the one by the other.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from flask import Flask, Request, Response, request, session
from flask.sessions import SessionInterface, SessionMixin
from flask_login import LoginManager, login_user, logout_user
from itsdangerous import BadSignature, URLSafeTimedSerializer

from photos.config import Settings
from photos.db import sessions as session_rows
from photos.db import tokens as token_rows
from photos.db import users as user_rows
from photos.db.engine import Database
from photos.errors import BackendError
from photos.ids import hash_secret, new_secret
from photos.models import Session, User
from photos.web import csrf, routes
from photos.web.deps import Person, database
from photos.wiring import derived_key

log = logging.getLogger(__name__)

SIGNED_IN = "s."
VISITOR = "v."
VISITOR_SECONDS = 86400
SEEN_EVERY = timedelta(minutes=1)
"""Last-seen times are written at most this often."""


class BrowserSession(dict[str, Any], SessionMixin):
    """What one browser carries. `id_hash` is empty for a visitor."""

    def __init__(
        self,
        content: str = "{}",
        stored: Session | None = None,
        id_hash: str = "",
        *,
        person: User | None = None,
    ) -> None:
        super().__init__(json.loads(content))
        self.stored = stored
        self.id_hash = id_hash
        self.before = content
        """What it carried at the start of the request, as JSON text."""
        self.new_cookie = ""
        """The cookie's value where it has to be set: the only moment at which it is known."""
        self.ended = False
        self.person = person
        """Whose session it is, read together with it; None for a visitor."""
        self.failure: BackendError | None = None
        """Why the session could not be read; raised once the request is far enough to answer in words."""

    @property
    def changed(self) -> bool:
        """Whether it carries something else than at the start of the request."""
        return bool(self != json.loads(self.before))


class DatabaseSessions(SessionInterface):
    """Reads and writes browser sessions."""

    def __init__(self, settings: Settings, database: Database, key: bytes) -> None:
        self.settings = settings
        self.database = database
        self.cookie = "__Host-bigimage" if settings.is_https else "bigimage"
        self.signer = URLSafeTimedSerializer(key, salt="visitor")

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """The session of the cookie, or a fresh visitor's. Never raises."""
        cookie = request.cookies.get(self.cookie, "") if routes.needs_session(request) else ""
        if cookie.startswith(SIGNED_IN):
            return self._open_signed_in(cookie)
        if cookie.startswith(VISITOR):
            try:
                content = self.signer.loads(cookie.removeprefix(VISITOR), max_age=VISITOR_SECONDS)
            except BadSignature:
                content = None
            # a visitor's cookie can never say who somebody is
            return BrowserSession(json.dumps(_visitor_part(content)) if isinstance(content, dict) else "{}")
        return BrowserSession()

    def _open_signed_in(self, cookie: str) -> BrowserSession:
        id_hash = hash_secret(cookie)
        now = datetime.now(UTC)
        try:
            with self.database.read() as connection:
                found = session_rows.find_session(
                    connection, id_hash, now=now, seen_since=self.seen_since(now)
                )
        except BackendError as error:
            opened = BrowserSession()
            opened.failure = error
            return opened
        if found is None:
            opened = BrowserSession()
            opened.ended = True
            return opened
        return BrowserSession(found.content, found.session, id_hash, person=found.person)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set, keep or remove the cookie; write what has changed."""
        browser = cast(BrowserSession, session)
        if browser.failure is not None or not routes.needs_session(request):
            return
        if browser.new_cookie:
            self._set_cookie(response, browser.new_cookie, max_age=self.settings.session_seconds)
        elif browser.stored is not None:
            self._write(browser)
        elif browser.changed:
            value = VISITOR + str(self.signer.dumps(dict(browser)))
            self._set_cookie(response, value, max_age=VISITOR_SECONDS)
        elif browser.ended:
            response.delete_cookie(
                self.cookie, path="/", secure=self.settings.is_https, httponly=True, samesite="Lax"
            )

    def _write(self, browser: BrowserSession) -> None:
        now = datetime.now(UTC)
        stored = cast(Session, browser.stored)
        is_due = now - stored.last_seen_at >= SEEN_EVERY
        if not browser.changed and not is_due:
            return
        try:
            with self.database.write(is_flushed=False) as connection:
                if browser.changed:
                    content = json.dumps(browser)
                    session_rows.save_session(connection, browser.id_hash, content=content, now=now)
                else:
                    session_rows.touch_session(connection, browser.id_hash, now=now)
        except BackendError:
            # the page itself is made; a message or a last-seen time is not worth refusing it
            log.warning("a session could not be written", exc_info=True)

    def _set_cookie(self, response: Response, value: str, *, max_age: int) -> None:
        response.set_cookie(
            self.cookie,
            value,
            max_age=max_age,
            path="/",
            secure=self.settings.is_https,
            httponly=True,
            samesite="Lax",
        )

    def seen_since(self, now: datetime) -> datetime:
        """Sessions that were last seen before this are over."""
        return now - timedelta(seconds=self.settings.session_idle_seconds)


def init_sessions(app: Flask, settings: Settings, database: Database, secret_key: str) -> None:
    """Install sessions and flask-login."""
    app.secret_key = derived_key(secret_key, "flask").hex()
    app.session_interface = DatabaseSessions(settings, database, derived_key(secret_key, "session"))
    manager = LoginManager()
    manager.session_protection = None
    # hashed anew for every request, though nobody compares it while its protection is off
    manager._session_identifier_generator = str
    manager.user_loader(_load_person)
    manager.request_loader(_load_token)
    manager.init_app(app, add_context_processor=False)


def sign_in(person: User) -> None:
    """Give this browser a new session for the person; whatever cookie it held before is dead."""
    browser = current()
    interface = _interface()
    now = datetime.now(UTC)
    secret = SIGNED_IN + new_secret()
    previous = browser.id_hash
    browser.clear()
    login_user(Person(person))
    browser[csrf.NAME] = csrf.new_secret()
    with interface.database.write() as connection:
        if previous:
            session_rows.delete_session(connection, previous)
        browser.stored = session_rows.add_session(
            connection,
            id_hash=hash_secret(secret),
            user_id=person.id,
            content=json.dumps(browser),
            now=now,
            expires_at=now + timedelta(seconds=interface.settings.session_seconds),
            user_agent=request.user_agent.string,
            address=request.remote_addr or "",
        )
    browser.new_cookie = secret
    browser.id_hash = hash_secret(secret)
    browser.before = json.dumps(browser)


def sign_out() -> None:
    """End this browser's session, in the database too."""
    browser = current()
    with database().write() as connection:
        session_rows.delete_session(connection, browser.id_hash)
    logout_user()
    browser.clear()
    browser.stored = None
    browser.id_hash = ""
    browser.new_cookie = ""
    browser.before = json.dumps(browser)
    browser.ended = True


def current() -> BrowserSession:
    """The session of this request."""
    return cast(BrowserSession, session._get_current_object())  # type: ignore[attr-defined]


def seen_since() -> datetime:
    """Sessions last seen before this instant are over."""
    return _interface().seen_since(datetime.now(UTC))


def _interface() -> DatabaseSessions:
    from flask import current_app

    return cast(DatabaseSessions, current_app.session_interface)


def _visitor_part(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name in {csrf.NAME, "_flashes", "provider"}}


def _load_person(_: str) -> Person | None:
    """The row says whose session it is; nobody from the next request on if they are locked or gone."""
    person = current().person
    return None if person is None or person.is_disabled else Person(person)


def _load_token(request: Request) -> Person | None:
    """Whose personal token a program sends. Raises BackendError where that cannot be known."""
    if not routes.is_bearer(request):
        return None
    token_hash = hash_secret(request.headers.get("Authorization", "").partition(" ")[2].strip())
    now = datetime.now(UTC)
    with database().read() as connection:
        token = token_rows.find_token(connection, token_hash, now=now)
        person = user_rows.find_user_by_id(connection, token.user_id) if token else None
    if token is None or person is None or person.is_disabled:
        return None
    if token.last_used_at is None or now - token.last_used_at >= SEEN_EVERY:
        try:
            with database().write(is_flushed=False) as connection:
                token_rows.touch_token(connection, token_hash, now=now)
        except BackendError:
            log.warning("a token's last use could not be written", exc_info=True)
    return Person(person, token)
