"""Facets and suggestions: values of one's own photos, with counts."""

from __future__ import annotations

from photos.backends.search import Search
from photos.models import Label, Shelf
from photos.query import parse
from photos.query.vocabulary import Kind
from photos.services.suggestions import term_for
from tests.contracts.search.adapters import OWNER, STRANGER, document


def shown(search: Search, text: str, kind: Kind, owner_id: int = OWNER) -> dict[str, int]:
    """Values of a kind among the hits, with their counts."""
    found = search.facets(parse(text), owner_id=owner_id)
    return {value.shown: value.photos for value in found.values if value.kind is kind}


def test_facets_count_the_hits_of_one_owner(search: Search) -> None:
    search.put(
        [
            document(1, "Dog", "Grass", place="Lisbon, Portugal", camera="Canon R6", media_type="image/jpeg"),
            document(2, "Dog", place="Porto, Portugal", camera="Canon R6", media_type="image/png"),
            document(3, "Cat", place="Vienna, Austria"),
            document(4, "Dog", "Secret", owner_id=STRANGER),
            document(5, "Dog", "Hidden", shelf=Shelf.TRASH),
        ]
    )
    found = search.facets(parse("dog"), owner_id=OWNER)
    assert (found.photos, found.is_whole) == (2, True)
    assert shown(search, "dog", Kind.LABEL) == {"Dog": 2, "Grass": 1}
    assert shown(search, "dog", Kind.PLACE) == {"Portugal": 2, "Lisbon": 1, "Porto": 1}
    assert shown(search, "dog", Kind.CAMERA) == {"Canon R6": 2}
    assert shown(search, "dog", Kind.YEAR) == {"2024": 2}
    assert shown(search, "dog", Kind.TYPE) == {"jpeg": 1, "png": 1}
    assert search.facets(parse("dog is:trashed"), owner_id=OWNER).photos == 1
    assert search.facets(parse("unicorn"), owner_id=OWNER).values == ()


def test_facets_leave_out_labels_below_the_least_confidence(search: Search) -> None:
    labels = (Label("Dog", 90.0), Label("Cat", 60.0))
    search.put([document(1, labels=labels)])
    assert shown(search, "", Kind.LABEL) == {"Dog": 1, "Cat": 1}
    assert shown(search, "confidence>=80", Kind.LABEL) == {"Dog": 1}
    assert shown(search, "cat confidence>=80", Kind.LABEL) == {}


def test_suggestions_are_values_of_ones_own_timeline(search: Search) -> None:
    search.put(
        [
            document(1, "Traffic light", tags=("Light table",)),
            document(2, "Traffic light", "Lighthouse"),
            document(3, "Lightning", owner_id=STRANGER),
            document(4, "Lightbulb", shelf=Shelf.TRASH),
        ]
    )
    found = search.suggest("light", owner_id=OWNER, kinds=[Kind.LABEL, Kind.TAG])
    assert [(value.kind, value.shown, value.photos) for value in found] == [
        (Kind.LABEL, "Traffic light", 2),
        (Kind.LABEL, "Lighthouse", 1),
        (Kind.TAG, "Light table", 1),
    ]
    assert search.suggest("ight", owner_id=OWNER, kinds=[Kind.LABEL]) == ()
    assert [value.shown for value in search.suggest("", owner_id=OWNER, kinds=[Kind.LABEL], limit=1)] == [
        "Traffic light"
    ]
    for odd in ("%", "_", "\\", "'", '"', "traffic l"):
        assert all(
            "raffic" in value.shown
            for value in search.suggest(odd, owner_id=OWNER, kinds=[Kind.LABEL], limit=1)
        )


def test_a_value_goes_with_its_last_photo(search: Search) -> None:
    search.put([document(1, "Zebra"), document(2, "Zebra")])
    search.put([document(1, "Horse", revision=2)])
    assert [value.photos for value in search.suggest("zeb", owner_id=OWNER, kinds=[Kind.LABEL])] == [1]
    search.put([document(2, "Zebra", revision=2, shelf=Shelf.TRASH)])
    assert search.suggest("zeb", owner_id=OWNER, kinds=[Kind.LABEL]) == ()
    search.put([document(2, "Zebra", revision=3)])
    search.remove([2])
    assert search.suggest("zeb", owner_id=OWNER, kinds=[Kind.LABEL]) == ()


def test_counts_of_places_and_cameras_are_what_a_search_for_them_finds(search: Search) -> None:
    search.put(
        [
            document(1, place="Lisbon, Lisbon District, Portugal", camera="Canon EOS R6"),
            document(2, place="Sintra, Lisbon District, Portugal", camera="Canon EOS R6 Mark II"),
            document(3, place="Porto, Portugal", camera="Canon EOS R6"),
            document(4, place="New Lisbon, Wisconsin", camera="Canon EOS R6"),
            document(5, place="Lisbon, Portugal", shelf=Shelf.TRASH),
        ]
    )
    for kind, values in ((Kind.PLACE, 7), (Kind.CAMERA, 2)):
        suggested = search.suggest("", owner_id=OWNER, kinds=[kind], limit=20)
        assert len(suggested) == values
        among_hits = search.facets(parse(""), owner_id=OWNER, kinds=[kind]).values
        assert {(each.shown, each.photos) for each in among_hits} == {
            (each.shown, each.photos) for each in suggested
        }
        for each in suggested:
            found = search.find(parse(term_for(kind, each.shown)), owner_id=OWNER)
            assert len(found.hits) == each.photos, each
    (lisbon, *_) = search.suggest("lis", owner_id=OWNER, kinds=[Kind.PLACE])
    assert (lisbon.shown, lisbon.photos) == ("Lisbon", 3)


def test_hits_are_counted_alone_where_no_kind_is_asked_for(search: Search) -> None:
    search.put([document(key, "Dog") for key in range(1, 4)])
    found = search.facets(parse("dog"), owner_id=OWNER, kinds=())
    assert (found.photos, found.is_whole, found.values) == (3, True, ())
