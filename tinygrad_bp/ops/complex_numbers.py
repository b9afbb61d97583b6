"""Ops between real and complex numbers. None is holomorphic: their rules are in PyTorch's convention as they stand.

The gradient of a real loss in z = x + iy is ∂L/∂x + i ∂L/∂y.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.define import BROADCAST, elementwise, linear
from ..autograd.elsewhere import copied, empty
from ..autograd.errors import DtypeError, ShapeError, shape_text
from ..autograd.op import FUNCTIONS, UFUNCS
from ..autograd.operands import of_reals, refuse_complex
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Operand
from .elementwise import flat, sign
from .samples import binary, complex_of, nonzero, sample, unary
from .shape import matrix_transpose
from .trigonometry import cos, sin

__all__ = [
    "adjoint", "angle", "complex", "conj", "conj_physical", "imag", "polar", "real", "resolve_conj", "resolve_neg",
    "sgn", "view_as_complex", "view_as_real",
]  # fmt: skip

_complex = tuple(sample(shape, of=complex_of()) for shape in ((2, 3), (4,), (), (0, 3)))

_conj = linear("conj", np.conjugate, lambda g: np.conjugate(g), formula="Re x − i · Im x", samples=_complex,
               holomorphic=False,
               doc="Complex conjugate.")


def conj(input: Array) -> Any:
    """The complex conjugate; a real tensor is returned as it is.

    >>> import tinygrad_bp as tg
    >>> tg.conj(tg.tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    return _conj(input) if input.dtype.kind == "c" else input


UFUNCS[np.conjugate] = conj


def _as_complex(g: Any, x_dtype: Any) -> Any:
    from .elementwise import cast

    return cast(g, x_dtype) if isinstance(g, Tensor) else g.astype(x_dtype)


_real = linear("real", lambda x: x.real, lambda g, x_dtype: _as_complex(g, x_dtype),
               formula="Re x", samples=_complex, holomorphic=False, gives="real", reference=np.real, views=True,
               doc="Real part.")

_imag = linear("imag", lambda x: x.imag, lambda g, x_dtype: _as_complex(g, x_dtype) * 1j,
               formula="Im x", samples=_complex, holomorphic=False, gives="real", reference=np.imag, views=True,
               doc="Imaginary part.")


def real(input: Array) -> Any:
    """The real part; a real tensor is returned as it is.

    >>> import tinygrad_bp as tg
    >>> tg.real(tg.tensor([1 + 2j]))
    tensor([1.])
    """
    return _real(input) if input.dtype.kind == "c" else input


def imag(input: Array) -> Any:
    """The imaginary part. Raises ``DtypeError`` for a real tensor.

    >>> import tinygrad_bp as tg
    >>> tg.imag(tg.tensor([1 + 2j]))
    tensor([2.])
    """
    if input.dtype.kind != "c":
        raise DtypeError(f"imag: needs a complex tensor, got {input.dtype}; a real one has no imaginary part")
    return _imag(input)


def _join(real: Any, imag: Any) -> Any:
    refuse_complex("complex", real, imag)
    kind = np.result_type(real.dtype, imag.dtype, np.complex64)
    joined = empty(np.broadcast_shapes(real.shape, imag.shape), kind, real)
    joined.real[...], joined.imag[...] = real, imag  # their sum would be NaN at the infinities
    return joined


complex = linear("complex", _join, lambda g: np.real(g), lambda g: np.imag(g), inputs="real imag",
                 formula="real + i · imag", samples=binary(), hint=BROADCAST, holomorphic=False, gives="complex",
                 reference=lambda real, imag: real + 1j * imag, doc="Complex numbers of two real tensors.")

angle_op = elementwise("angle", np.angle, lambda g, x: g * _turned(x), formula="arg x", holomorphic=False,
                       gives="real", samples=_complex, reference=np.angle,
                       doc="Angle in the complex plane, in radians.")


def _turned(x: Any) -> Any:
    """The slope of the angle: i x / |x|²; 0 at 0."""
    size = np.square(np.real(x)) + np.square(np.imag(x))
    return x * 1j / np.where(size == 0, np.ones_like(size), size)


_angle_of_real = elementwise("angle_of_real", lambda x: np.where(x != x, x, np.where(
                                 x < 0, (x.dtype if x.dtype.kind == "f" else np.dtype(float)).type(np.pi), 0)),
                             flat, floats=True, formula="π if x < 0 else 0", samples=unary(nonzero), reference=np.angle,
                             doc="Angle of real numbers in the complex plane: 0 or π; its gradient is 0.")


def angle(input: Array) -> Any:
    """The angle in radians; of a real number 0, or π where it is negative, without a slope.

    >>> import tinygrad_bp as tg
    >>> tg.angle(tg.tensor([1j, -1.0]))
    tensor([1.5708, 3.1416])
    """
    return angle_op(input) if input.dtype.kind == "c" else _angle_of_real(input)


def _sgn(x: Any) -> Any:
    """NumPy's sign, as rules have it; by parts where that has 1 for inf + nan j, or loses denormals."""
    y, size = np.sign(x), _size(x)
    rough = ~((size >= np.finfo(size.dtype).tiny) & np.isfinite(size))
    if rough.any():
        y = np.where(rough, np.real(x) / size + 1j * (np.imag(x) / size), y)
    return y


sgn_op = elementwise("sgn", _sgn, lambda g, x, y: (g - y * np.real(np.conjugate(y) * g)) / _size(x),
                     formula="x / |x|", samples=_complex, holomorphic=False,
                     reference=lambda x: x / np.abs(x), ufunc=None, doc="The number of size 1 in the same direction.")


def _size(x: Any) -> Any:
    size = np.absolute(x)
    return np.where(size == 0, np.full_like(size, np.inf), size)


def sgn(input: Array) -> Any:
    """``input / |input|``, 0 at 0; of a real tensor its sign.

    >>> import tinygrad_bp as tg
    >>> tg.sgn(tg.tensor([3 + 4j]))
    tensor([0.6000+0.8000j])
    """
    return sgn_op(input) if input.dtype.kind == "c" else sign(input)


UFUNCS[np.sign] = sgn


def conj_physical(input: Array) -> Any:
    """The complex conjugate; a real tensor is returned as it is. Here it is never a lazy view: the same as ``conj``.

    >>> import tinygrad_bp as tg
    >>> tg.conj_physical(tg.tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    return conj(input)


def resolve_conj(input: Array) -> Any:
    """The tensor itself: a conjugate is never a lazy view here.

    >>> import tinygrad_bp as tg
    >>> tg.resolve_conj(tg.tensor([1.0]))
    tensor([1.])
    """
    return input


def resolve_neg(input: Array) -> Any:
    """The tensor itself: a negative is never a lazy view here.

    >>> import tinygrad_bp as tg
    >>> tg.resolve_neg(tg.tensor([1.0]))
    tensor([1.])
    """
    return input


def conjugate_transpose(x: Array) -> Any:
    """The last two dimensions swapped, and the complex conjugate: ``x.mH``.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([[1, 2], [3, 4]]).H
    tensor([[1, 3],
            [2, 4]])
    """
    return conj(matrix_transpose(x))


def adjoint(input: Array) -> Any:
    """The conjugate transpose of matrices.

    >>> import tinygrad_bp as tg
    >>> tg.adjoint(tg.tensor([[1j, 2.0]]))
    tensor([[0.-1.j],
            [2.-0.j]])
    """
    if input.ndim < 2:
        raise ShapeError(f"adjoint: needs a matrix, got {shape_text(input.shape)}")
    return conjugate_transpose(input)


def polar(abs: Operand, angle: Operand) -> Any:
    """Complex numbers of sizes and angles (radians).

    >>> import tinygrad_bp as tg
    >>> tg.polar(tg.tensor([2.0]), tg.tensor([0.0]))
    tensor([2.+0.j])
    """
    return complex(abs * cos(angle), abs * sin(angle))


def _paired(x: Any) -> Any:
    """Pairs of real numbers as complex ones: a view where each pair lies side by side in memory."""
    dtype = np.result_type(x.dtype, np.complex64)
    x = x.astype(np.empty(0, dtype).real.dtype, copy=False)
    return (x if x.strides[-1] == x.itemsize else copied(x, "C")).view(dtype)[..., 0]


_pairs = linear("view_as_real", lambda x: x[..., None].view(x.real.dtype),
                lambda g, x_dtype: _as_complex(view_as_complex(g), x_dtype),
                formula="[Re x, Im x]", samples=_complex, holomorphic=False, gives="real", views=True,
                reference=lambda x: np.stack([x.real, x.imag], -1), doc="Complex numbers as pairs of real ones.")

_pair = linear("view_as_complex", of_reals("view_as_complex", _paired), lambda g: view_as_real(g),
               formula="x₀ + i · x₁",
               samples=(sample((2, 3, 2)), sample((2,)), sample((0, 3, 2))), holomorphic=False, gives="complex",
               views=True, reference=lambda x: x[..., 0] + 1j * x[..., 1], doc="Pairs of real numbers as complex ones.")


def view_as_real(input: Array) -> Any:
    """Complex numbers (...) as pairs of real ones (..., 2), on the same memory.

    Raises ``DtypeError`` for real numbers.

    >>> import tinygrad_bp as tg
    >>> tg.view_as_real(tg.tensor([1 + 2j]))
    tensor([[1., 2.]])
    """
    if input.dtype.kind != "c":
        raise DtypeError(f"view_as_real: needs a complex tensor, got {input.dtype}")
    return _pairs(input)


def view_as_complex(input: Array) -> Any:
    """Pairs of real numbers (..., 2) as complex ones (...), on the same memory where it holds them side by side.

    >>> import tinygrad_bp as tg
    >>> tg.view_as_complex(tg.tensor([[1.0, 2.0]]))
    tensor([1.+2.j])
    """
    if input.ndim == 0 or input.shape[-1] != 2:
        raise ShapeError(f"view_as_complex: needs a last dimension of size 2, got {shape_text(input.shape)}")
    return _pair(input)


FUNCTIONS[np.real] = real
FUNCTIONS[np.imag] = lambda x: imag(x) if x.dtype.kind == "c" else np.zeros_like(x)
