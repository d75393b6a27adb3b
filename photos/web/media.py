"""`/media`: bytes of a store that has no web server of its own, for whoever holds a signed address.

No session, no cookie: the signature is the right. Everything here was sent by people, so an answer can
run nothing, is of the type that was signed and is for our own pages only.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import BinaryIO, cast

from flask import Blueprint, Response, json, request
from werkzeug.exceptions import (
    HTTPException,
    LengthRequired,
    RequestedRangeNotSatisfiable,
    RequestEntityTooLarge,
)
from werkzeug.wsgi import wrap_file

from photos.backends.storage.disposition import content_disposition
from photos.backends.storage.media import MediaStore
from photos.errors import BackendError, BigimageError, Conflict, Denied, Invalid, NotFound, StorageFull

_SEND_BYTES = 1 << 19

_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_STATUS: Mapping[type[BigimageError], HTTPStatus] = {
    Denied: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Invalid: HTTPStatus.BAD_REQUEST,
    Conflict: HTTPStatus.CONFLICT,
    StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
    BackendError: HTTPStatus.SERVICE_UNAVAILABLE,
}


def blueprint(store: MediaStore) -> Blueprint:
    """GET, HEAD and PUT below the signer's base path. It keeps no session and takes no CSRF token."""
    media = Blueprint("media", __name__, url_prefix=store.signer.base_path)

    @media.before_request
    def refuse_other_sites() -> None:
        if request.headers.get("Sec-Fetch-Site", "") == "cross-site":
            raise Denied("Pictures are shown on their own site only.")

    @media.get("/<path:key>")
    def read(key: str) -> Response:
        return _read(store, key)

    @media.put("/<path:key>")
    def write_part(key: str) -> Response:
        return _write_part(store, key)

    @media.after_request
    def guard(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    media.register_error_handler(BigimageError, _refusal)
    media.register_error_handler(HTTPException, _http_refusal)
    return media


def _read(store: MediaStore, key: str) -> Response:
    grant = store.signer.verify_read(key, request.args)
    opened = store.open(key)
    response = Response(
        wrap_file(request.environ, opened.file, _SEND_BYTES),
        content_type=grant.media_type,
        direct_passthrough=True,
    )
    response.call_on_close(opened.file.close)
    response.content_length = opened.size_bytes
    response.last_modified = opened.modified_at
    response.set_etag(opened.etag.strip('"'))
    response.headers["Cache-Control"] = f"private, max-age={grant.seconds_left}, immutable"
    response.headers["Content-Disposition"] = content_disposition(grant.download_name)
    try:
        response.make_conditional(request.environ, accept_ranges=True, complete_length=opened.size_bytes)
    except RequestedRangeNotSatisfiable:
        opened.file.close()
        raise
    return response


def _write_part(store: MediaStore, key: str) -> Response:
    grant = store.signer.verify_part(key, request.args)
    if request.content_length is None:
        raise LengthRequired("A part is sent with its length.")
    if request.content_length > grant.size_bytes:
        raise RequestEntityTooLarge(f"This part has {grant.size_bytes} bytes, not more.")
    if request.content_length < grant.size_bytes:
        raise Invalid(f"This part has {grant.size_bytes} bytes, not fewer.", code="size")
    # The signed size is the limit here; the limit of the application is meant for forms.
    request.max_content_length = grant.size_bytes
    part = store.write_part(
        key, grant.multipart_id, grant.number, cast(BinaryIO, request.stream), size_bytes=grant.size_bytes
    )
    response = Response(status=HTTPStatus.OK)
    response.headers["ETag"] = part.etag
    return response


def _refusal(error: Exception) -> Response:
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    detail = "Storage cannot be reached just now." if isinstance(error, BackendError) else str(error)
    if isinstance(error, StorageFull):
        detail = "No space is left in the storage."
    return _problem(status, detail)


def _http_refusal(error: HTTPException) -> Response:
    problem = _problem(HTTPStatus(error.code or 500), error.description or "")
    for name, value in error.get_headers(request.environ):
        if name != "Content-Type":
            problem.headers[name] = value
    return problem


def _problem(status: HTTPStatus, detail: str) -> Response:
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    response = Response(json.dumps(problem), status=status, content_type="application/problem+json")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
    return response
