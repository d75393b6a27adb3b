"""A photo over the wire: as it is shown, how far it is, and what may be changed in it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from photos.backends.storage import Storage
from photos.models import Box, Camera, Label, Photo, Place, Position, Rendition, TakenSource
from photos.web.api.correction_shapes import PlaceChange, TakenChange
from photos.web.api.shapes import Cursor, Limit, Query, ShelfName


class BoxShape(Struct):
    """Fractions of the upright picture."""

    left: float
    top: float
    width: float
    height: float


class LabelShape(Struct):
    """A thing seen, with confidence 0-100 and a person's verdict, if any."""

    name: str
    confidence: float
    boxes: list[BoxShape]
    provider: str
    verdict: Literal["kept", "rejected"] | None


class TextShape(Struct):
    """A line read in the picture."""

    text: str
    confidence: float
    box: BoxShape


class PlaceShape(Struct):
    """The nearest named place."""

    name: str
    region: str
    country: str
    country_code: str


class PositionShape(Struct):
    """WGS 84 degrees and metres."""

    latitude: float
    longitude: float
    altitude_m: float | None


class CameraShape(Struct):
    """What the file says about how the photo was taken."""

    make: str
    model: str
    lens: str
    f_number: float | None
    exposure_seconds: float | None
    iso: int | None
    focal_length_mm: float | None


class RenditionShape(Struct):
    """A derived picture behind a signed URL that lives for a while."""

    url: str
    width: int
    height: int
    media_type: str


class ColourShape(Struct):
    """A dominant colour and its share of the picture, 0-1."""

    colour: str
    share: float


class PhotoShape(Struct):
    """A photo. `taken_at` is the wall clock where it was taken, with its offset if the file knows it."""

    id: str
    sha256: str
    name: str
    size: int
    media_type: str
    state: Literal["new", "processing", "ready", "refused"]
    shelf: ShelfName
    reason: str
    taken_at: str
    taken_source: Literal["file", "upload", "person"]
    width: int
    height: int
    description: str
    is_favourite: bool
    rating: int | None
    tags: list[str]
    labels: list[LabelShape]
    recogniser: str
    text: list[TextShape]
    place: PlaceShape | None
    position: PositionShape | None
    camera: CameraShape
    colours: list[ColourShape]
    light: str
    turn: Literal[0, 90, 180, 270]
    thumbhash: str
    renditions: dict[str, RenditionShape]
    original_url: str
    created_at: str
    updated_at: str
    trashed_at: str | None


class PhotoPage(Struct):
    """One page of photos."""

    items: list[PhotoShape]
    next: str | None


class PhotoListQuery(Struct):
    """Which photos to list."""

    shelf: ShelfName = "timeline"
    limit: Limit = 60
    cursor: Cursor | None = None
    q: Query = ""


class StateShape(Struct):
    """How far one photo is."""

    id: str
    state: Literal["new", "processing", "ready", "refused"]
    reason: str
    is_labelled: bool


class StateList(Struct):
    """States of the photos asked for, all at once; unknown ones are left out."""

    items: list[StateShape]
    next: None = None


class StatesQuery(Struct):
    """Up to 200 photo ids, separated by commas."""

    ids: Annotated[str, Meta(max_length=200 * 23)]


class PhotoChange(Struct, forbid_unknown_fields=True):
    """What to change; absent fields stay."""

    description: Annotated[str, Meta(max_length=5000)] | UnsetType = UNSET
    is_favourite: bool | UnsetType = UNSET
    rating: Annotated[int, Meta(ge=1, le=5)] | UnsetType | None = UNSET
    tags: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=100)] | UnsetType = UNSET
    taken: TakenChange | UnsetType = UNSET
    place: PlaceChange | UnsetType = UNSET


class TurnChange(Struct, forbid_unknown_fields=True):
    """Clockwise, on top of what the file says; 0 shows the photo as its file says."""

    degrees: Literal[0, 90, 180, 270]


class VerdictChange(Struct, forbid_unknown_fields=True):
    """Keep or reject a label."""

    verdict: Literal["kept", "rejected"]


def photo_shape(photo: Photo, storage: Storage) -> PhotoShape:
    """A photo as the API shows it, with fresh signed URLs."""
    return PhotoShape(
        id=photo.id,
        sha256=photo.sha256,
        name=photo.name,
        size=photo.size_bytes,
        media_type=photo.media_type,
        state=photo.state.value,
        shelf=photo.shelf.value,
        reason=photo.reason,
        taken_at=taken_at(photo),
        taken_source=photo.taken_source.value,
        width=photo.width,
        height=photo.height,
        description=photo.description,
        is_favourite=photo.is_favourite,
        rating=photo.rating,
        tags=list(photo.tags),
        labels=[_label(label) for label in photo.labels],
        recogniser=photo.recogniser,
        text=[TextShape(line.text, round(line.confidence, 1), _box(line.box)) for line in photo.text],
        place=_place(photo.place) if photo.place else None,
        position=_position(photo.position) if photo.position else None,
        camera=_camera(photo.camera),
        colours=[ColourShape(colour, share) for colour, share in photo.colours],
        light=photo.light,
        turn=photo.turn % 360,  # type: ignore[arg-type]
        thumbhash=photo.thumbhash,
        renditions={each.kind: _rendition(each, storage) for each in photo.renditions},
        original_url=storage.url(photo.storage_key, media_type=photo.media_type, download_name=photo.name),
        created_at=photo.created_at.isoformat(),
        updated_at=photo.updated_at.isoformat(),
        trashed_at=photo.trashed_at.isoformat() if photo.trashed_at else None,
    )


def taken_at(photo: Photo) -> str:
    """ISO 8601 wall clock; with an offset if it is known, and in UTC if it is the time of upload."""
    text = photo.taken_local.isoformat()
    if photo.taken_source is TakenSource.UPLOAD:
        return f"{text}+00:00"
    if photo.offset_minutes is None:
        return text
    sign = "-" if photo.offset_minutes < 0 else "+"
    hours, minutes = divmod(abs(photo.offset_minutes), 60)
    return f"{text}{sign}{hours:02}:{minutes:02}"


def _label(label: Label) -> LabelShape:
    return LabelShape(
        label.name,
        round(label.confidence, 1),
        [_box(box) for box in label.boxes],
        label.provider,
        label.verdict.value if label.verdict else None,
    )


def _place(place: Place) -> PlaceShape:
    return PlaceShape(place.name, place.region, place.country, place.country_code)


def _position(position: Position) -> PositionShape:
    return PositionShape(position.latitude, position.longitude, position.altitude_m)


def _camera(camera: Camera) -> CameraShape:
    return CameraShape(
        camera.make,
        camera.model,
        camera.lens,
        camera.f_number,
        camera.exposure_seconds,
        camera.iso,
        camera.focal_length_mm,
    )


def _rendition(rendition: Rendition, storage: Storage) -> RenditionShape:
    url = storage.url(rendition.key, media_type=rendition.media_type)
    return RenditionShape(url, rendition.width, rendition.height, rendition.media_type)


def _box(box: Box) -> BoxShape:
    return BoxShape(round(box.left, 5), round(box.top, 5), round(box.width, 5), round(box.height, 5))
