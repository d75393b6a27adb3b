"""What tests compile, read and draw once: each has a database, an application and clients of AWS of its own.
They would compile the same statements and templates, read the same descriptions of services and draw the same
pictures again, and that takes longer than the test."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.loaders import Loader, create_loader
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

from photos.imaging import scenes

MOST_STATEMENTS = 5000


class Statements(LRUCache[Any, Any]):
    """Statements for all databases of a kind. SQLAlchemy's own keys begin with one engine's dialect."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


class Templates(BytecodeCache):
    """Templates for all applications."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


def loader_of_known_services(paths: str | None = None) -> Loader:
    """What botocore reads descriptions of services with. To read that of S3 takes six times as long as to
    make a client of it."""
    loader = create_loader(paths)
    if paths is None:
        loader._cache = SERVICES
    return loader


SERVICES: dict[Any, Any] = {}
botocore.session.create_loader = loader_of_known_services
scenes.draw_scene, scenes.draw_photo = cache(scenes.draw_scene), cache(scenes.draw_photo)
STATEMENTS, TEMPLATES = Statements(MOST_STATEMENTS), Templates()


@event.listens_for(Engine, "engine_connect")
def share_statements(connection: Connection) -> None:
    """For every engine of this process."""
    connection.execution_options(compiled_cache=STATEMENTS)
