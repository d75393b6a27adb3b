"""What a query means, said plainly: the definition that every search engine is held equal to.

A photo is found if it lies on a visible shelf and the tree holds for it. Visible is the timeline;
writing `is:archived`, `is:trashed` or `is:refused` anywhere in a query adds that shelf.

Order: `newest` and `oldest` go by the wall clock of the photo to the second, then by key
(`order_number`); `relevance` goes by tier, then newest. A term's tier is that of the best place its
words were found in (`SURE_LABEL` to `SUGGESTED_LABEL`). Of terms that all hold the weakest counts, of
alternatives the best; filters and exclusions neither help nor harm. Photos that look like one (`like:`) have
the tiers in steps, the most alike first.

Photos found only by words akin to the written ones (`photos.query.expansion`) have the last tiers, and
in every order they come after all exact hits.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable

import msgspec
from msgspec.structs import replace

from photos.models import Hit, Label, Reason, SearchDocument, Shelf
from photos.query import tree as nodes
from photos.query.analysis import analyse
from photos.query.distances import distance_km, is_within
from photos.query.expansion import CountedWords, expand
from photos.query.ranking import (
    DESCRIBED,
    FIELD_TIERS,
    KINSHIP_TIERS,
    LAST_EXACT,
    WRITTEN,
    label_tier,
    like_tier,
    order_number,
)
from photos.query.tree import Alternative, Comparison, Feature, Field, Kinship, Measure, Node, State, walk
from photos.query.unparse import unparse
from photos.query.vocabulary import file_kind, words_in

COMPARE: dict[Comparison, Callable[[float, float], bool]] = {
    Comparison.EQUAL: operator.eq,
    Comparison.LESS: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.MORE: operator.gt,
    Comparison.AT_LEAST: operator.ge,
}

MOST_LINES = 3
"""Lines of text that a word names as reasons."""


class Match(msgspec.Struct, frozen=True):
    """Why a document is found, and how good that is (smaller is better)."""

    tier: int
    reasons: tuple[Reason, ...]


def search(
    tree: Node, documents: Iterable[SearchDocument], owner_id: int, order: str = "newest"
) -> tuple[Hit, ...]:
    """All hits of one owner in `order`: `newest`, `oldest` or `relevance`."""
    own = [document for document in documents if document.owner_id == owner_id]
    tree = expand(tree, vocabulary_of(own))
    ranked = []
    for document in own:
        match = matches(tree, document)
        if match:
            hit = Hit(document.key, match.tier, document.taken_local, match.reasons)
            ranked.append((order_number(document.taken_local, document.key), hit))
    ranked.sort(key=lambda pair: pair[0], reverse=order != "oldest")
    ranked.sort(key=lambda pair: pair[1].tier if order == "relevance" else pair[1].tier > LAST_EXACT)
    return tuple(hit for _, hit in ranked)


def vocabulary_of(documents: Iterable[SearchDocument]) -> CountedWords:
    """The words of the timeline among the documents of one owner."""
    return CountedWords(Counter(word for document in documents for word in words_in(document)))


def least_confidence(tree: Node) -> int:
    """Labels below this are as if they were not there; 0 if the query does not say."""
    return max((node.least for node in walk(tree) if isinstance(node, nodes.Confidence)), default=0)


def matches(tree: Node, document: SearchDocument) -> Match | None:
    """Why `document` is found by `tree`, which is expanded by the words of its library if those shall
    count; None if it is not. There is at least one reason."""
    if document.shelf not in visible_shelves(tree):
        return None
    least = least_confidence(tree)
    if least:
        labels = tuple(label for label in document.labels if label.confidence >= least)
        document = replace(document, labels=labels)
    match = _holds(tree, document)
    if match is None or match.reasons:
        return match
    return Match(match.tier, (Reason("date", f"{document.taken_local:%Y-%m-%d}"),))


def visible_shelves(tree: Node) -> frozenset[Shelf]:
    """The shelves a query looks at."""
    states = {node.state for node in walk(tree) if isinstance(node, nodes.Is)}
    return frozenset({Shelf.TIMELINE}) | {SHELVES[state] for state in states if state in SHELVES}


SHELVES = {
    State.ARCHIVED: Shelf.ARCHIVE,
    State.TRASHED: Shelf.TRASH,
    State.REFUSED: Shelf.REFUSED,
}


def _holds(node: Node, document: SearchDocument) -> Match | None:
    match node:
        case nodes.And(children=children):
            return _all(children, document)
        case nodes.Or(children=children):
            return _any(children, document)
        case nodes.Not(child=child):
            return None if _holds(child, document) else _filtered(node)
        case nodes.Words():
            return _found_words(node, document)
        case nodes.Label():
            return _found_labels(node, document)
        case nodes.Tag():
            tags = (tag for tag in document.tags if _is_named(tag, node.name, node.is_prefix))
            return _best([(DESCRIBED, Reason(Field.TAG, tag)) for tag in tags])
        case nodes.Like(found=found):
            return next(
                (
                    Match(like_tier(place), (Reason("like", f"{alike.percent} %"),))
                    for place, alike in enumerate(found)
                    if alike.key == document.key
                ),
                None,
            )
        case nodes.Near() | nodes.Within() | nodes.Taken():
            return _around(node, document)
        case nodes.Confidence():
            return Match(0, ())
        case _:
            return _filtered(node) if _passes(node, document) else None


def _all(children: Iterable[Node], document: SearchDocument) -> Match | None:
    found = []
    for child in children:
        match = _holds(child, document)
        if match is None:
            return None
        found.append(match)
    return Match(max((match.tier for match in found), default=0), _together(found))


def _any(children: Iterable[Node], document: SearchDocument) -> Match | None:
    found = [match for match in (_holds(child, document) for child in children) if match]
    return Match(min(match.tier for match in found), _together(found)) if found else None


def _together(found: list[Match]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reason for match in found for reason in match.reasons))


def _filtered(node: Node) -> Match:
    return Match(0, (Reason("filter", unparse(node)),))


def _best(found: list[tuple[int, Reason]]) -> Match | None:
    """All reasons, best first."""
    if not found:
        return None
    found.sort(key=lambda pair: pair[0])
    return Match(found[0][0], tuple(dict.fromkeys(reason for _, reason in found)))


def _found_words(node: nodes.Words, document: SearchDocument) -> Match | None:
    """Where the words stand; only where they stand nowhere, where a word akin to them does."""
    exact = _found_exactly(node, document)
    if exact or not node.others:
        return exact
    found = []
    for other in node.others:
        match = _found_exactly(nodes.Words(other.text), document)
        if match:
            because = _because(node.text, other)
            found += [
                (KINSHIP_TIERS[other.kinship], replace(reason, because=because)) for reason in match.reasons
            ]
    return _best(found)


def _because(written: str, other: Alternative) -> str:
    verb = "read" if other.kinship is Kinship.TYPO else "counted"
    return f"{written}: {verb} as {other.text}"


def _found_exactly(node: nodes.Words, document: SearchDocument) -> Match | None:
    wanted = analyse(node.text)
    found = []
    for kind, value, label in _values(document):
        if node.field in (None, kind) and _contains(analyse(value), wanted, node.is_prefix):
            if label:
                found.append((label_tier(label.confidence), _label_reason(label)))
            elif kind is Field.TEXT:
                found.extend((WRITTEN, reason) for reason in _line_reasons(node, document.text))
            else:
                found.append((FIELD_TIERS[kind], Reason(kind, value)))
    return _best(found)


def _line_reasons(node: nodes.Words, lines: Iterable[str]) -> list[Reason]:
    """The first lines that hold the words; all of the text if they stand across lines."""
    wanted = analyse(node.text)
    holding = [line for line in lines if _contains(analyse(line), wanted, node.is_prefix)]
    return [Reason(Field.TEXT, value) for value in holding[:MOST_LINES] or ["\n".join(lines)]]


def _values(document: SearchDocument) -> Iterable[tuple[Field, str, Label | None]]:
    """Every piece of text of a document with its field, and its label if it is one.

    Lines of text count as one piece: what stands on a sign in two lines is still one phrase.
    """
    for label in document.labels:
        yield Field.LABEL, label.name, label
    yield Field.DESCRIPTION, document.description, None
    for tag in document.tags:
        yield Field.TAG, tag, None
    yield Field.NAME, document.name, None
    for album in document.albums:
        yield Field.ALBUM, album, None
    yield Field.PLACE, document.place, None
    yield Field.CAMERA, document.camera, None
    yield Field.LENS, document.lens, None
    yield Field.TEXT, "\n".join(document.text), None


def _contains(words: tuple[str, ...], wanted: tuple[str, ...], is_prefix: bool) -> bool:
    """Whether `wanted` stands in `words` side by side; the last one may be a beginning."""
    if not wanted:
        return False
    *firsts, last = wanted
    for start in range(len(words) - len(wanted) + 1):
        end = start + len(firsts)
        is_last = words[end].startswith(last) if is_prefix else words[end] == last
        if is_last and list(words[start:end]) == firsts:
            return True
    return False


def _is_named(name: str, wanted: str, is_prefix: bool) -> bool:
    """Whether `wanted` is the whole of `name`, or its beginning."""
    words, sought = analyse(name), analyse(wanted)
    if not sought:
        return False
    if not is_prefix:
        return words == sought
    return _contains(words[: len(sought)], sought, is_prefix=True)


def _found_labels(node: nodes.Label, document: SearchDocument) -> Match | None:
    found = [
        (label_tier(label.confidence), _label_reason(label))
        for label in document.labels
        if _is_named(label.name, node.name, node.is_prefix)
        and (node.comparison is None or COMPARE[node.comparison](label.confidence, node.confidence))
    ]
    return _best(found)


def _label_reason(label: Label) -> Reason:
    return Reason(Field.LABEL, label.name, label.confidence)


def _around(node: nodes.Near | nodes.Within | nodes.Taken, document: SearchDocument) -> Match | None:
    """Filters by day, distance and box; the reason names the photo's own day or place."""
    if isinstance(node, nodes.Taken):
        day = document.taken_local.date()
        is_in = (node.start is None or node.start <= day) and (node.end is None or day < node.end)
        return Match(0, (Reason("date", day.isoformat()),)) if is_in else None
    at = document.position
    if at is None:
        return None
    if isinstance(node, nodes.Within):
        is_in = is_within(node, at.latitude, at.longitude)
    else:
        is_in = distance_km(node.latitude, node.longitude, at.latitude, at.longitude) <= node.kilometres
    if not is_in:
        return None
    return Match(0, (Reason(Field.PLACE, document.place),)) if document.place else _filtered(node)


def holds_for(node: nodes.Number | nodes.Between, number: int) -> bool:
    """Whether a photo with this number is meant."""
    if isinstance(node, nodes.Between):
        return node.least <= number <= node.most
    return COMPARE[node.comparison](number, node.value)


def _measured(document: SearchDocument, measure: Measure) -> int:
    match measure:
        case Measure.WIDTH:
            return document.width
        case Measure.HEIGHT:
            return document.height
        case Measure.RATING:
            return document.rating


def _passes(node: Node, document: SearchDocument) -> bool:
    match node:
        case nodes.Number() | nodes.Between():
            return holds_for(node, _measured(document, node.measure))
        case nodes.Is(state=State.FAVOURITE):
            return document.is_favourite
        case nodes.Is(state=state):
            return document.shelf is SHELVES[state]
        case nodes.Has(feature=feature):
            return has_feature(document, feature)
        case nodes.Type(kind=kind):
            return file_kind(document.media_type) == kind
    raise TypeError(f"{type(node).__name__} is no term of a query")


def has_feature(document: SearchDocument, feature: Feature) -> bool:
    """Whether `has:` holds for a document."""
    match feature:
        case Feature.GPS:
            return document.position is not None
        case Feature.TEXT:
            return any(line.strip() for line in document.text)
        case Feature.PEOPLE:
            return document.has_people
        case Feature.DESCRIPTION:
            return bool(document.description.strip())
