"""What administrators do for people: invite, lock out, let in, reset a password, set a quota."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from photos.db import users as user_rows
from photos.errors import Conflict, Invalid
from photos.services import accounts, links
from photos.services.promises import size_words
from photos.web import deps

blueprint = Blueprint("people", __name__, url_prefix="/account/people")

PAGE = 100
GIGABYTE = 1_000_000_000
MOST_GIGABYTES = accounts.LARGEST_QUOTA_BYTES // GIGABYTE
Page = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> str:
    """Everybody, in order of arrival."""
    return _people_page()


@blueprint.post("/invite")
def invite() -> Page:
    """Make an invitation. The link is in this answer and nowhere else, so this POST shows a page."""
    deps.check_accounts_are_ours()
    link = links.create_invitation(
        made_by=deps.user(),
        is_admin=deps.form_text("is_admin", limit=10, required=False) == "yes",
        database=deps.database(),
        base_url=deps.settings().base_url,
    )
    return _people_page(
        link=link, link_words="Send this to whom you want to invite. It works once, for a week."
    )


@blueprint.post("/<subject>/reset")
def reset(subject: str) -> Page:
    """Make a link for a new password, shown in this answer and nowhere else. Raises NotFound."""
    deps.check_accounts_are_ours()
    person = deps.get_person(subject)
    link = links.create_reset_link(
        person.email, database=deps.database(), base_url=deps.settings().base_url, made_by=deps.user()
    )
    words = f"Send this to {person.email}. It works once, for an hour."
    return _people_page(link=link, link_words=words)


@blueprint.post("/<subject>/lock")
def lock(subject: str) -> Page:
    """Lock somebody out, at once."""
    return _set_disabled(subject, is_disabled=True, words="is locked out")


@blueprint.post("/<subject>/unlock")
def unlock(subject: str) -> Page:
    """Let somebody in again."""
    return _set_disabled(subject, is_disabled=False, words="can sign in again")


@blueprint.post("/<subject>/quota")
def quota(subject: str) -> Page:
    """Set how much somebody may store, in gigabytes; empty is the default. Raises NotFound."""
    person = deps.get_person(subject)
    try:
        text = deps.form_text("gigabytes", limit=20, required=False)
        size = _size_bytes(text) if text else None
    except Invalid as error:
        return _people_page(error=error, subject=subject), 400
    with deps.database().write() as connection:
        user_rows.set_quota(connection, person.id, size)
    flash(f"{person.email} may store {size_words(size) if size is not None else 'the default amount'}.")
    return redirect(url_for("people.index"), 303)


def _size_bytes(text: str) -> int:
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = -1
    if not 0 <= gigabytes <= MOST_GIGABYTES:
        raise Invalid("Give a number of gigabytes, or leave it empty for the default.", field="gigabytes")
    return round(gigabytes * GIGABYTE)


def _set_disabled(subject: str, *, is_disabled: bool, words: str) -> Page:
    person = deps.get_person(subject)
    try:
        accounts.set_disabled(person.id, is_disabled, by=deps.user(), database=deps.database())
    except Conflict as error:
        flash(error.reason, "error")
        return redirect(url_for("people.index"), 303)
    flash(f"{person.email} {words}.")
    return redirect(url_for("people.index"), 303)


def _people_page(
    *, link: str = "", link_words: str = "", error: Invalid | None = None, subject: str = ""
) -> str:
    with deps.database().read() as connection:
        page = user_rows.list_users(connection, limit=PAGE, cursor=request.args.get("cursor"))
    default = deps.settings().quota_bytes
    return render_template(
        "accounts/people.html",
        section="account",
        is_local=not deps.backends().identity.origin,
        people=[
            {
                "subject": person.subject,
                "name": person.name,
                "email": person.email,
                "is_admin": person.is_admin,
                "is_locked": person.is_disabled,
                "is_self": person.id == deps.user().id,
                "used": size_words(person.used_bytes),
                "gigabytes": "" if person.quota_bytes is None else f"{person.quota_bytes / GIGABYTE:g}",
                "error": error.reason if error and person.subject == subject else "",
            }
            for person in page.items
        ],
        default_quota=size_words(default) if default else "no limit",
        next_href=url_for("people.index", cursor=page.next) if page.next else "",
        link=link,
        link_words=link_words,
    )
