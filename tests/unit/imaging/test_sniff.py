"""What a file is, told by its content."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photos.errors import Invalid
from photos.imaging.sniff import MEDIA_TYPES, sniff
from tests import pictures

ACCEPTED = {
    "image/jpeg": pictures.jpeg,
    "image/png": pictures.png,
    "image/gif": pictures.gif,
    "image/webp": pictures.webp,
    "image/tiff": pictures.tiff,
    "image/avif": pictures.avif,
    "image/heic": pictures.heic,
}

REFUSED = [
    (b"%PDF-1.7\n", "This is a PDF, not a photo. Export the page as JPEG and upload that."),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
    (b'<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg">', "SVG"),
    (b"\xef\xbb\xbf  <svg width='1'>", "SVG"),
    ("<svg width='1'>".encode("utf-16"), "SVG"),
    (b"<!DOCTYPE html><html>", "web page"),
    (b"<?xml version='1.0'?><note/>", "XML"),
    (b"\x1f\x8b\x08\0", "gzip"),
    (b"push graphic-context\nviewbox 0 0 1 1\n", "drawing script"),
    (b"PK\x03\x04", "ZIP"),
    (b"8BPS\0\x01", "Photoshop"),
    (b"BM\x36\0\0\0", "BMP"),
    (b"\0\0\0 ftypisom\0\0\2\0isomiso2avc1mp41", "video"),
    (b"\0\0\0\x14ftypqt  \0\0\2\0qt  ", "video"),
    (b"\x1aE\xdf\xa3\x9fB", "video"),
    (b"RIFF\0\0\0\0AVI LIST", "video"),
    (b"RIFF\0\0\0\0WAVEfmt ", "not a picture we can read"),
    (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "RAW"),
    (b"FUJIFILMCCD-RAW 0201", "RAW"),
    (b"\xff\x0a\xfa\x7f", "JPEG XL"),
    (b"just some words", "not a picture we can read"),
    (b"\0", "not a picture we can read"),
    (b"", "empty"),
]


@pytest.mark.parametrize(("media_type", "make"), ACCEPTED.items(), ids=ACCEPTED)
def test_every_accepted_format_is_known_by_its_first_bytes(media_type: str, make: object) -> None:
    assert callable(make)
    assert sniff(make(32, 32)[:4096]) == media_type
    assert media_type in MEDIA_TYPES


@pytest.mark.parametrize(("head", "words"), REFUSED, ids=[words[:24] for _, words in REFUSED])
def test_a_refusal_says_what_the_file_is(head: bytes, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        sniff(head)
    assert words in caught.value.reason
    assert caught.value.reason.endswith(".")


def tiff_with_tags(order: str, *tags: tuple[int, int, int]) -> bytes:
    """The head of a TIFF with these (tag, type, value) entries."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    entries = b"".join(
        struct.pack(order + "HHI", tag, kind, 1)
        + (struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value))
        for tag, kind, value in tags
    )
    return start + struct.pack(order + "IH", 8, len(tags)) + entries


@pytest.mark.parametrize("order", "<>")
def test_raw_files_that_look_like_tiff_are_told_apart(order: str) -> None:
    assert sniff(tiff_with_tags(order, (254, 4, 0), (256, 3, 640))) == "image/tiff"
    for raw in ([(254, 4, 1), (330, 4, 500)], [(254, 3, 1), (330, 4, 500)], [(254, 4, 0), (50706, 1, 1)]):
        with pytest.raises(Invalid, match="camera RAW file"):
            sniff(tiff_with_tags(order, *raw))


def test_a_neutral_brand_counts_by_its_compatible_brands() -> None:
    assert sniff(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic") == "image/heic"
    assert sniff(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif") == "image/avif"


@given(
    st.one_of(
        st.binary(max_size=64),
        st.builds(lambda a, b: a + b, st.sampled_from(REFUSED).map(lambda r: r[0]), st.binary(max_size=40)),
    )
)
def test_any_bytes_are_a_known_type_or_refused(head: bytes) -> None:
    try:
        assert sniff(head) in MEDIA_TYPES
    except Invalid as refusal:
        assert refusal.reason.endswith(".")
