"""One pass over one file: facts, renditions, placeholder, hash, colours. Runs inside a guarded child."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from photos.imaging import impressions, renditions
from photos.imaging.facts import read_facts
from photos.imaging.limits import Limits
from photos.imaging.opening import opened, plain_reasons
from photos.models import Developed
from photos.perceptual import pdq

TURNED_BY_PILLOW = "image/tiff"
"""Pillow turns TIFF upright while loading, and no other format."""

LATE_METADATA = "image/png"
"""PNG may have its metadata behind the pixels. Pillow then decodes while it looks for them; a failure there
would be taken for odd metadata."""


@plain_reasons()
def develop(file: BinaryIO, media_type: str, limits: Limits, *, turn: int = 0) -> Developed:
    """Everything we keep of an accepted picture. Raises Invalid with a plain reason.

    `turn` is a person's wish, clockwise degrees on top of what the file says. It changes what is shown; the
    perceptual hashes stay those of the file, so that a turned photo still matches its twins.
    """
    with opened(file, media_type, limits) as (picture, frames):
        if media_type == LATE_METADATA:
            picture.load()
        facts = read_facts(picture)
        profile = picture.info.get("icc_profile") or b""
        stored = picture.size
        source = renditions.load_small(picture)
        orientation = facts.orientation
        if media_type == TURNED_BY_PILLOW:
            stored, orientation = source.size, 1
        views = renditions.make_views(source, stored, orientation, profile)
    shown = renditions.turned(views, turn)
    small = impressions.small_copy(shown.medium)
    width, height = renditions.upright_size(stored, orientation, turn)
    return Developed(
        media_type=media_type,
        width=width,
        height=height,
        frames=frames,
        facts=facts,
        renditions=(
            renditions.encode("large", shown.large),
            renditions.encode("medium", shown.medium),
            renditions.encode("square", shown.square),
        ),
        thumbhash=impressions.thumbhash(small),
        hashes=pdq.hash_variants(np.asarray(views.medium.convert("L"))),
        colours=impressions.dominant_colours(small),
        light=impressions.light(small),
    )
