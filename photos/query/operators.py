"""What the operators of the language mean: a written value to a node of the tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

import msgspec

from photos.query.analysis import analyse
from photos.query.tree import (
    CONFIDENCE_STEP,
    Between,
    Comparison,
    Confidence,
    Feature,
    Field,
    Has,
    Is,
    Label,
    Like,
    Measure,
    Near,
    Node,
    Number,
    QueryError,
    State,
    Tag,
    Taken,
    Type,
    Within,
    Words,
)

KINDS = ("jpeg", "png", "gif", "webp", "tiff", "avif", "heic")
FIRST_YEAR, LAST_YEAR = 1500, 2499
FARTHEST_KM = 20_038.0
"""Half the earth's circumference: every place is nearer than this."""

_OTHER_NAMES = {"jpg": "jpeg", "tif": "tiff", "heif": "heic", "favorite": "favourite"}


class Value(msgspec.Struct, frozen=True):
    """What stands after an operator's sign, and where. `tail` is what follows a closing quote."""

    text: str
    tail: str
    is_quoted: bool
    sign: str
    position: int
    """Of the whole term, where the operator's name begins."""
    length: int
    value_position: int
    value_length: int

    def refused(self, reason: str) -> QueryError:
        """The error that points at the value."""
        return QueryError(reason, position=self.value_position, length=self.value_length)


class Operator(msgspec.Struct, frozen=True):
    """One operator: an example for people, and how its value is read."""

    example: str
    read: Callable[[Value], Node]
    is_measure: bool = False
    """Takes a comparison in place of the colon: `width>3000`."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` was most likely meant to be; empty if none is close."""
    matches = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else ""


def refuse_inner_star(text: str, position: int) -> None:
    """Raise QueryError if there is a star in `text`, which stands at `position`."""
    star = text.find("*")
    if star >= 0:
        raise QueryError(
            "The star goes at the end of a word, for example sun*.", position=position + star, length=1
        )


def _starred(value: Value) -> tuple[str, bool, str]:
    """(text without the star, whether there was one at the end, what follows a quoted text)."""
    if value.is_quoted:
        is_prefix = value.tail.startswith("*")
        return value.text, is_prefix, value.tail[is_prefix:]
    is_prefix = value.text.endswith("*")
    text = value.text[:-1] if is_prefix else value.text
    refuse_inner_star(text, value.value_position)
    return text, is_prefix, ""


def _named(value: Value) -> tuple[str, bool, str]:
    text, is_prefix, tail = _starred(value)
    if not analyse(text):
        raise value.refused("There is no letter or digit to search for here.")
    return text, is_prefix, tail


def _refuse_tail(value: Value, tail: str) -> None:
    if tail:
        raise value.refused(f"“{tail}” after the quotes is not understood. Leave a space between two terms.")


def _in_field(field: Field) -> Callable[[Value], Node]:
    def read(value: Value) -> Node:
        text, is_prefix, tail = _named(value)
        _refuse_tail(value, tail)
        return Words(text, field, is_prefix, position=value.position, length=value.length)

    return read


def _tag(value: Value) -> Node:
    text, is_prefix, tail = _named(value)
    _refuse_tail(value, tail)
    return Tag(text, is_prefix, position=value.position, length=value.length)


_LIMIT = re.compile(r"(<=|>=|<|>|=)(?:(\d{1,3}(?:\.\d{1,6})?)%?)?", re.ASCII)
_COMPARISON = re.compile(r"<=|>=|<|>|=")


def _label(value: Value) -> Node:
    if value.is_quoted:
        written, limit = value.text, value.tail
    else:
        sign = _COMPARISON.search(value.text)
        cut = sign.start() if sign else len(value.text)
        written, limit = value.text[:cut], value.text[cut:]
    is_prefix = limit.startswith("*") if value.is_quoted else written.endswith("*")
    if is_prefix and value.is_quoted:
        limit = limit[1:]
    elif is_prefix:
        written = written[:-1]
    if not value.is_quoted:
        refuse_inner_star(written, value.value_position)
    if not analyse(written):
        raise value.refused("Which label? For example label:dog or label:dog>90.")
    comparison, confidence = _confidence(value, limit)
    return Label(written, is_prefix, comparison, confidence, position=value.position, length=value.length)


def _confidence(value: Value, limit: str) -> tuple[Comparison | None, float]:
    if not limit:
        return None, 0.0
    found = _LIMIT.fullmatch(limit)
    if not found or found[2] is None or float(found[2]) > 100:
        raise value.refused("The confidence is a number from 0 to 100, for example label:dog>90.")
    return Comparison(found[1]), float(found[2])


_DECIMAL = re.compile(r"-?\d{1,3}(?:\.\d{1,9})?", re.ASCII)
_KILOMETRES = re.compile(r"(\d{1,5}(?:\.\d{1,6})?)(?:km)?", re.ASCII | re.IGNORECASE)


def _near(value: Value) -> Node:
    parts = [part.strip() for part in (value.text + value.tail).split(",")]
    wrong = value.refused(
        "Write latitude, longitude and kilometres without spaces, for example near:48.137,11.575,5."
    )
    if len(parts) != 3 or not all(_DECIMAL.fullmatch(part) for part in parts[:2]):
        raise wrong
    distance = _KILOMETRES.fullmatch(parts[2])
    if not distance:
        raise wrong
    latitude, longitude, kilometres = float(parts[0]), float(parts[1]), float(distance[1])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise value.refused("Latitude goes from -90 to 90, longitude from -180 to 180.")
    if not 0 < kilometres <= FARTHEST_KM:
        raise value.refused("The distance is more than 0 and at most 20038 kilometres.")
    return Near(latitude, longitude, kilometres, position=value.position, length=value.length)


def _box(value: Value) -> Node:
    parts = [part.strip() for part in (value.text + value.tail).split(",")]
    if len(parts) != 4 or not all(_DECIMAL.fullmatch(part) for part in parts):
        raise value.refused(
            "Write the southern, western, northern and eastern edge without spaces,"
            " for example box:38,-10,39,-9."
        )
    south, west, north, east = map(float, parts)
    if max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 180:
        raise value.refused("Latitude goes from -90 to 90, longitude from -180 to 180.")
    if south > north:
        raise value.refused("The southern edge comes first: this box ends before it begins.")
    return Within(south, west, north, east, position=value.position, length=value.length)


_PHOTO_ID = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)


def _like(value: Value) -> Node:
    if not _PHOTO_ID.fullmatch(value.text + value.tail):
        raise value.refused("Which photo? “More like this” on the page of a photo writes it here.")
    return Like(value.text + value.tail, position=value.position, length=value.length)


_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


def _period(value: Value, written: str) -> tuple[date, date]:
    """First day, and the day after the last, of a written year, month or day."""
    found = _DAY.fullmatch(written)
    if not found:
        raise value.refused("Write a date as 2024, 2024-06 or 2024-06-15, a range as 2024-06..2024-08.")
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise value.refused(f"The year lies between {FIRST_YEAR} and {LAST_YEAR}.")
    try:
        first = date(year, month, day)
    except ValueError:
        raise value.refused(f"There is no such day as {written}.") from None
    if found[3]:
        return first, first + timedelta(days=1)
    if found[2]:
        return first, date(year + month // 12, month % 12 + 1, 1)
    return first, date(year + 1, 1, 1)


def _taken(value: Value) -> Node:
    written = value.text + value.tail
    first, dots, last = written.partition("..")
    start = end = None
    if not dots:
        start, end = _period(value, first)
    elif not first and not last:
        raise value.refused("A range needs at least one end, for example taken:2024-06.. for all since then.")
    else:
        start = _period(value, first)[0] if first else None
        end = _period(value, last)[1] if last else None
    if start and end and start >= end:
        raise value.refused("This range ends before it begins.")
    return Taken(start, end, position=value.position, length=value.length)


def _before(value: Value) -> Node:
    return Taken(None, _period(value, value.text)[0], position=value.position, length=value.length)


def _after(value: Value) -> Node:
    return Taken(_period(value, value.text)[1], None, position=value.position, length=value.length)


_NUMBER = re.compile(r"(<=|>=|<|>|=)?(\d{1,9})", re.ASCII)
_SPAN = re.compile(r"(\d{1,9})?\.\.(\d{1,9})?", re.ASCII)
MOST_STARS = 5


def _measure(measure: Measure, example: str) -> Callable[[Value], Node]:
    def read(value: Value) -> Node:
        sign = "" if value.sign == ":" else value.sign
        span = _SPAN.fullmatch(sign + value.text + value.tail)
        if span:
            return _span(value, measure, span[1], span[2])
        found = _NUMBER.fullmatch(sign + value.text + value.tail)
        if not found:
            raise value.refused(f"Compare {measure} with a whole number, for example {example}.")
        number = int(found[2])
        _refuse_rating(value, measure, number)
        comparison = Comparison(found[1] or "=")
        return Number(measure, comparison, number, position=value.position, length=value.length)

    return read


def _span(value: Value, measure: Measure, least: str | None, most: str | None) -> Node:
    """`3..5`, both ends included, either end open."""
    if least is None and most is None:
        raise value.refused(f"A range needs at least one end, for example {measure}:3..")
    for end in (least, most):
        _refuse_rating(value, measure, int(end or 0))
    place = {"position": value.position, "length": value.length}
    if most is None:
        return Number(measure, Comparison.AT_LEAST, int(least or 0), **place)
    if least is None:
        return Number(measure, Comparison.AT_MOST, int(most), **place)
    if int(least) > int(most):
        raise value.refused("This range ends before it begins.")
    return Between(measure, int(least), int(most), **place)


def _refuse_rating(value: Value, measure: Measure, number: int) -> None:
    if measure is Measure.RATING and number > MOST_STARS:
        raise value.refused(f"A rating goes from 0 (none) to {MOST_STARS}.")


_LEAST = re.compile(r"(?:>=)?(\d{1,3})%?", re.ASCII)


def _confidence_of_all(value: Value) -> Node:
    sign = "" if value.sign == ":" else value.sign
    found = _LEAST.fullmatch(sign + value.text + value.tail)
    if not found or int(found[1]) > 100 or int(found[1]) % CONFIDENCE_STEP:
        raise value.refused(
            f"Write the least confidence from 0 to 100 in steps of {CONFIDENCE_STEP},"
            " for example confidence>=80."
        )
    return Confidence(int(found[1]), position=value.position, length=value.length)


Choice = TypeVar("Choice", bound=StrEnum)


def _chosen(value: Value, known: Iterable[str]) -> str:
    """The known word that was written; raises QueryError with the nearest one otherwise."""
    words = list(known)
    written = (value.text + value.tail).lower()
    word = _OTHER_NAMES.get(written, written)
    if word in words:
        return word
    close = nearest(written, words)
    hint = f"Did you mean “{close}”?" if close else f"Known are {', '.join(words)}."
    raise value.refused(f"“{written}” is not known here. {hint}")


def _is(value: Value) -> Node:
    return Is(State(_chosen(value, list(State))), position=value.position, length=value.length)


def _has(value: Value) -> Node:
    if value.text.lower() == "sightings":
        return _not_yet(value)
    return Has(Feature(_chosen(value, list(Feature))), position=value.position, length=value.length)


def _type(value: Value) -> Node:
    return Type(_chosen(value, KINDS), position=value.position, length=value.length)


def _not_yet(value: Value) -> Node:
    raise QueryError(
        "Searching by sightings is not available yet. Leave this part out.",
        position=value.position,
        length=value.length,
        code="not_yet",
    )


OPERATORS: Mapping[str, Operator] = {
    "label": Operator("label:dog", _label),
    "text": Operator("text:exit", _in_field(Field.TEXT)),
    "camera": Operator("camera:canon", _in_field(Field.CAMERA)),
    "lens": Operator("lens:50mm", _in_field(Field.LENS)),
    "place": Operator("place:lisbon", _in_field(Field.PLACE)),
    "album": Operator('album:"summer 2024"', _in_field(Field.ALBUM)),
    "tag": Operator("tag:family", _tag),
    "like": Operator("like:Vt8Qm2pXc0aLkR4nYs7EJw", _like),
    "near": Operator("near:48.137,11.575,5", _near),
    "box": Operator("box:38,-10,39,-9", _box),
    "taken": Operator("taken:2024-06..2024-08", _taken),
    "before": Operator("before:2024-06", _before),
    "after": Operator("after:2024-06", _after),
    "rating": Operator("rating:>=3", _measure(Measure.RATING, "rating:>=3"), is_measure=True),
    "width": Operator("width>3000", _measure(Measure.WIDTH, "width>3000"), is_measure=True),
    "height": Operator("height>2000", _measure(Measure.HEIGHT, "height>2000"), is_measure=True),
    "confidence": Operator("confidence>=80", _confidence_of_all, is_measure=True),
    "is": Operator("is:favourite", _is),
    "has": Operator("has:gps", _has),
    "type": Operator("type:jpeg", _type),
    "seen": Operator("seen:yes", _not_yet),
}
