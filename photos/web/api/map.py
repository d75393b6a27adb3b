"""The map: a part of the world in, clusters and counts out."""

from __future__ import annotations

from photos.db.cells import Bounds
from photos.services import map as map_service
from photos.web import deps
from photos.web.api import map_shapes as shapes
from photos.web.api.operations import operation


@operation("GET", "/map", query=shapes.MapQuery, answer=shapes.MapShape, is_conditional=True)
def get_map(query: shapes.MapQuery) -> shapes.MapShape:
    """Count the photos in a part of the map by where they were taken.

    At most 400 clusters, each with one photo. Of a query, the newest 5,000 hits are counted.
    """
    here = deps.backends()
    view = map_service.look(
        Bounds(query.south, query.west, query.north, query.east),
        query.zoom,
        owner=deps.user(),
        database=here.database,
        search=here.search,
        query=query.q,
    )
    return shapes.map_shape(view, here.storage)
