"""Every form that C has of an op, on every sample of the op: both kinds of floats, all kinds of arrays and numbers."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import TargetError
from tinygrad_bp.autograd.gathering import gather
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.compiler import c_backend
from tinygrad_bp.compiler.build import BuildError, compiler
from tinygrad_bp.compiler.c_forms import called, form, sampled
from tinygrad_bp.compiler.c_lowering import supported
from tinygrad_bp.program import evaluate
from tinygrad_bp.program.program import Program
from tinygrad_bp.verify.contracts import draw

try:
    compiler()
except BuildError as error:
    pytest.skip(str(error), allow_module_level=True)
gather()

UNITS = 16  # in the last place of the largest number of a result
# Squares of the largest numbers overflow here; the ops scale them first.
SQUARES = {"layer_norm", "standard_rows", "norm_pull", "batch_norm", "batch_moments"}


Call = tuple[str, Program, list[Any]]


def shapes_of(op: Op) -> list[tuple[Any, ...]]:
    """Shapes for elementwise ops beside those of the samples: 0-d, empty, and more than a group of 16."""
    return [(), (0, 2), (2, 17)] if op.kind == "elementwise" else []


@cache
def calls(dtype: Any) -> list[Call]:
    """What C has of each op: its samples, and for elementwise ops its first sample's numbers in other shapes."""
    found = []
    for op in OPS.values():
        each = list(sampled(op, draw, dtype))
        if each and not op.variadic and each[0][1]:
            first = op.samples[0].params
            for shape in shapes_of(op):
                given = [np.resize(array, shape) for array in each[0][1]]
                program = called(op, given, first)
                each += [(program, given)] if program is not None else []
        found += [(f"{op.name}-{i}", *one) for i, one in enumerate(each) if supported(one[0])]
    return found


def together(part: list[Call]) -> Program:
    """Many programs of one step as one: compilers take a while to begin."""
    return Program(
        tuple(value for _, program, _ in part for value in program.inputs),
        tuple(step for _, program, _ in part for step in program.steps),
        tuple(value for _, program, _ in part for value in program.outputs), {},
    )  # fmt: skip


def near(found: Any, wanted: Any, units: float) -> bool:
    """Equal, but for some units in the last place of the largest number."""
    if found.dtype != wanted.dtype or found.shape != wanted.shape:
        return False
    if wanted.dtype.kind != "f":
        return np.array_equal(found, wanted)
    finite = np.abs(wanted[np.isfinite(wanted)])
    eps = units * np.finfo(wanted.dtype).eps
    with np.errstate(all="ignore"):
        return np.allclose(found, wanted, rtol=eps, atol=eps * finite.max(initial=0), equal_nan=True)


def overflows(name: str, arrays: list[Any]) -> bool:
    """Whether squares overflow that the op, but not C, keeps from it."""
    return name.split("-")[0] in SQUARES and any((np.abs(array) > 1e18).any() for array in arrays)


def spoilt(array: Any, by: Any) -> Any:
    """Every third number, where they are floats, is one of ``by``."""
    if array.dtype.kind != "f":
        return array
    found = array.copy()
    places = found.reshape(-1)
    places[::3] = np.resize(np.asarray(by, array.dtype), places[::3].shape)
    return found


def spread(array: Any) -> Any:
    """The same numbers with room between them."""
    wide = np.zeros(tuple(2 * n for n in array.shape), array.dtype)
    inner = wide[(..., *[slice(None, None, 2)] * array.ndim)]
    inner[...] = array
    return inner


ARRAYS = {
    "as drawn": lambda array: array,
    "with room between": spread,
    "with infinities": lambda array: spoilt(array, [np.inf, -np.inf]),
    "with NaN and zeros": lambda array: spoilt(array, [np.nan, 0.0, -0.0]),
}


PARTS = 6


def wanted_of(program: Program, arrays: list[Any]) -> Any:
    """What the op gives; None where it refuses such numbers."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.asarray(evaluate(program, arrays)[0][0])
        except (TargetError, IndexError):
            return None


def right(found: Any, wanted: Any) -> bool:
    return wanted is None or near(found, wanted, UNITS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("start", range(PARTS))
def test_every_form_gives_what_the_op_gives(dtype, start) -> None:
    part = calls(dtype)[start::PARTS]
    runnable = c_backend.build(together(part))
    assert isinstance(runnable, c_backend.Runnable)
    wrong = []
    for kind, make in ARRAYS.items():
        given = [list(map(make, arrays)) for _, _, arrays in part]
        found = runnable(*[array for arrays in given for array in arrays])
        for (name, program, _), arrays, result in zip(part, given, found, strict=True):
            if not overflows(name, arrays) and not right(result, wanted_of(program, arrays)):
                wrong.append((name, kind))
    assert not wrong


def test_arrays_that_lie_column_by_column(plain_c: None) -> None:
    part = [call for call in calls(np.float32) if any(array.ndim > 1 for array in call[2])]
    for start in range(PARTS):
        some = part[start::PARTS]
        arrays = [np.array(array, order="F") for _, _, each in some for array in each]
        found = c_backend.build(together(some))(*arrays)
        wrong = [
            name for (name, program, each), result in zip(some, found, strict=True)
            if not overflows(name, each) and not right(result, wanted_of(program, each))
        ]  # fmt: skip
        assert not wrong


def test_numbers_of_places_are_looked_at_first() -> None:
    """Of each op that is told places by integers: one too many, and one below 0, is the op's own matter."""
    for name, size in {"take_rows": 4, "add_rows": 4, "picked": 5, "put": 5, "unpooled": 5}.items():
        program, arrays = next(sampled(OPS[name], draw))
        size = program.steps[0].params.get("size", size)
        runnable = c_backend.build(program)
        for bad in (size, -size - 1):
            index = arrays[1].copy()
            index.flat[0] = bad
            wanted = wanted_of(program, [arrays[0], index])
            if wanted is None:
                with pytest.raises(IndexError):
                    runnable(arrays[0], index)
            else:
                assert near(runnable(arrays[0], index)[0], wanted, 0)
        assert near(runnable(*arrays)[0], wanted_of(program, arrays), UNITS)


def test_a_form_is_said_of_each_op() -> None:
    forms = {op.name: form(op, draw) for op in OPS.values()}
    assert set(forms.values()) == {"yes", "in part", ""}
    assert (forms["convolution"], forms["exp"], forms["eigh"]) == ("yes", "in part", "")  # exp: not of complex numbers


def test_numbers_that_a_program_computes_name_no_places_in_c() -> None:
    def rows(x, weight):
        return tg.nn.functional.embedding((x > 0).long(), weight)

    program = tg.program(rows, tg.ones(3), tg.ones(2, 4))
    assert isinstance(c_backend.build(program), c_backend.Parts)
    arrays = np.array([1, -1, 2], np.float32), np.arange(8, dtype=np.float32).reshape(2, 4)
    assert near(c_backend.build(program)(*arrays)[0], arrays[1][[1, 0, 1]], 0)


def test_a_label_of_a_view_is_looked_at_too() -> None:
    def loss(x, labels):
        return tg.nn.functional.cross_entropy(x, labels.view(-1))

    program = tg.program(loss, tg.ones(4, 3), tg.zeros(2, 2, dtype=tg.int64))
    runnable = c_backend.build(program)
    scores, labels = np.eye(4, 3, dtype=np.float32), np.array([[0, 1], [2, 3]])
    with pytest.raises(TargetError, match="class index 3 is out of range"):
        runnable(scores, labels)


def test_windows_beside_rows_that_lie_side_by_side() -> None:
    """Their axes have one step and one size, two by two."""

    def product(x, w):
        rows = tg.nn.functional.linear(x.reshape(6, 9), w, w[:, 0] * 0)
        windows = OPS["windows"].function(x, (2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1))
        return (rows.reshape(6, 1, 2, 2, 2, 2) * windows).exp().sum(0)

    program = tg.program(product, tg.ones(6, 1, 3, 3), tg.ones(16, 9))
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(value.shape).astype(np.float32) for value in program.inputs]
    assert near(c_backend.build(program)(*arrays)[0], evaluate(program, arrays)[0][0], 64)
