"""What the two models can name.

The detector knows the 80 things of COCO, the classifier 1000 classes of ImageNet. Many of those are
kinds of one thing that people search for ("dog" is 118 breeds), so they are gathered under that word.
A group holds only classes for which the word is true: a geyser is no waterfall, a frog no reptile.
"""

from __future__ import annotations

from collections.abc import Sequence

_COCO_IDS_WITHOUT_NAME = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
COCO_IDS = tuple(number for number in range(1, 91) if number not in _COCO_IDS_WITHOUT_NAME)
"""The detector's column of a thing is its id less one."""

COCO_NAMES = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"),
    *("traffic light", "fire hydrant", "stop sign", "parking meter", "bench"),
    *("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"),
    *("backpack", "umbrella", "handbag", "tie", "suitcase"),
    *("frisbee", "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove"),
    *("skateboard", "surfboard", "tennis racket"),
    *("bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl"),
    *("banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake"),
    *("chair", "couch", "potted plant", "bed", "dining table", "toilet"),
    *("tv", "laptop", "mouse", "remote", "keyboard", "cell phone"),
    *("microwave", "oven", "toaster", "sink", "refrigerator"),
    *("book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush"),
)

GROUPS: dict[str, tuple[str | tuple[str, str], ...]] = {
    "airplane": ("airliner", "warplane"),
    "amphibian": (("European fire salamander", "tailed frog"),),
    "beach": ("sandbar", "seashore"),
    "bear": (("brown bear", "sloth bear"),),
    "bicycle": ("bicycle-built-for-two", "mountain bike"),
    "bird": (("cock", "great grey owl"), ("black grouse", "black swan"), ("white stork", "albatross")),
    "boat": (
        *("canoe", "catamaran", "fireboat", "gondola", "lifeboat", "liner", "pirate", "schooner"),
        *("speedboat", "trimaran", "yawl"),
    ),
    "building": (
        *("bell cote", "castle", "church", "dome", "greenhouse", "monastery", "mosque", "palace", "stupa"),
    ),
    "car": (
        *("ambulance", "beach wagon", "cab", "convertible", "jeep", "limousine", "minivan", "Model T"),
        *("pickup", "racer", "sports car"),
    ),
    "cat": (("tabby", "Egyptian cat"),),
    "cliff": ("cliff",),
    "cow": (("ox", "bison"),),
    "dog": (("Chihuahua", "Mexican hairless"),),
    "elephant": (("Indian elephant", "African elephant"),),
    "fish": (("tench", "stingray"), ("barracouta", "puffer")),
    "flower": (("daisy", "yellow lady's slipper"),),
    "food": (("guacamole", "eggnog"),),
    "fountain": ("fountain",),
    "geyser": ("geyser",),
    "insect": (("tiger beetle", "lycaenid"),),
    "lake": ("lakeside",),
    "monkey": (("orangutan", "indri"),),
    "motorcycle": ("moped", "motor scooter"),
    "mountain": ("alp", ("valley", "volcano")),
    "reptile": (("loggerhead", "sidewinder"),),
    "rocket": ("missile", "projectile", "space shuttle"),
    "sheep": (("ram", "ibex"),),
    "shop": (
        *("bakery", "barbershop", "bookshop", "butcher shop", "confectionery", "grocery store"),
        *("shoe shop", "tobacco shop", "toyshop"),
    ),
    "train": (
        *("bullet train", "electric locomotive", "freight car", "passenger car", "steam locomotive"),
        *("streetcar",),
    ),
    "zebra": ("zebra",),
}
"""Classes of the classifier by name; a pair is a run in the classifier's own order, both ends in it."""


def group_columns(class_names: Sequence[str]) -> dict[str, list[int]]:
    """Resolve the groups into columns of the classifier; raises KeyError for an unknown class."""
    number = {name: index for index, name in enumerate(class_names)}
    columns: dict[str, list[int]] = {}
    for group, members in GROUPS.items():
        columns[group] = []
        for member in members:
            first, last = (member, member) if isinstance(member, str) else member
            columns[group].extend(range(number[first], number[last] + 1))
    return columns
