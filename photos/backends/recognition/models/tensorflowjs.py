"""A TensorFlow.js graph model (model.json and its shards) as ONNX, for one detector.

Only the operations of SSDLite MobileNetV2 between its resized input and its raw boxes and scores are
known; another one is refused by name. Pictures stay in the order height, width, channel, as in
TensorFlow; onnxruntime removes the transpositions around each convolution when it loads the model.
The batch is always one, so the shape arithmetic of the original folds into constants.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from photos.backends.recognition.models import BuildProblem
from photos.backends.recognition.models.graph import Array, GraphWriter

INPUT = "Preprocessor/sub"
INPUT_SIDE = 300
ANCHORS = 1917
CLASSES = 90
SCORES = "Postprocessor/Slice"
BOXES = "Postprocessor/ExpandDims_1"

_TO_CHANNELS_FIRST = [0, 3, 1, 2]
_TO_CHANNELS_LAST = [0, 2, 3, 1]


class _Node(msgspec.Struct, frozen=True):
    """One operation of the source graph; `inputs` are tensor names without `:0`."""

    name: str
    operation: str
    inputs: list[str]
    attributes: dict[str, Any]

    def integer(self, name: str) -> int:
        return int(self.attributes[name].get("i", 0))

    def integers(self, name: str) -> list[int]:
        return [int(value) for value in self.attributes[name]["list"].get("i") or []]

    def word(self, name: str) -> str:
        return bytes(self.attributes[name]["s"]).decode()


def convert_detector(model_json: Path, target: Path) -> None:
    """Write the detector as ONNX.

    Input `Preprocessor/sub`: (1, 300, 300, 3), RGB in -1..1. Outputs: `Postprocessor/Slice`, scores of
    (1, 1917, 90), column `id - 1` for a COCO id, and `Postprocessor/ExpandDims_1`, boxes of
    (1, 1917, 1, 4) as top, left, bottom, right in fractions. Raises BuildProblem for a graph that
    holds anything unknown.
    """
    source = json.loads(model_json.read_text(encoding="utf-8"))
    nodes = {node["name"]: _read_node(node) for node in source["modelTopology"]["node"]}
    translation = _Translation(_read_weights(source["weightsManifest"], model_json.parent))
    for node in _in_order(nodes, [SCORES, BOXES]):
        translation.add(node)
    translation.writer.save(
        target,
        inputs={INPUT: (1, INPUT_SIDE, INPUT_SIDE, 3)},
        outputs={SCORES: (1, ANCHORS, CLASSES), BOXES: (1, ANCHORS, 1, 4)},
    )


def _read_node(node: dict[str, Any]) -> _Node:
    inputs = [name.removesuffix(":0") for name in node.get("input", []) if not name.startswith("^")]
    return _Node(node["name"], node["op"], inputs, node.get("attr", {}))


def _read_weights(manifest: list[dict[str, Any]], folder: Path) -> dict[str, Array]:
    weights: dict[str, Array] = {}
    for group in manifest:
        body = b"".join((folder / name).read_bytes() for name in group["paths"])
        offset = 0
        for weight in group["weights"]:
            if "quantization" in weight or weight["dtype"] not in ("float32", "int32"):
                raise BuildProblem(f"the detector's weight {weight['name']} has an unknown form")
            count = prod(weight["shape"])
            values = np.frombuffer(body, np.dtype(weight["dtype"]), count, offset)
            weights[weight["name"]] = values.reshape(weight["shape"])
            offset += values.nbytes
    return weights


def _in_order(nodes: dict[str, _Node], wanted: list[str]) -> list[_Node]:
    """The nodes that the wanted ones need, each after its inputs."""
    ordered: dict[str, _Node] = {}
    waiting = list(reversed(wanted))
    while waiting:
        name = waiting[-1]
        needs = [
            needed
            for needed in (tensor.partition(":")[0] for tensor in nodes[name].inputs)
            if needed not in ordered and needed != INPUT
        ]
        if needs and name not in ordered:
            waiting.extend(needs)
            continue
        waiting.pop()
        ordered.setdefault(name, nodes[name])
    return list(ordered.values())


class _Translation:
    """Adds one operation after the other to a graph. `known` holds what is constant so far."""

    def __init__(self, known: dict[str, Array]) -> None:
        self.writer = GraphWriter()
        self.known = known

    def add(self, node: _Node) -> None:
        translate = _OPERATIONS.get(node.operation)
        if translate is None:
            raise BuildProblem(f"the detector holds an unknown operation: {node.operation}")
        translate(self, node)

    def const(self, node: _Node) -> None:
        self.writer.constant(self.known[node.name], node.name)

    def same_in_onnx(self, node: _Node) -> None:
        self.writer.node(_SAME_IN_ONNX[node.operation], node.inputs, node.name)

    def relu6(self, node: _Node) -> None:
        limits = [self.writer.floats(0), self.writer.floats(6)]
        self.writer.node("Clip", [node.inputs[0], *limits], node.name)

    def convolution(self, node: _Node) -> None:
        source, kernel_name = node.inputs
        kernel, groups = self.known[kernel_name], 1
        if node.operation == "DepthwiseConv2dNative":
            height, width, groups, multiplier = kernel.shape
            kernel = kernel.transpose(2, 3, 0, 1).reshape(groups * multiplier, 1, height, width)
        else:
            kernel = kernel.transpose(3, 2, 0, 1)
        if node.word("data_format") != "NHWC" or node.word("padding") != "SAME":
            raise BuildProblem(f"the detector's convolution {node.name} has an unknown form")
        turned = self.writer.node("Transpose", [source], perm=_TO_CHANNELS_FIRST)
        result = self.writer.node(
            "Conv",
            [turned, self.writer.constant(kernel)],
            group=groups,
            kernel_shape=list(kernel.shape[2:]),
            strides=node.integers("strides")[1:3],
            dilations=node.integers("dilations")[1:3],
            auto_pad="SAME_UPPER",
        )
        self.writer.node("Transpose", [result], node.name, perm=_TO_CHANNELS_LAST)

    def batch_norm(self, node: _Node) -> None:
        gamma, beta, mean, variance = (self.known[name] for name in node.inputs[1:5])
        epsilon = np.float32(node.attributes["epsilon"]["f"])
        scale = (gamma / np.sqrt(variance + epsilon)).astype(np.float32)
        shift = (beta - mean * scale).astype(np.float32)
        scaled = self.writer.node("Mul", [node.inputs[0], self.writer.constant(scale)])
        self.writer.node("Add", [scaled, self.writer.constant(shift)], node.name)

    def shape(self, node: _Node) -> None:
        # Only its first element is ever read, and that is the batch.
        self.known[node.name] = np.array([1], np.int32)

    def strided_slice(self, node: _Node) -> None:
        source, begin = (self.known[name] for name in node.inputs[:2])
        if begin.tolist() != [0] or not node.integer("shrink_axis_mask"):
            raise BuildProblem(f"the detector reads an unknown part of a shape: {node.name}")
        self.known[node.name] = source[0]

    def pack(self, node: _Node) -> None:
        axis = node.integer("axis")
        if all(name in self.known for name in node.inputs):
            self.known[node.name] = np.stack([self.known[name] for name in node.inputs], axis)
            return
        axes = self.writer.integers([axis])
        parts = [self.writer.node("Unsqueeze", [name, axes]) for name in node.inputs]
        self.writer.node("Concat", parts, node.name, axis=axis)

    def unpack(self, node: _Node) -> None:
        axis, count = node.integer("axis"), node.integer("num")
        parts = [f"{node.name}/part{index}" for index in range(count)]
        self.writer.split(node.inputs[0], parts, axis=axis)
        axes = self.writer.integers([axis])
        for index, part in enumerate(parts):
            self.writer.node("Squeeze", [part, axes], f"{node.name}:{index}" if index else node.name)

    def reshape(self, node: _Node) -> None:
        self.writer.node("Reshape", [node.inputs[0], self._as_integers(node.inputs[1])], node.name)

    def tile(self, node: _Node) -> None:
        self.writer.node("Tile", [node.inputs[0], self._as_integers(node.inputs[1])], node.name)

    def expand(self, node: _Node) -> None:
        self.writer.node("Unsqueeze", [node.inputs[0], self._as_integers(node.inputs[1])], node.name)

    def squeeze(self, node: _Node) -> None:
        axes = self.writer.integers(node.integers("squeeze_dims"))
        self.writer.node("Squeeze", [node.inputs[0], axes], node.name)

    def transpose(self, node: _Node) -> None:
        order = self.known[node.inputs[1]].tolist()
        self.writer.node("Transpose", [node.inputs[0]], node.name, perm=order)

    def concat(self, node: _Node) -> None:
        *parts, axis = node.inputs
        self.writer.node("Concat", parts, node.name, axis=int(self.known[axis].item()))

    def slice(self, node: _Node) -> None:
        begin, size = (self.known[name].astype(np.int64) for name in node.inputs[1:3])
        end = np.where(size < 0, np.iinfo(np.int64).max, begin + size)
        limits = [self.writer.integers(begin.tolist()), self.writer.integers(end.tolist())]
        self.writer.node("Slice", [node.inputs[0], *limits], node.name)

    def _as_integers(self, name: str) -> str:
        return self.writer.integers(self.known[name].reshape(-1).tolist())


_SAME_IN_ONNX = {
    "Add": "Add",
    "AddN": "Sum",
    "BiasAdd": "Add",
    "Exp": "Exp",
    "Mul": "Mul",
    "Sigmoid": "Sigmoid",
    "Sub": "Sub",
}

_OPERATIONS: dict[str, Callable[[_Translation, _Node], None]] = {
    **dict.fromkeys(_SAME_IN_ONNX, _Translation.same_in_onnx),
    "ConcatV2": _Translation.concat,
    "Const": _Translation.const,
    "Conv2D": _Translation.convolution,
    "DepthwiseConv2dNative": _Translation.convolution,
    "ExpandDims": _Translation.expand,
    "FusedBatchNorm": _Translation.batch_norm,
    "Pack": _Translation.pack,
    "Relu6": _Translation.relu6,
    "Reshape": _Translation.reshape,
    "Shape": _Translation.shape,
    "Slice": _Translation.slice,
    "Squeeze": _Translation.squeeze,
    "StridedSlice": _Translation.strided_slice,
    "Tile": _Translation.tile,
    "Transpose": _Translation.transpose,
    "Unpack": _Translation.unpack,
}
