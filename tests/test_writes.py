"""Recorded tensors are values, the others can be written; a value kept for backward and written since is refused."""

import numpy as np
import pytest
from together import together

import tinygrad_bp as tg
from tinygrad_bp.autograd import writes
from tinygrad_bp.autograd.errors import (
    AutogradError,
    DtypeError,
    LeafWriteError,
    ModifiedError,
    ReadOnlyError,
    ShapeError,
)
from tinygrad_bp.autograd.op import OPS


def iadd(x, v):
    x += v


def isub(x, v):
    x -= v


def imul(x, v):
    x *= v


def itruediv(x, v):
    x /= v


def ipow(x, v):
    x **= v


def set_all(x, v):
    x[:] = v


def set_one(x, v):
    x[1] = v


START = [1.0, 2.0, 4.0]
# name: how it is written, what the elements are afterwards, the gradient of their sum to x
WRITES = {
    "+=": (lambda x: iadd(x, 3.0), [4, 5, 7], [1, 1, 1]),
    "-=": (lambda x: isub(x, 1.0), [0, 1, 3], [1, 1, 1]),
    "*=": (lambda x: imul(x, 2.0), [2, 4, 8], [2, 2, 2]),
    "/=": (lambda x: itruediv(x, 2.0), [0.5, 1, 2], [0.5, 0.5, 0.5]),
    "**=": (lambda x: ipow(x, 2), [1, 4, 16], [2, 4, 8]),
    "x[:] = ": (lambda x: set_all(x, 9.0), [9, 9, 9], [0, 0, 0]),
    "x[1] = ": (lambda x: set_one(x, 9.0), [1, 9, 4], [1, 0, 1]),
    "add_": (lambda x: x.add_(3.0), [4, 5, 7], [1, 1, 1]),
    "sub_": (lambda x: x.sub_(1.0), [0, 1, 3], [1, 1, 1]),
    "mul_": (lambda x: x.mul_(2.0), [2, 4, 8], [2, 2, 2]),
    "div_": (lambda x: x.div_(2.0), [0.5, 1, 2], [0.5, 0.5, 0.5]),
    "zero_": (lambda x: x.zero_(), [0, 0, 0], [0, 0, 0]),
    "fill_": (lambda x: x.fill_(7.0), [7, 7, 7], [0, 0, 0]),
    "copy_": (lambda x: x.copy_(tg.tensor([5.0, 6.0, 7.0])), [5, 6, 7], [0, 0, 0]),
}
write_cases = pytest.mark.parametrize(("write", "after", "slope"), WRITES.values(), ids=WRITES)


@write_cases
class TestAWrite:
    def test_a_leaf_that_requires_grad_is_refused_before_anything_changes(self, write, after, slope):
        w = tg.tensor(START, requires_grad=True)
        memory = w.detach().numpy()
        with pytest.raises(LeafWriteError, match=r"leaf that requires_grad.*no_grad"):
            write(w)
        assert w.detach().numpy() is memory
        assert w.tolist() == START
        assert w.is_leaf

    def test_a_leaf_under_no_grad_is_written_in_its_own_memory(self, write, after, slope):
        w = tg.tensor(START, requires_grad=True)
        memory = w.detach().numpy()
        with tg.no_grad():
            write(w)
        assert w.detach().numpy() is memory
        assert w.tolist() == after
        assert w.is_leaf and w.requires_grad

    def test_a_plain_tensor_is_written_through_all_views_of_it(self, write, after, slope):
        array = np.array(START)
        x = tg.from_numpy(array)
        view, detached, upside_down = x[:], x.detach(), x[::-1]
        write(x)
        assert x.detach().numpy() is array
        assert array.tolist() == view.tolist() == detached.tolist() == after
        assert upside_down.tolist() == after[::-1]

    def test_a_view_is_written_into_what_it_views(self, write, after, slope):
        x = tg.tensor([[0.0, *START], [0.0, 0.0, 0.0, 0.0]], dtype=tg.float64)
        row = x[0]
        write(row[1:])
        assert x[0].tolist() == [0.0, *after]

    def test_a_recorded_tensor_gets_a_new_recorded_value_that_all_on_its_memory_see(self, write, after, slope):
        w = tg.tensor(START, requires_grad=True)
        x = w * 1.0
        alias, backwards, detached, array = x[:], x[1:].flip(0), x.detach(), x.detach().numpy()
        view = x.reshape(3, 1)
        write(x)
        assert x.tolist() == alias.tolist() == detached.tolist() == array.tolist() == after
        assert view.flatten().tolist() == after
        assert backwards.tolist() == START[:0:-1]  # a copy
        (x.sum() + 10 * alias.sum() + 100 * view.sum()).backward()
        assert w.grad.tolist() == [111 * s for s in slope]
        assert w.tolist() == START and not detached.requires_grad

    def test_one_that_nobody_else_sees_leaves_what_was_kept_of_it(self, write, after, slope):
        w = tg.tensor(START, requires_grad=True)
        x = w * 1.0
        loss = (x * x).sum()
        write(x)
        assert x.tolist() == after
        loss.backward()
        assert w.grad.tolist() == [2 * v for v in START]

    def test_a_recorded_tensor_under_no_grad_leaves_what_was_kept_for_backward(self, write, after, slope):
        w = tg.tensor(START, requires_grad=True)
        x = w * 1.0
        loss = (x * x).sum()
        with tg.no_grad():
            write(x)
        assert x.tolist() == after
        loss.backward()
        assert w.grad.tolist() == [2 * v for v in START]

    def test_names_of_it_stay_the_same_object(self, write, after, slope):
        x = tg.tensor(START)
        alias = x
        write(x)
        assert alias is x


def test_a_write_returns_the_tensor_itself():
    x = tg.tensor(START)
    for name in ("zero_",):
        assert getattr(x, name)() is x
    assert x.add_(1) is x and x.fill_(2) is x and x.copy_(x) is x


@pytest.mark.parametrize("write", [iadd, isub, imul, itruediv, set_all, set_one], ids=lambda f: f.__name__)
def test_a_plain_tensor_written_with_a_recorded_one_becomes_recorded(write):
    x = tg.tensor(START)
    v = tg.tensor(2.0, requires_grad=True)
    write(x, v)
    assert x.requires_grad and not x.is_leaf
    x.sum().backward()
    wanted = {"iadd": 3, "isub": -3, "imul": 7, "itruediv": -7 / 4, "set_all": 3, "set_one": 1}[write.__name__]
    assert v.grad.item() == wanted


def test_assigning_data_to_a_leaf_is_allowed_and_keeps_it_a_leaf():
    w = tg.tensor(START, requires_grad=True)
    w.data = np.array([7.0, 8.0, 9.0], np.float32)
    assert w.is_leaf and w.requires_grad and w.tolist() == [7, 8, 9]
    (w * w).sum().backward()
    assert w.grad.tolist() == [14, 16, 18]


def test_assigning_data_between_forward_and_backward_is_refused():
    w = tg.tensor(START, requires_grad=True)
    loss = (w * w).sum()
    w.data = w.data * 2
    with pytest.raises(ModifiedError, match="modified by an in-place operation"):
        loss.backward()


def test_assigning_data_that_cannot_be_the_tensors_is_refused_before_anything_changes():
    w = tg.tensor(START, requires_grad=True)
    with pytest.raises(DtypeError, match="data: "):
        w.data = np.zeros(3, np.int64)
    h = w * 2
    with pytest.raises(ShapeError, match=r"data: .* recorded with shape \(3,\), the new value has \(2,\)"):
        h.data = np.zeros(2, np.float32)
    assert w.tolist() == START and h.tolist() == [2, 4, 8]


def test_data_of_another_shape_makes_a_leaf_a_new_one():
    w = tg.nn.Parameter(tg.tensor(START))
    kept, other = (w * w).sum(), (w + 1).sum()
    w.grad = tg.ones(3)
    w.data = tg.ones(2, 2)
    assert w.is_leaf and w.requires_grad and w.shape == (2, 2) and w.grad is None
    with pytest.raises(ModifiedError):
        kept.backward()
    with pytest.raises(ModifiedError, match=r"had shape \(3,\) .* shape \(2, 2\) since"):
        other.backward()  # it led to the parameter that was
    assert w.grad is None
    (w * 3).sum().backward()
    tg.optim.SGD([w], lr=1.0).step()
    assert w.tolist() == [[-2, -2], [-2, -2]]
    plain = tg.zeros(3)
    plain.data = tg.zeros(2, 2)
    assert plain.shape == (2, 2)


# ---------------------------------------------------------------------- NumPy arrays and out=


def test_an_array_takes_a_tensor_in_place_where_nothing_records():
    a, t = np.ones(3), tg.tensor(START, dtype=tg.float64)
    memory = a
    a -= t
    assert a is memory and a.tolist() == [0, -1, -3]
    with tg.no_grad():
        a += tg.tensor(START, dtype=tg.float64, requires_grad=True)
    assert a is memory and a.tolist() == [1, 1, 1]


def test_an_array_refuses_a_recorded_tensor_in_place():
    a, w = np.ones(3), tg.tensor(START, requires_grad=True)
    with pytest.raises(LeafWriteError, match=r"np\.subtract with out=.*Write `x = x - t` instead of `x -= t`"):
        a -= w
    assert a.tolist() == [1, 1, 1]


def test_out_writes_a_plain_tensor_and_its_views():
    t = tg.zeros(3)
    view = t[:2]
    assert np.add(t, 2.0, out=t) is t
    assert view.tolist() == [2, 2]


def test_out_refuses_a_leaf_that_requires_grad_outside_no_grad():
    w = tg.tensor(START, requires_grad=True)
    with pytest.raises(LeafWriteError, match=r"np.add with out=.*no_grad"):
        np.add(w.detach(), 1.0, out=w)
    assert w.tolist() == START
    memory = w.detach().numpy()
    with tg.no_grad():
        assert np.add(w, 1.0, out=w) is w
    assert w.detach().numpy() is memory and w.tolist() == [2, 3, 5]


def test_out_counts_as_a_write():
    w, c = tg.tensor(START, requires_grad=True), tg.tensor(START)
    loss = (w * c).sum()
    np.add(c, 1.0, out=c)
    with pytest.raises(ModifiedError, match="mul kept"):
        loss.backward()


# ---------------------------------------------------------------------- refused at backward


def inputs_of(op, sample):
    """Drawn inputs; those with a rule require grad."""
    rng = np.random.default_rng(0)
    arrays = [np.array(domain(rng, shape)) for shape, domain in zip(sample.shapes, sample.domains, strict=True)]
    wants = [rule is not None and array.dtype.kind in "fc" for rule, array in zip(op.rules, arrays, strict=True)]
    return [tg.from_numpy(array).requires_grad_(want) for array, want in zip(arrays, wants, strict=True)]


def kept_values():
    """Every op of the table with every value that a node of it keeps: an input, or the result ``y``."""
    for op in OPS.values():
        sample = next((s for s in op.samples or () if s.smooth and 0 not in np.concatenate([*s.shapes, (1,)])), None)
        if sample is not None and not op.variadic:
            for name in op.kept:
                if name == "y" or name in op.inputs:
                    yield pytest.param(op, sample, name, id=f"{op.name}-{name}")


KEPT_VALUES = list(kept_values())
THROUGH = {
    "itself": lambda t: t,
    "a view": lambda t: t[...],
    "a turned view": lambda t: t.unsqueeze(0)[..., ::-1] if t.ndim else t.unsqueeze(0),
    "detach()": lambda t: t.detach(),
    "from_numpy": lambda t: tg.from_numpy(t.detach().numpy()),
}


@together(("op", "sample", "name", "through"), [
    pytest.param(*kept.values, through, id=f"{kept.id}-{how}")
    for kept in KEPT_VALUES for how, through in THROUGH.items()
])  # fmt: skip
def test_a_kept_value_that_was_written_since_is_refused(op, sample, name, through):
    inputs = inputs_of(op, sample)
    y = op.function(*inputs, **sample.params)
    with tg.no_grad():
        written = through(y.detach() if name == "y" else inputs[op.inputs.index(name)])
        written.copy_(written.clone())  # the same numbers: it is the write that counts
    with pytest.raises(ModifiedError, match=f"{op.name} kept .* modified by an in-place operation since"):
        y.backward(tg.ones_like(y))


def test_the_loop_above_refuses_for_many_ops():
    assert len({param.values[0].name for param in KEPT_VALUES}) > 15


@pytest.mark.parametrize(
    "forward",
    [lambda w: w + 1, lambda w: w - 1, lambda w: -w, lambda w: w * 3, lambda w: w / 2, lambda w: w.sum(),
     lambda w: w.mean(), lambda w: w.reshape(3, 1), lambda w: w[1:], lambda w: w.clone(), lambda w: w.double(),
     lambda w: tg.cat([w, w]), lambda w: tg.stack([w, w])],
)  # fmt: skip
def test_values_that_no_rule_reads_may_be_written(forward):
    w = tg.tensor(START, requires_grad=True)
    y = forward(w)
    with tg.no_grad():
        w.zero_()
    y.sum().backward()
    assert np.isfinite(w.grad.numpy()).all()


def test_the_factor_whose_gradient_nobody_wants_may_be_written():
    w, c = tg.tensor(START, requires_grad=True), tg.tensor(START)
    y = (w * c).sum()
    with tg.no_grad():
        w.zero_()  # only c is kept
    y.backward()
    assert w.grad.tolist() == START


def test_a_write_before_the_op_is_no_write_since():
    w = tg.tensor(START, requires_grad=True)
    with tg.no_grad():
        w.mul_(2.0)
    (w * w).sum().backward()
    assert w.grad.tolist() == [4, 8, 16]


REFUSED = {
    "x[:] = three": lambda x: x.__setitem__(slice(None), tg.ones(3)),
    "x[7] = 1": lambda x: x.__setitem__(7, 1.0),
    "x[[0, 7]] = 1": lambda x: x.__setitem__(tg.tensor([0, 7]), 1.0),
    "x[0] = 1j": lambda x: x.__setitem__(0, 1j),
    "x[:] = a list": lambda x: x.__setitem__(slice(None), [1.0, 2.0, 3.0]),
    "copy_": lambda x: x.copy_(tg.ones(3)),
    "fill_": lambda x: x.fill_(tg.ones(3)),
    "add_": lambda x: x.add_(tg.ones(3)),
    "masked_fill_": lambda x: x.masked_fill_(tg.tensor([True, False, True]), 0.0),
}


@pytest.mark.parametrize("write", REFUSED.values(), ids=REFUSED)
def test_a_refused_write_is_none(write):
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    with tg.no_grad(), pytest.raises(AutogradError):
        write(x)
    loss.backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_a_refused_write_does_not_hide_the_one_before():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    with tg.no_grad():
        x[0] = 5.0
        for _ in range(2):
            with pytest.raises(AutogradError):
                x[7] = 1.0
    with pytest.raises(ModifiedError):
        loss.backward()


def test_a_write_through_a_view_of_another_part_of_the_memory_is_refused_too():
    """Its place is not noted; that of ``x[3] = 0`` is."""
    x = tg.tensor([1.0, 2.0, 3.0, 4.0])
    w = tg.tensor([1.0, 1.0], requires_grad=True)
    loss = (w * x[:2]).sum()
    x[3] = 0.0
    loss.backward(retain_graph=True)
    x[3:].zero_()
    with pytest.raises(ModifiedError):
        loss.backward()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_an_optimizer_step_between_forward_and_backward_is_refused(momentum):
    layer = tg.nn.Linear(3, 2)
    optimizer = tg.optim.SGD(layer.parameters(), lr=0.1, momentum=momentum)
    x = tg.ones(4, 3, requires_grad=True)
    layer(x).sum().backward()
    loss = layer(x).sum()
    optimizer.step()
    with pytest.raises(ModifiedError, match=r"linear kept weight \(weight\) \(2, 3\) for backward"):
        loss.backward()


def test_load_state_dict_between_forward_and_backward_is_refused():
    layer = tg.nn.Linear(3, 2)
    loss = layer(tg.ones(4, 3, requires_grad=True)).sum()
    layer.load_state_dict(layer.state_dict())
    with pytest.raises(ModifiedError):
        loss.backward()


def test_a_refused_backward_changes_no_gradient():
    w, v = (tg.tensor(START, requires_grad=True) for _ in range(2))
    loss = (v * 2).sum() + (w * w).sum()
    with tg.no_grad():
        w += 1
    with pytest.raises(ModifiedError):
        loss.backward()
    assert w.grad is None and v.grad is None


def test_a_gradient_that_a_graph_kept_is_refused_after_it_was_accumulated_into():
    w = tg.tensor(START, requires_grad=True)
    (w * w).sum().backward()
    v = tg.tensor(2.0, requires_grad=True)
    loss = (v * w.grad).sum()
    (w * w).sum().backward()
    with pytest.raises(ModifiedError):
        loss.backward()


# ---------------------------------------------------------------------- x[index] = value


@pytest.mark.parametrize(
    ("index", "shape"),
    [(1, (3,)), (slice(1, 3), (2, 3)), (slice(None, None, -2), (2, 3)), ((slice(None), 1), (4,)), (..., (4, 3)),
     ((1, 2), ()), ([0, 2], (2, 3)), (np.arange(12).reshape(4, 3) % 5 == 0, (3,)), (None, (1, 4, 3)),
     (([0, 1], [2, 2]), (2,)), (slice(0, 0), (0, 3))],
)  # fmt: skip
@pytest.mark.parametrize("recorded", ["x", "v", "both"])
def test_setitem_has_the_value_and_gradients_of_numpy(index, shape, recorded):
    rng = np.random.default_rng(0)
    a, b, g = rng.standard_normal((4, 3)), rng.standard_normal(shape), rng.standard_normal((4, 3))
    x = tg.tensor(a, requires_grad=recorded != "v")
    v = tg.tensor(b, requires_grad=recorded != "x")
    y = x.clone()
    y[index] = v
    wanted = a.copy()
    wanted[index] = b
    np.testing.assert_array_equal(y.detach().numpy(), wanted)
    y.backward(g)
    kept = g.copy()
    kept[index] = 0
    if recorded != "v":
        np.testing.assert_array_equal(x.grad.numpy(), kept)
    if recorded != "x":
        np.testing.assert_array_equal(v.grad.numpy(), g[index])


@pytest.mark.parametrize("wrap", [np.array, tg.tensor, list])
def test_of_repeated_positions_the_last_one_counts(wrap):
    x, v = tg.zeros(3, requires_grad=True), tg.tensor([10.0, 20.0, 30.0, 40.0], requires_grad=True)
    y = x.clone()
    y[wrap([1, 2, 1, 2])] = v
    assert y.tolist() == [0, 30, 40]
    y.backward(tg.tensor([1.0, 2.0, 3.0]))
    assert x.grad.tolist() == [1, 0, 0]
    assert v.grad.tolist() == [0, 0, 2, 3]


def test_setitem_broadcasts_and_the_gradient_sums():
    x, v = tg.zeros(4, 3), tg.tensor([1.0], requires_grad=True)
    x[1:3] = v
    assert x.tolist() == [[0, 0, 0], [1, 1, 1], [1, 1, 1], [0, 0, 0]]
    x.sum().backward()
    assert v.grad.tolist() == [6]


def test_setitem_casts_to_the_dtype_of_the_tensor_written():
    x = tg.zeros(2)
    x[0] = np.float64(0.1)
    x[1] = tg.tensor(0.1, dtype=tg.float64)
    assert x.dtype == tg.float32 and x.tolist() == [np.float32(0.1)] * 2


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize(
    ("index", "value", "message"),
    [
        (slice(None), [1.0, 2.0], r"\(3,\).*\(2,\)"),
        (5, 1.0, "5 is out of bounds"),
        ((0, 0), 1.0, "too many indices"),
    ],
)
def test_setitem_that_does_not_fit_is_refused_before_anything_changes(recorded, index, value, message):
    x = tg.ones(3, requires_grad=recorded) * 1
    with pytest.raises(AutogradError, match=message):
        x[index] = tg.tensor(value)
    assert x.tolist() == [1, 1, 1]


def test_setitem_out_of_range_is_an_index_error():
    with pytest.raises(IndexError, match="5 is out of bounds"):
        tg.zeros(3)[5] = 1.0


@pytest.mark.parametrize("write", [iadd, imul, itruediv, set_all], ids=lambda f: f.__name__)
def test_an_integer_tensor_takes_no_floats_in_place(write):
    x = tg.tensor([1, 2, 3])
    with pytest.raises(DtypeError, match="can't be cast to int64 in place"):
        write(x, tg.tensor(1.5))
    assert x.tolist() == [1, 2, 3]


@pytest.mark.parametrize("recorded", [False, True])
def test_a_result_of_another_shape_is_refused(recorded):
    x = tg.ones(3, requires_grad=recorded) * 1
    with pytest.raises(ShapeError, match=r"the result has shape \(2, 3\), the tensor written \(3,\)"):
        x += tg.ones(2, 3)
    assert x.tolist() == [1, 1, 1]


def test_a_tensor_can_be_written_with_itself():
    x = tg.tensor([1.0, 2.0, 3.0])
    x += x
    x[1:] = x[:-1]
    assert x.tolist() == [2, 2, 4]


def test_a_read_only_memory_is_refused():
    x = tg.broadcast_to(tg.tensor([1.0]), (3,))
    with pytest.raises(AutogradError, match="read-only"):
        x[0] = 2.0


@pytest.mark.parametrize("write", [lambda x: iadd(x, 1.0), lambda x: set_one(x, 1.0), lambda x: x.zero_()])
def test_memory_that_cannot_be_written_is_refused_by_name(write):
    x = tg.zeros(1).expand(3)
    with pytest.raises(ReadOnlyError, match=r"tensor \(3,\) cannot be written.*x = x.clone\(\)"):
        write(x)
    assert x.tolist() == [0, 0, 0]


INDICES = (0, -1, slice(0, 2), slice(None, None, 2), slice(1, None), slice(3, 3), None, ...)


def drawn_index(random):
    chosen = [INDICES[i] for i in random.integers(len(INDICES), size=random.integers(1, 4))]
    return (
        ...
        if chosen.count(...) > 1 or sum(item is not None and item is not ... for item in chosen) > 2
        else tuple(chosen)
    )


@pytest.mark.parametrize("seed", range(200))
def test_backward_refuses_a_write_over_what_was_kept_and_none_beside_it(seed):
    """A part of ``x`` is kept, then parts are written: refused if and only if they have an element in common."""
    random = np.random.default_rng(seed)
    kept, written = drawn_index(random), [drawn_index(random) for _ in range(random.integers(1, 3))]
    x, marks = tg.arange(12.0).reshape(3, 4).clone(), np.zeros((3, 4), bool)
    w = tg.ones(x[kept].shape, requires_grad=True)
    loss, right = (x[kept] * w).sum(), x[kept].clone()
    x = x[...] if seed % 3 else x  # all of it, seen by a view
    for index in written:
        (x.data if seed % 2 else x)[index] = -1.0
        marks[index] = True
    if marks[kept].any():
        with pytest.raises(ModifiedError):
            loss.backward()
    else:
        loss.backward()
        assert w.grad.tolist() == right.tolist()


def test_of_many_writes_beside_what_was_kept_the_first_are_counted_as_writes_anywhere():
    x, w = tg.zeros(3), tg.ones(1, requires_grad=True)
    loss = (x[:1] * w).sum()
    for _ in range(31):
        x[1] = 1.0
    loss.backward(retain_graph=True)
    with pytest.raises(ShapeError):
        x[:1] = tg.ones(5)  # nothing is written
    loss.backward(retain_graph=True)
    x[0] = 1.0
    for _ in range(40):
        x[1] = 1.0
    with pytest.raises(ModifiedError):
        loss.backward()


@pytest.mark.parametrize("seed", range(20))
def test_writes_together_are_counted_like_writes_one_by_one(seed):
    """Some optimizers share parameters, freeze some and get others, which may have new memory: all is told apart."""
    rng = np.random.default_rng(seed)
    arrays, optimizers = [np.zeros(2) for _ in range(6)], [writes.Together() for _ in range(12)]
    written = [0] * len(arrays)
    for _ in range(300):
        some = [i for i in range(len(arrays)) if rng.random() < 0.8] if rng.random() < 0.2 else [0, 2, 3]
        before = writes.tick()
        if rng.random() < 0.1:
            writes.wrote(*[arrays[i][::-1] for i in some])
        else:
            optimizers[rng.integers(len(optimizers))].wrote([arrays[i] for i in some])
        for i in some:
            written[i] = writes.last_write()
        if rng.random() < 0.1:
            arrays[3], written[3] = np.zeros(2), 0
        assert [writes.last_write(array) for array in arrays] == written
        assert [writes.written_since(array, before) for array in arrays] == [number > before for number in written]


@pytest.mark.parametrize("at", range(4))
def test_a_write_together_between_forward_and_backward_is_refused_at_every_step(at):
    w, b = (tg.ones(2, requires_grad=True) for _ in range(2))
    optimizer = tg.optim.SGD([w, b], lr=0.1)
    for _ in range(at):
        (w * b).sum().backward()
        optimizer.step()
    loss = (w * b).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(ModifiedError):
        loss.backward()
