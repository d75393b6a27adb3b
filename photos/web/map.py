"""The map page. Without a script it is a list of places and a box by its corners; with it, a map as well."""

from __future__ import annotations

import msgspec
from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from photos.db import map as map_rows
from photos.db.cells import Bounds
from photos.errors import Invalid
from photos.models import Position
from photos.query.vocabulary import Kind
from photos.services import map as map_service
from photos.services.suggestions import term_for
from photos.web import deps
from photos.web.positions import read_position

blueprint = Blueprint("map", __name__, url_prefix="/map")

WORLD = Bounds(-85, -180, 85, 180)
WORLD_ZOOM = 4
AROUND = 360


class Place(msgspec.Struct, frozen=True):
    """One line of the list: a place, a region or a country, and the search for it."""

    name: str
    count: int
    href: str


@blueprint.get("")
def index() -> str:
    """The whole world, or the hits of `q`."""
    return _page()


@blueprint.get("/box")
def box() -> Response | tuple[str, int]:
    """The search for a box, of which `corner` and `opposite` are corners. Others answer 400, on the map."""
    try:
        corners = [read_position(request.args.get(name, ""), name) for name in ("corner", "opposite")]
    except Invalid as error:
        return _page(error), 400
    return redirect(_search(f"box:{_edges(*corners)}", _query()), 303)


def _page(error: Invalid | None = None) -> str:
    here, owner, query = deps.backends(), deps.user(), _query()
    view = map_service.look(
        WORLD, WORLD_ZOOM, owner=owner, database=here.database, search=here.search, query=query
    )
    with here.database.read() as connection:
        is_known = bool(view.clusters) or map_rows.has_positions(connection, owner.id)
    found = (
        map_service.places(owner=owner, database=here.database, search=here.search, query=query)
        if is_known
        else ()
    )
    return render_template(
        "map/index.html",
        query_text=query,
        tiles=deps.settings().map_tiles_url,
        attribution=deps.settings().map_attribution,
        is_known=is_known,
        is_whole=view.is_whole,
        most=map_service.MOST_HITS,
        places=[
            Place(each.shown, each.photos, _search(term_for(Kind.PLACE, each.shown), query)) for each in found
        ],
        everywhere_href=_search("has:gps", query),
        errors={error.field: error.reason} if error else {},
    )


def _query() -> str:
    return request.args.get("q", "").strip()


def _search(term: str, query: str) -> str:
    return url_for("search.index", q=f"({query}) {term}" if query else term)


def _edges(one: Position, other: Position) -> str:
    """South, west, north and east, as `box:` takes them. Of the two ways around the world, the shorter."""
    south, north = sorted((one.latitude, other.latitude))
    west, east = sorted((one.longitude, other.longitude))
    if east - west > AROUND / 2:
        west, east = east, west
    return ",".join(f"{edge:.5f}".rstrip("0").rstrip(".") for edge in (south, west, north, east))
