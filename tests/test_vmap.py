"""vmap, derived from the op table: every op on a batch is that op on each slice, and so are its rules."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import numpy as np
import public_calls as pc
import pytest
from together import together

import tinygrad_bp as tg
from tinygrad_bp.autograd import batched as b
from tinygrad_bp.autograd.errors import ArgumentError, ShapeError, ValueReadError
from tinygrad_bp.autograd.forward import push_forward
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.autograd.tensor import wrap
from tinygrad_bp.autograd.trees import flatten
from tinygrad_bp.ops.samples import Sample

CALLS = [pytest.param(op, s, id=f"{op.name}-{i}") for op in OPS.values() for i, s in enumerate(op.samples or ())]
SMOOTH = [p for p in CALLS if p.values[1].smooth and p.values[0].kind != "constant"]
SIZE = 2


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


def drawn(sample: Sample, rng: np.random.Generator) -> list[Any]:
    return [wrap(np.asarray(domain(rng, shape)), None) for domain, shape in zip(sample.domains, sample.shapes)]


def called(op: Op, operands: list[Any], params: dict[str, Any]) -> Any:
    return op.function(operands, **params) if op.variadic else op.function(*operands, **params)


def stacked(tensors: list[Any]) -> Any:
    return wrap(np.stack([t.detach().numpy() for t in tensors]), None)


def alike(found: Any, wanted: Any, what: Any = "") -> None:
    found, wanted = (x.detach().numpy() for x in (found, wanted))
    assert found.shape == wanted.shape and found.dtype == wanted.dtype, what
    size = np.nanmax(np.abs(wanted[np.isfinite(wanted)]), initial=0) if wanted.dtype.kind in "fc" else 0
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-13 * max(1.0, float(size)), err_msg=str(what))


def choices(count: int) -> list[tuple[bool, ...]]:
    """Which operands are batched: any of them, at least one."""
    return [which for which in itertools.product((False, True), repeat=count) if any(which)]


@together(("op", "sample"), CALLS)
def test_an_op_of_a_batch_is_the_op_of_each_slice(op: Op, sample: Sample) -> None:
    rng = np.random.default_rng(0)
    rows = [drawn(sample, rng) for _ in range(SIZE)]
    for which in choices(len(sample.shapes)):
        level = b.Level(SIZE)
        given = [
            b.batched(stacked([row[i] for row in rows]), level) if yes else rows[0][i] for i, yes in enumerate(which)
        ]
        found = called(op, given, sample.params)
        one_each = [[row[i] if yes else rows[0][i] for i, yes in enumerate(which)] for row in rows]
        alike(b.lowered(found, level), stacked([called(op, one, sample.params) for one in one_each]), which)
        outer, inner = b.Level(SIZE), b.Level(SIZE)  # the same twice over
        twice = [
            b.batched(b.batched(stacked([x.slices] * SIZE), outer), inner) if yes else x for x, yes in zip(given, which)
        ]
        nested = b.at_all(called(op, twice, sample.params), (outer, inner), b.lowered)
        alike(nested, stacked([b.lowered(found, level)] * SIZE), which)


def test_few_ops_run_once_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = set()

    def each(op: Op, *given: Any) -> Any:
        if op.kind != "constant":  # what finds places is a loop of NumPy's in any case
            ran.add(op.name)
        return whole(op, *given)

    whole = b.each
    monkeypatch.setattr(b, "each", each)
    for op, sample in (p.values for p in CALLS):
        rows = [drawn(sample, np.random.default_rng(0))] * SIZE
        for which in choices(len(sample.shapes)):
            level = b.Level(SIZE)
            given = [
                b.batched(stacked([row[i] for row in rows]), level) if yes else rows[0][i]
                for i, yes in enumerate(which)
            ]
            called(op, given, sample.params)
    assert len(ran) <= 14, sorted(ran)  # of 280


def recorded(op: Op, sample: Sample) -> tuple[list[Any], Any]:
    """The inputs of a call that are differentiable, as leaves, and its result."""
    given = drawn(sample, np.random.default_rng(0))
    for x, rule in zip(given, op.rules * (len(given) if op.variadic else 1)):
        if rule is not None and x.dtype.kind in "fc":
            x.requires_grad = True
    return [x for x in given if x.requires_grad], called(op, given, sample.params)


def directions(x: Any, rng: np.random.Generator) -> Any:
    values = rng.standard_normal((SIZE, *x.shape))
    return wrap(
        (values + 1j * rng.standard_normal(values.shape) if x.dtype.kind == "c" else values).astype(x.dtype), None
    )


@together(("op", "sample"), SMOOTH)
def test_a_rule_pulls_and_pushes_a_batch_of_directions(op: Op, sample: Sample) -> None:
    inputs, y = recorded(op, sample)
    rng = np.random.default_rng(1)
    given = directions(y, rng)
    together = tg.autograd.grad(y, inputs, given, True, is_grads_batched=True)
    apart = [tg.autograd.grad(y, inputs, g, True) for g in given]
    for i, rows in enumerate(together):
        alike(rows, stacked([row[i] for row in apart]), i)
    level, tangents = b.Level(SIZE), [directions(x, rng) for x in inputs]
    moving = {x._node: b.batched(t, level) for x, t in zip(inputs, tangents)}
    (pushed,) = push_forward([y], moving, False)
    rows = [push_forward([y], {x._node: t[k] for x, t in zip(inputs, tangents)}, False)[0] for k in range(SIZE)]
    if pushed is None:
        assert rows == [None] * SIZE
    else:
        alike(b.lowered(pushed, level), stacked(rows))


# ---------------------------------------------------------------------- public functions

# What is there by chance, and what writes where it reads.
OTHERS = {"T.empty_like(x)", "T.embedding_renorm_(T.clone(x), i, 0.5, 2.0)"}


@pytest.mark.parametrize("call", [call for call in (*pc.CALLS, *pc.NUMPY) if pc.used(call) and call not in OTHERS])
def test_a_public_function_of_a_batch_is_that_of_each_slice(call: str) -> None:
    used, given = pc.used(call), [pc.names(tg.tensor, seed) for seed in range(SIZE)]

    def run(*values: Any) -> Any:
        return eval(call, {**given[0], **dict(zip(used, values))})

    tg.manual_seed(0)
    apart = [flatten(run(*(names[name] for name in used)))[0] for names in given]
    shapes = [[getattr(x, "shape", None) for x in leaves] for leaves in apart]
    if shapes[0] != shapes[1] or not all(isinstance(x, tg.Tensor) for leaves in apart for x in leaves):
        return  # the shape depends on values, or the result is no tensor
    tg.manual_seed(0)
    batch = [stacked([names[name] for names in given]) for name in used]
    found = flatten(tg.vmap(run, randomness="different")(*batch))[0]
    for parts in zip(found, *apart, strict=True):
        values = [part.detach().numpy() for part in parts]
        assert values[0].dtype == values[1].dtype
        np.testing.assert_allclose(values[0], np.stack(values[1:]), rtol=1e-9, atol=1e-11)


# ---------------------------------------------------------------------- what the function may do

X = tg.tensor(np.random.default_rng(0).standard_normal((4, 3)))
POSITIONS = tg.tensor([2, 0, 1, 2])


def written(x: Any) -> Any:
    y = x * 1
    y += 2
    y[0] = x[1]
    y[1:].mul_(x[1:])
    return y.sub_(1)


FUNCTIONS = {
    "sort": lambda x, i: x.sort()[0],
    "topk": lambda x, i: tuple(x.topk(2)),
    "max": lambda x, i: tuple(x.max(dim=0)),
    "median": lambda x, i: x.median(),
    "index": lambda x, i: x[i],
    "index between": lambda x, i: tg.stack([x, x])[:, i],
    "two indices": lambda x, i: tg.stack([x, x])[i % 2, ..., i],
    "gather": lambda x, i: x.gather(0, i[None]),
    "index of what all share": lambda x, i: X[i, 1:],
    "numbers of its shape": lambda x, i: x * len(x) + x.numel() + x.ndim + np.size(x) + x.shape[0],
    "iteration": lambda x, i: sum(part * k for k, part in enumerate(x)),
    "NumPy": lambda x, i: np.where(x > 0, np.tanh(x), 0) * np.linalg.norm(x),
    "einsum": lambda x, i: tg.einsum("i,j->ij", x, x),
    "in place": lambda x, i: written(x),
    "cross entropy": lambda x, i: tg.nn.functional.cross_entropy(x, i),
    "what all share": lambda x, i: tg.ones(2),
    "detach": lambda x, i: x.detach() * x,
    "mixed dtypes": lambda x, i: x.float() + x[0],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_a_batch_is_the_function_of_each_slice(name: str) -> None:
    function = FUNCTIONS[name]
    found = tg.vmap(function)(X, POSITIONS)
    apart = [function(x, i) for x, i in zip(X, POSITIONS)]
    if isinstance(found, tuple):
        for k, part in enumerate(found):
            alike(part, stacked([one[k] for one in apart]))
    else:
        alike(found, stacked(apart))


W = tg.tensor(np.random.default_rng(1).standard_normal((3, 3)))


def loss(x: Any) -> Any:
    return (tg.tanh(W @ x) ** 2).sum()


def own_rows(x: Any) -> Any:
    _, pull = tg.func.vjp(lambda x: tg.tanh(W @ x), x)
    return tg.vmap(lambda g: pull(g)[0])(tg.eye(3, dtype=tg.float64))


@pytest.mark.parametrize(
    "transformed",
    [
        tg.func.grad(loss), tg.func.hessian(loss), tg.func.jacfwd(lambda x: x * x.sum()),
        tg.func.jacrev(lambda x: x * x.sum()), own_rows,
        lambda x: tg.func.jvp(loss, (x,), (x * x,))[1], lambda x: tg.func.hvp(loss, (x,), (x,)),
        lambda x: tg.func.vjp(lambda x: x * x.sum(), x)[1](x)[0],
        lambda x: tg.vmap(tg.func.grad(lambda y: loss(y * x)))(X), tg.vmap(lambda y: y * y), tg.func.grad(
            lambda x: tg.vmap(lambda y: y * x.sum())(X).sum()),
    ],
)  # fmt: skip
def test_transforms_nest(transformed: Any) -> None:
    alike(tg.vmap(transformed)(X), stacked([transformed(x) for x in X]))


def test_gradients_flow_through_and_each_slice_has_its_own() -> None:
    x, w = X.clone().requires_grad_(), W.clone().requires_grad_()
    tg.vmap(lambda x: (tg.tanh(w @ x) ** 2).sum())(x).sum().backward()
    together, (x.grad, w.grad) = (x.grad, w.grad), (None, None)
    sum((tg.tanh(w @ row) ** 2).sum() for row in x).backward()
    alike(together[0], x.grad)
    alike(together[1], w.grad)
    per_sample = tg.vmap(tg.func.grad(lambda w, x: (tg.tanh(w @ x) ** 2).sum()), in_dims=(None, 0))(W, X)
    alike(per_sample, stacked([tg.func.grad(lambda w: (tg.tanh(w @ x) ** 2).sum())(W) for x in X]))  # noqa: B023
    y = tg.vmap(tg.func.grad(loss))(x)
    assert y.requires_grad


def test_chunks_dims_and_no_slices() -> None:
    whole = tg.vmap(loss)(X)
    for chunk in (1, 3, 4, 9):
        alike(tg.vmap(loss, chunk_size=chunk)(X), whole)
        alike(tg.func.jacrev(tg.vmap(loss), chunk_size=chunk)(X), tg.func.jacrev(tg.vmap(loss))(X))
    alike(tg.vmap(lambda x: x * 2, in_dims=-1, out_dims=1)(X), X * 2)
    shared, own = tg.vmap(lambda x: (W, x), out_dims=(None, 1), chunk_size=3)(X)
    assert shared is W
    alike(own, X.T)
    assert tg.vmap(lambda x: x.sort()[0] if x.ndim > 1 else x * 2)(X[:0]).shape == (0, 3)


def test_a_jacobian_can_be_written() -> None:
    for transform in (tg.func.jacrev, tg.func.jacfwd):
        jacobian = transform(lambda x: x.sum() + tg.zeros(2, dtype=tg.float64))(X[0])
        jacobian += 1
        assert jacobian.tolist() == [[2.0] * 3] * 2


@pytest.mark.parametrize(
    "reading",
    [lambda x: x * x.sum().item(), lambda x: x if x.sum() > 0 else -x, lambda x: x * float(x[0]), lambda x: x.numpy(),
     np.asarray, lambda x: x.tolist(), lambda x: [0, 1][x[0].long()], lambda x: x[x > 0] if x.any() else x],
)  # fmt: skip
def test_a_value_cannot_be_read(reading: Any) -> None:
    with pytest.raises(ValueReadError, match=r"stands for 4, and its value was asked for"):
        tg.vmap(reading)(X)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: tg.vmap(lambda x: tg.zeros(3).add_(x))(X), ArgumentError, "which all slices share"),
        (lambda: tg.vmap(lambda x: x.requires_grad_())(X), ArgumentError, "write tg.func.grad"),
        (lambda: tg.vmap(lambda x: x @ tg.ones(2, dtype=tg.float64))(X), ShapeError, "a (3,) float64"),
        (lambda: tg.vmap(lambda x: x.sum(dim=1))(X), tg.autograd.errors.IndexRangeError, "dimension out of range"),
        (lambda: tg.vmap(tg.linalg.inv)(tg.ones(3, 3)), ShapeError, "(3,)"),
        (lambda: tg.vmap(lambda x: tg.rand(2))(X), ArgumentError, 'randomness="error"'),
        (lambda: tg.vmap(lambda x: tg.zeros(2).normal_(), randomness="different")(X), ArgumentError, "slices share"),
        (lambda: tg.vmap(loss, randomness="any"), ArgumentError, "one of error, different, same"),
        (lambda: tg.vmap(loss, chunk_size=0), ArgumentError, "positive integer"),
        (lambda: tg.vmap(loss, out_dims=None)(X), ArgumentError, "out_dims is None"),
        (lambda: tg.vmap(loss, out_dims=(0, 0))(X), ArgumentError, "names 2 results"),
        (lambda: tg.vmap(loss, out_dims=1)(X), ArgumentError, "out_dims says 1"),
        (lambda: tg.vmap(lambda x: 3)(X), ArgumentError, "must return tensors"),
    ],
)
def test_what_is_refused(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert words in str(caught.value)


DRAWS = {
    "randn": lambda x: tg.randn(5), "dropout": lambda x: tg.nn.functional.dropout(tg.ones(12) + 0 * x[0]),
    "bernoulli": lambda x: tg.bernoulli(tg.sigmoid(tg.cat([x * 0, x * 0]))), "in place": lambda x: (x * 1).uniform_(),
    "like": lambda x: tg.rand_like(x), "order": lambda x: tg.randperm(9),
    "inner": lambda x: tg.vmap(lambda _: tg.rand(3), randomness="different")(X),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWS)
def test_random_draws(name: str) -> None:
    tg.manual_seed(0)
    same = tg.vmap(DRAWS[name], randomness="same")(X)
    assert all(bool((row == same[0]).all()) for row in same)
    tg.manual_seed(0)
    assert bool((DRAWS[name](X[0]) == same[0]).all())
    different = tg.vmap(DRAWS[name], randomness="different")(X)
    assert all(bool((one != two).any()) for one, two in itertools.combinations(different, 2))


def test_a_level_ends() -> None:
    kept = []
    tg.vmap(lambda x: kept.append(x) or x)(X)
    assert b.running() == () and repr(kept[0]).startswith("batched(4 × (3,), tensor(")
    with pytest.raises(ValueReadError):
        tg.vmap(lambda x: x.item())(X)
    assert b.running() == ()


def test_large_directions_go_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    from tinygrad_bp.func import jacobians

    sizes = []
    whole = jacobians.Level
    monkeypatch.setattr(jacobians, "MOST", 10)
    monkeypatch.setattr(jacobians, "Level", lambda size: sizes.append(size) or whole(size))
    found = tg.func.jacrev(lambda x: tg.tanh(W @ x))(X[0])
    assert sizes == [3]
    alike(tg.func.jacrev(lambda x: tg.tanh(tg.cat([W @ x] * 3))[:3])(X[0]), found)
    assert sizes == [3, 1, 1, 1]


def test_whoever_watches_sees_all_slices() -> None:
    wanted = tg.vmap(tg.func.hessian(loss))(X)
    with tg.autograd.detect_anomaly():
        alike(tg.vmap(tg.func.hessian(loss))(X), wanted)
        with pytest.raises(tg.autograd.errors.AnomalyError, match="log made the first NaN"):
            tg.vmap(lambda x: tg.log(x - 10))(X)
        with pytest.raises(tg.autograd.errors.AnomalyError, match="the rule of"):
            tg.func.jacrev(lambda x: tg.sqrt(x) * x)(tg.zeros(2))


def test_threads_do_not_disturb_each_other() -> None:
    wanted, found = tg.vmap(tg.func.hessian(loss))(X).numpy(), []

    def work() -> None:
        found.extend(tg.vmap(tg.func.hessian(loss))(X).numpy() for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 15 and all((one == wanted).all() for one in found)


def test_users_code_in_backward_sees_each_direction_or_all() -> None:
    calls = []

    class Double(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            calls.append(g.numpy().copy())
            return g * 2

    x = X[0].clone().requires_grad_()
    (rows,) = tg.autograd.grad(Double.apply(x), x, tg.eye(3, dtype=tg.float64), is_grads_batched=True)
    alike(rows, 2 * tg.eye(3, dtype=tg.float64))
    assert np.array_equal(calls, np.eye(3))
    alike(tg.vmap(Double.apply)(X), 2 * X)
    y = x * x
    y.register_hook(lambda g: 10 * g)
    (rows,) = tg.autograd.grad(y * 1, x, tg.eye(3, dtype=tg.float64), is_grads_batched=True)
    alike(rows, tg.diag(20 * X[0]))
