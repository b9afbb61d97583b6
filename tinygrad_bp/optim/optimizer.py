"""What every optimizer shares: parameter groups, and state kept in a list beside the parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any

import numpy as np

from ..autograd.arrays import as_array
from ..autograd.errors import ArgumentError, AutogradError, StateDictError, shape_text
from ..autograd.modes import enable_grad
from ..autograd.tensor import Tensor, wrap
from ..autograd.writes import wrote


class Optimizer:
    """The base: ``param_groups`` is a list of dicts, each with ``params`` and its own settings.

    ``params`` is tensors, or dicts with ``params`` and settings that differ from the defaults.
    """

    # What the state of a parameter holds from its first step on; ``step`` is a count, the others arrays of its shape.
    keeps: tuple[str, ...] = ()

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise ArgumentError("params: give a list of tensors (model.parameters()), not one tensor")
        if not hasattr(params, "__iter__"):
            raise ArgumentError(f"params: give a list of tensors (model.parameters()), not one {type(params).__name__}")
        groups = list(params)
        if not groups:
            raise ArgumentError("optimizer got an empty parameter list")
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        # One dict a parameter, in the order of the groups.
        self.state: list[list[dict[str, Any]]] = []
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Add tensors with settings of their own."""
        if "params" not in group:
            raise ArgumentError(f"{type(self).__name__}: a group needs 'params', its tensors; got {sorted(group)}")
        given = group["params"]
        params = [given] if isinstance(given, Tensor) else list(given)
        unknown = set(group) - {"params", *self.defaults}
        if unknown:
            raise ArgumentError(
                f"{type(self).__name__}: unknown settings {sorted(unknown)}; it has {sorted(self.defaults)}"
            )
        self._check({**self.defaults, **group})
        known = {id(p) for g in self.param_groups for p in g["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise ArgumentError(f"optimizers take tensors, got {type(p).__name__}")
            if not p.is_leaf:
                raise ArgumentError(
                    f"can't optimize a non-leaf tensor {shape_text(p.shape)} made by {p.grad_fn!r}; give the leaf it "
                    "was made from, or t.detach().requires_grad_()"
                )
            if id(p) in known:
                raise ArgumentError(f"{p.name or 'a parameter'} {shape_text(p.shape)} appears twice; give each once")
            known.add(id(p))
            p._own_cell()  # steps read it without asking
        self.param_groups.append({**self.defaults, **group, "params": params})
        self.state.append([{} for _ in params])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of every parameter (or fill them with 0)."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p._cell.grad = None
                elif p.grad is not None:
                    p.grad = wrap(np.zeros_like(p.grad._value), None)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; ``.grad`` stays as it is.

        ``closure``, where given, computes the loss anew (clear, forward, backward) and its result is returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group, states in zip(self.param_groups, self.state, strict=True):
            moving = [
                (p._value, p._cell.grad._value, state)
                for p, state in zip(group["params"], states)
                if p._cell.grad is not None
            ]
            wrote(*[value for value, _, _ in moving])
            self.update(group, moving)
        return loss

    def check(self, settings: dict[str, Any]) -> None:
        """Raise ``ArgumentError`` for settings with which no step is possible; a subclass writes it."""

    def _check(self, settings: Mapping[str, Any]) -> None:
        """``check``, which compares numbers with numbers."""
        try:
            self.check(dict(settings))
        except TypeError as error:
            if isinstance(error, AutogradError):
                raise
            raise ArgumentError(f"{type(self).__name__}: a setting is no number: {error}") from None

    def update(self, group: dict[str, Any], moving: list[tuple[Any, Any, dict[str, Any]]]) -> None:
        """Write into the parameters of one group; a subclass does it.

        ``moving`` has the array, the gradient and the state of every parameter of the group with a gradient.
        """
        raise NotImplementedError

    def refuse_negative(self, settings: dict[str, Any], *names: str) -> None:
        """Raise ``ArgumentError`` for the first of the named settings that is negative or not a number."""
        for name in names:
            if not settings[name] >= 0:
                raise ArgumentError(f"{type(self).__name__}: {name} must not be negative, got {settings[name]}")

    def state_dict(self) -> dict[str, Any]:
        """The settings of every group and the state of every parameter (by number), as arrays and numbers.

        All of it is copied: what a later step changes does not show in it.
        """
        groups, state, start = [], {}, 0
        for group, states in zip(self.param_groups, self.state, strict=True):
            numbers = list(range(start, start + len(states)))
            start += len(states)
            groups.append({**{k: copy(v) for k, v in group.items() if k != "params"}, "params": numbers})
            state.update({n: {k: copy(v) for k, v in s.items()} for n, s in zip(numbers, states, strict=True) if s})
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over settings and state; raises ``StateDictError`` where they do not fit, before anything changes."""
        if not isinstance(state_dict, Mapping) or not {"state", "param_groups"} <= set(state_dict):
            got = sorted(map(str, state_dict)) if isinstance(state_dict, Mapping) else type(state_dict).__name__
            raise StateDictError(
                f"load_state_dict: the state of an optimizer is a dict of 'state' and 'param_groups', got {got}; give "
                "what state_dict() returned"
            )
        groups = self._checked_groups(state_dict["param_groups"])
        states = self._checked_states(state_dict["state"])
        for state, loaded in zip((state for states in self.state for state in states), states, strict=True):
            state.clear()
            state.update(loaded)
        for group, settings in zip(self.param_groups, groups, strict=True):
            group.update(settings)

    def _checked_groups(self, loaded: Any) -> list[dict[str, Any]]:
        """The settings of every group."""
        if not isinstance(loaded, (list, tuple)) or not all(isinstance(group, Mapping) for group in loaded):
            raise StateDictError(f"load_state_dict: param_groups is a list of dicts, got {loaded!r:.60}")
        saved = [len(group["params"]) if isinstance(group.get("params"), (list, tuple)) else None for group in loaded]
        own = [len(group["params"]) for group in self.param_groups]
        if saved != own:
            raise StateDictError(
                f"load_state_dict: the optimizer has groups of {own} parameters, the state_dict of {saved}; build the "
                "optimizer with the same groups"
            )
        for group in loaded:
            if not set(self.defaults) <= set(group):
                raise StateDictError(
                    f"load_state_dict: {type(self).__name__} has the settings {sorted(self.defaults)}, the state_dict "
                    f"{sorted(map(str, set(group) - {'params'}))}; it came from another kind of optimizer"
                )
            self._check(group)
        return [{name: copy(value) for name, value in group.items() if name != "params"} for group in loaded]

    def _checked_states(self, loaded: Any) -> list[dict[str, Any]]:
        """The state of every parameter, in memory of its own."""
        if not isinstance(loaded, Mapping):
            raise StateDictError(f"load_state_dict: state is a dict by the parameters' numbers, got {loaded!r:.60}")
        params = [p for group in self.param_groups for p in group["params"]]
        states: list[dict[str, Any]] = [{} for _ in params]
        for number, saved in loaded.items():
            if number not in range(len(params)):
                raise StateDictError(f"load_state_dict: state of parameter {number!r}, of {len(params)} (from 0)")
            if not isinstance(saved, Mapping):
                raise StateDictError(f"load_state_dict: the state of parameter {number} is a dict, got {saved!r:.60}")
            missing = [name for name in self.keeps if name not in saved]
            if saved and missing:
                raise StateDictError(
                    f"load_state_dict: the state of parameter {number} lacks {', '.join(missing)}, which "
                    f"{type(self).__name__} keeps; it has {', '.join(map(str, saved))}"
                )
            for name, value in saved.items():
                states[number][name] = _checked(name, value, params[number], f"{name} of parameter {number}")
        return states

    def __repr__(self) -> str:
        settings = ", ".join(f"{k}={v}" for k, v in self.param_groups[0].items() if k != "params")
        return f"{type(self).__name__}({settings})"


def _checked(name: str, value: Any, p: Tensor, what: str) -> Any:
    """One value of a saved state as the optimizer keeps it for ``p``: a count, or an array in the order of ``p``."""
    try:
        array = value._value if isinstance(value, Tensor) else as_array(value)
    except AutogradError as error:
        raise StateDictError(f"load_state_dict: {what}: {error}") from None
    if name == "step":
        if array.shape != () or array.dtype.kind not in "uif" or not array >= 0 or array != array // 1:
            raise StateDictError(f"load_state_dict: {what} is a whole number from 0, got {value!r:.60}")
        return int(array)
    if array.shape != p.shape:
        raise StateDictError(
            f"load_state_dict: size mismatch for {what}: the parameter has {shape_text(p.shape)}, the state_dict "
            f"{shape_text(array.shape)}"
        )
    if array.dtype.kind == "c" and not p.is_complex():
        raise StateDictError(f"load_state_dict: {what} is {array.dtype}, and the parameter {p.dtype}")
    kept = np.empty_like(p._value)
    kept[...] = array
    return kept
