"""How a tensor is printed: PyTorch's text, to the digit and the line break, so that programs can be compared by it."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes
from .elsewhere import hosted
from .errors import ArgumentError

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["set_printoptions"]

PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": inf, "edgeitems": 3, "linewidth": 80},
}
OPTIONS: dict[str, Any] = {**PROFILES["default"], "sci_mode": None}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors are printed from now on. What is not given stays; ``sci_mode`` not given is chosen by the values.

    precision   digits after the point (4 at the start)
    threshold   with more elements than this, only the edges are shown (1000)
    edgeitems   how many elements are an edge (3)
    linewidth   characters in a line (80)
    profile     "default", "short" or "full": values for all of these, which those given replace
    sci_mode    True or False: always or never 1.0000e+00

    Raises ``ArgumentError`` for another profile and for what is not a number from 0.

    >>> import tinygrad_bp as tg
    >>> tg.set_printoptions(precision=2)
    >>> tg.tensor([3.14159, 2.71828])
    tensor([3.14, 2.72])
    >>> tg.set_printoptions(profile="default")
    """
    if profile is not None and profile not in PROFILES:
        raise ArgumentError(f"set_printoptions: profile is one of {', '.join(PROFILES)}, got {profile!r:.40}")
    given: dict[str, Any] = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    given = {name: value for name, value in given.items() if value is not None}
    for name, value in given.items():
        whole = isinstance(value, (int, np.integer))
        if not (whole or (name == "threshold" and isinstance(value, float))) or not value >= 0:
            raise ArgumentError(f"set_printoptions: {name} is a number from 0, got {value!r:.40}")
    OPTIONS.update({**(PROFILES[profile] if profile is not None else {}), **given, "sci_mode": sci_mode})


def printed(tensor: Tensor, kind: str = "tensor") -> str:
    """The text of a tensor, as ``kind(values, what is not usual)``."""
    array = hosted(tensor._value)
    default = dtypes.get_default_dtype()
    usual = [default]
    about = []
    if array.size:
        usual += [dtypes.complex128 if default == dtypes.float64 else dtypes.complex64, dtypes.int64, dtypes.bool_]
    if not OPTIONS["edgeitems"] if array.size else array.ndim != 1:
        about.append(f"size={tuple(array.shape)}")
    if array.dtype not in usual:
        about.append(f"dtype={dtypes.text(array.dtype)}")
    if array is not tensor._value:
        about.append(f"device='{tensor.device.type}:{tensor.get_device()}'")
    if tensor.grad_fn is not None:
        about.append(f"grad_fn={tensor.grad_fn!r}")
    elif tensor.requires_grad:
        about.append("requires_grad=True")
    indent = len(kind) + 1
    text = f"{kind}({_values(array, indent) if array.size else '[]'}"
    used = len(text) - text.rfind("\n") + 1  # in the last line, and what closes it
    for part in about:
        if used + 2 + len(part) > OPTIONS["linewidth"]:
            text += f",\n{' ' * indent}{part}"
            used = indent + len(part)
        else:
            text += f", {part}"
            used += 2 + len(part)
    return f"{text})"


def _values(array: Any, indent: int) -> str:
    """The nested brackets; ``indent`` characters stand before the first."""
    edge = OPTIONS["edgeitems"]
    cut = array.size > OPTIONS["threshold"]
    seen = array
    if cut:
        for axis, size in enumerate(array.shape):
            if size > 2 * edge:  # only what is shown decides how it is written
                seen = np.take(seen, [*range(edge), *range(size - edge, size)], axis)
    write, width = _complex_style(seen) if array.dtype.kind == "c" else _style(seen)

    def text(values: Any, indent: int) -> str:
        if not values.ndim:
            return write(values.item())
        if cut and len(values) > 2 * edge:
            ends = (values[:edge], values[len(values) - edge :])
        else:
            ends = (values, values[:0])
        if values.ndim == 1:
            head, tail = ([write(value) for value in end.tolist()] for end in ends)
            dots = [" ..." if edge else "..."]
        else:
            head, tail = ([text(value, indent + 1) for value in end] for end in ends)
            dots = ["..."]
        items = head + (dots if len(ends[0]) < len(values) else []) + tail
        if values.ndim > 1:
            return f"[{(',' + chr(10) * (values.ndim - 1) + ' ' * (indent + 1)).join(items)}]"
        across = max(1, (OPTIONS["linewidth"] - indent) // (width + 2))
        lines = [", ".join(items[i : i + across]) for i in range(0, len(items), across)]
        return f"[{(',' + chr(10) + ' ' * (indent + 1)).join(lines)}]"

    return text(array, indent)


def _style(values: Any) -> tuple[Callable[[Any], str], int]:
    """How each of ``values`` is written, so that all are equally wide, and that width."""
    if values.dtype.kind != "f":
        width = max((len(str(value)) for value in values.ravel().tolist()), default=1)
        return (lambda value: str(value).rjust(width)), width
    numbers = [value for value in values.ravel().tolist() if isfinite(value) and value]
    whole = all(value == value // 1 for value in numbers)
    scientific = bool(numbers) and OPTIONS["sci_mode"]
    if numbers and OPTIONS["sci_mode"] is None:
        least, most = min(map(abs, numbers)), max(map(abs, numbers))
        scientific = most / least > 1000 or most > 1e8 or least < 1e-4
    digits = f".{OPTIONS['precision']}{'e' if scientific else 'f'}"

    def unaligned(value: float) -> str:
        if whole and not scientific:
            return f"{value:.0f}." if isfinite(value) else f"{value:.0f}"
        return format(value, digits)

    width = max((len(unaligned(value)) for value in numbers), default=1)
    return (lambda value: unaligned(value).rjust(width)), width


def _complex_style(values: Any) -> tuple[Callable[[Any], str], int]:
    """As ``_style``; the real and the imaginary parts are aligned each by themselves."""
    (real, width), (imag, more) = _style(values.real), _style(values.imag)

    def write(value: complex) -> str:
        part = f"{imag(value.imag)}j".lstrip()
        return real(value.real) + (part if part[0] in "+-" else f"+{part}")

    return write, width + more + 1
