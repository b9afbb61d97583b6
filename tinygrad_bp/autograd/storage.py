"""The memory under a tensor as PyTorch shows it: one row of elements, or of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .columns import lay_in_rows
from .device import device, device_of
from .dtypes import DType
from .errors import IndexRangeError
from .layout import data_ptr
from .modes import reading
from .sharing import columns_of, guard, shown
from .tensor import Tensor, wrap
from .writes import owner

__all__ = ["TypedStorage", "UntypedStorage"]


class TypedStorage:
    """The memory of a tensor, all that its views share, as one row of elements; what is written there they all see.

    >>> import tinygrad_bp as tg
    >>> x = tg.arange(6.0).reshape(2, 3)
    >>> memory = x[1].storage()
    >>> len(memory), memory[0], memory.data_ptr() == x.data_ptr()
    (6, 0.0, True)
    """

    __slots__ = ("_row",)

    def __init__(self, row: Tensor) -> None:
        self._row = row

    @property
    def dtype(self) -> DType:
        """The dtype of the elements."""
        return self._row.dtype

    @property
    def device(self) -> device:
        """Where the memory is."""
        return device_of(self._row)

    def __len__(self) -> int:
        return self.size()

    def size(self) -> int:
        """How many elements."""
        return int(self._row._value.size)

    def element_size(self) -> int:
        """How many bytes an element takes."""
        return int(self._row._value.itemsize)

    def nbytes(self) -> int:
        """How many bytes."""
        return int(self._row._value.nbytes)

    def data_ptr(self) -> int:
        """The address of the first element; 0 where there is none."""
        return data_ptr(self._row)

    def _index(self, index: Any) -> Any:
        if not isinstance(index, slice) and not -len(self) <= index < len(self):
            raise IndexRangeError(f"storage: index {index} is out of range for {len(self)} elements")
        return index

    def __getitem__(self, index: Any) -> Any:
        found = self._row._value[self._index(index)]
        return type(self)(wrap(found, None)) if isinstance(index, slice) else found.item()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._row[self._index(index)] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def tolist(self) -> list[Any]:
        """The elements as Python's numbers."""
        found: list[Any] = self._row._value.tolist()
        return found

    def fill_(self, value: Any) -> TypedStorage:
        """Every element set to one number."""
        self._row[...] = value
        return self

    def is_shared(self) -> bool:
        """Whether other processes see the memory: no."""
        return False

    def cpu(self) -> TypedStorage:
        """Itself: the memory is the CPU's."""
        return self

    def __repr__(self) -> str:
        lines = [f" {number}" for number in self.tolist()]
        kind = f"torch.storage.{type(self).__name__}(dtype=torch.{self.dtype}, device={self.device})"
        return "\n".join([*lines, f"[{kind} of size {len(self)}]"])


class UntypedStorage(TypedStorage):
    """The memory of a tensor as one row of bytes.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2, dtype=tg.int16).untyped_storage().tolist()
    [1, 0, 1, 0]
    """


def _row(self: Tensor, dtype: Any) -> Tensor:
    """All elements of the memory under a tensor, in the order in which they lie there."""
    reading(self, "storage()")
    columns = columns_of(self)
    if columns is not None:
        lay_in_rows(self, columns)
    memory = owner(self._value)
    flat = np.ravel(memory, order="K")
    flat = flat if flat.dtype == dtype else flat.view(dtype)
    recorded = self._node is not None and self._node.op is not None
    return wrap(guard(flat) if recorded or not self._value.flags.writeable else shown(flat), None)


def storage(self: Tensor) -> TypedStorage:
    """The memory that the tensor lies in, all of it, as one row of elements."""
    return TypedStorage(_row(self, self._value.dtype))


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory that the tensor lies in, all of it, as one row of bytes.

    >>> import tinygrad_bp as tg
    >>> x = tg.zeros(2, 3)
    >>> x.untyped_storage().nbytes(), x.T.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    (24, True)
    """
    return UntypedStorage(_row(self, np.uint8))
