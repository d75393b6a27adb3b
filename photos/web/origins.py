"""Under which addresses we are: hosts that are ours, and targets that stay here."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import current_app, request

from photos.config import Settings
from photos.web import deps


def trusted_origins(settings: Settings) -> dict[str, str]:
    """Host header -> origin, for every address that browsers may use.

    Whoever is told 127.0.0.1 may as well type localhost.
    """
    allowed = [*settings.origins]
    base = urlsplit(settings.base_url)
    if _is_loopback(base.hostname or ""):
        allowed += [f"{base.scheme}://{_with_port(name, base.port)}" for name in ("localhost", "127.0.0.1")]
    return {plain_host(urlsplit(origin).netloc, urlsplit(origin).scheme): origin for origin in allowed}


def own_origin() -> str:
    """The origin under which this request reached us, always one of ours."""
    scheme = urlsplit(deps.settings().base_url).scheme
    host = plain_host(request.host, scheme)
    return known_origins().get(host, deps.settings().base_url)


def safe_next(target: str) -> str:
    """The target if it is a plain path of ours, else "/".

    Browsers read a backslash as a slash and drop tabs and line feeds, so neither may be in it, coded or not.
    """
    lowered = target.lower()
    if not target.startswith("/") or target.startswith("//") or len(target) > 2000:
        return "/"
    if any(ord(character) <= 32 or character in "\\\x7f" for character in target):
        return "/"
    path = lowered.partition("?")[0]
    if any(code in path for code in ("%5c", "%2f", "%00", "%09", "%0a", "%0d")) or "//" in path:
        return "/"
    return target


def known_origins() -> dict[str, str]:
    """Host header -> origin of every address that browsers may use."""
    known: dict[str, str] = current_app.extensions["bigimage_origins"]
    return known


def plain_host(host: str, scheme: str) -> str:
    """Lower case, without the port that the scheme implies."""
    host = host.lower().rstrip(".")
    return host.removesuffix(":443" if scheme == "https" else ":80")


def _with_port(name: str, port: int | None) -> str:
    return name if port is None else f"{name}:{port}"


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
