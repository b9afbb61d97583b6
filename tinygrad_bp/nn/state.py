"""What a module saves: its parameters and buffers by path, read as a dict and filled from one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from math import inf
from os import PathLike
from typing import IO, TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..autograd.arrays import as_array
from ..autograd.errors import ArgumentError, AutogradError, StateDictError, shape_text
from ..autograd.gathering import SAVING
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor, wrap
from .holding import Holder
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module


class _IncompatibleKeys(NamedTuple):
    """The keys that ``load_state_dict`` did not find, and those that it did not use; it shows as it does in PyTorch."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class _Place(NamedTuple):
    """A parameter or buffer of the state, and where it is held."""

    holder: Holder
    name: str
    tensor: Tensor


_EXTRA = "_extra_state"


class State(Holder):
    """``state_dict`` and ``load_state_dict`` of modules."""

    _version: ClassVar[int] = 1  # of what a module saves; ``_load_from_state_dict`` is told the saved one

    def _state(self, deepest: float = inf) -> dict[str, _Place]:
        """Every parameter and persistent buffer by its path; one that is shared under each of its paths."""
        found = {}
        for path, holder, value in self._walk("", deepest):
            name = path.rpartition(".")[2]
            if not isinstance(value, Holder) and name not in holder._held.transient:
                found[path] = _Place(holder, name, value)
        return found

    def _with_hooks(self, kind: str) -> Iterator[tuple[str, Module, list[Any]]]:
        """The modules that have hooks of a kind, innermost first, each with its path."""
        for path, module in reversed([*self.named_modules(remove_duplicate=False)]):
            if hooks := _hooks(module, kind):
                yield path, module, hooks

    def state_dict(
        self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Tensor]:
        """Every parameter and buffer by its path, detached, sharing memory: the optimizer's next step shows in it.

        ``keep_vars`` gives the parameters themselves; ``prefix`` stands before each path, and ``destination`` is the
        dict that is filled.
        """
        for path, module, hooks in self._with_hooks("saving"):
            for hook in hooks:
                hook(module, _start(prefix, path), keep_vars)
        state: Any = OrderedDict() if destination is None else destination
        if destination is None:
            state._metadata = OrderedDict()
        for path, module in self.named_modules(remove_duplicate=False):
            start = _start(prefix, path)
            if hasattr(state, "_metadata"):
                state._metadata[start[:-1]] = {"version": module._version}
            module._save_to_state_dict(state, start, keep_vars)
        for path, module, hooks in self._with_hooks("saved"):
            for hook in hooks:
                hook(module, state, _start(prefix, path), {})
        return state  # type: ignore[no-any-return]

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Put its own parameters, buffers and extra state into a dict; a subclass may put in something else."""
        for name, (_, _, tensor) in self._state(1).items():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if _writes(self, "get_extra_state"):
            destination[prefix + _EXTRA] = self.get_extra_state()

    def get_extra_state(self) -> Any:
        """What ``state_dict`` has of a module beside its tensors, as ``"_extra_state"``; a subclass writes it.

        ``set_extra_state`` is given it when the state is loaded.

        >>> import tinygrad_bp as tg
        >>> class Counting(tg.nn.Module):
        ...     calls = 3
        ...     def get_extra_state(self):
        ...         return {"calls": self.calls}
        ...     def set_extra_state(self, state):
        ...         self.calls = state["calls"]
        >>> tg.nn.Sequential(Counting()).state_dict()["0._extra_state"]
        {'calls': 3}
        """
        raise NotImplementedError(f"{type(self).__name__} has no extra state: write get_extra_state(self)")

    def set_extra_state(self, state: Any) -> None:
        """Take over what ``get_extra_state`` gave; a subclass writes it."""
        raise NotImplementedError(f"{type(self).__name__} has no extra state: write set_extra_state(self, state)")

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy values into the parameters and buffers by name; ``assign`` puts those given in their places instead.

        Raises ``StateDictError`` that lists every missing key, every unexpected key and every value that does not fit,
        and ``ArgumentError`` where ``state_dict`` is no mapping; nothing has changed then. ``strict=False`` allows
        missing and unexpected keys and returns them.
        """
        if not isinstance(state_dict, Mapping):
            raise ArgumentError(
                f"load_state_dict: a state_dict maps names to tensors, got {type(state_dict).__name__}; give what "
                "state_dict() returned"
            )
        given = dict(state_dict)
        versions = getattr(state_dict, "_metadata", {})
        problems: list[str] = []
        missing: list[str] = []
        unexpected: list[str] = []
        extras: dict[str, Module] = {}
        loaded: set[int] = set()  # those that load themselves
        before: list[tuple[Tensor, Tensor]] = []
        for path, module in self.named_modules(remove_duplicate=False):
            start, told = _start("", path), {**versions.get(path, {}), "assign_to_params_buffers": assign}
            for hook in _hooks(module, "loading"):
                hook(module, given, start, told, strict, missing, unexpected, problems)
            if _writes(module, "_load_from_state_dict"):
                before += [(at.tensor, at.tensor.detach().clone()) for at in module._state(1).values()]
                module._load_from_state_dict(given, start, told, strict, missing, unexpected, problems)
                loaded.add(id(module))
            if _writes(module, "set_extra_state"):
                extras[start + _EXTRA] = module
        own = self._state()
        rest = {path: at for path, at in own.items() if id(at.holder) not in loaded}
        arrays = _fitting(rest, given, missing, problems)
        missing += [path for path in extras if path not in given]
        unexpected += [name for name in given if name not in own and name not in extras]
        if strict and unexpected:
            problems.insert(0, f"unexpected keys: {', '.join(f'{name!s:.80}' for name in unexpected)}")
        if strict and missing:
            problems.insert(0, f"missing keys: {', '.join(missing)}")
        if problems:
            with no_grad():
                for tensor, value in before:
                    tensor.copy_(value)
            raise StateDictError(
                f"load_state_dict into {type(self).__name__}: " + "; ".join(problems) + ". Nothing was loaded; build "
                "the module with the sizes of the saved one, or pass strict=False to skip missing and unexpected keys"
            )
        _fill(rest, given, arrays, assign)
        for path, module in extras.items():
            if path in given:
                module.set_extra_state(given[path])
        keys = _IncompatibleKeys(missing, unexpected)
        for _, module, hooks in self._with_hooks("loaded"):
            for hook in hooks:
                hook(module, keys)
        return keys

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        """Load its own parameters and buffers; a subclass may change the ``state_dict``, a copy, before that."""
        own = {prefix + path: at for path, at in self._state(1).items()}
        arrays = _fitting(own, state_dict, missing_keys, error_msgs)
        _fill(own, state_dict, arrays, local_metadata.get("assign_to_params_buffers", False))

    def save(self, f: str | PathLike[str] | IO[bytes]) -> None:
        """Write the state dict to ``f``, a path or a file, as ``tg.save(self.state_dict(), f)`` does.

        >>> import io
        >>> import tinygrad_bp as tg
        >>> file, model, other = io.BytesIO(), tg.nn.Linear(2, 1), tg.nn.Linear(2, 1)
        >>> model.save(file)
        >>> _ = file.seek(0)
        >>> other.load(file)
        <All keys matched successfully>
        >>> tg.equal(model.weight, other.weight)
        True
        """
        SAVING[0]().save(self.state_dict(), f)

    def load(self, f: str | PathLike[str] | IO[bytes], strict: bool = True) -> _IncompatibleKeys:
        """Put the values of a file into the parameters and buffers: ``load_state_dict(tg.load(f), strict)``."""
        return self.load_state_dict(SAVING[0]().load(f), strict)


def _start(prefix: str, path: str) -> str:
    """What stands before the names of a module's own tensors."""
    return f"{prefix}{path}." if path else prefix


def _hooks(module: Module, kind: str) -> list[Any]:
    """The hooks of a kind that a module has."""
    return [] if module._hooks is None else [hook for hook, _ in getattr(module._hooks, kind).values()]


def _writes(module: State, name: str) -> bool:
    """Whether the class of a module has a method of its own in place of one of these."""
    return getattr(type(module), name) is not getattr(State, name)


def _fitting(
    own: dict[str, _Place], given: Mapping[str, Any], missing: list[str], problems: list[str]
) -> dict[str, Any]:
    """The arrays given for the tensors of a module; those not given and what does not fit are added to the lists."""
    arrays = {}
    for path, (holder, name, tensor) in own.items():
        if path not in given:
            if name not in holder.may_be_missing:
                missing.append(path)
            continue
        value = given[path]
        try:
            array = arrays[path] = value._value if isinstance(value, Tensor) else as_array(value)
        except AutogradError as error:
            problems.append(f"{path}: {error}")
            continue
        if array.dtype.kind == "c" and not tensor.is_complex():
            problems.append(f"{path}: the module has {tensor.dtype}, the state_dict {array.dtype}")
        if array.shape != tensor.shape:
            problems.append(
                f"size mismatch for {path}: the module has {shape_text(tensor.shape)}, the state_dict "
                f"{shape_text(array.shape)}"
            )
    return arrays


def _fill(own: dict[str, _Place], given: Mapping[str, Any], arrays: dict[str, Any], assign: bool) -> None:
    """Copy the arrays into their places, or put what was given there."""
    with no_grad():
        for path, array in arrays.items():
            if assign:
                _assign(own[path], given[path], array)
            else:
                own[path].tensor.copy_(wrap(array, None))


def _assign(place: _Place, given: Any, array: Any) -> None:
    """Hold what was given in place of a parameter or buffer."""
    holder, name, tensor = place
    if not isinstance(tensor, Parameter):
        holder._buffers[name] = given if isinstance(given, Tensor) else wrap(array, None)
    elif isinstance(given, Parameter):
        holder._parameters[name] = given
    else:
        holder._parameters[name] = Parameter(array, requires_grad=tensor.requires_grad)
