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
def develop(file: BinaryIO, media_type: str, limits: Limits) -> Developed:
    """Everything we keep of an accepted picture. Raises Invalid with a plain reason."""
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
    small = impressions.small_copy(views.medium)
    width, height = renditions.upright_size(stored, orientation)
    return Developed(
        media_type=media_type,
        width=width,
        height=height,
        frames=frames,
        facts=facts,
        renditions=(
            renditions.encode("large", views.large),
            renditions.encode("medium", views.medium),
            renditions.encode("square", views.square),
        ),
        thumbhash=impressions.thumbhash(small),
        hashes=(pdq.hash_picture(np.asarray(views.medium.convert("L"))),),
        colours=impressions.dominant_colours(small),
        light=impressions.light(small),
    )
