"""What one photo adds to the vocabulary of its library: its values, to suggest and count, and its words.

Only the timeline counts, since that is what a search sees: a suggestion that finds nothing would be none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from photos.models import SearchDocument, Shelf
from photos.query.analysis import analyse


class Kind(StrEnum):
    """Kinds of values. `WORD` is a single word of any field but the name of the file, `WHOLE_PLACE` all of a
    written place, of which the parts are values."""

    LABEL = "label"
    TAG = "tag"
    ALBUM = "album"
    PLACE = "place"
    CAMERA = "camera"
    LENS = "lens"
    YEAR = "year"
    TYPE = "type"
    WORD = "word"
    WHOLE_PLACE = "whole place"

    # that of Enum is written in Python, and an index of many photos asks for it all the time
    __hash__ = str.__hash__


WHOLES = {Kind.PLACE: Kind.WHOLE_PLACE, Kind.CAMERA: Kind.CAMERA, Kind.LENS: Kind.LENS}
"""Kinds whose values are searched for as words that stand side by side, and where these words stand."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value: its analysed words with a space between, which tell values apart, and as it is written."""

    kind: Kind
    value: str
    shown: str


def entries_of(document: SearchDocument) -> dict[tuple[Kind, str], Entry]:
    """Everything that the photo counts for, each once; nothing unless it lies on the timeline."""
    if document.shelf is not Shelf.TIMELINE:
        return {}
    entries = [_entry(kind, shown) for kind, shown in _values(document)]
    found = {(entry.kind, entry.value): entry for entry in entries if entry.value}
    for word in words_in(document):
        found[Kind.WORD, word] = _word(word)
    return found


@lru_cache(8192)
def _entry(kind: Kind, shown: str) -> Entry:
    return Entry(kind, " ".join(analyse(shown)), shown)


@lru_cache(8192)
def _word(word: str) -> Entry:
    return Entry(Kind.WORD, word, word)


def words_in(document: SearchDocument) -> frozenset[str]:
    """The analysed words of a photo on the timeline. Names of files are left out: they are mostly numbers."""
    if document.shelf is not Shelf.TIMELINE:
        return frozenset()
    texts = (
        *(label.name for label in document.labels),
        document.description,
        *document.tags,
        *document.albums,
        document.place,
        document.camera,
        document.lens,
        *document.text,
    )
    return frozenset(word for text in texts for word in analyse(text))


def places_in(place: str) -> tuple[str, ...]:
    """A written place from small to large: `Lisbon`, `Lisbon District`, `Portugal`; each once."""
    return tuple(dict.fromkeys(part for part in place.split(", ") if part))


def count_phrases(
    wholes: Mapping[tuple[str, ...], int], phrases: Collection[tuple[str, ...]]
) -> Counter[tuple[str, ...]]:
    """In how many photos each phrase stands, words side by side as a search finds them.

    `wholes` are the analysed texts that photos have, with their numbers. So *Lisbon* counts for photos in the
    *Lisbon District*, too.
    """
    longest = max(map(len, phrases), default=0)
    counted: Counter[tuple[str, ...]] = Counter()
    for words, photos in wholes.items():
        spans = (
            words[start:end]
            for start in range(len(words))
            for end in range(start + 1, min(start + longest, len(words)) + 1)
        )
        for phrase in {span for span in spans if span in phrases}:
            counted[phrase] += photos
    return counted


def file_kind(media_type: str) -> str:
    """The word that `type:` uses: `jpeg` for `image/jpeg`. HEIF files are called heic."""
    kind = media_type.rpartition("/")[2].lower()
    return "heic" if kind.startswith("hei") else kind


def _values(document: SearchDocument) -> Iterator[tuple[Kind, str]]:
    for label in document.labels:
        yield Kind.LABEL, label.name
    for tag in document.tags:
        yield Kind.TAG, tag
    for album in document.albums:
        yield Kind.ALBUM, album
    for place in places_in(document.place):
        yield Kind.PLACE, place
    yield Kind.WHOLE_PLACE, document.place
    yield Kind.CAMERA, document.camera
    yield Kind.LENS, document.lens
    yield Kind.YEAR, str(document.taken_local.year)
    yield Kind.TYPE, file_kind(document.media_type)
