"""Search beside its hits: suggestions while typing, and what the hits have in common."""

from __future__ import annotations

from photos.services import search, suggestions
from photos.web import deps
from photos.web.api import search_shapes
from photos.web.api.operations import operation


@operation(
    "GET",
    "/search/suggestions",
    query=search_shapes.SuggestionQuery,
    answer=search_shapes.SuggestionList,
)
def list_suggestions(query: search_shapes.SuggestionQuery) -> search_shapes.SuggestionList:
    """Suggest operators, and values of the library with counts, for the word that is being typed."""
    at = len(query.q) if query.at is None else query.at
    found = suggestions.suggest(query.q, at, owner=deps.user(), search=deps.backends().search)
    return search_shapes.suggestion_list(found)


@operation("GET", "/search/facets", query=search_shapes.WholeQuery, answer=search_shapes.FacetList)
def list_facets(query: search_shapes.WholeQuery) -> search_shapes.FacetList:
    """Count labels, places, cameras, years and file types among the hits of a query.
    Of more than 5,000 hits the newest are counted, and the answer says so.
    """
    here = deps.backends()
    found = search.facets(query.q, owner=deps.user(), database=here.database, search=here.search)
    return search_shapes.facet_list(found)


@operation("GET", "/search/ids", query=search_shapes.WholeQuery, answer=search_shapes.IdList)
def list_found_ids(query: search_shapes.WholeQuery) -> search_shapes.IdList:
    """List the ids of all hits of a query, up to 10,000, to do something with all of them."""
    here = deps.backends()
    ids, is_whole = search.list_ids(query.q, owner=deps.user(), database=here.database, search=here.search)
    return search_shapes.IdList(ids, is_whole)
