"""Hooks see complete gradients and may replace them; every number here was printed by PyTorch for the same program."""

import copy
import gc
import weakref

import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, ModifiedError, ReadOnlyError, ShapeError


def leaf(*values):
    return tg.tensor(list(values), requires_grad=True)


def lists(gradients):
    return tuple(None if g is None else g.tolist() for g in gradients)


# ---------------------------------------------------------------------- Tensor.register_hook


class TestTensorHook:
    def test_it_sees_the_complete_gradient_once(self):
        seen = []
        w = leaf(1.0, 2.0)
        h = w * 3
        h.register_hook(lambda g: seen.append(("h", g.tolist())))
        w.register_hook(lambda g: seen.append(("w", g.tolist())))
        (h * h + h + w).sum().backward()
        assert seen == [("h", [7.0, 13.0]), ("w", [22.0, 40.0])]
        assert w.grad.tolist() == [22.0, 40.0]

    def test_what_it_returns_goes_on(self):
        w = leaf(1.0, 2.0)
        h = w * 3
        h.register_hook(lambda g: g * 10)
        (h * h).sum().backward()
        assert w.grad.tolist() == [180.0, 360.0]

    def test_a_leafs_replacement_is_what_its_grad_adds(self):
        w = leaf(1.0, 2.0)
        w.register_hook(lambda g: g + 100)
        for _ in range(2):
            (w * w).sum().backward()
        assert w.grad.tolist() == [204.0, 208.0]

    def test_several_run_in_order_each_on_the_result_of_the_one_before(self):
        w = leaf(1.0)
        w.register_hook(lambda g: g + 1)
        w.register_hook(lambda g: g * 10)
        w.register_hook(lambda g: None)
        w.sum().backward()
        assert w.grad.tolist() == [20.0]

    def test_remove(self):
        w = leaf(1.0)
        first, second = w.register_hook(lambda g: g + 1), w.register_hook(lambda g: g * 10)
        first.remove()
        first.remove()
        w.sum().backward()
        assert w.grad.tolist() == [10.0]
        with second:
            pass
        w.sum().backward()
        assert w.grad.tolist() == [11.0]

    def test_a_hook_may_remove_itself(self):
        w = leaf(1.0)
        seen = []
        handle = w.register_hook(lambda g: (seen.append(1), handle.remove())[1])
        w.sum().backward()
        w.sum().backward()
        assert seen == [1]

    def test_retain_grad_keeps_what_the_hooks_made(self):
        w = leaf(1.0, 2.0)
        h = w * 3
        h.retain_grad()
        h.register_hook(lambda g: g * 10)
        h.sum().backward()
        assert h.grad.tolist() == [10.0, 10.0]
        assert w.grad.tolist() == [30.0, 30.0]

    def test_with_grad(self):
        w = leaf(1.0, 2.0)
        h = w * 3
        h.register_hook(lambda g: g * 10)
        w.register_hook(lambda g: g + 1)
        loss = (h * h).sum()
        (dh,) = tg.autograd.grad(loss, h, retain_graph=True)
        (dw,) = tg.autograd.grad(loss, w)
        assert (dh.tolist(), dw.tolist()) == ([60.0, 120.0], [181.0, 361.0])
        assert w.grad is None

    def test_with_grad_no_hook_of_a_leaf_that_was_not_asked_for(self):
        w, v = leaf(1.0), leaf(2.0)
        seen = []
        v.register_hook(lambda g: seen.append(g))
        tg.autograd.grad((w * v).sum(), w)
        assert seen == []

    def test_with_create_graph_it_is_recorded(self):
        w = leaf(2.0)
        h = w * w
        h.register_hook(lambda g: g * w)
        (first,) = tg.autograd.grad((h * h).sum(), w, create_graph=True)
        (second,) = tg.autograd.grad(first.sum(), w)
        assert (first.item(), second.item()) == (64.0, 192.0)

    def test_a_replacement_that_is_a_constant(self):
        w = leaf(1.0, 2.0)
        mask = tg.tensor([1.0, 0.0])
        w.register_hook(lambda g: mask)
        (w * w).sum().backward()
        (w * w).sum().backward()
        assert w.grad.tolist() == [2.0, 0.0]
        assert mask.tolist() == [1.0, 0.0]

    def test_a_write_to_the_tensor_leaves_the_hook_with_the_old_value(self):
        w = leaf(1.0, 2.0)
        h = w * 3
        seen = []
        h.register_hook(lambda g: seen.append(g.tolist()))
        h *= 2
        h.register_hook(lambda g: seen.append(g.tolist()))
        h.sum().backward()
        assert seen == [[1.0, 1.0], [2.0, 2.0]]

    def test_the_root_of_backward(self):
        w = leaf(3.0)
        loss = (w * 2).sum()
        loss.register_hook(lambda g: g * 5)
        loss.backward()
        assert w.grad.tolist() == [10.0]

    def test_post_accumulate(self):
        w = leaf(1.0, 2.0)
        seen = []

        def hook(p):
            seen.append((p is w, p.grad.tolist()))
            p.grad = None

        handle = w.register_post_accumulate_grad_hook(hook)
        w.register_hook(lambda g: g * 2)
        (w * w).sum().backward()
        assert seen == [(True, [4.0, 8.0])]
        assert w.grad is None
        handle.remove()
        (w * w).sum().backward()
        assert w.grad.tolist() == [4.0, 8.0]

    def test_a_tensor_without_gradient_is_refused(self):
        with pytest.raises((ArgumentError, RuntimeError), match=r"does( not|n't) require grad"):
            tg.ones(2).register_hook(print)
        with pytest.raises((ArgumentError, RuntimeError), match="leaf"):
            (leaf(1.0) * 2).register_post_accumulate_grad_hook(print)

    def test_a_replacement_of_another_shape_is_refused(self):
        w = leaf(1.0, 2.0)
        w.register_hook(lambda g: g.sum())
        with pytest.raises((ShapeError, RuntimeError), match=r"size|shape"):
            (w * w).sum().backward()
        assert w.grad is None


class TestBackwardInputs:
    def test_only_they_receive_a_gradient(self):
        w, v = leaf(1.0, 2.0), leaf(3.0, 4.0)
        h = w * v
        (h * h).sum().backward(inputs=[v, h])
        assert w.grad is None
        assert v.grad.tolist() == [6.0, 32.0]
        assert h.grad.tolist() == [6.0, 16.0]

    def test_one_tensor(self):
        w, v = leaf(1.0), leaf(3.0)
        tg.autograd.backward((w * v).sum(), inputs=w)
        assert (w.grad.tolist(), v.grad) == ([3.0], None)

    def test_one_that_was_not_reached_gets_none(self):
        w, v = leaf(1.0), leaf(3.0)
        (w * 2).sum().backward(inputs=[v])
        assert w.grad is None and v.grad is None

    def test_an_empty_list_is_refused(self):
        with pytest.raises((ArgumentError, RuntimeError), match="empty"):
            leaf(1.0).sum().backward(inputs=[])


# ---------------------------------------------------------------------- modules


class Scale(tg.nn.Module):
    """x · factor, and y as it is where it is given."""

    def __init__(self, factor):
        super().__init__()
        self.factor = tg.nn.Parameter(tg.tensor([factor]))

    def forward(self, x, y=None, *, plus=0.0):
        out = x * self.factor + plus
        return out if y is None else (out, y * 2)


class TestModuleHooks:
    def test_a_forward_hook_sees_and_replaces_the_output(self):
        layer, seen = Scale(3.0), []
        layer.register_forward_hook(lambda m, args, out: seen.append((m is layer, len(args), out.tolist())))
        handle = layer.register_forward_hook(lambda m, args, out: out + 1)
        layer.register_forward_hook(lambda m, args, out: seen.append(out.tolist()))
        assert layer(leaf(1.0, 2.0)).tolist() == [4.0, 7.0]
        assert seen == [(True, 1, [3.0, 6.0]), [4.0, 7.0]]
        handle.remove()
        assert layer(leaf(1.0, 2.0)).tolist() == [3.0, 6.0]

    def test_a_pre_hook_replaces_the_arguments(self):
        layer = Scale(3.0)
        layer.register_forward_pre_hook(lambda m, args: args[0] + 1)
        assert layer(leaf(1.0, 2.0)).tolist() == [6.0, 9.0]
        layer.register_forward_pre_hook(lambda m, args: (args[0] * 0,))
        assert layer(leaf(1.0, 2.0)).tolist() == [0.0, 0.0]
        layer.register_forward_pre_hook(lambda m, args: None)
        assert layer(leaf(1.0, 2.0)).tolist() == [0.0, 0.0]

    def test_with_kwargs(self):
        layer, seen = Scale(3.0), []
        layer.register_forward_pre_hook(lambda m, args, kwargs: (args, {"plus": 5.0}), with_kwargs=True)
        layer.register_forward_hook(lambda m, args, kwargs, out: seen.append(kwargs), with_kwargs=True)
        assert layer(leaf(1.0), plus=1.0).tolist() == [8.0]
        assert seen == [{"plus": 5.0}]

    def test_prepend_and_the_order(self):
        layer, seen = Scale(3.0), []
        layer.register_forward_hook(lambda *_: seen.append("after"))
        layer.register_forward_hook(lambda *_: seen.append("first after"), prepend=True)
        layer.register_forward_pre_hook(lambda *_: seen.append("before"))
        layer.register_full_backward_hook(lambda *_: seen.append("backward"))
        layer(leaf(1.0)).sum().backward()
        assert seen == ["before", "first after", "after", "backward"]

    def test_only_a_call_runs_them(self):
        layer = Scale(3.0)
        layer.register_forward_hook(lambda m, args, out: out * 0)
        assert layer.forward(leaf(1.0)).tolist() == [3.0]

    def test_inside_a_sequential(self):
        model, seen = tg.nn.Sequential(tg.nn.ReLU(), Scale(2.0)), []
        for module in model.modules():
            module.register_forward_hook(lambda m, args, out: seen.append((type(m).__name__, out.tolist())))
        model(leaf(-1.0, 2.0))
        assert seen == [("ReLU", [0.0, 2.0]), ("Scale", [0.0, 4.0]), ("Sequential", [0.0, 4.0])]

    def test_a_full_backward_hook_sees_both_sides(self):
        layer, seen = Scale(3.0), []
        layer.register_full_backward_hook(lambda m, gi, go: seen.append((lists(gi), lists(go))))
        x = leaf(1.0, 2.0)
        y = layer(x)
        (y * y + x).sum().backward()  # the other way to x is not the module's
        assert seen == [(([18.0, 36.0],), ([6.0, 12.0],))]
        assert x.grad.tolist() == [19.0, 37.0]
        assert layer.factor.grad.tolist() == [30.0]

    def test_it_replaces_grad_input(self):
        layer = Scale(3.0)
        layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10,))
        layer.register_full_backward_hook(lambda m, gi, go: (gi[0] + 1,))
        x = leaf(1.0, 2.0)
        layer(x).sum().backward()
        assert x.grad.tolist() == [31.0, 31.0]
        assert layer.factor.grad.tolist() == [3.0]

    def test_several_inputs_and_outputs(self):
        layer, seen = Scale(3.0), []
        layer.register_full_backward_hook(lambda m, gi, go: seen.append((lists(gi), lists(go))))
        x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
        a, b = layer(x, y)
        (a * b).sum().backward()
        assert seen == [(([18.0, 24.0], [6.0, 12.0]), ([6.0, 8.0], [3.0, 6.0]))]
        assert (x.grad.tolist(), y.grad.tolist()) == ([18.0, 24.0], [6.0, 12.0])

    def test_an_input_without_gradient_is_none(self):
        layer, seen = Scale(3.0), []
        layer.register_full_backward_hook(lambda m, gi, go: seen.append((lists(gi), lists(go))))
        layer(tg.tensor([1.0, 2.0])).sum().backward()
        assert seen == [((None,), ([1.0, 1.0],))]
        assert layer.factor.grad.tolist() == [3.0]

    def test_with_create_graph(self):
        layer, seen = Scale(3.0), []
        layer.register_full_backward_hook(lambda m, gi, go: seen.append(gi[0].requires_grad))
        x = leaf(2.0)
        (first,) = tg.autograd.grad((layer(x) ** 3).sum(), x, create_graph=True)
        (second,) = tg.autograd.grad(first.sum(), x)
        assert (first.item(), second.item()) == (324.0, 324.0)
        assert seen[0] is True

    def test_a_replacement_of_another_length_is_refused(self):
        layer = Scale(3.0)
        layer.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
        with pytest.raises((ArgumentError, RuntimeError), match=r"2"):
            layer(leaf(1.0)).sum().backward()

    def test_under_no_grad(self):
        layer, seen = Scale(3.0), []
        layer.register_full_backward_hook(lambda m, gi, go: seen.append(gi))
        with tg.no_grad():
            assert layer(leaf(1.0)).tolist() == [3.0]
        assert seen == []

    def test_a_module_that_returns_its_input(self):
        class Same(tg.nn.Module):
            def forward(self, x):
                return x

        layer, seen = Same(), []
        layer.register_full_backward_hook(lambda m, gi, go: seen.append((lists(gi), lists(go))))
        x = leaf(1.0)
        (layer(x) * 2 + x * 5).sum().backward()
        assert seen == [(([2.0],), ([2.0],))]
        assert x.grad.tolist() == [7.0]


def test_modules_without_hooks_are_called_plainly(monkeypatch):
    called = []
    monkeypatch.setattr("tinygrad_bp.nn.module.hooked_call", lambda module, x: called.append(module) or x)
    plain, hooked = Scale(3.0), Scale(3.0)
    hooked.register_forward_hook(print)
    plain(leaf(1.0))
    hooked(leaf(1.0))
    assert called == [hooked] and "_hooks" not in vars(plain)


def test_hooks_of_a_module_make_no_reference_cycle():
    gc.collect()
    gc.disable()
    try:
        layer = Scale(3.0)
        layer.register_forward_hook(lambda m, args, out: None)
        layer.register_full_backward_hook(lambda m, gi, go: None)
        y = layer(leaf(1.0))
        y.sum().backward()
        gone = [weakref.ref(x) for x in (layer, y)]
        del layer, y
        assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()


def test_a_module_that_returns_no_tensors_is_refused():
    class Named(tg.nn.Module):
        def forward(self, x):
            return {"x": x}

    layer = Named()
    layer.register_full_backward_hook(print)
    with pytest.raises(ArgumentError, match="must return a tensor, or a tuple or list of tensors, got dict"):
        layer(leaf(1.0))


def test_hooks_are_no_state():
    layer = Scale(3.0)
    layer.register_forward_hook(lambda *_: None)
    assert list(layer.state_dict()) == ["factor"]
    assert [name for name, _ in layer.named_parameters()] == ["factor"]
    twin = copy.deepcopy(layer)
    assert twin(leaf(1.0)).tolist() == [3.0]


# ---------------------------------------------------------------------- what is refused by type here, and memory


@pytest.mark.parametrize(("result", "error"), [
    (lambda g: 3.0, ArgumentError), (lambda g: g.detach().numpy(), ArgumentError), (lambda g: g.double(), DtypeError),
])  # fmt: skip
def test_what_cannot_be_a_gradient_is_refused_and_no_grad_changes(result, error):
    w, v = leaf(1.0, 2.0), leaf(1.0, 2.0)
    v.name = "v"
    v.register_hook(result)
    with pytest.raises(error, match="a hook of v returned"):
        (w * v).sum().backward()
    assert w.grad is None and v.grad is None


@pytest.mark.parametrize("hooked", ["leaf", "inner"])
def test_the_gradient_given_to_a_hook_cannot_be_written(hooked):
    w = leaf(1.0, 2.0)
    h = w * 3
    (w if hooked == "leaf" else h).register_hook(lambda g: g.zero_())
    with pytest.raises(ReadOnlyError):
        h.sum().backward()


def test_a_gradient_that_a_hook_kept_stays_as_it_was():
    w = leaf(1.0, 2.0)
    kept = []
    w.register_hook(kept.append)
    (w * w).sum().backward()
    (w * w).sum().backward()
    assert [g.tolist() for g in kept] == [[2.0, 4.0], [2.0, 4.0]]


@pytest.mark.parametrize("retain", [False, True])
def test_a_hook_that_writes_what_an_older_op_kept_is_refused(retain):
    w, v = leaf(1.0, 2.0), leaf(3.0, 4.0)
    h = w * v
    y = h * h
    step = tg.optim.SGD([v], lr=1.0)
    v.grad = tg.ones(2)
    y.register_hook(lambda g: step.step())
    with pytest.raises(ModifiedError, match="mul kept b"):
        y.sum().backward(retain_graph=retain)
    assert w.grad is None


def test_a_hook_that_writes_what_only_newer_ops_kept_is_right():
    w, c = leaf(1.0, 2.0), tg.tensor([3.0, 4.0])
    h = w + 1
    y = h * c
    h.register_hook(lambda g: [c.zero_()].clear())
    y.sum().backward()
    assert w.grad.tolist() == [3.0, 4.0]


def test_a_hook_is_no_function():
    with pytest.raises(ArgumentError, match="register_hook: give a function, got int"):
        leaf(1.0).register_hook(3)


def test_a_copy_shares_the_hooks_of_an_inner_tensor():
    w = leaf(1.0)
    h = w * 3
    seen = []
    h.register_hook(lambda g: seen.append("h"))
    copy.copy(h).register_hook(lambda g: seen.append("copy"))
    h.sum().backward()
    assert seen == ["h", "copy"]


def test_hooks_make_no_reference_cycle():
    gc.collect()
    gc.disable()
    try:
        w = leaf(1.0, 2.0)
        h = w * 3
        handles = [h.register_hook(lambda g: g * 2), w.register_hook(lambda g: None)]
        gone = [weakref.ref(x) for x in (w, h)]
        (h * h).sum().backward()
        del w, h
        assert [ref() for ref in gone] == [None, None]
        handles[0].remove()
    finally:
        gc.enable()


def test_a_hook_before_backward_replaces_the_gradient_that_arrives():
    layer, x = tg.nn.ReLU(), tg.tensor([1.0, 2.0], requires_grad=True)
    seen = []
    layer.register_full_backward_pre_hook(lambda module, grad_output: (10 * grad_output[0],))
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: seen.append(grad_output[0].tolist()))
    layer(x).sum().backward()
    assert x.grad.tolist() == [10.0, 10.0] and seen == [[10.0, 10.0]]
    layer.register_full_backward_pre_hook(lambda module, grad_output: (None, None), prepend=True)
    with pytest.raises(ArgumentError, match="returned 2 gradients for 1 outputs of forward"):
        layer(x).sum().backward()


def test_a_hook_that_is_always_called_sees_a_forward_that_raises():
    class Failing(tg.nn.Module):
        def forward(self, x):
            raise OverflowError

    layer, seen = Failing(), []
    layer.register_forward_hook(lambda module, args, output: seen.append("never"))
    layer.register_forward_hook(lambda module, args, output: seen.append(output), always_call=True)
    layer.register_forward_hook(
        lambda module, args, kwargs, output: seen.append(kwargs), always_call=True, with_kwargs=True
    )
    with pytest.raises(OverflowError):
        layer(x=1)
    assert seen == [None, {"x": 1}]


def test_hooks_of_all_modules_come_before_those_of_one():
    seen = []
    inner = tg.nn.ReLU()
    net = tg.nn.Sequential(tg.nn.Sequential(inner))
    own = inner.register_forward_hook(lambda module, args, output: seen.append("own"))
    handles = [
        tg.nn.register_module_forward_pre_hook(lambda module, args: seen.append(f"before {type(module).__name__}")),
        tg.nn.register_module_forward_hook(lambda module, args, output: seen.append(type(module).__name__)),
        tg.nn.register_module_full_backward_pre_hook(lambda module, g: (2 * g[0],) if module is inner else None),
        tg.nn.register_module_full_backward_hook(lambda module, i, o: (10 * i[0],) if module is inner else None),
    ]
    try:
        x = tg.ones(1, requires_grad=True)
        net(x).sum().backward()
    finally:
        for handle in handles:
            assert inner._hooks is not None and net._hooks is not None
            handle.remove()
    assert net._hooks is None  # plain again: it has no hooks of its own
    assert seen == ["before Sequential", "before Sequential", "before ReLU", "ReLU", "own", "Sequential", "Sequential"]
    assert x.grad.item() == 20
    own.remove()
    net(tg.ones(1))
    assert len(seen) == 7


def test_a_hook_of_all_modules_that_is_refused_changes_nothing():
    with pytest.raises(ArgumentError, match="register_module_forward_hook: give a function, got int"):
        tg.nn.register_module_forward_hook(1)
    assert tg.nn.Module._hooks is None
