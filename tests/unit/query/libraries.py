"""Random small libraries and random queries over the same few words, so that they often meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import msgspec

from photos.models import Label, Position, SearchDocument, Shelf
from photos.query.operators import OPERATORS
from photos.query.tree import Alike, And, Like, Node, Not, Or

WORDS = (
    "dog", "cat", "beach", "traffic", "light", "traffic light", "golden", "golden retriever", "don't",
    "Café", "東京タワー", "東京", "страна", "ﾄﾞｯｸﾞ", "c++", "sun", "sunset", "🐶", "IMG_1234", "1,000",
    "dogs", "puppy", "child", "children", "neighbour's", "neighbours", "cell phone", "phone", "kitten",
    "foo-bar", "AND", "or", "NEAR", "a\"b", "x*y", "{fact}", "is:favourite", "never", "1:timeline",
)  # fmt: skip
PIECES = (
    *(f"{name}:" for name in OPERATORS), "width>", "rating>=", "OR", " ", "-", "(", ")", '"', "*", "dog",
    "90", "2024-06", "..", ",", ">", "<=", "“", "\x00", "東", "🐶", "e\u0301", "\u202e", "\ud800", "'",
    "\\", "{", "^",
)  # fmt: skip
"""What texts of the language, and attempts to break out of it, are made of."""

OWNERS = (1, 2, 12)


def vocabulary(random: Random) -> tuple[str, ...]:
    """The few words of one library: few, so that queries meet documents, also in odd combinations."""
    return tuple(random.sample(WORDS, 6))


FIRST_DAY = datetime(2023, 12, 30)


def library(random: Random, words: Sequence[str], size: int) -> list[SearchDocument]:
    """Documents with unique keys of all owners and shelves."""
    keys = random.sample(range(size * 3), size)
    return [document(random, words, key) for key in keys]


def document(random: Random, words: Sequence[str], key: int) -> SearchDocument:
    """One document; clocks collide within a second on purpose."""
    shelves = [Shelf.TIMELINE] * 5 + list(Shelf)
    taken = FIRST_DAY + timedelta(days=random.randrange(5), hours=random.choice((0, 0, 23)))
    if random.random() < 0.05:
        taken = random.choice((datetime(1, 1, 1), datetime(9999, 12, 31), datetime(1969, 12, 31, 23, 59, 59)))
    return SearchDocument(
        key=key,
        owner_id=random.choice(OWNERS),
        revision=random.randrange(5),
        taken_local=taken
        + timedelta(microseconds=random.choice((0, 0, 999_999)) if taken.year < 9999 else 0),
        shelf=random.choice(shelves),
        name=some(random, words, 2),
        description=some(random, words, 4),
        labels=tuple(
            Label(random.choice(words), random.choice((40.0, 69.9, 70.0, 90.0, 99.5)))
            for _ in range(random.randrange(4))
        ),
        text=tuple(some(random, words, 3) for _ in range(random.randrange(3))),
        tags=tuple(some(random, words, 2) for _ in range(random.randrange(3))),
        albums=tuple(some(random, words, 2) for _ in range(random.randrange(2))),
        camera=some(random, words, 2),
        lens=some(random, words, 1),
        place=some(random, words, 2),
        position=position(random),
        media_type=random.choice(("image/jpeg", "image/png", "image/heif", "image/heic", "", "video/mp4")),
        width=random.choice((0, 100, 3000, 3001)),
        height=random.choice((0, 100, 2000)),
        rating=random.randrange(6),
        is_favourite=random.random() < 0.3,
        has_people=random.random() < 0.3,
    )


def changed(random: Random, words: Sequence[str], known: SearchDocument) -> SearchDocument:
    """Another state of the same photo."""
    other = document(random, words, known.key)
    return msgspec.structs.replace(other, revision=known.revision + random.choice((-1, 0, 1)))


def position(random: Random) -> Position | None:
    if random.random() < 0.4:
        return None
    return Position(random.choice((48.0, 48.05, -89.99, 90.0)), random.choice((11.0, 11.1, 179.99, -179.99)))


def some(random: Random, words: Sequence[str], most: int) -> str:
    return " ".join(random.choice(words) for _ in range(random.randrange(most + 1)))


def likened(random: Random, node: Node, keys: Sequence[int]) -> Node:
    """The tree with some photos of the library, or none, as those alike to whatever it asks for."""
    match node:
        case And(children=children) | Or(children=children):
            return replace(node, children=tuple(likened(random, child, keys) for child in children))
        case Not(child=child):
            return replace(node, child=likened(random, child, keys))
        case Like():
            alike = random.sample(list(keys), random.randrange(len(keys) + 1))
            return replace(node, found=tuple(Alike(key, random.randrange(50, 101)) for key in alike))
    return node


def whole_query(random: Random, words: Sequence[str]) -> str:
    """A query, now and then with what can only stand at its top."""
    text = query(random, words)
    if random.random() < 0.2:
        text = f"({text}) confidence>={random.choice((0, 40, 45, 70, 75, 100))}"
    return text


def typed(random: Random) -> str:
    """What may come through a search box: mostly a query, one with pieces changed, or pieces alone."""
    kind = random.random()
    if kind >= 0.7:
        return "".join(random.choice(PIECES) for _ in range(random.randrange(40)))
    text = whole_query(random, random.sample(WORDS, 6))
    if kind < 0.4:
        return text
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(PIECES) + text[at + random.randrange(3) :]


def query(random: Random, words: Sequence[str], depth: int = 3) -> str:
    """Text that mostly parses; words are often quoted, cut to a prefix or negated."""
    kind = random.random()
    if depth == 0 or kind < 0.45:
        return term(random, words)
    if kind < 0.55:
        return "-" + (
            "(" + query(random, words, depth - 1) + ")" if random.random() < 0.5 else term(random, words)
        )
    if kind < 0.8:
        return query(random, words, depth - 1) + " " + query(random, words, depth - 1)
    return "(" + query(random, words, depth - 1) + " OR " + query(random, words, depth - 1) + ")"


def written(random: Random, words: Sequence[str]) -> str:
    """A word, a phrase or a prefix as a person writes it."""
    word = " ".join(random.choice(words) for _ in range(random.choice((1, 1, 1, 2))))
    word = word.replace('"', "").replace("*", "")
    if random.random() < 0.3:
        word = word[: random.randrange(1, len(word) + 1)]
        return f'"{word}"*'
    return f'"{word}"' if " " in word or random.random() < 0.5 else word


def akin(random: Random, words: Sequence[str]) -> str:
    """A word that may be meant for one of the library: another form, or with a slip of the finger."""
    word = random.choice([word for word in words if word.isalpha()] or ["dog"])
    at = random.randrange(len(word))
    return random.choice(
        (
            word + "s",
            word + "'s",
            word.removesuffix("s"),
            word[:at] + word[at + 1 :] or word,
            word[:at] + "e" + word[at:],
            word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
            random.choice(("puppy", "kitten", "dog", "cat", "mobile", "kids")),
        )
    )


_COMPARISONS = ("<", "<=", ">", ">=", "=")
_DAYS = ("2023", "2024", "2023-12", "2024-01", "2023-12-31", "2024-01-01", "1969", "1500", "2499")
_PLAIN = (
    "is:favourite", "is:archived", "is:trashed", "is:refused", "has:gps", "has:text", "has:people",
    "has:description", "type:jpeg", "type:heic", "type:png", "near:48,11,1", "near:48,11,5.57",
    "box:47,10,49,12", "box:-90,-180,90,180", "box:48,11,48,11", "box:-90,179,90,-179", "box:0,0,1,1",
    "rating:2..4", "rating:..0", "width:100..3000", "height:1..", "near:-90,0,50", "near:90,180,20000",
    "near:0,180,11000",
)  # fmt: skip


def term(random: Random, words: Sequence[str]) -> str:
    """One term of any kind."""
    comparison = random.choice(_COMPARISONS)
    builders = (
        lambda: written(random, words),
        lambda: written(random, words),
        lambda: akin(random, words),
        lambda: akin(random, words),
        lambda: f"label:{written(random, words)}",
        lambda: f"label:{written(random, words)}{comparison}{random.choice((40, 69.9, 70, 90, 99.5))}",
        lambda: f"tag:{written(random, words)}",
        lambda: f"{random.choice(('text', 'camera', 'lens', 'place', 'album'))}:{written(random, words)}",
        lambda: f"taken:{random.choice(_DAYS)}",
        lambda: f"taken:{random.choice(_DAYS)}..",
        lambda: f"{random.choice(('before', 'after'))}:{random.choice(_DAYS)}",
        lambda: f"rating:{comparison}{random.randrange(6)}",
        lambda: f"{random.choice(('width', 'height'))}{comparison}{random.choice((0, 100, 3000))}",
        lambda: random.choice(_PLAIN),
        lambda: f"like:{random.choice('ab') * 22}",
    )
    return random.choice(builders)()
