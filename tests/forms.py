"""Our forms over plain HTTP, as a browser without scripts sends them."""

from __future__ import annotations

import re

import requests

PATIENCE_SECONDS = 30


def csrf_of(page: str) -> str:
    """The token of the page's forms."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


def sign_in(browser: requests.Session, address: str, email: str, password: str) -> requests.Response:
    """By the form; what is shown then."""
    form = browser.get(f"{address}/sign-in", timeout=PATIENCE_SECONDS)
    fields = {"csrf_token": csrf_of(form.text), "email": email, "password": password}
    shown = browser.post(form.url, fields, headers={"Origin": address}, timeout=PATIENCE_SECONDS)
    assert shown.url == f"{address}/", shown.text
    return shown
