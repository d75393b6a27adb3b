"""What pages say of photos, in words: when, where, how, how many."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from textwrap import shorten

from photos.models import Camera, Photo, PhotoState, PhotoSummary, Reason, Shelf, TakenSource, Verdict

TITLE_LENGTH = 80
STATE_WORDS = {
    PhotoState.NEW: "Waiting",
    PhotoState.PROCESSING: "Working",
    PhotoState.READY: "Ready",
    PhotoState.REFUSED: "Refused",
}
MEDIA_WORDS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WebP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
    "image/heic": "HEIC",
    "image/heif": "HEIF",
}


def alt_text(photo: Photo) -> str:
    """What a screen reader says for the picture: the description, else what is in it, else its name."""
    if photo.description:
        return photo.description
    seen = [label.name for label in photo.labels if label.verdict is not Verdict.REJECTED][:3]
    when = f"{photo.taken_local.day} {photo.taken_local:%B %Y}"
    return f"{', '.join(seen)}, {when}" if seen else f"{photo.name}, {when}"


def summary_words(photo: PhotoSummary) -> str:
    """What a screen reader says for a tile: what it shows, the day, the place."""
    seen = photo.description or ", ".join(photo.labels) or photo.name
    when = f"{photo.taken_local.day} {photo.taken_local:%B %Y}"
    return ", ".join(word for word in (seen, when, photo.place_name) if word)


def title(photo: Photo) -> str:
    """The first line of the description, cut to what a tab can show, else the name of the file."""
    first_line = photo.description.partition("\n")[0].strip()
    return shorten(first_line, TITLE_LENGTH, placeholder="…") if first_line else photo.name


@lru_cache(4096)
def date_words(day: date) -> str:
    """`Saturday 15 June 2024`."""
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def taken_words(photo: Photo) -> tuple[str, str]:
    """When it was taken by the clock on the wall there, and how far that is to be trusted."""
    taken = photo.taken_local
    when = f"{date_words(taken.date())}, {taken:%H:%M}"
    if photo.taken_source is TakenSource.UPLOAD:
        return when, "No date in the file: this is the time of upload."
    is_by_person = photo.taken_source is TakenSource.PERSON
    if photo.offset_minutes is None:
        if is_by_person:
            return when, "Set by you, without a time zone."
        return when, "By the camera's clock; the file does not say in which time zone."
    by = "Set by you." if is_by_person else "Read from the file."
    return when, f"Local time there, {offset_words(photo.offset_minutes)}. {by}"


def offset_words(minutes: int) -> str:
    """`UTC+1`, `UTC−3:30`, `UTC`."""
    if minutes == 0:
        return "UTC"
    sign = "+" if minutes > 0 else "−"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"


def count_words(count: int, one: str, many: str) -> str:
    """`1 photo`, `12,430 photos`."""
    return f"{count:,} {one if count == 1 else many}"


def exposure_words(camera: Camera) -> str:
    """`f/2.8 · 1/250 s · ISO 200 · 35 mm`; empty if the file says nothing."""
    parts = []
    if camera.f_number:
        parts.append(f"f/{camera.f_number:g}")
    if camera.exposure_seconds:
        seconds = camera.exposure_seconds
        parts.append(f"1/{round(1 / seconds)} s" if seconds < 0.3 else f"{seconds:g} s")
    if camera.iso:
        parts.append(f"ISO {camera.iso}")
    if camera.focal_length_mm:
        parts.append(f"{camera.focal_length_mm:g} mm")
    return " · ".join(parts)


def camera_words(camera: Camera) -> str:
    """Make and model, without the make said twice."""
    make, model = camera.make.strip(), camera.model.strip()
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()


def place_words(photo: Photo) -> str:
    """`Lisbon, Lisbon District, Portugal`, without repetitions."""
    if photo.place is None:
        return ""
    names = (photo.place.name, photo.place.region, photo.place.country)
    return ", ".join(dict.fromkeys(name for name in names if name))


def reason_words(reason: Reason) -> str:
    """`label dog 93 %`, `text "no parking"`."""
    if reason.kind == "label" and reason.confidence is not None:
        return f"label {reason.value} {round(reason.confidence)} %"
    if reason.kind == "like":
        return f"{reason.value} alike"
    if reason.kind in {"text", "description"}:
        return f"{reason.kind} “{reason.value}”"
    return reason.value if reason.kind == "filter" else f"{reason.kind} {reason.value}"


def whereabouts(photo: Photo) -> str:
    """Where a photo is, if that is not the timeline."""
    return {Shelf.TRASH: "in the trash", Shelf.ARCHIVE: "in the archive", Shelf.REFUSED: "refused"}.get(
        photo.shelf, ""
    )


def days_left(photo: Photo, *, trash_days: int) -> int:
    """Days until the trash deletes it for good, a begun one counted whole; at least 0."""
    if photo.trashed_at is None:
        return trash_days
    left = photo.trashed_at + timedelta(days=trash_days) - datetime.now(UTC)
    return max(0, -(-left // timedelta(days=1)))


def kind_words(photo: Photo) -> str:
    """`JPEG`, by the first bytes of the file and never by its name."""
    return MEDIA_WORDS.get(photo.media_type, "File")


def moment_words(instant: datetime) -> str:
    """`21 November 2026, 04:20 UTC`."""
    return f"{instant.day} {instant:%B %Y}, {instant:%H:%M} UTC"
