"""Numbers kept between bounds, and in place of what is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.define import elementwise
from ..autograd.elsewhere import number
from ..autograd.errors import ArgumentError
from ..autograd.op import FUNCTIONS
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Operand
from .elementwise import cast, where
from .samples import binary, distinct, fixed, sample, unary

__all__ = ["clamp", "clamp_max", "clamp_min", "clip", "fmax", "fmin", "nan_to_num"]

# ---------------------------------------------------------------------- bounds


def _clip(x: Any, min: Any, max: Any) -> Any:
    if min is not None and max is not None and max >= min and x.dtype.kind == "f":
        return x.clip(number(min, x.dtype), number(max, x.dtype))  # one pass, with vector instructions
    if min is not None:
        x = np.maximum(x, number(min, x.dtype))
    return x if max is None else np.minimum(x, number(max, x.dtype))


def _inside(x: Any, min: Any, max: Any) -> Any:
    if min is None:
        return x <= max
    return x >= min if max is None else (x >= min) & (x <= max)


_clip_op = elementwise("clip", _clip, lambda g, x, min, max: where(_inside(x, min, max), g, 0.0),
                       params={"min": None, "max": None}, formula="min(max(x, min), max)",
                       samples=(*unary(distinct, min=-0.5, max=0.5), *unary(distinct, min=0), *unary(distinct, max=0)),
                       reference=lambda x, min=None, max=None: np.clip(x, min, max),
                       grad_fn="ClampBackward1",
                       doc="Each element brought into [min, max]; the gradient is 1 at the bounds.")


_bounds = (fixed(0.1, 0.7, -0.5), fixed(-0.3, 0.9, 0.2))

clamp_min = elementwise("clamp_min", lambda x, min: np.maximum(x, min),
                        lambda g, x, min: where(x >= min, g, 0.0),
                        lambda g, x, min: where(x < min, g, 0.0),
                        inputs="x min", formula="max(x, min)", samples=binary(*_bounds),
                        reference=lambda x, min: np.where(x > min, x, min),
                        grad_fn="ClampMinBackward1",
                        doc="Each element at least min; a tie gives the gradient to x.")

clamp_max = elementwise("clamp_max", lambda x, max: np.minimum(x, max),
                        lambda g, x, max: where(x <= max, g, 0.0),
                        lambda g, x, max: where(x > max, g, 0.0),
                        inputs="x max", formula="min(x, max)", samples=binary(*_bounds),
                        reference=lambda x, max: np.where(x < max, x, max),
                        grad_fn="ClampMaxBackward1",
                        doc="Each element at most max; a tie gives the gradient to x.")

_clamp_op = elementwise("clamp", lambda x, min, max: np.minimum(np.maximum(x, min), max),
                        lambda g, x, min, max: where((x >= min) & (x <= max), g, 0.0),
                        lambda g, x, min, max: where((x < min) & (min < max), g, 0.0),
                        lambda g, x, min, max: where((x > max) | (max < min), g, 0.0),
                        inputs="x min max", formula="min(max(x, min), max)",
                        samples=tuple(sample(*shapes,
                                             of=(fixed(0.1, 0.7, -0.5, 0.4), fixed(-0.3, 0.9), fixed(0.2, 1.1)))
                                      for shapes in (((2, 3), (2, 3), (2, 3)), ((4,), (), (1,)), ((), (), ()),
                                                     ((0, 3), (3,), ()))),
                        reference=lambda x, min, max: np.clip(x, min, max),
                        doc="Each element brought between two tensors.")


def clip(input: Array, min: Operand | None = None, max: Operand | None = None) -> Any:
    """Each element of ``input`` brought into [min, max]; a bound is a number, a tensor that broadcasts, or None.

    The gradient passes to ``input`` inside and at the bounds, elsewhere to a bound that is a tensor.
    Raises ``ArgumentError`` where both bounds are None.

    >>> import tinygrad_bp as tg
    >>> tg.clip(tg.tensor([-2.0, 0.5, 2.0]), -1, 1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min is None and max is None:
        raise ArgumentError("clip: give min, max or both; both are None")
    if not isinstance(min, (int, float, type(None))) or not isinstance(max, (int, float, type(None))):
        if min is None or max is None:
            return clamp_max(input, max) if min is None else clamp_min(input, min)
        return _clamp_op(input, min, max)
    bounds = [bound for bound in (min, max) if bound is not None]
    if any(isinstance(bound, float) for bound in bounds):
        if isinstance(input, Tensor) and input.dtype.kind in "bui":
            input = cast(input, dtypes.get_default_dtype())
    elif isinstance(input, Tensor) and input.dtype.kind == "b" and not all(isinstance(b, bool) for b in bounds):
        input = cast(input, dtypes.int64)
    return _clip_op(input, min, max)


clamp = clip


# ---------------------------------------------------------------------- what is not a number

fmax = elementwise("fmax", np.fmax,
                   lambda g, a, b: where((a >= b) | np.isnan(b), g, 0.0),
                   lambda g, a, b: where((a >= b) | np.isnan(b), 0.0, g),
                   formula="max(a, b)", samples=binary(*_bounds),
                   doc="The larger of two elements, where one is NaN the other; a tie gives the gradient to a.")

fmin = elementwise("fmin", np.fmin,
                   lambda g, a, b: where((a <= b) | np.isnan(b), g, 0.0),
                   lambda g, a, b: where((a <= b) | np.isnan(b), 0.0, g),
                   formula="min(a, b)", samples=binary(*_bounds),
                   doc="The smaller of two elements, where one is NaN the other; a tie gives the gradient to a.")

nan_to_num = elementwise("nan_to_num", lambda x, nan, posinf, neginf: np.nan_to_num(
                             x, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf),
                         lambda g, x: where(np.isfinite(x), g, 0.0),
                         params={"nan": 0.0, "posinf": None, "neginf": None},
                         formula="x where it is finite, else nan, posinf or neginf",
                         samples=(*unary(), sample((3,), of=fixed(np.nan, np.inf, -np.inf), smooth=False, posinf=9.0)),
                         reference=lambda x, nan=0.0, posinf=None, neginf=None: np.nan_to_num(
                             x, nan=nan, posinf=posinf, neginf=neginf),
                         doc="NaN and the infinities replaced by numbers: 0 and the largest ones, unless given.")
FUNCTIONS[np.nan_to_num] = lambda x, copy=True, nan=0.0, posinf=None, neginf=None: nan_to_num(x, nan, posinf, neginf)
