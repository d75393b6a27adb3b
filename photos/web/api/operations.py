"""Declaring an operation: its route, its types, and its place in the OpenAPI document."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, request

from photos import __version__
from photos.errors import Invalid
from photos.web.api import shapes
from photos.web.api.links import links_of

Shape = TypeVar("Shape", bound=msgspec.Struct)
View = Callable[..., msgspec.Struct | None]

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
PROBLEMS = {
    400: "The request is not valid; `detail` says what to change.",
    401: "No session and no good token.",
    403: "The token lacks the scope, or the CSRF token is missing.",
    404: "There is nothing here, or it is not yours.",
    405: "This address does not take this method.",
    409: "Not possible in the present state.",
    411: "The length of the body is missing.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many requests; `Retry-After` says when to come back.",
    503: "A part is down; try again later.",
    507: "No space is left.",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the OpenAPI document."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    status: int
    answer: type[msgspec.Struct] | None
    body: type[msgspec.Struct] | None
    query: type[msgspec.Struct] | None
    takes: str
    is_conditional: bool


OPERATIONS: list[Operation] = []


def operation(
    method: str,
    path: str,
    *,
    answer: type[msgspec.Struct] | None = None,
    body: type[msgspec.Struct] | None = None,
    query: type[msgspec.Struct] | None = None,
    takes: str = "",
    status: int = 200,
    is_conditional: bool = False,
) -> Callable[[View], View]:
    """Register a view. It is called with path parameters, and `body` and `query` where they are declared.

    The first line of the view's docstring is the summary. Answers without a type are 204. `takes` is the
    media type of a body of bytes, which the view reads itself; such a route stands in `routes.LARGE_BODIES`.
    An answer that `is_conditional` has an ETag, and whoever has the same one already gets 304.
    """

    def register(view: View) -> View:
        summary, _, description = (view.__doc__ or "").strip().partition("\n")
        code = status if answer is not None else 204

        @functools.wraps(view)
        def call(**path_values: str) -> Response:
            given: dict[str, Any] = dict(path_values)
            if query is not None:
                given["query"] = _read_query(query)
            if body is not None:
                given["body"] = _read_body(body)
            return _response(view(**given), code, is_conditional=is_conditional)

        blueprint.add_url_rule(path, endpoint=view.__name__, view_func=call, methods=[method])
        OPERATIONS.append(
            Operation(
                name=view.__name__,
                method=method,
                path=path,
                summary=summary,
                description=" ".join(description.split()),
                status=code,
                answer=answer,
                body=body,
                query=query,
                takes=takes,
                is_conditional=is_conditional,
            )
        )
        return view

    return register


def _response(result: msgspec.Struct | None, status: int, *, is_conditional: bool) -> Response:
    if result is None:
        return Response(status=204)
    response = Response(msgspec.json.encode(result), status=status, mimetype="application/json")
    if is_conditional:
        # kept by the browser, and asked for again each time
        response.headers["Cache-Control"] = "private, no-cache"
        response.add_etag()
        response.make_conditional(request)
    return response


def _read_query(shape: type[Shape]) -> Shape:
    """The query string as a shape. Raises Invalid for unknown, doubled and bad parameters."""
    known = {field.encode_name for field in msgspec.structs.fields(shape)}
    for name in request.args:
        if name not in known:
            raise Invalid(f"There is no parameter “{name[:50]}” here.", code="parameter", field=name[:50])
        if len(request.args.getlist(name)) > 1:
            raise Invalid(f"The parameter “{name}” is there twice.", code="parameter", field=name)
    given = request.args.to_dict()
    _check_text(given)
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error, "parameter") from None


def _read_body(shape: type[Shape]) -> Shape:
    """The JSON body as a shape. Raises Invalid; a wrong media type is refused before this."""
    try:
        body = msgspec.json.decode(request.get_data(cache=False), type=shape)
    except msgspec.ValidationError as error:
        raise _invalid(error, "body") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Invalid("The body is not JSON.", code="json") from None
    _check_text(msgspec.to_builtins(body))
    return body


def _check_text(value: object, field: str = "") -> None:
    """Raise Invalid for NUL and lone surrogates anywhere: no field can keep them."""
    if isinstance(value, dict):
        for name, each in value.items():
            _check_text(each, f"{field}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            _check_text(each, f"{field}[{number}]")
    elif isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
        raise Invalid("This holds characters that cannot be stored.", code="characters", field=field)


def _invalid(error: msgspec.ValidationError, code: str) -> Invalid:
    reason, _, path = str(error).partition(" - at `$")
    field = re.sub(r"[^\w.\[\]-]", "", path.rstrip("`").lstrip("."))[:100]
    where = f" ({field})" if field else ""
    return Invalid(f"{reason}{where}.", code=code, field=field)


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of everything registered so far."""
    used = {shape for op in OPERATIONS for shape in (op.answer, op.body) if shape is not None}
    ordered = sorted(used | {shapes.Problem}, key=lambda shape: shape.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {}
    for op in OPERATIONS:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", op.path)
        paths.setdefault(f"/api/v1{path}", {})[op.method.lower()] = _describe(op)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bigimage",
            "version": __version__,
            "description": "Photos, uploads and search. Send `Authorization: Bearer <token>` with a personal "
            "token from the account page; lists answer `items` and `next`, the cursor of the following page.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _describe(op: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": op.name, "summary": op.summary, "responses": _answers(op)}
    if op.description:
        described["description"] = op.description
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"<(?:\w+:)?(\w+)>", op.path)
    ]
    if op.query is not None:
        parameters += _query_parameters(op.query)
    if parameters:
        described["parameters"] = parameters
    if op.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(op.body)}},
        }
    if op.takes:
        described["requestBody"] = {"content": {op.takes: {}}}
    return described


def _answers(op: Operation) -> dict[str, Any]:
    answers: dict[str, Any] = {str(op.status): {"description": op.summary}}
    if op.answer is not None:
        answers[str(op.status)]["content"] = {"application/json": {"schema": _reference(op.answer)}}
    if links := links_of(op.answer, {each.name: each.path for each in OPERATIONS}):
        answers[str(op.status)]["links"] = links
    if op.is_conditional:
        answers["304"] = {"description": "The same answer as the one whose ETag was sent."}
    for status, meaning in PROBLEMS.items():
        answers[str(status)] = {
            "description": meaning,
            "content": {"application/problem+json": {"schema": _reference(shapes.Problem)}},
        }
    return answers


def _query_parameters(shape: type[msgspec.Struct]) -> list[dict[str, Any]]:
    (_,), schemas = msgspec.json.schema_components([shape], ref_template="#/components/schemas/{name}")
    (schema,) = schemas.values()
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": described}
        for name, described in schema["properties"].items()
    ]


def _reference(shape: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}
