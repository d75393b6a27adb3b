"""Writing an ONNX graph node by node."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]
Shape = tuple[int | str, ...]

# Opset 18 and IR 9 are read by every onnxruntime from 1.14 on.
OPSET = 18
IR_VERSION = 9


class GraphWriter:
    """Collects nodes and constants and saves them as one model.

    Tensors are named by text, as in ONNX itself. A constant that no node reads is left out.
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, Array] = {}

    def constant(self, value: Array, name: str = "") -> str:
        """Add a constant and return its name."""
        name = name or f"constant_{len(self._constants)}"
        self._constants[name] = value
        return name

    def floats(self, value: float) -> str:
        """Add a float32 scalar."""
        return self.constant(np.asarray(value, np.float32))

    def integers(self, values: Iterable[int]) -> str:
        """Add a vector of int64, as shapes and axes are given in ONNX."""
        return self.constant(np.array(list(values), np.int64))

    def node(
        self, operator: str, inputs: list[str], output: str = "", **attributes: int | str | list[int]
    ) -> str:
        """Add a node with one output and return the output's name."""
        output = output or f"{operator}_{len(self._nodes)}"
        node = helper.make_node(operator, inputs, [output])
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self._nodes.append(node)
        return output

    def split(self, source: str, outputs: list[str], *, axis: int) -> None:
        """Cut a tensor into equal parts along an axis."""
        self._nodes.append(helper.make_node("Split", [source], outputs, axis=axis, num_outputs=len(outputs)))

    def save(self, path: Path, *, inputs: dict[str, Shape], outputs: dict[str, Shape]) -> None:
        """Write the model, checked. Inputs and outputs are float32; an axis named by text is free."""
        read = {name for node in self._nodes for name in node.input}
        graph = helper.make_graph(
            self._nodes,
            path.stem,
            _float_tensors(inputs),
            _float_tensors(outputs),
            [
                numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape), name)
                for name, value in self._constants.items()
                if name in read
            ],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model)
        onnx.save(model, path)


def _float_tensors(shapes: dict[str, Shape]) -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for name, shape in shapes.items()
    ]
