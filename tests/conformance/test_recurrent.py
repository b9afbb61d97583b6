"""Recurrent layers on drawn settings and inputs, against PyTorch: start, results, last states, gradients."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import tinygrad_bp as tg  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
FORMS = ("rows", "alone", "packed", "unsorted")
LENGTHS = {"packed": [5, 3], "unsorted": [3, 5]}
KINDS = [("RNN", {}), ("RNN", {"nonlinearity": "relu"}), ("LSTM", {}), ("LSTM", {"proj_size": 2}), ("GRU", {})]


def same(ours: Any, theirs: Any, tolerance: float = 1e-9) -> None:
    wanted = theirs.detach().numpy()
    assert ours.shape == wanted.shape and ours.dtype == wanted.dtype
    np.testing.assert_allclose(ours.detach().numpy(), wanted, rtol=tolerance, atol=tolerance * 1e-2)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kind", "more"), KINDS, ids=str)
def test_a_recurrent_layer(kind: str, more: dict[str, Any], form: str) -> None:
    rng = np.random.default_rng(0)
    choices = itertools.product((1, 2), (False, True), (False, True), (True, False), (0.0, 0.5), (True, False))
    for layers, both, first, bias, dropout, given in choices:
        settings = {"num_layers": layers, "bidirectional": both, "batch_first": first, "bias": bias, **more}
        pair: list[Any] = []
        for engine in (torch, tg):
            engine.manual_seed(3)  # type: ignore[attr-defined]
            pair.append(getattr(engine.nn, kind)(3, 4, dropout=dropout, **settings))  # type: ignore[attr-defined]
        theirs, ours = pair
        assert repr(ours) == repr(theirs)
        state = theirs.state_dict()
        assert list(ours.state_dict()) == list(state)
        for name, value in ours.state_dict().items():
            same(value, state[name], 1e-6)
        theirs, ours = theirs.double(), ours.double()
        ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
        x = rng.standard_normal((5, 3) if form == "alone" else (2, 5, 3) if first else (5, 2, 3))
        widths = (more.get("proj_size", 4), 4) if kind == "LSTM" else (4,)
        count = layers * (1 + both)
        hx = [rng.standard_normal((count, w) if form == "alone" else (count, 2, w)) for w in widths]
        found = []
        for engine, layer in ((torch, theirs), (tg, ours)):
            leaves = [engine.tensor(v, requires_grad=True) for v in (x, *(hx if given else ()))]  # type: ignore[attr-defined]
            input, rnn = leaves[0], engine.nn.utils.rnn  # type: ignore[attr-defined]
            if form in LENGTHS:
                input = rnn.pack_padded_sequence(input, LENGTHS[form], first, form == "packed")
            states = (tuple(leaves[1:]) if kind == "LSTM" else leaves[1]) if given else None
            engine.manual_seed(5)  # type: ignore[attr-defined]
            y, last = layer(input, states)
            if form in LENGTHS:
                y, _ = rnn.pad_packed_sequence(y, first, total_length=6)
            found.append(([y, *(last if kind == "LSTM" else (last,))], [*leaves, *layer.parameters()]))
        (their_results, their_leaves), (our_results, our_leaves) = found
        for a, b in zip(our_results, their_results, strict=True):
            same(a, b)
        cotangents = [rng.standard_normal(tuple(y.shape)) for y in their_results]
        their_grads = torch.autograd.grad(their_results, their_leaves, [torch.tensor(g) for g in cotangents])
        our_grads = tg.autograd.grad(our_results, our_leaves, [tg.tensor(g) for g in cotangents])
        for a, b in zip(our_grads, their_grads, strict=True):
            same(a, b, 1e-8)
