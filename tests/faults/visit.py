"""A person with a browser without scripts, and a program with their token, at a running Bigimage."""

from __future__ import annotations

import hashlib
from typing import Any

import requests

from tests import forms
from tests.e2e.furnished import EMAIL, PASSWORD, Furnished

PATIENCE = 30


class Visit:
    """A signed-in browser without scripts, and a program with a token."""

    def __init__(self, library: Furnished) -> None:
        self.url = library.app.url
        self.token = {"Authorization": f"Bearer {library.token}"}
        self.browser = requests.Session()
        self.csrf = ""
        self.sign_in()

    def sign_in(self) -> None:
        """By the form; whatever session there was is another one now."""
        self.browser.cookies.clear()
        forms.sign_in(self.browser, self.url, EMAIL, PASSWORD)
        self.csrf = forms.csrf_of(self.get("/uploads").text)

    def get(self, path: str) -> requests.Response:
        """A page, or whatever lies at this address of the server."""
        return self.browser.get(self.url + path, timeout=PATIENCE)

    def send_form(self, body: bytes) -> requests.Response:
        """One photo by the plain form."""
        files = {"files": ("photo.jpg", body, "image/jpeg")}
        return self.browser.post(
            f"{self.url}/uploads", {"csrf_token": self.csrf}, files=files, timeout=PATIENCE
        )

    def api(self, method: str, path: str, body: Any = None) -> requests.Response:
        """A call with the token."""
        return requests.request(
            method, f"{self.url}/api/v1/{path}", json=body, headers=self.token, timeout=PATIENCE
        )

    def put(self, part: dict[str, Any], body: bytes) -> requests.Response:
        """Send one part to its address."""
        return requests.put(self.url + part["url"], data=body, timeout=PATIENCE)

    def offer(self, body: bytes) -> requests.Response:
        """Ask whether a file is wanted."""
        digest = hashlib.sha256(body).hexdigest()
        described = {"name": "large.jpg", "size": len(body), "type": "image/jpeg", "sha256": digest}
        return self.api("POST", "uploads", {"files": [described]})
