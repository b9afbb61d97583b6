"""What a module may hold under a name besides modules: parameters and buffers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.arrays import as_array
from ..autograd.printing import printed
from ..autograd.tensor import Tensor, handed_out
from ..autograd.types import DTypeLike

__all__ = ["Buffer", "Parameter", "UninitializedParameter"]


class Parameter(Tensor):
    """A tensor that a module learns: a leaf that requires grad unless told otherwise. It shares the data's memory.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Parameter(tg.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        """Around a tensor or an array; without one, empty."""
        self: Parameter = _around(cls, np.empty(0, dtypes.get_default_dtype()) if data is None else data)
        if requires_grad:
            self.requires_grad = True
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Its value in new memory, without the gradient: what is computed with the copy starts from none."""
        twin = super().__deepcopy__(memo)
        twin.grad = None
        return twin

    def __repr__(self) -> str:
        return f"Parameter containing:\n{printed(self)}"


class UninitializedParameter(Parameter):
    """The parameter of a lazy layer, which has no shape before the layer's first call; it becomes a ``Parameter``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyLinear(3).weight
    <UninitializedParameter>
    """

    __slots__ = ()

    def __new__(cls, requires_grad: bool = True, dtype: DTypeLike = None) -> UninitializedParameter:
        """Without a shape."""
        return super().__new__(cls, np.empty(0, dtypes.get_default_dtype() if dtype is None else dtype), requires_grad)  # type: ignore[return-value]

    def become(self, value: Parameter) -> None:
        """Be ``value`` from now on: the object stays, so that an optimizer that has it goes on with it."""
        wanted = self.requires_grad
        self.requires_grad = False
        self._value = value._value
        self.__class__ = Parameter  # type: ignore[assignment]
        self.requires_grad = wanted

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Buffer(Tensor):
    """A tensor that a module holds as a buffer once it is assigned to it: state that is not learned.

    ``persistent=False`` leaves it out of ``state_dict``. It shares the data's memory.

    >>> import tinygrad_bp as tg
    >>> net = tg.nn.Module()
    >>> net.mean = tg.nn.Buffer(tg.zeros(2))
    >>> [name for name, _ in net.named_buffers()]
    ['mean']
    """

    __slots__ = ("persistent",)

    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Buffer:
        """Around a tensor or an array; without one, empty."""
        self: Buffer = _around(cls, np.empty(0, dtypes.get_default_dtype()) if data is None else data)
        self.persistent = persistent
        return self

    def __repr__(self) -> str:
        return printed(self)


def _around(cls: type[Any], data: Any) -> Any:
    """A leaf of a kind on the memory of a tensor or an array."""
    self = object.__new__(cls)
    self._value = handed_out(data) if isinstance(data, Tensor) else as_array(data)
    self._node = None
    self._own_cell()
    return self
