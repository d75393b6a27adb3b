"""What a person may mean while they type a query: operators, and values of their own library with counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from photos.backends.search import Search, Value
from photos.models import User
from photos.query import unparse
from photos.query.operators import KINDS, OPERATORS
from photos.query.tree import Feature, Field, Label, Node, State, Tag, Words
from photos.query.vocabulary import Kind

MOST = 10
OF_A_KIND = 4
"""While several kinds are possible."""

VALUES_OF = {
    "label": Kind.LABEL,
    "tag": Kind.TAG,
    "album": Kind.ALBUM,
    "place": Kind.PLACE,
    "camera": Kind.CAMERA,
    "lens": Kind.LENS,
    "taken": Kind.YEAR,
    "before": Kind.YEAR,
    "after": Kind.YEAR,
    "type": Kind.TYPE,
}
"""Operators whose values are known, and of which kind those are."""

FIXED = {"is": tuple(State), "has": tuple(Feature), "type": KINDS}
"""Operators that take one of a few words."""

UNTYPED = frozenset({"like", "seen"})
"""Operators that are not suggested: a button writes the first, and the second is not there yet."""

_ANYWHERE = (Kind.LABEL, Kind.PLACE, Kind.TAG, Kind.ALBUM, Kind.CAMERA)
_UNFINISHED = re.compile(r'(?:^|[\s(])-?((?:[A-Za-z_]+:)?(?:"[^"]*|[^\s()"]*))$')
_REST_OF_WORD = re.compile(r'[^\s()"]*"?')


class Suggestion(msgspec.Struct, frozen=True):
    """`insert` takes the place of what is being typed; `photos` is None for what is no value.

    `kind` is `operator` or the kind of value.
    """

    kind: str
    shown: str
    insert: str
    photos: int | None = None


class Suggestions(msgspec.Struct, frozen=True):
    """`start` and `length` say which characters of the query an `insert` replaces."""

    start: int
    length: int
    items: tuple[Suggestion, ...]


def suggest(text: str, at: int, *, owner: User, search: Search) -> Suggestions:
    """Suggestions for the word in which the cursor stands, `at` characters from the start of `text`.

    Empty where a phrase is being typed. Raises SearchError while the index is down.
    """
    at = max(0, min(at, len(text)))
    unfinished = _UNFINISHED.search(text[:at])
    if unfinished is None:
        return Suggestions(at, 0, ())
    rest = _REST_OF_WORD.match(text, at)
    end = rest.end() if rest else at
    name, colon, value = unfinished[1].partition(":")
    if colon and name.lower() in OPERATORS:
        items = _for_operator(name.lower(), value.strip('"'), owner, search)
    else:
        items = _for_word(unfinished[1], owner, search)
    start = unfinished.start(1)
    return Suggestions(start, end - start, tuple(items)[:MOST])


def term_for(kind: Kind, shown: str, operator: str = "") -> str:
    """The term that finds a value, as a person would write it."""
    node: Node
    match kind:
        case Kind.LABEL:
            node = Label(shown)
        case Kind.TAG:
            node = Tag(shown)
        case Kind.YEAR:
            return f"{operator or 'taken'}:{shown}"
        case Kind.TYPE:
            return f"type:{shown}"
        case Kind.WORD:
            node = Words(shown)
        case _:
            node = Words(shown, Field(kind.value))
    return unparse(node)


def _for_operator(name: str, beginning: str, owner: User, search: Search) -> Iterable[Suggestion]:
    if name in VALUES_OF:
        values = search.suggest(beginning, owner_id=owner.id, kinds=[VALUES_OF[name]], limit=MOST)
        yield from _suggested(values, name)
    if name in FIXED and name not in VALUES_OF:
        for word in FIXED[name]:
            if word.startswith(beginning.lower()):
                yield Suggestion("operator", f"{name}:{word}", f"{name}:{word}")
    if name not in VALUES_OF and name not in FIXED and name not in UNTYPED and not beginning:
        yield Suggestion("operator", OPERATORS[name].example, OPERATORS[name].example)


def _for_word(beginning: str, owner: User, search: Search) -> Iterable[Suggestion]:
    word = beginning.lower()
    operators = [name for name in OPERATORS if word and name.startswith(word) and name not in UNTYPED]
    for name in operators[:OF_A_KIND]:
        sign = "" if OPERATORS[name].is_measure else ":"
        yield Suggestion("operator", OPERATORS[name].example, name + sign)
    if word.startswith('"'):
        return
    kinds: Sequence[Kind] = (Kind.YEAR,) if word.isdecimal() else _ANYWHERE
    found = search.suggest(word, owner_id=owner.id, kinds=kinds, limit=OF_A_KIND)
    yield from _suggested(sorted(found, key=lambda value: -value.photos))


def _suggested(values: Iterable[Value], operator: str = "") -> Iterable[Suggestion]:
    for value in values:
        yield Suggestion(
            value.kind.value, value.shown, term_for(value.kind, value.shown, operator), value.photos
        )
