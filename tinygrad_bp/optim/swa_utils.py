"""Averages of a model over its training: stochastic weight averaging and exponential moving averages."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.modes import no_grad, traced
from ..autograd.tensor import Tensor
from ..functions.creation import tensor
from ..nn.module import Module
from ..nn.normalization import _BatchNorm
from .lr_scheduler import LRScheduler
from .lr_scheduler.scheduler import per_group, refuse_unless
from .optimizer import Optimizer

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip

OneAverage = Callable[[Tensor, Tensor, Any], Tensor]
ManyAverages = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def get_ema_avg_fn(decay: float = 0.999) -> OneAverage:
    """The exponential moving average ``decay · average + (1 − decay) · now``, a function for ``avg_fn=``.

    >>> import tinygrad_bp as tg
    >>> get_ema_avg_fn(0.75)(tg.tensor([4.0]), tg.tensor([8.0]), 1).tolist()
    [5.0]
    """
    _check_decay(decay)

    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> OneAverage:
    """The mean of all so far, a function for ``avg_fn=``.

    >>> import tinygrad_bp as tg
    >>> get_swa_avg_fn()(tg.tensor([4.0]), tg.tensor([8.0]), 3).tolist()
    [5.0]
    """

    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)  # type: ignore[no-any-return]

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> ManyAverages:
    """The exponential moving average, a function for ``multi_avg_fn=``: it writes into a list of tensors.

    >>> import tinygrad_bp as tg
    >>> averages = [tg.tensor([4.0])]
    >>> get_ema_multi_avg_fn(0.75)(averages, [tg.tensor([8.0])], 1)
    >>> averages[0].tolist()
    [5.0]
    """
    return _each(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> ManyAverages:
    """The mean of all so far, a function for ``multi_avg_fn=``: it writes into a list of tensors.

    >>> import tinygrad_bp as tg
    >>> averages = [tg.tensor([4.0])]
    >>> get_swa_multi_avg_fn()(averages, [tg.tensor([8.0])], 3)
    >>> averages[0].tolist()
    [5.0]
    """
    return _each(get_swa_avg_fn())


def _each(average: OneAverage) -> ManyAverages:
    def update(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Any) -> None:
        with no_grad():
            for mean, now in zip(averaged, current, strict=True):
                mean.copy_(average(mean, now, num_averaged))

    return update


def _check_decay(decay: float) -> None:
    refuse_unless(0 <= decay <= 1, f"decay is a number in [0, 1], got {decay}")


class AveragedModel(Module):
    """A copy of ``model`` whose parameters are averages: ``update_parameters(model)`` takes in those of now.

    The first time they are copied. ``avg_fn(average, now, n_averaged)`` gives a new average of one tensor,
    ``multi_avg_fn(averages, nows, n_averaged)`` writes into a list of them; without either they are the mean of all so
    far. ``use_buffers`` averages buffers as well, which otherwise are copied. ``module`` is the copy, and calling the
    average calls it. Raises ``ArgumentError`` where both functions are given.

    >>> import tinygrad_bp as tg
    >>> model = tg.nn.Linear(1, 1, bias=False)
    >>> average = AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = tg.nn.init.constant_(model.weight, value)
    ...     average.update_parameters(model)
    >>> average.module.weight.item(), average.n_averaged.item()
    (3.0, 3)
    """

    module: Module
    avg_fn: OneAverage | None
    multi_avg_fn: ManyAverages | None
    n_averaged: Tensor
    use_buffers: bool

    def __init__(
        self, model: Module, device: Any = None, avg_fn: OneAverage | None = None,
        multi_avg_fn: ManyAverages | None = None, use_buffers: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ArgumentError("AveragedModel: give avg_fn or multi_avg_fn, not both")
        self.module = deepcopy(model)
        if device is not None:
            self.module.to(device)
        where = next((value.device for value in self.module.state_dict().values()), None)
        self.register_buffer("n_averaged", tensor(0, device=where))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take in the parameters of ``model`` as they are now."""
        mine, theirs = self._averaged(self.module), self._averaged(model)
        pairs = [(mean.detach(), now.detach().to(mean.device)) for mean, now in zip(mine, theirs, strict=True)]
        following = traced()  # then whether this is the first time is asked in every run
        with no_grad():
            if not following and self.n_averaged.item() == 0:
                for mean, now in pairs:
                    mean.copy_(now)
            elif self.avg_fn is not None:
                for mean, now in pairs:
                    mean.copy_(self.avg_fn(mean, now, self.n_averaged))
            else:
                update = self.multi_avg_fn or get_swa_multi_avg_fn()
                for dtype in dict.fromkeys(mean.dtype for mean, _ in pairs):
                    alike = [pair for pair in pairs if pair[0].dtype == dtype]
                    update([mean for mean, _ in alike], [now for _, now in alike], self.n_averaged)
            for mean, now in pairs if following else ():
                mean.copy_(np.where(self.n_averaged == 0, now, mean))
            if not self.use_buffers:
                for mean, now in zip(self.module.buffers(), model.buffers(), strict=True):
                    mean.copy_(now)
            self.n_averaged += 1

    def _averaged(self, model: Module) -> Iterable[Tensor]:
        return itertools.chain(model.parameters(), model.buffers()) if self.use_buffers else model.parameters()


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of the batch normalizations of a model anew: means over all batches of ``loader``.

    A batch is the input, or a list or tuple that begins with it. The model is in the mode in which it was afterwards.

    >>> import tinygrad_bp as tg
    >>> model = tg.nn.BatchNorm1d(1)
    >>> update_bn([tg.tensor([[1.0], [3.0]]), tg.tensor([[5.0], [7.0]])], model)
    >>> model.running_mean.tolist()
    [4.0]
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return
    momenta, was_training = [norm.momentum for norm in norms], model.training
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches
    try:
        with no_grad():
            for batch in loader:
                x = batch[0] if isinstance(batch, (list, tuple)) else batch
                model(x if device is None else x.to(device))
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """From the rate as it is to ``swa_lr`` in ``anneal_epochs`` steps, then constant.

    Along half a cosine (``anneal_strategy="cos"``) or a line (``"linear"``); ``swa_lr`` is one number or a list with
    one for every group. Source: Izmailov et al. 2018, as PyTorch has it.

    >>> import tinygrad_bp as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> rates = []
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     schedule.step()
    ...     rates += schedule.get_last_lr()
    >>> rates
    [0.75, 0.5, 0.5]
    """

    anneal_epochs: int
    _anneal_strategy: str

    def __init__(
        self, optimizer: Optimizer, swa_lr: float | Sequence[float], anneal_epochs: int = 10,
        anneal_strategy: str = "cos", last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self._attach(optimizer)
        rates = per_group("SWALR", "swa_lr", swa_lr, optimizer)
        refuse_unless(
            anneal_strategy in ("cos", "linear"),
            f"SWALR: anneal_strategy is 'cos' or 'linear', got {anneal_strategy!r}",
        )
        refuse_unless(
            isinstance(anneal_epochs, int) and anneal_epochs >= 0,
            f"SWALR: anneal_epochs is an integer from 0, got {anneal_epochs}",
        )
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self.anneal_epochs, self._anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _part(self, step: int) -> float:
        """How much of the way is done after a step."""
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[Any]:
        """The rate of every group, from the rate it has now."""
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._part(step - 1), self._part(step)
        rates = []
        for group in self.optimizer.param_groups:
            lr, goal = group["lr"], group["swa_lr"]
            first = goal if before == 1 else (lr - before * goal) / (1 - before)
            rates.append(goal * now + first * (1 - now))
        return rates
