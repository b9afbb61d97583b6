"""``out=``: every public function writes its result into tensors that are there, as PyTorch does.

Derived from a call of every public function (``public_calls``).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import public_calls as pc
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError

NAMES = pc.names(tg.tensor)
CALLS = [
    call
    for call in pc.CALLS
    if call.startswith("T.") and call.endswith(")") and "_(" not in call  # written in place
]


def run(call: str, **more: Any) -> Any:
    tg.manual_seed(0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return eval(call, {**NAMES, **more})


def into(call: str, out: Any) -> Any:
    return run(f"{call[:-1]}, out=OUT)", OUT=out)


def tensors(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def gives_tensors(call: str) -> bool:
    return all(isinstance(part, tg.Tensor) for part in tensors(run(call)))


@pytest.mark.parametrize("call", [call for call in CALLS if gives_tensors(call)])
def test_every_function_writes_what_it_gives(call: str) -> None:
    expected = run(call)
    for shaped in (True, False):
        parts = [tg.zeros(part.shape if shaped else 0, dtype=part.dtype) for part in tensors(expected)]
        written = into(call, tuple(parts) if isinstance(expected, tuple) else parts[0])
        assert type(written) is type(expected)
        assert all(one is other for one, other in zip(tensors(written), parts, strict=True))
        if "empty" not in call:
            for one, other in zip(parts, tensors(expected), strict=True):
                np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("call", [call for call in CALLS if not gives_tensors(call)])
def test_what_gives_no_tensor_takes_no_out(call: str) -> None:
    with pytest.raises(ArgumentError, match=r"gives \d+ results?, and out has|out is a tensor"):
        into(call, tg.zeros(1))


def test_nothing_is_recorded_and_a_gradient_is_not_dropped() -> None:
    w, out = tg.ones(2, requires_grad=True), tg.zeros(2)
    for call in (lambda: tg.exp(w, out=out), lambda: tg.add(w, 1, out=out), lambda: tg.add(out, 1, out=w)):
        with pytest.raises(ArgumentError, match="out= cannot be recorded"):
            call()
    assert out.tolist() == [0, 0] and w.tolist() == [1, 1]
    with tg.no_grad():
        assert tg.add(w, 1, out=w) is w and w.tolist() == [2, 2]


def test_a_dtype_that_does_not_hold_the_result_is_refused_before_anything_is_written() -> None:
    values, indices = tg.zeros(2), tg.zeros(2, dtype=tg.bool)
    with pytest.raises(DtypeError, match="can't be cast to bool"):
        tg.max(tg.ones(2, 2), dim=0, out=(values, indices))
    assert values.tolist() == [0, 0]
    with pytest.raises(DtypeError, match="can't be cast to int64"):
        tg.exp(tg.ones(2), out=tg.zeros(2, dtype=tg.int64))
    assert tg.add(tg.tensor([1]), 1, out=tg.zeros(1, dtype=tg.float64)).tolist() == [2.0]


def test_another_shape_is_taken_with_a_warning() -> None:
    out = tg.zeros(3)
    with pytest.warns(UserWarning, match=r"exp: out has shape \(3,\), the result \(2, 2\)"):
        tg.exp(tg.zeros(2, 2), out=out)
    assert out.tolist() == [[1, 1], [1, 1]]


def test_out_may_be_an_argument_and_a_view() -> None:
    x = tg.arange(4.0)
    assert tg.cumsum(x, 0, out=x) is x and x.tolist() == [0, 1, 3, 6]
    tg.mul(x[:2], 10, out=x[2:])
    assert x.tolist() == [0, 1, 0, 10]


def test_a_write_is_seen_by_backward() -> None:
    w, x = tg.ones(2, requires_grad=True), tg.ones(2)
    loss = (w * x).sum()
    tg.exp(x, out=x)
    with pytest.raises(tg.autograd.errors.ModifiedError):
        loss.backward()


def test_numbers_drawn_are_of_the_dtype_of_out() -> None:
    tg.manual_seed(3)
    drawn = tg.randn(5, dtype=tg.float64)
    tg.manual_seed(3)
    assert tg.randn(5, out=tg.empty(0, dtype=tg.float64)).tolist() == drawn.tolist()
    assert tg.arange(3, out=tg.zeros(3)).dtype == tg.float32
    assert tg.zeros(2, out=tg.ones(2)).tolist() == [0, 0]


def test_while_it_is_watched() -> None:
    with tg.autograd.detect_anomaly():
        assert tg.exp(tg.zeros(2), out=tg.zeros(2)).tolist() == [1, 1]


def test_none_is_no_out() -> None:
    assert tg.exp(tg.zeros(1), out=None).tolist() == [1] == tg.add(tg.zeros(1), 1, out=None).tolist()


def test_a_leaf_of_another_shape_learns_its_new_shape() -> None:
    w = tg.ones(2, requires_grad=True)
    with tg.no_grad(), pytest.warns(UserWarning, match="out has shape"):
        tg.add(tg.ones(3), 1, out=w)
    (w * w).sum().backward()
    assert w.grad is not None and w.grad.tolist() == [4, 4, 4]
    h = w * 2
    with tg.no_grad(), pytest.warns(UserWarning), pytest.raises(tg.autograd.errors.ShapeError, match="recorded with"):
        tg.add(tg.ones(2), 1, out=h)


def test_nothing_is_written_where_one_of_several_cannot_be() -> None:
    values, indices = tg.zeros(2), tg.zeros(1, dtype=tg.int64).expand(2)
    with pytest.raises(tg.autograd.errors.ReadOnlyError, match="max with out="):
        tg.max(tg.tensor([[1.0, 5.0], [7.0, 2.0]]), 1, out=(values, indices))
    assert values.tolist() == [0, 0]
