"""Search: the box, what it found and why, and where a query is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for

from photos.errors import Invalid
from photos.query.operators import OPERATORS
from photos.query.tree import QueryError
from photos.services import search
from photos.web import deps, present

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
    "rating": "At least three of your stars.",
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
def index() -> tuple[str, int]:
    """Results of `q` in `order`, or the ways to ask. A query that cannot be read answers 400."""
    query = request.args.get("q", "").strip()
    order = request.args.get("order", "newest")
    if order not in ORDERS:
        raise Invalid("Order by newest, oldest or relevance.", field="order")
    if not query:
        return _help(), 200
    try:
        return _results(query, order), 200
    except QueryError as error:
        return _help(query, _complaint(query, error)), 400


def _results(query: str, order: str) -> str:
    here = deps.backends()
    cursor = request.args.get("cursor")
    found = search.find(
        query,
        owner=deps.user(),
        database=here.database,
        search=here.search,
        order=order,
        limit=PAGE,
        cursor=cursor,
    )
    origin = {"q": query} if order == "newest" else {"q": query, "order": order}
    return render_template(
        "search/results.html",
        query_text=query,
        order=order,
        orders=ORDERS,
        tiles=[
            present.tile(match.photo, here.storage, origin=origin, reasons=match.reasons)
            for match in found.items
        ],
        obstacles=() if found.items else search.obstacles(query, owner=deps.user(), search=here.search),
        next_href=url_for("search.index", q=query, order=order, cursor=found.next) if found.next else "",
        is_first=cursor is None,
    )


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
    return Complaint(error.reason, query[:start], query[start:end], query[end:])
