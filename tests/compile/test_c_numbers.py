"""What the backend of C builds gives the numbers of the ops called one by one, within a few units in the last place."""

from __future__ import annotations

import ctypes
import math
import warnings
from itertools import product

import numpy as np
import pytest
from parts import some

import tinygrad_bp as tg
from tests.compile.in_c import built, moved_alike, near
from tests.compile.programs import inputs_of, network, same_bits, training, written_down
from tinygrad_bp.compiler import c_backend
from tinygrad_bp.compiler.build import library
from tinygrad_bp.compiler.c_mathematics import functions
from tinygrad_bp.compiler.c_vectors import SHUFFLE, Vector, vectors
from tinygrad_bp.compiler.processor import registers
from tinygrad_bp.program import evaluate
from tinygrad_bp.program.capture import capture

nn, F = tg.nn, tg.nn.functional


FUNCTIONS = {  # name -> NumPy's, the largest error in units in the last place
    "tg_exp": (np.exp, 1.5),
    "tg_log": (np.log, 1.5),
    "tg_expm1": (np.expm1, 2.5),
    "tg_log1p": (np.log1p, 2.5),
    "tg_tanh": (np.tanh, 3),
    "tg_erf": (lambda x: np.array([math.erf(v) for v in x.tolist()]).astype(x.dtype), 5),
    "tg_sigmoid": (lambda x: np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x))), 3),
}


EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 88.72283, 88.72284, -87.33654, -103.9, -104.1, 709.78, 709.79]
EDGES += [-708.4, -745.1, -745.2, 1e-40, -1e-40, 1e-310, 1e-8, -1e-8, 1e30, -1e30]


@pytest.fixture(scope="module")
def each_function():
    parts = ["#include <math.h>\n#include <stdint.h>\n#define UNROLL\n#define INLINE static inline\n", SHUFFLE]
    for dtype in (np.float32, np.float64):
        vector = Vector.of(registers(), np.dtype(dtype))
        parts += [vectors(vector), functions(vector.real)]
    for name, (kind, s) in product(FUNCTIONS, (("float", "f"), ("double", ""))):
        parts.append(
            f"void {name}_{kind}(const {kind} *x, {kind} *y, int n)"
            f"{{ for (int i = 0; i < n; i++) y[i] = {name}{s}(x[i]); }}"
        )
    parts.append("void tg_bind(void) {} int tg_step(void) { return 0; } int64_t tg_loop(void) { return 0; }")
    return library("\n".join(parts), holds_the_gil=False).handle


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_right_to_the_last_digits(each_function, name, dtype) -> None:
    right, units = FUNCTIONS[name]
    rng = np.random.default_rng(0)
    top = 128 if dtype == np.float32 else 1024
    exponents = rng.uniform(-top - 20, top, 200_000)
    with np.errstate(all="ignore"):
        parts = [EDGES, rng.uniform(-110, 100, 200_000), rng.uniform(-1, 1, 100_000), 2.0**exponents]
        parts += [-(2.0**exponents), np.linspace(0.4, 2.5, 100_000), np.linspace(-750, 720, 100_000)]
        x = np.concatenate(parts).astype(dtype)
        y = np.empty_like(x)
        kind = "float" if dtype == np.float32 else "double"
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (x, y)]
        getattr(each_function, f"{name}_{kind}")(*pointers, len(x))
        wide = np.longdouble if dtype == np.float64 else np.float64
        wanted = right(x.astype(wide))
        rounded = wanted.astype(dtype)
        special = ~np.isfinite(rounded) | (rounded == 0) | ~np.isfinite(y)
        assert np.array_equal(np.isnan(y), np.isnan(rounded))
        edge = np.finfo(dtype).max * 0.999999  # one unit from infinity may be infinity
        assert np.all((y == rounded) | ~special | np.isnan(y) | (np.abs(rounded) >= edge) | (np.abs(y) < 1e-300)
                      | (np.abs(y) <= np.finfo(dtype).tiny))  # fmt: skip
        error = np.abs(y[~special].astype(wide) - wanted[~special]) / np.spacing(np.abs(rounded[~special])).astype(wide)
    worst = error.argmax()
    assert error[worst] <= units, (x[~special][worst], y[~special][worst])


@pytest.mark.parametrize("name", ["relu", "sigmoid", "two classes"])
def test_networks_train_alike(name) -> None:
    step, arguments, _ = network(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        moved_alike(step, arguments)


ROWS = [1, 2, 5, 16, 17, 100, 256]


@pytest.mark.parametrize(("rows", "dtype"), [*product(ROWS, [tg.float32]), *product(some(ROWS, 3), [tg.float64])])
def test_any_number_of_rows(rows, dtype) -> None:
    tg.set_default_dtype(dtype)
    layers = lambda: (nn.Linear(3, 7), nn.Tanh(), nn.Linear(7, 11), nn.ReLU(), nn.Linear(11, 4))  # noqa: E731
    moved_alike(*training(layers, F.cross_entropy, lambda: tg.randn(rows, 3), lambda: tg.arange(rows) % 4)[:2])


@pytest.mark.parametrize("rows", [1, 5, 16, 33])
def test_images(rows) -> None:
    first = lambda: (nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))  # noqa: E731
    then = lambda: (nn.Conv2d(3, 4, 2, stride=2, bias=False), nn.MaxPool2d(2, stride=1, padding=1))  # noqa: E731
    layers = lambda: (*first(), *then(), nn.Flatten(), nn.Linear(36, 3))  # noqa: E731
    images = lambda: tg.randn(rows, 2, 8, 8)  # noqa: E731
    moved_alike(*training(layers, F.cross_entropy, images, lambda: tg.arange(rows) % 3)[:2])


def test_rows_of_a_table() -> None:
    layers = lambda: (nn.Embedding(7, 5), nn.Flatten(), nn.Linear(15, 4))  # noqa: E731
    codes = lambda: tg.arange(18).reshape(6, 3) % 7  # noqa: E731
    moved_alike(*training(layers, F.cross_entropy, codes, lambda: tg.arange(6) % 4)[:2])


def test_a_loop_is_one_run_after_another() -> None:
    step, arguments, _ = network("sigmoid")
    captured = written_down(step, arguments)
    given = inputs_of(captured, arguments)
    first, second = ([np.array(a, order="K") for a in given] for _ in range(2))
    runnable = built(captured.program)
    batches = np.stack([first[0] * i for i in range(7)])
    one_by_one = [runnable(batch, *first[1:])[0] for batch in batches]
    (losses,) = runnable.loop(7, [batches, *second[1:]], [True] + [False] * (len(second) - 1))
    assert same_bits(losses, one_by_one)
    assert all(same_bits(a, b) for a, b in zip(first[1:], second[1:], strict=True))
    assert runnable.loop(0, [batches[:0], *second[1:]], [True] + [False] * (len(second) - 1))[0].shape == (0,)


def test_runs_are_the_same_to_the_bit() -> None:
    step, arguments, _ = network("relu")
    captured = written_down(step, arguments)
    given = inputs_of(captured, arguments)
    results = []
    for _ in range(3):
        copies = [np.array(a, order="K") for a in given]
        runnable = built(captured.program)
        results.append([*runnable(*copies), *runnable(*copies), *copies])
    for found in results[1:]:
        assert all(same_bits(a, b) for a, b in zip(found, results[0], strict=True))


def test_compile_with_this_backend() -> None:
    step, arguments, parameters = network("relu")
    compiled = tg.compile(step, backend="c")
    losses = [compiled(*arguments).item() for _ in range(6)]
    ours = [p.detach().numpy().copy() for p in parameters]
    step, arguments, parameters = network("relu")
    assert np.allclose(losses, [step(*arguments).item() for _ in range(6)], rtol=1e-5)
    assert all(near(a, p.detach().numpy(), 64) for a, p in zip(ours, parameters, strict=True))
    assert len(compiled.programs) == 1


def test_arrays_that_lie_otherwise() -> None:
    captured, _ = capture(lambda x, w: ((x @ w).exp() - x.T[:2]).sum(0), ((tg.ones(2, 2), tg.ones(2, 2)), {}))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 6)).astype(np.float32)
    runnable = built(captured.program)
    for one, other in (
        (x[:2, :2], x[2:, 4:]),
        (x[:2, :2].T, x[::2, ::3]),
        (x[:2, ::-3], np.array(x[:2, :2], order="F")),
    ):
        (wanted,), _ = evaluate(captured.program, [one, other])
        for _ in range(2):
            assert near(runnable(one, other)[0], wanted)


def test_matrices_that_are_turned_by_tiles() -> None:
    rng = np.random.default_rng(0)
    captured, _ = capture(lambda x: (tg.cat([x, x * 2], 1), x.T.reshape(-1), x.exp() * 3), ((tg.zeros(33, 19),), {}))
    runnable = built(captured.program)
    for x in (rng.standard_normal((33, 19)).astype("f"), np.asfortranarray(rng.standard_normal((33, 19)).astype("f"))):
        for found, wanted in zip(runnable(x), evaluate(captured.program, [x])[0], strict=True):
            assert near(found, wanted)
        runnable = built(captured.program)


def test_what_is_written_is_written_where_it_lies() -> None:
    def swap(a, b):
        before = a.clone()
        a.copy_(b.T * 2)
        b.copy_(before)
        return before.sum()

    tensors = tg.arange(9.0).reshape(3, 3), tg.ones(3, 3)
    captured, _ = capture(swap, (tensors, {}))
    runnable = built(captured.program)
    rng = np.random.default_rng(0)
    base = rng.standard_normal((6, 6)).astype(np.float32)
    for a, b in (
        (base[:3, :3], base[3:, 3:]),
        (base[::2, :3], base[::2, 3:]),
        (np.ones((3, 3), "f"), np.eye(3, dtype="f")),
    ):
        old = a.copy(), b.copy()
        (total,) = runnable(a, b)
        assert near(total, old[0].sum())
        assert same_bits(a, old[1].T * 2)
        assert same_bits(b, old[0])


def test_memory_that_two_inputs_share() -> None:
    def step(a, b):
        a.copy_(a + 1)
        return (a * 0 + b).sum()

    captured, _ = capture(step, ((tg.zeros(40), tg.zeros(40)), {}))
    x = np.zeros(41, np.float32)
    (total,) = built(captured.program)(x[1:], x[:-1])  # b is read before a is written
    assert total == 0
    assert x.sum() == 40


def test_a_number_as_a_setting() -> None:
    captured, _ = capture(lambda x, lr: x * lr, ((tg.ones(3), tg.tensor(2.0, dtype=tg.float64)), {}))
    runnable = built(captured.program)
    x = np.ones(3, np.float32)
    for rate in (0.5, 0.25, 0.25, 3.0):
        assert near(runnable(x, rate)[0], x * np.float32(rate))


@pytest.mark.parametrize("shape", [(0, 3), (0,), (), (1, 1), (2, 0, 3)])
def test_shapes_of_few_elements(shape) -> None:
    captured, _ = capture(lambda x: (x.exp() * 2, x.sum(), (x + 1).mean()), ((tg.ones(shape),), {}))
    x = np.full(shape, 0.5, np.float32)
    wanted, _ = evaluate(captured.program, [x])
    assert all(near(a, b) for a, b in zip(built(captured.program)(x), wanted, strict=True))


def test_nan_and_infinity_go_through() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e38, -1e38], np.float32)

    def functions(x):
        found = [x.relu(), x.sigmoid(), x.exp(), tg.maximum(x, x * 0), (x > 0).float(), x.amax(), x.tanh(), x.log()]
        return [*found, tg.where(x > 0, x, -x), x.sum(), 1 / x, x.sqrt(), x.clamp(-1, 1), x.sign()]

    with np.errstate(all="ignore"):
        captured, _ = capture(functions, ((tg.tensor(x),), {}))
        wanted, _ = evaluate(captured.program, [x])
    found = built(captured.program)(x)
    for number, (a, b) in enumerate(zip(found, wanted, strict=True)):
        assert near(a, b), number


def test_what_fills_up_rows_reaches_no_sum() -> None:
    captured, _ = capture(
        lambda x, w, b: F.linear(x, w, b).log().sum(0), ((tg.ones(3, 2), tg.ones(5, 2), tg.zeros(5)), {})
    )
    runnable = built(captured.program)  # the log of what fills up is -inf
    arrays = np.ones((3, 2), "f"), np.ones((5, 2), "f"), np.zeros(5, "f")
    assert near(runnable(*arrays)[0], np.full(5, 3 * math.log(2), np.float32))


def test_a_choice_after_a_least_value() -> None:
    """GCC 12 read only one of the two arrays in each place of this loop, and left out some of its places."""

    def chosen(x, yes, no, start):
        least = x.amin((0, 2), keepdim=True)
        return start + least.mean(), tg.where(x == least, yes, no)

    given = np.tile([0.3, 0.1, 0.7], 8).reshape(2, 3, 4), np.ones((2, 3, 4)), np.zeros((2, 3, 4)), np.array(1.0)
    program = tg.program(chosen, *map(tg.tensor, given))
    assert same_bits(c_backend.build(program)(*given)[1], evaluate(program, given)[0][1])
