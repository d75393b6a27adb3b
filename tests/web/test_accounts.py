"""Signing in and out through the real provider pages, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from photos.db import users as user_rows
from photos.services import links
from tests.web.conftest import ORIGIN, PASSWORD, Browser, People, local_path

Make = Callable[..., Flask]


def setup_path(app: Flask) -> str:
    database = app.extensions["bigimage"].database
    return urlsplit(links.ensure_setup_link(database=database, base_url=ORIGIN)).path


def test_a_first_visit_says_where_to_find_the_setup_address(app: Flask) -> None:
    visitor = Browser(app.test_client())
    assert local_path(visitor.get("/")) == "/sign-in"
    page = visitor.get("/sign-in")
    assert page.status_code == 200
    assert "Create the administrator here" in page.text
    assert "/provider/link/" not in page.text


def test_the_setup_link_makes_the_administrator_and_signs_in_once(app: Flask) -> None:
    path = setup_path(app)
    browser = Browser(app.test_client())
    assert browser.get(path).status_code == 200
    answer = browser.post(path, {"email": "Boss@Example.org", "name": "Boss", "password": PASSWORD})
    while answer.status_code == 303:
        last = local_path(answer)
        answer = browser.get(last)
    assert last == "/"
    assert answer.status_code == 200
    with app.extensions["bigimage"].database.read() as connection:
        (boss,) = user_rows.list_users(connection).items
    assert (boss.email, boss.is_admin) == ("boss@example.org", True)
    assert Browser(app.test_client()).get(path).status_code == 404
    assert setup_link_is_over(app)


def setup_link_is_over(app: Flask) -> bool:
    database = app.extensions["bigimage"].database
    return links.ensure_setup_link(database=database, base_url=ORIGIN) == ""


def test_a_new_setup_link_ends_the_one_before(app: Flask) -> None:
    first, second = setup_path(app), setup_path(app)
    browser = Browser(app.test_client())
    assert browser.get(first).status_code == 404
    assert browser.get(second).status_code == 200


def test_a_setup_link_dies_when_an_administrator_exists(app: Flask, person: Callable[..., Browser]) -> None:
    path = setup_path(app)
    person("admin@example.org", is_admin=True)
    browser = Browser(app.test_client())
    assert browser.get(path).status_code == 404
    assert browser.post(path, {"email": "evil@example.org", "password": PASSWORD}).status_code == 404


def test_signing_in_leads_to_the_page_that_was_asked_for(app: Flask, people: People) -> None:
    browser = Browser(app.test_client())
    redirect = browser.get("/search?q=dog")
    assert redirect.status_code == 303
    target = parse_qs(urlsplit(redirect.headers["Location"]).query)["next"][0]
    assert browser.sign_in("owner@example.org", target=target).headers["Location"] == "/search?q=dog"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "/\\evil.example", "/%09/evil.example", "///evil", "https:evil", "http://good@evil",
        "/%5cevil.example", "javascript:1", "/a\r\nSet-Cookie: x=1", "/\tevil", "", "\0", "/" + "a" * 5000,
        "https://evil.example/", "/%2f/evil.example", "/ /evil", "evil.example",
    ],
)  # fmt: skip
def test_a_foreign_next_lands_on_the_first_page(app: Flask, people: People, target: str) -> None:
    browser = Browser(app.test_client())
    assert browser.sign_in("owner@example.org", target=target).headers["Location"] == "/"
    assert people.owner.get("/sign-in", query_string={"next": target}).headers["Location"] == "/"


def test_each_authorize_address_has_its_own_state_nonce_and_s256_challenge(
    app: Flask, people: People
) -> None:
    seen = set()
    for _ in range(3):
        start = Browser(app.test_client()).get("/sign-in")
        query = parse_qs(urlsplit(start.headers["Location"]).query)
        assert query["code_challenge_method"] == ["S256"]
        assert len(query["code_challenge"][0]) >= 43
        assert query["redirect_uri"] == [f"{ORIGIN}/sign-in/callback"]
        seen |= {query["state"][0], query["nonce"][0], query["code_challenge"][0]}
    assert len(seen) == 9


def callback_path(app: Flask, browser: Browser, email: str) -> str:
    """The address that the provider leads back to, not yet opened."""
    page = local_path(browser.get("/sign-in"))
    browser.get(page)
    return local_path(browser.post(page, {"email": email, "password": PASSWORD}))


def test_a_callback_belongs_to_the_browser_that_began(app: Flask, people: People) -> None:
    attacker, victim = Browser(app.test_client()), Browser(app.test_client())
    path = callback_path(app, attacker, "owner@example.org")
    assert victim.get(path).status_code == 400
    assert victim.get("/account").status_code == 303


@pytest.mark.parametrize("query", ["code=c", "code=c&state=x", "state=", "", "state=%00&code=%00"])
def test_a_callback_without_its_state_makes_no_session(app: Flask, query: str) -> None:
    browser = Browser(app.test_client())
    assert browser.get(f"/sign-in/callback?{query}").status_code == 400
    assert not browser.cookie().startswith("s.")


def test_a_callback_works_once_and_the_first_session_stays(app: Flask, people: People) -> None:
    browser = Browser(app.test_client())
    path = callback_path(app, browser, "owner@example.org")
    flow = browser.cookie("bigimage-flow")
    assert browser.get(path).status_code == 303
    assert browser.get(path).status_code == 400
    browser.client.set_cookie("bigimage-flow", flow)
    assert browser.get(path).status_code == 400, "the code is spent even where the cookie was copied"
    assert browser.get("/account").status_code == 200


def test_two_tabs_may_sign_in_side_by_side(app: Flask, people: People) -> None:
    browser = Browser(app.test_client())
    first = callback_path(app, browser, "owner@example.org")
    second = callback_path(app, browser, "owner@example.org")
    assert browser.get(first).status_code == 303
    assert browser.get(second).status_code == 303


def test_a_refusal_of_the_provider_is_explained(app: Flask, people: People) -> None:
    browser = Browser(app.test_client())
    state = parse_qs(urlsplit(browser.get("/sign-in").headers["Location"]).query)["state"][0]
    page = browser.get(f"/sign-in/callback?error=access_denied&state={state}")
    assert page.status_code == 400
    assert "You did not sign in" in page.text


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "https://evil.example/sign-in/callback"},
        {"redirect_uri": f"{ORIGIN}/sign-in/callback/../other"},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"state": ""},
        {"nonce": ""},
        {"response_type": "token"},
    ],
)
def test_the_password_page_refuses_a_broken_request(
    app: Flask, people: People, change: dict[str, str]
) -> None:
    browser = Browser(app.test_client())
    start = urlsplit(browser.get("/sign-in").headers["Location"])
    query = {name: values[0] for name, values in parse_qs(start.query).items()} | change
    assert browser.get(start.path, query_string=query).status_code == 400


def test_a_wrong_password_and_an_unknown_account_look_the_same(app: Flask, people: People) -> None:
    pages = []
    for email in ("owner@example.org", "nobody@example.org"):
        browser = Browser(app.test_client())
        answer = browser.sign_in(email, "wrong-password-here")
        assert answer.status_code == 400
        pages.append(strip_page(answer.text, email))
    assert pages[0] == pages[1]
    assert "do not fit together" in pages[0]


def strip_page(text: str, *words: str) -> str:
    text = re.sub(r'(nonce|content|value)="[^"]*"', "", text)
    for word in words:
        text = text.replace(word, "")
    return text


def test_too_many_tries_wait_also_with_the_right_password_and_in_another_process(
    make_app: Make, people: People
) -> None:
    first, second = make_app(sign_in_attempts=3), make_app(sign_in_attempts=3)
    for app in (first, second, first):
        assert Browser(app.test_client()).sign_in("owner@example.org", "wrong").status_code == 400
    for app in (first, second):
        answer = Browser(app.test_client()).sign_in("owner@example.org")
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 901
        assert "Too many tries" in answer.text


def test_a_forged_forwarded_address_does_not_dodge_the_limit(make_app: Make, people: People) -> None:
    app = make_app(sign_in_attempts=3)
    statuses = []
    for number in range(20):
        browser = Browser(app.test_client())
        page = local_path(browser.get("/sign-in"))
        browser.get(page)
        form = {"email": f"guess{number}@example.org", "password": "wrong"}
        answer = browser.post(page, form, headers={"X-Forwarded-For": f"1.2.3.{number}"})
        statuses.append(answer.status_code)
    assert statuses == [400] * 15 + [429] * 5


def test_right_passwords_use_up_no_tries(make_app: Make, people: People) -> None:
    app = make_app(sign_in_attempts=3)
    for _ in range(6):
        assert Browser(app.test_client()).sign_in("owner@example.org").status_code == 303


def test_an_invitation_makes_one_member(app: Flask, people: People) -> None:
    page = people.admin.post("/account/people/invite")
    path = urlsplit(re.search(r"http://localhost(/provider/link/[\w-]+)", page.text)[1]).path  # type: ignore[index]
    guest = Browser(app.test_client())
    assert guest.post(path, {"email": "guest@example.org", "password": PASSWORD}).status_code == 303
    assert guest.sign_in("guest@example.org").status_code == 303
    assert guest.get("/account/people").status_code == 403
    again = Browser(app.test_client())
    answer = again.post(path, {"email": "second@example.org", "password": PASSWORD})
    assert answer.status_code == 404
    assert "<h1>This link does not work any more</h1>" in answer.text


def test_a_second_account_for_one_address_is_refused(app: Flask, people: People) -> None:
    page = people.admin.post("/account/people/invite")
    path = re.search(r"http://localhost(/provider/link/[\w-]+)", page.text)[1]  # type: ignore[index]
    guest = Browser(app.test_client())
    answer = guest.post(path, {"email": "OWNER@example.org", "password": PASSWORD})
    assert answer.status_code == 400
    assert "has an account already" in answer.text
    assert guest.get(path).status_code == 200, "the invitation can still be used"


def test_a_reset_link_changes_the_password_and_ends_every_session(app: Flask, people: People) -> None:
    subject = people.owner.user.subject  # type: ignore[union-attr]
    page = people.admin.post(f"/account/people/{subject}/reset")
    path = re.search(r"http://localhost(/provider/link/[\w-]+)", page.text)[1]  # type: ignore[index]
    browser = Browser(app.test_client())
    assert browser.post(path, {"password": "another lighthouse at dusk"}).status_code == 303
    assert people.owner.get("/account").status_code == 303
    assert browser.post(path, {"password": "another lighthouse at dusk"}).status_code == 404
    assert Browser(app.test_client()).sign_in("owner@example.org").status_code == 400
    fresh = Browser(app.test_client())
    assert fresh.sign_in("owner@example.org", "another lighthouse at dusk").status_code == 303


def test_sign_up_is_closed_unless_the_setting_opens_it(make_app: Make, people: People) -> None:
    for is_open, status in ((False, 404), (True, 200)):
        app = make_app(open_sign_up=is_open)
        browser = Browser(app.test_client())
        start = local_path(browser.get("/sign-in"))
        page = start.replace("/authorize", "/sign-up")
        assert ("Create your account" in browser.get(start).text) is is_open
        assert browser.get(page).status_code == status
        answer = browser.post(page, {"email": "new@example.org", "password": PASSWORD})
        assert answer.status_code == (303 if is_open else 404)
    assert browser.get(local_path(answer)).headers["Location"] == "/"
    assert browser.get("/account").status_code == 200


def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(app: Flask, people: People) -> None:
    other = Browser(app.test_client())
    other.sign_in("owner@example.org")
    wrong = people.owner.post(
        "/account/password", {"old_password": "x", "new_password": "a new lamp at noon"}
    )
    assert wrong.status_code == 400
    assert "This is not your password" in wrong.text
    right = {"old_password": PASSWORD, "new_password": "a new lamp at noon"}
    assert people.owner.post("/account/password", right).status_code == 303
    assert people.owner.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert Browser(app.test_client()).sign_in("owner@example.org", "a new lamp at noon").status_code == 303


def test_a_locked_person_is_out_at_the_next_request_and_can_be_let_in(app: Flask, people: People) -> None:
    subject = people.owner.user.subject  # type: ignore[union-attr]
    assert people.admin.post(f"/account/people/{subject}/lock").status_code == 303
    assert people.owner.get("/account").status_code == 303
    assert Browser(app.test_client()).sign_in("owner@example.org").status_code == 400
    assert people.admin.post(f"/account/people/{subject}/unlock").status_code == 303
    assert Browser(app.test_client()).sign_in("owner@example.org").status_code == 303


def test_administrators_cannot_lock_themselves_out(app: Flask, people: People) -> None:
    subject = people.admin.user.subject  # type: ignore[union-attr]
    people.admin.post(f"/account/people/{subject}/lock")
    page = people.admin.get("/account/people")
    assert page.status_code == 200
    assert "cannot lock yourself out" in page.text


def test_an_administrator_sets_a_quota(app: Flask, people: People) -> None:
    user = people.owner.user
    assert user is not None
    assert people.admin.post(f"/account/people/{user.subject}/quota", {"gigabytes": "2.5"}).status_code == 303
    bad = people.admin.post(f"/account/people/{user.subject}/quota", {"gigabytes": "lots"})
    assert bad.status_code == 400
    assert "number of gigabytes" in bad.text
    with app.extensions["bigimage"].database.read() as connection:
        assert user_rows.get_user(connection, user.id).quota_bytes == 2_500_000_000


def test_a_name_full_of_markup_is_text(people: People) -> None:
    name = "<script>alert(1)</script>\"'>\u202e🦀"
    assert people.owner.post("/account/name", {"name": name, "is_admin": "1", "id": "1"}).status_code == 303
    page = people.owner.get("/account").text
    assert "<script>alert" not in page
    assert "🦀" in page
    assert people.owner.get("/account/people").status_code == 403, "extra fields change nothing"


def test_the_theme_is_kept_in_a_cookie(people: People) -> None:
    assert people.owner.post("/account/theme", {"theme": "dark"}).status_code == 303
    assert 'data-theme="dark"' in people.owner.get("/account").text
    assert people.owner.post("/account/theme", {"theme": "pink"}).status_code == 400


LONG = "x" * 1_000_000


@pytest.mark.parametrize("value", ["", "\0", "a\0b@c.de", "🦀" * 50, "x" * 5000, ["one", "two"], LONG])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("authorize", "email"),
        ("authorize", "password"),
        ("link", "email"),
        ("link", "name"),
        ("link", "password"),
        ("/account/name", "name"),
        ("/account/password", "old_password"),
        ("/account/password", "new_password"),
        ("/account/theme", "theme"),
        ("/account/tokens", "token_name"),
        ("/account/tokens", "scope"),
        ("/account/tokens", "days"),
        ("quota", "gigabytes"),
    ],
)
def test_no_field_breaks_a_page(app: Flask, people: People, path: str, name: str, value: object) -> None:
    form: dict[str, object] = {
        "email": "new@example.org", "name": "New", "password": PASSWORD, "old_password": PASSWORD,
        "new_password": "one more lamp at noon", "theme": "dark", "token_name": "t", "scope": "read",
        "days": "3", "gigabytes": "1",
    } | {name: value}  # fmt: skip
    browser = people.admin if path == "quota" else people.owner
    if path == "authorize":
        browser = Browser(app.test_client())
        path = local_path(browser.get("/sign-in"))
    elif path == "link":
        browser = Browser(app.test_client())
        boss = people.admin.user
        assert boss is not None
        database = app.extensions["bigimage"].database
        link = links.create_invitation(made_by=boss, is_admin=False, database=database, base_url=ORIGIN)
        path = urlsplit(link).path
    elif path == "quota":
        path = f"/account/people/{people.owner.user.subject}/quota"  # type: ignore[union-attr]
    status = browser.post(path, form).status_code
    assert status in {200, 303} or 400 <= status < 500, status
    if value in (LONG, ["one", "two"]):
        assert 400 <= status < 500
