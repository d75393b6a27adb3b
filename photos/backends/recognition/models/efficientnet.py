"""EfficientNet-Lite from its PyTorch weights as ONNX, without torch.

The architecture is that of "EfficientNet: Rethinking Model Scaling" (Tan and Le, 2019) in its Lite
form: no squeeze-and-excitation, ReLU6, stem and head not scaled. Each batch normalisation is folded into
the convolution before it, with the epsilon of the original, 0.001.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from photos.backends.recognition.models.graph import Array, GraphWriter
from photos.backends.recognition.models.torchfile import read_tensors

INPUT = "image"
INPUT_SIDE = 260
PROBABILITIES = "probabilities"
FEATURES = "features"

_EPSILON = np.float32(1e-3)
_STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Of the first block of each of the seven stages; every other block has 1."""


def convert_classifier(weights: Path, target: Path) -> None:
    """Write the classifier as ONNX.

    Input `image`: (N, 260, 260, 3), RGB 0..255. Outputs: `probabilities` of (N, 1000) and `features`,
    the 1280 numbers before the last layer. Raises BuildProblem for a file that is something else.
    """
    _Network(read_tensors(weights)).save(target)


class _Network:
    def __init__(self, weights: dict[str, Array]) -> None:
        self._weights = weights
        self._writer = GraphWriter()
        self._relu6 = [self._writer.floats(0), self._writer.floats(6)]

    def save(self, target: Path) -> None:
        writer = self._writer
        tensor = self._blocks(self._convolution(self._normalised_input(), "_conv_stem", "_bn0", stride=2))
        head = self._convolution(tensor, "_conv_head", "_bn1")
        writer.node("Flatten", [writer.node("GlobalAveragePool", [head])], FEATURES)
        matrix, bias = (writer.constant(self._weights[f"_fc.{part}"]) for part in ("weight", "bias"))
        logits = writer.node("Gemm", [FEATURES, matrix, bias], transB=1)
        writer.node("Softmax", [logits], PROBABILITIES, axis=1)
        classes, features = self._weights["_fc.weight"].shape
        writer.save(
            target,
            inputs={INPUT: ("N", INPUT_SIDE, INPUT_SIDE, 3)},
            outputs={PROBABILITIES: ("N", classes), FEATURES: ("N", features)},
        )

    def _normalised_input(self) -> str:
        writer = self._writer
        centred = writer.node("Sub", [INPUT, writer.floats(127)])
        scaled = writer.node("Mul", [centred, writer.floats(1 / 128)])
        return writer.node("Transpose", [scaled], perm=[0, 3, 1, 2])

    def _blocks(self, tensor: str) -> str:
        """The inverted residuals. A new stage begins where the number of channels changes."""
        channels, stage = self._weights["_conv_stem.weight"].shape[0], -1
        previous = 0
        for prefix in self._block_prefixes():
            wanted = self._weights[f"{prefix}_project_conv.weight"].shape[0]
            stride = 1
            if wanted != previous:
                stage += 1
                stride = _STAGE_STRIDES[stage]
            result = self._block(tensor, prefix, stride)
            if stride == 1 and wanted == channels:
                result = self._writer.node("Add", [tensor, result])
            tensor, channels, previous = result, wanted, wanted
        return tensor

    def _block_prefixes(self) -> list[str]:
        count = sum(name.endswith("._project_conv.weight") for name in self._weights)
        return [f"_blocks.{index}." for index in range(count)]

    def _block(self, tensor: str, prefix: str, stride: int) -> str:
        if f"{prefix}_expand_conv.weight" in self._weights:
            tensor = self._convolution(tensor, f"{prefix}_expand_conv", f"{prefix}_bn0")
        tensor = self._convolution(tensor, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride=stride)
        return self._convolution(tensor, f"{prefix}_project_conv", f"{prefix}_bn2", active=False)

    def _convolution(self, tensor: str, name: str, norm: str, *, stride: int = 1, active: bool = True) -> str:
        kernel = self._weights[f"{name}.weight"]
        scale = self._weights[f"{norm}.weight"] / np.sqrt(self._weights[f"{norm}.running_var"] + _EPSILON)
        bias = self._weights[f"{norm}.bias"] - self._weights[f"{norm}.running_mean"] * scale
        result = self._writer.node(
            "Conv",
            [
                tensor,
                self._writer.constant((kernel * scale[:, None, None, None]).astype(np.float32)),
                self._writer.constant(bias.astype(np.float32)),
            ],
            group=kernel.shape[0] if name.endswith("_depthwise_conv") else 1,
            kernel_shape=list(kernel.shape[2:]),
            strides=[stride, stride],
            auto_pad="SAME_UPPER",
        )
        return self._writer.node("Clip", [result, *self._relu6]) if active else result
