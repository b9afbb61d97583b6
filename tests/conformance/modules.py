"""PyTorch's own module table, run on both engines: outputs, gradients of inputs and parameters, buffers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_modules import ModuleInfo, module_db

import tinygrad_bp as tg

from .operators import GRADIENT, VALUE, converted, cotangent, leaves, same


def ours(info: ModuleInfo) -> Callable[..., Any] | None:
    """The class of ``tg.nn`` under the same name."""
    if info.module_cls.__name__.startswith("Lazy"):  # they have no state before their first call: test_lazy.py
        return None
    found = getattr(tg.nn, info.module_cls.__name__, None)
    return found if info.module_cls is getattr(torch.nn, info.module_cls.__name__, None) else None


def exported() -> list[ModuleInfo]:
    """The entries of the table that have a counterpart, without variants."""
    return [info for info in module_db if ours(info) is not None]


def inputs(info: ModuleInfo, training: bool) -> Iterator[Any]:
    """The table's own constructor and forward arguments in float64."""
    torch.manual_seed(0)
    yield from info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=True, training=training)


def compare(info: ModuleInfo, given: Any, training: bool) -> None:
    """Raise ``AssertionError`` (or the engine's own error) where one entry does not agree."""
    theirs_in: list[torch.Tensor] = []
    ours_in: list[Any] = []
    make, forward = given.constructor_input, given.forward_input
    if forward is None:
        return
    arguments = converted(make.args, [], []), converted(make.kwargs, [], [])
    their_module = info.module_cls(*make.args, **make.kwargs).double().train(training)
    our_module = ours(info)(*arguments[0], **arguments[1]).double().train(training)  # type: ignore[misc]
    state = {name: value.detach().numpy() for name, value in their_module.state_dict().items()}
    assert list(our_module.state_dict()) == list(state), f"state_dict {list(our_module.state_dict())}, {list(state)}"
    our_module.load_state_dict(state)
    args, kwargs = converted(forward.args, theirs_in, ours_in), converted(forward.kwargs, theirs_in, ours_in)
    torch.manual_seed(1)
    their_result = their_module(*forward.args, **forward.kwargs)
    tg.manual_seed(1)
    our_result = our_module(*args, **kwargs)
    theirs, mine = list(leaves(their_result)), list(leaves(our_result))
    assert len(theirs) == len(mine), f"{len(mine)} results, PyTorch gives {len(theirs)}"
    for a, b in zip(mine, theirs, strict=True):
        same(a, b, VALUE, "the output")
    pairs = [(a, b) for a, b in zip(mine, theirs, strict=True) if isinstance(b, torch.Tensor) and b.requires_grad]
    their_parameters = dict(their_module.named_parameters())
    for name, value in their_module.named_buffers():
        same(dict(our_module.named_buffers())[name], value, VALUE, f"the buffer {name}")
    if not pairs:
        return
    weights = [cotangent(b) for _, b in pairs]
    wanted = [*theirs_in, *their_parameters.values()]
    ours_wanted = [*ours_in, *(dict(our_module.named_parameters())[name] for name in their_parameters)]
    if not wanted:
        return
    their_grads = torch.autograd.grad(
        [b for _, b in pairs], wanted, [torch.from_numpy(w) for w in weights], allow_unused=True
    )
    our_grads = tg.autograd.grad([a for a, _ in pairs], ours_wanted, [tg.tensor(w) for w in weights], allow_unused=True)
    for a, b in zip(our_grads, their_grads, strict=True):
        if a is None or b is None:
            present = b if a is None else torch.from_numpy(np.array(a.detach().numpy()))
            assert present is None or not present.numpy().any(), "one gradient is missing"
            continue
        same(a, b, GRADIENT, "the gradient")
