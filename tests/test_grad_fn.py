"""What PyTorch lets users ask of ``grad_fn``, and the arguments of ``grad`` and ``backward``; values are PyTorch's."""

from __future__ import annotations

import gc
import weakref

import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, ShapeError, UnusedInputError


def leaf(*values):
    return tg.tensor(list(values), requires_grad=True)


def test_the_graph_can_be_walked():
    w, x = leaf(1.0, 2.0), tg.tensor([3.0, 4.0])
    loss = (w * x).sum()
    ((product, zero),) = loss.grad_fn.next_functions
    (first, second) = product.next_functions
    assert (loss.grad_fn.name(), product.name(), zero) == ("SumBackward0", "MulBackward0", 0)
    assert first[0].name() == "torch::autograd::AccumulateGrad" and first[0].variable is w
    assert second == (None, 0) and first[0].next_functions == ()
    with pytest.raises(AttributeError, match="leaves alone"):
        _ = product.variable
    del w
    assert first[0].variable is None  # the graph holds no tensors


def test_a_number_comes_behind_the_tensor_it_multiplies():
    w, x = leaf(1.0), tg.tensor([3.0])
    for product in (2 * w, w * 2):
        assert [node is None for node, _ in product.grad_fn.next_functions] == [False, True]
    assert [node is None for node, _ in (x * w).grad_fn.next_functions] == [True, False]


def test_metadata_is_the_users():
    y = leaf(1.0) * 2
    y.grad_fn.metadata["line"] = 3
    assert y.grad_fn.metadata == {"line": 3}
    y.sum().backward()


@pytest.mark.parametrize("create_graph", [False, True])
def test_hooks_of_a_node_see_and_replace_what_it_gives(create_graph):
    seen = []
    a, b = leaf(1.0, 2.0), leaf(3.0)  # b is broadcast: the hook sees its gradient summed
    y = a * b

    def hook(grad_inputs, grad_outputs):
        seen.append([t.tolist() for t in (*grad_inputs, *grad_outputs)])
        return grad_inputs[0] * 10, None

    handle = y.grad_fn.register_hook(hook)
    y.sum().backward(retain_graph=True, create_graph=create_graph)
    assert seen == [[[3, 3], [3], [1, 1]]]
    assert a.grad.tolist() == [30, 30] and b.grad is None and a.grad.requires_grad is create_graph
    handle.remove()
    a.grad = None
    y.sum().backward()
    assert a.grad.tolist() == [3, 3] and b.grad.tolist() == [3] and len(seen) == 1


def test_hooks_before_a_node_and_of_a_leaf():
    order = []
    w = leaf(1.0, 2.0)
    y = w * 3
    y.grad_fn.register_prehook(lambda g: (order.append("pre"), (g[0] * 2,))[1])
    y.grad_fn.register_hook(lambda inputs, outputs: order.append(("post", outputs[0].tolist())))
    y.grad_fn.next_functions[0][0].register_hook(lambda inputs, outputs: order.append((inputs, w.grad.tolist())))
    y.sum().backward()
    assert order == ["pre", ("post", [2, 2]), ((), [6, 6])] and w.grad.tolist() == [6, 6]


def test_what_hooks_must_not_return():
    for returned, kind in [((tg.ones(3),), ShapeError), ((tg.ones(2), tg.ones(2)), ArgumentError), (3, ArgumentError)]:
        w = leaf(1.0, 2.0)
        y = w.exp()
        y.grad_fn.register_hook(lambda *_, returned=returned: returned)
        with pytest.raises(kind):
            y.sum().backward()
        assert w.grad is None
    for register in (y.grad_fn.register_hook, y.grad_fn.register_prehook):
        with pytest.raises(ArgumentError, match="give a function, got int"):
            register(3)


def test_a_hooked_graph_is_freed_by_reference_counting():
    gc.collect()
    gc.disable()
    try:
        y = leaf(1.0) * 2
        y.grad_fn.register_hook(lambda *_: None)
        y.sum().backward()
        watched = weakref.ref(y)
        del y
        assert watched() is None
    finally:
        gc.enable()


# ---------------------------------------------------------------------- arguments


def test_zeros_in_the_place_of_unused_inputs():
    x, unused = leaf(2.0), tg.ones(2, 3, dtype=tg.float64, requires_grad=True)
    gx, gu = tg.autograd.grad(x * x, [x, unused], materialize_grads=True)
    assert gx.tolist() == [4] and gu.tolist() == [[0] * 3] * 2 and gu.dtype == tg.float64
    with pytest.raises(UnusedInputError):
        tg.autograd.grad(x * x, [x, unused])
    with pytest.raises(ArgumentError, match="materialize_grads"):
        tg.autograd.grad(x * x, [x, unused], materialize_grads=True, allow_unused=False)
    with pytest.raises(ArgumentError, match="inputs is empty"):
        tg.autograd.grad(x * x, [])


def test_a_batch_of_gradients_is_one_walk_an_item():
    x, unused = leaf(1.0, 2.0, 3.0), leaf(1.0)
    y = x**2
    jacobian, none = tg.autograd.grad(
        y, [x, unused], tg.eye(3), is_grads_batched=True, allow_unused=True, create_graph=True
    )
    assert jacobian.tolist() == [[2, 0, 0], [0, 4, 0], [0, 0, 6]] and none is None
    (second,) = tg.autograd.grad(jacobian.sum(), x)
    assert second.tolist() == [2, 2, 2]
    for wrong in (tg.tensor(1.0), tg.zeros(0, 3), [tg.eye(3), tg.ones(2, 3)]):
        with pytest.raises(ArgumentError, match="first dimension more"):
            tg.autograd.grad([y, y][: 2 if isinstance(wrong, list) else 1], x, wrong, is_grads_batched=True)
    tg.autograd.grad(y, x, tg.eye(3), is_grads_batched=True)  # frees the graph once it is done
    with pytest.raises(RuntimeError, match="second time"):
        tg.autograd.grad(y, x, tg.eye(3), is_grads_batched=True)


def test_the_old_names_are_taken():
    x = leaf(1.0, 2.0)
    (g,) = tg.autograd.grad((x * x).sum(), x, None, None, False, True)
    assert g.tolist() == [2, 4]
    tg.autograd.backward([x * 3], grad_variables=[tg.ones(2)])
    assert x.grad.tolist() == [3, 3]
    with pytest.raises(ArgumentError, match="old name"):
        tg.autograd.backward([x * 3], [tg.ones(2)], grad_variables=[tg.ones(2)])
