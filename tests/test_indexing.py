"""Reading and writing at an index, and all that moves elements: PyTorch's numbers in three orders, and NumPy's own.

Golden numbers: tests/golden/make_shapes.py.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, basic_indices, integer_array_indices
from shape_calls import calls, flat, names, results

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import (
    ArgumentError,
    DtypeError,
    IndexRangeError,
    LeafWriteError,
    ModifiedError,
    ShapeError,
)
from tinygrad_bp.ops.passes import add_at, read_at

GOLDEN = json.loads((Path(__file__).parent / "golden" / "shapes.json").read_text())


def test_every_call_has_golden_numbers() -> None:
    assert list(GOLDEN) == calls()


def compare(call: str, expected) -> None:
    found = results(tg, call)
    np.testing.assert_allclose(flat(found["value"]), flat(expected["value"]), rtol=1e-7, err_msg=call)
    assert np.shape(found["value"]) == np.shape(expected["value"])
    for order in ("first", "second"):
        assert found[order].keys() == expected[order].keys(), (call, order)
        for name, gradient in expected[order].items():
            assert np.shape(found[order][name]) == np.shape(gradient)
            np.testing.assert_allclose(flat(found[order][name]), flat(gradient), rtol=1e-6, atol=1e-9, err_msg=call)


@pytest.mark.parametrize("call", calls())
def test_value_gradient_and_second_gradient_are_pytorchs(call: str) -> None:
    compare(call, GOLDEN[call])


@pytest.mark.parametrize("order", ["value", "first", "second"])
def test_a_wrong_golden_number_is_noticed(order: str) -> None:
    call = 'T.scatter_reduce(x, 0, i, y, "prod")'
    wrong = copy.deepcopy(GOLDEN[call])
    rows = wrong[order] if order == "value" else wrong[order]["x"]
    rows[1][2] += 0.001
    with pytest.raises(AssertionError):
        compare(call, wrong)


# ---------------------------------------------------------------------- NumPy's own reading

INDEXES = [
    0, -1, slice(None, None, -1), slice(2, 0, -1), (slice(None), slice(None, None, -2)), (..., 1), (None, ..., None),
    (1, ..., None, 2), [0, 0, 2], ([0, 1], [1, 1]), (slice(1, 3), [3, 3, 0]), ([2, 0], slice(None), 1), ((0, 0),),
    (np.array([[0, 1], [2, 2]]),), (np.array([0, 2])[:, None], np.array([1, 1, 3])), range(2), [],
    np.array([True, False, True]), (slice(None), np.array([True, False, False, True])), True, False, np.int64(1),
    (np.array([True, False, True]), [1, 2]), ([0, 1], None, [2, 2]), (slice(0, 0),), np.array(2),
]  # fmt: skip


@pytest.mark.parametrize("index", INDEXES, ids=[str(i).replace("\n", " ") for i in INDEXES])
def test_an_index_reads_and_writes_what_numpy_reads_and_writes(index) -> None:
    array = np.random.default_rng(0).standard_normal((3, 4, 2))
    try:
        expected = array[index]
    except IndexError:
        with pytest.raises(IndexError):
            tg.tensor(array)[index]
        return
    x = tg.tensor(array, requires_grad=True)
    result = x[index]
    np.testing.assert_array_equal(result.detach().numpy(), expected)
    w = np.random.default_rng(1).standard_normal(expected.shape)
    (gradient,) = tg.autograd.grad(result, x, tg.tensor(w))
    truth = np.zeros_like(array)
    np.add.at(truth, index, w)
    np.testing.assert_allclose(gradient.detach().numpy(), truth, atol=1e-14)

    written, plain = tg.tensor(array), np.array(array)
    written[index] = 5.0
    plain[index] = 5.0
    np.testing.assert_array_equal(written.detach().numpy(), plain)


@given(shape=array_shapes(max_dims=4, max_side=4), data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_index_reads_what_numpy_reads(shape: tuple[int, ...], data) -> None:
    array = np.arange(float(np.prod(shape))).reshape(shape)
    kinds = [basic_indices(shape, allow_newaxis=True), integer_array_indices(shape), arrays(np.bool_, shape)]
    index = data.draw(st.one_of(kinds))
    x = tg.tensor(array, requires_grad=True)
    result = x[index]
    np.testing.assert_array_equal(result.detach().numpy(), array[index])
    result.backward(tg.ones(result.shape, dtype=tg.float64))
    truth = np.zeros(shape)
    np.add.at(truth, index, 1.0)
    np.testing.assert_array_equal(x.grad.numpy(), truth)


@pytest.mark.parametrize("call", ["x[j]", "x.gather(0, i)", "x.index_add(0, k - 1, y)", "x.masked_fill(m, 1)", "x[m]",
                                  "x.take(flat)", "x.scatter(0, i, y)"])  # fmt: skip
def test_an_index_written_since_is_refused(call: str) -> None:
    tensors = names(tg)
    tensors["k"] = tensors["k"] - 1
    result = eval(call.replace("k - 1", "k"), tensors)
    for name in ("i", "j", "k", "flat", "m"):
        tensors[name].zero_()
    with pytest.raises(ModifiedError):
        result.sum().backward()


def test_a_position_named_twice_in_nested_tuples_is_counted_twice() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    x[((0, 0),)].sum().backward()
    assert x.grad.tolist() == [2.0, 0.0]


def test_a_value_may_have_dimensions_of_size_1_in_front() -> None:
    value = tg.ones(1, 1, 3, requires_grad=True)
    x = tg.zeros(2, 3, requires_grad=True) * 1
    x[0] = value
    (x * x).sum().backward()
    assert value.grad.tolist() == [[[2.0, 2.0, 2.0]]]


# ---------------------------------------------------------------------- in place


@pytest.mark.parametrize("call", [
    "index_add(0, k - 1, y)", "index_copy(0, k - 1, y)", "index_fill(0, j[:2], 5.0)", "masked_fill(m, 7.0)",
    "masked_scatter(m, c)", "put(k, v[:2])", "scatter(0, i[:1], y[:1])", "scatter_add(0, i, y)", "tril(1)", "triu(1)",
    "index_put((k - 1,), y, accumulate=True)", "scatter_reduce(0, i, y, 'amax')",
])  # fmt: skip
def test_the_writing_form_gives_the_same_value_and_gradient(call: str) -> None:
    name, rest = call.split("(", 1)
    tensors = names(tg)
    x, leaves = tensors["x"], [tensors[n] for n in "xycv"]
    expected = eval(f"x.{call}", tensors)
    written = x * 1
    tensors["z"] = written
    assert eval(f"z.{name}_({rest}", tensors) is written
    np.testing.assert_array_equal(written.detach().numpy(), expected.detach().numpy())
    for a, b in zip(
        tg.autograd.grad((written * written).sum(), leaves, allow_unused=True),
        tg.autograd.grad((expected * expected).sum(), leaves, allow_unused=True),
        strict=True,
    ):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    with pytest.raises(LeafWriteError):
        tensors["z"] = x
        eval(f"z.{name}_({rest}", tensors)


def test_the_writing_form_writes_memory_that_does_not_record() -> None:
    x = tg.zeros(3)
    alias = x[:2]
    x.scatter_(0, tg.tensor([1]), 4.0)
    assert alias.tolist() == [0.0, 4.0]


def test_the_forms_that_change_the_shape_keep_the_memory() -> None:
    x = tg.zeros(1, 3)
    memory = x.detach().numpy()
    assert x.squeeze_(0) is x
    assert x.unsqueeze_(-1).shape == (3, 1)
    assert x.t_().shape == x.transpose_(0, 1).swapaxes_(0, 1).shape == (1, 3)
    assert np.shares_memory(x.detach().numpy(), memory)
    w = tg.ones(2, 1, requires_grad=True)
    y = w * 2
    y.squeeze_(1)
    (y * tg.tensor([1.0, 2.0])).sum().backward()
    assert w.grad.tolist() == [[2.0], [4.0]]
    with pytest.raises(LeafWriteError, match="squeeze_"), tg.no_grad():
        w.squeeze_()


# ---------------------------------------------------------------------- searching


def test_positions() -> None:
    x = tg.tensor([[0.0, 2.0], [3.0, 0.0]])
    assert tg.nonzero(x).tolist() == tg.argwhere(x).tolist() == [[0, 1], [1, 0]]
    assert [part.tolist() for part in x.nonzero(as_tuple=True)] == [[0, 1], [1, 0]]
    assert [part.tolist() for part in tg.where(x > 0)] == [[0, 1], [1, 0]]
    assert tg.nonzero(tg.tensor(5)).shape == (1, 0)
    assert [part.tolist() for part in tg.unravel_index(tg.tensor([1, 2]), (2, 2))] == [[0, 1], [1, 0]]
    assert tg.isin(tg.tensor([1, 2]), tg.tensor([2, 3]), invert=True).tolist() == [True, False]


def test_searchsorted_and_bucketize() -> None:
    steps = tg.tensor([[1, 3, 5], [2, 4, 6]])
    assert tg.searchsorted(steps, tg.tensor([[3, 6], [3, 6]])).tolist() == [[1, 3], [1, 2]]
    assert tg.searchsorted(steps, tg.tensor([[3, 6], [3, 6]]), right=True).tolist() == [[2, 3], [1, 3]]
    assert tg.searchsorted(steps[0], 3, side="right").item() == 2
    assert tg.searchsorted(tg.tensor([5, 1, 3]), tg.tensor([2]), sorter=tg.tensor([1, 2, 0])).tolist() == [1]
    assert tg.bucketize(tg.tensor([0, 1, 9]), tg.tensor([1, 5]), right=True).tolist() == [0, 1, 2]
    assert tg.searchsorted(steps[0], tg.tensor([1]), out_int32=True).dtype == tg.int32
    with pytest.raises(ShapeError, match=r"sequence \(2, 3\) and input \(2,\)"):
        tg.searchsorted(steps, tg.tensor([1, 2]))
    with pytest.raises(ArgumentError, match="side"):
        tg.searchsorted(steps[0], 1, right=True, side="left")


def test_unique_gives_the_gradient_to_the_first_of_equals() -> None:
    x = tg.tensor([3.0, 1.0, 3.0], requires_grad=True)
    values, inverse, counts = tg.unique(x, return_inverse=True, return_counts=True)
    assert (values.tolist(), inverse.tolist(), counts.tolist()) == ([1.0, 3.0], [1, 0, 1], [1, 2])
    (values * tg.tensor([10.0, 20.0])).sum().backward()
    assert x.grad.tolist() == [20.0, 10.0, 0.0]
    assert tg.unique(tg.tensor([[1, 2], [1, 2], [0, 1]]), dim=0).tolist() == [[0, 1], [1, 2]]
    runs, inverse, counts = tg.unique_consecutive(tg.tensor([1, 1, 2, 1]), True, True)
    assert (runs.tolist(), inverse.tolist(), counts.tolist()) == ([1, 2, 1], [0, 0, 1, 2], [2, 1, 1])
    assert tg.unique_consecutive(tg.tensor([[1, 1, 2]]), dim=1).tolist() == [[1, 2]]


# ---------------------------------------------------------------------- numbers of other kinds

COMPLEX = [
    "x.gather(0, i)", "x.scatter(0, i[:1], y[:1])", "x.index_add(0, k - 1, y)", "x[i[:, 0]]", "x.unfold(1, 2, 1)",
    "x.diagonal(1)", "T.tril(x)", "T.roll(x, 1)", "x.masked_fill(m, 1j)", "F.pad(x, (1, 1), 'circular')",
]  # fmt: skip


@pytest.mark.parametrize("call", COMPLEX)
def test_complex_numbers_move_like_their_parts(call: str) -> None:
    tensors = names(tg)
    z = tg.complex(tensors["x"], tensors["x"] * 2).detach().requires_grad_(True)
    u = tg.complex(tensors["y"], tensors["y"] * 3).detach().requires_grad_(True)
    result = eval(call, {**tensors, "x": z, "y": u})
    parts = [
        eval(call.replace("1j", number), {**tensors, "x": getattr(z, part).detach(), "y": getattr(u, part).detach()})
        for part, number in (("real", "0.0"), ("imag", "1.0"))
    ]
    np.testing.assert_array_equal(result.detach().numpy(), parts[0].detach().numpy() + 1j * parts[1].detach().numpy())
    w = np.arange(result.numel()).reshape(result.shape) * (1 + 2j)
    (gradient,) = tg.autograd.grad(result, z, tg.tensor(w))
    real = tensors["x"].detach().requires_grad_(True)
    plain = eval(call.replace("1j", "1.0"), {**tensors, "x": real})
    (expected,) = tg.autograd.grad(plain, real, tg.tensor(w.real))
    np.testing.assert_allclose(gradient.detach().numpy(), expected.detach().numpy() * (1 + 2j))


def test_integers_stay_integers() -> None:
    x = tg.tensor([[5, 6], [7, 8]])
    index = tg.tensor([[0, 0]])
    for result in (x.gather(0, index), x.scatter_add(0, index, x), x.index_fill(0, tg.tensor([0]), 9), tg.roll(x, 1),
                   x.scatter_reduce(0, index, x, "amax", include_self=False), tg.tril(x),
                   tg.nn.functional.pad(x, (1, 1)), x.masked_fill(x > 5, 0), x.repeat(2, 1),
                   x.scatter_reduce(0, index, x, "mean")):  # fmt: skip
        assert result.dtype == tg.int64
    assert x.scatter_reduce(0, index, x, "amax", include_self=False).tolist() == [[5, 6], [7, 8]]


def test_infinities_stay_where_they_are() -> None:
    x = tg.tensor([[np.inf, 1.0], [2.0, -np.inf]], requires_grad=True)
    for result, passed in (
        (x.diagonal_scatter(tg.zeros(2)), [[0.0, 1.0], [1.0, 0.0]]),
        (x.masked_fill(tg.isinf(x), 0.0), [[0.0, 1.0], [1.0, 0.0]]),
        (x.scatter_reduce(0, tg.zeros(0, dtype=tg.int64), x, "sum"), [[1.0, 1.0], [1.0, 1.0]]),
        (x.scatter_reduce(0, tg.tensor([[1, 0]]), tg.ones(1, 2), "amax"), [[1.0, 0.5], [1.0, 1.0]]),
        (x.tril(-1), [[0.0, 0.0], [1.0, 0.0]]),
    ):
        assert not tg.isnan(result).any()
        (gradient,) = tg.autograd.grad(result, x, tg.ones(2, 2))
        assert gradient.tolist() == passed


# ---------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(("call", "error", "message"), [
    ("x.gather(0, T.tensor([[9]]))", IndexRangeError, "out of bounds"),
    ("x.gather(0, T.tensor([1]))", ShapeError, r"index \(1,\) must have as many dimensions as the tensor, \(3, 4\)"),
    ("x.gather(2, i)", IndexRangeError, "expected to be in range"),
    ("x.gather(0, x)", DtypeError, "an index holds integers, got float64"),
    ("x.masked_fill(i, 1)", DtypeError, "the mask must hold booleans, got int64"),
    ("x.masked_fill(m, 1j)", ArgumentError, "complex value does not fit in float64"),
    ("x.masked_fill(m, w)", ShapeError, "one number or a 0-d tensor"),
    ("x.masked_scatter(m, v[:2])", ShapeError, "the mask holds 6 times, source has 2 elements"),
    ("x.scatter(0, i, y[:1])", ShapeError, "must be no larger anywhere than src"),
    ("x.scatter(0, i, y, reduce='min')", ArgumentError, "'add' or 'multiply'"),
    ("x.scatter(0, i)", ArgumentError, "give src"),
    ("x.scatter_reduce(0, i, y, 'max')", ArgumentError, "sum, prod, mean, amax, amin"),
    ("x.index_add(0, k, w)", ShapeError, r"source has shape \(4,\), the slices \(2, 4\)"),
    ("x.index_select(0, i)", ShapeError, "the index has one dimension"),
    ("x.put(k, w)", ShapeError, "one element for each index, got 4 for 2"),
    ("x.narrow(0, 2, 2)", IndexRangeError, "start 2 and length 2 leave dimension 0, of size 3"),
    ("x.split([1, 1])", ShapeError, r"sizes \[1, 1\] must be at least 0 and add up to 3"),
    ("x.split(0)", ArgumentError, "must be positive"),
    ("x.chunk(0)", ArgumentError, "at least one piece"),
    ("x.vsplit(2)", ShapeError, "2 equal pieces do not divide dim 0"),
    ("p.unbind()", ShapeError, "0-d tensor"),
    ("x.select(0, 3)", IndexRangeError, "out of bounds"),
    ("x.select_scatter(v, 0, 1)", ShapeError, r"src has shape \(5,\), the part it replaces \(4,\)"),
    ("x.diagonal(0, 1, 1)", ArgumentError, "two different dimensions"),
    ("T.diag(c)", ShapeError, "use diagonal or diag_embed"),
    ("T.tril(v)", ShapeError, "at least 2 dimensions"),
    ("x.unflatten(1, (3, 2))", ShapeError, "do not multiply up to the size of dim 1, 4"),
    ("x.movedim((0, 1), 0)", ArgumentError, "equally many"),
    ("T.broadcast_tensors(x, v)", ShapeError, r"\(3, 4\), \(5,\) do not broadcast"),
    ("x.sum_to_size(3, 2)", ShapeError, r"\(3, 2\) does not broadcast to \(3, 4\)"),
    ("x.repeat(-1)", ShapeError, "must give each dimension"),
    ("T.rot90(x, 1, (0, 0))", ArgumentError, "each dimension can be named once"),
    ("T.roll(x, (1, 2))", ArgumentError, "need as many dims"),
    ("x.unfold(0, 4, 1)", ShapeError, "size 4, step 1 do not fit"),
    ("T.as_strided(x, (4, 4), (4, 1))", IndexRangeError, "reach element 15 of the 12"),
    ("F.pad(x, (4, 0), 'reflect')", ShapeError, "cannot make 4 elements of the 4"),
    ("F.pad(x, (1, 2, 3))", ShapeError, "two numbers for each"),
    ("F.pad(x, (-3, -2))", ShapeError, "takes more away"),
    ("F.pad(x, (1, 1), 'mirror')", ArgumentError, "constant, reflect, replicate or circular"),
    ("T.hstack([])", ArgumentError, "at least one tensor"),
    ("T.cartesian_prod(x, v)", ShapeError, "products of vectors"),
    ("F.pixel_shuffle(q, 3)", ShapeError, "no multiple of the factor squared"),
    ("T.arange()", ArgumentError, "give the number to stop before"),
    ("x.repeat_interleave(v)", ArgumentError, "integers of at least 0"),
])  # fmt: skip
def test_a_mistake_is_named(call: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        eval(call, names(tg))


ROWS = [(100, 64), (64, 100), (600, 12), (5000, 2), (40, 8, 16)]


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint16])
@pytest.mark.parametrize("shape", ROWS, ids=str)
def test_adding_at_many_places_is_numpys(shape, dtype):
    """Large arrays take ways of their own: elements by their number, rows one by one, some at a time."""
    rng = np.random.default_rng(0)
    for axis in range(len(shape)):
        rows = rng.integers(0, shape[axis], 700)
        full = [rng.integers(0, n, 5000) for n in shape]
        signed = dtype != np.uint16
        for index in (
            (*(slice(None),) * axis, (rows - signed * shape[axis] * (rows % 2)).astype(dtype)),
            tuple([(i - signed * n * (i % 2)).astype(dtype) for i, n in zip(full, shape, strict=True)]),
            (*(slice(None),) * axis, slice(0, 5)), (*(slice(None),) * axis, rng.random(shape[axis]) < 0.9),
        ):  # fmt: skip
            x = rng.standard_normal(np.zeros(shape)[index].shape)
            found, wanted = np.zeros(shape), np.zeros(shape)
            add_at(found, index, x)
            np.add.at(wanted, index, x)
            np.testing.assert_array_equal(found, wanted)
            np.testing.assert_array_equal(read_at(wanted, (*index, ...)), wanted[index])
    for far in (shape[0], -shape[0] - 1):
        with pytest.raises(IndexError, match="out of bounds"):
            add_at(np.zeros(shape), np.full(5000, far), np.ones((5000, *shape[1:])))


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("kind", ["distinct", "ties", "NaN", "ties and NaN", "integers"])
@pytest.mark.parametrize("dim", [0, 1])
def test_the_first_of_many_are_those_of_a_sort(kind, largest, dim):
    rng = np.random.default_rng(0)
    x = rng.permutation(90 * 80).reshape(90, 80).astype(np.int64 if kind == "integers" else np.float32)
    if kind == "ties":
        x = np.floor(x / 700)
    if kind == "NaN":
        x[3, 5] = x[7, 5] = x[3, 9] = np.nan
    if kind == "ties and NaN":  # in one line as many elements too few as in another too many
        for line in np.moveaxis(x, dim, -1)[::2]:
            line[line == line.max()] = np.nan
        for line in np.moveaxis(x, dim, -1)[1::2]:
            line[np.argsort(line)[-4:]] = line.max()
            line[np.argsort(line)[:4]] = line.min()
    t = tg.tensor(x)
    for k in (0, 1, 3, 10, 79):
        values, indices = tg.topk(t, k, dim, largest)
        wanted = tg.sort(t, dim, descending=largest)
        keep = (slice(None),) * dim + (slice(0, k),)
        np.testing.assert_array_equal(indices.numpy(), wanted.indices.numpy()[keep])
        np.testing.assert_array_equal(values.numpy(), wanted.values.numpy()[keep])
    for k in (1, 40, 79):
        values, indices = tg.kthvalue(t, k, dim)
        wanted = tg.sort(t, dim)
        np.testing.assert_array_equal(indices.numpy(), wanted.indices.numpy().take(k - 1, dim))
        np.testing.assert_array_equal(values.numpy(), wanted.values.numpy().take(k - 1, dim))
