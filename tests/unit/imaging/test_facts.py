"""What a file says about its photo, whatever wrote it, and however badly."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photos.errors import Invalid
from photos.imaging import moments
from photos.imaging.wording import clean_line, clean_text
from photos.models import Developed, FileFacts, Position
from tests import pictures

Develop = Callable[[bytes], Developed]

NOON = "2024:06:01 12:30:05"
WITH_EXIF = {
    "jpeg": pictures.jpeg,
    "png": pictures.png,
    "webp": pictures.webp,
    "tiff": pictures.tiff,
    "avif": pictures.avif,
    "heic": pictures.heic,
}


def facts(develop: Develop, **written: object) -> FileFacts:
    return develop(pictures.jpeg(40, 30, **written)).facts


@pytest.mark.parametrize("make", WITH_EXIF.values(), ids=WITH_EXIF)
def test_every_format_tells_time_camera_place_and_words(develop: Develop, make: Callable[..., bytes]) -> None:
    block = pictures.exif(
        taken=NOON,
        offset="+02:00",
        subsec="25",
        make="Canon",
        model="Canon EOS R6",
        lens="RF24-105mm F4 L",
        gps=(-33.8568, 151.2153),
        altitude=-4.5,
        description="Gulls over the harbour",
        rating=4,
        f_number=5.6,
        exposure_seconds=1 / 250,
        iso=400,
        focal_length_mm=70,
    )
    read = develop(make(40, 30, exif=block)).facts
    assert read.taken_local == datetime(2024, 6, 1, 12, 30, 5, 250_000)
    assert read.offset_minutes == 120
    assert (read.camera.make, read.camera.model, read.camera.lens) == (
        "Canon",
        "Canon EOS R6",
        "RF24-105mm F4 L",
    )
    assert (read.camera.iso, read.camera.focal_length_mm) == (400, 70)
    assert read.camera.f_number == pytest.approx(5.6)
    assert read.camera.exposure_seconds == pytest.approx(1 / 250)
    assert read.position is not None
    assert read.position.latitude == pytest.approx(-33.8568, abs=1e-6)
    assert read.position.longitude == pytest.approx(151.2153, abs=1e-6)
    assert read.position.altitude_m == pytest.approx(-4.5)
    assert read.description == "Gulls over the harbour"
    assert read.rating == 4


@pytest.mark.parametrize("make", WITH_EXIF.values(), ids=WITH_EXIF)
def test_a_file_without_metadata_says_nothing(develop: Develop, make: Callable[..., bytes]) -> None:
    assert develop(make(40, 30)).facts == FileFacts()


def test_words_in_utf_8_are_read_although_exif_knows_only_ascii(develop: Develop) -> None:
    assert facts(develop, exif=pictures.exif(description="Möwen, 鷗")).description == "Möwen, 鷗"


def test_a_missing_offset_stays_missing(develop: Develop) -> None:
    read = facts(develop, exif=pictures.exif(taken=NOON))
    assert read.taken_local == datetime(2024, 6, 1, 12, 30, 5)
    assert read.offset_minutes is None


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("+05:45", 345),
        ("-03:30", -210),
        ("Z", 0),
        ("+14:00", 840),
        ("+15:00", None),
        ("+0200", 120),
        ("east", None),
    ],
)
def test_offsets(develop: Develop, written: str, minutes: int | None) -> None:
    assert facts(develop, exif=pictures.exif(taken=NOON, offset=written)).offset_minutes == minutes


@pytest.mark.parametrize(
    ("utc", "minutes"),
    [
        (("2024:06:01", (10, 30, 4)), 120),
        (("2024:06:01", (6, 45, 0)), 345),
        (("2024:06:02", (0, 29, 50)), -720),
        (("2024:06:01", (10, 23, 0)), None),
        (("2024:05:30", (10, 30, 4)), None),
    ],
)
def test_satellite_time_tells_the_offset_when_it_fits(
    develop: Develop, utc: tuple[str, tuple[int, int, int]], minutes: int | None
) -> None:
    assert facts(develop, exif=pictures.exif(taken=NOON, gps_utc=utc)).offset_minutes == minutes


def test_xmp_speaks_where_exif_is_silent(develop: Develop) -> None:
    packet = pictures.xmp(
        {
            "photoshop:DateCreated": "2023-12-24T18:00:00.5-05:00",
            "xmp:Rating": "5",
            "exif:GPSLatitude": "46,27.5N",
            "exif:GPSLongitude": "6,30,30W",
        },
        pictures.xmp_keywords("winter", "lake Geneva")
        + '<dc:description><rdf:Alt><rdf:li xml:lang="fr">Lac</rdf:li>'
        '<rdf:li xml:lang="x-default">The lake</rdf:li></rdf:Alt></dc:description>',
    )
    for make in (pictures.jpeg, pictures.webp, pictures.avif, pictures.heic):
        read = develop(make(40, 30, xmp=packet)).facts
        assert read.taken_local == datetime(2023, 12, 24, 18, 0, 0, 500_000)
        assert read.offset_minutes == -300
        assert read.rating == 5
        assert read.position == Position(46.4583333, -6.5083333)
        assert read.keywords == ("winter", "lake Geneva")
        assert read.description == "The lake"


def test_an_offset_in_xmp_completes_the_same_moment_in_exif(develop: Develop) -> None:
    packet = pictures.xmp({"exif:DateTimeOriginal": "2024-06-01T12:30:05+03:00"})
    assert facts(develop, exif=pictures.exif(taken=NOON), xmp=packet).offset_minutes == 180
    other = pictures.xmp({"xmp:CreateDate": "2024-06-09T09:00:00+03:00"})
    assert facts(develop, exif=pictures.exif(taken=NOON), xmp=other).offset_minutes is None


def test_iptc_gives_keywords_caption_and_date(develop: Develop) -> None:
    body = pictures.with_iptc(
        pictures.jpeg(40, 30),
        keywords=["Zürich", "see"],
        caption="Am See",
        date="20240601",
        time="123000+0200",
    )
    read = develop(body).facts
    assert read.keywords == ("Zürich", "see")
    assert read.description == "Am See"
    assert (read.taken_local, read.offset_minutes) == (datetime(2024, 6, 1, 12, 30), 120)


def test_keywords_of_all_blocks_are_one_list_without_doubles(develop: Develop) -> None:
    body = pictures.jpeg(40, 30, xmp=pictures.xmp({}, pictures.xmp_keywords("Sea", "boat", " ")))
    read = develop(pictures.with_iptc(body, keywords=["sea", "gull"])).facts
    assert read.keywords == ("Sea", "boat", "gull")


@pytest.mark.parametrize(
    "taken",
    ["0000:00:00 00:00:00", "2024:13:01 00:00:00", "    :  :     :  :  ", "yesterday", "1700:01:01 00:00:00"],
)
def test_impossible_dates_count_as_none(develop: Develop, taken: str) -> None:
    assert facts(develop, exif=pictures.exif(taken=taken)).taken_local is None


def test_the_empty_position_of_a_receiver_without_a_fix_is_none(develop: Develop) -> None:
    assert facts(develop, exif=pictures.exif(gps=(0.0, 0.0))).position is None


@pytest.mark.parametrize("gps", [(91.0, 0.5), (10.0, 181.0)])
def test_positions_outside_the_earth_are_none(develop: Develop, gps: tuple[float, float]) -> None:
    assert facts(develop, exif=pictures.exif(gps=gps)).position is None


@pytest.mark.parametrize(
    "packet",
    [
        b"<x",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        pictures.xmp({"xmp:Rating": "many", "exif:GPSLatitude": "95,0N", "exif:GPSLongitude": "1,0E"}),
        b"\xff\xfe\0",
    ],
)
def test_odd_xmp_says_nothing_and_harms_nothing(develop: Develop, packet: bytes) -> None:
    assert facts(develop, xmp=packet) == FileFacts()


def test_hostile_words_come_out_clean_and_short(develop: Develop) -> None:
    nasty = "<img src=x onerror=1>\x00\x07\u202eevil\r\nline " + "x" * 5000
    read = develop(
        pictures.with_iptc(pictures.jpeg(40, 30), caption=nasty[:2500], keywords=["a\x00b", "k" * 300])
    ).facts
    assert read.description.startswith("<img src=x onerror=1>")
    assert len(read.description) <= 2000
    assert all(len(word) <= 100 for word in read.keywords)
    assert not any(character in read.description for character in "\x00\x07\u202e\r")


def test_flipped_bits_in_metadata_never_refuse_the_photo(develop: Develop) -> None:
    block = pictures.exif(taken=NOON, make="Canon", gps=(1.0, 2.0), description="words", rating=3, iso=100)
    body = pictures.jpeg(40, 30, exif=block)
    start, chance = body.index(b"Exif"), random.Random(1)
    for _ in range(150):
        broken = bytearray(body)
        for _ in range(3):
            broken[start + 6 + chance.randrange(len(block) - 8)] ^= 1 << chance.randrange(8)
        read = develop(bytes(broken)).facts
        assert 1 <= read.orientation <= 8


@given(st.text(max_size=80), st.integers(1, 20))
def test_clean_words_are_short_printable_and_stay_as_they_are(text: str, most: int) -> None:
    for clean in (clean_line, clean_text):
        once = clean(text, most)
        assert len(once) <= most
        assert clean(once, most) == once
        once.encode()
        assert not any(ord(character) < 32 and character not in "\n\t" for character in once)
    assert "\n" not in clean_line(text, most)


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_none(written: str) -> None:
    clock, offset = moments.parse_iso(written)
    assert clock is None or clock.year >= 1826
    assert offset is None or abs(offset) <= 14 * 60


def test_a_photo_that_is_no_photo_has_no_facts(develop: Develop) -> None:
    with pytest.raises(Invalid):
        develop(b"\xff\xd8\xff\xe1" + pictures.exif(taken=NOON))


@pytest.mark.parametrize("clock", [(10.0, float("nan"), 0.0), (10.0, 0.0, float("inf")), (10, 2**32 - 1, 1)])
def test_a_satellite_time_that_is_none_does_not_cost_the_date(clock: tuple[float, ...]) -> None:
    gps = {29: "2024:06:01", 7: clock}
    assert moments.taken({}, {0x9003: NOON}, gps, moments.xmp.EMPTY, {}) == (
        datetime(2024, 6, 1, 12, 30, 5),
        None,
    )
