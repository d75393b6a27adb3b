"""The person behind the request, their browsers and tokens, and the document that describes this API.

What would outlive a token needs somebody who has signed in: a token that leaked makes no tokens, and cannot
lock its person out.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from flask import Response, request

from photos.db import sessions as session_rows
from photos.db import tokens as token_rows
from photos.db import users as user_rows
from photos.errors import Denied, NotFound
from photos.models import User
from photos.services import accounts, signing_in, tokens
from photos.services.arrival import quota_of
from photos.web import deps, sessions
from photos.web.api import account_shapes as shapes
from photos.web.api.operations import blueprint, document, operation


@operation("GET", "/me", answer=shapes.PersonShape)
def get_me() -> shapes.PersonShape:
    """Show the person behind this session or token."""
    return _me(deps.user())


@operation("PATCH", "/me", body=shapes.PersonChange, answer=shapes.PersonShape)
def change_me(body: shapes.PersonChange) -> shapes.PersonShape:
    """Change how pages greet the person. Names that come from a sign-in provider are changed there."""
    deps.check_accounts_are_ours()
    accounts.rename(deps.user(), body.name, database=deps.database())
    with deps.database().read() as connection:
        return _me(user_rows.get_user(connection, deps.user().id))


@operation("POST", "/me/password", body=shapes.PasswordChange)
def change_password(body: shapes.PasswordChange) -> None:
    """Change the password; every other browser is signed out.

    Takes the browser's session only, never a token: a token that leaked must not lock its person out.
    """
    if deps.token() is not None:
        raise Denied("Passwords are changed by somebody who has signed in.")
    deps.check_accounts_are_ours()
    signing_in.change_password(
        deps.user(),
        old=body.old_password,
        new=body.new_password,
        keep_session=sessions.current().id_hash,
        address=request.remote_addr or "",
        settings=deps.settings(),
        database=deps.database(),
    )


@operation("GET", "/sessions", answer=shapes.SessionList)
def list_sessions() -> shapes.SessionList:
    """List the browsers that are signed in."""
    with deps.database().read() as connection:
        found = session_rows.list_sessions(
            connection, deps.user().id, now=datetime.now(UTC), seen_since=sessions.seen_since()
        )
    return shapes.SessionList([shapes.session_shape(session) for session in found])


@operation("DELETE", "/sessions/<session_id>")
def end_session(session_id: str) -> None:
    """Sign a browser out."""
    with deps.database().write() as connection:
        if not session_rows.delete_session_of(connection, deps.user().id, session_id):
            raise NotFound("session", session_id)


@operation("GET", "/tokens", answer=shapes.TokenList)
def list_tokens() -> shapes.TokenList:
    """List personal tokens, without their secrets."""
    with deps.database().read() as connection:
        found = token_rows.list_tokens(connection, deps.user().id)
    return shapes.TokenList([shapes.token_shape(token) for token in found], None)


@operation("POST", "/tokens", body=shapes.TokenRequest, answer=shapes.NewToken, status=201)
def create_token(body: shapes.TokenRequest) -> shapes.NewToken:
    """Make a personal token.

    Takes the browser's session only: tokens make no tokens, so that revoking one ends what it opened.
    """
    if deps.token() is not None:
        raise Denied("Tokens are made by somebody who has signed in.")
    secret, token = tokens.create_token(
        deps.user(),
        name=body.name,
        scopes=frozenset({"read", body.scope}),
        days=body.days,
        database=deps.database(),
    )
    return shapes.NewToken(secret, shapes.token_shape(token))


@operation("DELETE", "/tokens/<token_id>")
def revoke_token(token_id: str) -> None:
    """Revoke a personal token; it stops working at once."""
    with deps.database().write() as connection:
        token_rows.revoke_token(connection, token_id, user_id=deps.user().id)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """This API in OpenAPI 3.1."""
    return Response(msgspec.json.encode(document()), mimetype="application/json")


def _me(person: User) -> shapes.PersonShape:
    token = deps.token()
    scopes = sorted(token.scopes) if token else ["read", "write"]
    return shapes.person_shape(person, scopes, quota_of(person, deps.settings()))
