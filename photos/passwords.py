"""Passwords: which are taken, how they are stored, how they are compared.

argon2id with 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet, 2024): about 30 ms of
one core, and small enough that every thread of every web process may do it at once.
"""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from photos.errors import Invalid

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10
LONGEST = 200
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
EASY_GUESSES = 1_000_000
"""What fewer tries than this find is refused: common passwords, their variations, rows of keys."""
RATED = 72
"""Characters that the estimator reads; what is strong up to there is strong."""
OWN_WORDS = ("bigimage", "photos", "password", "admin", "administrator")


def check_rules(password: str, *, email: str, name: str = "", field: str = "password") -> None:
    """Raise Invalid, with a reason for people, unless the password may be used by this person."""
    plain = _normal(password)
    if len(plain) < SHORTEST:
        raise Invalid(
            f"Use {SHORTEST} characters or more. A few words are fine.", code="too_short", field=field
        )
    if len(plain) > LONGEST:
        raise Invalid(f"Use {LONGEST} characters or fewer.", code="too_long", field=field)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in plain):
        raise Invalid("This holds characters that cannot be typed.", code="characters", field=field)
    folded = plain.casefold()
    if folded in {email.casefold(), name.casefold()}:
        raise Invalid("Do not use your name or address.", code="too_easy", field=field)
    from zxcvbn import zxcvbn

    joined = "".join(character for character in email.partition("@")[0] if character.isalnum())
    about = [*OWN_WORDS, name, name.replace(" ", ""), email, joined, *email.replace("@", ".").split(".")]
    rating = zxcvbn(plain[:RATED], user_inputs=[word[:RATED] for word in about if word])
    if rating["guesses"] < EASY_GUESSES:
        raise Invalid(
            "This is too easy to guess: it is a common password or close to one. Add another word or two.",
            code="too_easy",
            field=field,
        )


def hash_password(password: str) -> str:
    """The hash to store, with its parameters and salt in it."""
    return _hasher().hash(_normal(password))


def is_password(stored: str, password: str) -> bool:
    """Whether this is the password of the hash. An empty hash stands for an account that is not there:
    it costs the same time and is never right."""
    from argon2.exceptions import VerificationError

    nobody = _nobody()
    try:
        _hasher().verify(stored or nobody, _normal(password[: LONGEST * 4]))
    except VerificationError:
        return False
    return bool(stored)


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(stored)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


@cache
def _nobody() -> str:
    return hash_password(secrets.token_urlsafe(32))


def _normal(password: str) -> str:
    """NFKC (NIST SP 800-63B 3.1.1.2), so that every keyboard writes the same password."""
    return unicodedata.normalize("NFKC", password)
