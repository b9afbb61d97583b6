"""Function: a user's own forward and backward is an op like any other."""

import gc
import threading
import weakref

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import FreedError, FunctionError, ModifiedError, ShapeError
from tinygrad_bp.autograd.history import history

Function = tg.autograd.Function


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


class Exp(Function):
    """Saves its result."""

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


class SinCos(Function):
    """Two results, both saved."""

    @staticmethod
    def forward(ctx, x):
        s, c = x.sin(), x.cos()
        ctx.save_for_backward(s, c)
        return s, c

    @staticmethod
    def backward(ctx, gs, gc):
        s, c = ctx.saved_tensors
        return gs * c - gc * s


class Scale(Function):
    """Takes what is not a tensor, and gives no gradient to it."""

    @staticmethod
    def forward(ctx, x, factor, *, note=None):
        ctx.factor = factor
        return x * factor

    @staticmethod
    def backward(ctx, g):
        return g * ctx.factor, None


class TopIndex(Function):
    """A float result and an integer one."""

    @staticmethod
    def forward(ctx, x):
        values, indices = x.max(dim=-1)
        ctx.save_for_backward(x, indices)
        return values, indices

    @staticmethod
    def backward(ctx, g, _):
        x, indices = ctx.saved_tensors
        return g.unsqueeze(-1) * (tg.arange(x.shape[-1]) == indices.unsqueeze(-1))


def x64(*values):
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


@pytest.mark.parametrize(
    ("function", "derivatives"),
    [
        (Cube.apply, [lambda x: x**3, lambda x: 3 * x**2, lambda x: 6 * x, lambda x: 6 + 0 * x]),
        (Exp.apply, [np.exp] * 4),
        (lambda x: SinCos.apply(x)[0], [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)]),
        (lambda x: SinCos.apply(x)[1], [np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin]),
    ],
    ids=["saves its input", "saves its result", "first of two results", "second of two results"],
)
def test_value_and_three_derivatives(function, derivatives):
    x = x64(0.3, -1.2)
    y = function(x)
    for derivative in derivatives:
        np.testing.assert_allclose(y.detach().numpy(), derivative(x.detach().numpy()), rtol=1e-12)
        (y,) = tg.autograd.grad(y.sum(), x, create_graph=True, allow_unused=True)


def test_both_of_two_results_bring_their_gradient():
    x = x64(0.3, -1.2)
    s, c = SinCos.apply(x)
    (2 * s + 3 * c).sum().backward()
    np.testing.assert_allclose(
        x.grad.numpy(), 2 * np.cos(x.detach().numpy()) - 3 * np.sin(x.detach().numpy()), rtol=1e-12
    )


def test_results_of_different_shapes():
    class Split(Function):
        @staticmethod
        def forward(ctx, x):
            return x[:1].reshape(1, 1), x[1:]

        @staticmethod
        def backward(ctx, first, rest):
            assert first.shape == (1, 1) and rest.shape == (2,)
            return tg.cat([first.reshape(1), rest])

    x = x64(1, 2, 3)
    first, rest = Split.apply(x)
    assert first.shape == (1, 1) and rest.shape == (2,)
    (first.sum() * 5 + (rest * tg.tensor([7.0, 9.0])).sum()).backward()
    assert x.grad.tolist() == [5, 7, 9]


def test_inputs_that_are_no_tensors_get_none():
    x = x64(1, 2)
    Scale.apply(x, 3.0).sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_an_integer_result_travels_without_gradient():
    x = x64(1, 5, 2)
    values, indices = TopIndex.apply(x)
    assert indices.dtype == tg.int64 and indices.item() == 1 and not indices.requires_grad
    values.backward()
    assert x.grad.tolist() == [0, 1, 0]


def test_needs_input_grad_tells_which_inputs_want_one():
    class Mul(Function):
        @staticmethod
        def forward(ctx, a, b):
            assert ctx.needs_input_grad == (True, False)
            ctx.save_for_backward(b, None)
            return a * b

        @staticmethod
        def backward(ctx, g):
            b, nothing = ctx.saved_tensors
            assert nothing is None
            return g * b, None

    a = x64(1, 2)
    Mul.apply(a, tg.tensor([3.0, 4.0], dtype=tg.float64)).sum().backward()
    assert a.grad.tolist() == [3, 4]


def test_none_means_no_gradient():
    class Stop(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return None

    x = x64(1.0)
    (Stop.apply(x) + x).sum().backward()
    assert x.grad.tolist() == [1]


@pytest.mark.parametrize("off", ["no input wants it", "no_grad"])
def test_nothing_is_recorded_where_nothing_should_be(off):
    x = tg.ones(2, requires_grad=off == "no_grad")
    with tg.set_grad_enabled(off != "no_grad"):
        assert not Cube.apply(x).requires_grad


def test_forward_does_not_record():
    class Check(Function):
        @staticmethod
        def forward(ctx, x):
            assert not tg.is_grad_enabled() and not (x * 2).requires_grad
            return x * 2

        @staticmethod
        def backward(ctx, g):
            assert not tg.is_grad_enabled()
            return g * 2

    Check.apply(x64(1.0)).sum().backward()


def test_a_gradient_is_summed_to_the_shape_of_its_input():
    class Add(Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, g):
            return g, g

    a, b = tg.ones(2, 3, requires_grad=True), tg.ones(3, requires_grad=True)
    Add.apply(a, b).sum().backward()
    assert b.grad.tolist() == [2, 2, 2]
    assert not np.shares_memory(a.grad.numpy(), b.grad.numpy())


def returning(result):
    class Returns(Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, g):
            return result

    return Returns


@pytest.mark.parametrize(
    ("result", "kind", "message"),
    [
        (tg.ones(2), FunctionError, r"Returns.backward returned 1 gradients .* \(expected 2, got 1\)"),
        ((tg.ones(2),) * 3, FunctionError, r"Returns.backward returned 3 gradients .* \(expected 2, got 3\)"),
        ((tg.ones(3), None), ShapeError, r"a gradient of shape \(3,\) for input 0 of shape \(2,\)"),
        ((None, tg.ones(())), ShapeError, r"a gradient of shape \(\) for input 1 of shape \(2,\)"),
    ],
)
def test_a_backward_that_returns_nonsense_is_refused(result, kind, message):
    a, b = (tg.ones(2, requires_grad=True) for _ in range(2))
    with pytest.raises(kind, match=message):
        returning(result).apply(a, b).sum().backward()
    assert a.grad is None and b.grad is None


def test_a_tensor_saved_twice_and_constants_come_back_in_their_places_at_every_order():
    class Affine(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x, tg.tensor(2.0), x, None, tg.tensor(5.0))
            return x * x * 2 + 5 * x

        @staticmethod
        def backward(ctx, g):
            x, two, again, nothing, five = ctx.saved_tensors
            assert nothing is None
            return g * (two * x + two * again + five)

    x = x64(3.0)
    (slope,) = tg.autograd.grad(Affine.apply(x).sum(), x, create_graph=True)
    (curve,) = tg.autograd.grad(slope.sum(), x)
    assert (slope.tolist(), curve.tolist()) == ([17], [4])


def test_a_trailing_none_too_many_is_allowed():
    a, b = (tg.ones(2, requires_grad=True) for _ in range(2))
    returning((tg.ones(2), tg.ones(2), None)).apply(a, b).sum().backward()
    assert a.grad.tolist() == b.grad.tolist() == [1, 1]


def test_a_forward_that_returns_no_tensor_is_refused():
    class Bad(Function):
        @staticmethod
        def forward(ctx, x):
            return 3.0

    with pytest.raises(FunctionError, match=r"Bad\.forward must return tensors, got float"):
        Bad.apply(x64(1.0))


@pytest.mark.parametrize("missing", ["forward", "backward"])
def test_a_missing_method_is_named(missing):
    methods = {"forward": staticmethod(lambda ctx, x: x * 1), "backward": staticmethod(lambda ctx, g: g)}
    del methods[missing]
    with pytest.raises(NotImplementedError, match=rf"write a static method {missing}\(ctx"):
        type("Half", (Function,), methods).apply(x64(1.0)).sum().backward()


def test_the_result_says_who_made_it():
    assert repr(Cube.apply(x64(2.0))) == "tensor([8.], dtype=torch.float64, grad_fn=<CubeBackward>)"


def test_a_second_backward_needs_retain_graph():
    x = x64(2.0)
    y = Cube.apply(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [24]
    with pytest.raises(FreedError, match="a second time"):
        y.backward()


def test_a_saved_value_that_was_written_since_is_refused():
    x = x64(2.0)
    y = Cube.apply(x).sum()
    with tg.no_grad():
        x += 1
    with pytest.raises(ModifiedError, match="Cube kept"):
        y.backward()


@pytest.mark.parametrize("function", [Cube, Exp, lambda: None], ids=["input", "result", "two results"])
def test_the_graph_is_freed_by_reference_counting(function):
    apply = function.apply if isinstance(function, type) else lambda x: SinCos.apply(x)[0]
    gc.collect()
    gc.disable()
    try:
        x = x64(1.0, 2.0)
        y = apply(x)
        (slope,) = tg.autograd.grad(y.sum(), x, create_graph=True)
        slope.sum().backward()
        watched = [
            weakref.ref(t) for t in (x.detach().numpy(), y.detach().numpy(), slope.detach().numpy(), x, y, slope)
        ]
        del x, y, slope
        assert [w() for w in watched] == [None] * len(watched)
    finally:
        gc.enable()


class Halves(tg.autograd.Function):
    """Two results, one saved input, one saved result."""

    @staticmethod
    def forward(ctx, x):
        low, high = x * 0.5, (x * 2).double()
        ctx.save_for_backward(x, low)
        return low, high

    @staticmethod
    def backward(ctx, low, high):
        return low * 0.5 + high * 2


def test_results_of_two_dtypes_keep_them():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    low, high = Halves.apply(x)
    assert (low.dtype, high.dtype) == (tg.float32, tg.float64)
    (low.sum() + high.sum()).backward()
    assert x.grad.tolist() == [2.5, 2.5]


def test_an_integer_result_alone_does_not_record():
    class Count(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return (x > 0).long()

    result = Count.apply(tg.tensor([1.0, -1.0], requires_grad=True))
    assert result.tolist() == [1, 0]
    assert not result.requires_grad


def test_a_call_leaves_no_reference_cycle():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        low, high = Halves.apply(x)
        (low.sum() + high.sum()).backward(create_graph=False)
        # Each result has a node of its own; the oldest one is that of the call.
        call = [node for node in history([low.grad_fn]) if repr(node) == "<HalvesBackward>"][-1]
        watched = weakref.ref(call.op.pull)
        del low, high, call
        assert watched() is None
    finally:
        gc.enable()


def test_complex_results_record():
    class Turned(Function):
        @staticmethod
        def forward(ctx, z):
            ctx.save_for_backward(z)
            return z * 1j, (z * z.conj()).real

        @staticmethod
        def backward(ctx, g, g_size):
            assert g.is_complex() and not g_size.is_complex()
            (z,) = ctx.saved_tensors
            return g * (-1j) + 2 * g_size * z

    z = tg.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    turned, size = Turned.apply(z)
    assert turned.requires_grad and size.dtype == tg.float32
    (turned.real.sum() + size.sum()).backward()
    plain = tg.tensor(z.detach(), requires_grad=True)
    ((plain * 1j).real.sum() + (plain * plain.conj()).real.sum()).backward()
    np.testing.assert_allclose(z.grad.numpy(), plain.grad.numpy())


def test_forward_mode_of_a_real_input_beside_a_complex_one():
    a = tg.tensor([[2 + 1j, 0.5], [0.0, 1 - 1j]], dtype=tg.complex128)
    b, v = tg.tensor([1.0, 2.0], dtype=tg.float64), tg.tensor([0.5, -1.0], dtype=tg.float64)
    _, tangent = tg.func.jvp(lambda b: tg.linalg.solve(a, b), (b,), (v,))
    np.testing.assert_allclose(tangent.detach().numpy(), np.linalg.solve(a.detach().numpy(), v.detach().numpy()))


# ---------------------------------------------------------------------- what backward returns and what is saved


def giving(make):
    """A Function whose backward returns what ``make`` makes of the gradient arriving."""

    class Given(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return make(g)

    return Given


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("given", ["bool", "uint8", "int64", "float16", "float32", "float64", "complex64", "number"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_a_gradient_has_the_dtype_of_its_input(dtype, given, create_graph):
    x = tg.ones(3, dtype=dtype, requires_grad=True)
    call = giving((lambda g: 3.0) if given == "number" else lambda g: tg.ones(3, dtype=given))
    x = x if given != "number" else tg.ones((), dtype=dtype, requires_grad=True)
    loss = call.apply(x).abs().sum()
    if given.startswith("complex") and not dtype.startswith("complex"):
        with pytest.raises(FunctionError, match="complex gradient for input 0, which is float"):
            loss.backward(create_graph=create_graph)
        return
    loss.backward(create_graph=create_graph)
    assert x.grad.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(x.grad.numpy(), np.full(x.shape, 3 if given == "number" else 1))


def test_a_saved_input_keeps_its_history_for_a_gradient_of_backwards_own():
    class Sine(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            assert x.requires_grad and x.numpy().tolist() == [0.0, 1.0, 2.0]  # nothing records here
            with tg.enable_grad():
                (slope,) = tg.autograd.grad(x.sin().sum(), x)
            return g * slope

    x = tg.arange(3.0, requires_grad=True)
    for input in (x, x * 1):
        (g,) = tg.autograd.grad(Sine.apply(input).sum(), x)
        assert np.allclose(g.numpy(), np.cos([0, 1, 2])) and x.grad is None


def test_what_is_saved_keeps_its_history():
    """A tensor that is neither an input nor an output: its own gradient is found by the second derivative."""
    p = tg.tensor([2.0, 3.0], requires_grad=True)
    factor = p * p

    class Times(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x, factor, factor)
            return x * factor

        @staticmethod
        def backward(ctx, g):
            _, one, two = ctx.saved_tensors
            assert one.requires_grad and two.requires_grad
            return g * one

    x = tg.ones(2, requires_grad=True)
    (gx,) = tg.autograd.grad(Times.apply(x).sum(), x, create_graph=True)
    (gp,) = tg.autograd.grad(gx.sum(), p)
    assert gx.tolist() == [4, 9] and gp.tolist() == [4, 6]


class TestResultsInTheMemoryOfOthers:
    """Who writes one writes the other, whether a gradient is wanted or not."""

    class Views(Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 3
            return x[1:], y, y[:1]

        @staticmethod
        def backward(ctx, a, b, c):
            return tg.cat([0 * a[:1], a]) + 3 * b + 3 * tg.cat([c, 0 * b[1:]])

    @pytest.mark.parametrize("wanted", [False, True])
    def test_a_write_reaches_all(self, wanted):
        w = tg.tensor([1.0, 2.0], requires_grad=wanted)
        x = w * 1
        tail, y, head = self.Views.apply(x)
        tail.mul_(5)
        head.mul_(7)
        assert (x.tolist(), tail.tolist(), y.tolist(), head.tolist()) == ([1, 10], [10], [21, 6], [21])
        if wanted:
            (x.sum() + y.sum()).backward()
            assert w.grad.tolist() == [1 + 21, 5 + 3]

    @pytest.mark.parametrize("wanted", [False, True])
    def test_also_through_a_checkpoint(self, wanted):
        x = tg.tensor([1.0, 2.0], requires_grad=wanted) * 1
        tg.utils.checkpoint.checkpoint(lambda v: v[:1], x).mul_(2)
        assert x.tolist() == [2, 2]


class TestSeveralBackwardsAtOnce:
    """Each run of backward has saved tensors of its own; the context's other attributes are one."""

    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.runs = []
            return x * x

        @staticmethod
        def backward(ctx, g):
            ctx.runs.append(len(ctx.runs))
            if len(ctx.runs) == 1:
                ctx.during()
            (x,) = ctx.saved_tensors
            return g * 2 * x

    def graph(self, during):
        contexts = []

        class Remembered(self.Square):
            @staticmethod
            def forward(ctx, x):
                contexts.append(ctx)
                ctx.during = lambda: during(x_leaf, y)
                return TestSeveralBackwardsAtOnce.Square.forward(ctx, x)

        x_leaf = tg.tensor([1.0, 2.0], requires_grad=True)
        y = Remembered.apply(x_leaf)
        return x_leaf, y, contexts[0]

    def test_one_inside_another(self):
        found = []
        x, y, context = self.graph(lambda x, y: found.extend(tg.autograd.grad(y.sum(), x, retain_graph=True)))
        (g,) = tg.autograd.grad(y.sum(), x, create_graph=True)
        assert found[0].tolist() == g.tolist() == [2.0, 4.0] and context.runs == [0, 1]
        assert tg.autograd.grad(g.sum(), x)[0].tolist() == [2.0, 2.0]  # the inner run did not record

    def test_one_of_another_thread(self):
        def during(x, y):
            thread = threading.Thread(target=lambda: tg.autograd.grad(y.sum(), x, retain_graph=True))
            thread.start()
            thread.join()

        x, y, _ = self.graph(during)
        assert tg.autograd.grad(y.sum(), x, retain_graph=True)[0].tolist() == [2.0, 4.0]

    def test_an_error_leaves_nothing_behind(self):
        def during(x, y):
            raise ZeroDivisionError

        _, y, context = self.graph(during)
        with pytest.raises(ZeroDivisionError):
            y.sum().backward()
        assert context.saved_tensors == ()
