"""Weights of which a part is 0: a mask of 0 and 1 beside the weight that is learned, multiplied before each call.

The parameter ``weight`` becomes ``weight_orig``, its mask is the buffer ``weight_mask``, and ``weight`` is their
product, which a hook computes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from ...autograd.errors import ArgumentError
from ...autograd.tensor import Tensor
from ...functions.creation import ones_like
from ...ops.shape import reshape
from ..hooks import hooks_of
from ..module import Module
from .convert_parameters import parameters_to_vector
from .pruning_methods import (
    BasePruningMethod,
    CustomFromMask,
    Identity,
    L1Unstructured,
    LnStructured,
    PruningContainer,
    RandomStructured,
    RandomUnstructured,
    number_of_hook,
)

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured", "PruningContainer",
    "RandomStructured", "RandomUnstructured", "custom_from_mask", "global_unstructured", "identity", "is_pruned",
    "l1_unstructured", "ln_structured", "random_structured", "random_unstructured", "remove",
]  # fmt: skip

M = TypeVar("M", bound=Module)


def identity(module: M, name: str) -> M:
    """Prune nothing: the parameter has a mask of ones from here on.

    >>> import tinygrad_bp as tg
    >>> list(tg.nn.utils.prune.identity(tg.nn.Linear(2, 3), "bias").state_dict())
    ['weight', 'bias_orig', 'bias_mask']
    """
    Identity.apply(module, name)
    return module


def random_unstructured(module: M, name: str, amount: float) -> M:
    """Prune ``amount`` elements drawn at random; a float is the share of all that are left.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.prune.random_unstructured(tg.nn.Linear(2, 3), "weight", amount=2).weight_mask.sum()
    tensor(4.)
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: M, name: str, amount: float, importance_scores: Tensor | None = None) -> M:
    """Prune the ``amount`` elements of least absolute value, or of least ``importance_scores``; a float is a share.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.Linear(2, 3)
    >>> layer.bias.data = tg.tensor([0.5, -0.1, -2.0])
    >>> tg.nn.utils.prune.l1_unstructured(layer, "bias", amount=1).bias_mask
    tensor([1., 0., 1.])
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: M, name: str, amount: float, dim: int) -> M:
    """Prune ``amount`` slices along ``dim`` drawn at random; a float is the share of those that are left.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.prune.random_structured(tg.nn.Linear(2, 3), "weight", amount=1, dim=0).weight_mask.sum()
    tensor(4.)
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: M, name: str, amount: float, n: float | str, dim: int, importance_scores: Tensor | None = None
) -> M:
    """Prune the ``amount`` slices along ``dim`` of least norm of order ``n``; a float is a share.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.Linear(2, 2)
    >>> layer.weight.data = tg.tensor([[1.0, 2.0], [-3.0, 1.0]])
    >>> tg.nn.utils.prune.ln_structured(layer, "weight", amount=0.5, n=2, dim=0).weight_mask
    tensor([[0., 0.],
            [1., 1.]])
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: M, name: str, mask: Tensor) -> M:
    """Prune where a mask is 0. Raises ``ShapeError`` where it has another shape than the parameter.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.utils.prune.custom_from_mask(tg.nn.Linear(5, 3), "bias", mask=tg.tensor([0, 1, 0]))
    >>> layer.bias_mask
    tensor([0., 1., 0.])
    """
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: Mapping[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune single elements of several parameters as if they were one; ``kwargs`` are for the method.

    Raises ``ArgumentError`` for a method that prunes more than single elements.

    >>> import tinygrad_bp as tg
    >>> prune, layer = tg.nn.utils.prune, tg.nn.Linear(2, 2)
    >>> layer.weight.data, layer.bias.data = tg.tensor([[1.0, 2.0], [-3.0, 4.0]]), tg.tensor([0.5, -0.1])
    >>> prune.global_unstructured([(layer, "weight"), (layer, "bias")], prune.L1Unstructured, amount=0.5)
    >>> layer.weight_mask.tolist(), layer.bias_mask.tolist()
    ([[0.0, 1.0], [1.0, 1.0]], [0.0, 0.0])
    """
    if not isinstance(parameters, Iterable):
        raise ArgumentError("global_unstructured(): parameters is not an Iterable")
    if importance_scores is not None and not isinstance(importance_scores, Mapping):
        raise ArgumentError("global_unstructured(): importance_scores must be of type dict")
    places, given = list(parameters), importance_scores or {}
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise ArgumentError(
            f'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method {pruning_method} of '
            f"type {method.PRUNING_TYPE}"
        )
    values: list[Tensor] = [getattr(module, name) for module, name in places]
    masks: list[Tensor] = [
        getattr(module, f"{name}_mask", ones_like(value)) for (module, name), value in zip(places, values, strict=True)
    ]
    scores = [given.get(place, value) for place, value in zip(places, values, strict=True)]
    method._tensor_name = "all of them"
    mask = PruningContainer(method).compute_mask(parameters_to_vector(scores), parameters_to_vector(masks))
    start = 0
    for (module, name), value in zip(places, values, strict=True):
        stop = start + value.numel()
        custom_from_mask(module, name, mask=reshape(mask[start:stop], value.shape))
        start = stop


def remove(module: M, name: str) -> M:
    """Make the pruned tensor the parameter, without mask and hook. Raises ``ArgumentError`` where nothing is pruned.

    >>> import tinygrad_bp as tg
    >>> prune = tg.nn.utils.prune
    >>> list(prune.remove(prune.identity(tg.nn.Linear(2, 3), "bias"), "bias").state_dict())
    ['weight', 'bias']
    """
    number = number_of_hook(module, name)
    if number is None:
        raise ArgumentError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")
    hook: Any = hooks_of(module).before[number][0]
    hook.remove(module)
    del hooks_of(module).before[number]
    return module


def is_pruned(module: Module) -> bool:
    """Whether anything in a module, at any depth, is pruned.

    >>> import tinygrad_bp as tg
    >>> net = tg.nn.Sequential(tg.nn.Linear(2, 3))
    >>> before = tg.nn.utils.prune.is_pruned(net)
    >>> layer = tg.nn.utils.prune.identity(net[0], "bias")
    >>> before, tg.nn.utils.prune.is_pruned(net)
    (False, True)
    """
    hooks = [inner._hooks.before for inner in module.modules() if inner._hooks is not None]
    return any(isinstance(hook, BasePruningMethod) for calls in hooks for hook, _ in calls.values())
