"""Frozen structs that cross floors. No behaviour beyond what the fields themselves say.

Instants (`*_at`) are aware UTC datetimes. `taken_local` is naive: the wall clock where the photo was
taken. Confidences are 0-100. Boxes are fractions of the upright picture, 0-1. Lengths are in pixels.

Each file has one theme; everybody imports from here.
"""

from photos.models.arrival import ObjectEvent, RefusedDrop, StoredObject, StoredPart, Upload, UploadState
from photos.models.derived import (
    Developed,
    DevelopedRendition,
    FileFacts,
    PerceptualHash,
    RecognisedLabels,
    RecognisedText,
)
from photos.models.paging import Page
from photos.models.people import ApiToken, Identity, Session, User
from photos.models.photo import (
    Box,
    Camera,
    Chunk,
    Label,
    Photo,
    PhotoMark,
    PhotoState,
    PhotoSummary,
    Place,
    Position,
    Rendition,
    Shelf,
    TakenSource,
    TextLine,
    Verdict,
)
from photos.models.search import Hit, Reason, SearchDocument
from photos.models.secrets import SecretVersion
from photos.models.work import Change, ChangeFailure, ChangeState, DeadJob, Job
