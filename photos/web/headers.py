"""What every response carries: the policy of pages, and headers that keep browsers strict."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from flask import Response, current_app, request

from photos import logs
from photos.errors import StorageError
from photos.web import deps, routes
from photos.web.templating import csp_nonce

PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "camera", "display-capture", "geolocation", "gyroscope", "hid",
        "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "serial", "usb",
    )
)  # fmt: skip
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
}
HSTS = "max-age=63072000; includeSubDomains"


def headers_of(response: Response, *, has_policy: bool) -> dict[str, str]:
    """What every response carries unless its view has said otherwise."""
    headers = {**HEADERS, "X-Request-Id": logs.request_id.get()}
    if deps.settings().is_https:
        headers["Strict-Transport-Security"] = HSTS
    if not has_policy:
        headers["Content-Security-Policy"] = _policy(response)
    if not request.path.startswith(routes.NO_SESSION):
        headers["Cache-Control"] = "private, no-store"
    elif response.status_code >= 400 or not request.path.startswith(("/static/", "/media/")):
        headers["Cache-Control"] = "no-store"
    return headers


def _policy(response: Response) -> str:
    if response.mimetype != "text/html":
        return "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
    tiles = deps.settings().tiles_origin if request.endpoint == "map.index" else ""
    policy = _page_policy(_bucket_origin(), deps.backends().identity.origin, tiles)
    return policy.replace("NONCE", csp_nonce())


@lru_cache
def _page_policy(bucket: str, provider: str, tiles: str) -> str:
    """The policy of pages, with NONCE where the nonce belongs."""
    return "; ".join(
        " ".join(word for word in words if word)
        for words in (
            ("default-src", "'none'"),
            ("script-src", "'self'", "'nonce-NONCE'"),
            ("style-src", "'self'", "'nonce-NONCE'"),
            ("img-src", "'self'", "data:", "blob:", bucket, tiles),
            ("font-src", "'self'"),
            ("connect-src", "'self'", bucket),
            ("worker-src", "'self'"),
            ("manifest-src", "'self'"),
            ("form-action", "'self'", bucket, provider),
            ("object-src", "'none'"),
            ("base-uri", "'none'"),
            ("frame-ancestors", "'none'"),
        )
    )


def _bucket_origin() -> str:
    """Scheme and host of the object store's signed URLs; empty where they are our own."""
    here = deps.backends()
    known: dict[str, str] = current_app.extensions.setdefault("bigimage_known", {})
    if "bucket" not in known:
        try:
            url = urlsplit(here.storage.url("renditions/origin", media_type="image/jpeg"))
        except StorageError:
            return ""
        own = {urlsplit(origin).netloc for origin in here.settings.origins}
        known["bucket"] = f"{url.scheme}://{url.netloc}" if url.netloc and url.netloc not in own else ""
    return known["bucket"]
