"""Search: the box, what it found and why, and where a query is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from photos.backends.search import FACETS, Facets
from photos.db import photos as photo_rows
from photos.errors import Invalid, SearchError
from photos.query import parse
from photos.query.operators import OPERATORS
from photos.query.tree import CONFIDENCE_STEP, Like, QueryError, walk
from photos.query.vocabulary import Kind
from photos.services import search
from photos.web import deps
from photos.web.refining import Refining, chips, refining, total_words, with_confidence, with_names
from photos.web.results import result

blueprint = Blueprint("search", __name__, url_prefix="/search")

PAGE = 60
MEANINGS = {
    "label": "Something seen in the picture.",
    "text": "Words written in the picture.",
    "place": "The place, region or country.",
    "near": "Within 5 km of a point: latitude, longitude, distance.",
    "taken": "Taken in these months; also a year, a day, or one date alone.",
    "before": "Taken before this.",
    "after": "Taken after this.",
    "camera": "Make or model of the camera.",
    "lens": "Name of the lens.",
    "tag": "One of your tags.",
    "rating": "At least three of your stars; also a range, rating:3..4.",
    "box": "Inside a box: its southern, western, northern and eastern edge.",
    "confidence": "Only labels that are this sure, in percent, in the whole search.",
    "is": "Also is:trashed and is:archived.",
    "has": "With coordinates; also has:text and has:people.",
    "type": "Kind of file.",
    "width": "Size in pixels.",
    "height": "Size in pixels.",
}
ORDERS = {"newest": "Newest first", "oldest": "Oldest first", "relevance": "Best match first"}


class Complaint(msgspec.Struct, frozen=True):
    """What is wrong with a query, and its text cut in three: before, the wrong part, after."""

    reason: str
    before: str
    wrong: str
    after: str


@blueprint.get("")
def index() -> Response | tuple[str, int]:
    """Results of `q` in `order`, or the ways to ask. A query that cannot be read answers 400.

    `confidence` is the slider of the page: it becomes a part of the query, which alone says what is shown.
    """
    query, order = request.args.get("q", "").strip(), _order()
    if not query:
        return _help(around=_whole_library()), 200
    try:
        if "confidence" in request.args:
            return redirect(_address(with_confidence(query, _least()), order), 303)
        return _results(query, order), 200
    except QueryError as error:
        return _help(query, _complaint(query, error)), 400


@blueprint.get("/found")
def found() -> str:
    """What of the page follows its slider at every step: results, count and parts of the query, and no more.

    Takes `q`, `order` and `confidence` as the page does; raises QueryError.
    """
    query, order = _asked()
    return render_template("search/step.html", **_shown(query, order, _facets(query, ())))


@blueprint.get("/facets")
def facets() -> str:
    """What of the page follows its slider once it rests: what the hits have in common. Raises QueryError."""
    query, order = _asked()
    return render_template("search/around.html", refining=refining(query, order, _facets(query)))


def _asked() -> tuple[str, str]:
    """The query with the least confidence of the slider in it, and the order."""
    query, order = with_confidence(request.args.get("q", "").strip(), _least()), _order()
    return query, order


def _order() -> str:
    order = request.args.get("order", "newest")
    if order not in ORDERS:
        raise Invalid("Order by newest, oldest or relevance.", field="order")
    return order


def _least() -> int:
    written = request.args.get("confidence", "0")
    if written not in {str(least) for least in range(0, 101, CONFIDENCE_STEP)}:
        raise Invalid(f"The confidence goes from 0 to 100 in steps of {CONFIDENCE_STEP}.", field="confidence")
    return int(written)


def _results(query: str, order: str) -> str:
    cursor = request.args.get("cursor")
    counted = None if cursor else _facets(query)
    return render_template(
        "search/results.html",
        refining=refining(query, order, counted) if counted else None,
        step=CONFIDENCE_STEP,
        **_shown(query, order, counted, cursor),
    )


def _shown(query: str, order: str, counted: Facets | None, cursor: str | None = None) -> dict[str, object]:
    """One page of results for templates; the first one comes with its count, and the query in parts."""
    here, owner = deps.backends(), deps.user()
    found = search.find(
        query,
        owner=owner,
        database=here.database,
        search=here.search,
        order=order,
        limit=PAGE,
        cursor=cursor,
    )
    origin = {"q": query} if order == "newest" else {"q": query, "order": order}
    names = _names(query)
    return {
        "query_text": query,
        "readable": with_names(query, names),
        "order": order,
        "orders": ORDERS,
        "count": total_words(counted) if counted else "More results",
        "chips": chips(query, order, names) if counted else (),
        "results": [result(match, here.storage, origin) for match in found.items],
        "obstacles": ()
        if found.items
        else search.obstacles(query, owner=owner, database=here.database, search=here.search),
        "back": _address(query, order, cursor),
        "next_href": _address(query, order, found.next) if found.next else "",
    }


def _facets(query: str, kinds: Sequence[Kind] = FACETS) -> Facets:
    here = deps.backends()
    return search.facets(query, owner=deps.user(), database=here.database, search=here.search, kinds=kinds)


def _names(query: str) -> dict[str, str]:
    """Ids of the photos that the query looks for the like of, and their names. Raises QueryError."""
    ids = [node.photo_id for node in walk(parse(query)) if isinstance(node, Like)]
    if not ids:
        return {}
    with deps.database().read() as connection:
        found = photo_rows.list_photos_by_ids(connection, deps.user().id, ids)
    return {photo.id: photo.name for photo in found}


def _address(query: str, order: str, cursor: str | None = None) -> str:
    return url_for("search.index", q=query, order=None if order == "newest" else order, cursor=cursor)


def _whole_library() -> Refining | None:
    """What there is to search for; None while the index is down."""
    try:
        return refining("", "newest", _facets(""))
    except SearchError:
        return None


def _help(query: str = "", complaint: Complaint | None = None, around: Refining | None = None) -> str:
    return render_template(
        "search/index.html",
        query_text=query,
        complaint=complaint,
        around=around,
        ways=[(OPERATORS[name].example, meaning) for name, meaning in MEANINGS.items()],
    )


def _complaint(query: str, error: QueryError) -> Complaint:
    start = min(error.position, len(query))
    end = min(start + max(error.length, 1), len(query))
    missing = deps.backends().recognition.missing() if error.code == "not_looked_at" else ""
    reason = f"{error.reason} {missing}".strip()
    return Complaint(reason, query[:start], query[start:end], query[end:])
