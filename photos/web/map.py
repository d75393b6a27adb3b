"""The map page. Without a script it is a list of places; with it, a map of the same clusters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, render_template, request, url_for

from photos.db import map as map_rows
from photos.db.cells import Bounds
from photos.services import map as map_service
from photos.services.map import Cluster
from photos.web import deps

blueprint = Blueprint("map", __name__, url_prefix="/map")

WORLD = Bounds(-85, -180, 85, 180)
LIST_ZOOM = 4
"""The list names what lies within some hundred kilometres as one place."""
UNNAMED = "Elsewhere"


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the list: photos taken around a place."""

    name: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country with its places, most photos first."""

    name: str
    count: int
    places: tuple[Place, ...]


@blueprint.get("")
def index() -> str:
    """The whole world, or the hits of `q`."""
    here, owner = deps.backends(), deps.user()
    query = request.args.get("q", "").strip()
    view = map_service.look(
        WORLD, LIST_ZOOM, owner=owner, database=here.database, search=here.search, query=query
    )
    with here.database.read() as connection:
        is_known = bool(view.clusters) or map_rows.has_positions(connection, owner.id)
    return render_template(
        "map/index.html",
        query_text=query,
        tiles=deps.settings().map_tiles_url,
        attribution=deps.settings().map_attribution,
        is_known=is_known,
        is_whole=view.is_whole,
        most=map_service.MOST_HITS,
        countries=_countries(view.clusters, query),
        total=sum(cluster.photos for cluster in view.clusters),
    )


def _countries(clusters: tuple[Cluster, ...], query: str) -> list[Country]:
    ordered = sorted(clusters, key=lambda cluster: (_names(cluster)[0], -cluster.photos))
    countries = []
    for name, group in groupby(ordered, key=lambda cluster: _names(cluster)[0]):
        places = tuple(Place(_names(each)[1], each.photos, _href(each, query)) for each in group)
        countries.append(Country(name, sum(place.count for place in places), places))
    return sorted(countries, key=lambda country: -country.count)


def _names(cluster: Cluster) -> tuple[str, str]:
    """Country and place of the photo that stands for a cluster."""
    place = cluster.photo.place
    if place is None or not place.country:
        return UNNAMED, f"{cluster.latitude:.1f}, {cluster.longitude:.1f}"
    return place.country, place.name


def _href(cluster: Cluster, query: str) -> str:
    return url_for("search.index", q=f"({query}) box:{cluster.box}" if query else f"box:{cluster.box}")
