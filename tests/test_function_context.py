"""What PyTorch's contexts of a ``Function`` have besides saved tensors; and ``Variable``."""

import pytest
from test_function import Cube, Scale, x64

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import FunctionError, ModifiedError

Function = tg.autograd.Function


class Power(Function):
    """Forward without ctx, a default, a name."""

    @staticmethod
    def forward(x, k=2, *, scale=1.0):
        return x**k * scale

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.k = inputs
        assert not tg.is_grad_enabled() and ctx.needs_input_grad == (True, False)
        ctx.save_for_backward(x, output)

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        assert y.shape == x.shape
        return g * ctx.k * x ** (ctx.k - 1), None


def test_forward_can_be_plain_and_arguments_come_by_name():
    x = x64(3.0)
    for call, slope in [
        (lambda: Power.apply(x), 6),
        (lambda: Power.apply(x, k=3), 27),
        (lambda: Power.apply(k=3, x=x), 27),
        (lambda: Power.apply(x, 3, scale=1.0), 27),
        (lambda: Scale.apply(x, factor=5.0, note="n"), 5),
    ]:
        (g,) = tg.autograd.grad(call().sum(), x, create_graph=True)
        assert g.tolist() == [slope]
    assert tg.autograd.gradcheck(Power.apply, x) and tg.autograd.gradgradcheck(Power.apply, x)
    with pytest.raises(TypeError, match="nothing"):
        Power.apply(x, nothing=3)


class Three(Function):
    """Three results: one without a gradient."""

    @staticmethod
    def forward(ctx, x, materialize, seen):
        y, z = x * 2, x * 3
        ctx.mark_non_differentiable(z)
        ctx.set_materialize_grads(materialize)
        ctx.seen = seen
        return y, z, x * 4, 7

    @staticmethod
    def backward(ctx, *gradients):
        ctx.seen.append([g if g is None else g.tolist() for g in gradients])
        first, _, third, _ = gradients
        return (0 if first is None else first * 2) + (0 if third is None else third * 4), None, None


@pytest.mark.parametrize("materialize", [True, False])
def test_results_without_a_gradient_and_gradients_that_do_not_come(materialize):
    x, seen = x64(1.0), []
    y, z, w, number = Three.apply(x, materialize, seen)
    assert (y.requires_grad, z.requires_grad, w.requires_grad, number) == (True, False, True, 7)
    assert z.grad_fn is None and repr(w.grad_fn) == repr(y.grad_fn) == "<ThreeBackward>"
    w.sum().backward(retain_graph=True)
    y.sum().backward(retain_graph=True)
    (y + w).sum().backward()
    zero = [0.0] if materialize else None
    nothing = [0.0] if materialize else None
    assert seen == [[zero, nothing, [1], None], [[1], nothing, zero, None], [[1], nothing, [1], None]]
    assert x.grad.tolist() == [12]


class DoubleInPlace(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx, g):
        return 2 * g


def test_an_input_that_is_written_in_place_is_the_result():
    x = x64(1.0, 3.0)
    h = x * 1
    part = h[:1]
    kept = (h * h).sum()
    assert DoubleInPlace.apply(h) is h and repr(h.grad_fn) == "<DoubleInPlaceBackward>"
    assert h.tolist() == [2, 6] and part.tolist() == [2]
    (h.sum() + 10 * part.sum()).backward(retain_graph=True)
    assert x.grad.tolist() == [22, 2]
    with pytest.raises(ModifiedError):
        kept.backward()
    plain = tg.ones(2)
    assert DoubleInPlace.apply(plain) is plain and plain.tolist() == [2, 2] and not plain.requires_grad
    with pytest.raises(RuntimeError, match="leaf"):
        DoubleInPlace.apply(x)


def test_what_is_written_must_be_returned():
    class Forgets(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x * 2

    with pytest.raises(FunctionError, match=r"Forgets\.forward marked an input as dirty"):
        Forgets.apply(x64(1.0) * 1)


def test_once_differentiable():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @tg.autograd.function.once_differentiable
        def backward(ctx, g):
            assert not tg.is_grad_enabled()
            return g * 2 * ctx.saved_tensors[0]

    x = x64(3.0)
    Square.apply(x).sum().backward()
    assert x.grad.tolist() == [6]
    (g,) = tg.autograd.grad(Square.apply(x).sum(), x, create_graph=True)  # the gradient arriving is a constant
    assert not g.requires_grad
    (g,) = tg.autograd.grad((Square.apply(x) * x).sum(), x, create_graph=True)
    assert g.tolist() == [27] and g.requires_grad
    with pytest.raises(RuntimeError, match="marked with @once_differentiable"):
        g.sum().backward()


def test_vmap_calls_it_once_a_slice():
    class Ruled(Cube):
        generate_vmap_rule = True

    assert tg.func.vmap(Ruled.apply)(tg.tensor([[1.0], [2.0]])).tolist() == [[1], [8]]


def test_variable_is_a_tensor_without_history():
    Variable = tg.autograd.Variable
    x = x64(1.0, 2.0)
    v = Variable(x * 2)
    assert not v.requires_grad and v.tolist() == [2, 4] and isinstance(v, Variable) and isinstance(x, Variable)
    assert not isinstance(3, Variable) and issubclass(tg.nn.Parameter, Variable)
    plain = tg.ones(2)
    leaf = Variable(plain, requires_grad=True)
    assert leaf.is_leaf and leaf.requires_grad and not plain.requires_grad
    plain.fill_(5)
    assert leaf.tolist() == [5, 5]  # one memory
    with pytest.raises(TypeError, match="Variable: data has to be a tensor, got list"):
        Variable([1.0])
