"""What a backward returned: which array is the gradient of which input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .calling import array, is_array, is_float, leaves
from .names import gradient_of
from .problem import NotFitting

Named = list[tuple[str, Any]]
HOLDING = ("data", "value", "val", "array")  # attributes of what holds one parameter
CONTAINERS = {"params", "parameters", "grads", "gradients", "grad", "dparams", "gradient", "left"}


def loss_and_gradients(result: Any, returned: Sequence[str]) -> tuple[Any, Named]:
    """The number and the arrays of ``loss, grads``, in either order."""
    parts = list(result) if isinstance(result, (tuple, list)) else [result]
    numbers = [i for i, p in enumerate(parts) if isinstance(p, (int, float)) or (is_array(p) and array(p).size == 1)]
    numbers.sort(key=lambda i: np.ndim(array(parts[i])))
    if not numbers or len(parts) < 2:
        raise NotFitting("1 forward", "It does not return a number and gradients.")
    place = numbers[0]
    names = returned if len(returned) == len(parts) else [""] * len(parts)
    rest = [(n, p) for i, (n, p) in enumerate(zip(names, parts, strict=True)) if i != place]
    loss = parts[place].sum() if is_array(parts[place]) and array(parts[place]).ndim else parts[place]
    return loss, [pair for name, part in rest for pair in named_results(part, [name])]


def named_results(results: Any, returned: Sequence[str]) -> Named:
    """Every array among a backward's results, with its name."""
    if isinstance(results, Mapping):
        return list(leaves(results))
    kinds = (list, tuple, dict, float)
    if isinstance(results, (tuple, list)) and any(is_array(r) or isinstance(r, kinds) for r in results):
        names = list(returned) if len(returned) == len(results) else [""] * len(results)
        found: Named = []
        for name, part in zip(names, results, strict=True):
            if isinstance(part, Mapping):
                found += list(leaves(part))
            elif isinstance(part, (tuple, list)):
                found += list(leaves(part, name))
            elif part is not None:
                found.append((name, part))
        return found
    return [(returned[0] if len(returned) == 1 else "", results)] if results is not None else []


def assigned(found: Named, named: Named, kinds: Mapping[str, str]) -> dict[int, int]:
    """Which result is the gradient of which input: by name, else the first left of its shape, else in order.

    ``found`` are the results and ``named`` the inputs, each with a name; the answer is from the place of an input to
    the place of its gradient.
    """
    floats = [i for i, (_, a) in enumerate(named) if is_float(a)]
    free = [i for i in floats if kinds.get(named[i][0].partition(".")[0]) not in ("labels", "mask")]
    names = {named[i][0]: i for i in floats}
    places: dict[int, int] = {}
    left = []
    for k, (name, value) in enumerate(found):
        if not (is_array(value) or isinstance(value, (float, int))):
            continue
        target = _target(name, [n for n, i in names.items() if i not in places])
        if target:
            places[names[target]] = k
        else:
            left.append(k)
    unnamed = [k for k in left if not found[k][0]] if places else left
    if len(unnamed) == len(found) == len(floats):
        free = floats  # one for each input, labels too
    for n, k in enumerate(unnamed):
        if found[k][0].startswith("left."):
            continue
        same = [i for i in free if i not in places and np.shape(array(found[k][1])) == np.shape(named[i][1])]
        rest = same or [i for i in free if i not in places]
        if rest and (same or len(unnamed) - n <= len(rest)):
            places[rest[0]] = k
    _lone(places, left, free, found, named)
    return places


def _lone(places: dict[int, int], left: list[int], free: list[int], found: Named, named: Named) -> None:
    """A result of which no name is known is that of the one input left that has its shape."""
    for k in left:
        if k in places.values() or found[k][0].startswith("left."):
            continue
        same = [i for i in free if i not in places and np.shape(array(found[k][1])) == np.shape(named[i][1])]
        if len(same) == 1:
            places[same[0]] = k


def title(name: str, of: str) -> str:
    """The name under which a gradient is printed: its own where that says whose it is."""
    return name.removeprefix("left.") if _target(name, [of]) else f"d{of}"


def _bare(name: str) -> list[str]:
    """The parts of a name, without those that only say that parameters or gradients follow."""
    parts = name.split(".")
    if len(parts) > 1 and parts[-1] in (*HOLDING, "grad", "gradient", "g"):  # weight.data, weight.grad
        parts = parts[:-1]
    return [p for p in parts[:-1] if p not in CONTAINERS] + parts[-1:]


def _target(name: str, inputs: list[str]) -> str:
    """The input whose gradient a result's name says; "" where there is none."""
    if not name:
        return ""
    *owner, last = _bare(name)
    bare = {i: _bare(i) for i in inputs}
    if "." in name or name in inputs:
        exact = [i for i in inputs if bare[i] == [*owner, last]]
        if exact:
            return exact[0]
    if last.isdigit():  # nabla_w.0 for weights.0, dW.0
        heads = {bare[i][-2]: i for i in inputs if len(bare[i]) > 1 and bare[i][-1] == last}
        which = gradient_of(owner[-1], list(heads)) if owner else ""
        return heads[which] if which else ""
    near = {bare[i][-1]: i for i in inputs if bare[i][:-1] == owner}
    which = gradient_of(last, list(near))
    if which:
        return near[which]
    if not owner:
        alone = {bare[i][-1]: i for i in inputs}
        which = gradient_of(last, list(alone))
        return alone[which] if which else ""
    return ""
