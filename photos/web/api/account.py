"""The person behind the request, their tokens, and the document that describes this API."""

from __future__ import annotations

import msgspec
from flask import Response

from photos.db import tokens
from photos.web import deps
from photos.web.api import shapes
from photos.web.api.operations import blueprint, document, operation


@operation("GET", "/me", answer=shapes.PersonShape)
def get_me() -> shapes.PersonShape:
    """Show the person behind this session or token."""
    user, token = deps.user(), deps.token()
    default = deps.settings().quota_bytes or None
    scopes = sorted(token.scopes) if token else ["read", "write"]
    return shapes.person_shape(user, scopes, user.quota_bytes if user.quota_bytes is not None else default)


@operation("GET", "/tokens", answer=shapes.TokenList)
def list_tokens() -> shapes.TokenList:
    """List personal tokens, without their secrets."""
    with deps.backends().database.read() as connection:
        found = tokens.list_tokens(connection, deps.user().id)
    return shapes.TokenList([shapes.token_shape(token) for token in found], None)


@operation("DELETE", "/tokens/<token_id>")
def revoke_token(token_id: str) -> None:
    """Revoke a personal token; it stops working at once."""
    with deps.backends().database.write() as connection:
        tokens.revoke_token(connection, token_id, user_id=deps.user().id)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """This API in OpenAPI 3.1."""
    return Response(msgspec.json.encode(document()), mimetype="application/json")
