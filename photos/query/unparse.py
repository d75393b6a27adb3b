"""A tree back to text: `parse(unparse(tree)) == tree` for every tree that `parse` gives.

Quotes and brackets may make the text longer than the one that was parsed, in the end too long for `parse`.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from photos.query.grammar import QUOTES
from photos.query.operators import LAST_YEAR, OPERATORS
from photos.query.tree import (
    And,
    Between,
    Comparison,
    Confidence,
    Has,
    Is,
    Label,
    Like,
    Near,
    Node,
    Not,
    Number,
    Or,
    Tag,
    Taken,
    Type,
    Within,
    Words,
)

_NEEDS_QUOTES = re.compile(rf"[\s()*<>={QUOTES}]")
"""In the value of an operator."""
_NEEDS_QUOTES_ALONE = re.compile(rf"[\s()*{QUOTES}]|^-|^OR$|^[A-Za-z_]+:|^(?i:{'|'.join(OPERATORS)})[<>=]")
"""In a word that stands alone."""


def unparse(tree: Node) -> str:
    """The shortest usual spelling of a tree; empty for the tree of everything."""
    match tree:
        case And(children=children):
            return " ".join(_bracketed(child, inside_and=True) for child in children)
        case Or(children=children):
            return " OR ".join(_bracketed(child, inside_and=False) for child in children)
        case Not(child=child):
            return "-" + _bracketed(child, inside_and=True)
        case _:
            return _term(tree)


def _bracketed(child: Node, *, inside_and: bool) -> str:
    if isinstance(child, Or) or (inside_and and isinstance(child, And)):
        return f"({unparse(child)})"
    return unparse(child)


def _term(node: Node) -> str:
    match node:
        case Words(text=text, field=None, is_prefix=is_prefix, is_exact=is_exact):
            return _written(text, is_prefix, is_quoted=is_exact or bool(_NEEDS_QUOTES_ALONE.search(text)))
        case Words(text=text, field=field, is_prefix=is_prefix):
            return f"{field}:{_value(text, is_prefix)}"
        case Label(name=name, is_prefix=is_prefix, comparison=comparison, confidence=confidence):
            limit = f"{comparison}{_decimal(confidence)}" if comparison else ""
            return f"label:{_value(name, is_prefix)}{limit}"
        case Tag(name=name, is_prefix=is_prefix):
            return f"tag:{_value(name, is_prefix)}"
        case _:
            return _filter(node)


def _filter(node: Node) -> str:
    match node:
        case Like(photo_id=photo_id):
            return f"like:{photo_id}"
        case Near(latitude=latitude, longitude=longitude, kilometres=kilometres):
            return f"near:{_decimal(latitude)},{_decimal(longitude)},{_decimal(kilometres)}"
        case Within(south=south, west=west, north=north, east=east):
            return "box:" + ",".join(map(_decimal, (south, west, north, east)))
        case Taken(start=start, end=end):
            return _taken(start, end)
        case Number(measure=measure, comparison=comparison, value=value):
            return f"{measure}:{value}" if comparison is Comparison.EQUAL else f"{measure}{comparison}{value}"
        case Between(measure=measure, least=least, most=most):
            return f"{measure}:{least}..{most}"
        case Confidence(least=least):
            return f"confidence>={least}"
        case Is(state=state):
            return f"is:{state}"
        case Has(feature=feature):
            return f"has:{feature}"
        case Type(kind=kind):
            return f"type:{kind}"
    raise TypeError(f"{type(node).__name__} is no term of a query")


def _value(text: str, is_prefix: bool) -> str:
    return _written(text, is_prefix, is_quoted=bool(_NEEDS_QUOTES.search(text)))


def _written(text: str, is_prefix: bool, *, is_quoted: bool) -> str:
    plain = "".join(" " if char in QUOTES else char for char in text)
    return (f'"{plain}"' if is_quoted else plain) + ("*" if is_prefix else "")


def _decimal(number: float) -> str:
    return f"{number:.9f}".rstrip("0").rstrip(".")


def _taken(start: date | None, end: date | None) -> str:
    if start and end:
        return f"taken:{_range(start, end)}"
    # The day after the last year has no spelling of its own.
    if start:
        return f"after:{LAST_YEAR}" if start.year > LAST_YEAR else f"taken:{_day(start)}.."
    if end:
        return f"taken:..{LAST_YEAR}" if end.year > LAST_YEAR else f"before:{_day(end)}"
    return ""


def _range(start: date, end: date) -> str:
    """Whole years, else whole months, else days; `end` is the day after."""
    last = end - timedelta(days=1)
    if start.day == end.day == 1:
        is_years = start.month == end.month == 1
        first, final = (f"{day:%Y}" if is_years else f"{day:%Y-%m}" for day in (start, last))
    else:
        first, final = start.isoformat(), last.isoformat()
    return first if first == final else f"{first}..{final}"


def _day(day: date) -> str:
    """A day that begins a year or a month in its short form."""
    if day.day > 1:
        return day.isoformat()
    return f"{day:%Y-%m}" if day.month > 1 else f"{day:%Y}"
