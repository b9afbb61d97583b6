"""What ``load_state_dict`` of an optimizer takes over: all of it is looked at before anything changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.arrays import as_array
from ..autograd.elsewhere import hosted, moved
from ..autograd.errors import AutogradError, StateDictError, shape_text
from ..autograd.modes import holding, same
from ..autograd.tensor import Tensor, wrap

if TYPE_CHECKING:
    from .optimizer import Optimizer


def copied(value: Any) -> Any:
    """A value of a state in memory of its own, without history; what is no tensor or container stays as it is."""
    if isinstance(value, Tensor):
        holding(value)
        array = value._value.copy(order="K")
        same(array, value._value)
        return wrap(array, None)
    if isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


def checked(optimizer: Optimizer, state_dict: Any) -> dict[str, Any]:
    """``state`` and ``param_groups`` as the optimizer holds them; raises ``StateDictError`` where they do not fit."""
    if not isinstance(state_dict, Mapping) or not {"state", "param_groups"} <= set(state_dict):
        got = sorted(map(str, state_dict)) if isinstance(state_dict, Mapping) else type(state_dict).__name__
        raise StateDictError(
            f"load_state_dict: the state of an optimizer is a dict of 'state' and 'param_groups', got {got}; give "
            "what state_dict() returned"
        )
    groups = _checked_groups(optimizer, state_dict["param_groups"])
    numbers = [number for group in state_dict["param_groups"] for number in group["params"]]
    params = [p for group in optimizer.param_groups for p in group["params"]]
    state = _checked_state(optimizer, state_dict["state"], dict(zip(numbers, params, strict=True)))
    return {"state": state, "param_groups": groups}


def _checked_groups(optimizer: Optimizer, loaded: Any) -> list[dict[str, Any]]:
    """The groups, with the parameters of the optimizer and the settings loaded."""
    who = type(optimizer).__name__
    if not isinstance(loaded, (list, tuple)) or not all(isinstance(group, Mapping) for group in loaded):
        raise StateDictError(f"load_state_dict: param_groups is a list of dicts, got {loaded!r:.60}")
    saved = [len(group["params"]) if isinstance(group.get("params"), (list, tuple)) else None for group in loaded]
    own = [len(group["params"]) for group in optimizer.param_groups]
    if saved != own:
        raise StateDictError(
            f"load_state_dict: the optimizer has groups of {own} parameters, the state_dict of {saved}; build the "
            "optimizer with the same groups"
        )
    # A switch that another version does not have stays as it is; a number is part of the rule.
    numbers = {name for name, value in optimizer.defaults.items() if value is not None and not isinstance(value, bool)}
    groups = []
    for group, settings in zip(optimizer.param_groups, loaded, strict=True):
        if not numbers <= set(settings):
            raise StateDictError(
                f"load_state_dict: {who} has the settings {sorted(optimizer.defaults)}, the state_dict "
                f"{sorted(map(str, set(settings) - {'params'}))}; it came from another kind of optimizer"
            )
        optimizer._check({**optimizer.defaults, **settings})
        groups.append({**group, **{name: copied(value) for name, value in settings.items() if name != "params"}})
    return groups


def _checked_state(optimizer: Optimizer, loaded: Any, params: dict[Any, Tensor]) -> Any:
    """The state of every parameter, in memory of its own; names that are no numbers are the user's, and stay."""
    if not isinstance(loaded, Mapping):
        raise StateDictError(f"load_state_dict: state is a dict by the parameters' numbers, got {loaded!r:.60}")
    who, state = type(optimizer).__name__, type(optimizer._state)(dict)
    for number, saved in loaded.items():
        if number not in params:
            if isinstance(number, str) and not number.isdigit():
                state[number] = copied(saved)
                continue
            raise StateDictError(f"load_state_dict: state of parameter {number!r}, of {len(params)} (from 0)")
        if not isinstance(saved, Mapping):
            raise StateDictError(f"load_state_dict: the state of parameter {number} is a dict, got {saved!r:.60}")
        missing = [name for name in (*optimizer.counts, *optimizer.keeps) if name not in saved]
        if saved and missing:
            raise StateDictError(
                f"load_state_dict: the state of parameter {number} lacks {', '.join(missing)}, which {who} keeps; it "
                f"has {', '.join(map(str, saved))}"
            )
        p = params[number]
        for name, value in saved.items():
            what = f"{name} of parameter {number}"
            if name in optimizer.counts:
                state[p][name] = _checked_number(name, value, what)
            elif name in optimizer.keeps or name in optimizer.may_keep:
                state[p][name] = _checked_tensor(value, p, what)
            else:
                state[p][name] = _taken(name, value, p)
    return state


def _array(value: Any, what: str) -> Any:
    try:
        return value._value if isinstance(value, Tensor) else as_array(value)
    except AutogradError as error:
        raise StateDictError(f"load_state_dict: {what}: {error}") from None


def _checked_number(name: str, value: Any, what: str) -> Tensor:
    """A number of a saved state: a count of steps, or any other."""
    array = _array(value, what)
    if array.shape != () or array.dtype.kind not in "uif" or (name == "step" and (not array >= 0 or array % 1 != 0)):
        kind = "a whole number from 0" if name == "step" else "a number"
        raise StateDictError(f"load_state_dict: {what} is {kind}, got {value!r:.60}")
    array = hosted(array)
    return wrap(np.array(array, array.dtype if array.dtype == np.float64 else np.float32), None)


def _checked_tensor(value: Any, p: Tensor, what: str) -> Tensor:
    """A tensor of a saved state as it is kept for ``p``: of its shape and dtype, and in its order in memory."""
    array = _array(value, what)
    if array.shape != p.shape:
        raise StateDictError(
            f"load_state_dict: size mismatch for {what}: the parameter has {shape_text(p.shape)}, the state_dict "
            f"{shape_text(array.shape)}"
        )
    if array.dtype.kind == "c" and not p.is_complex():
        raise StateDictError(f"load_state_dict: {what} is {array.dtype}, and the parameter {p.dtype}")
    kept = np.empty_like(p._value)
    kept[...] = moved(hosted(array), kept)
    return wrap(kept, None)


def _taken(name: str, value: Any, p: Tensor) -> Any:
    """What a user's own optimizer keeps: tensors and arrays as tensors, of the dtype of ``p`` where both are floats."""
    if isinstance(value, dict):
        return {key: _taken(key, inner, p) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_taken(name, inner, p) for inner in value)
    if not hasattr(value, "__array__"):
        return value
    array = _array(value, name)
    floats = array.dtype.kind in "fc" and p.dtype.kind in "fc" and name != "step"
    return wrap(array.astype(p.dtype if floats else array.dtype), None)
