"""The archive: photos that are kept and found, but not on the timeline."""

from __future__ import annotations

from flask import Blueprint

from photos.models import Shelf
from photos.web import shelf

blueprint = Blueprint("archive", __name__, url_prefix="/archive")


@blueprint.get("")
def index() -> str:
    """One page of archived photos."""
    return shelf.page("archive", Shelf.ARCHIVE)
