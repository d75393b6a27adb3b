"""Random names for things that leave the house, and secrets that open doors."""

import hashlib
import secrets


def new_id() -> str:
    """128 random bits as 22 urlsafe characters: not guessable, without order or time in it."""
    return secrets.token_urlsafe(16)


def new_secret() -> str:
    """256 random bits as 43 urlsafe characters, for whoever holds it; only its hash is stored."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is stored of a secret of ours: nothing slower is needed against 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
