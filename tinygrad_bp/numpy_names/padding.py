"""What ``np.pad`` does with Tensors: every mode of NumPy's but a function of the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.numpy_protocols import plainly, without_rule
from ..autograd.op import FUNCTIONS
from ..autograd.tensor import Tensor
from ..ops import borders, elementwise
from ..ops.elementwise import in_dtype
from ..ops.indexing import along
from .functions import operand

_OVER: dict[str, Any] = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    if isinstance(pad_width, dict):
        given = {axis % array.ndim: width for axis, width in pad_width.items()}
        pad_width = [np.broadcast_to(given.get(d, 0), 2) for d in range(array.ndim)]
    if np.asarray(pad_width).dtype.kind not in "iu":
        raise ArgumentError(f"np.pad: pad_width is integers, got {pad_width!r}")
    if not array.ndim:
        return elementwise.clone(array)
    widths = [(int(a), int(b)) for a, b in np.broadcast_to(np.asarray(pad_width), (array.ndim, 2))]
    if any(a < 0 or b < 0 for a, b in widths):
        raise ArgumentError(f"np.pad: widths must not be negative, got {pad_width}; read a slice to take elements away")
    if mode == "empty" or (mode == "constant" and not _is_recorded(options.get("constant_values"))):
        around = np.pad(np.zeros(array.shape, array.dtype), widths, **plainly(options))
        return borders.bordered(array, widths, around)
    if mode in ("edge", "reflect", "symmetric", "wrap") and options.get("reflect_type", "even") == "even":
        return borders.continued(array, widths, mode)
    if isinstance(mode, str) and mode not in (*_BEYOND, "edge", "wrap"):
        raise ArgumentError(f"np.pad: mode is one of {', '.join([*_BEYOND, 'edge', 'wrap', 'empty'])}, got {mode!r}")
    beyond = _BEYOND.get(mode) if isinstance(mode, str) else None
    if beyond is None or array.dtype.kind not in "fc":  # NumPy rounds integers
        return without_rule("np.pad", np.pad, (array, pad_width), {"mode": mode, **options}, ("mode",))
    for axis, (left, right) in enumerate(widths):
        ends = beyond(array, axis, (left, right), mode, {key: _of_axis(x, array, axis) for key, x in options.items()})
        array = np.concatenate([in_dtype(ends[0], array.dtype), array, in_dtype(ends[1], array.dtype)], axis)
    return array


def _is_recorded(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _of_axis(option: Any, array: Any, axis: int) -> Any:
    """What an option says of the two ends of one axis: it holds a number, a pair, or a pair for each axis."""
    if option is None or isinstance(option, str):
        return option
    return np.broadcast_to(operand(option), (array.ndim, 2))[axis]


def _part(array: Any, axis: int, start: int | None, stop: int | None, step: int = 1) -> Any:
    return array[along(axis, slice(start, stop, step))]


def _spread(value: Any, array: Any, axis: int, width: int) -> Any:
    """One slice along an axis, or a number, ``width`` times."""
    return np.broadcast_to(value, tuple(width if d == axis else size for d, size in enumerate(array.shape)))


def _constants(array: Any, axis: int, widths: tuple[int, int], mode: str, options: dict[str, Any]) -> list[Any]:
    values = options["constant_values"]
    return [_spread(values[i], array, axis, width) for i, width in enumerate(widths)]


def _statistics(array: Any, axis: int, widths: tuple[int, int], mode: str, options: dict[str, Any]) -> list[Any]:
    size, lengths = array.shape[axis], options.get("stat_length")
    near, far = (size, size) if lengths is None else (min(int(n), size) for n in lengths)
    if not (near and far) and mode in ("maximum", "minimum"):
        raise ArgumentError("np.pad: stat_length of 0 has no maximum or minimum")
    parts = (_part(array, axis, None, near), _part(array, axis, size - far, None))
    return [_spread(_OVER[mode](part, axis=axis, keepdims=True), array, axis, w) for part, w in zip(parts, widths)]


def _ramps(array: Any, axis: int, widths: tuple[int, int], mode: str, options: dict[str, Any]) -> list[Any]:
    ends, last = options.get("end_values", (0, 0)), array.shape[axis] - 1
    left, right = (
        np.linspace(in_dtype(operand(end), array.dtype), array[along(axis, at)], width, endpoint=False, axis=axis)
        for end, at, width in zip(ends, (0, last), widths, strict=True)
    )
    return [left, _part(right, axis, None, None, -1)]


def _mirrored(array: Any, axis: int, widths: tuple[int, int], mode: str, options: dict[str, Any]) -> list[Any]:
    """Odd reflections: twice the edge less what the even reflection has."""
    size, inner = array.shape[axis], int(mode == "reflect")
    if max(widths) > size - inner:
        raise ArgumentError(
            f"np.pad: {mode} with reflect_type='odd' pads {size - inner} elements at most, got {widths}"
        )
    (left, right), last = widths, size - inner
    edges = _part(array, axis, None, 1), _part(array, axis, size - 1, None)
    parts = _part(array, axis, inner, inner + left), _part(array, axis, last - right, last)
    return [2 * edge - _part(part, axis, None, None, -1) for edge, part in zip(edges, parts, strict=True)]


_BEYOND: dict[str, Callable[..., list[Any]]] = {
    "constant": _constants, "linear_ramp": _ramps, **dict.fromkeys(_OVER, _statistics), "reflect": _mirrored,
    "symmetric": _mirrored,
}  # fmt: skip
FUNCTIONS[np.pad] = _pad
