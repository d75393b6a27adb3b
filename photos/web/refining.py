"""How a search is narrowed on its page: its parts as chips, facets as links, the least confidence.

The text of the query stays the truth: everything here is a view of it, or a link to another text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from flask import url_for

from photos.backends.search import FACETS, Facets
from photos.query import parse
from photos.query.evaluate import least_confidence
from photos.query.tree import And, Confidence, Node, Or
from photos.query.vocabulary import Kind
from photos.services.suggestions import term_for
from photos.web.words import count_words

FACET_WORDS = {
    Kind.LABEL: "Labels",
    Kind.PLACE: "Places",
    Kind.CAMERA: "Cameras",
    Kind.YEAR: "Years",
    Kind.TYPE: "Kinds of file",
}


class Chip(msgspec.Struct, frozen=True):
    """One part of the query: its text, where it stands there, and the address without it."""

    text: str
    start: int
    end: int
    rest_href: str


class FacetLink(msgspec.Struct, frozen=True):
    """A value of the result with its count; `href` adds it to the query, or takes it out if it `is_on`."""

    shown: str
    count: str
    href: str
    is_on: bool


class FacetGroup(msgspec.Struct, frozen=True):
    """The values of one kind."""

    name: str
    links: tuple[FacetLink, ...]


class Refining(msgspec.Struct, frozen=True):
    """Everything around a result but its chips. `bare_text` is the query without its least confidence,
    `narrowed` says how many facets are parts of it."""

    groups: tuple[FacetGroup, ...]
    narrowed: int
    note: str
    least: int
    bare_text: str


def chips(text: str, order: str, names: Mapping[str, str]) -> tuple[Chip, ...]:
    """The parts of `text`; `names` are those of photos it names. Raises QueryError."""
    return tuple(
        Chip(
            with_names(text[part.position : part.position + part.length], names),
            part.position,
            part.position + part.length,
            _href(without(text, [part]), order),
        )
        for part in _parts(parse(text))
    )


def refining(text: str, order: str, facets: Facets) -> Refining:
    """What stands around the result of `text`. Raises QueryError."""
    tree = parse(text)
    groups = tuple(_group(kind, text, tree, order, facets) for kind in FACETS)
    return Refining(
        groups=tuple(group for group in groups if group.links),
        narrowed=sum(link.is_on for group in groups for link in group.links),
        note="" if facets.is_whole else f"Counted among the newest {facets.photos:,}.",
        least=least_confidence(tree),
        bare_text=with_confidence(text, 0),
    )


def with_names(text: str, names: Mapping[str, str]) -> str:
    """The query as people read it: the name of a photo in place of its id."""
    for photo_id, name in names.items():
        text = text.replace(f"like:{photo_id}", f"like ‘{name}’")
    return text


def with_confidence(text: str, least: int) -> str:
    """The query with another least confidence; 0 is none. Raises QueryError."""
    tree = parse(text)
    bare = without(text, [part for part in _parts(tree) if isinstance(part, Confidence)])
    return _with_term(bare, f"confidence>={least}") if least else bare


def without(text: str, parts: Sequence[Node]) -> str:
    """The query without these parts of it."""
    for part in sorted(parts, key=lambda node: -node.position):
        before, after = text[: part.position], text[part.position + part.length :]
        text = f"{before.rstrip()} {after.lstrip()}".strip()
    return text


def _parts(tree: Node) -> tuple[Node, ...]:
    return tree.children if isinstance(tree, And) else (tree,)


def _with_term(text: str, term: str) -> str:
    if not text:
        return term
    return f"({text}) {term}" if isinstance(parse(text), Or) else f"{text} {term}"


def _group(kind: Kind, text: str, tree: Node, order: str, facets: Facets) -> FacetGroup:
    links = []
    for value in facets.values:
        if value.kind is not kind:
            continue
        term = term_for(kind, value.shown)
        same = [part for part in _parts(tree) if part == parse(term)]
        href = _href(without(text, same) if same else _with_term(text, term), order)
        links.append(FacetLink(value.shown, f"{value.photos:,}", href, bool(same)))
    return FacetGroup(FACET_WORDS[kind], tuple(links))


def total_words(facets: Facets) -> str:
    """`1 photo`, `430 photos`, `More than 5,000 photos`."""
    total = count_words(facets.photos, "photo", "photos")
    return total if facets.is_whole else f"More than {total}"


def _href(text: str, order: str) -> str:
    if not text:
        return url_for("search.index")
    return url_for("search.index", q=text, order=None if order == "newest" else order)
