"""Targets that take text: the search language, the analyser, cleaning, names, keys, cursors."""

from __future__ import annotations

import re
import unicodedata

from photos.backends.search import cursor as search_cursor
from photos.backends.search.cursor import Place
from photos.backends.storage.disposition import content_disposition
from photos.backends.storage.keys import check_key
from photos.db.keyset import LARGEST, read_cursor, write_cursor
from photos.errors import Invalid
from photos.imaging.wording import clean_line, clean_text, decode
from photos.query import QueryError, parse, unparse
from photos.query.analysis import LONGEST_WORD, analyse, composed
from photos.query.grammar import LONGEST
from photos.query.tree import walk
from photos.services import library, promises
from tests.fuzz.target import Target, as_text
from tests.unit.query.libraries import PIECES, WORDS
from tests.unit.query.test_parse import REFUSED, UNDERSTOOD

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
PARTING = re.compile(r'[\s"()]')
TREE = parse("dog (label:cat>90 OR -beach)")


def check_query(content: bytes) -> None:
    """A tree that can be written and read again, or an error that points into the text."""
    text = as_text(content)
    try:
        tree = parse(text)
    except QueryError as error:
        assert error.reason and error.code
        assert 0 <= error.position <= len(text)
        assert 0 <= error.length <= len(text) - error.position
        return
    for node in walk(tree):
        assert 0 <= node.position <= node.position + node.length <= len(text)
    written = unparse(tree)
    if len(written) > LONGEST:
        return
    assert unparse(parse(written)) == written
    assert parse(written) == tree, written


def check_analysis(content: bytes) -> None:
    """Words that no index and no query language can misread, the same for every form of a text."""
    text = as_text(content)
    words = analyse(text)
    assert all(words), words
    assert not any(PARTING.search(word) for word in words), words
    assert all(len(word) <= LONGEST_WORD for word in words)
    assert analyse(composed(text)) == words
    assert analyse(unicodedata.normalize("NFC", text)) == words
    assert analyse(f" {text}\n") == words


def check_cleaning(content: bytes) -> None:
    """One line, or some; never controls; no longer than allowed; clean text stays as it is."""
    text = decode(content)
    assert "\0" not in text
    for source in (text, as_text(content)):
        line, lines = clean_line(source, 100), clean_text(source, 100)
        assert len(line) <= 100 and len(lines) <= 100
        assert "\n" not in line
        assert not CONTROLS.search(line + lines), (line, lines)
        assert clean_line(line, 100) == line and clean_text(lines, 100) == lines
        line.encode(), lines.encode()


def check_names(content: bytes) -> None:
    """A file's name, a person's words, a key, a header: kept clean, or refused in words."""
    text = as_text(content)
    try:
        name = promises.clean_name(text)
    except Invalid as refusal:
        assert refusal.reason
    else:
        assert 0 < len(name) <= 255 and name.isprintable()
        assert "/" not in name and "\\" not in name
        assert len(name) > 250 or promises.clean_name(name) == name
    try:
        kept = library.clean_text(text, limit=500, field="description")
    except Invalid as refusal:
        assert refusal.reason and refusal.field == "description"
    else:
        kept.encode()
        assert len(kept) <= 500 and library.clean_text(kept, limit=500, field="description") == kept
    try:
        check_key(text)
    except Invalid as refusal:
        assert refusal.code == "key"
    else:
        assert not text.startswith("/") and ".." not in text.split("/") and "\0" not in text
    header = content_disposition(text)
    header.encode("ascii")
    assert "\n" not in header and "\r" not in header and len(header) < 2500


def check_cursors(content: bytes) -> None:
    """A place in a list, or Invalid; and what we read is what we would have written."""
    text = as_text(content)
    for count in (1, 2, 3):
        try:
            values = read_cursor(text, count)
        except Invalid as refusal:
            assert refusal.code == "cursor"
        else:
            assert len(values) == count and all(abs(value) <= LARGEST for value in values)
            assert read_cursor(write_cursor(*values), count) == values
    try:
        place = search_cursor.decode(text, TREE, 1, "newest")
    except Invalid as refusal:
        assert refusal.code == "cursor"
    else:
        assert search_cursor.encode(place, TREE, 1, "newest") == text


def _queries() -> list[bytes]:
    texts = [text for text, *_ in UNDERSTOOD] + [text for text, *_ in REFUSED]
    return [text.encode("utf-8", "surrogatepass") for text in (*texts, *WORDS)]


def _texts() -> list[bytes]:
    texts = (
        "résumé 東京タワー ｶﾞｷﾞ Ⓐ",
        "can't o'clock 3,14 1.000.000",
        "👩‍👩‍👧 🇩🇪🇫🇷 #️⃣",
        "a\u00adb \u202ec",
        "ไทย ລາວ မြန်",
    )
    return [
        *_queries(),
        *(text.encode() for text in texts),
        b"IMG_0001.JPG",
        b"../../etc/passwd",
        b"a\r\nB: c",
    ]


def _cursors() -> list[bytes]:
    places = [search_cursor.encode(Place(tier, 2**40 + tier), TREE, 1, "newest") for tier in (0, 4)]
    lists = [
        write_cursor(1),
        write_cursor(LARGEST, -LARGEST),
        write_cursor(1718000000000000, 7),
        write_cursor(0, 0, 0),
    ]
    return [
        text.encode() for text in (*places, *lists, "W1tbW1tbW1tbW1tb", "e30", "WzFlOTk5XQ", "W25hbiwxXQ", "")
    ]


_PIECES = tuple(piece.encode("utf-8", "surrogatepass") for piece in PIECES)
_MARKS = (
    "\u0301",
    "\u200d",
    "\ufe0f",
    "\u3099",
    "ﾞ",
    "\u00ad",
    "\u2028",
    "\x85",
    "İ",
    "ß",
    "ﬁ",
    "\u1160",
    "\U0001f1e6",
)

TARGETS = (
    Target("query", check_query, _queries, _PIECES),
    Target("analysis", check_analysis, _texts, tuple(mark.encode() for mark in _MARKS)),
    Target("cleaning", check_cleaning, _texts, (*(mark.encode() for mark in _MARKS), b"\0", b"\r", b"\xff")),
    Target("names", check_names, _texts, (b"/", b"\\", b"..", b"\r\n", b"\0", b'"', b"%", b".jpeg")),
    Target("cursors", check_cursors, _cursors, (b"=", b"-", b"_", b"W10", b"\n")),
)
