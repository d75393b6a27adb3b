"""What one photo adds to the vocabulary of its library: its values, to suggest and count, and its words.

Only the timeline counts, since that is what a search sees: a suggestion that finds nothing would be none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from itertools import starmap

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


Value = tuple[Kind, str]
"""A value by its analysed words with a space between, which tell values of a kind apart."""


def values_of(document: SearchDocument) -> dict[Value, str]:
    """Everything that the photo counts for, each once, as it is written; nothing unless it lies on the
    timeline."""
    if document.shelf is not Shelf.TIMELINE:
        return {}
    found = dict(starmap(_value, _written(document)))
    found.update(map(_word, words_in(document)))
    return {value: shown for value, shown in found.items() if value[1]}


@lru_cache(8192)
def _value(kind: Kind, shown: str) -> tuple[Value, str]:
    return (kind, " ".join(analyse(shown))), shown


@lru_cache(8192)
def _word(word: str) -> tuple[Value, str]:
    return (Kind.WORD, word), word


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
    return frozenset().union(*map(analyse, texts))


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


def _written(document: SearchDocument) -> Iterator[tuple[Kind, str]]:
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
