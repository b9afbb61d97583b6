"""What a program could silently freeze: tensors and arrays that are no arguments, and what is returned."""

import copy

import numpy as np
import pytest

import tinygrad_bp as tg
from tests.compile.both_ways import X, same_as_python
from tinygrad_bp import nn
from tinygrad_bp.autograd.trees import flatten

pytestmark = [
    pytest.mark.usefixtures("every_backend"), pytest.mark.filterwarnings("ignore:the backend of C does not have"),
]  # fmt: skip


def test_tensors_and_arrays_from_outside_are_read_in_every_run():
    w, a = tg.tensor([1.0, 1.0, 1.0]), np.ones(3, np.float32)
    compiled = tg.compile(lambda x: x * w + a)
    for _ in range(4):
        assert compiled(X).tolist() == [2.0, -1.0, 4.0]
    w.mul_(2)
    a += 1
    assert compiled(X).tolist() == [4.0, -2.0, 8.0] and len(compiled.programs) == 1
    w.data = tg.zeros(3)
    assert compiled(X).tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    "transformed",
    [
        lambda f, w: tg.func.grad(f)(w), lambda f, w: tg.func.hessian(f)(w), lambda f, w: tg.func.jacrev(f)(w),
        lambda f, w: tg.func.jacfwd(f)(w), lambda f, w: tg.func.vjp(f, w)[1](tg.tensor(1.0))[0],
        lambda f, w: tg.func.jvp(f, (w,), (tg.ones(3),))[1],
    ],
)  # fmt: skip
def test_what_a_transform_differentiates_by_may_come_from_outside(transformed):
    w = tg.tensor([1.0, 2.0, 3.0])

    def function(x):
        slopes = transformed(lambda w: (w * w * w * x).sum(), w)
        w.add_(1)
        return slopes

    compiled = tg.compile(function)
    found = [compiled(X).tolist() for _ in range(4)]
    w.copy_(tg.tensor([1.0, 2.0, 3.0]))
    assert found == [function(X).tolist() for _ in range(4)] and len(compiled.programs) == 1


def test_a_tensor_that_takes_another_ones_place_is_seen():
    w = tg.ones(3)
    compiled = tg.compile(lambda x: x * w)
    [compiled(X) for _ in range(3)]
    w = tg.full((3,), 5.0)
    assert compiled(X).tolist() == [5.0, -10.0, 15.0]


def test_a_tensor_made_in_the_function_starts_anew():
    def function(x):
        total = tg.zeros(3)
        for _ in range(3):
            total += x
        total[0] = 7.0
        return total

    same_as_python(function, *[(X,)] * 5)


def test_an_argument_written_in_place():
    def function(x):
        x += 1
        x[0] *= 2
        return x

    one, other = tg.tensor([1.0, 2.0]), tg.tensor([1.0, 2.0])
    compiled = tg.compile(function)
    for _ in range(4):
        returned = compiled(other)
        np.testing.assert_array_equal(function(one).numpy(), other.numpy())
        assert returned is other


def test_a_write_through_a_view_reaches_its_base():
    base = tg.zeros(2, 3)
    row = base[1]

    def function(x):
        row.add_(x)
        base[0].mul_(2)
        return base.sum() + row.sum()

    twin, compiled = tg.zeros(2, 3), tg.compile(function)
    for _ in range(5):
        got = compiled(X)
        twin[1] += X
        assert got.item() == (twin.sum() + twin[1].sum()).item()
        np.testing.assert_array_equal(base.numpy(), twin.numpy())


def test_outputs_are_fresh():
    compiled = tg.compile(lambda x: (x * 2, x + 1))
    results = [compiled(X) for _ in range(5)]
    results[-1][0].fill_(0)
    assert [r[0].tolist() for r in results[:-1]] == [[2.0, -4.0, 6.0]] * 4
    assert not np.may_share_memory(results[-2][0].numpy(), compiled(X)[0].numpy())


def test_a_returned_input_is_that_tensor():
    w = tg.ones(2)
    compiled = tg.compile(lambda x: {"w": w, "x": x, "number": 3, "view": x[0], "text": "a"})
    for _ in range(4):
        found = compiled(X)
        assert found["w"] is w and found["x"] is X and found["number"] == 3 and found["view"].item() == 1.0


def test_arguments_may_have_any_name():
    for name in (
        "exp",
        "add",
        "array",
        "asarray",
        "np",
        "look",
        "run",
        "same_b",
        "before_b",
        "op_sum",
        "given_0",
        "float",
    ):
        space = {}
        exec(f"def f({name}, b):\n    b += {name}.exp()\n    return b * {name}, {name}.std(), 1.5", space)
        same = tg.compile(space["f"], exact=True)
        for _ in range(4):
            one, other = tg.ones(3), tg.ones(3)
            for a, b in zip(same(X, one), space["f"](X, other), strict=True):
                assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
            assert one.tolist() == other.tolist()


def test_a_returned_view_of_an_input_shares_no_memory_or_is_refused():
    x = tg.tensor([1.0, 2.0, 3.0])
    compiled = tg.compile(lambda x: x[:2])
    for _ in range(4):
        view = compiled(x)
    view.fill_(9.0)
    assert x.tolist() in ([1.0, 2.0, 3.0], [9.0, 9.0, 3.0])


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: copy.deepcopy([x])[0], tg.Tensor.clone])
def test_a_copy_has_the_value_of_each_run(copied):
    same_as_python(lambda x: copied(x) * 2, *[(tg.ones(3) * k,) for k in range(1, 6)])


def test_a_copy_of_a_module_has_the_parameters_of_each_run():
    layer = nn.Linear(2, 1)

    def step(x):
        with tg.no_grad():
            layer.weight += 1
        return copy.deepcopy(layer)(x).sum().detach()

    seen = [compiled_or_not(tg.tensor([[1.0, 2.0]])).item() for compiled_or_not in [tg.compile(step)] * 5]
    assert np.allclose(np.diff(seen), 3)


@pytest.mark.parametrize("given", [None, 2.0, "text", tg.float32])
def test_what_no_op_computed_is_returned_as_it_is(given):
    w = tg.ones(3)

    def update(x):
        w.add_(x)
        return given

    compiled = tg.compile(update)
    for i in range(8):
        assert compiled(tg.ones(3)) is given and w.tolist() == [2.0 + i] * 3
    assert len(compiled.programs) == 1 and compiled._quick is not None


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (lambda w: w.requires_grad_(not w.requires_grad), lambda w: w.requires_grad),
        (lambda w: setattr(w, "data", tg.ones(5)), lambda w: w.shape[0]),
        (lambda w: setattr(w, "data", tg.ones(2, dtype=tg.float64)), lambda w: w.dtype == tg.float64),
    ],
)
def test_the_kind_of_a_tensor_that_is_only_looked_at_is_seen(change, read):
    found = []
    for compiled in (lambda f: f, tg.compile):
        w = tg.ones(2)
        function, seen = compiled(lambda x, w=w: x * (2.0 + read(w))), []
        for i in range(12):
            if i == 5:
                change(w)
            seen.append(function(tg.ones(1)).item())
        found.append(seen)
    assert found[0] == found[1] and len(set(found[0])) == 2


@pytest.mark.parametrize(
    "returned",
    [lambda a, b: (a, b), lambda a, b: {"loss": a, "n": 3, "each": [b, None]}, lambda a, b: (), lambda a, b: [[b], a]],
    ids=["pair", "dict", "nothing", "nested"],
)
def test_several_results_are_fresh_in_every_run(returned):
    w = tg.ones(3)

    def step(x):
        w.mul_(2)
        return returned((w * x).sum(), w + x)

    def numbers(result):
        leaves, back = flatten(result)
        return back([leaf.tolist() if isinstance(leaf, tg.Tensor) else leaf for leaf in leaves])

    compiled = tg.compile(step)
    kept = [compiled(X) for _ in range(6)]
    assert compiled._quick is not None
    w.fill_(1)
    assert [*map(numbers, kept)] == [numbers(step(X)) for _ in kept]  # none was written over by a later run
