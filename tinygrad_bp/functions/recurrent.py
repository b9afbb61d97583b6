"""Recurrent networks, one direction of one layer, of the weights that ``nn`` holds: what goes around the ops."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.operands import rounds_once
from ..autograd.tensor import wrap
from ..ops.elementwise import add
from ..ops.indexing import getitem
from ..ops.joining import cat
from ..ops.network import linear
from ..ops.products import matmul
from ..ops.recurrent import gru, lstm, rnn
from ..ops.shape import unsqueeze


@rounds_once
def recurrent(
    mode: str, x: Any, states: tuple[Any, ...], ends: tuple[Any, ...], weight_ih: Any, weight_hh: Any,
    bias_ih: Any = None, bias_hh: Any = None, weight_hr: Any = None,
) -> tuple[Any, ...]:  # fmt: skip
    """The hidden states after each step of ``x`` (steps, rows, features), then the last states, read at ``ends``.

    ``mode`` is ``"RNN_TANH"``, ``"RNN_RELU"``, ``"LSTM"`` or ``"GRU"``; ``states`` holds the first ones, each (rows,
    size), of one dtype with ``x``; weights and biases are those of one direction of one layer of ``nn.LSTM``. Gives
    (steps, rows, size) and what ``ends`` names of it, and of an LSTM's cells as well.
    """
    if mode == "LSTM":
        return _lstm_steps(x, states, ends, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr)
    if mode == "GRU":
        bias = _zeros(weight_hh, weight_hh.shape[0]) if bias_hh is None else bias_hh
        y = gru(_affine(x, weight_ih, bias_ih), *states, weight_hh, bias)
    else:
        inputs = _affine(x, weight_ih, None if bias_ih is None else add(bias_ih, bias_hh))
        y = rnn(inputs, *states, weight_hh, mode == "RNN_RELU")
    return y, getitem(y, ends)


def _lstm_steps(
    x: Any, states: tuple[Any, ...], ends: tuple[Any, ...], weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any,
    weight_hr: Any,
) -> tuple[Any, ...]:  # fmt: skip
    h, c = states
    bias = _zeros(weight_hh, weight_hh.shape[0]) if bias_ih is None else add(bias_ih, bias_hh)
    if weight_hr is None:
        both = lstm(x, h, c, weight_ih, weight_hh, bias)
        return getitem(both, 0), getitem(both, (0, *ends)), getitem(both, (1, *ends))
    # Inside, the state is what comes out before it is projected (Sak et al. 2014): the weight takes the projection in,
    # and the first state, which is projected, stands beside the features of the first step.
    later = _zeros(x, x.shape[0] - 1, *h.shape)
    x = cat([x, cat([unsqueeze(h, 0), later], 0)], -1)
    both = lstm(x, _zeros(c, *c.shape), c, cat([weight_ih, weight_hh], 1), matmul(weight_hh, weight_hr), bias)
    y = matmul(getitem(both, 0), weight_hr.T)
    return y, getitem(y, ends), getitem(both, (1, *ends))


def _zeros(like: Any, *shape: int) -> Any:
    return wrap(np.zeros(shape, like.dtype), None)


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return matmul(x, weight.T) if bias is None else linear(x, weight, bias)
