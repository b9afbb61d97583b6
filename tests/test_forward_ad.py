"""``autograd.forward_ad``: dual tensors, and what a ``Function`` with a ``jvp`` says of them."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, FunctionError, ShapeError

fw = tg.autograd.forward_ad


def same(given: Any, wanted: Any) -> bool:
    return np.allclose(given.detach().numpy(), wanted)


def test_a_tangent_goes_through_what_is_computed() -> None:
    x, t = tg.tensor([1.0, 2.0]), tg.tensor([1.0, 0.5])
    with fw.dual_level() as level:
        assert level == 0
        dual = fw.make_dual(x, t)
        assert fw.unpack_dual(dual).tangent is t
        y = dual**2 + tg.ones(2)
        primal, tangent = fw.unpack_dual(y)
        assert same(primal, [2, 5]) and same(tangent, [2, 2])
        assert not primal.requires_grad and not tangent.requires_grad
        assert fw.unpack_dual(primal).tangent is fw.unpack_dual(x).tangent is fw.unpack_dual(y.detach()).tangent is None
    assert fw.unpack_dual(y) == (y, None)
    with fw.dual_level():
        assert fw.unpack_dual(y).tangent is None


def test_gradients_flow_back_to_the_tensor_and_the_tangent() -> None:
    w, t = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    with fw.dual_level():
        tangent = fw.unpack_dual(fw.make_dual(w, t) ** 3).tangent
    tangent.sum().backward()
    assert same(w.grad, [6, 6]) and same(t.grad, [3, 3])


def test_written_duals() -> None:
    x, t = tg.ones(2), tg.tensor([2.0, 3.0])
    with fw.dual_level():
        dual, other = fw.make_dual(x, t), tg.full((2,), 5.0)
        dual.mul_(4)
        other.mul_(dual)
        assert same(fw.unpack_dual(dual).tangent, [8, 12]) and same(fw.unpack_dual(other).tangent, [40, 60])
    assert same(x, [1, 1])


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex128"])
def test_shapes_and_dtypes(shape: tuple[int, ...], dtype: str) -> None:
    x = tg.full(shape, 3.0, dtype=np.dtype(dtype))
    with fw.dual_level():
        tangent = fw.unpack_dual(fw.make_dual(x, tg.ones(shape)) ** 2).tangent
    assert tangent.shape == shape and tangent.dtype == x.dtype and same(tangent, 6)


def test_duals_in_the_place_of_parameters() -> None:
    tg.manual_seed(0)
    model, x = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.Tanh(), tg.nn.Linear(4, 2)), tg.randn(5, 3)
    parameters = dict(model.named_parameters())
    tangents = {name: tg.randn(*p.shape) for name, p in parameters.items()}
    _, wanted = tg.func.jvp(lambda p: tg.func.functional_call(model, p, x), (parameters,), (tangents,))
    with fw.dual_level():
        duals = {name: fw.make_dual(p, tangents[name]) for name, p in parameters.items()}
        called = fw.unpack_dual(tg.func.functional_call(model, duals, x)).tangent
        for name, dual in duals.items():
            place, _, last = name.rpartition(".")
            delattr(model.get_submodule(place), last)
            setattr(model.get_submodule(place), last, dual)
        put = fw.unpack_dual(model(x)).tangent
    assert same(put, wanted.detach().numpy()) and same(called, wanted.detach().numpy())


LAYERS = [tg.nn.LayerNorm(3), tg.nn.BatchNorm1d(3), tg.nn.GroupNorm(3, 3), tg.nn.RMSNorm(3), tg.nn.PReLU(3)]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_parameters_move_where_the_input_does_not(layer: Any) -> None:
    x = tg.tensor([[-1.0, 2.0, 0.5], [3.0, -2.0, 1.0]])
    parameters = dict(layer.named_parameters())
    moved = {name: p.detach() + 1 for name, p in parameters.items()}  # every layer is linear in its parameters
    wanted = tg.func.functional_call(layer, moved, x) - layer(x)
    with fw.dual_level():
        duals = {name: fw.make_dual(p, tg.ones_like(p)) for name, p in parameters.items()}
        tangent = fw.unpack_dual(tg.func.functional_call(layer, duals, x)).tangent
    assert np.allclose(tangent.detach().numpy(), wanted.detach().numpy(), atol=1e-6)


def test_wrong_calls() -> None:
    x = tg.ones(2)
    with pytest.raises(ArgumentError, match="no level exists"):
        fw.make_dual(x, x)
    with pytest.raises(ArgumentError, match="no level exists"):
        fw.exit_dual_level()
    with fw.dual_level():
        dual = fw.make_dual(x, x)
        for call, error, text in [
            (fw.enter_dual_level, ArgumentError, "do not nest"),
            (lambda: fw.make_dual(x, tg.ones(3)), ShapeError, r"\(2,\) and the tangent \(3,\)"),
            (lambda: fw.make_dual(x, tg.ones(2).long()), DtypeError, "tangent must be floating"),
            (lambda: fw.make_dual(x.long(), x), DtypeError, "tensor must be floating"),
            (lambda: fw.make_dual(x, x * 1j), DtypeError, "a real tangent"),
            (lambda: fw.make_dual(x, np.ones(2)), ArgumentError, "tangent must be a tensor, got ndarray"),
            (lambda: fw.make_dual(dual * 2, x), ArgumentError, "a tangent already"),
            (lambda: fw.make_dual(x, x, level=3), ArgumentError, "got level 3"),
            (lambda: fw.exit_dual_level(level=3), ArgumentError, "got level 3"),
            (lambda: fw.unpack_dual(3), ArgumentError, "got int"),
            (tg.no_grad()(lambda: fw.make_dual(x, x)), ArgumentError, "under no_grad"),
        ]:
            with pytest.raises(error, match=text):
                call()
        assert same(fw.unpack_dual(dual).tangent, [1, 1])


def test_a_level_ends_with_an_error_and_is_its_threads_own() -> None:
    with pytest.raises(KeyError), fw.dual_level():
        raise KeyError
    with fw.dual_level():
        entered = []
        thread = threading.Thread(target=fw.dual_level()(lambda: entered.append(True)))
        thread.start()
        thread.join()
    assert entered


class Product(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, y: Any, k: int) -> Any:
        ctx.save_for_forward(x, y)
        ctx.k = k
        return k * x * y, x + y

    @staticmethod
    def jvp(ctx: Any, tx: Any, ty: Any, tk: None) -> Any:
        x, y = ctx.saved_tensors
        k = ctx.k
        del ctx.k
        return k * (tx * y + x * ty), tx + ty


def test_forward_mode_calls_the_jvp_of_a_function() -> None:
    x, y = tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])
    with fw.dual_level():
        for _ in range(2):
            first, second = Product.apply(fw.make_dual(x, x), y, 2)
            assert same(fw.unpack_dual(first).tangent, [6, 16]) and same(fw.unpack_dual(second).tangent, [1, 2])
            first, second = Product.apply(fw.make_dual(x, x), fw.make_dual(y, y), 2)
            assert same(fw.unpack_dual(first * second).tangent, [72, 288])
    assert same(tg.func.jvp(lambda x: Product.apply(x, y, 2)[0], (x,), (x,))[1], [6, 16])


@pytest.mark.parametrize(("given", "text"), [((1, 2), "returned 2 tangents for 1"), (tg.ones(3), "of shape")])
def test_a_jvp_that_returns_what_does_not_fit(given: Any, text: str) -> None:
    class Wrong(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def jvp(ctx: Any, t: Any) -> Any:
            return given

    with fw.dual_level(), pytest.raises(FunctionError, match=text):
        fw.unpack_dual(Wrong.apply(fw.make_dual(tg.ones(2), tg.ones(2))))


def test_it_is_found_by_the_paths_of_pytorch() -> None:
    code = (
        "import tinygrad_bp as tg; tg.install_as_torch()\n"
        "import torch, torch.autograd.forward_ad as fwAD\n"
        "from torch.autograd.forward_ad import dual_level\n"
        "assert fwAD is tg.autograd.forward_ad is torch.autograd.forward_ad and dual_level is fwAD.dual_level\n"
        "import tinygrad_bp.autograd.forward_ad as ours; assert ours is fwAD"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.parametrize(("factor", "right"), [(2, True), (3, False)])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_forward_mode_alone_is_checked(factor: int, right: bool, dtype: str) -> None:
    class Double(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def jvp(ctx: Any, t: Any) -> Any:
            return t * factor

    x = tg.tensor([[1.0, 2.0], [0.5, -3.0]], dtype=np.dtype(dtype), requires_grad=True)
    given = {"check_forward_ad": True, "check_backward_ad": False, "raise_exception": False}
    assert tg.autograd.gradcheck(lambda x: Double.apply(x) ** 2, x, check_batched_grad=False, **given) is right
