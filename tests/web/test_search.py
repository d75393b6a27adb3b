"""The search page: results with their reasons, errors with their place, and the ways to ask."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from photos.db import pipeline
from photos.errors import SearchError
from photos.models import Box, Label
from photos.query import parse
from photos.services.indexing import index_photos
from photos.web import search
from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library, check, tiles, words


def described(library: Library, *texts: str) -> list[str]:
    ids = []
    for seed, text in enumerate(texts, 1):
        block = pictures.exif(taken=f"2024:06:0{seed} 12:00:00", description=text)
        ids.append(library.add(pictures.jpeg(64, 48, seed=seed, exif=block)).id)
    return ids


def test_results_say_why_they_were_found(library: Library) -> None:
    beach, _ = described(library, "a dog at the beach", "a cat")
    page = check(library.browser.get("/search", query_string={"q": "dog beach"}).text)
    assert tiles(page) == [beach]
    assert "1 photo" in words(page)
    assert "description" in words(page)
    assert f'href="/photos/{beach}?q=dog+beach"' in page


def test_results_come_in_the_order_asked_for(library: Library) -> None:
    first, second = described(library, "a dog", "another dog")
    for order, expected in (("newest", [second, first]), ("oldest", [first, second])):
        page = library.browser.get("/search", query_string={"q": "dog", "order": order}).text
        assert tiles(page) == expected
    assert library.browser.get("/search?q=dog&order=odd").status_code == 400


def test_pages_of_results_follow_each_other(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAGE", 2)
    ids = described(library, "dog one", "dog two", "dog three")
    page = library.browser.get("/search?q=dog").text
    following = re.search(r'href="([^"]+)" rel="next"', page)
    assert following
    rest = check(library.browser.get(unescape(following[1])).text)
    assert tiles(page) + tiles(rest) == ids[::-1]


def test_an_error_shows_its_place_in_the_query(people: People) -> None:
    answer = people.owner.get("/search", query_string={"q": "beach colour:<red>"})
    assert answer.status_code == 400
    page = check(answer.text)
    assert "beach <mark>colour:</mark>&lt;red&gt;" in page
    assert "(character 7)" in words(page)
    assert 'value="beach colour:&lt;red&gt;"' in page


def test_nothing_found_says_what_to_do(people: People) -> None:
    page = check(people.owner.get("/search?q=unicorn").text)
    assert "No photo matches all of this" in words(page)


def test_nothing_found_names_the_parts_that_excluded_everything(library: Library) -> None:
    described(library, "a dog at the beach", "a cat")
    page = check(library.browser.get("/search", query_string={"q": "dog beach unicorn"}).text)
    assert re.findall(r'aria-label="Search without ([^"]+)"', page) == ["unicorn"]
    without = re.search(r'href="([^"]+)" aria-label="Search without', page)
    assert without and len(tiles(library.browser.get(unescape(without[1])).text)) == 1
    both = check(library.browser.get("/search", query_string={"q": "dog cat"}).text)
    assert re.findall(r'aria-label="Search without ([^"]+)"', both) == ["dog", "cat"]
    neither = check(library.browser.get("/search", query_string={"q": "unicorn dragon"}).text)
    assert "Search without" not in neither
    assert "Leave out a part" in words(neither)


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_photo_opened_from_results_leads_on_among_them(library: Library, order: str) -> None:
    first, cat, last = described(library, "a dog", "a cat", "another dog")
    page = check(library.browser.get(f"/photos/{first}?q=dog&order={order}").text)
    side = "next" if order == "oldest" else "prev"
    assert f'href="/photos/{last}?q=dog&amp;order={order}" rel="{side}"' in page
    assert cat not in page
    assert f'id="back" href="/search?q=dog&amp;order={order}"' in page


def test_a_photo_is_shown_even_if_its_search_cannot_be_read(library: Library) -> None:
    (photo_id,) = described(library, "a dog")
    assert library.browser.get(f"/photos/{photo_id}?q=colour:").status_code == 200
    assert library.browser.get(f"/photos/{photo_id}?q=dog&order=odd").status_code == 400


def test_the_page_without_a_query_shows_what_there_is_to_search_for(library: Library) -> None:
    assert "In your photos" not in library.browser.get("/search").text
    photo = library.add(pictures.jpeg(60, 40))
    library.label(photo, [Label("lighthouse", 90.0)])
    index_photos([photo.key], database=library.backends.database, search=library.backends.search)
    page = check(library.browser.get("/search").text)
    assert "In your photos" in words(page)
    assert 'href="/search?q=label:lighthouse"' in page


def test_the_ways_to_search_are_shown_while_the_index_is_down(
    people: People, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SearchError("facets")

    monkeypatch.setattr(app.extensions["bigimage"].search, "facets", fail)
    answer = people.owner.get("/search")
    assert answer.status_code == 200
    assert "Ways to search" in words(check(answer.text))


def test_every_way_to_search_can_be_followed(people: People) -> None:
    page = check(people.owner.get("/search").text)
    queries = [unescape(query) for query in re.findall(r"<dt><a [^>]*><code>(.*?)</code>", page)]
    assert len(queries) > 15
    for query in queries:
        parse(query)
        assert people.owner.get("/search", query_string={"q": query}).status_code == 200


@pytest.mark.parametrize("query", ["\0", "🏖" * 300, "í\xa0\x80"])
def test_odd_characters_are_never_a_server_error(people: People, query: str) -> None:
    assert people.owner.get("/search", query_string={"q": query}).status_code in {200, 400}


def test_only_ones_own_photos_are_found(library: Library, people: People) -> None:
    (dog,) = described(library, "a dog")
    assert dog in library.browser.get("/search?q=dog").text
    assert dog not in people.member.get("/search?q=dog").text
    assert people.nobody.get("/search?q=dog").status_code == 303


def links(page: str, name: str) -> list[str]:
    """Addresses of links whose accessible name begins so."""
    return [unescape(href) for href in re.findall(rf'href="([^"]+)"[^>]*aria-label="{name}', page)]


def looked_at(library: Library, *vectors: bytes) -> list[str]:
    ids = described(library, *("a dog" for _ in vectors))
    with library.backends.database.write() as connection:
        for photo_id, bits in zip(ids, vectors, strict=True):
            photo = library.photo(photo_id)
            pipeline.save_labels(
                connection, photo.key, provider="tester/1", labels=(), vector=bits, now=photo.created_at
            )
    return ids


def test_more_like_this_leads_to_what_looks_like_it(library: Library, people: People) -> None:
    one, other, _ = looked_at(library, b"\x20" * 128, b"\x20" * 127 + b"\x60", b"\x20\xe0" * 64)
    page = check(library.browser.get(f"/photos/{one}").text)
    link = re.search(r'href="([^"]+)"[^>]*aria-label="More like this"', page)
    assert link
    found = check(library.browser.get(unescape(link[1])).text)
    assert set(tiles(found)) == {one, other}
    assert "Results for like ‘photo.jpg’" in words(found)
    assert "100 % alike" in words(found)
    answer = library.browser.get(f"/api/v1/search?q=like:{one}&order=relevance").get_json()
    assert {(item["photo"]["id"], item["reasons"][0]["value"]) for item in answer["items"]} == {
        (one, "100 %"),
        (other, "99 %"),
    }
    theirs = people.member.get(f"/search?q=like:{one}")
    assert (theirs.status_code, "You have no photo with this id." in theirs.text) == (400, True)
    assert people.member.get(f"/api/v1/search?q=like:{one}").get_json()["code"] == "no_photo"
    assert people.stranger.get(f"/search?q=like:{one}").status_code == 303


def test_a_photo_that_nobody_looked_at_says_why_nothing_is_like_it(library: Library) -> None:
    (plain,) = described(library, "a dog")
    assert "More like this" not in library.browser.get(f"/photos/{plain}").text
    refused = library.browser.get(f"/search?q=like:{plain}")
    assert refused.status_code == 400
    assert "has not been looked at yet" in words(refused.text)
    assert "Recognition is turned off" in words(refused.text)


def test_each_part_of_the_query_is_a_chip_and_can_be_taken_out(library: Library) -> None:
    described(library, "a dog at the beach")
    page = check(library.browser.get("/search", query_string={"q": "(cat OR dog)  beach -boat"}).text)
    assert re.findall(r'aria-label="Change ([^"]+)"', page) == ["(cat OR dog)", "beach", "-boat"]
    assert [parse_qs(urlsplit(href).query)["q"] for href in links(page, "Take out")] == [
        ["beach -boat"],
        ["(cat OR dog) -boat"],
        ["(cat OR dog)  beach"],
    ]
    for href in links(page, "Take out"):
        assert len(tiles(library.browser.get(href).text)) == 1


def test_facets_are_links_that_narrow_and_widen(library: Library) -> None:
    described(library, "a dog", "a dog OR not")
    query = {"q": "dog OR cat", "order": "oldest"}
    page = check(library.browser.get("/search", query_string=query).text)
    year = re.search(r'href="([^"]+)#facets"[^>]*><span dir="auto">2024</span> <span class="soft">2<', page)
    assert year
    narrowed = check(library.browser.get(unescape(year[1])).text)
    assert 'value="(dog OR cat) taken:2024"' in narrowed
    assert len(tiles(narrowed)) == 2
    widened = re.search(r'href="([^"]+)#facets"[^>]* aria-current="true"', narrowed)
    assert widened and parse_qs(urlsplit(unescape(widened[1])).query) == {
        "q": ["(dog OR cat)"],
        "order": ["oldest"],
    }


@pytest.mark.parametrize(
    ("query", "least", "expected"),
    [
        ("dog", "80", "dog confidence>=80"),
        ("dog confidence>=80 beach", "40", "dog beach confidence>=40"),
        ("dog OR cat", "5", "(dog OR cat) confidence>=5"),
        ("dog confidence:80", "0", "dog"),
    ],
)
def test_the_slider_writes_a_part_of_the_query(people: People, query: str, least: str, expected: str) -> None:
    answer = people.owner.get("/search", query_string={"q": query, "confidence": least, "order": "oldest"})
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"q": [expected], "order": ["oldest"]}


@pytest.mark.parametrize("least", ["", "83", "105", "-5", "x", "٥"])
def test_a_confidence_that_the_slider_cannot_give_is_refused(people: People, least: str) -> None:
    assert people.owner.get("/search", query_string={"q": "dog", "confidence": least}).status_code == 400


def test_a_step_of_the_slider_is_answered_at_once_with_what_changes(library: Library, people: People) -> None:
    dog = library.add(pictures.jpeg(64, 48, seed=1))
    cat = library.add(pictures.jpeg(64, 48, seed=2))
    library.label(dog, [Label("dog", 95.0, (Box(0.5, 0.25, 0.25, 0.5),)), Label("statue", 60.0)])
    library.label(cat, [Label("cat", 90.0), Label("statue", 85.0)])
    assert library.differences() == []
    asked = {"q": "statue", "confidence": "80", "order": "oldest"}
    step = library.browser.get("/search/found", query_string=asked)
    assert step.status_code == 200
    assert tiles(step.text) == [cat.id]
    assert 'data-query="statue confidence&gt;=80"' in step.text
    assert re.findall(r'aria-label="Change ([^"]+)"', step.text) == ["statue", "confidence&gt;=80"]
    assert "1 photo" in words(step.text)
    assert f'href="/photos/{cat.id}?q=statue+confidence%3E%3D80&amp;order=oldest"' in step.text
    page = library.browser.get("/search", query_string={"q": "statue confidence>=80", "order": "oldest"}).text
    found = step.text[step.text.index('<ul class="results"') : step.text.rindex("</ul>")]
    assert " ".join(found.split()) in " ".join(page.split()), "the same as on the page"
    assert tiles(library.browser.get("/search/found?q=statue").text) == [cat.id, dog.id]
    assert "No photo matches" in words(library.browser.get("/search/found?q=statue&confidence=100").text)
    assert cat.id not in people.member.get("/search/found", query_string=asked).text


def test_what_the_hits_have_in_common_follows_the_slider(library: Library, people: People) -> None:
    pet = library.add(pictures.jpeg(64, 48, seed=1))
    library.label(pet, [Label("dog", 95.0), Label("statue", 60.0)])
    assert library.differences() == []
    asked = {"q": "dog", "confidence": "80"}
    around = library.browser.get("/search/facets", query_string=asked).text
    assert re.findall(r'data-facet="Labels ([^"]+)"', around) == ["dog"]
    every = library.browser.get("/search/facets?q=dog").text
    assert re.findall(r'data-facet="Labels ([^"]+)"', every) == ["dog", "statue"]
    assert "data-facet" not in people.member.get("/search/facets", query_string=asked).text


@pytest.mark.parametrize("path", ["found", "facets"])
def test_steps_that_cannot_be_read_are_refused(people: People, path: str) -> None:
    for query in ("q=colour:", "q=dog&confidence=83", "q=dog&order=odd"):
        assert people.owner.get(f"/search/{path}?{query}").status_code == 400
    assert people.owner.get(f"/search/{path}").status_code == 200


def test_a_hit_by_another_word_says_so_and_comes_last(library: Library) -> None:
    exact, other = described(library, "two dogs", "a dog")
    page = check(library.browser.get("/search?q=dogs").text)
    assert tiles(page) == [exact, other]
    assert words(page).count("dogs: counted as dog") == 1


def test_the_page_counts_its_results(library: Library) -> None:
    described(library, "a dog", "another dog", "a cat")
    assert "2 photos" in words(check(library.browser.get("/search?q=dog").text))
    assert "0 photos" in words(check(library.browser.get("/search?q=unicorn").text))


def test_every_page_has_the_search_box_that_suggests(people: People) -> None:
    for address in ("/", "/search", "/uploads", "/trash", "/account"):
        page = people.owner.get(address).text
        assert re.search(r'<input id="search-box"[^>]*role="combobox"[^>]*data-module="search/suggest"', page)
