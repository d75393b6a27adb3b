"""Search: the box, what it found and why, and where a query is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from photos.backends.search import Facets
from photos.db import photos as photo_rows
from photos.errors import Invalid
from photos.query import parse
from photos.query.operators import OPERATORS
from photos.query.tree import CONFIDENCE_STEP, Like, QueryError, walk
from photos.services import search
from photos.web import deps
from photos.web.refining import refining, with_confidence, with_names
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


@dataclass(frozen=True, slots=True)
class Complaint:
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
    query = request.args.get("q", "").strip()
    order = request.args.get("order", "newest")
    if order not in ORDERS:
        raise Invalid("Order by newest, oldest or relevance.", field="order")
    if not query:
        return _help(), 200
    try:
        if "confidence" in request.args:
            return redirect(_address(with_confidence(query, _least()), order), 303)
        return _results(query, order), 200
    except QueryError as error:
        return _help(query, _complaint(query, error)), 400


def _least() -> int:
    written = request.args["confidence"]
    if written not in {str(least) for least in range(0, 101, CONFIDENCE_STEP)}:
        raise Invalid(f"The confidence goes from 0 to 100 in steps of {CONFIDENCE_STEP}.", field="confidence")
    return int(written)


def _results(query: str, order: str) -> str:
    here, owner = deps.backends(), deps.user()
    cursor = request.args.get("cursor")
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
    return render_template(
        "search/results.html",
        query_text=query,
        readable=with_names(query, names),
        order=order,
        orders=ORDERS,
        results=[result(match, here.storage, origin) for match in found.items],
        refining=None if cursor else refining(query, order, _facets(query), names),
        obstacles=()
        if found.items
        else search.obstacles(query, owner=owner, database=here.database, search=here.search),
        next_href=_address(query, order, found.next) if found.next else "",
        step=CONFIDENCE_STEP,
    )


def _facets(query: str) -> Facets:
    here = deps.backends()
    return search.facets(query, owner=deps.user(), database=here.database, search=here.search)


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


def _help(query: str = "", complaint: Complaint | None = None) -> str:
    return render_template(
        "search/index.html",
        query_text=query,
        complaint=complaint,
        ways=[(OPERATORS[name].example, meaning) for name, meaning in MEANINGS.items()],
    )


def _complaint(query: str, error: QueryError) -> Complaint:
    start = min(error.position, len(query))
    end = min(start + max(error.length, 1), len(query))
    missing = deps.backends().recognition.missing() if error.code == "not_looked_at" else ""
    reason = f"{error.reason} {missing}".strip()
    return Complaint(reason, query[:start], query[start:end], query[end:])
