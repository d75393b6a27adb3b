"""Search: matches and why, suggestions while typing, and what the matches have in common."""

from __future__ import annotations

from photos.services import search, suggestions
from photos.web import deps
from photos.web.api import search_shapes as shapes
from photos.web.api.operations import operation
from photos.web.api.photo_shapes import photo_shape


@operation("GET", "/search", query=shapes.SearchQuery, answer=shapes.MatchPage)
def search_photos(query: shapes.SearchQuery) -> shapes.MatchPage:
    """Search, and say why each photo matched."""
    here = deps.backends()
    found = search.find(
        query.q,
        owner=deps.user(),
        database=here.database,
        search=here.search,
        order=query.order,
        limit=query.limit,
        cursor=query.cursor,
    )
    return shapes.MatchPage(
        [
            shapes.MatchShape(
                photo_shape(match.photo, here.storage),
                [shapes.reason_shape(reason) for reason in match.reasons],
            )
            for match in found.items
        ],
        found.next,
    )


@operation("GET", "/search/suggestions", query=shapes.SuggestionQuery, answer=shapes.SuggestionList)
def list_suggestions(query: shapes.SuggestionQuery) -> shapes.SuggestionList:
    """Suggest operators, and values of the library with counts, for the word that is being typed."""
    at = len(query.q) if query.at is None else query.at
    found = suggestions.suggest(query.q, at, owner=deps.user(), search=deps.backends().search)
    return shapes.suggestion_list(found)


@operation("GET", "/search/facets", query=shapes.WholeQuery, answer=shapes.FacetList)
def list_facets(query: shapes.WholeQuery) -> shapes.FacetList:
    """Count labels, places, cameras, years and file types among the hits of a query.
    Of more than 5,000 hits the newest are counted, and the answer says so.
    """
    here = deps.backends()
    found = search.facets(query.q, owner=deps.user(), database=here.database, search=here.search)
    return shapes.facet_list(found)


@operation("GET", "/search/ids", query=shapes.WholeQuery, answer=shapes.IdList)
def list_found_ids(query: shapes.WholeQuery) -> shapes.IdList:
    """List the ids of all hits of a query, up to 10,000, to do something with all of them."""
    here = deps.backends()
    ids, is_whole = search.list_ids(query.q, owner=deps.user(), database=here.database, search=here.search)
    return shapes.IdList(ids, is_whole)
