"""The API: the whole way of a photo, one error shape, and every odd input a clear 4xx."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from photos import tasks
from photos.imaging.pool import Decoders
from photos.services import accounts, tokens
from tests import pictures
from tests.web.conftest import ORIGIN, Browser, People

API = "/api/v1"
PHOTO = pictures.jpeg(320, 240)


class Client:
    """A script with a personal token."""

    def __init__(self, app: Flask, token: str) -> None:
        self.http = app.test_client(use_cookies=False)
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, document: object = None, **options: Any) -> TestResponse:
        if document is not None:
            options["json"] = document
        headers = self.headers | options.pop("headers", {})
        return self.http.open(f"{API}{path}", method=method, base_url=ORIGIN, headers=headers, **options)

    def upload(self, body: bytes, name: str = "photo.jpg") -> dict[str, Any]:
        offer = self.offer(body, name)
        for part in offer["parts"]:
            start = (part["number"] - 1) * offer["part_size"]
            sent = self.http.put(part["url"], base_url=ORIGIN, data=body[start : start + part["size"]])
            assert sent.status_code == 200, sent.text
        answer = self.call("POST", f"/uploads/{offer['upload_id']}/complete")
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    def offer(self, body: bytes, name: str = "photo.jpg") -> dict[str, Any]:
        file = {
            "name": name,
            "size": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "type": "image/jpeg",
        }
        answer = self.call("POST", "/uploads", {"files": [file]})
        assert answer.status_code == 200, answer.text
        (offer,) = (answer.json or {})["files"]
        return dict(offer)


@pytest.fixture
def make_client(app: Flask) -> Callable[..., Client]:
    def make(
        email: str = "script@example.org", scopes: frozenset[str] = frozenset({"read", "write"})
    ) -> Client:
        database = app.extensions["bigimage"].database
        user = accounts.create_account(email, "a lighthouse at noon", database=database)
        token, _ = tokens.create_token(user, name="script", scopes=scopes, database=database)
        return Client(app, token)

    return make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client()


@pytest.fixture
def work(app: Flask, darkroom: Decoders) -> Callable[[], None]:
    """Does every due job."""
    backends = app.extensions["bigimage"]
    backends.__dict__["darkroom"] = darkroom

    def do() -> None:
        while jobs := backends.jobs.receive(limit=10, lease_seconds=60):
            for job in jobs:
                tasks.run(job, backends)
                backends.jobs.done(job)

    yield do
    backends.__dict__.pop("darkroom")


def test_a_photo_goes_all_the_way(client: Client, work: Callable[[], None]) -> None:
    photo = client.upload(PHOTO, "beach.jpg")
    assert photo["state"] == "new"
    work()
    shown = client.call("GET", f"/photos/{photo['id']}").json
    assert shown is not None
    for field in (
        "id",
        "sha256",
        "state",
        "reason",
        "taken_at",
        "width",
        "height",
        "labels",
        "text",
        "place",
    ):
        assert field in shown
    assert (shown["state"], shown["width"], shown["height"]) == ("ready", 320, 240)
    with client.http.get(shown["renditions"]["large"]["url"], base_url=ORIGIN) as large:
        assert (large.status_code, large.mimetype) == (200, "image/jpeg")
    with client.http.get(shown["original_url"], base_url=ORIGIN) as original:
        assert original.data == PHOTO
        assert 'filename="beach.jpg"' in original.headers["Content-Disposition"]

    changed = client.call(
        "PATCH", f"/photos/{photo['id']}", {"description": "am Strand", "is_favourite": True, "tags": ["sea"]}
    ).json
    assert changed is not None
    assert (changed["description"], changed["is_favourite"], changed["tags"]) == ("am Strand", True, ["sea"])
    found = client.call("GET", "/search", query_string={"q": "strand is:favourite"}).json
    assert found is not None
    assert [item["photo"]["id"] for item in found["items"]] == [photo["id"]]
    assert {reason["kind"] for reason in found["items"][0]["reasons"]} >= {"description"}

    assert client.call("DELETE", f"/photos/{photo['id']}").status_code == 409
    assert client.call("POST", f"/photos/{photo['id']}/trash").status_code == 200
    assert client.offer(PHOTO)["in_trash"] is True
    assert client.call("POST", f"/photos/{photo['id']}/restore").status_code == 200
    client.call("POST", f"/photos/{photo['id']}/trash")
    assert client.call("DELETE", f"/photos/{photo['id']}").status_code == 204
    assert client.call("GET", f"/photos/{photo['id']}").status_code == 404


def test_lists_answer_items_and_the_cursor_of_the_next_page(client: Client) -> None:
    ids = [client.upload(pictures.jpeg(64, 48, seed=seed))["id"] for seed in range(5)]
    seen, cursor = [], None
    for _ in range(3):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.call("GET", "/photos", query_string=query).json
        assert page is not None
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert seen == ids[::-1]


def test_an_empty_query_lists_everything_in_the_order_asked_for(
    client: Client, work: Callable[[], None]
) -> None:
    ids = [client.upload(pictures.jpeg(64, 48, seed=seed))["id"] for seed in range(3)]
    work()
    for order, expected in (("newest", ids[::-1]), ("oldest", ids)):
        found = client.call("GET", "/search", query_string={"q": "", "order": order, "limit": 2}).json
        assert found is not None
        seen = [item["photo"]["id"] for item in found["items"]]
        more = client.call("GET", "/search", query_string={"order": order, "cursor": found["next"]}).json
        assert more is not None
        assert seen + [item["photo"]["id"] for item in more["items"]] == expected


def test_waiting_pages_ask_for_states_only(client: Client, work: Callable[[], None]) -> None:
    good = client.upload(PHOTO)["id"]
    bad = client.upload(pictures.truncated(pictures.jpeg(800, 600)))["id"]
    work()
    states = client.call("GET", "/photos/states", query_string={"ids": f"{good},{bad},unknown"}).json
    assert states is not None
    assert {item["id"]: item["state"] for item in states["items"]} == {good: "ready", bad: "refused"}


def test_an_upload_goes_on_after_a_cut(client: Client) -> None:
    offer = client.offer(PHOTO)
    conflict = client.call("POST", f"/uploads/{offer['upload_id']}/complete")
    assert (conflict.status_code, conflict.mimetype) == (409, "application/problem+json")
    shown = client.call("GET", f"/uploads/{offer['upload_id']}").json
    assert shown is not None
    assert (shown["state"], len(shown["parts"])) == ("open", 1)
    client.http.put(shown["parts"][0]["url"], base_url=ORIGIN, data=PHOTO)
    assert client.call("GET", f"/uploads/{offer['upload_id']}").json["parts"] == []  # type: ignore[index]
    assert client.call("POST", f"/uploads/{offer['upload_id']}/complete").status_code == 200
    assert client.call("DELETE", f"/uploads/{offer['upload_id']}").status_code == 409


def test_the_page_s_own_script_uses_the_same_api(people: People) -> None:
    body = {"files": [{"name": "a.jpg", "size": 3, "sha256": "0" * 64}]}
    assert people.owner.api("POST", f"{API}/uploads", body).status_code == 200
    without = people.owner.client.post(f"{API}/uploads", json=body, base_url=ORIGIN)
    assert without.status_code == 400
    assert without.json["code"] == "csrf"  # type: ignore[index]


def test_another_person_s_thing_equals_a_thing_that_is_not_there(
    client: Client, make_client: Callable[..., Client]
) -> None:
    photo, offer = client.upload(PHOTO), client.offer(pictures.jpeg(64, 48))
    thief = make_client("thief@example.org")
    calls: list[tuple[str, str, object]] = [
        ("GET", "/photos/{}", None),
        ("PATCH", "/photos/{}", {"description": "mine"}),
        ("POST", "/photos/{}/trash", None),
        ("POST", "/photos/{}/restore", None),
        ("POST", "/photos/{}/reprocess", None),
        ("DELETE", "/photos/{}", None),
        ("PUT", "/photos/{}/labels/cat/verdict", {"verdict": "kept"}),
        ("DELETE", "/photos/{}/labels/cat/verdict", None),
        ("GET", "/uploads/{}", None),
        ("POST", "/uploads/{}/complete", None),
        ("DELETE", "/uploads/{}", None),
    ]
    for method, path, document in calls:
        theirs = offer["upload_id"] if path.startswith("/uploads") else photo["id"]
        answers = [thief.call(method, path.format(ident), document) for ident in (theirs, "A" * 22)]
        assert [answer.status_code for answer in answers] == [404, 404], (method, path)
        bodies = [{**json.loads(answer.text), "request_id": ""} for answer in answers]
        assert bodies[0] == bodies[1]
    assert client.call("GET", f"/photos/{photo['id']}").json["description"] == ""  # type: ignore[index]


def test_a_read_token_may_look_and_change_nothing(make_client: Callable[..., Client]) -> None:
    reader = make_client("reader@example.org", frozenset({"read"}))
    assert reader.call("GET", "/me").json["scopes"] == ["read"]  # type: ignore[index]
    refused = reader.call("POST", "/uploads", {"files": [{"name": "a", "size": 1, "sha256": "0" * 64}]})
    assert refused.status_code == 403


@pytest.mark.parametrize("token", ["", "x", "bgi_" + "A" * 43, "bgi_\u00fc", "Basic abc"])
def test_a_bad_token_is_401_and_names_no_reason(app: Flask, token: str) -> None:
    answer = Client(app, token).call("GET", "/me", headers={})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"files": []}', 400),
        (b'{"files": [{"name": "a"}]}', 400),
        (b'{"files": [{"name": "a", "size": -1, "sha256": "' + b"0" * 64 + b'"}]}', 400),
        (b'{"files": [{"name": "a", "size": 1e400, "sha256": "' + b"0" * 64 + b'"}]}', 400),
        (b'{"files": [], "owner_id": 1}', 400),
        (b"[" * 100_000, 400),
        (b'{"files": "' + b"\xff" + b'"}', 400),
        (b" " * (2 * 1024 * 1024), 413),
    ],
)
def test_a_body_that_is_not_what_it_should_be_is_a_clear_4xx(
    client: Client, body: bytes, status: int
) -> None:
    answer = client.call("POST", "/uploads", data=body, content_type="application/json")
    assert answer.status_code == status
    problem = answer.json
    assert problem is not None
    assert problem["status"] == status
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("text", ["a\0b", "\udcff", "x" * 5001])
def test_text_that_cannot_be_kept_is_refused(client: Client, text: str) -> None:
    photo = client.upload(PHOTO)
    answer = client.call("PATCH", f"/photos/{photo['id']}", {"description": text, "is_favourite": True})
    assert answer.status_code == 400
    assert client.call("GET", f"/photos/{photo['id']}").json["is_favourite"] is False  # type: ignore[index]


def test_four_byte_text_survives_every_field(client: Client) -> None:
    photo = client.upload(PHOTO, "🌊.jpg")
    assert photo["name"] == "🌊.jpg"
    changed = client.call("PATCH", f"/photos/{photo['id']}", {"description": "𝔊 🌊 ‏שלום", "tags": ["🏖"]}).json
    assert changed is not None
    assert (changed["description"], changed["tags"]) == ("𝔊 🌊 ‏שלום", ["🏖"])


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/photos", {"limit": "0"}),
        ("/photos", {"limit": "1e9"}),
        ("/photos", {"limit": "NaN"}),
        ("/photos", {"cursor": "x"}),
        ("/photos", {"shelf": "cellar"}),
        ("/photos", {"owner_id": "1"}),
        ("/search", {"order": "random"}),
        ("/search", {"q": "label:"}),
        ("/search", {"q": "a" * 1001}),
        ("/search", {"q": "zebra:x"}),
        ("/search", {"q": "(dog"}),
    ],
)
def test_odd_parameters_are_refused(client: Client, path: str, query: dict[str, str]) -> None:
    answer = client.call("GET", path, query_string=query)
    assert answer.status_code == 400
    assert answer.json["detail"]  # type: ignore[index]


def test_an_error_in_a_query_says_where(client: Client) -> None:
    problem = client.call("GET", "/search", query_string={"q": "dog unknwon:x"}).json
    assert problem is not None
    assert problem["position"] == 4


def test_the_document_describes_every_route_of_the_api(app: Flask) -> None:
    document = app.test_client().get(f"{API}/openapi.json", base_url=ORIGIN).json
    assert document is not None
    assert document["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    routes = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(API) and rule.endpoint != "api.openapi"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == routes


def test_tokens_are_listed_without_secrets_and_can_be_revoked(client: Client) -> None:
    listed = client.call("GET", "/tokens").json
    assert listed is not None
    (token,) = listed["items"]
    assert set(token) == {"id", "name", "scopes", "created_at", "last_used_at", "expires_at"}
    assert client.call("DELETE", f"/tokens/{token['id']}").status_code == 204
    assert client.call("GET", "/me").status_code == 401


def test_the_account_page_has_its_verbs_too(client: Client, people: People) -> None:
    renamed = client.call("PATCH", "/me", {"name": "  Zoë   🌊 "}).json
    assert renamed is not None
    assert renamed["name"] == "Zoë 🌊"
    assert client.call("GET", "/me").json["name"] == "Zoë 🌊"  # type: ignore[index]
    assert client.call("GET", "/sessions").json == {"items": [], "next": None}
    (mine,) = people.owner.api("GET", f"{API}/sessions").json["items"]  # type: ignore[index]
    assert set(mine) == {"id", "user_agent", "address", "created_at", "last_seen_at", "expires_at"}
    assert client.call("DELETE", f"/sessions/{mine['id']}").status_code == 404
    assert people.owner.get("/account").status_code == 200
    assert people.owner.api("DELETE", f"{API}/sessions/{mine['id']}").status_code == 204
    assert people.owner.get("/account").status_code == 303


def test_tokens_are_made_by_people_and_not_by_tokens(client: Client, people: People, app: Flask) -> None:
    wanted = {"name": "laptop", "scope": "read", "days": 30}
    assert client.call("POST", "/tokens", wanted).status_code == 403
    made = people.owner.api("POST", f"{API}/tokens", wanted)
    assert made.status_code == 201
    document = made.json
    assert document is not None
    assert document["token"]["scopes"] == ["read"]
    laptop = Client(app, document["secret"])
    assert laptop.call("GET", "/me").status_code == 200
    assert laptop.call("PATCH", "/me", {"name": "Thief"}).status_code == 403


def test_bearer_tokens_open_the_api_and_no_page(client: Client, people: People) -> None:
    page = client.http.get("/account", base_url=ORIGIN, headers=client.headers)
    assert page.status_code == 303
    assert isinstance(people.owner, Browser)
