"""Kinds of settings: each turns the text of a variable into its value.

Each raises ValueError with the end of a sentence that begins with the variable's name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from photos.secret_names import find_secret_name

_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]+)?", re.ASCII | re.IGNORECASE)
"""As browsers write it in an Origin header: no user, no spaces, other scripts as xn--."""
_HOST = re.compile(r"[a-z0-9._-]+", re.ASCII | re.IGNORECASE)
_QUEUE = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)


def text(value: str) -> str:
    """Any text that a database and a header can hold."""
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    return value


def flag(value: str) -> bool:
    """One of the usual words for yes and no."""
    words = {
        "true": True,
        "yes": True,
        "on": True,
        "1": True,
        "false": False,
        "no": False,
        "off": False,
        "0": False,
    }
    try:
        return words[value.strip().lower()]
    except KeyError:
        raise ValueError("must be one of true, false, yes, no, on, off, 1, 0") from None


def credentials(value: str) -> str:
    """A user and a password, or the name of their secret. Says nothing of the value."""
    if find_secret_name(value) is None:
        try:
            who = json.loads(value)
            is_one = isinstance(who["username"], str) and isinstance(who["password"], str)
        except (ValueError, TypeError, KeyError):
            is_one = False
        if not is_one:
            raise ValueError('must name a secret, or be JSON as {"username": "...", "password": "..."}')
    return value


def file(value: str) -> Path:
    """A file that is there."""
    found = path(value)
    try:
        is_there = found.is_file()
    except OSError:  # a name too long for any file
        is_there = False
    if not is_there:
        raise ValueError(f"names {found}, where there is no file")
    return found


def path(value: str) -> Path:
    """A file or folder, there or not yet; `~` is the home folder."""
    try:
        return Path(text(value)).expanduser().absolute()
    except RuntimeError:
        raise ValueError("begins with ~ and the name of nobody on this machine") from None


def number(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`."""

    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if not low <= number <= high:
            raise ValueError(f"must be between {low} and {high}")
        return number

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    """One of some words."""

    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return value

    return parse


def database(value: str) -> str:
    """The URL of a database. Says nothing of the value: it may hold a password."""
    if text(value).startswith("sqlite:///"):
        return value
    if not value.startswith(("mysql+mysqlconnector://", "mariadb+mysqlconnector://")):
        raise ValueError("must begin with sqlite:/// or mysql+mysqlconnector://")
    parts = urlsplit(value)
    if not parts.hostname or not parts.path.strip("/") or not _has_port(parts) or parts.fragment:
        raise ValueError(
            "must look like mysql+mysqlconnector://user:password@host:3306/name, "
            "with odd characters of the password percent-encoded"
        )
    return value


def address(value: str) -> str:
    """The URL of a server."""
    parts = urlsplit(text(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _has_port(parts):
        raise ValueError("must look like https://s3.example.org")
    return value


def queue(value: str) -> str:
    """A name, as SQS allows them, or the address of a queue."""
    if value.startswith(("https://", "http://")):
        return address(value)
    if not _QUEUE.fullmatch(value):
        raise ValueError("must be the name of a queue (letters, digits, - and _, no FIFO queue) or its URL")
    return value


def _has_port(parts: SplitResult) -> bool:
    """Whether the port is a number, or left out."""
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def host(value: str) -> str:
    """A name or an address to listen at."""
    try:
        is_host = bool(ip_address(value) if ":" in value else _HOST.fullmatch(value))
    except ValueError:
        is_host = False
    if not is_host:
        raise ValueError("must be a name or an address, such as 127.0.0.1 or ::1")
    return value


def origin(value: str) -> str:
    """What an address of ours begins with, without a slash at its end."""
    parts = urlsplit(text(value).rstrip("/"))
    is_origin = parts.scheme in {"http", "https"} and _HOST_AND_PORT.fullmatch(parts.netloc)
    if not is_origin or not _has_port(parts) or parts.path or parts.query or parts.fragment:
        raise ValueError("must look like https://photos.example.org, without a path")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def origins(value: str) -> tuple[str, ...]:
    """Several, separated by commas."""
    return tuple(origin(word.strip()) for word in value.split(",") if word.strip())


def tiles(value: str) -> str:
    """The pattern of the addresses of a map's pieces."""
    parts = urlsplit(text(value))
    is_host = parts.scheme == "https" and _HOST_AND_PORT.fullmatch(parts.netloc) and _has_port(parts)
    if not is_host or any(value.count(place) != 1 for place in ("{z}", "{x}", "{y}")):
        raise ValueError("must look like https://tiles.example.org/{z}/{x}/{y}.png")
    return value
