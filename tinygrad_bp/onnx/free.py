"""Which axes are free, and at which sizes a function is called to see what follows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor
from ..autograd.values import held
from ..functions.creation import from_numpy

Axes = Mapping[str, Mapping[int, str] | Sequence[int]]


def axes_of(asked: Axes, inputs: Mapping[str, Any], outputs: Sequence[str] | None) -> dict[str, dict[int, str]]:
    """By the name of an input, its free axes and what each is called. Raises ``ArgumentError``.

    >>> axes_of({"x": [0], "y": {-1: "words"}}, {"x": np.ones((2, 3)), "y": np.ones((2, 4))}, None)
    {'x': {0: 'dim_0'}, 'y': {1: 'words'}}
    """
    if not isinstance(asked, Mapping):
        raise ArgumentError(f'onnx.export: dynamic_axes is a dict such as {{"x": {{0: "batch"}}}}, got {asked!r}')
    found: dict[str, dict[int, str]] = {}
    for name, axes in asked.items():
        if name not in inputs:
            if (outputs is not None and name in outputs) or (outputs is None and str(name).startswith("output")):
                continue  # what results follow is found out
            raise ArgumentError(
                f"onnx.export: dynamic_axes names {name!r}; the inputs are {', '.join(map(repr, inputs))}"
            )
        ndim = inputs[name].ndim
        named = axes if isinstance(axes, Mapping) else {a: f"dim_{a % max(ndim, 1)}" for a in axes}
        found[name] = {}
        for axis, label in named.items():
            if not -ndim <= axis < ndim:
                raise ArgumentError(f"onnx.export: dynamic_axes: {name!r} has {ndim} dimensions, got axis {axis}")
            found[name][axis % ndim] = str(label)
    return found


def tries_of(axes: Mapping[str, Mapping[int, str]], samples: Mapping[str, Any]) -> list[dict[str, int]]:
    """The sizes of each call: a first one, one in which each free size is another, and one in which all are.

    >>> tries_of({"x": {0: "batch"}}, {"x": np.ones((1, 3))})
    [{'batch': 4}, {'batch': 3}, {'batch': 2}]
    """
    have: dict[str, int] = {}
    for name, free in axes.items():
        for axis, label in free.items():
            size = samples[name].shape[axis]
            if have.setdefault(label, size) != size:
                both = f"{label!r} is {have[label]} and {size} in the sample"
                raise ArgumentError(f"onnx.export: {both}; one name is one size")
    # Not more than the sample has, which may be all that the function takes; never 1, which broadcasts.
    first = {label: size if size >= 4 else 4 for label, size in have.items()}
    if not first:
        return [{}]
    others = [{**first, label: first[label] - 1} for label in first]
    return [first, *others, {label: size - 2 for label, size in first.items()}]


def resized(sample: Any, axes: Mapping[int, str], sizes: Mapping[str, int]) -> Any:
    """A sample with its free axes cut off, or repeated, to these sizes."""
    if not axes:
        return sample
    array = held(sample)
    for axis, label in axes.items():
        if not array.shape[axis]:
            raise ArgumentError(f"onnx.export: the sample is empty along {label!r}; give one with an element there")
        array = np.take(array, np.arange(sizes[label]) % array.shape[axis], axis)
    return from_numpy(array) if isinstance(sample, Tensor) else array
