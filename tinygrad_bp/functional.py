"""Derivatives of functions with the signatures of ``torch.autograd.functional``, over the transforms of ``func``.

``inputs`` is a tensor or a tuple of tensors, and so is ``v``; results have the structure that PyTorch gives them.
They are detached unless ``create_graph``. ``strict`` raises ``UnusedInputError`` where no output depends on an input.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .autograd.errors import ArgumentError
from .autograd.gradient import grad
from .autograd.tensor import Tensor
from .func import jacobians, transforms
from .places import PACKAGE

Function = Callable[..., Any]
_JACOBIANS: dict[str, Any] = {"reverse-mode": jacobians.jacrev, "forward-mode": jacobians.jacfwd}


def _arguments(inputs: Any) -> tuple[tuple[Any, ...], Any]:
    """The inputs as a tuple, and the argnums that give results the structure of ``inputs``."""
    return (inputs, tuple(range(len(inputs)))) if isinstance(inputs, tuple) else ((inputs,), 0)


def _strictly(func: Function, inputs: Any, strict: bool) -> None:
    if strict:
        args, _ = _arguments(inputs)
        call = transforms.Call("strict", func, args, {}, tuple(range(len(args))))
        outputs, _ = transforms.outputs_of(call.result, "strict")
        grad([y.sum() for y in outputs], call.inputs)


def _jacobian(strategy: str) -> Any:
    if strategy not in _JACOBIANS:
        raise ArgumentError(f"strategy is one of {sorted(_JACOBIANS)}, got {strategy!r}")
    return _JACOBIANS[strategy]


def _shown(result: Any, create_graph: bool) -> Any:
    return result if create_graph else transforms.detached(result)


def jacobian(
    func: Function, inputs: Tensor | tuple[Tensor, ...], create_graph: bool = False, strict: bool = False,
    vectorize: bool = False, strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The Jacobian of ``func`` at ``inputs``: of shape ``output.shape + input.shape``, a tuple (of tuples) for several.

    ``strategy`` is ``"reverse-mode"`` or ``"forward-mode"``; ``vectorize`` changes nothing in the result.

    >>> import tinygrad_bp as tg
    >>> tg.autograd.functional.jacobian(lambda x: x * x, tg.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    _strictly(func, inputs, strict)
    args, argnums = _arguments(inputs)
    return _shown(_jacobian(strategy)(func, argnums)(*args), create_graph)


def hessian(
    func: Function, inputs: Tensor | tuple[Tensor, ...], create_graph: bool = False, strict: bool = False,
    vectorize: bool = False, outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The matrix of second derivatives of a function of one number: a tuple of tuples for several inputs.

    >>> import tinygrad_bp as tg
    >>> tg.autograd.functional.hessian(lambda x: (x ** 3).sum(), tg.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    _strictly(func, inputs, strict)
    args, argnums = _arguments(inputs)
    outer = _jacobian(outer_jacobian_strategy)
    return _shown(outer(jacobians.jacrev(func, argnums), argnums)(*args), create_graph)


def vjp(
    func: Function, inputs: Tensor | tuple[Tensor, ...], v: Tensor | tuple[Tensor, ...] | None = None,
    create_graph: bool = False, strict: bool = False,
) -> Any:  # fmt: skip
    """``(output, product)``: the cotangent ``v`` times the Jacobian; ``v`` is 1 for one number where left out.

    >>> import tinygrad_bp as tg
    >>> tg.autograd.functional.vjp(lambda x: (x * x).sum(), tg.tensor([1.0, 2.0]))
    (tensor(5.), tensor([2., 4.]))
    """
    _strictly(func, inputs, strict)
    args, argnums = _arguments(inputs)
    output, pull = transforms.vjp(func, *args)
    if v is None:
        if not hasattr(output, "numel") or output.numel() != 1:
            raise ArgumentError("vjp: v may be left out only where the function returns one number")
        v = output.detach() * 0 + 1
    products = pull(v)
    return _shown((output, products if argnums else products[0]), create_graph)


def jvp(
    func: Function, inputs: Tensor | tuple[Tensor, ...], v: Tensor | tuple[Tensor, ...] | None = None,
    create_graph: bool = False, strict: bool = False,
) -> Any:  # fmt: skip
    """``(output, product)``: the Jacobian times the tangent ``v``, which is 1 for a single number where left out.

    >>> import tinygrad_bp as tg
    >>> tg.autograd.functional.jvp(lambda x: x * x, tg.tensor([1.0, 2.0]), tg.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    _strictly(func, inputs, strict)
    args, _ = _arguments(inputs)
    return _shown(transforms.jvp(func, args, _tangents("jvp", args, v)), create_graph)


def _tangents(what: str, args: tuple[Any, ...], v: Any) -> tuple[Any, ...]:
    if v is not None:
        return v if isinstance(v, tuple) else (v,)
    if len(args) != 1 or args[0].numel() != 1:
        raise ArgumentError(f"{what}: v may be left out only for one input of one number")
    return (args[0].detach() * 0 + 1,)


def hvp(
    func: Function, inputs: Tensor | tuple[Tensor, ...], v: Tensor | tuple[Tensor, ...] | None = None,
    create_graph: bool = False, strict: bool = False,
) -> Any:  # fmt: skip
    """``(output, product)``: the Hessian times ``v``, forward over reverse mode.

    >>> import tinygrad_bp as tg
    >>> tg.autograd.functional.hvp(lambda x: (x ** 3).sum(), tg.tensor([1.0, 2.0]), tg.tensor([1.0, 1.0]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    _strictly(func, inputs, strict)
    args, _ = _arguments(inputs)
    product = transforms.hvp(func, args, _tangents("hvp", args, v))
    return _shown(
        (func(*args), (product,) if isinstance(inputs, tuple) and len(inputs) == 1 else product), create_graph
    )


def vhp(
    func: Function, inputs: Tensor | tuple[Tensor, ...], v: Tensor | tuple[Tensor, ...] | None = None,
    create_graph: bool = False, strict: bool = False,
) -> Any:  # fmt: skip
    """``(output, product)``: ``v`` times the Hessian, reverse over reverse mode.

    >>> import tinygrad_bp as tg
    >>> tg.autograd.functional.vhp(lambda x: (x ** 3).sum(), tg.tensor([1.0, 2.0]), tg.tensor([1.0, 1.0]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    _strictly(func, inputs, strict)
    args, argnums = _arguments(inputs)
    _, pull = transforms.vjp(transforms.grad(func, argnums), *args)
    given = _tangents("vhp", args, v)
    products = pull(given if argnums else given[0])
    return _shown((func(*args), products if argnums else products[0]), create_graph)


# What PyTorch's `torch.functional` has, whose name this file shares.
_OF_TENSORS = {
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes", "broadcast_tensors", "cartesian_prod",
    "cdist", "chain_matmul", "einsum", "istft", "lu", "meshgrid", "norm", "pca_lowrank", "split", "stft", "svd_lowrank",
    "tensordot", "unique", "unique_consecutive", "unravel_index",
}  # fmt: skip

if not TYPE_CHECKING:

    def __getattr__(name):
        if name in _OF_TENSORS:
            return getattr(sys.modules[PACKAGE], name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
