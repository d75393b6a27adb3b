"""The grammar: one text to one tree, in one pass from left to right.

    query   = either
    either  = all ("OR" all)*
    all     = part+
    part    = "-" part | "(" either ")" | operator | quoted ["*"] | word ["*"]

Each character is looked at a bounded number of times, so the time is linear in the text. Bare signs
without a letter, a digit or an emoji (`&`, a lone dash) are passed over, as a person means nothing by
them.
"""

from __future__ import annotations

import re
from dataclasses import replace

from photos.query.analysis import analyse
from photos.query.operators import OPERATORS, Value, nearest, refuse_inner_star
from photos.query.tree import (
    MOST_LIKE,
    And,
    Confidence,
    Label,
    Like,
    Node,
    Not,
    Or,
    QueryError,
    Tag,
    Words,
    walk,
)

LONGEST = 256
"""Characters of a query."""
MOST_TERMS = 32
MOST_PREFIXES = 8
"""Each star makes an index read every word that begins so."""
DEEPEST = 12
"""Parentheses and minus signs inside each other."""

QUOTES = '"“”„'
"""Each of them opens and closes a phrase: telephones write curved ones by themselves."""

_OPERATOR = re.compile(r"([A-Za-z_]+)(:|<=|>=|<|>|=)")
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(text: str) -> Node:
    """The tree of `text`; a blank text asks for everything. Raises QueryError and nothing else."""
    if len(text) > LONGEST:
        raise QueryError(
            f"The search is longer than {LONGEST} characters.",
            position=LONGEST,
            length=len(text) - LONGEST,
            code="too_long",
        )
    broken = _SURROGATE.search(text)
    if broken:
        raise QueryError("This is half a character.", position=broken.start(), length=1)
    tree = _Parser(text).query()
    _check_whole(tree)
    return tree


def _check_whole(tree: Node) -> None:
    """What can only be said of the whole tree: few stars, and a confidence that concerns everything."""
    top = tree.children if isinstance(tree, And) else (tree,)
    stars = likes = 0
    for node in walk(tree):
        if isinstance(node, Confidence) and not any(node is part for part in top):
            raise QueryError(
                "The confidence concerns the whole search: write it outside of OR, parentheses and minus.",
                position=node.position,
                length=node.length,
            )
        likes += isinstance(node, Like)
        if likes > MOST_LIKE:
            raise QueryError(
                f"More than {MOST_LIKE} photos to be like in one search.",
                position=node.position,
                length=node.length,
                code="too_many",
            )
        stars += isinstance(node, Words | Label | Tag) and node.is_prefix
        if stars > MOST_PREFIXES:
            raise QueryError(
                f"More than {MOST_PREFIXES} words with a star in one search.",
                position=node.position,
                length=node.length,
                code="too_many",
            )


class _Parser:
    """Where we are in the text, and what has been counted."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.terms = 0

    def query(self) -> Node:
        tree = self._either(0)
        if self.at < len(self.text):
            raise QueryError("This parenthesis closes nothing.", position=self.at, length=1)
        if tree is not None:
            return tree
        if self.text.strip():
            raise QueryError("There is nothing to search for here.", position=0, length=len(self.text))
        return And()

    def _either(self, depth: int) -> Node | None:
        """Alternatives up to the end or a closing parenthesis; None if there are none."""
        first = self._all(depth)
        if not self._is_or():
            return first
        found = [first]
        while self._is_or():
            position = self.at
            self.at += 2
            found.append(self._all(depth))
            if found[-1] is None or found[-2] is None:
                raise QueryError(
                    "OR stands between two things. To search for the word itself, write “or”.",
                    position=position,
                    length=2,
                )
        children = tuple(child for child in found if child is not None)
        return Or(children, **_span(children[0], children[-1]))

    def _all(self, depth: int) -> Node | None:
        """Parts that all hold, up to OR, a closing parenthesis or the end; None if there are none."""
        children: list[Node] = []
        while self._skip_space() and self.text[self.at] != ")" and not self._is_or():
            part = self._part(depth)
            if part is not None:
                children.append(part)
        if len(children) < 2:
            return children[0] if children else None
        return And(tuple(children), **_span(children[0], children[-1]))

    def _part(self, depth: int) -> Node | None:
        """One part; None for signs that mean nothing."""
        start, char = self.at, self.text[self.at]
        if char in "-(" and depth >= DEEPEST:
            raise QueryError(
                f"More than {DEEPEST} parentheses or minus signs inside each other.", position=start, length=1
            )
        if char == "-":
            return self._negation(depth)
        if char == "(":
            return self._group(depth)
        operator = _OPERATOR.match(self.text, start)
        if operator and (operator[2] == ":" or operator[1].lower() in OPERATORS):
            self._count(start, operator.end())
            return self._operator(operator[1], operator[2], operator.end())
        return self._words()

    def _negation(self, depth: int) -> Node | None:
        start = self.at
        self.at += 1
        if self.at == len(self.text) or self.text[self.at].isspace():
            return None
        part = self._part(depth + 1) if self.text[self.at] != ")" else None
        if part is None:
            raise QueryError(
                "There is nothing to exclude after this minus sign.", position=start, length=self.at - start
            )
        return Not(part, position=start, length=self.at - start)

    def _group(self, depth: int) -> Node:
        start = self.at
        self.at += 1
        inside = self._either(depth + 1)
        if self.at == len(self.text):
            raise QueryError("This parenthesis is never closed.", position=start, length=1)
        self.at += 1
        if inside is None:
            raise QueryError(
                "There is nothing between these parentheses.", position=start, length=self.at - start
            )
        return replace(inside, position=start, length=self.at - start)

    def _operator(self, name: str, sign: str, value_start: int) -> Node:
        start = self.at
        known = OPERATORS.get(name.lower())
        if known is None:
            close = nearest(name, OPERATORS)
            hint = f"Did you mean “{close}:”?" if close else "Put it in quotes to search for the words."
            raise QueryError(
                f"There is no operator “{name}:”. {hint}",
                position=start,
                length=value_start - start,
                code="operator",
            )
        if sign != ":" and not known.is_measure:
            raise QueryError(
                f"Write {name.lower()} with a colon, for example {known.example}.",
                position=start,
                length=value_start - start,
            )
        self.at = value_start
        is_quoted = self.at < len(self.text) and self.text[self.at] in QUOTES
        text = self._quoted() if is_quoted else self._run()
        tail = self._run() if is_quoted else ""
        if not text and not tail:
            raise QueryError(
                f"{name.lower()} needs a value right behind it, for example {known.example}.",
                position=start,
                length=value_start - start,
            )
        return known.read(
            Value(text, tail, is_quoted, sign, start, self.at - start, value_start, self.at - value_start)
        )

    def _words(self) -> Node | None:
        start = self.at
        is_quoted = self.text[start] in QUOTES
        text = self._quoted() if is_quoted else self._run()
        if is_quoted:
            is_prefix = self.text.startswith("*", self.at)
            self.at += is_prefix
        else:
            is_prefix = text.endswith("*")
            text = text[:-1] if is_prefix else text
        if not analyse(text):
            if is_quoted or is_prefix:
                raise QueryError(
                    "There is no letter or digit to search for here.", position=start, length=self.at - start
                )
            return None
        if not is_quoted:
            refuse_inner_star(text, start)
        self._count(start, self.at)
        is_exact = is_quoted or text == "OR"
        return Words(text, None, is_prefix, is_exact, position=start, length=self.at - start)

    def _quoted(self) -> str:
        """The text up to the closing quote, without white space around it."""
        start = self.at
        end = start + 1
        while end < len(self.text) and self.text[end] not in QUOTES:
            end += 1
        if end == len(self.text):
            raise QueryError("This quote is never closed.", position=start, length=1)
        self.at = end + 1
        return self.text[start + 1 : end].strip()

    def _run(self) -> str:
        """Characters up to white space, a parenthesis or a quote."""
        start = self.at
        while self.at < len(self.text):
            char = self.text[self.at]
            if char.isspace() or char in "()" or char in QUOTES:
                break
            self.at += 1
        return self.text[start : self.at]

    def _skip_space(self) -> bool:
        """Go to the next character that is not white space; whether there is one."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text)

    def _is_or(self) -> bool:
        if not self.text.startswith("OR", self.at):
            return False
        after = self.text[self.at + 2 : self.at + 3]
        return not after or after.isspace() or after in "()" or after in QUOTES

    def _count(self, position: int, end: int) -> None:
        self.terms += 1
        if self.terms > MOST_TERMS:
            raise QueryError(
                f"More than {MOST_TERMS} terms in one search.",
                position=position,
                length=end - position,
                code="too_many",
            )


def _span(first: Node, last: Node) -> dict[str, int]:
    return {"position": first.position, "length": last.position + last.length - first.position}
