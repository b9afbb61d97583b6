"""Where addresses have 32 bits, in a browser say, NumPy counts in int32: indices and counts are int64 all the same.

Derived from a call of every public function. On a 64-bit machine NumPy is made to count in int32, which imitates such a
platform as far as functions can be replaced (``np.add.reduce`` cannot); on a 32-bit one the tests run as they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import public_calls as pc
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.verify import contracts

# What NumPy returns as wide as addresses are, whatever it is given.
POSITIONS = """
argmax argmin argsort argpartition argwhere nonzero flatnonzero count_nonzero searchsorted digitize bincount lexsort
unravel_index ravel_multi_index tril_indices triu_indices indices unique
""".split()  # noqa: SIM905
CREATED = ["arange", "array", "asarray"]  # of Python's integers, without dtype
ADDED = ["sum", "prod", "cumsum", "cumprod"]  # of booleans and narrow integers
NARROW = ("lu_factor", "lu_unpack", "lu(", "frexp", "solve_ex", "inv_ex", "cholesky_ex", "ldl")  # int32 in PyTorch too
CALLS = [call for call in pc.CALLS if not call.startswith("np.") and "empty" not in call]


def narrowed(result: Any) -> Any:
    if isinstance(result, tuple):
        parts = map(narrowed, result)
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    if isinstance(result, int) and not isinstance(result, bool):
        return result
    return result.astype(np.int32) if getattr(result, "dtype", None) == np.int64 else result


def holds_arrays(data: Any) -> bool:
    return any(map(holds_arrays, data)) if isinstance(data, (list, tuple)) else hasattr(data, "dtype")


def counting_narrowly(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def narrow(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if name in POSITIONS and name != "unique":
            return narrowed(result)
        if name == "unique":
            return (result[0], *map(narrowed, result[1:])) if isinstance(result, tuple) else result
        given = args[:1] if name != "arange" else args
        wide = any(getattr(a, "dtype", None) == np.int64 for a in given) or any(map(holds_arrays, given))
        typed = kwargs.get("dtype") is not None or (name in CREATED and len(args) > 1 and name != "arange")
        added = name in ADDED and getattr(args[0], "dtype", np.dtype(np.int64)) != np.int64
        return narrowed(result) if not typed and (added or (name in CREATED and not wide)) else result

    return narrow


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    if np.dtype(np.intp) == np.int64:
        for name in (*POSITIONS, *CREATED, *ADDED):
            monkeypatch.setattr(np, name, counting_narrowly(name))


def integers(result: Any) -> Iterator[tg.Tensor]:
    if isinstance(result, (tuple, list)):
        for part in result:
            yield from integers(part)
    elif isinstance(result, tg.Tensor) and result.dtype.kind in "iu":
        yield result


def run(call: str) -> list[tg.Tensor]:
    tg.manual_seed(0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return list(integers(eval(call, pc.names(tg.tensor))))


@pytest.mark.parametrize("call", CALLS)
def test_integers_are_int64(call: str, request: pytest.FixtureRequest) -> None:
    wanted = run(call)
    request.getfixturevalue("narrow")
    found = run(call)
    assert [(x.dtype, x.tolist()) for x in found] == [(x.dtype, x.tolist()) for x in wanted]
    assert any(name in call for name in NARROW) or all(x.dtype == np.int64 for x in found)


def found(op: Op, arrays: list[Any], sample: Any) -> list[Any]:
    """The integers of an op on a sample, and their dtype."""
    tg.manual_seed(0)
    with np.errstate(all="ignore"):
        result = contracts.run(op, [tg.tensor(array) for array in arrays], sample)
    return [(x.dtype, x.tolist()) for x in integers(result)]


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_an_op_gives_the_same_integers(op: Op, request: pytest.FixtureRequest) -> None:
    """Also those that no public function shows."""
    drawn = [(contracts.draw(op, sample), sample) for sample in op.samples]
    wanted = [found(op, arrays, sample) for arrays, sample in drawn]
    request.getfixturevalue("narrow")
    assert [found(op, arrays, sample) for arrays, sample in drawn] == wanted


def test_the_imitation_counts_narrowly(narrow: None) -> None:
    """Without int64 written out, each of these would be int32."""
    assert np.arange(3).dtype == np.argmax([1]).dtype == np.asarray([1]).dtype == np.sum(np.ones(2, bool)).dtype == "i4"
    assert np.nonzero(np.ones(2))[0].dtype == np.unique([1], return_counts=True)[1].dtype == "i4"
    assert np.arange(3, dtype=np.int64).dtype == np.cumsum(np.ones(2, np.int64)).dtype == "i8"


@pytest.mark.parametrize("call, text", [
    ("T.tensor([1, 2])", "tensor([1, 2])"), ("T.arange(3)", "tensor([0, 1, 2])"), ("T.tensor(3)", "tensor(3)"),
    ("T.randint(9, (2,)) * 0", "tensor([0, 0])"), ("T.randperm(2) * 0", "tensor([0, 0])"),
    ("T.tensor([0.0, 1.0]).argmax()", "tensor(1)"), ("T.tensor([[True]]).sum()", "tensor(1)"),
    ("T.full((1,), 7)", "tensor([7])"), ("T.nonzero(T.ones(1))", "tensor([[0]])"),
])  # fmt: skip
def test_they_are_shown_without_a_dtype(call: str, text: str, narrow: None) -> None:
    assert repr(eval(call, {"T": tg})) == text


@pytest.mark.parametrize("seed", [2**31, 2**32 + 5, 2**63 - 1])
def test_seeds_have_64_bits(seed: int, narrow: None) -> None:
    tg.manual_seed(seed)
    assert tg.initial_seed() == seed
    drawn = tg.randint(2**40, (3,))
    tg.manual_seed(seed)
    assert drawn.dtype == np.int64 and tg.equal(tg.randint(2**40, (3,)), drawn)
