"""A new password for the database, without a moment in which nobody can sign in.

Two users take turns, `bigimage` and `bigimage_b`. The one that nobody uses gets a new password, is tried,
and only then written into the secret. Processes that read the secret before go on as the other one, whose
password stays until the next turn. Wherever this is killed, the secret holds a user that works.
"""

from __future__ import annotations

import json
import secrets as chance
from collections.abc import Callable

from photos import logs
from photos.backends.secrets import Secrets
from photos.db.diagnose import diagnose
from photos.db.engine import Database
from photos.db.mysql import Credentials, server_lock
from photos.db.server_users import ensure_server_user
from photos.errors import Conflict, NotFound, SecretsError

OTHER = "_b"


def rotate_password(
    secret: str,
    *,
    first_name: str,
    over_tls: bool,
    owner: Database,
    secrets: Secrets,
    open_as: Callable[[str], Database],
) -> str:
    """Give the user whose turn it is a new password, and put both into `secret`; returns the user's name.

    `owner` may make users; `open_as` opens the database with the text of a secret; `first_name` is for a
    secret that is still empty. Raises Conflict with a sentence if the user, once made, cannot work;
    DatabaseError; SecretsError.
    """
    with owner.read() as waiting, server_lock(waiting, "rotate", seconds=0):
        kept = _kept(secret, secrets)
        who = Credentials(_other(kept.get("username"), first_name), _new_password())
        logs.hide(who.password)
        with owner.write() as connection:
            ensure_server_user(connection, who, over_tls=over_tls)
        text = json.dumps({**kept, "username": who.username, "password": who.password})
        _try(open_as(text))
        secrets.put(secret, text)
        if secrets.get(secret) != text:
            raise SecretsError("keep", secret, "somebody else writes it too: find out who, run this again")
    return who.username


def _kept(secret: str, secrets: Secrets) -> dict[str, str]:
    try:
        kept = json.loads(secrets.get(secret))
    except NotFound:
        return {}
    except ValueError:
        kept = None
    if not isinstance(kept, dict):
        raise Conflict(f"{secret} holds something that is no JSON object: empty it, or name another.")
    return kept


def _other(name: str | None, first_name: str) -> str:
    if name is None:
        return first_name
    return name.removesuffix(OTHER) if name.endswith(OTHER) else name + OTHER


def _new_password() -> str:
    """40 characters that nothing has to quote, of all four kinds that servers may ask for."""
    return f"Aa1-{chance.token_urlsafe(27)}"


def _try(database: Database) -> None:
    try:
        if wrong := diagnose(database):
            raise Conflict(f"The secret is as it was, because its new user cannot work. {wrong}")
    finally:
        database.close()
