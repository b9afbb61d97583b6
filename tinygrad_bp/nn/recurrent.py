"""Recurrent layers: a state that goes from step to step of a sequence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..autograd.device import DeviceLike, near
from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.steps import as_step
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, DTypeLike
from ..autograd.values import value_of
from ..functions.dropout import dropout
from ..functions.recurrent import recurrent
from ..ops.indexing import getitem
from ..ops.joining import cat, stack
from ..ops.shape import reshape, transpose, unsqueeze
from ..random.generator import Generator
from . import init
from .constructing import parameter_dtype, start
from .module import Module, check_tensor
from .parameter import Parameter
from .utils.rnn import PackedSequence, with_padding, without_padding

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

# How many rows of weights a hidden unit has.
_GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


class _Recurrent(Module):
    """What layers and cells have: weights of one form, and the check of what they are given."""

    input_size: int
    hidden_size: int
    bias: bool

    def _add_weights(self, suffix: str, gates: int, inputs: int, hidden: int, dtype: Any, projected: int = 0) -> None:
        rows = gates * self.hidden_size
        # Column by column in memory, as Linear has its weight: each step is a product with the transpose.
        self.register_parameter(f"weight_ih{suffix}", Parameter(np.empty((rows, inputs), dtype, order="F")))
        self.register_parameter(f"weight_hh{suffix}", Parameter(np.empty((rows, hidden), dtype, order="F")))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(f"{name}{suffix}", Parameter(np.empty(rows, dtype)) if self.bias else None)
        if projected:
            self.register_parameter(f"weight_hr{suffix}", Parameter(np.empty((projected, self.hidden_size), dtype)))

    def _weights(self, suffix: str) -> list[Any]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        return [getattr(self, f"{name}{suffix}", None) for name in names]

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Every weight and bias anew, uniform in ±1/√hidden_size."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0.0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound, generator)

    def _check(self, x: Any, ranks: tuple[int, int]) -> None:
        name = type(self).__name__
        check_tensor(x, name)
        if x.ndim not in ranks or x.shape[-1] != self.input_size:
            rows = "(input_size,) or (rows, input_size)"
            rows = rows if ranks[0] == 1 else "(steps, input_size) or (steps, rows, input_size)"
            raise ShapeError(
                f"{name}: the input is {rows.replace('input_size', str(self.input_size))}; got "
                f"{shape_text(tuple(x.shape))}"
            )

    def _first(self, x: Any, hx: Any, sizes: list[tuple[int, ...]], alone: bool, at: int) -> tuple[Any, ...]:
        """The first states, checked; zeros where none were given. ``alone``: without the rows, at dimension ``at``."""
        if hx is None:
            return tuple(near(wrap(np.zeros(size, x.dtype), None), x) for size in sizes)
        given, name = (tuple(hx) if len(sizes) == 2 else (hx,)), type(self).__name__
        if len(given) != len(sizes):
            raise ArgumentError(f"{name}: the states are a pair (h, c), got {len(given)}")
        for state, size in zip(given, sizes, strict=True):
            wanted = (*size[:at], *size[at + 1 :]) if alone else size
            if tuple(state.shape) != wanted:
                raise ShapeError(
                    f"{name}: the input {shape_text(tuple(x.shape))} wants a first state {shape_text(wanted)}, got "
                    f"{shape_text(tuple(state.shape))}"
                )
            if state.dtype != x.dtype:
                raise DtypeError(f"{name}: the input is {x.dtype}, the first state {state.dtype}; both must agree")
        return tuple(unsqueeze(state, at) for state in given) if alone else given


class RNNBase(_Recurrent):
    """What ``RNN``, ``LSTM`` and ``GRU`` share; ``mode`` is ``"RNN_TANH"``, ``"RNN_RELU"``, ``"LSTM"`` or ``"GRU"``."""

    mode: str
    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool
    proj_size: int
    generator: Generator | None

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0,
        device: DeviceLike = None, dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        name = type(self).__name__
        if mode not in _GATES:
            raise ArgumentError(f"{name}: mode is one of {', '.join(_GATES)}; got {mode!r}")
        if hidden_size < 1 or num_layers < 1:
            raise ArgumentError(
                f"{name}: hidden_size and num_layers are at least 1; got hidden_size={hidden_size} and "
                f"num_layers={num_layers}"
            )
        if not 0 <= dropout <= 1:
            raise ArgumentError(f"{name}: dropout is the probability that an element becomes 0; got {dropout}")
        if not 0 <= proj_size < hidden_size or (proj_size and mode != "LSTM"):
            raise ArgumentError(f"{name}: proj_size is for LSTM, from 0 to less than hidden_size; got {proj_size}")
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size, self.generator = bidirectional, proj_size, generator
        out, directions = proj_size or hidden_size, 1 + bidirectional
        for layer, _, suffix in self._directions():
            inputs = input_size if layer == 0 else directions * out
            self._add_weights(suffix, _GATES[mode], inputs, out, dtype, proj_size)
        start(self, generator)

    def _directions(self) -> Iterator[tuple[int, bool, str]]:
        """Every direction of every layer: its layer, whether it runs backward, and the end of its weights' names."""
        for layer in range(self.num_layers):
            yield layer, False, f"_l{layer}"
            if self.bidirectional:
                yield layer, True, f"_l{layer}_reverse"

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The weights and biases of each direction of each layer."""
        return [[w for w in self._weights(suffix) if w is not None] for _, _, suffix in self._directions()]

    @property
    def _all_weights(self) -> list[list[str]]:
        """The names of ``all_weights``, by which programs find the biases of gates."""
        own = self._held.parameters
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        return [
            [f"{name}{suffix}" for name in names if own.get(f"{name}{suffix}") is not None]
            for _, _, suffix in self._directions()
        ]

    def flatten_parameters(self) -> None:
        """Nothing: the weights need no other place in memory."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The output of every step, and the last states."""
        packed = input if isinstance(input, PackedSequence) else None
        self._check(input if packed is None else packed.data, (2, 3) if packed is None else (2, 2))
        alone, turned = packed is None and input.ndim == 2, packed is None and input.ndim == 3 and self.batch_first
        lengths = None
        if packed is not None:
            x, lengths = with_padding(packed)
        else:
            x = unsqueeze(input, 1) if alone else transpose(input, 0, 1) if turned else input
        if not x.shape[0]:
            raise ShapeError(f"{type(self).__name__}: the input has no steps, {shape_text(tuple(input.shape))}")
        out, count = self.proj_size or self.hidden_size, self.num_layers * (1 + self.bidirectional)
        widths = (out, self.hidden_size) if self.mode == "LSTM" else (out,)
        first = self._first(x, hx, [(count, x.shape[1], width) for width in widths], alone, 1)
        if packed is not None and packed.sorted_indices is not None and hx is not None:
            first = tuple(getitem(state, (slice(None), packed.sorted_indices)) for state in first)
        y, last = self._layers(x, first, lengths, None if packed is None else value_of(packed.batch_sizes))
        if packed is not None:
            y = packed._replace(data=without_padding(y, value_of(packed.batch_sizes)))
            if packed.unsorted_indices is not None:
                last = [getitem(state, (slice(None), packed.unsorted_indices)) for state in last]
        elif alone:
            y, last = reshape(y, (y.shape[0], y.shape[2])), [getitem(state, (slice(None), 0)) for state in last]
        elif turned:
            y = transpose(y, 0, 1)
        return y, tuple(last) if self.mode == "LSTM" else last[0]

    def _layers(self, x: Any, first: tuple[Any, ...], lengths: Any, sizes: Any) -> tuple[Any, list[Any]]:
        """All layers on (steps, rows, features): the outputs of the last one, and the last states of all."""
        ends: Any = (-1,) if lengths is None else (lengths - 1, np.arange(len(lengths)))
        outputs: list[Any] = []
        last: list[list[Any]] = [[] for _ in first]
        for i, (_, backward, suffix) in enumerate(self._directions()):
            if not backward and outputs:
                x, outputs = self._between(outputs, sizes), []
            y, *states = recurrent(
                self.mode, _reversed(x, lengths) if backward else x, tuple(getitem(state, i) for state in first), ends,
                *self._weights(suffix),
            )  # fmt: skip
            for found, state in zip(last, states, strict=True):
                found.append(state)
            outputs.append(_reversed(y, lengths) if backward else y)
        return _joined(outputs), [stack(found, 0) for found in last]

    def _between(self, outputs: list[Any], sizes: Any) -> Any:
        """The outputs of a layer as the inputs of the next, some dropped while training."""
        x = _joined(outputs)
        if not (self.training and self.dropout):
            return x
        if sizes is None:
            return dropout(x, self.dropout, generator=self.generator)
        kept = dropout(without_padding(x, sizes), self.dropout, generator=self.generator)
        return with_padding(PackedSequence(kept, wrap(sizes, None)))[0]

    def extra_repr(self) -> str:
        """The sizes, and the settings that differ from the defaults."""
        text = f"{self.input_size}, {self.hidden_size}"
        for name, default in (("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False),
                              ("dropout", 0), ("bidirectional", False)):  # fmt: skip
            value = getattr(self, name)
            if value != default:
                text += f", {name}={value}"
        return text


def _joined(outputs: list[Any]) -> Any:
    """Both directions side by side."""
    return outputs[0] if len(outputs) == 1 else cat(outputs, -1)


def _reversed(x: Any, lengths: Any) -> Any:
    """Each row from its last step to its first; what lies behind its length stays there."""
    if lengths is None:
        return getitem(x, slice(None, None, -1))
    step = np.arange(x.shape[0])[:, None]
    return getitem(x, (np.where(step < lengths, lengths - 1 - step, step), np.arange(len(lengths))))


class RNN(RNNBase):
    """``h = tanh(W_ih x + b_ih + W_hh h + b_hh)`` from step to step (Elman 1990); ``nonlinearity`` may be ``"relu"``.

    Input (steps, rows, input_size), with ``batch_first`` (rows, steps, input_size), without rows (steps, input_size),
    or a ``PackedSequence``; ``hx`` (layers · directions, rows, hidden_size) is the first state, zeros unless given.
    Gives the output (steps, rows, directions · hidden_size) of every step, as the input came, and the last states of
    every layer and direction. ``num_layers`` stand one on the other, ``dropout`` drops elements between them while
    training, ``bidirectional`` adds a second direction to each. Weights are ``weight_ih_l0``, ``weight_hh_l0``,
    ``bias_ih_l0``, ``bias_hh_l0``, then those of the other direction, ending in ``_reverse``, and of the next layers;
    all start uniform in ±1/√hidden_size, PyTorch's numbers for the same seed.
    Raises ``ShapeError`` for other inputs and states.

    >>> import tinygrad_bp as tg
    >>> y, h = tg.nn.RNN(3, 4, num_layers=2, bidirectional=True)(tg.zeros(5, 2, 3))
    >>> y.shape, h.shape
    (torch.Size([5, 2, 8]), torch.Size([4, 2, 4]))
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, device: DeviceLike = None,
        dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        self.nonlinearity = nonlinearity
        super().__init__(
            _mode_of(nonlinearity), input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            dtype=dtype, generator=generator,
        )  # fmt: skip


class LSTM(RNNBase):
    """Long short-term memory: cells that gates write, forget and read (Hochreiter and Schmidhuber 1997).

    Shapes and settings are those of ``RNN``. ``hx`` and the last states are a pair of the hidden states and the cells.
    ``proj_size`` maps what comes out to that many numbers by ``weight_hr_l0`` (Sak et al. 2014).

    >>> import tinygrad_bp as tg
    >>> y, (h, c) = tg.nn.LSTM(3, 4, batch_first=True)(tg.zeros(2, 5, 3))
    >>> y.shape, h.shape, c.shape
    (torch.Size([2, 5, 4]), torch.Size([1, 2, 4]), torch.Size([1, 2, 4]))
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: DeviceLike = None,
        dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size,
            dtype=dtype, generator=generator,
        )  # fmt: skip


class GRU(RNNBase):
    """Gated recurrent units: a state that gates reset and update (Cho et al. 2014, arXiv 1406.1078).

    Shapes and settings are those of ``RNN``. The reset gate works on the product with the state, as in PyTorch.

    >>> import tinygrad_bp as tg
    >>> y, h = tg.nn.GRU(3, 4)(tg.zeros(5, 2, 3))
    >>> y.shape, h.shape
    (torch.Size([5, 2, 4]), torch.Size([1, 2, 4]))
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, device: DeviceLike = None, dtype: DTypeLike = None,
        generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype=dtype,
            generator=generator,
        )  # fmt: skip


def _mode_of(nonlinearity: str) -> str:
    if nonlinearity not in ("tanh", "relu"):
        raise ArgumentError(f"nonlinearity is 'tanh' or 'relu', got {nonlinearity!r}")
    return f"RNN_{nonlinearity.upper()}"


class RNNCellBase(_Recurrent):
    """What the cells share: one step, with ``num_chunks`` rows of weights for each hidden unit."""

    input_size: int
    hidden_size: int
    bias: bool

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: DeviceLike = None,
        dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        if hidden_size < 1:
            raise ArgumentError(f"{type(self).__name__}: hidden_size is at least 1; got {hidden_size}")
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        self._add_weights("", num_chunks, input_size, hidden_size, dtype)
        start(self, generator)

    def _step(self, mode: str, input: Any, hx: Any) -> list[Any]:
        """The states after one step."""
        self._check(input, (1, 2))
        alone, states = input.ndim == 1, 2 if mode == "LSTM" else 1
        x = unsqueeze(input, 0) if alone else input
        first = self._first(x, hx, [(x.shape[0], self.hidden_size)] * states, alone, 0)
        _, *found = recurrent(mode, unsqueeze(x, 0), first, (0, 0) if alone else (0,), *self._weights(""))
        return found

    def extra_repr(self) -> str:
        """The sizes, and the settings that differ from the defaults."""
        text = f"{self.input_size}, {self.hidden_size}"
        text += "" if self.bias else ", bias=False"
        relu = getattr(self, "nonlinearity", "tanh") == "relu"
        return f"{text}, nonlinearity=relu" if relu else text


class RNNCell(RNNCellBase):
    """One step of an ``RNN``: input (rows, input_size) and state (rows, hidden_size) to the next state.

    The rows may be missing; the state is zeros unless given. Weights as those of a layer, without ``_l0``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.RNNCell(3, 4)(tg.zeros(2, 3)).shape
    torch.Size([2, 4])
    """

    nonlinearity: str
    mode: str

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh",
        device: DeviceLike = None, dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        self.nonlinearity, self.mode = nonlinearity, _mode_of(nonlinearity)
        super().__init__(input_size, hidden_size, bias, 1, dtype=dtype, generator=generator)

    def forward(self, input: Array, hx: Array | None = None) -> Tensor:
        """The next state."""
        shown = "TanhBackward0" if self.mode == "RNN_TANH" else "ReluBackward0"
        return as_step(shown, self._step(self.mode, input, hx)[0])  # type: ignore[no-any-return]


class LSTMCell(RNNCellBase):
    """One step of an ``LSTM``: input (rows, input_size) and states (h, c), each (rows, hidden_size), to the next ones.

    >>> import tinygrad_bp as tg
    >>> h, c = tg.nn.LSTMCell(3, 4)(tg.zeros(2, 3))
    >>> h.shape, c.shape
    (torch.Size([2, 4]), torch.Size([2, 4]))
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: DeviceLike = None, dtype: DTypeLike = None,
        generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        super().__init__(input_size, hidden_size, bias, 4, dtype=dtype, generator=generator)

    def forward(self, input: Array, hx: tuple[Array, Array] | None = None) -> tuple[Tensor, Tensor]:
        """The next hidden state and cells."""
        h, c = self._step("LSTM", input, hx)
        return as_step("MulBackward0", h), as_step("AddBackward0", c)


class GRUCell(RNNCellBase):
    """One step of a ``GRU``: input (rows, input_size) and state (rows, hidden_size) to the next state.

    >>> import tinygrad_bp as tg
    >>> tg.nn.GRUCell(3, 4)(tg.zeros(2, 3)).shape
    torch.Size([2, 4])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: DeviceLike = None, dtype: DTypeLike = None,
        generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        super().__init__(input_size, hidden_size, bias, 3, dtype=dtype, generator=generator)

    def forward(self, input: Array, hx: Array | None = None) -> Tensor:
        """The next state."""
        return as_step("AddBackward0", self._step("GRU", input, hx)[0])  # type: ignore[no-any-return]
