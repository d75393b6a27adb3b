"""The built recogniser, and pictures to show to it."""

from __future__ import annotations

import io
import os
from functools import cache
from pathlib import Path

from PIL import Image

from photos.backends.recognition.models import DEFAULT_FOLDER
from photos.backends.recognition.onnx import OnnxRecognition
from tests.needs import require
from tests.pictures import packaged_photos


def models_folder() -> Path:
    """Where the models are; skips the test if they are not built."""
    folder = Path(os.environ.get("BIGIMAGE_MODELS") or DEFAULT_FOLDER).expanduser()
    missing = OnnxRecognition(folder).missing()
    require(not missing, f"the local recogniser is not installed: {missing}")
    return folder


@cache
def photo(name: str) -> Image.Image:
    """A real photograph out of scikit-image, by its name there without the ending."""
    folder = next((path.parent for path in packaged_photos()), Path())
    found = [path for path in folder.glob(f"{name}.*") if path.suffix in {".png", ".jpg"}]
    require(bool(found), f"the photograph {name} of scikit-image is not installed (requirements-dev.txt)")
    with Image.open(found[0]) as image:
        return image.convert("RGB")


def as_jpeg(image: Image.Image) -> bytes:
    """The form in which pictures reach a recogniser."""
    body = io.BytesIO()
    image.save(body, "JPEG", quality=90)
    return body.getvalue()


def pasted(image: Image.Image, size: tuple[int, int], *places: tuple[int, int]) -> Image.Image:
    """A plain canvas with the image at each of the places (left and top, pixels)."""
    canvas = Image.new("RGB", size, (118, 126, 120))
    for place in places:
        canvas.paste(image, place)
    return canvas
