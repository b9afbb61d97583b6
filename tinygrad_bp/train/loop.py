"""The training loop: what a hand-written one does, in the same order, with the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from math import inf, isfinite
from os import PathLike
from typing import Any

import numpy as np

from .. import nn
from ..autograd.device import CPU, device_of
from ..autograd.errors import ArgumentError, AutogradError, NonScalarError, shape_text
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor
from ..autograd.terminal import in_notebook, watched
from ..data.passes import Iterated
from ..distributed.group import leads
from ..functions.creation import as_tensor
from ..nn.module import Module, check_module
from ..nn.parallel import DistributedDataParallel
from ..optim.optimizer import Optimizer
from ..random.generator import Generator
from ..random.streams import set_streams, streams
from .arguments import check, check_callbacks, check_data, length_of, wanted
from .callbacks import Callback, Training
from .history import Figures, History
from .interrupts import Interrupts
from .running import Loss, Metric, Running, called
from .snapshots import has_state


class DivergedError(AutogradError, FloatingPointError):
    """A loss that is NaN or infinite. ``history`` has the epochs before; no step was taken from such a loss.

    Fails: ``fit`` with ``SGD(model.parameters(), lr=1e6)``.  Works: ``fit`` with ``SGD(model.parameters(), lr=0.1)``.
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


def fit(
    model: Module, loss: Loss, optimizer: Optimizer, train: Iterable[Any], val: Iterable[Any] | None = None,
    epochs: int = 1, schedule: Any = None, callbacks: Sequence[Callback | Callable[[Training], Any]] = (), *,
    batch_schedule: Any = None, clip_grad_norm: float | None = None, metric: Metric | None = None,
    progress: bool = True, compile: bool | str = False, resume: str | PathLike[str] | None = None,
) -> History:  # fmt: skip
    """Train ``model`` for ``epochs`` passes over ``train``, and return the ``History``.

    model           a Module; a ``DistributedDataParallel`` has the figures of all ranks, which all call ``fit`` alike
    train, val      a ``DataLoader``, or a list (or other iterable) of pairs ``(x, y)`` of tensors or arrays, rows
                    first. ``val`` is measured after each epoch, in eval mode, without recording
    loss            ``loss(model(x), y)`` is one number
    schedule        a learning-rate schedule; its ``step()`` follows each epoch. One whose step wants a figure
                    (``ReduceLROnPlateau``) gets the validation loss, or the training loss without ``val``
    batch_schedule  the same after each batch, for ``OneCycleLR``
    callbacks       functions or ``Callback`` objects, given a ``Training`` after each epoch; one returns True to stop
    clip_grad_norm  the largest 2-norm that all gradients together may have, see ``nn.clip_grad_norm_``
    metric          ``metric(output, y)`` is a number for a batch, kept in place of the accuracy (see ``History``)
    progress        False for no progress bar; otherwise tqdm, where installed, draws one on a terminal and in Jupyter
    compile         True or a backend, ``"numpy"`` or ``"c"``: steps are computed by a program, see ``tg.compile``. A
                    loss that is not finite is then found after its step was taken
    resume          a folder: go on from the newest snapshot there, to the bit, and keep one after each epoch; with none
                    yet, start anew. A ``Checkpoint`` among the callbacks says how often, and how many are kept

    A step is ``zero_grad``, forward, loss, ``backward``, clipping, ``step``. When ``fit`` returns, every module's
    ``training`` is as it was before.

    Ctrl-C ends the training after the step it falls into: the epochs so far are returned, and model and optimizer are
    those of a whole number of steps. A second Ctrl-C ends the step's forward or backward at once, an update never.

    ``val`` is also measured before the first epoch (unless it is an iterator): labels and shapes that do not fit are
    found before anything is trained, and no random number is used up. Raises ``DivergedError`` where the loss is NaN
    or infinite, before that step, and ``ArgumentError`` for arguments that do not fit together, before anything
    changes.

    >>> import tinygrad_bp as tg
    >>> _ = tg.manual_seed(0)
    >>> x, y = (tg.tensor(array, dtype=tg.float32) for array in tg.data.xor())
    >>> model = tg.models.MLP([2, 10, 1], activation=tg.nn.Tanh)
    >>> optimizer = tg.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    >>> history = tg.train.fit(model, tg.nn.BCEWithLogitsLoss(), optimizer, [(x, y)], epochs=500)
    >>> history.accuracy[-1]
    1.0
    """
    check(model, loss, optimizer, epochs, clip_grad_norm, schedule, batch_schedule)
    check_data("train", train, epochs)
    if val is not None:
        check_data("val", val, epochs)
    keeper = check_callbacks(callbacks, resume, val is not None, schedule, batch_schedule)
    if keeper is not None:
        train, val = _passes(train), val if val is None or isinstance(val, Iterator) else _passes(val)
    # Python runs the first steps after a snapshot again: to the bit as the program does only where that is exact.
    compiled = _compiled(model, loss, optimizer, clip_grad_norm, compile, keeper is not None) if compile else None
    history = History(called(loss))
    training = Training(model, optimizer, history, epochs, val is not None)
    listeners = [callback for callback in callbacks if isinstance(callback, Callback)]
    following = [listener for listener in listeners if type(listener).on_step is not Callback.on_step]
    with Interrupts() as interrupts, keeper or nullcontext():
        for listener in listeners:
            listener.on_fit_start(training)
        modes = [(module, module.training) for module in model.modules()]
        figures = Running(model, loss, metric, clip_grad_norm)
        parts = _parts(model, optimizer, schedule, batch_schedule, train, val, history, figures, callbacks)
        bar: Any = None
        sampler: Any = getattr(train, "sampler", None)
        step, update = interrupts.held(1), interrupts.held(inf)

        def take_step(x: Tensor, y: Tensor) -> None:
            if compiled is not None:
                with update:
                    value, output = compiled(x, y)
            else:
                optimizer.zero_grad()
                output = model(x)
                value = loss(output, y)
            number = _number(value)
            for listener in following:
                listener.on_step(training, value)
            if not isfinite(number):
                raise _diverged(number, f"epoch {len(history) + 1}, batch {figures.batches + 1}", optimizer, history)
            if compiled is None:
                value.backward()
            with update:  # a second Ctrl-C ends forward and backward, never an update
                if compiled is None:
                    _update(optimizer, clip_grad_norm)
                if batch_schedule is not None:
                    batch_schedule.step()
            figures.add(number, output, y)
            if keeper is not None:
                keeper.after_step(parts, figures.batches)

        try:
            with interrupts.held(0):
                if val is not None and epochs:
                    _try_out(model, loss, val, metric)
                if keeper is not None:
                    keeper.start(parts, resume is not None, epochs)
                bar = _bar(train, epochs, len(history), figures.batches) if progress and leads() else None
                model.train()
                while len(history) < epochs and not history.stopped:
                    epoch = len(history) + 1
                    if not figures.batches:  # otherwise a snapshot goes on in the middle of an epoch
                        figures.restart(_rate(optimizer))
                    if hasattr(sampler, "set_epoch"):
                        sampler.set_epoch(epoch - 1)
                    for x, y in _pairs(train, "train", model):
                        with step:
                            take_step(x, y)
                        if bar is not None:
                            bar.update()
                    trained = figures.result("train")
                    measured = evaluate(model, loss, val, metric) if val is not None else None
                    if measured is not None and not isfinite(measured.loss):
                        raise _diverged(measured.loss, f"the validation after epoch {epoch}", optimizer, history)
                    with interrupts.held(1):
                        history.append(trained, measured, figures.lr, figures.seconds)
                        if schedule is not None:
                            schedule.step(*[(measured or trained).loss] * wanted(schedule))
                        if bar is not None:
                            bar.set_postfix_str(history.line(), refresh=False)
                        _tell(callbacks, training, epoch)
                        figures.restart(_rate(optimizer))
                        if keeper is not None:
                            keeper.after_epoch(parts, history, epoch == epochs or bool(history.stopped))
                    if callbacks:  # which may have called model.eval()
                        model.train()
        except KeyboardInterrupt:
            interrupts.caught()
            if figures.group is not None:  # the others would wait for this rank
                raise
            history.stopped = f"interrupted in epoch {len(history) + 1}"
        finally:
            if bar is not None:
                bar.close()
            for module, mode in modes:
                module.training = mode
            for listener in listeners:
                listener.on_fit_end(training)
    return history


def _compiled(
    model: Module, loss: Loss, optimizer: Optimizer, clip_grad_norm: float | None, backend: bool | str, exact: bool
) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """A step as a program: its loss, and what the model said."""
    if isinstance(model, DistributedDataParallel):
        raise ArgumentError("fit: a program cannot ask other processes for gradients; leave compile out")
    from ..compiler import compile as program

    def step(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        optimizer.zero_grad()
        output = model(x)
        value = loss(output, y)
        _check_number(value)
        value.backward()
        _update(optimizer, clip_grad_norm)
        return value, output

    return program(step, backend="numpy" if backend is True else str(backend), exact=exact)


def _passes(data: Iterable[Any]) -> Iterable[Any]:
    return data if has_state(data) else Iterated(data)


def _parts(
    model: Module, optimizer: Optimizer, schedule: Any, batch_schedule: Any, train: Any, val: Any, history: History,
    figures: Running, callbacks: Sequence[Any],
) -> dict[str, Any]:  # fmt: skip
    """All that has a state, by the name that it has in a snapshot."""
    inside = model.module if isinstance(model, DistributedDataParallel) else model  # as one process would save it
    named = {"model": inside, "optimizer": optimizer, "schedule": schedule, "batch_schedule": batch_schedule}
    named |= {"train": train, "val": val, "history": history, "epoch": figures}
    own = [callback for callback in callbacks if has_state(callback)]
    named |= {f"callback {number} ({type(callback).__name__})": callback for number, callback in enumerate(own, 1)}
    return {name: part for name, part in named.items() if has_state(part)}


def _update(optimizer: Optimizer, clip_grad_norm: float | None) -> None:
    if clip_grad_norm is not None:
        nn.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], clip_grad_norm)
    optimizer.step()


def _tell(callbacks: Sequence[Any], training: Training, epoch: int) -> None:
    """Call every callback; the first that answers True stops the training."""
    for callback in callbacks:
        told = callback.on_epoch_end(training) if isinstance(callback, Callback) else callback(training)
        if isinstance(told, (bool, np.bool_)) and told and not training.history.stopped:
            training.history.stopped = f"{_name(callback)} after epoch {epoch}"


def evaluate(model: Module, loss: Loss, data: Iterable[Any], metric: Metric | None = None) -> Figures:
    """The loss and the accuracy of ``model`` on ``data``, in eval mode, without recording; nothing else changes.

    ``data`` as in ``fit``; both figures are means weighted by the size of the batch, as ``History`` describes them.

    >>> import tinygrad_bp as tg
    >>> model = tg.nn.Identity()
    >>> tg.train.evaluate(model, tg.nn.MSELoss(), [(tg.tensor([0.5, 1.0]), tg.tensor([0.0, 1.0]))])
    Figures(loss=0.125, accuracy=1.0)
    """
    modes = [(module, module.training) for module in check_module(model, "evaluate").modules()]
    figures = Running(model, loss, metric)
    try:
        model.eval()
        with no_grad():
            for x, y in _pairs(data, "evaluate", model):
                output = model(x)
                figures.add(_number(loss(output, y)), output, y)
    finally:
        for module, mode in modes:
            module.training = mode
    return figures.result("evaluate")


# ---------------------------------------------------------------------- one batch


def _pairs(data: Iterable[Any], name: str, model: Module) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches, where the model is."""
    where = next((device_of(parameter) for parameter in model.parameters()), CPU)
    for batch in data:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            what = f"{type(batch).__name__} of {len(batch)}" if hasattr(batch, "__len__") else type(batch).__name__
            raise ArgumentError(f"{name}: a batch is a pair (x, y), got a {what}; give [(x, y)] for a single batch")
        x, y = batch
        x = x if isinstance(x, Tensor) else as_tensor(x)
        y = y if isinstance(y, Tensor) else as_tensor(y)
        yield (x, y) if where is CPU else (x.to(where), y.to(where))


def _number(value: Any) -> float:
    _check_number(value)
    return float(value._value.item())


def _check_number(value: Any) -> None:
    if not isinstance(value, Tensor) or value._value.size != 1:
        got = f"a tensor {shape_text(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise NonScalarError(f'loss(model(x), y) must be a tensor of one number, got {got}; use reduction="mean"')


def _rate(optimizer: Optimizer) -> float:
    return float(optimizer.param_groups[0]["lr"])


def _diverged(loss: float, where: str, optimizer: Optimizer, history: History) -> DivergedError:
    message = (
        f"fit: the loss became {loss} in {where} (learning rate {_rate(optimizer):g}). Try a smaller learning rate, "
        "clip_grad_norm=1.0, or a loss of scores (CrossEntropyLoss, BCEWithLogitsLoss); and look for NaN in the data"
    )
    return DivergedError(message, history)


# ---------------------------------------------------------------------- before anything changes


def _try_out(model: Module, loss: Loss, val: Iterable[Any], metric: Metric | None) -> None:
    """Find out now whether ``val`` can be measured; every random stream goes on as if nothing had been drawn."""
    if isinstance(val, Iterator):  # which can be read once
        return
    own = getattr(val, "generator", None)
    states = streams(), own.get_state() if isinstance(own, Generator) else None
    try:
        evaluate(model, loss, val, metric)
    except AutogradError as error:
        error.add_note("This is the validation data, measured once before the first epoch; nothing was trained.")
        raise
    finally:
        if isinstance(own, Generator):
            own.set_state(states[1])
        set_streams(states[0])


# ---------------------------------------------------------------------- what is shown


def _name(callback: Any) -> str:
    return repr(callback) if isinstance(callback, Callback) else getattr(callback, "__name__", repr(callback))


def _bar(train: Any, epochs: int, done: int, batches: int) -> Any:
    """tqdm's bar over the batches of all epochs, or None; a notebook keeps it with its last figures."""
    if not watched():
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    each = length_of(train)
    total = None if each is None else each * epochs
    return tqdm(total=total, initial=(each or 0) * done + batches, unit=" batches", leave=in_notebook())
