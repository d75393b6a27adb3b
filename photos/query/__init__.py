"""The search language: text to tree (`parse`), tree to text (`unparse`), and what it means (`evaluate`)."""

from photos.query.grammar import parse
from photos.query.tree import QueryError
from photos.query.unparse import unparse

__all__ = ["QueryError", "parse", "unparse"]
