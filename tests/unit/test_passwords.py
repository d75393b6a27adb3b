"""Which passwords are taken, and how they are kept."""

from __future__ import annotations

import pytest

from photos import passwords
from photos.errors import Invalid

EMAIL = "carla.moreno@example.org"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "too_short"),
        ("short", "too_short"),
        ("🦀" * 9, "too_short"),
        ("x" * 201, "too_long"),
        ("1234567890", "too_easy"),
        ("qwertyuiop", "too_easy"),
        ("password123", "too_easy"),
        ("Password123!", "too_easy"),
        ("aaaaaaaaaaaaaaaa", "too_easy"),
        ("bigimage2026", "too_easy"),
        ("administrator", "too_easy"),
        (EMAIL, "too_easy"),
        (EMAIL.upper(), "too_easy"),
        ("carlamoreno1", "too_easy"),
        ("a lamp\0at noon", "characters"),
        ("\ud800" * 12, "characters"),
    ],
)
def test_weak_passwords_are_refused_with_a_reason(password: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        passwords.check_rules(password, email=EMAIL, name="Carla Moreno")
    assert caught.value.code == code
    assert caught.value.reason.endswith(".")


@pytest.mark.parametrize(
    "password",
    [
        "a lighthouse at noon",
        "correct horse battery",
        "Ünïcode wörter 🦀",
        "p8Q!zu2&Lw",
        "x9" * 3 + "k!w7" * 40,
    ],
)
def test_good_passwords_are_taken(password: str) -> None:
    passwords.check_rules(password, email=EMAIL)
    assert passwords.is_password(passwords.hash_password(password), password)


@pytest.mark.usefixtures("dear_passwords")
def test_a_hash_names_argon2id_and_its_parameters_and_differs_each_time() -> None:
    first, second = (passwords.hash_password("a lighthouse at noon") for _ in range(2))
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert len(first) <= 255, "the column's width"


def test_a_password_is_the_same_from_every_keyboard() -> None:
    stored = passwords.hash_password("Zo\u00eb at noon")
    assert passwords.is_password(stored, "Zoe\u0308 at noon")
    assert not passwords.is_password(stored, "Zoe at noon")


def test_no_password_fits_an_account_that_is_not_there() -> None:
    assert not passwords.is_password("", "")
    assert not passwords.is_password("", "a lighthouse at noon")
