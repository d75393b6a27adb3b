"""A query tree as one FTS5 expression and, for what is no word, SQL conditions.

The index has one FTS5 column per field, one per five percent of confidence of labels (so that a least
confidence is a choice of columns), and the column `fact`, whose words are facts about the photo
(`7:timeline`, `is:favourite`, `rating:4`). Beside its words a label stands there as one more word of its
whole name, `+traffic+light`, which no text of people can give. So nearly every query is a single FTS5
expression, which FTS5 walks lazily in the order of its rowids: newest first costs little, however common
the words are. Widths, distances, exact confidences and days are SQL conditions beside it.

Words of people reach SQLite only as bound parameters; inside the FTS5 expression they are analysed
words in quotes, which can hold no operator.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import date, datetime
from functools import lru_cache

import msgspec

from photos.backends.search.sqlite_places import Place, at, numbers_at
from photos.models import SearchDocument, Shelf
from photos.query import tree as nodes
from photos.query.analysis import analyse
from photos.query.evaluate import SHELVES, has_feature, holds_for, least_confidence, visible_shelves
from photos.query.operators import KINDS, MOST_STARS
from photos.query.ranking import (
    CIRCUMSTANCE,
    DESCRIBED,
    FIELD_TIERS,
    KINSHIP_TIERS,
    LAST_EXACT,
    LAST_TIER,
    SUGGESTED_LABEL,
    SURE_CONFIDENCE,
    SURE_LABEL,
    WRITTEN,
    like_tier,
    order_number,
)
from photos.query.tree import CONFIDENCE_STEP, Feature, Field, Measure, Node, State
from photos.query.vocabulary import file_kind

COLUMNS = (
    ("description", DESCRIBED),
    ("tag", DESCRIBED),
    ("name", DESCRIBED),
    ("album", DESCRIBED),
    ("place", CIRCUMSTANCE),
    ("camera", CIRCUMSTANCE),
    ("lens", CIRCUMSTANCE),
    ("text", WRITTEN),
)
"""The columns of words with their tier."""

BANDS = {least: f"seen{least}" for least in range(0, 101, CONFIDENCE_STEP)}
"""The columns of labels, by the least confidence of those that stand in them."""

FIELDS = (*BANDS.values(), *(name for name, _ in COLUMNS), "fact")
"""All columns of the FTS5 table, in the order of `row_of`."""

_BETWEEN = " , "
"""Between two values in one column: a word that no text gives, so that no phrase spans two values."""
_NEVER = '{fact} : "never"'

Parameter = int | float | str


class Clause(msgspec.Struct, frozen=True):
    """A conjunction: an FTS5 expression and an SQL condition with its parameters. Empty means true."""

    words: str = ""
    where: str = ""
    parameters: tuple[Parameter, ...] = ()
    is_numbered: bool = False
    """Whether the condition names few rows, each of which SQLite asks for by its number."""

    @property
    def row(self) -> str:
        """What its rows are ordered by."""
        # the plus leaves the sorting of named rows to SQLite: FTS5, asked for descending order, walks from
        # the newest row to each of them, 14 ms in an index of a million
        return "+words.rowid" if self.is_numbered else "words.rowid"


@lru_cache(8192)
def name_of(text: str) -> str:
    """A whole name as one word of the index: `traffic+light`."""
    return "+".join(analyse(text))


def row_of(document: SearchDocument) -> tuple[str, ...]:
    """The analysed words of a document for each of `FIELDS`."""
    bands: dict[int, str] = dict.fromkeys(BANDS, "")
    for label in document.labels:
        words = _label_words(label.name)
        if words:
            band = band_of(label.confidence)
            bands[band] = f"{bands[band]}{_BETWEEN}{words}" if bands[band] else words
    return (
        *bands.values(),
        " ".join(analyse(document.description)),
        _BETWEEN.join(map(_spaced, document.tags)),
        " ".join(analyse(document.name)),
        _BETWEEN.join(map(_spaced, document.albums)),
        _spaced(document.place),
        _spaced(document.camera),
        _spaced(document.lens),
        " ".join(analyse("\n".join(document.text))),
        " ".join(dict.fromkeys(_facts(document))),
    )


@lru_cache(8192)
def _label_words(name: str) -> str:
    """The words of a label and its whole name as one more; empty for one without words."""
    words = _spaced(name)
    return words and f"{words}{_BETWEEN}+{name_of(name)}"


@lru_cache(8192)
def _spaced(text: str) -> str:
    return " ".join(analyse(text))


def band_of(confidence: float) -> int:
    """The least confidence of the band that a label of this confidence (0-100) stands in."""
    return int(min(max(confidence, 0.0), 100.0) // CONFIDENCE_STEP) * CONFIDENCE_STEP


def _facts(document: SearchDocument) -> Iterable[str]:
    yield _scope(document.owner_id, document.shelf)
    yield f"rating:{document.rating}"
    if document.is_favourite:
        yield "is:favourite"
    for feature in Feature:
        if has_feature(document, feature):
            yield f"has:{feature}"
    if file_kind(document.media_type) in KINDS:
        yield f"type:{file_kind(document.media_type)}"
    for tag in document.tags:
        yield f"tag:{name_of(tag)}"


def _scope(owner_id: int, shelf: Shelf) -> str:
    return f"{owner_id}:{shelf}"


def tiers_of(tree: Node, order: str = "relevance") -> list[int]:
    """The steps in which hits of this tree are listed, best first: each the worst tier that is in it.

    By relevance these are the tiers that hits can have; by time all exact hits are one step, and all that
    is found by other words is another.
    """
    tiers = {0} | _tiers_below(tree)
    if order == "relevance":
        return sorted(tiers)
    return [LAST_EXACT, LAST_TIER] if max(tiers) > LAST_EXACT else [LAST_EXACT]


def _tiers_below(node: Node) -> set[int]:
    match node:
        case nodes.And(children=children) | nodes.Or(children=children):
            return {tier for child in children for tier in _tiers_below(child)}
        case nodes.Words(field=None, others=others):
            return set(range(LAST_EXACT + 1)) | {KINSHIP_TIERS[other.kinship] for other in others}
        case nodes.Words(field=Field.LABEL) | nodes.Label():
            return {SURE_LABEL, SUGGESTED_LABEL}
        case nodes.Words(field=field) if field:
            return {FIELD_TIERS[field]}
        case nodes.Tag():
            return {DESCRIBED}
        case nodes.Like(found=found):
            return {like_tier(place) for place in range(len(found))}
    return set()


def compile_tree(
    tree: Node,
    owner_id: int,
    tier: int = LAST_TIER,
    beyond: int | None = None,
    *,
    rare: Collection[Place] = (),
) -> Clause:
    """The clause of all hits whose tier is at most `tier` and, if given, worse than `beyond`.

    `rare` are those of its places that have few photos.
    """
    compiler = _Compiler(tree, owner_id, rare)
    clause = compiler.all_of([Clause(compiler.scope), compiler.clause(tree, tier)])
    if beyond is not None:
        clause = compiler.all_of([clause, compiler.none_of(compiler.clause(tree, beyond))])
    return clause


class _Compiler:
    """The owner, the visible shelves and the least confidence, which every part of one query shares."""

    def __init__(self, tree: Node, owner_id: int, rare: Collection[Place]) -> None:
        self.owner_id = owner_id
        self.rare = rare
        self.least = least_confidence(tree)
        shelves = sorted(visible_shelves(tree))
        self.scope = _either([_fact(_scope(owner_id, shelf)) for shelf in shelves])

    def clause(self, node: Node, tier: int) -> Clause:
        """`node`, of terms that are found in a place of at most this tier."""
        match node:
            case nodes.And(children=children):
                return self.all_of([self.clause(child, tier) for child in children])
            case nodes.Or(children=children):
                return self.any_of([self.clause(child, tier) for child in children])
            case nodes.Not(child=child):
                return self.none_of(self.clause(child, LAST_TIER))
            case nodes.Words():
                return Clause(self._words(node, tier))
            case nodes.Label():
                return self._label(node, tier)
            case nodes.Tag(name=name, is_prefix=is_prefix):
                return Clause(_fact("tag:" + name_of(name), is_prefix) if tier >= DESCRIBED else _NEVER)
            case nodes.Like():
                return self._like(node, tier)
            case nodes.Near() | nodes.Within():
                return self._place(node)
            case nodes.Taken(start=start, end=end):
                return _taken(start, end)
            case nodes.Number() | nodes.Between():
                return _number(node)
            case nodes.Confidence():
                return Clause()
        return Clause(self._fact_of(node))

    def all_of(self, clauses: list[Clause]) -> Clause:
        """What holds if all of them hold."""
        words = [clause.words for clause in clauses if clause.words]
        where = [clause.where for clause in clauses if clause.where]
        parameters = tuple(value for clause in clauses for value in clause.parameters)
        is_numbered = any(clause.is_numbered for clause in clauses)
        return Clause(_joined(" AND ", words), _joined(" AND ", where), parameters, is_numbered)

    def any_of(self, clauses: list[Clause]) -> Clause:
        """What holds if one of them holds."""
        if all(not clause.where for clause in clauses):
            return Clause(_either([clause.words or self.scope for clause in clauses]))
        conditions = [_as_condition(clause) for clause in clauses]
        parameters = tuple(value for condition in conditions for value in condition.parameters)
        # The plus keeps SQLite from searching each alternative by itself: MATCH has to lead.
        return Clause("", f"+({' OR '.join(condition.where for condition in conditions)})", parameters)

    def none_of(self, clause: Clause) -> Clause:
        """What holds if the clause does not."""
        if not clause.where:
            return Clause(f"({self.scope} NOT {clause.words or self.scope})")
        condition = _as_condition(clause)
        return Clause("", f"NOT {condition.where}", condition.parameters)

    def _like(self, node: nodes.Like, tier: int) -> Clause:
        keys = [alike.key for place, alike in enumerate(node.found) if like_tier(place) <= tier]
        return Clause(
            "",
            "words.rowid IN (SELECT order_number FROM photo WHERE owner_id = ?"
            " AND key IN (SELECT value FROM json_each(?)))",
            (self.owner_id, json.dumps(keys)),
            is_numbered=True,
        )

    def _place(self, place: Place) -> Clause:
        if place not in self.rare:
            return Clause("", *at(place))
        numbers, parameters = numbers_at(place, self.owner_id)
        return Clause("", f"words.rowid IN ({numbers})", parameters, is_numbered=True)

    def _words(self, node: nodes.Words, tier: int) -> str:
        found = [self._exactly(node, tier)]
        for other in node.others:
            if KINSHIP_TIERS[other.kinship] <= tier:
                found.append(self._exactly(nodes.Words(other.text), tier))
        return _either(found)

    def _exactly(self, node: nodes.Words, tier: int) -> str:
        wanted = analyse(node.text)
        columns = self._bands(tier) if node.field in (None, Field.LABEL) else []
        columns += [
            name for name, column_tier in COLUMNS if column_tier <= tier and node.field in (None, name)
        ]
        if not columns or not wanted:
            return _NEVER
        return f"{{{' '.join(columns)}}} : {_phrase(' '.join(wanted), node.is_prefix)}"

    def _bands(self, tier: int) -> list[str]:
        """The columns of labels that count in this tier."""
        least = self.least if tier >= SUGGESTED_LABEL else max(self.least, SURE_CONFIDENCE)
        return [column for band, column in BANDS.items() if band >= least]

    def _label(self, node: nodes.Label, tier: int) -> Clause:
        name = name_of(node.name)
        columns = self._bands(tier)
        if not name or not columns:
            return Clause(_NEVER)
        words = f"{{{' '.join(columns)}}} : {_phrase('+' + name, node.is_prefix)}"
        if node.comparison is None:
            return Clause(words)
        least = float(self.least) if tier >= SUGGESTED_LABEL else max(self.least, SURE_CONFIDENCE)
        return Clause(
            words,
            "EXISTS (SELECT 1 FROM label WHERE label.order_number = words.rowid AND name >= ? AND name <= ?"  # nosec B608
            f" AND confidence {node.comparison} ? AND confidence >= ?)",
            (name, name + "\U0010ffff" if node.is_prefix else name, node.confidence, least),
        )

    def _fact_of(self, node: Node) -> str:
        match node:
            case nodes.Is(state=State.FAVOURITE):
                return _fact("is:favourite")
            case nodes.Is(state=state):
                return _fact(_scope(self.owner_id, SHELVES[state]))
            case nodes.Has(feature=feature):
                return _fact(f"has:{feature}")
            case nodes.Type(kind=kind):
                return _fact(f"type:{kind}")
        raise TypeError(f"{type(node).__name__} is no term of a query")


def _taken(start: date | None, end: date | None) -> Clause:
    where, parameters = [], []
    if start:
        where.append("words.rowid >= ?")
        parameters.append(_first_number(start))
    if end:
        where.append("words.rowid < ?")
        parameters.append(_first_number(end))
    return Clause("", _joined(" AND ", where), tuple(parameters))


def _first_number(day: date) -> int:
    return order_number(datetime(day.year, day.month, day.day), 0)


def _number(node: nodes.Number | nodes.Between) -> Clause:
    if node.measure is Measure.RATING:
        ratings = [_fact(f"rating:{stars}") for stars in range(MOST_STARS + 1) if holds_for(node, stars)]
        return Clause(_either(ratings) if ratings else _NEVER)
    if isinstance(node, nodes.Between):
        return Clause("", f"photo.{node.measure} BETWEEN ? AND ?", (node.least, node.most))
    return Clause("", f"photo.{node.measure} {node.comparison} ?", (node.value,))


def _as_condition(clause: Clause) -> Clause:
    """The clause as an SQL condition alone."""
    if not clause.words:
        return Clause("", clause.where, clause.parameters) if clause.where else Clause("", "1")
    inner = "+words.rowid IN (SELECT rowid FROM words WHERE words MATCH ?)"
    where = _joined(" AND ", [inner, clause.where] if clause.where else [inner])
    return Clause("", where, (clause.words, *clause.parameters))


def _joined(glue: str, parts: list[str]) -> str:
    return f"({glue.join(parts)})" if len(parts) > 1 else "".join(parts)


def _either(expressions: list[str]) -> str:
    return _joined(" OR ", expressions)


def _fact(word: str, is_prefix: bool = False) -> str:
    return f"{{fact}} : {_phrase(word, is_prefix)}"


def _phrase(words: str, is_prefix: bool) -> str:
    escaped = words.replace('"', '""')
    return f'"{escaped}"' + (" *" if is_prefix else "")
