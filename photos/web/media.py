"""`/media`: bytes of a store that has no web server of its own, for whoever holds a signed address.

No session, no cookie: the signature is the right. Everything here was sent by people, so an answer can
run nothing, is of the type that was signed and is for our own pages only.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import BinaryIO, cast

from flask import Blueprint, Response, request
from werkzeug.exceptions import (
    LengthRequired,
    RequestedRangeNotSatisfiable,
    RequestEntityTooLarge,
)
from werkzeug.wsgi import wrap_file

from photos.backends.storage.disposition import content_disposition
from photos.backends.storage.media import MediaStore
from photos.errors import Denied, Invalid

_SEND_BYTES = 1 << 19

_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
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
    # The signed size is the limit here; the limit of the application is meant for forms. One more, since
    # under gunicorn Werkzeug takes the read that finds the end for one beyond the limit.
    request.max_content_length = grant.size_bytes + 1
    part = store.write_part(
        key, grant.multipart_id, grant.number, cast(BinaryIO, request.stream), size_bytes=grant.size_bytes
    )
    response = Response(status=HTTPStatus.OK)
    response.headers["ETag"] = part.etag
    return response
