"""Lazy layers against PyTorch: before and after their first call, and the numbers that they draw then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import tinygrad_bp as tg  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
LAYERS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "LazyLinear": (lambda nn: nn.LazyLinear(3), (5, 4)),
    "LazyLinear of rows": (lambda nn: nn.LazyLinear(3, False), (2, 5, 4)),
    "LazyConv1d": (lambda nn: nn.LazyConv1d(4, 2, groups=2), (1, 2, 5)),
    "LazyConv2d": (lambda nn: nn.LazyConv2d(3, 2, padding="same"), (1, 2, 4, 4)),
    "LazyConv2d without rows": (lambda nn: nn.LazyConv2d(3, 2, bias=False), (2, 4, 4)),
    "LazyConv3d": (lambda nn: nn.LazyConv3d(3, 2), (1, 2, 3, 3, 3)),
    "LazyConvTranspose1d": (lambda nn: nn.LazyConvTranspose1d(3, 2, stride=2, output_padding=1), (1, 2, 5)),
    "LazyConvTranspose2d": (lambda nn: nn.LazyConvTranspose2d(3, 2), (1, 2, 4, 4)),
    "LazyConvTranspose3d": (lambda nn: nn.LazyConvTranspose3d(3, 2), (1, 2, 3, 3, 3)),
    "LazyBatchNorm1d": (lambda nn: nn.LazyBatchNorm1d(), (5, 4)),
    "LazyBatchNorm2d": (lambda nn: nn.LazyBatchNorm2d(affine=False), (5, 4, 2, 2)),
    "LazyBatchNorm3d": (lambda nn: nn.LazyBatchNorm3d(momentum=None), (5, 4, 2, 2, 2)),
    "LazyInstanceNorm1d": (lambda nn: nn.LazyInstanceNorm1d(), (5, 4, 3)),
    "LazyInstanceNorm2d": (lambda nn: nn.LazyInstanceNorm2d(), (5, 4, 2, 2)),
    "LazyInstanceNorm3d": (lambda nn: nn.LazyInstanceNorm3d(), (5, 4, 2, 2, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_a_lazy_layer(name: str) -> None:
    make, shape = LAYERS[name]
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    found = []
    for engine in (torch, tg):
        engine.manual_seed(0)  # type: ignore[attr-defined]
        layer = make(engine.nn)  # type: ignore[attr-defined]
        before, names = repr(layer), list(layer.state_dict())
        kept = list(layer.parameters())
        y = layer(engine.tensor(x))  # type: ignore[attr-defined]
        assert all(a is b for a, b in zip(kept, layer.parameters(), strict=True))
        values = [y, *layer.state_dict().values(), engine.rand(1)]  # type: ignore[attr-defined]
        found.append(([before, names, repr(layer), list(layer.state_dict())], [v.detach().numpy() for v in values]))
    assert found[0][0] == found[1][0]
    for theirs, ours in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)
