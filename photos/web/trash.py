"""The trash: what is there, for how long, and the way back."""

from __future__ import annotations

from flask import Blueprint

from photos.models import Shelf
from photos.web import shelf

blueprint = Blueprint("trash", __name__, url_prefix="/trash")


@blueprint.get("")
def index() -> str:
    """One page of trashed photos."""
    return shelf.page("trash", Shelf.TRASH)
