"""``nn.utils`` against PyTorch: weights that are computed, layers that are fused, parameters as a vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import tinygrad_bp as tg  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
LAYERS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "Linear": (lambda nn: nn.Linear(3, 4), (2, 3)), "Conv1d": (lambda nn: nn.Conv1d(2, 3, 2), (2, 2, 5)),
    "ConvTranspose2d": (lambda nn: nn.ConvTranspose2d(2, 3, 2), (1, 2, 3, 3)),
}  # fmt: skip
NORMS: dict[str, Callable[[Any, Any], Any]] = {
    "weight_norm": lambda nn, m: nn.utils.parametrizations.weight_norm(m),
    "weight_norm of dimension 1": lambda nn, m: nn.utils.parametrizations.weight_norm(m, dim=1),
    "weight_norm of all": lambda nn, m: nn.utils.parametrizations.weight_norm(m, dim=None),
    "spectral_norm": lambda nn, m: nn.utils.parametrizations.spectral_norm(m),
    "spectral_norm of the bias": lambda nn, m: nn.utils.parametrizations.spectral_norm(m, "bias", dim=0),
    "older weight_norm": lambda nn, m: nn.utils.weight_norm(m),
    "older spectral_norm": lambda nn, m: nn.utils.spectral_norm(m),
    "older spectral_norm, 3 steps": lambda nn, m: nn.utils.spectral_norm(m, n_power_iterations=3, dim=1),
}  # fmt: skip
REMOVED: dict[str, Callable[[Any, Any], Any]] = {
    "weight_norm": lambda nn, m: nn.utils.parametrize.remove_parametrizations(m, "weight"),
    "spectral_norm": lambda nn, m: nn.utils.parametrize.remove_parametrizations(m, "weight", leave_parametrized=False),
    "older weight_norm": lambda nn, m: nn.utils.remove_weight_norm(m),
    "older spectral_norm": lambda nn, m: nn.utils.remove_spectral_norm(m),
}  # fmt: skip


def same(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_weight_that_is_computed(layer: str, norm: str) -> None:
    make, shape = LAYERS[layer]
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    nets: list[Any] = []
    for engine in (torch, tg):
        engine.manual_seed(0)  # type: ignore[attr-defined]
        net = NORMS[norm](engine.nn, make(engine.nn))  # type: ignore[attr-defined]
        for _ in range(2):  # each call in training follows the singular vectors
            y = net(engine.tensor(x))  # type: ignore[attr-defined]
            net.zero_grad()
            (y * y).sum().backward()
        nets.append(net)
    theirs, ours = nets
    assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict())
    for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        same(a, b)
    for (name, a), (wanted, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == wanted
        same(a.grad, b.grad)
    same(ours.eval()(tg.tensor(x)), theirs.eval()(torch.tensor(x)))
    if norm in REMOVED:
        for engine, net in ((torch, theirs), (tg, ours)):
            REMOVED[norm](engine.nn, net)  # type: ignore[attr-defined]
        assert repr(ours) == repr(theirs) and type(ours) is type(make(tg.nn))
        assert list(ours.state_dict()) == list(theirs.state_dict())
        same(ours.weight, theirs.weight)
        same(ours(tg.tensor(x)), theirs(torch.tensor(x)))


def test_clipping_by_a_norm_that_is_known() -> None:
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(shape) for shape in ((3, 2), (4,), ())]
    for order in (1.0, 2.0, 3.0, float("inf")):
        found = []
        for engine in (torch, tg):
            utils = engine.nn.utils  # type: ignore[attr-defined]
            leaves = [engine.tensor(v, requires_grad=True) for v in values]  # type: ignore[attr-defined]
            for leaf, v in zip(leaves, values, strict=True):
                leaf.grad = engine.tensor(3 * v)  # type: ignore[attr-defined]
            norm = utils.get_total_norm([leaf.grad for leaf in leaves], order)
            utils.clip_grads_with_norm_(leaves, 1.5, norm)
            found.append([norm.item(), *(leaf.grad.numpy() for leaf in leaves)])
        for ours, theirs in zip(found[1], found[0], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)
