"""What a program could silently freeze: what functions of the user make of gradients on their way."""

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.node import Node

pytestmark = pytest.mark.usefixtures("every_backend")


class Square(tg.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x * recorded()


def recorded():
    """Another number where operations are recorded: hooks may ask, and second derivatives need it."""
    return 3 if tg.is_grad_enabled() else 1


# What is done to ``h = w * x``, by the name of what registers it; each changes the gradient, by ``w``.
CHANGED = {
    "Tensor.register_hook": lambda w, h: h.register_hook(lambda g: g * w * recorded()),
    "leaf.register_hook": lambda w, h: w.register_hook(lambda g: g * w * recorded()),
    "Tensor.register_post_accumulate_grad_hook":
        lambda w, h: w.register_post_accumulate_grad_hook(lambda w: w.grad.mul_(2 * recorded())),
    "Node.register_prehook": lambda w, h: h.grad_fn.register_prehook(lambda gs: (gs[0] * w * recorded(),)),
    "Node.register_hook":
        lambda w, h: h.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * w * recorded(), None)),
    "Node.register_hook of what arrives":
        lambda w, h: h.grad_fn.register_hook(lambda inputs, outputs: (outputs[0] * w * recorded(), None)),
    "Function.backward": lambda w, h: Square.apply(h),
}  # fmt: skip


def test_every_way_to_see_a_gradient_is_here():
    ways = {
        f"{kind.__name__}.{name}" for kind in (tg.Tensor, Node) for name in dir(kind)
        if name.startswith("register") and name.endswith("hook")
    }  # fmt: skip
    assert ways <= CHANGED.keys()


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("way", CHANGED)
def test_gradients_that_are_changed_are_those_of_python(way, create):
    def step(x, w):
        w.grad = None
        h = w * x
        made = CHANGED[way](w, h)
        h = made if isinstance(made, tg.Tensor) else h
        (h * h * h).sum().backward(create_graph=create)
        found = [w.grad.detach().clone(), w.grad.requires_grad]
        if create:
            second = (w.grad * w.grad).sum()
            w.grad = None
            second.backward()
            found.append(w.grad.detach().clone())
        if made is not h:
            made.remove()
        return found

    compiled = tg.compile(step)
    w, twin = (tg.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    for i in range(5):
        x = tg.tensor([1.0 + i, 3.0 - i])
        for one, other in zip(step(x, twin), compiled(x, w)):
            np.testing.assert_allclose(one, other, rtol=1e-5)
