"""Transformers with every setting against PyTorch: start, text, results with masks and dropped elements, gradients."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import tinygrad_bp as tg  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
SETTINGS = list(itertools.product((False, True), (False, True), ("relu", "gelu"), (True, False), (0.0, 0.3)))


@pytest.mark.parametrize(("norm_first", "batch_first", "activation", "bias", "dropout"), SETTINGS)
def test_a_transformer(norm_first: bool, batch_first: bool, activation: str, bias: bool, dropout: float) -> None:
    rng = np.random.default_rng(0)
    src, tgt = (rng.standard_normal((3, n, 4) if batch_first else (n, 3, 4)) for n in (5, 2))
    hidden = np.arange(5) >= np.array([[3], [5], [4]])
    found, start = [], {}
    for engine in (torch, tg):
        engine.manual_seed(0)  # type: ignore[attr-defined]
        net = engine.nn.Transformer(  # type: ignore[attr-defined]
            4, 2, 2, 1, 8, dropout, activation, batch_first=batch_first, norm_first=norm_first, bias=bias
        )
        state = {name: value.numpy() for name, value in net.state_dict().items()}
        start = start or state
        assert list(state) == list(start)
        for name, value in state.items():
            np.testing.assert_allclose(value, start[name], rtol=1e-6, atol=1e-7)
        if engine is tg:
            net.load_state_dict(start)
        net = net.double()
        leaves = [engine.tensor(v, requires_grad=True) for v in (src, tgt)]  # type: ignore[attr-defined]
        mask, pad = net.generate_square_subsequent_mask(2, dtype=engine.float64), engine.tensor(hidden)  # type: ignore[attr-defined]
        engine.manual_seed(1)  # type: ignore[attr-defined]
        y = net(*leaves, tgt_mask=mask, src_key_padding_mask=pad, memory_key_padding_mask=pad, tgt_is_causal=True)
        (y**2).sum().backward()
        grads = [leaf.grad.numpy() for leaf in (*leaves, *net.parameters())]
        found.append((repr(net), [y.detach().numpy(), *grads]))
    assert found[0][0] == found[1][0]
    for theirs, ours in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)
