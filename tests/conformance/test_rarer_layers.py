"""Fractional pooling, samples of categories, grids, adaptive softmax and rarer first values, against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import tinygrad_bp as tg  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
ENGINES: Any = (torch, tg)


def both(shape: tuple[int, ...], dtype: str = "float32") -> list[Any]:
    """The same numbers on both engines, as leaves; both streams of random numbers at one place."""
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    for engine in ENGINES:
        engine.manual_seed(1)
    return [engine.tensor(x, requires_grad=True) for engine in ENGINES]


def same(theirs: Any, ours: Any, tolerance: float = 1e-5) -> None:
    assert tuple(ours.shape) == tuple(theirs.shape)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance)


def same_gradients(leaves: list[Any], results: list[Any]) -> None:
    for result in results:
        (result**2).sum().backward()
    same(*(leaf.grad for leaf in leaves), tolerance=1e-4)


@pytest.mark.parametrize("shape", [(2, 3, 7, 9), (3, 7, 9), (2, 3, 7, 6, 8), (3, 7, 6, 8)], ids=str)
@pytest.mark.parametrize(
    "size", [{"output_size": 3}, {"output_ratio": (0.3, 0.5, 0.6)}, {"output_size": (2, 3, 1)}], ids=str
)
def test_fractional_pooling(shape: tuple[int, ...], size: dict[str, Any]) -> None:
    for ndim in {len(shape) - 1, len(shape) - 2} & {2, 3}:
        if ndim == 3 and len(shape) == 4 and shape[0] == 2:
            continue
        settings = {name: value[:ndim] if isinstance(value, tuple) else value for name, value in size.items()}
        leaves = both(shape)
        found = [
            getattr(engine.nn.functional, f"fractional_max_pool{ndim}d_with_indices")(
                leaf, (2, 3, 2)[:ndim], **settings
            )
            for engine, leaf in zip(ENGINES, leaves, strict=True)
        ]
        assert found[0][1].tolist() == found[1][1].tolist()
        same(found[0][0], found[1][0])
        same_gradients(leaves, [pair[0] for pair in found])


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("dim", [-1, 0, 1])
def test_samples_of_categories(hard: bool, dim: int) -> None:
    leaves = both((3, 4, 5))
    found = [e.nn.functional.gumbel_softmax(x, 0.7, hard, dim=dim) for e, x in zip(ENGINES, leaves, strict=True)]
    same(*found)
    same_gradients(leaves, found)


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 1, 1, 3), (1, 1, 2, 3, 4)], ids=str)
def test_grids(size: tuple[int, ...], corners: bool) -> None:
    leaves = both((size[0], len(size) - 2, len(size) - 1), "float64")
    found = [e.nn.functional.affine_grid(x, size, corners) for e, x in zip(ENGINES, leaves, strict=True)]
    same(*found, tolerance=1e-10)
    same_gradients(leaves, found)


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("border", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_a_grid_of_the_identity_meets_the_same_slopes(ndim: int, border: str, corners: bool) -> None:
    # It reads at the centres of elements, where the slope changes: here a spatial transformer begins.
    for n in (2, 7, 11, 28) if ndim == 2 else (2, 7):
        image = (np.arange(n**ndim, dtype="float32").reshape(1, 1, *[n] * ndim) / n) ** 2
        grids = []
        for engine in ENGINES:
            f = engine.nn.functional
            grid = f.affine_grid(engine.eye(ndim, ndim + 1)[None], image.shape, corners).requires_grad_()
            f.grid_sample(engine.tensor(image), grid, "bilinear", border, corners).sum().backward()
            grids.append(grid)
        assert np.array_equal(*(grid.detach().numpy() for grid in grids))
        same(*(grid.grad for grid in grids), tolerance=1e-3)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("classes", [[0, 4, 5, 9, 10, 19], [0, 1, 2, 3, 4, 4], [12, 19, 5, 6, 10, 11]], ids=str)
def test_an_adaptive_softmax(bias: bool, classes: list[int]) -> None:
    leaves = both((6, 8))
    layers = [e.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10], div_value=2.0, head_bias=bias) for e in ENGINES]
    assert repr(layers[0]) == repr(layers[1]) and list(layers[0].state_dict()) == list(layers[1].state_dict())
    found = [m(x, e.tensor(classes)) for e, m, x in zip(ENGINES, layers, leaves, strict=True)]
    for name in ("output", "loss"):
        same(*(getattr(result, name) for result in found))
    for result in found:
        result.loss.backward()
    same(*(leaf.grad for leaf in leaves))
    for theirs, ours in zip(layers[0].parameters(), layers[1].parameters(), strict=True):
        assert theirs.grad is None or np.allclose(ours.grad.numpy(), theirs.grad.numpy(), atol=1e-5)
    same(*(m.log_prob(x) for m, x in zip(layers, leaves, strict=True)))
    assert layers[0].predict(leaves[0]).tolist() == layers[1].predict(leaves[1]).tolist()
    same(*(m(x[0], e.tensor(7)).output for e, m, x in zip(ENGINES, layers, leaves, strict=True)))


def test_rarer_first_values() -> None:
    for shape, groups in (((4, 2, 3), 1), ((4, 2, 3), 2), ((3, 5, 2, 3), 1), ((6, 2, 3, 3, 3), 3)):
        same(*(e.nn.init.dirac_(e.empty(shape), groups) for e in ENGINES))
    both(())
    same(*(e.nn.init.sparse_(e.empty(20, 5), 0.3) for e in ENGINES))
    x, weight, bias = (np.random.default_rng(i).standard_normal(s) for i, s in enumerate(((5, 2, 3), (2, 3, 4), (4,))))
    same(*(e.nn.functional.conv_tbc(e.tensor(x), e.tensor(weight), e.tensor(bias), 1) for e in ENGINES))
