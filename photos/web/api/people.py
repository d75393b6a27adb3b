"""What administrators do for people: list, invite, reset a password, lock out, let in, set a quota.

A link that makes an administrator, or that opens somebody's account, outlives whoever made it. So those two
need an administrator who has signed in; everything else may be done with a token.
"""

from __future__ import annotations

from msgspec import UNSET

from photos.db import users as user_rows
from photos.errors import Denied
from photos.services import accounts, links
from photos.web import deps
from photos.web.api import account_shapes as shapes
from photos.web.api.operations import operation
from photos.web.api.shapes import PageQuery


@operation("GET", "/people", query=PageQuery, answer=shapes.AccountPage)
def list_people(query: PageQuery) -> shapes.AccountPage:
    """List everybody, in order of arrival. For administrators."""
    with deps.database().read() as connection:
        page = user_rows.list_users(connection, limit=query.limit, cursor=query.cursor)
    return shapes.AccountPage([shapes.account_shape(person) for person in page.items], page.next)


@operation(
    "POST", "/people/invitations", body=shapes.InvitationRequest, answer=shapes.OneTimeLink, status=201
)
def invite_person(body: shapes.InvitationRequest) -> shapes.OneTimeLink:
    """Make an invitation, which works once, for a week. For administrators.

    Inviting an administrator takes the browser's session, never a token.
    """
    deps.check_accounts_are_ours()
    if body.is_admin and deps.token() is not None:
        raise Denied("Administrators are invited by somebody who has signed in.")
    url = links.create_invitation(
        made_by=deps.user(),
        is_admin=body.is_admin,
        database=deps.database(),
        base_url=deps.settings().base_url,
    )
    return shapes.OneTimeLink(url, links.INVITATION_SECONDS)


@operation("PATCH", "/people/<subject>", body=shapes.AccountChange, answer=shapes.AccountShape)
def change_person(subject: str, body: shapes.AccountChange) -> shapes.AccountShape:
    """Lock somebody out or let them in again, and set how much they may store. For administrators.

    Nobody locks themselves out.
    """
    person, database = deps.get_person(subject), deps.database()
    if body.is_locked is not UNSET:
        accounts.set_disabled(person.id, body.is_locked, by=deps.user(), database=database)
    if body.quota_bytes is not UNSET:
        with database.write() as connection:
            user_rows.set_quota(connection, person.id, body.quota_bytes)
    return shapes.account_shape(deps.get_person(subject))


@operation("POST", "/people/<subject>/reset", answer=shapes.OneTimeLink, status=201)
def create_reset_link(subject: str) -> shapes.OneTimeLink:
    """Make a link for a new password, which works once, for an hour. For administrators.

    Takes the browser's session, never a token: the link opens the account.
    """
    deps.check_accounts_are_ours()
    if deps.token() is not None:
        raise Denied("Links for a new password are made by somebody who has signed in.")
    url = links.create_reset_link(
        deps.get_person(subject).email,
        database=deps.database(),
        base_url=deps.settings().base_url,
        made_by=deps.user(),
    )
    return shapes.OneTimeLink(url, links.RESET_SECONDS)
