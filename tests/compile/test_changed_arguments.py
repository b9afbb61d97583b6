"""Arguments that come twice, share memory, are written or are new objects, and results that are objects."""

import types

import numpy as np
import pytest

import tinygrad_bp as tg

X, Y = tg.tensor([1.0, -2.0, 3.0]), tg.tensor([5.0, 6.0, 7.0])


def test_one_tensor_given_twice_is_two_arguments_the_next_time():
    compiled = tg.compile(lambda a, b: a * 2 + b)
    for a, b in [(X, X)] * 5 + [(X, Y), (Y, X), (X, X.view(3)), (X, X), (X, Y)] * 3:
        assert compiled(a, b).tolist() == (a * 2 + b).tolist()


def test_a_tensor_that_is_a_global_name_as_well():
    w = tg.ones(3)
    compiled = tg.compile(lambda x: x * 2 + w)
    for x in [w] * 5 + [X, w] * 4:
        assert compiled(x).tolist() == (x * 2 + w).tolist()


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.filterwarnings("ignore:.*the program runs by NumPy")
def test_arguments_that_share_memory_where_the_function_writes(backend):
    def function(a, b):
        a.add_(1)
        return b * 2

    compiled, memory, twin = tg.compile(function, backend=backend), tg.ones(5), tg.ones(5)
    for _ in range(5):
        compiled(tg.ones(3), tg.ones(3))
    for kind in [0, 1, 2, 0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 1, 2]:
        parts = [[(m, m), (m[:3], m[1:4]), (m[:2], m[3:])][kind] for m in (memory, twin)]
        assert compiled(*parts[0]).tolist() == function(*parts[1]).tolist()
        assert memory.tolist() == twin.tolist()


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.filterwarnings("ignore:.*the program runs by NumPy")
def test_what_a_function_writes_is_given_to_it(backend):
    w, twin = tg.ones(3), tg.ones(3)
    compiled = tg.compile(lambda x: (w.add_(1), x * 2)[1], backend=backend)
    for given in [0, 0, 0, 0, 1, 2, 1, 1, 1, 2, 2, 2, 0, 1, 0, 2]:
        one, other = [(X, t, t.view(3, 1)[:, 0])[given] for t in (w, twin)]
        twin.add_(1)
        assert compiled(one).tolist() == (other * 2).tolist() and w.tolist() == twin.tolist()


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.filterwarnings("ignore:.*the program runs by NumPy", "ignore:compile. Python runs")
def test_a_loop_over_what_the_function_writes(backend):
    w, twin = tg.ones(6, 3), tg.ones(6, 3)
    compiled = tg.compile(lambda x: (w.add_(x.sum()), x * 1)[1], backend=backend)
    for _ in range(4):
        compiled(tg.zeros(3))
    rows = []
    for row in twin:
        twin.add_(row.sum())
        rows.append(row.tolist())
    assert compiled.loop(w).tolist() == rows and w.tolist() == twin.tolist()


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, lambda i: types.SimpleNamespace(value=i)])
def test_numbers_of_numpy_and_new_objects(kind):
    compiled, function = [wrap(lambda x, r: x * getattr(r, "value", r)) for wrap in (tg.compile, lambda f: f)]
    for i in (1, 1, 1, 2, 2, 2, 3, 1, 1):
        assert compiled(X, kind(i)).tolist() == function(X, kind(i)).tolist()


def test_the_sign_of_zero_among_the_arguments():
    compiled = tg.compile(lambda x, r: x / r)
    for r in (0.0, 0.0, 0.0, 0.0, -0.0, -0.0, -0.0, 0.0):
        with np.errstate(divide="ignore"):
            assert compiled(X, r).tolist() == (X / r).tolist()


def test_an_object_with_tensors_and_settings():
    batch = types.SimpleNamespace(x=X, scale=2.0, tags={1, 2})
    compiled = tg.compile(lambda batch: batch.x * batch.scale + len(batch.tags))
    for change in (lambda: None, lambda: setattr(batch, "x", Y), lambda: setattr(batch, "scale", 3.0),
                   lambda: batch.tags.add(3)):  # fmt: skip
        change()
        for _ in range(5):
            assert compiled(batch).tolist() == compiled.function(batch).tolist()


def test_an_array_written_in_place():
    def function(x):
        x += 1
        return x * 2

    compiled, a, b = tg.compile(function), np.ones(3, np.float32), np.ones(3, np.float32)
    for _ in range(6):
        assert compiled(a).tolist() == function(b).tolist() and a.tolist() == b.tolist()
    assert len(compiled.programs) == 1


def test_what_was_seen_of_kinds_is_bounded():
    compiled = tg.compile(lambda x, i: x * i)
    with pytest.warns(UserWarning, match="one of the 64 kinds that came so far.*Pass a number") as said:
        for i in range(100):
            assert compiled(X, i).tolist() == (X * i).tolist()
    assert len(compiled._last) <= 64 and [warning.filename for warning in said] == [__file__]
    for _ in range(3):  # one of them
        assert compiled(X, 7).tolist() == (X * 7).tolist()
    assert len(compiled.programs) == 1


def test_a_number_that_changes_later_is_an_input_too():
    compiled = tg.compile(lambda x, a, b: x * a + b)
    for i in range(12):
        a, b = 0.5 * i, 3.0 if i < 5 else 0.25 * i
        assert compiled(X, a, b).tolist() == (X * a + b).tolist()
    assert len(compiled.programs) == 2


class Result:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return "Result"


@pytest.mark.parametrize(
    ("function", "read"),
    [
        (lambda x: (x * i for i in (1, 2)), lambda r: [t.tolist() for t in r]),
        (lambda x: map(lambda t: t * 2, [x, x]), lambda r: [t.tolist() for t in r]),
        (lambda x: {"a": x * 2}.values(), lambda r: [t.tolist() for t in r]),
        (lambda x: Result(x * 2), lambda r: r.value.tolist()),
        (lambda x: (x * 2, {1}), lambda r: (r[0].tolist(), r[1].pop(), r[1])),
    ],
)
def test_objects_made_in_the_function_are_new_in_every_call(function, read):
    compiled = tg.compile(function)
    found = []
    with pytest.warns(UserWarning, match="no two runs are the same program"):
        for i in range(8):
            found.append(read(compiled(X + i)))
    assert found == [read(function(X + i)) for i in range(8)]
