"""What all ranks do together with one tensor each, under PyTorch's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.modes import no_grad, traced
from ..autograd.tensor import Tensor, wrap
from .group import ProcessGroup, joined

__all__ = ["ReduceOp", "Work", "all_gather", "all_reduce", "barrier", "broadcast"]


class ReduceOp:
    """What a reduction over processes does, by name.

    >>> ReduceOp.SUM
    'SUM'
    """

    SUM, AVG, PRODUCT, MIN, MAX = "SUM", "AVG", "PRODUCT", "MIN", "MAX"


class Work:
    """Something that was begun with ``async_op=True``: the tensor has its new value after ``wait()``.

    >>> import tinygrad_bp as tg
    >>> t = tg.ones(2)
    >>> work = tg.distributed.all_reduce(t, async_op=True)  # doctest: +SKIP
    >>> work.wait(), t  # doctest: +SKIP
    (True, tensor([2., 2.]))
    """

    def __init__(self, group: ProcessGroup, request: Any, what: str, finish: Callable[[], None]) -> None:
        self._group, self._request, self._what = group, request, what
        self._finish: Callable[[], None] | None = finish

    def wait(self, timeout: Any = None) -> bool:
        """Wait for the end of it, and give True; the second time at once."""
        if self._finish is not None:
            self._group.wait(self._request, self._what)
            finish, self._finish = self._finish, None
            finish()
        return True

    def is_completed(self) -> bool:
        """Whether ``wait()`` would return at once."""
        return self._finish is None or bool(self._request.Test())


def all_reduce(
    tensor: Tensor, op: str = ReduceOp.SUM, group: ProcessGroup | None = None, async_op: bool = False
) -> Work | None:
    """Put the reduction of the tensors of all ranks into ``tensor``, on every rank; ``op`` is of ``ReduceOp``.

    Shapes and dtypes are the same on all ranks. float16 is computed in float32 and rounded once; of truths a sum is
    "any", a product "all". Raises ``DistError`` on every rank where one calls something else, ``ArgumentError`` for a
    tensor that an op recorded (``distributed.nn`` has the functions with gradients), ``DtypeError`` where ``op`` has no
    meaning.

    >>> import tinygrad_bp as tg
    >>> t = tg.tensor([1.0, 2.0])
    >>> tg.distributed.all_reduce(t)  # doctest: +SKIP
    >>> t  # doctest: +SKIP
    tensor([2., 4.])
    """
    group, value = joined("all_reduce", group), _value("all_reduce", tensor)
    kind = value.dtype.kind
    if op not in vars(ReduceOp).values() or op.startswith("_"):
        raise ArgumentError(f"all_reduce: op is of ReduceOp: SUM, AVG, PRODUCT, MIN, MAX; got {op!r}")
    if (op == "AVG" and kind not in "fc") or (op in ("MIN", "MAX") and kind == "c"):
        raise DtypeError(f"all_reduce: {op} has no meaning for {value.dtype}; convert the tensor, or give another op")
    work = np.ascontiguousarray(value, np.float32) if value.dtype == np.float16 else np.array(value, order="C")
    reduction = "SUM" if op == "AVG" else op
    if kind == "b":
        work, reduction = work.view(np.uint8), {"SUM": "MAX", "PRODUCT": "MIN"}.get(op, op)
    what = f"all_reduce of {shape_text(value.shape)} {value.dtype}, {op}"
    group.agree(what)

    def finish() -> None:
        result = work.view(np.bool_) if kind == "b" else work
        if op == "AVG":
            np.divide(result, group.size(), out=result)
        _write(tensor, result.astype(value.dtype, copy=False))

    return _begun(Work(group, group.reducing(work, reduction), what, finish), async_op)


def broadcast(tensor: Tensor, src: int = 0, group: ProcessGroup | None = None, async_op: bool = False) -> Work | None:
    """Put the tensor of rank ``src`` into ``tensor``, on every rank. Raises as ``all_reduce`` does.

    >>> import tinygrad_bp as tg
    >>> t = tg.tensor([float(tg.distributed.rank)])
    >>> tg.distributed.broadcast(t, src=1)  # doctest: +SKIP
    >>> t  # doctest: +SKIP
    tensor([1.])
    """
    group, value = joined("broadcast", group), _value("broadcast", tensor)
    if isinstance(src, bool) or not isinstance(src, (int, np.integer)) or not 0 <= src < group.size():
        raise ArgumentError(f"broadcast: src is a rank from 0 to {group.size() - 1}, got {src!r}")
    work = np.array(value, order="C")
    what = f"broadcast of {shape_text(value.shape)} {value.dtype} from rank {src}"
    group.agree(what)
    request = group.sending(work.reshape(-1).view(np.uint8), int(src))
    return _begun(Work(group, request, what, lambda: _write(tensor, work)), async_op)


def all_gather(
    tensor_list: Sequence[Tensor], tensor: Tensor, group: ProcessGroup | None = None, async_op: bool = False
) -> Work | None:
    """Put the ``tensor`` of rank r into ``tensor_list[r]``, on every rank; one tensor a rank, of its shape and dtype.

    Raises as ``all_reduce`` does, and ``ShapeError`` or ``DtypeError`` for a list that cannot take them.

    >>> import tinygrad_bp as tg
    >>> found = [tg.zeros(1), tg.zeros(1)]
    >>> tg.distributed.all_gather(found, tg.tensor([float(tg.distributed.rank)]))  # doctest: +SKIP
    >>> found  # doctest: +SKIP
    [tensor([0.]), tensor([1.])]
    """
    group, value = joined("all_gather", group), _value("all_gather", tensor, written=False)
    if len(tensor_list) != group.size():
        raise ArgumentError(f"all_gather: {len(tensor_list)} tensors for what {group.size()} ranks give; one a rank")
    for place in tensor_list:
        taken = _value("all_gather", place)
        if taken.shape != value.shape:
            raise ShapeError(f"all_gather: {shape_text(value.shape)} does not fit into {shape_text(taken.shape)}")
        if taken.dtype != value.dtype:
            raise DtypeError(f"all_gather: {value.dtype} does not fit into {taken.dtype}")
    own = np.array(value, order="C")
    found = np.empty((group.size(), *own.shape), own.dtype)
    what = f"all_gather of {shape_text(value.shape)} {value.dtype}"
    group.agree(what)

    def finish() -> None:
        for place, item in zip(tensor_list, found, strict=True):
            _write(place, item)

    request = group._data.Iallgather(own.reshape(-1).view(np.uint8), found.reshape(-1).view(np.uint8))
    return _begun(Work(group, request, what, finish), async_op)


def barrier(group: ProcessGroup | None = None, async_op: bool = False, device_ids: Any = None) -> Work | None:
    """Wait until all ranks are here.

    >>> import tinygrad_bp as tg
    >>> tg.distributed.barrier()  # doctest: +SKIP
    """
    group = joined("barrier", group)
    group.agree("barrier")
    return _begun(Work(group, group._data.Ibarrier(), "barrier", lambda: None), async_op)


def _begun(work: Work, async_op: bool) -> Work | None:
    if async_op:
        return work
    work.wait()
    return None


def _value(name: str, tensor: Any, written: bool = True) -> Any:
    """The array of a tensor that may be sent, and written where ``written``."""
    if not isinstance(tensor, Tensor):
        raise ArgumentError(f"{name}: expected a tensor, got {type(tensor).__name__}; write tg.tensor(…)")
    if written and not tensor.is_leaf:
        raise ArgumentError(
            f"{name}: writes the tensor, and this one was recorded ({tensor.grad_fn!r}): give t.detach().clone(), or "
            f"call distributed.nn.{name}, which has a gradient"
        )
    if traced():
        raise ArgumentError(f"{name}: a program cannot ask other processes; call it outside tg.compile and tg.program")
    if not isinstance(tensor._value, np.ndarray):
        raise ArgumentError(
            f"{name}: MPI carries the memory of the CPU, and this tensor is on {tensor.device}: t.cpu()"
        )
    return tensor._value


def _write(tensor: Tensor, array: Any) -> None:
    with no_grad():
        tensor.copy_(wrap(array, None))
