"""Secrets that we know are used everywhere, and then looked for wherever something is written down."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from photos.logs import JsonFormatter
from tests import pictures
from tests.attacks.belongings import send_file
from tests.web.conftest import PASSWORD, Browser, People, local_path

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def log(make_app: Callable[..., Flask], app: Flask) -> Iterator[io.StringIO]:
    """What is logged at the most talkative level."""
    root = logging.getLogger()
    (handler,) = (one for one in root.handlers if isinstance(one.formatter, JsonFormatter))
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    before, level = handler.setStream(written), root.level
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(level)
    handler.setStream(before)


def test_row_073_no_secret_is_written_down(app: Flask, people: People, log: io.StringIO) -> None:
    backends = app.extensions["bigimage"]
    secrets = {"password": PASSWORD, "wrong password": "canary-wrong-password-9", "key": backends.secret_key}
    visitor = Browser(app.test_client())
    start = visitor.get("/sign-in")
    for name, values in parse_qs(urlsplit(start.headers["Location"]).query).items():
        if name in {"state", "nonce", "code_challenge"}:
            secrets[name] = values[0]
    secrets["flow"] = visitor.cookie("bigimage-flow")
    page = local_path(start)
    pages = [visitor.get(page).text]
    pages.append(
        visitor.post(page, {"email": "owner@example.org", "password": secrets["wrong password"]}).text
    )
    landed = visitor.post(page, {"email": "owner@example.org", "password": PASSWORD})
    secrets["code"] = parse_qs(urlsplit(landed.headers["Location"]).query)["code"][0]
    visitor.csrf = ""
    visitor.get(local_path(landed))
    visitor.get(local_path(landed))
    secrets["session"] = visitor.cookie()
    assert secrets["session"].startswith("s.")
    shown = visitor.post("/account/tokens", {"token_name": "laptop", "scope": "write", "days": ""}).text
    token = re.search(r"bgi_[\w-]+", shown)
    assert token is not None
    secrets["token"] = token[0]
    invitation = people.admin.post("/account/people/invite").text
    link = re.search(r"/provider/link/([\w-]+)", invitation)
    assert link is not None
    secrets["link"] = link[1]
    visitor.client.get(f"/provider/link/{link[1]}")
    visitor.client.get(f"/provider/link/{link[1]}/x?token={token[0]}")
    photo = send_file(visitor, pictures.jpeg(40, 30), "canary.jpg").json
    assert photo is not None
    secrets["signature"] = parse_qs(urlsplit(photo["original_url"]).query)["signature"][0]
    with visitor.client.get(photo["original_url"]) as original:
        assert original.status_code == 200
    visitor.client.get(photo["original_url"].replace("type=", "type=x"))
    script = app.test_client(use_cookies=False)
    for bearer in (token[0], token[0] + "x"):
        script.get("/api/v1/me", headers={"Authorization": f"Bearer {bearer}"})
        script.get(f"/api/v1/photos?cursor={bearer}", headers={"Authorization": f"Bearer {bearer}"})
    change = {"old_password": "canary-wrong-password-9", "new_password": PASSWORD}
    pages.append(visitor.post("/account/password", change).text)
    pages += [visitor.get(path).text for path in ("/", "/account", "/search?q=canary", "/none", "/uploads")]
    pages.append(visitor.api("GET", "/api/v1/tokens").text)
    pages.append(visitor.api("GET", "/api/v1/me").text)

    app.view_functions["timeline.index"] = lambda: 1 / 0
    headers = {"Authorization": f"Bearer {token[0]}", "X-Api-Key": backends.secret_key}
    failed = visitor.client.get(f"/?password={PASSWORD.replace(' ', '+')}", headers=headers)
    assert failed.status_code == 500
    pages.append(failed.text)

    written = log.getvalue()
    assert len(written.splitlines()) > 20
    assert "ZeroDivisionError" in written
    for name, secret in secrets.items():
        assert len(secret) >= 12, name
        assert secret not in written, name
        assert json.dumps(secret)[1:-1] not in written, name
    for name in ("password", "wrong password", "key", "session", "token", "code", "link", "flow"):
        assert not any(secrets[name] in text for text in pages), name


@pytest.mark.parametrize(
    ("package", "floor"),
    [("flask", "3.1.3"), ("werkzeug", "3.1.6"), ("pillow", "12.3.0")],
)
def test_row_080_packages_with_known_flaws_are_not_installed(package: str, floor: str) -> None:
    def numbers(text: str) -> tuple[int, ...]:
        return tuple(int(number) for number in re.findall(r"\d+", text)[:3])

    assert numbers(version(package)) >= numbers(floor)


def test_row_080_every_pinned_package_has_its_hash() -> None:
    locks = [*ROOT.glob("requirements*.txt"), *(ROOT / "scripts" / "setup").glob("*.txt")]
    assert len(locks) >= 3
    for lock in locks:
        packages = re.split(
            r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n", "", lock.read_text(encoding="utf-8")).strip()
        )
        for package in packages:
            assert re.match(r"[\w.\[\]-]+==\S+", package), (lock.name, package[:60])
            assert "--hash=sha256:" in package, (lock.name, package[:60])


def test_row_080_browser_packages_are_pinned_with_their_hash() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert all(entry.get("integrity", "").startswith("sha512-") for entry in packages.values())
