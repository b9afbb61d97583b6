"""Properties that hold for any program, shape or index; hypothesis looks for the counter-example."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_bp as tg
from tinygrad_bp.autograd.backward import unbroadcast
from tinygrad_bp.autograd.history import history

QUICK = settings(max_examples=150, deadline=None)
NUMBERS = st.floats(-2, 2, allow_nan=False, width=32)
SMALL = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=3)

UNARY = [
    np.tanh,
    np.sin,
    np.cos,
    lambda x: x * 0.5,
    lambda x: np.exp(-x * x),
    lambda x: 1 / (2 + np.square(x)),
    tg.sigmoid,
]
BINARY = [np.add, np.subtract, np.multiply, lambda a, b: a / (3 + np.square(b)), lambda a, b: np.sin(a) * b]


@st.composite
def programs(draw):
    """A list of steps, each a function and the numbers of earlier values that it reads."""
    steps, count = [], 2
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(UNARY)), (draw(st.integers(0, count - 1)),)))
        else:
            steps.append(
                (draw(st.sampled_from(BINARY)), (draw(st.integers(0, count - 1)), draw(st.integers(0, count - 1))))
            )
        count += 1
    return steps


def run(steps, x, y):
    values = [x, y]
    for function, places in steps:
        values.append(function(*(values[i] for i in places)))
    return values


def total(steps, x, y):
    return sum(v.sum() for v in run(steps, x, y)[2:])


@QUICK
@given(programs(), st.tuples(*[NUMBERS] * 6))
def test_any_program_has_the_gradient_of_its_central_differences(steps, numbers):
    start = np.array(numbers).reshape(2, 3)
    x, y = (tg.tensor(row, requires_grad=True) for row in start)
    total(steps, x, y).backward()
    direction = np.array([[0.3, -0.7, 0.2], [0.9, 0.1, -0.4]])
    h = 1e-4
    ahead, behind = (total(steps, *(start + sign * h * direction)) for sign in (1, -1))
    ours = sum((t.grad.numpy() * d).sum() for t, d in zip((x, y), direction, strict=True) if t.grad is not None)
    assert abs(ours - (ahead - behind) / (2 * h)) <= 1e-5 * max(1, abs(ours))


@QUICK
@given(programs(), st.tuples(*[NUMBERS] * 6))
def test_any_program_gives_numpys_own_values(steps, numbers):
    start = np.array(numbers).reshape(2, 3)
    ours = run(steps, *(tg.tensor(row, requires_grad=True) for row in start))
    for mine, theirs in zip(ours, run(steps, *start), strict=True):
        assert np.array_equal(mine.detach().numpy(), theirs)


@QUICK
@given(programs(), st.tuples(*[NUMBERS] * 6))
def test_history_is_a_topological_order(steps, numbers):
    start = np.array(numbers).reshape(2, 3)
    result = total(steps, *(tg.tensor(row, requires_grad=True) for row in start))
    order = history([result._node])
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order)
    for node in order:
        assert all(place[node] < place[parent] for parent in node.parents if parent is not None and parent.op)


@QUICK
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=0))
def test_undoing_a_broadcast_is_its_transpose(shapes):
    shape, result = shapes.input_shapes[0], shapes.result_shape
    rng = np.random.default_rng(0)
    x, g = rng.standard_normal(shape), rng.standard_normal(result)
    back = unbroadcast(g, shape)
    assert back.shape == shape
    np.testing.assert_allclose(np.sum(np.broadcast_to(x, result) * g), np.sum(x * back), atol=1e-9)


@st.composite
def indexed(draw):
    """A shape and a basic or an advanced index into it."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    if draw(st.booleans()):
        return shape, draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    return shape, draw(hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=4)))


@QUICK
@given(indexed())
def test_reading_at_an_index_and_its_gradient(case):
    shape, index = case
    values = np.arange(float(np.prod(shape))).reshape(shape)
    x = tg.tensor(values, requires_grad=True)
    read = x[index]
    assert np.array_equal(read.detach().numpy(), values[index])
    weights = np.random.default_rng(1).standard_normal(read.shape)
    (read * weights).sum().backward()
    expected = np.zeros(shape)
    np.add.at(expected, index, weights)
    np.testing.assert_allclose(x.grad.numpy(), expected, atol=1e-12)


@QUICK
@given(indexed())
def test_writing_at_an_index_and_its_gradients(case):
    shape, index = case
    values = np.arange(float(np.prod(shape))).reshape(shape)
    x, v = (
        tg.tensor(values, requires_grad=True),
        tg.tensor(-1.0 - np.arange(float(values[index].size)), requires_grad=True),
    )
    written = x * 1
    written[index] = v.reshape(values[index].shape)
    plain = values.copy()
    plain[index] = v.detach().numpy().reshape(values[index].shape)
    assert np.array_equal(written.detach().numpy(), plain)
    weights = np.random.default_rng(2).standard_normal(shape)
    (written * weights).sum().backward()
    kept = plain == values
    np.testing.assert_allclose(x.grad.numpy(), np.where(kept, weights, 0))
    # Of several values written to one place the last one counts: the others have no gradient.
    for number, slope in zip(v.detach().numpy(), v.grad.numpy(), strict=True):
        np.testing.assert_allclose(slope, weights[plain == number].sum())


@QUICK
@given(hnp.arrays(np.float64, SMALL, elements=NUMBERS), st.sampled_from(["sum", "mean", "amax", "std"]), st.booleans())
def test_reductions_over_any_axis_are_numpys(array, name, keepdims):
    axis = tuple(range(0, array.ndim, 2))
    if name == "std" and array.ndim == 0:
        return
    ours = getattr(np, name)(tg.tensor(array), axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(
        ours.detach().numpy(), getattr(np, name)(array, axis=axis, keepdims=keepdims), atol=1e-12
    )
