"""What people write, the tree it becomes, and where an error points."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photos.query import QueryError, parse, unparse
from photos.query.grammar import DEEPEST, LONGEST, MOST_TERMS
from photos.query.operators import OPERATORS
from photos.query.tree import (
    Alike,
    And,
    Between,
    Comparison,
    Confidence,
    Feature,
    Field,
    Has,
    Is,
    Label,
    Like,
    Measure,
    Near,
    Node,
    Not,
    Number,
    Or,
    State,
    Tag,
    Taken,
    Type,
    Within,
    Words,
    walk,
)

from .libraries import PIECES

DOG, CAT, SUN = Words("dog"), Words("cat"), Words("sun")
LIGHT = Words("traffic light", is_exact=True)
LESS, AT_MOST, MORE, AT_LEAST, EQUAL = (
    Comparison.LESS,
    Comparison.AT_MOST,
    Comparison.MORE,
    Comparison.AT_LEAST,
    Comparison.EQUAL,
)

UNDERSTOOD: list[tuple[str, Node]] = [
    ("", And()),
    (" \t\n\u3000", And()),
    ("dog", DOG),
    ("  dog  ", DOG),
    ("dog cat", And((DOG, CAT))),
    ("dog\u00a0cat", And((DOG, CAT))),
    ("dog OR cat", Or((DOG, CAT))),
    ("dog OR cat OR sun", Or((DOG, CAT, SUN))),
    ("dog cat OR sun", Or((And((DOG, CAT)), SUN))),
    ("dog (cat OR sun)", And((DOG, Or((CAT, SUN))))),
    ("(dog)", DOG),
    ("((dog))", DOG),
    ("dog(cat)sun", And((DOG, CAT, SUN))),
    ("(dog OR cat)OR(sun)", Or((Or((DOG, CAT)), SUN))),
    ("dog or cat", And((DOG, Words("or"), CAT))),
    ("ORANGE", Words("ORANGE")),
    ('"OR"', Words("OR", is_exact=True)),
    ("-dog", Not(DOG)),
    ("--dog", Not(Not(DOG))),
    ("-(dog cat)", Not(And((DOG, CAT)))),
    ("-label:dog", Not(Label("dog"))),
    ('-"dog cat"', Not(Words("dog cat", is_exact=True))),
    ("dog -cat", And((DOG, Not(CAT)))),
    ("well-known", Words("well-known")),
    ("dog - cat", And((DOG, CAT))),
    ("dog & cat", And((DOG, CAT))),
    ("dog ?", DOG),
    ("-OR", Not(Words("OR", is_exact=True))),
    ('"traffic light"', LIGHT),
    ('" dog "', Words("dog", is_exact=True)),
    ("“traffic light”", LIGHT),
    ("„traffic light“", LIGHT),
    ('a"b"c', And((Words("a"), Words("b", is_exact=True), Words("c")))),
    ("sun*", Words("sun", is_prefix=True)),
    ('"red su"*', Words("red su", is_prefix=True, is_exact=True)),
    ('"a * b"', Words("a * b", is_exact=True)),
    ("c++", Words("c++")),
    ("12:30", Words("12:30")),
    ("a>b", Words("a>b")),
    ("#dog", Words("#dog")),
    ("東京タワー", Words("東京タワー")),
    ("🐶", Words("🐶")),
    ("dog\x00", Words("dog\x00")),
    ("\u202edog", Words("\u202edog")),
    ("label:dog", Label("dog")),
    ("LABEL:dog", Label("dog")),
    ("label:dog>90", Label("dog", False, MORE, 90.0)),
    ("label:dog>=90.5", Label("dog", False, AT_LEAST, 90.5)),
    ("label:dog<50", Label("dog", False, LESS, 50.0)),
    ("label:dog<=50%", Label("dog", False, AT_MOST, 50.0)),
    ("label:dog=100", Label("dog", False, EQUAL, 100.0)),
    ('label:"traffic light"', Label("traffic light")),
    ('label:"traffic light">90', Label("traffic light", False, MORE, 90.0)),
    ('label:"traffic li"*', Label("traffic li", is_prefix=True)),
    ('label:"traffic li"*>=80', Label("traffic li", True, AT_LEAST, 80.0)),
    ("label:gold*", Label("gold", is_prefix=True)),
    ("label:gold*>70", Label("gold", True, MORE, 70.0)),
    ("text:exit", Words("exit", Field.TEXT)),
    ('text:"no smoking"', Words("no smoking", Field.TEXT)),
    ("camera:canon", Words("canon", Field.CAMERA)),
    ("camera:can*", Words("can", Field.CAMERA, True)),
    ("lens:50mm", Words("50mm", Field.LENS)),
    ("place:lisbon", Words("lisbon", Field.PLACE)),
    ('album:"summer 2024"', Words("summer 2024", Field.ALBUM)),
    ("album:-x", Words("-x", Field.ALBUM)),
    ("tag:family", Tag("family")),
    ("tag:fam*", Tag("fam", True)),
    ("near:48.137,11.575,5", Near(48.137, 11.575, 5.0)),
    ("near:-33.9,-70,0.5km", Near(-33.9, -70.0, 0.5)),
    ('near:"48, 11, 5"', Near(48.0, 11.0, 5.0)),
    (f"like:{'a-_9' * 5}zZ", Like("a-_9" * 5 + "zZ")),
    ("taken:2024", Taken(date(2024, 1, 1), date(2025, 1, 1))),
    ("taken:2024-06", Taken(date(2024, 6, 1), date(2024, 7, 1))),
    ("taken:2024-12", Taken(date(2024, 12, 1), date(2025, 1, 1))),
    ("taken:2024-6-5", Taken(date(2024, 6, 5), date(2024, 6, 6))),
    ("taken:2024-02-29", Taken(date(2024, 2, 29), date(2024, 3, 1))),
    ("taken:2024-06..2024-08", Taken(date(2024, 6, 1), date(2024, 9, 1))),
    ("taken:2024..2024-08-15", Taken(date(2024, 1, 1), date(2024, 8, 16))),
    ("taken:2024-06..", Taken(date(2024, 6, 1), None)),
    ("taken:..2024-06", Taken(None, date(2024, 7, 1))),
    ("taken:..2499", Taken(None, date(2500, 1, 1))),
    ("before:2024-06", Taken(None, date(2024, 6, 1))),
    ("before:1500", Taken(None, date(1500, 1, 1))),
    ("after:2024-06", Taken(date(2024, 7, 1), None)),
    ("after:2024-06-30", Taken(date(2024, 7, 1), None)),
    ("after:2499", Taken(date(2500, 1, 1), None)),
    ("rating:5", Number(Measure.RATING, EQUAL, 5)),
    ("rating:>=3", Number(Measure.RATING, AT_LEAST, 3)),
    ("rating>=3", Number(Measure.RATING, AT_LEAST, 3)),
    ("width>3000", Number(Measure.WIDTH, MORE, 3000)),
    ("width:<3000", Number(Measure.WIDTH, LESS, 3000)),
    ("height<=2000", Number(Measure.HEIGHT, AT_MOST, 2000)),
    ("height=2000", Number(Measure.HEIGHT, EQUAL, 2000)),
    ("is:favourite", Is(State.FAVOURITE)),
    ("is:Favorite", Is(State.FAVOURITE)),
    ("is:archived", Is(State.ARCHIVED)),
    ("is:trashed", Is(State.TRASHED)),
    ("is:refused", Is(State.REFUSED)),
    ("has:gps", Has(Feature.GPS)),
    ("has:text", Has(Feature.TEXT)),
    ("has:people", Has(Feature.PEOPLE)),
    ("has:description", Has(Feature.DESCRIPTION)),
    ("type:jpeg", Type("jpeg")),
    ("type:JPG", Type("jpeg")),
    ("type:heif", Type("heic")),
    ("or", Words("or")),
    ("a=b", Words("a=b")),
    ("don’t", Words("don’t")),
    ("neighbour's", Words("neighbour's")),
    ("dog* cat*", And((Words("dog", is_prefix=True), Words("cat", is_prefix=True)))),
    ("-dog*", Not(Words("dog", is_prefix=True))),
    ("-tag:fam*", Not(Tag("fam", True))),
    ("(a b) OR (c d)", Or((And((Words("a"), Words("b"))), And((Words("c"), Words("d")))))),
    ("Text:Exit", Words("Exit", Field.TEXT)),
    ("tag:2024", Tag("2024")),
    ("tag:“family trip”", Tag("family trip")),
    ("album:summer*", Words("summer", Field.ALBUM, True)),
    ("lens:24-70", Words("24-70", Field.LENS)),
    ("box:38,-10,39.5,-9", Within(38.0, -10.0, 39.5, -9.0)),
    ('box:"38, -10, 39, -9"', Within(38.0, -10.0, 39.0, -9.0)),
    ("box:-18,177,-16,-179", Within(-18.0, 177.0, -16.0, -179.0)),
    ("box:-90,-180,90,180", Within(-90.0, -180.0, 90.0, 180.0)),
    ("rating:0", Number(Measure.RATING, EQUAL, 0)),
    ("rating:3..5", Between(Measure.RATING, 3, 5)),
    ("rating:3..", Number(Measure.RATING, AT_LEAST, 3)),
    ("rating:..2", Number(Measure.RATING, AT_MOST, 2)),
    ("rating:4..4", Between(Measure.RATING, 4, 4)),
    ("width:1000..4000", Between(Measure.WIDTH, 1000, 4000)),
    ("height:..2000", Number(Measure.HEIGHT, AT_MOST, 2000)),
    ("confidence>=80", Confidence(80)),
    ("confidence:80%", Confidence(80)),
    ("confidence:>=0", Confidence(0)),
    ("dog confidence:100", And((DOG, Confidence(100)))),
]

REFUSED: list[tuple[str, int, int, str]] = [
    ("lable:dog", 0, 6, "label:"),
    ("dog plce:x", 4, 5, "place:"),
    ("http://example.org", 0, 5, "quotes"),
    ("-foo:x", 1, 4, "quotes"),
    ("_exists_:x", 0, 9, "quotes"),
    ("seen:yes", 0, 8, "not available yet"),
    ("dog has:sightings", 4, 13, "not available yet"),
    ("label:", 0, 6, "label:dog"),
    ("label: dog", 0, 6, "label:dog"),
    ("label:)", 0, 6, "label:dog"),
    ('label:""', 0, 6, "label:dog"),
    ("label:>90", 6, 3, "Which label"),
    ("label:dog>", 6, 4, "0 to 100"),
    ("label:dog>101", 6, 7, "0 to 100"),
    ("label:dog>nan", 6, 7, "0 to 100"),
    ("label:dog>1e9", 6, 7, "0 to 100"),
    ("label:dog>90>80", 6, 9, "0 to 100"),
    ('label:"dog"x', 6, 6, "0 to 100"),
    ("label:d*g", 7, 1, "end of a word"),
    ("label:!!!", 6, 3, "Which label"),
    ("label=dog", 0, 6, "colon"),
    ("camera>5", 0, 7, "colon"),
    ('tag:"a"b', 4, 4, "space between"),
    ('text:"!?"', 5, 4, "letter or digit"),
    ("text:*", 5, 1, "letter or digit"),
    ("near:48,11", 5, 5, "near:48.137"),
    ("near:48, 11, 5", 5, 3, "without spaces"),
    ("near:a,b,c", 5, 5, "near:48.137"),
    ("near:91,0,5", 5, 6, "Latitude"),
    ("near:0,181,5", 5, 7, "longitude"),
    ("near:0,0,0", 5, 5, "more than 0"),
    ("near:0,0,99999", 5, 9, "20038"),
    ("near:nan,inf,5", 5, 9, "near:48.137"),
    ("like:this", 5, 4, "More like this"),
    (f"like:{'a' * 21}/", 5, 22, "More like this"),
    ("like:", 0, 5, "right behind it"),
    (" ".join([f"like:{'a' * 22}"] * 4), 84, 27, "More than 3"),
    ("taken:yesterday", 6, 9, "2024-06-15"),
    ("taken:2024-13", 6, 7, "no such day"),
    ("taken:2023-02-29", 6, 10, "no such day"),
    ("taken:0001", 6, 4, "1500"),
    ("taken:9999", 6, 4, "2499"),
    ("taken:..", 6, 2, "at least one end"),
    ("taken:2024..2023", 6, 10, "before it begins"),
    ("taken:2024..2025..2026", 6, 16, "2024-06-15"),
    ("before:", 0, 7, "before:2024-06"),
    ("after:2024..2025", 6, 10, "2024-06-15"),
    ("rating:6", 7, 1, "0 (none) to 5"),
    ("rating:good", 7, 4, "rating:>=3"),
    ("rating>=", 0, 8, "rating:>=3"),
    ("width>-1", 6, 2, "whole number"),
    ("width>1e9", 6, 3, "whole number"),
    ("width>99999999999999999999", 6, 20, "whole number"),
    ("width>=<5", 7, 2, "whole number"),
    ("is:favorit", 3, 7, "favourite"),
    ("is:x", 3, 1, "favourite, archived"),
    ("has:peple", 4, 5, "people"),
    ("type:jpgg", 5, 4, "jpeg"),
    ("type:svg", 5, 3, "jpeg"),
    ("(dog", 0, 1, "never closed"),
    ("dog (cat (sun)", 4, 1, "never closed"),
    ("dog)", 3, 1, "closes nothing"),
    ("dog (cat))", 9, 1, "closes nothing"),
    ("()", 0, 2, "between these"),
    ("dog ( & )", 4, 5, "between these"),
    ("OR", 0, 2, "between two"),
    ("dog OR", 4, 2, "between two"),
    ("OR dog", 0, 2, "between two"),
    ("dog OR OR cat", 4, 2, "between two"),
    ("dog OR )", 4, 2, "between two"),
    ("(OR)", 1, 2, "between two"),
    ("-)", 0, 1, "exclude"),
    ("dog -&", 4, 2, "exclude"),
    ("-", 0, 1, "nothing to search for"),
    ('"dog', 0, 1, "quote is never closed"),
    ('dog label:"cat', 10, 1, "quote is never closed"),
    ('""', 0, 2, "letter or digit"),
    ('dog "!!"', 4, 4, "letter or digit"),
    ("&&&", 0, 3, "nothing to search for"),
    ("*", 0, 1, "letter or digit"),
    ("*a", 0, 1, "end of a word"),
    ("dog a*b", 5, 1, "end of a word"),
    ("a**", 1, 1, "end of a word"),
    ("dog \ud800", 4, 1, "half a character"),
    ("a" * 257, 256, 1, "256"),
    ("-" * 13 + "a", 12, 1, "12"),
    ("(" * 13 + "a" + ")" * 13, 12, 1, "12"),
    ("a " * 33, 64, 1, "32"),
    ("a* " * 9, 24, 2, "8 words with a star"),
    ("box:1,2,3", 4, 5, "box:38,-10,39,-9"),
    ("box:1, 2,3,4", 4, 2, "without spaces"),
    ("box:a,b,c,d", 4, 7, "box:38,-10,39,-9"),
    ("box:39,-10,38,-9", 4, 12, "southern edge"),
    ("box:-91,0,0,0", 4, 9, "Latitude"),
    ("box:0,0,0,181", 4, 9, "longitude"),
    ("box:", 0, 4, "box:38,-10,39,-9"),
    ("rating:..", 7, 2, "at least one end"),
    ("rating:5..3", 7, 4, "before it begins"),
    ("rating:3..6", 7, 4, "0 (none) to 5"),
    ("rating:3...5", 7, 5, "whole number"),
    ("width:9..1", 6, 4, "before it begins"),
    ("width>1..2", 6, 4, "whole number"),
    ("confidence>80", 11, 2, "steps of 5"),
    ("confidence<80", 11, 2, "steps of 5"),
    ("confidence:83", 11, 2, "steps of 5"),
    ("confidence:105", 11, 3, "steps of 5"),
    ("confidence:high", 11, 4, "steps of 5"),
    ("-confidence:80", 1, 13, "whole search"),
    ("dog OR confidence:80", 7, 13, "whole search"),
    ("dog (confidence:80 cat)", 5, 13, "whole search"),
]


@pytest.mark.parametrize(("text", "tree"), UNDERSTOOD)
def test_a_text_becomes_its_tree(text: str, tree: Node) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(("text", "tree"), UNDERSTOOD)
def test_a_tree_written_out_and_parsed_again_is_the_same_tree(text: str, tree: Node) -> None:
    assert parse(unparse(tree)) == tree


@pytest.mark.parametrize(("text", "position", "length", "hint"), REFUSED)
def test_an_error_points_at_what_is_wrong_and_gives_a_hint(
    text: str, position: int, length: int, hint: str
) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)
    error = refused.value
    assert (error.position, error.length) == (position, length)
    assert hint in error.reason
    assert error.field == "q"


def test_there_are_enough_cases() -> None:
    assert len(UNDERSTOOD) + len(REFUSED) >= 150
    assert {name for name in OPERATORS if any(f"{name}" in text for text, *_ in UNDERSTOOD + REFUSED)} == set(
        OPERATORS
    )


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_example_can_be_searched_for(name: str) -> None:
    if name != "seen":
        assert parse(OPERATORS[name].example)


def test_every_node_knows_its_place_in_the_text() -> None:
    text = '  dog (label:"traffic light">90 OR -text:ex*) taken:2024'
    places = {text[node.position : node.position + node.length] for node in walk(parse(text))}
    assert places == {
        text.strip(),
        "dog",
        '(label:"traffic light">90 OR -text:ex*)',
        'label:"traffic light">90',
        "-text:ex*",
        "text:ex*",
        "taken:2024",
    }


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Taken(date(2024, 1, 1), date(2025, 1, 1)), "taken:2024"),
        (Taken(date(2024, 6, 1), date(2024, 9, 1)), "taken:2024-06..2024-08"),
        (Taken(date(2024, 6, 5), date(2024, 6, 6)), "taken:2024-06-05"),
        (Taken(date(2024, 6, 5), None), "taken:2024-06-05.."),
        (Taken(None, date(2024, 6, 1)), "before:2024-06"),
        (And((Or((DOG, CAT)), Not(And((DOG, SUN))))), "(dog OR cat) -(dog sun)"),
        (Words("label:dog"), '"label:dog"'),
        (Words("-dog"), '"-dog"'),
        (Words('say "cheese"'), '"say  cheese "'),
        (Label("dog>90"), 'label:"dog>90"'),
        (Near(48.1, -11.0, 0.5), "near:48.1,-11,0.5"),
        (Like("a" * 22, (Alike(1, 90),)), f"like:{'a' * 22}"),
    ],
)
def test_a_tree_is_written_as_a_person_would(tree: Node, text: str) -> None:
    assert unparse(tree) == text


def test_the_limits_are_the_last_that_pass() -> None:
    assert parse("a" * LONGEST)
    assert parse("a " * MOST_TERMS)
    assert parse("(" * DEEPEST + "a" + ")" * DEEPEST)


@settings(max_examples=1500, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.text(max_size=300)))
def test_any_text_gives_a_tree_or_a_query_error_inside_the_text(text: str) -> None:
    try:
        tree = parse(text)
    except QueryError as error:
        assert 0 <= error.position <= len(text)
        assert 0 < error.length <= len(text) - error.position
        assert error.reason.endswith((".", "?"))
        return
    written = unparse(tree)
    if len(written) <= LONGEST:
        assert parse(written) == tree
    for node in walk(tree):
        assert 0 <= node.position <= node.position + node.length <= len(text)
