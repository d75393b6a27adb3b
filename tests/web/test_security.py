"""Headers on every response, CSRF on every unsafe route, and the host check."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from flask import Flask, request

from photos.services import accounts, tokens
from photos.web.routes import ACCESS, Access
from tests.web.conftest import PASSWORD, Browser, People, local_path
from tests.web.test_routes import UNKNOWN_ID, path_of, rows

OWED = (
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Cross-Origin-Resource-Policy",
    "X-Request-Id",
    "Cache-Control",
)


def test_every_response_of_every_route_carries_the_headers(app: Flask, people: People) -> None:
    for rule, method in list(rows(app)):
        for browser in (people.owner, people.nobody):
            answer = browser.client.open(path_of(app, rule), method=method)
            missing = [name for name in OWED if name not in answer.headers]
            assert not missing, (rule.endpoint, method, missing)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "Server" not in answer.headers
            answer.close()


def test_pages_have_a_nonce_of_their_own_and_may_not_be_framed_or_cached(people: People) -> None:
    nonces = set()
    for _ in range(3):
        page = people.owner.get("/account")
        policy = page.headers["Content-Security-Policy"]
        nonce = re.search(r"script-src 'self' 'nonce-([\w-]+)'", policy)
        assert nonce
        assert f'nonce="{nonce[1]}"' in page.text
        nonces.add(nonce[1])
        for part in ("frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'", "form-action 'self'"):
            assert part in policy
        assert page.headers["Cache-Control"] == "private, no-store"
        assert "Cookie" in page.headers["Vary"]
        assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert len(nonces) == 3


def test_templates_have_no_inline_style_or_handler(people: People) -> None:
    for path in ("/account", "/signed-out", "/"):
        page = people.owner.get(path).text
        assert not re.search(r"<[^>]+\s(style|on\w+)=", page), path
        assert not re.search(r"<style|<script(?![^>]*\bsrc=)", page), path


def test_hsts_and_secure_cookies_come_with_https(make_app: Callable[..., Flask]) -> None:
    app = make_app(base_url="https://photos.example.org", proxy_hops=1)
    browser = Browser(app.test_client(), origin="https://photos.example.org")
    accounts.create_account("one@example.org", PASSWORD, database=app.extensions["bigimage"].database)
    landed = browser.sign_in("one@example.org")
    assert landed.status_code == 303
    assert landed.headers["Strict-Transport-Security"].startswith("max-age=")
    for cookie in landed.headers.getlist("Set-Cookie"):
        assert cookie.startswith("__Host-")
        for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert part in cookie
        assert "Domain" not in cookie
        assert len(cookie) < 4096


UNSAFE = sorted(
    key
    for key, access in ACCESS.items()
    if key[1] != "GET" and access is not Access.SIGNED_URL and not key[0].startswith("worker.")
)
"""What a browser could be made to send; the worker's door is tried in test_worker.py."""


@pytest.mark.parametrize(("endpoint", "method"), UNSAFE)
def test_a_forged_request_changes_nothing(app: Flask, people: People, endpoint: str, method: str) -> None:
    rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
    path = path_of(app, rule)
    people.owner.get("/account")
    people.admin.get("/account")
    browser = people.admin if ACCESS[endpoint, method] is Access.ADMIN else people.owner
    other = people.member
    other.get("/account")
    send = browser.client.open
    good = {"X-CSRF-Token": browser.csrf}
    forged: list[dict[str, str]] = [
        {},
        {"X-CSRF-Token": other.csrf},
        {"X-CSRF-Token": "x" * 100},
        good | {"Origin": "https://evil.example"},
        good | {"Origin": "null"},
        good | {"Origin": "http://localhost:81"},
        good | {"Sec-Fetch-Site": "cross-site"},
        good | {"Sec-Fetch-Site": "same-site"},
    ]
    body = {"json": {}} if path.startswith("/api/") else {"data": {"name": "Mallory"}}
    for headers in forged:
        assert send(path, method=method, headers=headers, **body).status_code in {400, 403}, headers
    assert browser.get("/account").status_code == 200, "still signed in"
    assert "Mallory" not in browser.get("/account").text


def test_our_own_origin_passes(people: People) -> None:
    people.owner.get("/account")
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert people.owner.post("/account/theme", {"theme": "dark"}, headers=headers).status_code == 303


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"]
)
def test_the_api_takes_json_and_nothing_else(people: People, kind: str) -> None:
    people.owner.get("/account")
    answer = people.owner.client.post(
        "/api/v1/uploads",
        data=b'{"files": []}',
        content_type=kind,
        headers={"X-CSRF-Token": people.owner.csrf},
    )
    assert answer.status_code == 415
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost:81", "", "a b", "[::1"]
)
def test_a_foreign_host_is_refused_everywhere_but_at_health(app: Flask, people: People, host: str) -> None:
    client = app.test_client()
    for path in ("/", "/sign-in", "/static/css/base.css", "/ready", "/api/v1/me", "/nothing"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 400, path
        assert "evil.example" not in answer.headers.get("Location", "")
    assert client.get("/health", headers={"Host": host}).status_code == 200


def test_a_forwarded_host_shapes_no_address_without_a_proxy(app: Flask, people: People) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    start = app.test_client().get("/sign-in", headers=headers)
    assert start.headers["Location"].startswith("http://localhost/provider/authorize?")
    assert "evil" not in start.headers["Location"]


def test_behind_a_load_balancer_and_nginx_the_address_is_the_clients(make_app: Callable[..., Flask]) -> None:
    """Each of the two adds who asked it; what stands before that was made up. The scheme is told once."""
    app = make_app(base_url="https://photos.example.org", proxy_hops=2)
    headers = {
        "Host": "photos.example.org",
        "X-Forwarded-For": "1.2.3.4, 203.0.113.7, 10.0.0.5",
        "X-Forwarded-Proto": "https",
    }
    with app.test_client() as client:
        assert client.get("/version", headers=headers).status_code == 200
        assert (request.remote_addr, request.scheme) == ("203.0.113.7", "https")


def test_who_comes_by_http_is_sent_to_https(make_app: Callable[..., Flask]) -> None:
    app = make_app(base_url="https://photos.example.org", proxy_hops=2)
    client = app.test_client()
    headers = {"Host": "photos.example.org", "X-Forwarded-Proto": "http"}
    sent = client.get("/search?q=a+b", headers=headers)
    assert (sent.status_code, sent.location) == (301, "https://photos.example.org/search?q=a+b")
    assert client.post("/sign-out", headers=headers).status_code == 403
    assert client.get("/health", headers=headers).status_code == 200, "load balancers ask by http"
    del headers["X-Forwarded-Proto"]
    assert client.get("/version", headers=headers).status_code == 200, "nobody said that it was http"


def test_only_a_proxy_of_ours_names_a_request(make_app: Callable[..., Flask], app: Flask) -> None:
    given = {"X-Request-Id": "0123456789abcdef" * 2}
    behind = make_app(proxy_hops=1).test_client()
    assert behind.get("/version", headers=given).headers["X-Request-Id"] == given["X-Request-Id"]
    assert behind.get("/version", headers={"X-Request-Id": "a\tb"}).headers["X-Request-Id"] != "a\tb"
    alone = app.test_client().get("/version", headers=given)
    assert alone.headers["X-Request-Id"] != given["X-Request-Id"]


def test_other_origins_are_names_of_ours_too(make_app: Callable[..., Flask], people: People) -> None:
    app = make_app(other_origins=("http://photos.home:8080",))
    browser = Browser(app.test_client(), origin="http://photos.home:8080")
    landed = browser.sign_in("owner@example.org")
    assert landed.status_code == 303
    assert browser.get("/account").status_code == 200


def token_of(app: Flask, people: People, *scopes: str) -> str:
    assert people.owner.user is not None
    database = app.extensions["bigimage"].database
    return tokens.create_token(people.owner.user, name="t", scopes=frozenset(scopes), database=database)[0]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_opens_the_api_and_no_page(app: Flask, people: People) -> None:
    token = token_of(app, people, "read", "write")
    client = app.test_client()
    me = client.get("/api/v1/me", headers=bearer(token))
    assert me.status_code == 200
    assert json.loads(me.data)["email"] == "owner@example.org"
    assert client.get("/account", headers=bearer(token)).status_code == 303
    assert "Set-Cookie" not in me.headers


def test_a_read_token_changes_nothing(app: Flask, people: People) -> None:
    token = token_of(app, people, "read")
    answer = app.test_client().post("/api/v1/uploads", json={"files": []}, headers=bearer(token))
    assert answer.status_code == 403
    assert json.loads(answer.data)["code"] == "denied"


def test_a_token_needs_no_csrf_token_but_a_cookie_beside_it_counts_for_nothing(
    app: Flask, people: People
) -> None:
    token = token_of(app, people, "read", "write")
    answer = app.test_client().delete(f"/api/v1/tokens/{UNKNOWN_ID}", headers=bearer(token))
    assert answer.status_code == 404, "it got past the CSRF check"
    forged = people.owner.client.delete(f"/api/v1/tokens/{UNKNOWN_ID}", headers=bearer("bgi_wrong"))
    assert forged.status_code == 401


@pytest.mark.parametrize(
    "token", ["", "bgi_", "bgi_x", "x" * 100_000, "bgi_\u00e9", "null", "bgi_" + "A" * 43]
)
def test_a_wrong_token_is_refused_in_words(app: Flask, people: People, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
    answer = app.test_client().get("/api/v1/me", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_or_orphaned_token_is_dead(app: Flask, people: People) -> None:
    page = people.owner.post("/account/tokens", {"token_name": "laptop", "scope": "write", "days": "30"})
    secret = re.search(r"bgi_[\w-]+", page.text)
    assert secret
    assert secret[0] not in people.owner.get("/account").text, "it is shown once"
    client = app.test_client()
    assert client.get("/api/v1/me", headers=bearer(secret[0])).status_code == 200
    revoke = re.search(r'action="(/account/tokens/[\w-]+/revoke)"', page.text)
    assert revoke
    assert people.owner.post(revoke[1]).status_code == 303
    assert client.get("/api/v1/me", headers=bearer(secret[0])).status_code == 401
    other = token_of(app, people, "read")
    people.admin.post(f"/account/people/{people.owner.user.subject}/lock")  # type: ignore[union-attr]
    assert client.get("/api/v1/me", headers=bearer(other)).status_code == 401


def test_large_and_odd_bodies_are_refused(people: People) -> None:
    people.nobody.get("/signed-out")
    post = people.nobody.client.post
    page = local_path(people.nobody.get("/sign-in"))
    assert post(page, data=b"x=" + b"y" * 2_000_000).status_code == 413
    boundary = "multipart/form-data; boundary=x"
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' for _ in range(9000))
    assert post(page, data=parts + b"--x--\r\n", content_type=boundary).status_code == 413
    for body, kind in ((b"\r" * 500_000, boundary), (b"x", "multipart/form-data"), (b"%%%\xff", None)):
        assert 400 <= post(page, data=body, content_type=kind).status_code < 500
