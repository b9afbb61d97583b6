"""What a module saves: its parameters and buffers by path, read as a dict and filled from one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from os import PathLike
from typing import IO, TYPE_CHECKING, Any, NamedTuple

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


class State(Holder):
    """``state_dict`` and ``load_state_dict`` of modules."""

    def _state(self) -> dict[str, _Place]:
        """Every parameter and persistent buffer by its path; one that is shared under each of its paths."""
        found = {}
        for path, holder, value in self._walk():
            name = path.rpartition(".")[2]
            if not isinstance(value, Holder) and name not in holder._held.transient:
                found[path] = _Place(holder, name, value)
        return found

    def _with_hooks(self, kind: str) -> Iterator[tuple[str, Module, list[Any]]]:
        """The modules that have hooks of a kind, innermost first, each with its path."""
        for path, module in reversed([*self.named_modules(remove_duplicate=False)]):
            if module._hooks is not None and (calls := getattr(module._hooks, kind)):
                yield path, module, [hook for hook, _ in calls.values()]

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
        state: OrderedDict[str, Tensor] = OrderedDict() if destination is None else destination
        for path, (_, _, tensor) in self._state().items():
            state[prefix + path] = tensor if keep_vars else tensor.detach()
        for path, module, hooks in self._with_hooks("saved"):
            for hook in hooks:
                hook(module, state, _start(prefix, path), {})
        return state

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
        problems: list[str] = []
        missing: list[str] = []
        unexpected: list[str] = []
        for path, module, hooks in self._with_hooks("loading"):
            for hook in hooks:
                hook(module, given, _start("", path), {}, strict, missing, unexpected, problems)
        own = self._state()
        missing += [path for path, at in own.items() if path not in given and at.name not in at.holder.may_be_missing]
        unexpected += [name for name in given if name not in own]
        arrays = _fitting(own, given, problems)
        if strict and unexpected:
            problems.insert(0, f"unexpected keys: {', '.join(f'{name!s:.80}' for name in unexpected)}")
        if strict and missing:
            problems.insert(0, f"missing keys: {', '.join(missing)}")
        if problems:
            raise StateDictError(
                f"load_state_dict into {type(self).__name__}: " + "; ".join(problems) + ". Nothing was loaded; build "
                "the module with the sizes of the saved one, or pass strict=False to skip missing and unexpected keys"
            )
        with no_grad():
            for path, array in arrays.items():
                if assign:
                    _assign(own[path], given[path], array)
                else:
                    own[path].tensor.copy_(wrap(array, None))
        keys = _IncompatibleKeys(missing, unexpected)
        for _, module, hooks in self._with_hooks("loaded"):
            for hook in hooks:
                hook(module, keys)
        return keys

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


def _fitting(own: dict[str, _Place], given: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """The arrays given for the tensors of a module; what does not fit is added to ``problems``."""
    arrays = {}
    for path, (_, _, tensor) in own.items():
        if path not in given:
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


def _assign(place: _Place, given: Any, array: Any) -> None:
    """Hold what was given in place of a parameter or buffer."""
    holder, name, tensor = place
    if not isinstance(tensor, Parameter):
        holder._buffers[name] = given if isinstance(given, Tensor) else wrap(array, None)
    elif isinstance(given, Parameter):
        holder._parameters[name] = given
    else:
        holder._parameters[name] = Parameter(array, requires_grad=tensor.requires_grad)
