"""The access table: who may use which (endpoint, method). A route that is not in it is refused, and
`tests/web/test_routes.py` fails for a route without a row and for a row without a route.

HEAD counts as GET; OPTIONS is answered by nobody.
"""

from __future__ import annotations

from enum import Enum

from flask import Request


class Access(Enum):
    """Who may call a route."""

    PUBLIC = "public"
    """Anybody. Unsafe methods need the CSRF token of the browser's session."""
    SIGNED_URL = "signed url"
    """Whoever holds the signed URL. No session is read, so there is nothing to forge a request with."""
    SIGNED_IN = "signed in"
    """Every person, about themselves or about nothing in particular."""
    OWNER = "owner"
    """Every person; the view asks the database with the owner's id, so another's thing is not there."""
    ADMIN = "admin"
    """Administrators."""
    DAEMON = "daemon"
    """The daemon on the machine of the worker tier, where alone these routes exist; its door looks itself."""


PUBLIC, SIGNED_URL, SIGNED_IN, OWNER, ADMIN, DAEMON = Access

ACCESS: dict[tuple[str, str], Access] = {
    ("static", "GET"): PUBLIC,
    ("health.health", "GET"): PUBLIC,
    ("health.ready", "GET"): PUBLIC,
    ("health.version", "GET"): PUBLIC,
    ("media.read", "GET"): SIGNED_URL,
    ("media.write_part", "PUT"): SIGNED_URL,
    ("worker.take_message", "POST"): DAEMON,
    ("worker.keep_hour", "POST"): DAEMON,
    # signing in
    ("accounts.sign_in", "GET"): PUBLIC,
    ("accounts.callback", "GET"): PUBLIC,
    ("accounts.signed_out", "GET"): PUBLIC,
    ("provider.authorize", "GET"): PUBLIC,
    ("provider.authorize", "POST"): PUBLIC,
    ("provider.sign_up", "GET"): PUBLIC,
    ("provider.sign_up", "POST"): PUBLIC,
    ("provider.link", "GET"): PUBLIC,
    ("provider.link", "POST"): PUBLIC,
    # oneself
    ("accounts.sign_out", "POST"): SIGNED_IN,
    ("accounts.account", "GET"): SIGNED_IN,
    ("accounts.rename", "POST"): SIGNED_IN,
    ("accounts.change_password", "POST"): SIGNED_IN,
    ("accounts.choose_theme", "POST"): SIGNED_IN,
    ("accounts.end_session", "POST"): OWNER,
    ("accounts.end_sessions", "POST"): SIGNED_IN,
    ("accounts.create_token", "POST"): SIGNED_IN,
    ("accounts.revoke_token", "POST"): OWNER,
    # people
    ("people.index", "GET"): ADMIN,
    ("people.invite", "POST"): ADMIN,
    ("people.reset", "POST"): ADMIN,
    ("people.lock", "POST"): ADMIN,
    ("people.unlock", "POST"): ADMIN,
    ("people.quota", "POST"): ADMIN,
    # work that failed
    ("jobs.index", "GET"): ADMIN,
    ("jobs.revive", "POST"): ADMIN,
    ("jobs.revive_all", "POST"): ADMIN,
    # photos
    ("timeline.index", "GET"): SIGNED_IN,
    ("timeline.choose", "GET"): SIGNED_IN,
    ("samples.add", "POST"): SIGNED_IN,
    ("samples.remove", "POST"): SIGNED_IN,
    ("search.index", "GET"): SIGNED_IN,
    ("search.found", "GET"): SIGNED_IN,
    ("search.facets", "GET"): SIGNED_IN,
    ("map.index", "GET"): SIGNED_IN,
    ("map.box", "GET"): SIGNED_IN,
    ("trash.index", "GET"): SIGNED_IN,
    ("uploads.index", "GET"): SIGNED_IN,
    ("uploads.send", "POST"): SIGNED_IN,
    ("uploads.try_drop_again", "POST"): OWNER,
    ("lookup.index", "GET"): SIGNED_IN,
    ("lookup.ask", "POST"): SIGNED_IN,
    ("duplicates.index", "GET"): SIGNED_IN,
    ("duplicates.merge", "POST"): SIGNED_IN,
    ("duplicates.restore", "POST"): SIGNED_IN,
    ("duplicates.keep_apart", "POST"): SIGNED_IN,
    ("photo.show", "GET"): OWNER,
    ("photo.describe", "POST"): OWNER,
    ("photo.favour", "POST"): OWNER,
    ("photo.rate", "POST"): OWNER,
    ("photo.tag", "POST"): OWNER,
    ("photo.decide_label", "POST"): OWNER,
    ("photo.date", "POST"): OWNER,
    ("photo.place", "POST"): OWNER,
    ("photo.trash", "POST"): OWNER,
    ("photo.restore", "POST"): OWNER,
    ("photo.reprocess", "POST"): OWNER,
    ("photo.turn", "POST"): OWNER,
    ("photo.confirm_purge", "GET"): OWNER,
    ("photo.purge", "POST"): OWNER,
    # changes to many photos
    ("archive.index", "GET"): SIGNED_IN,
    ("changes.index", "GET"): SIGNED_IN,
    ("changes.make", "POST"): SIGNED_IN,
    ("changes.show", "GET"): OWNER,
    ("changes.undo", "POST"): OWNER,
    ("downloads.create", "POST"): SIGNED_IN,
    ("downloads.show", "GET"): OWNER,
    ("downloads.pack", "GET"): OWNER,
    # the API
    ("api.openapi", "GET"): PUBLIC,
    ("api.get_me", "GET"): SIGNED_IN,
    ("api.change_me", "PATCH"): SIGNED_IN,
    ("api.change_password", "POST"): SIGNED_IN,
    ("api.list_sessions", "GET"): SIGNED_IN,
    ("api.end_session", "DELETE"): OWNER,
    ("api.list_tokens", "GET"): SIGNED_IN,
    ("api.create_token", "POST"): SIGNED_IN,
    ("api.revoke_token", "DELETE"): OWNER,
    ("api.list_people", "GET"): ADMIN,
    ("api.invite_person", "POST"): ADMIN,
    ("api.change_person", "PATCH"): ADMIN,
    ("api.create_reset_link", "POST"): ADMIN,
    ("api.offer_files", "POST"): SIGNED_IN,
    ("api.get_upload", "GET"): OWNER,
    ("api.complete_upload", "POST"): OWNER,
    ("api.abandon_upload", "DELETE"): OWNER,
    ("api.list_photos", "GET"): SIGNED_IN,
    ("api.list_states", "GET"): SIGNED_IN,
    ("api.get_timeline", "GET"): SIGNED_IN,
    ("api.list_month_chunks", "GET"): SIGNED_IN,
    ("api.list_month_photos", "GET"): SIGNED_IN,
    ("api.get_map", "GET"): SIGNED_IN,
    ("api.search_photos", "GET"): SIGNED_IN,
    ("api.list_suggestions", "GET"): SIGNED_IN,
    ("api.list_facets", "GET"): SIGNED_IN,
    ("api.list_found_ids", "GET"): SIGNED_IN,
    ("api.look_up", "POST"): SIGNED_IN,
    ("api.list_duplicates", "GET"): SIGNED_IN,
    ("api.merge_duplicates", "POST"): SIGNED_IN,
    ("api.keep_apart", "POST"): SIGNED_IN,
    ("api.change_photos", "POST"): SIGNED_IN,
    ("api.list_changes", "GET"): SIGNED_IN,
    ("api.get_change", "GET"): OWNER,
    ("api.list_failures", "GET"): OWNER,
    ("api.undo_change", "POST"): OWNER,
    ("api.get_photo", "GET"): OWNER,
    ("api.change_photo", "PATCH"): OWNER,
    ("api.trash_photo", "POST"): OWNER,
    ("api.restore_photo", "POST"): OWNER,
    ("api.purge_photo", "DELETE"): OWNER,
    ("api.reprocess_photo", "POST"): OWNER,
    ("api.turn_photo", "POST"): OWNER,
    ("api.decide_label", "PUT"): OWNER,
    ("api.undecide_label", "DELETE"): OWNER,
}

LARGE_BODIES: dict[tuple[str, str], int | None] = {
    # a form of many photos, kept on disk while it is read; each photo has its own limit
    ("uploads.send", "POST"): 4 * 1024**3,
    ("lookup.ask", "POST"): 1024**3,
    ("media.write_part", "PUT"): None,
    ("api.look_up", "POST"): None,
}
"""Bytes a route takes where that is more than MAX_BODY_BYTES; None where the view itself counts."""

MAX_BODY_BYTES = 1024 * 1024
"""What a form or a JSON document may be."""

NO_SESSION = ("/static/", "/media/", "/health", "/ready", "/version", "/worker/")
"""Paths that answer without looking at a cookie."""


def access_of(endpoint: str, method: str) -> Access | None:
    """Who may call it; None for a route that nobody has classified."""
    return ACCESS.get((endpoint, "GET" if method == "HEAD" else method))


def needs_session(request: Request) -> bool:
    """Whether this request may look at the browser's session: not for files and health, nor for programs."""
    if request.path.startswith(NO_SESSION):
        return False
    return not is_bearer(request)


def is_bearer(request: Request) -> bool:
    """Whether a program with a personal token asks. Tokens open the API and nothing else."""
    scheme = request.headers.get("Authorization", "").partition(" ")[0]
    return request.path.startswith("/api/") and scheme.lower() == "bearer"
