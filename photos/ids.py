"""Random names for things that leave the house."""

import secrets


def new_id() -> str:
    """128 random bits as 22 urlsafe characters: not guessable, without order or time in it."""
    return secrets.token_urlsafe(16)
