"""``autograd.graph``: what is kept for backward, packed and unpacked by the user."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ModifiedError
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.verify import contracts as c

graph = tg.autograd.graph


def leaf(*values):
    return tg.tensor(list(values), requires_grad=True)


def test_hooks_see_what_pytorchs_see():
    """The texts are PyTorch's."""
    seen = []
    a, c = leaf(1.0, 1.0), tg.tensor([3.0, 4.0])
    b = leaf(1.0, 1.0) * 2
    with graph.saved_tensors_hooks(
        lambda t: (seen.append(f"pack {t}"), t)[1], lambda t: (seen.append(f"unpack {t}"), t)[1]
    ):
        y = (a * b * c).sum()
        before = list(seen)
    assert before == [
        "pack tensor([2., 2.], grad_fn=<MulBackward0>)",
        "pack tensor([1., 1.], requires_grad=True)",
        "pack tensor([3., 4.])",
    ]
    y.backward()
    assert sorted(seen[3:]) == sorted("un" + text for text in before)
    assert a.grad.tolist() == [6, 8]


STORES = {
    "names": lambda store: (
        lambda t: store.append(t.numpy(force=True).copy()) or len(store) - 1,
        lambda i: tg.tensor(store[i]),
    ),
    "arrays": lambda store: (lambda t: t.numpy(force=True).copy(), tg.from_numpy),
    "the tensor": lambda store: (lambda t: t, lambda t: t),
    "clones": lambda store: (lambda t: t.clone(), lambda t: t),
    "bytes": lambda store: (
        lambda t: (t.numpy(force=True).tobytes(), t.dtype, t.shape),
        lambda p: tg.tensor(np.frombuffer(p[0], p[1]).reshape(p[2]).copy()),
    ),
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_gradients_are_those_without_hooks(store, create_graph):
    tg.manual_seed(0)
    model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.BatchNorm1d(4), tg.nn.Tanh(), tg.nn.Linear(4, 2))
    x, labels = tg.randn(5, 3), tg.tensor([0, 1, 1, 0, 1])

    def gradients(hooks):
        with hooks:
            loss = tg.nn.functional.cross_entropy(model(x), labels)
        grads = tg.autograd.grad(loss, list(model.parameters()), create_graph=create_graph)
        if create_graph:
            grads += tg.autograd.grad(sum((g * g).sum() for g in grads), list(model.parameters()), allow_unused=True)
        return grads

    model.eval()
    plain = gradients(tg.enable_grad())
    packed = gradients(graph.saved_tensors_hooks(*store([])))
    for one, two in zip(plain, packed):
        assert (one is None) is (two is None)
        if one is not None:
            np.testing.assert_allclose(one.detach().numpy(), two.detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.kind != "constant"], ids=lambda op: op.name)
def test_every_op_goes_backward_through_packed_values(op):
    sample = op.samples[0]
    arrays = c.draw(op, sample)
    cotangent = np.ones_like(c.run(op, arrays, sample))
    plain = c.gradients(op, arrays, sample, cotangent, recorded=False)
    with graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        packed = c.gradients(op, arrays, sample, cotangent, recorded=False)
    for one, two in zip(plain, packed, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


def test_a_function_and_retained_graphs():
    calls = []

    class Square(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    x = leaf(3.0)
    with graph.saved_tensors_hooks(lambda t: t.half(), lambda t: (calls.append(t), t.float())[1]):
        y = Square.apply(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [12] and len(calls) == 2
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_the_innermost_holds_and_all_end():
    x, said = leaf(1.0), []
    with graph.saved_tensors_hooks(lambda t: said.append("outer") or t, lambda t: t):
        with graph.saved_tensors_hooks(lambda t: said.append("inner") or t, lambda t: t):
            x.exp()
        x.exp()
        with graph.save_on_cpu(pin_memory=True):
            x.exp()
        with tg.no_grad():
            x.exp()
    x.exp()
    assert said == ["inner", "outer"]

    @graph.saved_tensors_hooks(lambda t: said.append("decorated") or t, lambda t: t)
    def run():
        return x.exp()

    run()
    assert said == ["inner", "outer", "decorated"]


def test_what_is_refused():
    x = leaf(1.0, 2.0)
    for unpack, message in [(lambda _: 4, "got int"), (lambda t: t[:1], "both must agree")]:
        with graph.saved_tensors_hooks(lambda t: t.clone(), unpack):
            y = x.exp().sum()
        with pytest.raises((TypeError, ValueError), match=message):
            y.backward()
    with (
        pytest.raises(RuntimeError, match="write a clone"),
        graph.saved_tensors_hooks(lambda t: t.add_(1), lambda t: t),
    ):
        (x * 2).exp()
    with pytest.raises(TypeError, match="unpack_hook is a function, got int"):
        graph.saved_tensors_hooks(lambda t: t, 3)
    with graph.disable_saved_tensors_hooks("not in here"), pytest.raises(RuntimeError, match="not in here"):
        graph.saved_tensors_hooks(lambda t: t, lambda t: t).__enter__()
    with graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        assert tg.is_grad_enabled()


def test_writes_are_still_seen_where_the_memory_is_kept():
    x = leaf(1.0, 2.0)
    with graph.save_on_cpu():
        y = (x * x).sum()
    graph.increment_version([x])
    with pytest.raises(ModifiedError):
        y.backward()


def test_packed_graphs_are_freed_by_reference_counting():
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0)
        with graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            y = x.exp().tanh()
        watched = [weakref.ref(x), weakref.ref(y)]
        y.sum().backward(retain_graph=True)
        del x, y
        assert [w() for w in watched] == [None, None]
    finally:
        gc.enable()


def test_its_names():
    assert isinstance(leaf(1.0).exp().grad_fn, graph.Node)
    with pytest.raises(AttributeError, match="not here; register a hook of each tensor"):
        _ = graph.register_multi_grad_hook
