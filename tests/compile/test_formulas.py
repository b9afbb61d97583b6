"""The formulas and lines of standalone files give the bits of the ops, in the same order of memory."""

from __future__ import annotations

import inspect
import itertools
from copy import deepcopy

import numpy as np
import pytest
from programs import same_bits

import tinygrad_bp as tg
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.compiler.formulas import FORMULAS
from tinygrad_bp.compiler.standalone import FormulaError, text_of
from tinygrad_bp.verify.contracts import draw

NAMED = {name: formula for name, formula in FORMULAS.items() if name in OPS and not OPS[name].draws}


def calls(name, orders):
    """Operands of every sample, of both sizes of floats and in each order of memory, and its parameters."""
    for sample in OPS[name].samples:
        for dtype, order in itertools.product((np.float64, np.float32), orders):
            arrays = [np.array(a, order=order) for a in draw(OPS[name], sample, dtype=dtype)]
            if not any(a.dtype.kind == "c" for a in arrays):
                yield ((arrays,) if OPS[name].variadic else tuple(arrays)), sample.params


def lies_as(array):
    """The steps in memory along dimensions that have any."""
    return [step for size, step in zip(array.shape, array.strides) if size > 1]


def assert_same(found, wanted) -> None:
    assert len(found) == len(wanted)
    for a, b in zip(map(np.asarray, found), map(np.asarray, wanted), strict=True):
        assert same_bits(a, b) and (not a.size or lies_as(a) == lies_as(b))


@pytest.mark.parametrize("name", NAMED)
def test_a_formula_is_the_op(name) -> None:
    op = OPS[name]
    for operands, given in calls(name, "CF"):
        params = {**op.params, **given}.values()
        with np.errstate(all="ignore"):
            found, wanted = NAMED[name](*operands, *params), op.forward(*operands, *params)
        assert_same(*((a if op.residuals else (a,)) for a in (found, wanted)))


@pytest.mark.parametrize("name", [name for name in FORMULAS if name in OPS])
def test_a_formula_takes_what_the_op_takes(name) -> None:
    inputs = [part.strip("*") for part in OPS[name].inputs]
    assert list(inspect.signature(FORMULAS[name]).parameters) == [*inputs, *OPS[name].params]


# Of large arrays the engine takes other ways: rows one group at a time, sums as products, places one by one.
_conv = {"stride": (1, 1), "padding": ((1, 1), (0, 0)), "dilation": (1, 1), "groups": 1}
LARGE = {
    "softmax": ([(300, 10)], {"axis": -1}), "log_softmax": ([(20, 30, 10)], {"axis": 2}),
    "masked_softmax": ([(2, 200, 10)], {}), "relu": ([(80, 80)], {}), "gelu": ([(300, 200)], {"approximate": "none"}),
    "convolution": ([(60, 8, 14, 14), (4, 8, 3, 3)], _conv),
    "transposed_convolution": ([(60, 4, 14, 12), (4, 8, 3, 3)], {"size": (14, 14), **_conv}),
    "convolution_weight": ([(60, 8, 14, 14), (60, 4, 14, 12)], {"kernel": (3, 3), **_conv}),
    "batch_norm": ([(300, 20), (20,), (20,)], {}), "layer_norm": ([(300, 20), (20,), (20,)], {}),
    "vector_norm": ([(90, 90)], {}), "prelu": ([(80, 80), (80,)], {}), "hardswish_slope": ([(80, 80)], {}),
    "put": ([(3, 5000), lambda rng: rng.integers(0, 50, (3, 5000))], {"size": 60}),
    "add_rows": ([(5000, 20), lambda rng: rng.integers(0, 50, 5000)], {"size": 60}),
    "place": ([(5000, 20)], {"shape": (60, 20), "index": np.arange(5000) % 60}),
    "window_argmax": ([(8, 3, 20, 20)], {"tables": (np.arange(20).reshape(10, 2),) * 2, "padding": ((0, 0), (0, 0))}),
    "rnn": ([(9, 40, 30), (40, 30), (30, 30)], {}), "gru": ([(9, 40, 90), (40, 30), (90, 30), (90,)], {}),
    "lstm": ([(9, 40, 20), (40, 30), (40, 30), (120, 20), (120, 30), (120,)], {}),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_a_formula_of_large_arrays_is_the_op(name) -> None:
    rng, op = np.random.default_rng(0), OPS[name]
    shapes, params = LARGE[name]
    operands = [s(rng) if callable(s) else rng.standard_normal(s).astype(np.float32) for s in shapes]
    given = {**op.params, **params}.values()
    found, wanted = NAMED[name](*operands, *given), op.forward(*operands, *given)
    assert_same(*((a if op.residuals else (a,)) for a in (found, wanted)))


def line_of(name, operands, params):
    """The text of a program of one op, and what that gives; None for an op without a line."""
    op = OPS[name]
    tensors = [list(map(tg.tensor, item)) if isinstance(item, list) else tg.tensor(item) for item in operands]
    with np.errstate(all="ignore"), tg.no_grad():
        try:
            program = tg.program(lambda *given: op.function(*given, **deepcopy(params)), *tensors)
            return text_of(program), op.function(*tensors, **params).numpy()
        except FormulaError:
            return None


LINES = {name for name in list(OPS) if not OPS[name].draws and any(line_of(name, *call) for call in itertools.islice(
    calls(name, "C"), 1))}  # fmt: skip


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_line_is_the_op(name) -> None:
    for operands, params in calls(name, "C"):
        (text, wanted), space = line_of(name, operands, params), {}
        exec(text, space)
        with np.errstate(all="ignore"):
            assert same_bits(space["step"](*(operands[0] if OPS[name].variadic else operands)), wanted)


@pytest.mark.parametrize(("order", "lead"), [(None, None), ((1, 0, 2), None), (None, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_masks_are_those_of_the_stream(order, lead, dtype) -> None:
    stream, bits = tg.Generator().manual_seed(3), np.random.MT19937()
    stream.words(5)
    key, place = stream.words_ahead()
    bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": place}}
    for _ in range(3):
        found, wanted = (
            mask((7, 5, 6), 0.3, generator, np.dtype(dtype), order, lead)
            for mask, generator in ((FORMULAS["dropout_mask"], bits), (OPS["dropout_mask"].forward, stream))
        )
        assert_same([found], [wanted])


def test_there_are_formulas() -> None:
    assert {"sigmoid", "cross_entropy", "mse_loss", "relu", "softmax", "convolution", "lstm"} <= set(NAMED)
    assert {*NAMED, "linear", "matmul", "sum", "where", "sign", "clip", "take_rows", "getitem", "exp"} <= LINES
