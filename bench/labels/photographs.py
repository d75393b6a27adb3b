"""Photographs that come inside packages, and what a person sees in them.

`there` is what has to be found, `also` what may be named besides; every other label is wrong. They were
written down from the pictures, by the words that the recogniser knows (`concepts.py`, ImageNet's classes).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageOps

from photos.models import Box

PORTRAIT = ("tie", "Windsor tie", "suit")
OFFICER = ("tie", "military uniform", "pickelhaube", "Windsor tie")
BLOSSOM = ("potted plant", "vase")
DRINK = ("food", "espresso", "coffee mug", "spoon", "dining table", "bowl", "eggnog", "cappuccino")
TEMPLE = ("palace", "stupa", "monastery", "lake")
LAUNCH = ("missile", "projectile", "space shuttle")


@dataclass(frozen=True)
class Photograph:
    """One file of a package, by its path there. `box` is where its main thing is, where that is marked."""

    package: str
    path: str
    there: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    box: Box | None = None

    def find(self) -> Path | None:
        """The file, if its package is installed (for the corpus: if the environment names it)."""
        if self.package == "corpus":
            root = os.environ.get("BIGIMAGE_CORPUS", "")
            folder = Path(root) / "images" if root else None
        else:
            spec = find_spec(self.package)
            folder = Path(spec.origin).parent if spec and spec.origin else None
        path = folder / self.path if folder else None
        return path if path and path.is_file() else None

    def open(self) -> Image.Image:
        """The picture, upright. Raises FileNotFoundError if `find` finds nothing."""
        path = self.find()
        if path is None:
            raise FileNotFoundError(self.path)
        with Image.open(path) as picture:
            return ImageOps.exif_transpose(picture).convert("RGB")


def _skimage(name: str, *there: str, also: tuple[str, ...] = (), box: Box | None = None) -> Photograph:
    return Photograph("skimage", f"data/{name}", there, also, box)


def _corpus(path: str, *there: str, also: tuple[str, ...] = (), box: Box | None = None) -> Photograph:
    return Photograph("corpus", path, there, also, box)


ASTRONAUT = _skimage("astronaut.png", "person", also=(*LAUNCH, "rocket", "crash helmet"))
CAMERAMAN = _skimage(
    "camera.png", "person", also=("tripod", "building", "reflex camera"), box=Box(0.0, 0.12, 0.66, 0.88)
)
CAT = _skimage("chelsea.png", "cat", also=("tabby", "Egyptian cat", "tiger cat"), box=Box(0, 0, 1, 1))
COFFEE = _skimage("coffee.png", "cup", also=DRINK, box=Box(0.29, 0.04, 0.41, 0.76))
HORSE = _skimage("horse.png", "horse", also=("sorrel",), box=Box(0.045, 0.03, 0.925, 0.92))
MOTORCYCLE = _skimage(
    "motorcycle_left.png",
    "motorcycle",
    also=("moped", "motor scooter", "disk brake", "bench", "bicycle"),
    box=Box(0.145, 0.14, 0.775, 0.77),
)
DAHLIA = Photograph("sklearn", "datasets/images/flower.jpg", ("flower",), BLOSSOM, Box(0.26, 0.2, 0.44, 0.64))
HOPPER = Photograph(
    "matplotlib", "mpl-data/sample_data/grace_hopper.jpg", ("person",), OFFICER, Box(0, 0.02, 1, 0.98)
)
WARPLANE = _corpus(
    "pillow/exif_gps_typeerror.jpg", "airplane", also=("warplane", "wing"), box=Box(0, 0.25, 0.92, 0.46)
)
DOGS = _corpus("pillow/app13-multiple.jpg", "dog", also=("dingo", "golden retriever", "Labrador retriever"))

NOTHING_KNOWN = (
    *("brick.png", "cell.png", "chessboard_GRAY.png", "clock_motion.png", "coins.png", "color.png"),
    *("grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "logo.png", "microaneurysms.png"),
    *("moon.png", "page.png", "retina.jpg", "text.png"),
)

PHOTOGRAPHS = (
    *(ASTRONAUT, CAMERAMAN, CAT, COFFEE, HORSE, MOTORCYCLE, DAHLIA, HOPPER, WARPLANE, DOGS),
    _skimage("motorcycle_right.png", "motorcycle", also=MOTORCYCLE.also),
    _skimage("rocket.jpg", "rocket", also=LAUNCH),
    *(_skimage(name) for name in NOTHING_KNOWN),
    Photograph(
        "sklearn", "datasets/images/china.jpg", ("building",), ("palace", "stupa", "monastery", "lake")
    ),
    _corpus("orientation/Portrait_1.jpg", "person", also=("geyser", "fountain", "lake", "cliff")),
    _corpus("orientation/Landscape_1.jpg", also=("cliff", "valley", "lake", "mountain", "geyser")),
    _corpus("pillow/avif/rot0mir0.avif", also=("mountain", "valley", "hay")),
    _corpus("pillow/iptc.jpg", also=("building", "street sign")),
    _corpus("pillow/tiff_strip_ycbcr_jpeg_2x2_sampling.tif", "flower", also=BLOSSOM),
    _corpus("pillow/jpeg_ff00_header.jpg", "flower", also=BLOSSOM),
    _corpus("pillow/xmp_tags_orientation.png", "flower", also=BLOSSOM),
    _corpus("pillow/exif-72dpi-int.jpg", "mountain", also=("alp", "cliff", "valley")),
    _corpus("pillow/junk_jpeg_header.jpg", also=("building", "barn", "hay")),
    _corpus("pillow/sugarshack.mpo", also=("building", "barn", "boathouse", "bench")),
    _corpus("pillow/frozenpond.mpo", also=("lake",)),
    _corpus("pillow/xmp_test.jpg"),
    _corpus("pillow/icc_profile_big.jpg", "beach", also=("seashore", "sandbar", "lake")),
    _corpus("pillow/hopper.png", "person", also=OFFICER),
    _corpus("pillow/tiff_adobe_deflate.png", also=("cliff", "web site", "monitor", "screen", "laptop", "tv")),
)
