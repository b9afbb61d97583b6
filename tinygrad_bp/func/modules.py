"""Modules as functions of their parameters, under ``torch.func``'s names: for the transforms of ``tg.func``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor
from ..ops.joining import stack

__all__ = ["functional_call", "replace_all_batch_norm_modules_", "stack_module_state"]


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with these tensors in the places of its parameters and buffers, for this call.

    The tensors come by the names of ``named_parameters`` and ``named_buffers``, in one dict or several; what is not
    named stays. ``args`` is a tuple, or the one argument. With ``tie_weights`` a tensor also takes the place of the
    other names of the same parameter; with ``strict`` every name must be given. Raises ``ArgumentError`` for a name
    that the module has not, or that comes twice, before anything is called.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.Linear(2, 1, bias=False)
    >>> tg.func.functional_call(layer, {"weight": tg.tensor([[1.0, 10.0]])}, tg.tensor([3.0, 4.0]))
    tensor([43.])
    >>> loss = lambda w: tg.func.functional_call(layer, {"weight": w}, tg.tensor([3.0, 4.0])).sum()
    >>> tg.func.grad(loss)(tg.zeros(1, 2))
    tensor([[3., 4.]])
    """
    dicts = (
        [parameter_and_buffer_dicts] if isinstance(parameter_and_buffer_dicts, Mapping) else parameter_and_buffer_dicts
    )
    own = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    given: dict[str, Tensor] = {}
    for part in dicts:
        twice = sorted(given.keys() & part.keys())
        if twice:
            raise ArgumentError(f"functional_call: {', '.join(twice)} stands in two of the dicts; leave it in one")
        given |= part
    unknown = sorted(given.keys() - own.keys())
    if unknown:
        raise ArgumentError(f"functional_call: the module has no {', '.join(unknown)}; it has {', '.join(own)}")
    if tie_weights:
        chosen = {id(own[name]): tensor for name, tensor in given.items()}
        given |= {name: chosen[id(t)] for name, t in own.items() if name not in given and id(t) in chosen}
    missing = sorted(own.keys() - given.keys())
    if strict and missing:
        raise ArgumentError(f"functional_call: strict=True, and {', '.join(missing)} are not given")
    places = []
    for name, tensor in given.items():
        path, _, last = name.rpartition(".")
        places.append((vars(module.get_submodule(path)), last, tensor))
    before = [(space, last, space[last]) for space, last, _ in places]
    try:
        for space, last, tensor in places:
            space[last] = tensor
        return module(*(args if isinstance(args, tuple) else () if args is None else (args,)), **(kwargs or {}))
    finally:
        for space, last, tensor in before:
            space[last] = tensor


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """The module, whose batch norms from now on take the statistics of each batch and keep none of them.

    ``vmap`` of the module needs that: running statistics are one for all slices, and cannot be written by each.

    >>> import tinygrad_bp as tg
    >>> tg.func.replace_all_batch_norm_modules_(tg.nn.BatchNorm1d(3)).track_running_stats
    False
    """
    for module in root.modules():
        if getattr(module, "is_batch_norm", False):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Parameters and buffers of models of one kind, each stacked along a new first dimension.

    The parameters are fresh leaves. Raises ``ArgumentError`` where there is no model, or where they are of several
    kinds.

    >>> import tinygrad_bp as tg
    >>> params, buffers = tg.func.stack_module_state([tg.nn.Linear(2, 1), tg.nn.Linear(2, 1)])
    >>> tuple(params["weight"].shape), buffers
    ((2, 1, 2), {})
    """
    kinds = {type(model) for model in models}
    if len(kinds) != 1:
        found = ", ".join(sorted(kind.__name__ for kind in kinds)) or "none"
        raise ArgumentError(f"stack_module_state: expected models of one class, got {found}")

    def stacked(dicts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        return {name: stack([own[name] for own in dicts]).detach() for name in dicts[0]}

    params = stacked([dict(model.named_parameters()) for model in models])
    for name, first in models[0].named_parameters():
        params[name].requires_grad_(first.requires_grad)
    return params, stacked([dict(model.named_buffers()) for model in models])
