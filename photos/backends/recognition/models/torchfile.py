"""Reading a file of `torch.save` (the layout before 1.6) without torch.

Such a file is a chain of pickles, and a pickle can run anything. The reader here is allowed four
names: an ordered dictionary, the function that puts a tensor together (ours), and the two kinds of
storage. Everything else ends the reading.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.lib.stride_tricks import as_strided

from photos.backends.recognition.models import BuildProblem
from photos.backends.recognition.models.graph import Array

_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Storage(msgspec.Struct, frozen=True):
    """A named run of numbers that stands at the end of the file."""

    key: str
    dtype: np.dtype[Any]


class _Tensor(msgspec.Struct, frozen=True):
    """A view into a storage: offset and strides count elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, Array]:
    """Read a state dictionary. Raises BuildProblem if the file is of another kind or damaged."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (pickle.UnpicklingError, struct.error, EOFError, ValueError, KeyError) as error:
        raise BuildProblem(f"{path.name} is not the file of weights it should be: {error}") from error


def _read(file: BinaryIO) -> dict[str, Array]:
    if _Unpickler(file).load() != _MAGIC:
        raise pickle.UnpicklingError("the file does not begin like one of torch.save")
    _Unpickler(file).load()  # the layout's version
    _Unpickler(file).load()  # the writing machine
    tensors: dict[str, _Tensor] = _Unpickler(file).load()
    keys: list[str] = _Unpickler(file).load()
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    storages = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    return {name: _view(storages[tensor.storage.key], tensor) for name, tensor in tensors.items()}


def _view(storage: Array, tensor: _Tensor) -> Array:
    last = tensor.offset + sum(
        (length - 1) * stride for length, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    if not 0 <= tensor.offset <= last < storage.size:
        raise ValueError("a tensor reaches beyond its storage")
    strides = [stride * storage.itemsize for stride in tensor.strides]
    return as_strided(storage[tensor.offset :], tensor.shape, strides, writeable=False).copy()


class _Unpickler(pickle.Unpickler):
    """Constructs nothing but what stands in this file."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _location, _count, *_ = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError(f"it refers to {kind}")
        return _Storage(key, dtype)


def _tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)
