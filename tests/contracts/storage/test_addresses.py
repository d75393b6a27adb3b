"""Signed addresses: good as signed, dead when altered or expired."""

from __future__ import annotations

import time
from urllib.parse import parse_qsl, urlsplit

from tests.contracts.storage.places import JPEG, Place, altered, read


def test_a_signed_address_answers_as_it_was_signed(place: Place) -> None:
    place.storage.put("a", b"<b>abcdef", media_type="text/html")
    url = place.storage.url("a", media_type=JPEG, download_name='M\u00fcll "1";\r\nX: y\u202e.jpg')
    answer = place.get(url)
    assert (answer.status_code, answer.content) == (200, b"<b>abcdef")
    assert answer.headers["Content-Type"] == JPEG
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename=\"Mull _1__X: y.jpg\"; filename*=UTF-8''M%C3%BCll%20")
    assert "X" not in answer.headers
    inline = place.get(place.storage.url("a", media_type="image/png"))
    assert inline.headers["Content-Disposition"] == "inline"
    assert inline.headers["Content-Type"] == "image/png"
    assert "private" in inline.headers["Cache-Control"]


def test_a_signed_address_serves_ranges_and_conditions(place: Place) -> None:
    stored = place.storage.put("a", b"abcdefghij", media_type=JPEG)
    url = place.storage.url("a", media_type=JPEG)
    piece = place.get(url, Range="bytes=2-4")
    assert (piece.status_code, piece.content) == (206, b"cde")
    assert piece.headers["Content-Range"] == "bytes 2-4/10"
    assert place.get(url, Range="bytes=-3").content == b"hij"
    assert place.get(url, Range="bytes=10-").status_code == 416
    assert place.get(url).headers["ETag"] == stored.etag
    known = place.get(url, **{"If-None-Match": stored.etag})
    assert (known.status_code, known.content) == (304, b"")
    assert place.head(url).content == b""


def test_an_address_stays_the_same_within_its_window(place: Place) -> None:
    long_lived = place.brief(604_800)
    assert long_lived.url("a", media_type=JPEG) == long_lived.url("a", media_type=JPEG)
    assert long_lived.url("a", media_type=JPEG) != long_lived.url("a", media_type="image/png")
    assert long_lived.url("a", media_type=JPEG) != long_lived.url("a", media_type=JPEG, download_name="b")


def test_an_altered_address_is_refused(place: Place) -> None:
    for key in ("mine", "yours"):
        place.storage.put(key, key.encode(), media_type=JPEG)
    url = place.storage.url("mine", media_type=JPEG, download_name="mine.jpg")
    assert place.get(url).status_code == 200
    query = dict(parse_qsl(urlsplit(url).query))
    for name in query:
        assert place.get(altered(url, **{name: query[name] + "0"})).status_code in (400, 403), name
    assert place.get(url.replace("/mine?", "/yours?")).status_code == 403
    assert place.get(url.partition("?")[0]).status_code == 403
    # With its reading signature nothing can be written.
    assert place.send(url, b"changed").status_code == 403
    assert read(place.storage, "mine") == b"mine"


def test_an_altered_part_address_is_refused(place: Place) -> None:
    multipart_id = place.storage.start_multipart("a", media_type=JPEG)
    other_id = place.storage.start_multipart("b", media_type=JPEG)
    url = place.storage.part_url("a", multipart_id, 1, size_bytes=4)
    for name, value in dict(parse_qsl(urlsplit(url).query)).items():
        changed = other_id if value == multipart_id else value + "0"
        assert place.send(altered(url, **{name: changed}), b"body").status_code in (400, 403), name
    assert place.send(url.replace("/a?", "/b?"), b"body").status_code == 403
    assert place.get(url).status_code == 403
    assert list(place.storage.list_parts("a", multipart_id)) == []
    assert place.send(url, b"body").status_code == 200


def test_expired_addresses_are_refused(place: Place) -> None:
    place.storage.put("a", b"hello", media_type=JPEG)
    multipart_id = place.storage.start_multipart("b", media_type=JPEG)
    brief = place.brief(4)
    read_url = brief.url("a", media_type=JPEG)
    part_url = brief.part_url("b", multipart_id, 1, size_bytes=4)
    assert place.get(read_url).status_code == 200
    time.sleep(4.1)
    assert place.get(read_url).status_code == 403
    assert place.send(part_url, b"body").status_code == 403
    assert list(place.storage.list_parts("b", multipart_id)) == []
    assert place.get(brief.url("a", media_type=JPEG)).status_code == 200


def test_a_signed_address_of_nothing_is_not_found(place: Place) -> None:
    assert place.get(place.storage.url("nothing", media_type=JPEG)).status_code == 404
