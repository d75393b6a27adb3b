"""Uploads: offer files by hash, send parts to signed URLs, complete."""

from __future__ import annotations

from photos.services import uploads
from photos.web import deps
from photos.web.api import upload_shapes as shapes
from photos.web.api.operations import operation
from photos.web.api.photo_shapes import PhotoShape, photo_shape


@operation("POST", "/uploads", body=shapes.OfferRequest, answer=shapes.OfferList)
def offer_files(body: shapes.OfferRequest) -> shapes.OfferList:
    """Offer files; the answer says for each whether it is known, refused, or where to send its parts."""
    here = deps.backends()
    offers = uploads.offer(
        [shapes.offered_file(file) for file in body.files],
        owner=deps.user(),
        settings=here.settings,
        database=here.database,
        storage=here.storage,
    )
    return shapes.OfferList([shapes.offer_shape(offer) for offer in offers])


@operation("GET", "/uploads/<upload_id>", answer=shapes.UploadShape)
def get_upload(upload_id: str) -> shapes.UploadShape:
    """Show an upload, with fresh URLs for the parts that are still missing."""
    here = deps.backends()
    upload, parts = uploads.status(upload_id, owner=deps.user(), database=here.database, storage=here.storage)
    return shapes.upload_shape(upload, parts)


@operation("POST", "/uploads/<upload_id>/complete", answer=PhotoShape)
def complete_upload(upload_id: str) -> PhotoShape:
    """Make a photo of an upload whose parts have all arrived; repeat it as often as you like."""
    here = deps.backends()
    photo = uploads.complete(
        upload_id,
        owner=deps.user(),
        database=here.database,
        storage=here.storage,
        jobs=here.jobs,
    )
    return photo_shape(photo, here.storage)


@operation("DELETE", "/uploads/<upload_id>")
def abandon_upload(upload_id: str) -> None:
    """Forget an unfinished upload and its bytes."""
    here = deps.backends()
    uploads.abandon(upload_id, owner=deps.user(), database=here.database, storage=here.storage)
