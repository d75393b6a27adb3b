"""What is made of a photo's bytes, before it has rows: by decoding the file, by the recogniser."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from photos.models.photo import Camera, Label, Position, TextLine


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What was read from a file's EXIF, XMP and IPTC blocks; text is already cleaned and cut."""

    taken_local: datetime | None = None
    offset_minutes: int | None = None
    """Offset of the wall clock from UTC; None if the file does not say."""
    camera: Camera = field(default_factory=Camera)
    position: Position | None = None
    description: str = ""
    rating: int | None = None
    """1-5; None if the file has none."""
    keywords: tuple[str, ...] = ()
    orientation: int = 1


@dataclass(frozen=True, slots=True)
class DevelopedRendition:
    """A rendition's bytes, before they have a key."""

    kind: str
    width: int
    height: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class PerceptualHash:
    """One PDQ hash: 32 bytes, with the quality (0-100) of the picture it was made from."""

    variant: str
    bits: bytes
    quality: int


@dataclass(frozen=True, slots=True)
class Developed:
    """Everything that decoding a file gives, made in one pass by the guarded child."""

    media_type: str
    width: int
    height: int
    """Both upright, after orientation."""
    frames: int
    facts: FileFacts
    renditions: tuple[DevelopedRendition, ...]
    thumbhash: bytes
    hashes: tuple[PerceptualHash, ...]
    """Upright first; then turned and mirrored, for asking with."""
    colours: tuple[tuple[str, float], ...]
    """Dominant colours as (`#rrggbb`, share 0-1), largest first."""
    light: str
    """`dark`, `bright` or empty."""

    @property
    def large(self) -> DevelopedRendition:
        """The picture that is looked at for labels and text."""
        return next(each for each in self.renditions if each.kind == "large")


@dataclass(frozen=True, slots=True)
class RecognisedLabels:
    """What one provider saw."""

    provider: str
    labels: tuple[Label, ...] = ()
    vector: bytes = b""
    """What the picture as a whole looks like, as signed bytes. The vectors of two pictures alike point the
    same way, if they are of one provider. Empty from one that has none."""


@dataclass(frozen=True, slots=True)
class RecognisedText:
    """What one provider read."""

    provider: str
    lines: tuple[TextLine, ...] = ()
