"""The map over the wire: where photos were taken, counted."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from photos.backends.storage import Storage
from photos.services.map import Cluster, View
from photos.web.api.shapes import Query
from photos.web.words import alt_text

Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class MapQuery(Struct):
    """A part of the map in degrees, `west` beyond `east` across the date line; `zoom` as web maps count it.

    With `q`, a query in the search language, the map shows its hits alone.
    """

    south: Latitude = -90.0
    west: Longitude = -180.0
    north: Latitude = 90.0
    east: Longitude = 180.0
    zoom: Annotated[int, Meta(ge=0, le=22)] = 2
    q: Query = ""


class MapPhoto(Struct):
    """One photo of a cluster: its id, its name in words, a signed URL of a small picture."""

    id: str
    alt: str
    src: str


class ClusterShape(Struct):
    """Photos that were taken near each other. `box` is south, west, north and east, as `box:` takes them."""

    latitude: float
    longitude: float
    count: int
    box: str
    photo: MapPhoto


class MapShape(Struct):
    """The clusters of a part of the map. `is_whole` is false if a query has more hits than were counted."""

    total: int
    is_whole: bool
    clusters: list[ClusterShape]


def map_shape(view: View, storage: Storage) -> MapShape:
    """A view as the API shows it."""
    clusters = [_cluster(cluster, storage) for cluster in view.clusters]
    return MapShape(sum(cluster.count for cluster in clusters), view.is_whole, clusters)


def _cluster(cluster: Cluster, storage: Storage) -> ClusterShape:
    shown = cluster.photo
    square = next((each for each in shown.renditions if each.kind == "square"), None)
    src = storage.url(square.key, media_type=square.media_type) if square else ""
    return ClusterShape(
        latitude=cluster.latitude,
        longitude=cluster.longitude,
        count=cluster.photos,
        box=cluster.box,
        photo=MapPhoto(shown.id, alt_text(shown), src),
    )
