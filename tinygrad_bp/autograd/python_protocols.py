"""Python's protocols: what ``float`` and its like, ``len``, ``in``, iteration, ``format``, subclasses do with one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .errors import ArgumentError, DtypeError, ShapeError, shape_text
from .lines import warn
from .modes import mode, reading
from .tensor import Tensor


def _number(self: Tensor, kind: str) -> Any:
    """The one element for a conversion that the user may not have meant: NumPy and ``math`` ask for it as well."""
    if self._node is not None and mode().grad:
        warn(
            f"{kind}() of a tensor that requires grad: the number has no gradient, also where math, np.fromiter or "
            "writing into a NumPy array asked for it. Write t.item() where that is meant",
        )
    reading(self, f"{kind}(t)")
    return self.item()


def _float(self: Tensor) -> float:
    return float(_number(self, "float"))


def _int(self: Tensor) -> int:
    return int(_number(self, "int"))


def _complex(self: Tensor) -> complex:
    return complex(_number(self, "complex"))


def _index(self: Tensor) -> int:
    if self._value.dtype.kind not in "ui":
        raise DtypeError(f"only integer tensors of one element can be an index, got {self._value.dtype}")
    return int(self.item())


def _bool(self: Tensor) -> bool:
    if self._value.size != 1:
        raise ShapeError(
            f"the truth of a tensor of shape {shape_text(self.shape)} is ambiguous: it has {self._value.size} "
            "elements. Use t.any() or t.all()"
        )
    reading(self, "bool(t)")
    return bool(self.item())


def _len(self: Tensor) -> int:
    shape = self.shape
    if not shape:
        raise ArgumentError("len() of a 0-d tensor: it has no dimension; use t.item()")
    return int(shape[0])


def _iter(self: Tensor) -> Iterator[Tensor]:
    if not self.ndim:
        raise ArgumentError("iteration over a 0-d tensor: it has no dimension; use t.item()")
    return (self[i] for i in range(self.shape[0]))


def _contains(self: Tensor, item: Any) -> bool:
    reading(self, "x in t")
    return bool((self._value == (item._value if isinstance(item, Tensor) else item)).any())


def _format(self: Tensor, spec: str) -> str:
    if not self._value.ndim and (spec or type(self) is Tensor):
        reading(self, "format(t)")
        return format(self.item(), spec)
    if spec:
        raise ArgumentError(
            f"format: {spec!r} writes one number, and the tensor has shape {shape_text(self.shape)}; write t.item() "
            "for a tensor of one element, and tg.set_printoptions(precision=...) for the digits of all"
        )
    return str(self)


def _init_subclass(cls: type[Tensor], /, **kwargs: Any) -> None:
    """A subclass; ``ArgumentError`` for one that means to be asked before each function: it would never be."""
    super(Tensor, cls).__init_subclass__(**kwargs)
    for name in ("__torch_function__", "__torch_dispatch__"):
        if name in vars(cls):
            raise ArgumentError(
                f"{cls.__name__}.{name}: functions do not call it, and what they give is a Tensor. Write functions "
                "that call them, or look at every op with `with tg.profiler.profile()`"
            )


for _name, _function in {
    "__float__": _float, "__int__": _int, "__complex__": _complex, "__index__": _index, "__bool__": _bool,
    "__len__": _len, "__iter__": _iter, "__contains__": _contains, "__format__": _format,
    "__init_subclass__": classmethod(_init_subclass),
}.items():  # fmt: skip
    setattr(Tensor, _name, _function)
