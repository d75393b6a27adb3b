"""The upload page and its plain form, without any script."""

from __future__ import annotations

from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library, check, words


def test_several_files_are_taken_at_once_and_each_is_answered_for(library: Library) -> None:
    body = pictures.jpeg(64, 48)
    page = check(
        library.send(
            ("beach.jpg", body),
            ("the same.jpg", body),
            ("film.mp4", b"not a photo"),
            ("empty.jpg", b""),
        )
    )
    text = words(page)
    assert "beach.jpg It has arrived and is being worked on. See the photo" in text
    assert "the same.jpg You have this photo already. See the photo" in text
    assert "film.mp4 This is not a picture we can read." in text
    assert "empty.jpg The file is empty." in text
    assert "1 photo is being worked on." in text
    assert "What became of your files" not in words(library.browser.get("/uploads").text)


def test_a_twin_in_the_trash_is_named_as_such(library: Library) -> None:
    photo = library.add(pictures.jpeg(64, 48))
    library.browser.post(f"/photos/{photo.id}/trash")
    page = library.send(("again.jpg", pictures.jpeg(64, 48)))
    assert "You have this photo already. It is in the trash." in words(page)


def test_a_file_larger_than_a_form_may_be_is_taken(library: Library) -> None:
    body = pictures.png(1100, 900)
    assert len(body) > 1_000_000
    photo = library.add(body, "large.png")
    assert photo.size_bytes == len(body)


def test_names_in_any_script_are_shown_as_they_are(library: Library) -> None:
    page = library.send(("صورة <b>.jpg", pictures.jpeg(64, 48)))
    assert "<bdi>صورة &lt;b&gt;.jpg</bdi>" in page


def test_a_form_without_a_file_is_refused_in_words(library: Library) -> None:
    answer = library.browser.post("/uploads", {}, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert "Choose at least one photo." in words(check(answer.text))


def test_refused_photos_can_be_tried_again_or_thrown_away(library: Library) -> None:
    library.send(("cut.jpg", pictures.truncated(pictures.jpeg())))
    library.work()
    page = check(library.browser.get("/uploads").text)
    assert "Refused The files are kept until you decide. cut.jpg" in words(page)
    assert "/reprocess" in page
    assert "/trash" in page


def test_uploading_needs_a_person_and_the_token_of_the_page(people: People) -> None:
    assert people.nobody.get("/uploads").status_code == 303
    bare = people.owner.client.post("/uploads", base_url=people.owner.origin, data={"csrf_token": "wrong"})
    assert bare.status_code == 400
