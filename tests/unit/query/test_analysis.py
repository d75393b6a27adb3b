"""The analyser gives the words that OpenSearch's built-in parts give."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photos.query.analysis import LONGEST_WORD, analyse, composed

CASES = [
    ("", ()),
    (" \t\n", ()),
    ("!?& - + *", ()),
    ("Hello, World", ("hello", "world")),
    ("IMG_1234.JPG", ("img_1234", "jpg")),
    ("___ _a_", ("_a_",)),
    ("c++ C# .net", ("c", "c", "net")),
    ("don't o'clock' 'x", ("don't", "o'clock", "x")),
    ("don’t", ("don't",)),
    ("example.org a:b a,b", ("example.org", "a:b", "a", "b")),
    ("3.14 1,000 1:2 3.x x.3", ("3.14", "1,000", "1", "2", "3", "x", "x", "3")),
    ("a..b 1..2", ("a", "b", "1", "2")),
    ("Straße Çà Łódź Ærø œuvre Þór", ("strasse", "ca", "lodz", "aero", "oeuvre", "thor")),
    ("İstanbul ıssız", ("istanbul", "issiz")),
    ("ΟΔΟΣ Ελλάδα", ("οδοσ", "ελλάδα")),
    ("Привет Й", ("привет", "й")),
    ("東京タワー", ("東京", "京タ", "タワ", "ワー")),
    ("東", ("東",)),
    ("東 京", ("東", "京")),
    ("東京abc", ("東京", "abc")),
    ("ひらがな", ("ひら", "らが", "がな")),
    ("ﾄﾞﾗｺﾞﾝ", ("ドラ", "ラゴ", "ゴン")),
    ("한국어", ("한국", "국어")),
    ("ＡＢＣ１２", ("abc12",)),
    ("สวัสดี ครับ", ("สวัสดี", "ครับ")),
    ("שלום עולם", ("שלום", "עולם")),
    ("मानक हिन्दी", ("मानक", "हिन्दी")),
    ("🐶☀️👍🏽", ("🐶", "☀", "👍🏽")),
    ("👨\u200d👩\u200d👧 x", ("👨\u200d👩\u200d👧", "x")),
    ("🇩🇪🇫🇷", ("🇩🇪", "🇫🇷")),
    ("e\u0301te\u0301 co\u00adop \u202eabc", ("ete", "coop", "abc")),
    ("x\x00y\ud800z", ("x", "y", "z")),
    ("Bonjour\u202f! 10\u202f000\u202f€", ("bonjour", "10", "000")),
    ("ﬁne ⅣⅤ Ⓐ", ("fine", "ⅳⅴ", "a")),
]


@pytest.mark.parametrize(("text", "words"), CASES)
def test_text_becomes_words(text: str, words: tuple[str, ...]) -> None:
    assert analyse(text) == words


def test_a_very_long_word_is_cut_into_pieces() -> None:
    for letter in ("a", "я"):
        assert [len(word) for word in analyse(letter * 600)] == [LONGEST_WORD, LONGEST_WORD, 90]


def test_names_in_pieces_equal_names_in_one() -> None:
    for name in ("Ünï.jpg", "はがき", "한국"):
        assert analyse(unicodedata.normalize("NFD", name)) == analyse(name)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=60))
def test_words_hold_nothing_that_an_index_would_split_or_misread(text: str) -> None:
    for word in analyse(text):
        assert word
        assert word != ","
        assert not set(word) & set(' "*()+{}\x00\t\n')
        assert not any("\ud800" <= char <= "\udfff" for char in word)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
def test_the_fast_path_for_ascii_gives_what_the_slow_one_gives(text: str) -> None:
    assert analyse(text + " я")[:-1] == analyse(text)


@given(st.text(max_size=40))
def test_composing_twice_changes_nothing(text: str) -> None:
    assert composed(composed(text)) == composed(text)
