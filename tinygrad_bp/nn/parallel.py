"""Models that several processes train together."""

from __future__ import annotations

import contextlib
import hashlib
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, CaptureError, shape_text
from ..autograd.hooks import hooks_of
from ..autograd.modes import no_grad, traced
from ..autograd.tensor import Tensor, wrap
from ..distributed.group import DistError, ProcessGroup, joined
from .module import Module, check_module
from .parameter import UninitializedParameter

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]


class DataParallel(Module):
    """``module`` itself, as PyTorch runs it where there is no GPU to share the rows with: one after the other.

    It is ``.module``, and the names of the state begin with ``module.`` as there. ``device_ids``, ``output_device``
    and ``dim`` are taken and change nothing. Several processes train together in ``DistributedDataParallel``.

    >>> import tinygrad_bp as tg
    >>> model = tg.nn.DataParallel(tg.nn.Linear(2, 1))
    >>> model(tg.ones(3, 2)).shape, list(model.state_dict())
    (torch.Size([3, 1]), ['module.weight', 'module.bias'])
    """

    module: Module

    def __init__(
        self, module: Module, device_ids: Sequence[Any] | None = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        check_module(module, "DataParallel")
        self.module = module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module, inputs: Any, device_ids: Sequence[Any] | None = None, output_device: Any = None, dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:  # fmt: skip
    """``module(*inputs)``, or of one input that is no tuple; the rest as in ``DataParallel``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.parallel.data_parallel(tg.nn.ReLU(), tg.tensor([-1.0, 2.0]), range(0))
    tensor([0., 2.])
    """
    given = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    return module(*given, **(module_kwargs or {}))


class DistributedDataParallel(Module):
    """``module`` on every rank, with the gradients of all: each ``backward`` ends with their mean over the ranks.

    Every rank computes its own rows, with its own module; rank 0's values are copied to all here. After each
    ``backward`` that reaches a parameter, the ``.grad`` of all are the means over the ranks, so that the same optimizer
    takes the same step everywhere, and the buffers are those of rank 0. A gradient that a rank does not have counts as
    0; one that no rank has stays None. With a loss that is a mean over rows, and as many rows on every rank, that is
    the gradient of the mean over the rows of all. Where ranks have unlike numbers of rows, multiply the loss by
    ``world_size * rows / rows_of_all``. Batch norm sees the rows of its own rank; ``nn.SyncBatchNorm`` those of all.
    Parameters may be frozen and thawed later, on all ranks alike.

    Gradients travel in pieces of ``bucket_cap_mb`` megabytes, all of them on their way before the first is waited for.
    ``broadcast_buffers=False`` leaves buffers alone, ``init_sync=False`` also the values at the start. The model inside
    is ``.module``: save and load that one, and evaluate it on one rank alone. ``device_ids``, ``output_device``,
    ``dim``, ``find_unused_parameters``, ``check_reduction``, ``gradient_as_bucket_view`` and ``static_graph`` are
    taken as PyTorch has them and change nothing.

    Raises ``ArgumentError`` outside a group (call ``tg.distributed.init()`` first), for a module without parameters
    that learn, where a parameter has no shape yet, and later where one is new in the module; ``DistError``, on every
    rank, where modules differ.

    >>> import tinygrad_bp as tg
    >>> model = tg.nn.Linear(2, 1, bias=False)
    >>> ddp = tg.distributed.DistributedDataParallel(model)  # doctest: +SKIP
    >>> ddp(tg.ones(1, 2) * tg.distributed.rank).sum().backward()  # rows of 0 and of 1  # doctest: +SKIP
    >>> model.weight.grad  # doctest: +SKIP
    tensor([[0.5000, 0.5000]])
    """

    module: Module
    broadcast_buffers: bool
    require_backward_grad_sync: bool

    def __init__(
        self, module: Module, device_ids: Sequence[Any] | None = None, output_device: Any = None, dim: int = 0,
        broadcast_buffers: bool = True, init_sync: bool = True, process_group: ProcessGroup | None = None,
        bucket_cap_mb: float | None = None, find_unused_parameters: bool = False, check_reduction: bool = False,
        gradient_as_bucket_view: bool = False, static_graph: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        check_module(module, "DistributedDataParallel")
        group = joined("DistributedDataParallel", process_group)
        parameters = list(module.parameters())
        if any(isinstance(p, UninitializedParameter) for p in parameters):
            raise ArgumentError("DistributedDataParallel: a lazy layer has no shape yet; call the module once before")
        if not any(p.requires_grad for p in parameters):
            raise ArgumentError("DistributedDataParallel: no parameter requires grad, so there is nothing to average")
        if not all(isinstance(value._value, np.ndarray) for value in (*parameters, *module.buffers())):
            raise ArgumentError("DistributedDataParallel: MPI carries the memory of the CPU; write module.cpu()")
        size = 25.0 if bucket_cap_mb is None else bucket_cap_mb
        if not size > 0:
            raise ArgumentError(f"DistributedDataParallel: bucket_cap_mb is a number above 0, got {bucket_cap_mb!r}")
        self.module = module
        self.broadcast_buffers = broadcast_buffers
        self.require_backward_grad_sync = True
        self._bucket_bytes = size * 2**20
        self._known = parameters
        self._made_of: list[tuple[int, Any]] = []  # what the buckets are of
        self._averager: _Averager | None = None
        if group.size() == 1:
            return
        values = [*module.named_parameters(), *module.named_buffers()]
        said = ", ".join(f"{name} {shape_text(value.shape)} {value.dtype}" for name, value in values)
        group.agree(f"DistributedDataParallel of {said}")
        if init_sync:
            _send([value for _, value in values], group)
        self._averager = _Averager(self)
        self._attend()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module gives for this rank's rows."""
        self._attend()
        return self.module(*args, **kwargs)

    @contextlib.contextmanager
    def no_sync(self) -> Iterator[None]:
        """Leave gradients to each rank: the first ``backward`` after it averages what was added up.

        >>> import tinygrad_bp as tg
        >>> ddp = tg.distributed.DistributedDataParallel(tg.nn.Linear(2, 1))  # doctest: +SKIP
        >>> with ddp.no_sync():  # doctest: +SKIP
        ...     ddp(tg.ones(3, 2)).sum().backward()
        >>> ddp(tg.ones(3, 2)).sum().backward()  # doctest: +SKIP
        """
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    def digest(self) -> str:
        """SHA-256 of the names and values of all parameters and buffers. Raises ``DistError`` where ranks differ.

        >>> import tinygrad_bp as tg
        >>> len(tg.distributed.DistributedDataParallel(tg.nn.Linear(2, 1)).digest())  # doctest: +SKIP
        64
        """
        sums = hashlib.sha256()
        for name, value in [*self.module.named_parameters(), *self.module.named_buffers()]:
            sums.update(name.encode() + np.ascontiguousarray(value._value).tobytes())
        group = joined("DistributedDataParallel")
        group.agree("digest")
        found = group.gather(np.frombuffer(sums.digest(), np.uint8), "digest")
        others = [rank for rank, other in enumerate(found) if (other != found[0]).any()]
        if others:
            raise DistError(f"the weights of rank {', '.join(map(str, others))} differ from those of rank 0")
        return sums.hexdigest()

    def _attend(self) -> None:
        """Watch the parameters that learn now: some may have been frozen or thawed since, or have another dtype."""
        if self._averager is None:
            return
        named, known = list(self.module.named_parameters()), {id(p) for p in self._known}
        if new := [name for name, p in named if id(p) not in known]:
            raise ArgumentError(
                f"DistributedDataParallel: {', '.join(new[:8])}: put into the module after it was wrapped, so each "
                "rank may hold other values; wrap the module again"
            )
        if self._averager.ddp() is not self:  # this one is a copy
            self._averager, self._made_of = _Averager(self), []
        learning = [p for _, p in named if p.requires_grad]
        for p in learning:
            calls = hooks_of(p, "DistributedDataParallel").accumulated
            if not any(call is self._averager for call, _ in calls.values()):
                calls.add(self._averager, "averaged", flag=True)
        made_of = [(id(p), p._value.dtype) for p in learning]
        if made_of != self._made_of:
            frozen = [name for name, p in named if not p.requires_grad]
            self._what = f"the mean of gradients{' without ' if frozen else ''}{', '.join(frozen)}"
            self._made_of, self._buckets = made_of, _buckets(learning, self._bucket_bytes)

    def _average(self) -> None:
        """Put the means over the ranks into the gradients, and rank 0's values into the buffers."""
        if not self.require_backward_grad_sync:
            return
        group = joined("DistributedDataParallel")
        if traced():
            raise CaptureError(
                "DistributedDataParallel: a program cannot ask other processes for their gradients; train it without "
                "tg.compile (fit: compile=False)"
            )
        self._attend()
        group.agree(self._what)
        on_their_way = []
        for bucket in self._buckets:
            bucket.fill()
            on_their_way.append(group.reducing(bucket.memory))
        for bucket, request in zip(self._buckets, on_their_way):
            group.wait(request, self._what)
            bucket.give(group.size())
        if self.broadcast_buffers:
            _send(list(self.module.buffers()), group)


class _Averager:
    """What backward calls when all gradients are there; it does not keep the wrapped model alive."""

    __slots__ = ("ddp",)

    def __init__(self, ddp: DistributedDataParallel) -> None:
        self.ddp = weakref.ref(ddp)

    def __call__(self) -> None:
        ddp = self.ddp()
        if ddp is not None:
            ddp._average()


class _Bucket:
    """Gradients of one dtype laid end to end, and behind them a number for each: whether this rank has it."""

    def __init__(self, of: Sequence[Tensor], dtype: Any) -> None:
        self.of = of
        ends = np.cumsum([0, *(p._value.size for p in of)]).tolist()
        self.memory = np.empty(ends[-1] + len(of), dtype)
        self.parts = [self.memory[a:b].reshape(p.shape) for a, b, p in zip(ends, ends[1:], of)]
        self.there = self.memory[ends[-1] :]

    def fill(self) -> None:
        """Copy the gradients in."""
        for i, (p, part) in enumerate(zip(self.of, self.parts)):
            grad = p.grad
            self.there[i] = grad is not None
            if grad is None:
                part[...] = 0
            elif grad._node is not None:
                raise ArgumentError(
                    "DistributedDataParallel: backward(create_graph=True) records gradients, and a mean over processes "
                    "is not recorded; take them with tg.autograd.grad, or call distributed.nn.all_reduce"
                )
            else:
                part[...] = grad._value

    def give(self, ranks: int) -> None:
        """Put the means into the gradients."""
        np.divide(self.memory, ranks, out=self.memory)
        for p, part, there in zip(self.of, self.parts, self.there.real.tolist()):
            if not there:
                continue
            if p.grad is None:
                p.grad = wrap(np.array(part, p._value.dtype), None)
            else:
                p.grad.copy_(wrap(part, None))


def _buckets(parameters: Iterable[Tensor], most: float) -> list[_Bucket]:
    """The parameters, last first as backward reaches them, in pieces of one dtype and about ``most`` bytes.

    float16 is added up in float32 and rounded once.
    """
    open_: dict[Any, list[Tensor]] = {}
    found = []
    for p in reversed(list(parameters)):
        dtype = np.dtype(np.float32) if p._value.dtype == np.float16 else p._value.dtype
        group = open_.setdefault(dtype, [])
        if group and (sum(q._value.size for q in group) + p._value.size) * dtype.itemsize > most:
            found.append(_Bucket(open_.pop(dtype), dtype))
            group = open_.setdefault(dtype, [])
        group.append(p)
    return found + [_Bucket(group, dtype) for dtype, group in open_.items()]


def _send(values: Sequence[Tensor], group: ProcessGroup) -> None:
    """Put rank 0's values into tensors that have one shape and dtype on all ranks."""
    of_dtype: dict[Any, list[Tensor]] = {}
    for value in values:
        of_dtype.setdefault(value._value.dtype, []).append(value)
    for some in of_dtype.values():
        flat = np.concatenate([value._value.reshape(-1) for value in some])
        group.send(flat.view(np.uint8), "rank 0's values")
        with no_grad():
            start = 0
            for value in some:
                end = start + value._value.size
                if group.rank():
                    value.copy_(wrap(flat[start:end].reshape(value.shape), None))
                start = end
