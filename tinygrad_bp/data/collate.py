"""Many samples into one batch, and one sample into tensors."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.tensor import Tensor
from ..functions.creation import as_tensor, tensor


def default_collate(batch: Sequence[Any]) -> Any:
    """One batch of a list of samples: tensors, arrays and numbers become tensors with a new first dimension.

    Tuples give a list, named tuples and dicts their own kind; texts stay as they are. Python floats give float64, as in
    PyTorch. Raises ``ShapeError`` where the samples differ in shape or length, ``DtypeError`` for other objects.

    >>> default_collate([(1, {"a": 2.0}), (3, {"a": 4.0})])
    [tensor([1, 3]), {'a': tensor([2., 4.], dtype=torch.float64)}]
    """
    if not batch:
        raise ArgumentError("default_collate: got no samples, a batch needs at least one")
    first = batch[0]
    if isinstance(first, (Tensor, np.ndarray)):
        tensors = [as_tensor(sample) for sample in batch]
        if any(item.shape != tensors[0].shape for item in tensors):
            shapes = ", ".join(sorted({shape_text(item.shape) for item in tensors}))
            raise ShapeError(f"default_collate: samples of one batch need the same shape, got {shapes}")
        return np.stack(tensors)
    if isinstance(first, np.generic) and first.dtype.kind in "biufc":
        return as_tensor(np.array(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=np.float64)
    if isinstance(first, int):
        return tensor(batch)
    return _inside(first, batch)


def default_convert(data: Any) -> Any:
    """One sample as it is, its arrays as tensors; numbers and texts stay.

    >>> default_convert((np.array([1.0]), 2))
    [tensor([1.], dtype=torch.float64), 2]
    """
    if isinstance(data, (np.ndarray, np.generic)) and np.asarray(data).dtype.kind in "biufc":
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _of_kind(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, (tuple, list)):
        parts = [default_convert(part) for part in data]
        return type(data)(*parts) if hasattr(data, "_fields") else parts
    return data


def _inside(first: Any, batch: Sequence[Any]) -> Any:
    """Texts as they are, and containers: what is inside is collated place by place."""
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _of_kind(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            lengths = sorted({len(sample) for sample in batch})
            raise ShapeError(f"default_collate: samples of one batch need the same length, got {lengths}")
        parts = [default_collate(place) for place in zip(*batch)]
        return type(first)(*parts) if hasattr(first, "_fields") else parts
    raise DtypeError(
        f"default_collate: a sample is a tensor, array, number, text, dict, list or tuple, got {type(first).__name__}; "
        "give collate_fn= for others"
    )


def _of_kind(first: Mapping[Any, Any], values: dict[Any, Any]) -> Mapping[Any, Any]:
    """The values in a mapping of the kind of ``first``, where it can be written."""
    if not isinstance(first, MutableMapping):
        return values
    twin = copy(first)
    twin.update(values)
    return twin
