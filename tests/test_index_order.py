"""Where each kind of index puts the axes: as PyTorch does, in reading, in writing and backward.

Golden positions: tests/golden/make_indexing.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from index_kinds import SHAPE, index, names

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import DtypeError

GOLDEN = json.loads((Path(__file__).parent / "golden" / "indexing.json").read_text())
RIGHT = [name for name in GOLDEN if GOLDEN[name] is not None]


def check(name: str, found: np.ndarray, wanted) -> None:
    shape, total = wanted
    weights = np.arange(1, found.size + 1) ** 2
    assert (list(found.shape), int((found.ravel() * weights).sum())) == (shape, total), name


def test_every_index_has_golden_positions() -> None:
    assert list(GOLDEN) == names() and len(RIGHT) > 1000


def test_every_index_reads_what_pytorch_reads() -> None:
    x = tg.arange(1, 25).reshape(SHAPE)
    for name in RIGHT:
        check(name, x[index(tg, name)].detach().numpy(), GOLDEN[name])


def test_every_index_that_pytorch_refuses_is_refused() -> None:
    x = tg.arange(1, 25).reshape(SHAPE)
    for name in GOLDEN.keys() - set(RIGHT):
        with pytest.raises(IndexError):
            x[index(tg, name)]


def test_every_index_writes_where_it_reads() -> None:
    """Plain and recorded; and backward leaves the gradient there."""
    rng = np.random.default_rng(0)
    for name in RIGHT:
        where = index(tg, name)
        places = tg.arange(24).reshape(SHAPE)[where].detach().numpy()
        if np.unique(places).size < places.size:  # a position named twice: any of its values may stay
            continue
        value = rng.standard_normal(places.shape)
        wanted = np.zeros(24)
        wanted[places] = value
        for recorded in (False, True):
            v, x = tg.tensor(value, requires_grad=recorded), tg.zeros(SHAPE, dtype=tg.float64)
            x[where] = v
            np.testing.assert_array_equal(x.detach().numpy().ravel(), wanted, err_msg=name)
            if recorded and value.size:
                (gradient,) = tg.autograd.grad(x, v, tg.arange(24.0, dtype=tg.float64).reshape(SHAPE))
                np.testing.assert_array_equal(gradient.detach().numpy(), places, err_msg=name)
        leaf = tg.ones(SHAPE, dtype=tg.float64, requires_grad=True)
        (gradient,) = tg.autograd.grad(leaf[where], leaf, tg.tensor(value))
        np.testing.assert_array_equal(gradient.detach().numpy().ravel(), wanted, err_msg=name)


def test_another_order_is_noticed() -> None:
    name = "1 : array"
    x = np.arange(1, 25).reshape(SHAPE)
    with pytest.raises(AssertionError):
        check(name, x[1, :, [1, 0]], GOLDEN[name])  # NumPy's order
    check(name, x[1][:, [1, 0]], GOLDEN[name])


def test_numpys_names_keep_numpys_order() -> None:
    x = np.arange(24.0).reshape(SHAPE)
    for read in (lambda a: np.take(a, [1, 0], axis=2), lambda a: np.compress([True, False, True], a, axis=1)):
        np.testing.assert_array_equal(read(tg.tensor(x)).detach().numpy(), read(x))


@pytest.mark.parametrize(
    "where", [tg.tensor(1, dtype=tg.uint8), (tg.tensor([1, 0], dtype=tg.uint8),), (0, np.array([1], np.uint8))]
)
def test_uint8_is_a_mask_for_one_and_a_position_for_the_other(where) -> None:
    x = tg.zeros(2, 2)
    for use in (lambda: x[where], lambda: x.__setitem__(where, 1.0)):
        with pytest.raises(DtypeError, match=r"index\.bool\(\) or index\.long\(\)"):
            use()
    assert x[np.uint8(1)].shape == (2,)
