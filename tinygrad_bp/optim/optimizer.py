"""What every optimizer shares: groups of parameters, what is kept for each of them, and the step over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..autograd.arrays import as_array
from ..autograd.errors import ArgumentError, AutogradError, shape_text
from ..autograd.hooks import RemovableHandle
from ..autograd.modes import enable_grad, forgetting, mode, no_grad, traced
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array
from ..autograd.writes import Together, wrote
from . import loading
from .following import Followed, follow, keep_state, name_state
from .hooks import OptimizerHooks, run_step, with_hooks
from .numbers import number_tensor, seen
from .pieces import in_pieces

ParamsT = Iterable[Any]  # tensors, pairs of a name and a tensor, or dicts that are groups


class Required:
    """A default that stands for a setting that every group has to give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = Required()


class Optimizer:
    """The base: ``param_groups`` is a list of dicts, each with ``params`` and its own settings.

    ``params`` is tensors, pairs of a name and a tensor (``model.named_parameters()``), or dicts with ``params`` and
    settings that differ from ``defaults``; a group may carry more than that, and has to give those whose default is
    ``tg.optim.optimizer.required``. ``state[p]`` is what is kept for the parameter p, a dict by PyTorch's names that
    may be read and written.

    A subclass writes a ``step`` of its own, as in PyTorch:

    >>> import tinygrad_bp as tg
    >>> class SignDescent(tg.optim.Optimizer):
    ...     def __init__(self, params, lr=0.5):
    ...         super().__init__(params, {"lr": lr})
    ...
    ...     @tg.no_grad()
    ...     def step(self):
    ...         for group in self.param_groups:
    ...             for p in group["params"]:
    ...                 p -= group["lr"] * p.grad.sign()
    ...                 self.state[p]["steps"] = self.state[p].get("steps", 0) + 1
    >>> w = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> SignDescent([w]).step()
    >>> w.tolist()
    [0.5, -1.5]
    """

    # What the optimizers of this package keep for a parameter from its first step on, by name: numbers, which are 0-d
    # tensors, and tensors of the parameter's shape; then what only some settings keep.
    counts: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    may_keep: tuple[str, ...] = ()
    _hooks: OptimizerHooks | None = None

    def __init_subclass__(cls, **others: Any) -> None:
        super().__init_subclass__(**others)
        if "step" in vars(cls):
            cls.step = with_hooks(vars(cls)["step"])  # type: ignore[method-assign]

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise ArgumentError("params: give a list of tensors (model.parameters()), not one tensor")
        if not hasattr(params, "__iter__"):
            raise ArgumentError(f"params: give a list of tensors (model.parameters()), not one {type(params).__name__}")
        if isinstance(params, set):
            raise ArgumentError("params: a set has no order; give a list of tensors")
        groups = list(params)
        if not groups:
            raise ArgumentError("optimizer got an empty parameter list")
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self._state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self._state_is_known = False  # whether a user has seen it: what nobody has seen no graph has kept
        self._together: defaultdict[int, Together] = defaultdict(Together)  # the parameters of each group
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add tensors with settings of their own: the dict given becomes the group, as in PyTorch."""
        who = type(self).__name__
        if not isinstance(param_group, dict) or "params" not in param_group:
            got = sorted(param_group) if isinstance(param_group, dict) else type(param_group).__name__
            raise ArgumentError(f"{who}: a group needs 'params', its tensors; got {got}")
        given = param_group["params"]
        if isinstance(given, set):
            raise ArgumentError(f"{who}: a set of parameters has no order; give a list")
        listed = [given] if isinstance(given, Tensor) else list(given)
        names = [item[0] for item in listed if isinstance(item, tuple)]
        if names and len(names) != len(listed):
            raise ArgumentError(f"{who}: {len(names)} of {len(listed)} parameters have a name; name all or none")
        params = [item[1] for item in listed] if names else listed
        missing = [name for name, value in self.defaults.items() if value is required and name not in param_group]
        if missing:
            raise ArgumentError(f"{who}: a group needs {', '.join(missing)}, which has no default")
        self._check({**self.defaults, **param_group})
        self._check_params(params, {**self.defaults, **param_group})
        if names:
            param_group["param_names"] = names
        if self.param_groups and ("param_names" in param_group) != ("param_names" in self.param_groups[0]):
            raise ArgumentError(f"{who}: some groups have named parameters and some have not; name all or none")
        for p in params:
            p._own_cell()  # steps read it without asking
        param_group["params"] = params
        for name, value in self.defaults.items():
            param_group.setdefault(name, value)
        self.param_groups.append(param_group)

    def _check_params(self, params: list[Any], settings: Mapping[str, Any]) -> None:
        """Refuse what cannot be a parameter, and what is one already."""
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise ArgumentError(f"optimizers take tensors, got {type(p).__name__}")
            if not p.is_leaf and not settings.get("differentiable"):
                raise ArgumentError(
                    f"can't optimize a non-leaf tensor {shape_text(p.shape)} made by {p.grad_fn!r}; give the leaf it "
                    "was made from, or t.detach().requires_grad_()"
                )
            if id(p) in known:
                raise ArgumentError(f"{p.name or 'a parameter'} {shape_text(p.shape)} appears twice; give each once")
            known.add(id(p))

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of every parameter (or fill them with 0)."""
        following = bool(mode().watchers) and traced()
        for group in self.param_groups:
            if set_to_none:
                for p in group["params"]:
                    if following:
                        forgetting(p)
                    p._cell.grad = None
                continue
            for p in group["params"]:
                if (grad := p._cell.grad) is not None:
                    if grad._node is not None:  # it was computed under create_graph
                        grad = p._cell.grad = grad.detach().clone()
                    grad.zero_()

    # ------------------------------------------------------------------ the step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; ``.grad`` stays as it is.

        ``closure``, where given, computes the loss anew (clear, forward, backward) and its result is returned.
        """
        if self._hooks is not None and type(self).step is Optimizer.step:
            return run_step(self, Optimizer._step, (closure,) if closure is not None else (), {})
        return self._step(closure)

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        following = bool(mode().watchers) and traced()
        for i, group in enumerate(self.param_groups):
            if following or group.get("differentiable"):
                self._step_on_tensors(group, following)
                continue
            moving, values = [], []
            for p in group["params"]:
                if (grad := p._cell.grad) is not None:
                    values.append(value := p._value)
                    moving.append((p, value, grad._value))
            self._together[i].wrote(values)
            if self._state_is_known:
                self._take_state(moving, group)
                wrote(*[kept._value for p, _, _ in moving for kept in self._state.get(p, {}).values()
                        if isinstance(kept, Tensor)])  # fmt: skip
            self.update(group, moving)
        return loss

    def _step_on_tensors(self, group: dict[str, Any], following: bool) -> None:
        """The step of a group as ops, for a graph or for someone who follows values."""
        moving = [(p, p, p.grad) for p in group["params"] if p.grad is not None]
        if following:
            keep_state(self, [p for p, _, _ in moving])
        self._take_state(moving, group)
        if following and (names := self.names(group)):
            for p, _, _ in moving:
                name_state(self.state_of(p, names, group), p)
        with enable_grad() if group.get("differentiable") else no_grad():
            self.update(Followed(group, self.scheduled(group)) if following else group, moving)
        if following:
            follow(self, group, [p for p, _, _ in moving])

    def update(self, group: dict[str, Any], moving: list[Any]) -> None:
        """Write into the parameters of one group: by ``rule``, or a subclass writes what is here.

        ``moving`` has, for every parameter with a gradient, the parameter, its array and that of its gradient. With
        ``differentiable``, and while a program is written down, they are tensors, as is what ``seen(group)`` shows,
        and all that is done with them is followed: so an update uses operators and NumPy's functions only, writes in
        place, and branches on no number that ``scheduled`` names but by ``used``.
        """
        if type(self).rule is Optimizer.rule:
            raise NotImplementedError(f"{type(self).__name__} has no step: write one")
        array, names = seen(group).array, self.names(group)[len(self.counts) :]
        for value, grad, state, numbers in self.counted(group, moving):
            in_pieces(partial(self.rule, group, numbers), value, grad, *[array(state[name]) for name in names])

    def rule(self, group: dict[str, Any], numbers: Sequence[Any], p: Array, g: Array, *kept: Any) -> None:
        """The step of one parameter, element by element: ``p`` and what is kept for it are written in place.

        ``numbers`` are those that ``advance`` computed.
        """
        raise NotImplementedError(f"{type(self).__name__} has no rule: write one")

    def scheduled(self, group: dict[str, Any]) -> tuple[str, ...]:
        """The settings that schedules change: a program reads them anew in every run; the others are part of it."""
        return ("lr",)

    def advance(self, group: dict[str, Any], *counts: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The counts after a step that finds them as given, and the numbers that the step is computed with."""
        raise NotImplementedError(f"{type(self).__name__} counts nothing")

    def counted(
        self, group: dict[str, Any], moving: list[Any], typed: bool = True
    ) -> Iterator[tuple[Any, Any, dict[str, Any], Any]]:
        """For every parameter its array, that of its gradient, its state, counted on, and the numbers of its step.

        They are computed once for all parameters whose counts and dtype are the same; ``typed``: of that dtype.
        """
        array, _, in_dtype, stored = seen(group)
        names, counts, known, kind, dtype = self.names(group), self.counts, None, None, None
        numbers: Any = None
        for param, value, grad in moving:
            state = self.state_of(param, names, group)
            before = [(count := state[name]._value).item() for name in counts]
            if before != known or count.dtype is not kind:
                known, kind, dtype = before, count.dtype, None
                then, found = self.advance(group, *[array(state[name]) for name in counts])
                after, numbers = stored(kind, *then), found
            for name, now in zip(counts, after):
                array(state[name])[...] = now
            if typed and value.dtype is not dtype:
                dtype = value.dtype
                numbers = in_dtype(dtype, *found)
            yield value, grad, state, numbers

    def names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """What is kept for a parameter in a group with such settings."""
        return self.counts + self.keeps

    def begin(self, name: str, value: Any, group: dict[str, Any]) -> Any:
        """What is kept as ``name`` before the first step, an array like ``value`` or a number: 0 unless overridden."""
        return 0.0 if name in self.counts else np.zeros_like(value)

    def state_of(self, p: Tensor, names: tuple[str, ...], group: dict[str, Any]) -> dict[str, Any]:
        """What is kept for a parameter; what is missing is put there first."""
        state = self._state[p]
        if len(state) < len(names):
            self._begin(state, p, group)
        return state

    def _begin(self, state: dict[str, Any], p: Tensor, group: dict[str, Any]) -> None:
        for name in self.names(group):
            if name not in state:
                start = self.begin(name, p._value, group)
                state[name] = number_tensor(start) if name in self.counts else wrap(start, None)

    def _take_state(self, moving: list[Any], group: dict[str, Any]) -> None:
        """Have the state as a step reads it, whatever users wrote there."""
        for p, _, _ in moving:
            state = self._state.get(p)
            if not state:
                continue
            self._begin(state, p, group)
            for name, kept in state.items():
                if isinstance(kept, Tensor):
                    continue
                if name in self.counts:
                    state[name] = number_tensor(kept)
                elif name in self.names(group):
                    state[name] = wrap(as_array(kept), None)

    @property
    def state(self) -> defaultdict[Any, dict[str, Any]]:
        """What is kept for each parameter: ``state[p]`` is a dict by PyTorch's names, to be read and written."""
        self._state_is_known = True
        return self._state

    @state.setter
    def state(self, value: defaultdict[Any, dict[str, Any]]) -> None:
        self._state, self._state_is_known = value, True

    # ------------------------------------------------------------------ settings

    def _check_settings(self, settings: dict[str, Any]) -> None:
        """Raise ``ArgumentError`` for settings with which no step is possible; a subclass writes it."""

    def _check(self, settings: Mapping[str, Any]) -> None:
        """``_check_settings``, which compares numbers with numbers, and what all optimizers have in common."""
        who = type(self).__name__
        try:
            self._check_settings(dict(settings))
        except TypeError as error:
            if isinstance(error, AutogradError):
                raise
            raise ArgumentError(f"{who}: a setting is no number: {error}") from None
        if settings.get("capturable"):
            raise ArgumentError(f"{who}: capturable=True is for graphs of a GPU; leave it out on a CPU")
        for other in ("differentiable", "foreach"):
            if settings.get("fused") and settings.get(other):
                raise ArgumentError(f"{who}: fused=True and {other}=True exclude each other; give one of them")

    def refuse_negative(self, settings: dict[str, Any], *names: str) -> None:
        """Raise ``ArgumentError`` for the first of the named settings that is negative or not a number."""
        for name in names:
            if not settings[name] >= 0:
                raise ArgumentError(f"{type(self).__name__}: {name} must not be negative, got {settings[name]}")

    def refuse_betas(self, settings: dict[str, Any]) -> None:
        """Raise ``ArgumentError`` where ``betas`` are not two numbers from 0 to below 1."""
        betas = settings["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise ArgumentError(f"{type(self).__name__}: betas are two numbers in [0, 1), got {betas}")

    # ------------------------------------------------------------------ hooks

    def _own_hooks(self) -> OptimizerHooks:
        if self._hooks is None:
            self._hooks = OptimizerHooks()
        return self._hooks

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return other ``(args, kwargs)`` for it."""
        return self._own_hooks().before_step.add(hook, "register_step_pre_hook")

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return self._own_hooks().after_step.add(hook, "register_step_post_hook")

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` before each ``state_dict()``; ``prepend``: before the other hooks."""
        return self._own_hooks().before_save.add(hook, "register_state_dict_pre_hook", first=prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after each ``state_dict()``; it may return another dict."""
        return self._own_hooks().after_save.add(hook, "register_state_dict_post_hook", first=prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before each ``load_state_dict``; it may return another dict."""
        return self._own_hooks().before_load.add(hook, "register_load_state_dict_pre_hook", first=prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` after each ``load_state_dict``."""
        return self._own_hooks().after_load.add(hook, "register_load_state_dict_post_hook", first=prepend)

    # ------------------------------------------------------------------ saving

    def state_dict(self) -> dict[str, Any]:
        """The settings of every group and the state of every parameter (by number), as tensors and numbers.

        All of it is copied: what a later step changes does not show in it.
        """
        if self._hooks is not None:
            self._hooks.call("before_save", self)
        groups: list[dict[str, Any]] = []
        numbers: dict[int, int] = {}
        for group in self.param_groups:
            for p in group["params"]:
                numbers[id(p)] = len(numbers)
            settings = {name: loading.copied(value) for name, value in group.items() if name != "params"}
            groups.append({**settings, "params": [numbers[id(p)] for p in group["params"]]})
        state = {
            numbers[id(key)] if isinstance(key, Tensor) else key: loading.copied(value)
            for key, value in self._state.items()
        }
        saved = {"state": state, "param_groups": groups}
        return saved if self._hooks is None else self._hooks.changed("after_save", self, saved)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over settings and state; raises ``StateDictError`` where they do not fit, before anything changes.

        PyTorch's own ``state_dict()`` fits as well.
        """
        if self._hooks is not None and isinstance(state_dict, Mapping):
            state_dict = self._hooks.changed("before_load", self, dict(state_dict))
        self.__setstate__(loading.checked(self, state_dict))
        self._state_is_known = False
        if self._hooks is not None:
            self._hooks.call("after_load", self)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_hooks"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        groups = []
        for number, group in enumerate(self.param_groups):
            lines = [f"    {name}: {group[name]}\n" for name in sorted(group) if name != "params"]
            groups.append(f"\nParameter Group {number}\n{''.join(lines)}")
        return f"{type(self).__name__} ({''.join(groups)})"
