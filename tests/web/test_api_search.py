"""The API of search beside its hits: suggestions, facets, the ids of all hits."""

from __future__ import annotations

from typing import Any

import pytest

from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library


@pytest.fixture
def ids(library: Library) -> list[str]:
    """Three described photos, the last one tagged."""
    made = []
    for number, text in enumerate(("a dog", "two dogs", "a sunset"), 1):
        block = pictures.exif(taken=f"202{number}:06:01 12:00:00", description=text)
        made.append(library.add(pictures.jpeg(64, 48, seed=number, exif=block)).id)
    sent = library.browser.post(f"/photos/{made[2]}/tags", {"tags": "summer holiday"})
    assert sent.status_code == 303
    library.work()
    return made


def answer(library: Library, path: str, **parameters: object) -> Any:
    found = library.browser.get(f"/api/v1/search{path}", query_string=parameters)
    assert found.status_code == 200, found.text
    return found.get_json()


def inserted(library: Library, q: str, at: int | None = None) -> list[tuple[str, int | None]]:
    found = answer(library, "/suggestions", q=q, **({} if at is None else {"at": at}))
    return [
        (q[: found["start"]] + item["insert"] + q[found["start"] + found["length"] :], item["photos"])
        for item in found["items"]
    ]


def test_suggestions_complete_the_word_at_the_cursor(library: Library, ids: list[str]) -> None:
    assert ('tag:"summer holiday"', 1) in inserted(library, "holi")
    assert ('dog tag:"summer holiday"', 1) in inserted(library, "dog summ")
    assert ('-tag:"summer holiday" dog', 1) in inserted(library, "-summ dog", at=5)
    assert inserted(library, "tag:summ") == [('tag:"summer holiday"', 1)]
    assert inserted(library, 'tag:"summer ho') == [('tag:"summer holiday"', 1)]
    assert inserted(library, "tak")[0] == ("taken:", None)
    assert inserted(library, "before:202") == [("before:2021", 1), ("before:2022", 1), ("before:2023", 1)]
    assert inserted(library, "is:fav") == [("is:favourite", None)]
    assert inserted(library, "type:jp") == [("type:jpeg", 3)]
    assert inserted(library, '"summer ') == []


def test_every_suggestion_of_a_value_finds_its_photos(library: Library, ids: list[str]) -> None:
    for beginning in ("", "s", "20", "tag:", "type:", "taken:"):
        for query, photos in inserted(library, beginning):
            if photos is not None:
                assert len(answer(library, "", q=query)["items"]) == photos, query


def test_facets_name_the_term_that_finds_them(library: Library, ids: list[str]) -> None:
    found = answer(library, "/facets", q="dogs")
    assert (found["photos"], found["is_whole"]) == (2, True)
    by_kind = {facet["kind"]: facet["values"] for facet in found["facets"]}
    assert list(by_kind) == ["label", "place", "camera", "year", "type"]
    assert {value["term"]: value["photos"] for value in by_kind["year"]} == {"taken:2021": 1, "taken:2022": 1}
    assert by_kind["type"] == [{"shown": "jpeg", "term": "type:jpeg", "photos": 2}]


def test_a_hit_by_another_word_says_which(library: Library, ids: list[str]) -> None:
    items = answer(library, "", q="sunsett")["items"]
    assert [(item["photo"]["id"], item["reasons"][0]["because"]) for item in items] == [
        (ids[2], "sunsett: read as sunset")
    ]
    items = answer(library, "", q="dogs", order="oldest")["items"]
    assert [item["photo"]["id"] for item in items] == [ids[1], ids[0]]
    assert [item["reasons"][0]["because"] for item in items] == ["", "dogs: counted as dog"]


def test_all_hits_are_listed_by_id_newest_first(library: Library, ids: list[str]) -> None:
    assert answer(library, "/ids", q="dog") == {"ids": [ids[1], ids[0]], "is_whole": True}


@pytest.mark.parametrize("path", ["/facets", "/ids"])
def test_a_wrong_query_points_at_its_place(library: Library, path: str) -> None:
    found = library.browser.get(f"/api/v1/search{path}", query_string={"q": "dog colour:red"})
    assert found.status_code == 400
    assert found.get_json()["position"] == 4


def test_nobody_sees_what_others_have(library: Library, ids: list[str], people: People) -> None:
    for path in ("/facets?q=dog", "/suggestions?q=summ", "/ids?q=dog", "/suggestions?q=tag:"):
        text = people.member.get(f"/api/v1/search{path}").text
        assert "summer" not in text and "2021" not in text and ids[0] not in text
        assert people.nobody.get(f"/api/v1/search{path}").status_code == 401
