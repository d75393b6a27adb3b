"""Targets at the doors: signed addresses, what child processes answer, and the settings."""

from __future__ import annotations

import socket
import time
from datetime import datetime
from functools import cache
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec

from photos.backends.storage.media import MediaSigner
from photos.config import Settings, read_settings
from photos.errors import ConfigError, Denied
from photos.imaging import wire
from photos.models import Camera, Developed, DevelopedRendition, FileFacts, PerceptualHash, Position
from tests.fuzz.target import Target, as_text

KEY = b"a key that only tests know"
NOW = 1_780_000_000
DEVELOPED = Developed(
    media_type="image/jpeg",
    width=16,
    height=12,
    frames=1,
    facts=FileFacts(
        datetime(2024, 6, 1), 120, Camera("M", "N", "L", 2.8), Position(48.1, 11.5), "words", 3, ("sea",), 6
    ),
    renditions=(DevelopedRendition("square", 8, 8, "image/jpeg", b"bytes"),),
    thumbhash=b"12345",
    hashes=(PerceptualHash("upright", bytes(32), 90),),
    colours=(("#aabbcc", 0.5),),
    light="bright",
)


def check_media(content: bytes) -> None:
    """An address is good only if it is, after decoding, one that we signed."""
    path, _, query = as_text(content).partition("?")
    key, given = unquote(path).removeprefix("/media/"), dict(parse_qsl(query, keep_blank_values=True))
    signer = _signer()
    for verify in (signer.verify_read, signer.verify_part):
        try:
            verify(key, given)
        except Denied as refusal:
            assert refusal.reason
        else:
            assert (key, frozenset(given.items())) in _signed()


def check_wire(content: bytes) -> None:
    """A decoder child that lies is out of words, wrong, or heard: nothing else."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(content)
        theirs.close()
        try:
            answer = wire.receive(ours, time.monotonic() + 5)
        except (EOFError, msgspec.MsgspecError):
            return
    assert isinstance(answer, wire.Answer)
    assert wire.frame(answer)


def check_settings(content: bytes) -> None:
    """Settings that can work, or the list of everything that is wrong."""
    environ = dict(line.partition("=")[::2] for line in as_text(content).split("\n"))
    try:
        settings = read_settings(environ)
    except ConfigError as error:
        assert error.problems and all(error.problems)
        return
    assert isinstance(settings, Settings)
    for origin in settings.origins:
        parts = urlsplit(origin)
        assert parts.scheme in {"http", "https"} and parts.hostname
        assert parts.port is None or 0 <= parts.port <= 65535
        assert "@" not in origin and not any(char.isspace() for char in origin), origin
        assert origin == f"{parts.scheme}://{parts.netloc}"
    assert settings.data.is_absolute()


@cache
def _signer() -> MediaSigner:
    return MediaSigner(KEY, base_path="/media", url_seconds=3600, part_seconds=3600, now=lambda: NOW)


@cache
def _addresses() -> tuple[str, ...]:
    signer = _signer()
    return (
        signer.read_url("renditions/ab/cd", media_type="image/jpeg", download_name=""),
        signer.read_url("originals/ä b/c", media_type="image/heic", download_name="Été 1.heic"),
        signer.part_url("originals/ab/cd", "upload", 1, size_bytes=5),
        signer.part_url("originals/ab/cd", "upload", 2, size_bytes=5),
    )


@cache
def _signed() -> frozenset[tuple[str, frozenset[tuple[str, str]]]]:
    parts = [address.partition("?") for address in _addresses()]
    return frozenset(
        (unquote(path).removeprefix("/media/"), frozenset(parse_qsl(query, keep_blank_values=True)))
        for path, _, query in parts
    )


def _media_seeds() -> list[bytes]:
    other = MediaSigner(
        b"somebody else's key", base_path="/media", url_seconds=9, part_seconds=9, now=lambda: NOW
    )
    late = _addresses()[-1].replace(str(NOW + 3600), str(NOW))
    forged = other.read_url("renditions/ab/cd", media_type="text/html", download_name="")
    numbers = urlencode({"expires": "٣" * 5, "part": "x", "size": "-1", "upload": "", "signature": "é"})
    return [text.encode() for text in (*_addresses(), late, forged, f"/media/a?{numbers}")]


def _wire_seeds() -> list[bytes]:
    answers = (
        wire.Ready(("seccomp",)),
        wire.Done(DEVELOPED),
        wire.Refused("It is broken.", "damaged", "detail"),
        wire.Unread("Input/output error"),
    )
    return [*(wire.frame(answer) for answer in answers), b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x01\xc1"]


def _settings_seeds() -> list[bytes]:
    lines = (
        "BASE_URL=https://photos.example.org",
        "BASE_URL=http://[::1]:8000",
        "BASE_URL=http://a:99999",
        "BASE_URL=http://me:word@host",  # made up
        "BASE_URL=http://a b",
        "OTHER_ORIGINS=http://a, https://b:1",
        "BIGIMAGE_DATA=~nobody-by-this-name/x",
        "BIGIMAGE_DATA=relative",
        "BIGIMAGE_MODELS=~/models",
        "PORT=8000",
        "PORT=٣",
        "WEB_THREADS=1e3",
        "OPEN_SIGN_UP=maybe",
        "QUOTA_BYTES=" + "9" * 5000,
        "PLATFORM=aws\nTIER=web",
        "STORAGE=s3\nS3_BUCKET=b\nAWS_REGION=eu-central-1",
        "SECRET_KEY=short",
        "SECRET_KEY=" + "k" * 40,
        "SESSION_SECONDS=300\nSESSION_IDLE_SECONDS=301",
        "SUGGESTION_BELOW=70",
        "LOG_LEVEL=debug",
        "HOST=\0",
    )
    return [line.encode() for line in (*lines, "\n".join(lines))]


_NAMES = tuple(f"\n{field.metadata['env']}=".encode() for field in Settings.__dataclass_fields__.values())

TARGETS = (
    Target(
        "media",
        check_media,
        _media_seeds,
        (b"%00", b"%2e%2e/", b"&signature=", b"&part=2", b"+", b"\xed\xa0\x80"),
    ),
    Target(
        "wire",
        check_wire,
        _wire_seeds,
        (b"\xc0", b"\xc1", b"\xdd\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xa4done"),
    ),
    Target(
        "settings",
        check_settings,
        _settings_seeds,
        (*_NAMES, b"~", b"//", b":", b"[", b"]", b"@", b"#", b"?"),
    ),
)
