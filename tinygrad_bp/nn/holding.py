"""What a module holds, parameters, buffers and modules as plain attributes; walks that depth does not stop."""

from __future__ import annotations

import copy
from collections.abc import Container, Iterator, MutableMapping
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeGuard, TypeVar

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor
from .description import plain_repr
from .parameter import Buffer, Parameter

if TYPE_CHECKING:
    from .module import Module

H = TypeVar("H", bound="Holder")

# How many modules deep a parameter learns its path anew when a module is put into another: each time costs a walk.
DEEPEST_NAME = 50


class Held(NamedTuple):
    """What one module holds, by name and in the order in which the names came; None keeps a place."""

    parameters: dict[str, Parameter | None]
    buffers: dict[str, Tensor | None]
    modules: dict[str, Any]
    transient: set[str]  # the buffers that state_dict leaves out


class Names(MutableMapping[str, Any]):
    """A module's own parameters, buffers or modules by name; what is written here is written to the module."""

    def __init__(self, module: Holder, held: dict[str, Any]) -> None:
        self._module, self._held = module, held

    def __getitem__(self, name: str) -> Any:
        return self._held[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._module._hold(self._held, name, value)

    def __delitem__(self, name: str) -> None:
        if name not in self._held:
            raise KeyError(name)
        delattr(self._module, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __repr__(self) -> str:
        return repr(self._held)


def _is_module(value: Any) -> TypeGuard[Module]:
    return isinstance(value, Holder)


class Holder:
    """The part of a ``Module`` that knows what is inside.

    ``_held`` has all of it by name. Beside it each stands in the module's own dict, where Python finds attributes
    fastest, unless the class itself has an attribute of that name: then that is what reading gives, as in PyTorch.
    """

    _held: Held
    changes: ClassVar[int] = 0  # counts, over all modules, what is set and deleted: who remembers a module looks again
    joins_equal: ClassVar[bool] = False  # whether the repr shows neighbours that are alike as one
    may_be_missing: ClassVar[frozenset[str]] = frozenset()  # what a state_dict may lack: older ones do not have it

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A module that holds nothing; so a subclass need not call ``super().__init__()``."""
        self = super().__new__(cls, *args, **kwargs)
        vars(self)["_held"] = Held({}, {}, {}, set())
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        Holder.changes += 1
        if isinstance(value, Parameter):
            self._hold(self._held.parameters, name, value)
        elif isinstance(value, Holder) and name not in self._held.parameters:
            self._hold(self._held.modules, name, value)
        elif isinstance(value, Buffer):
            self.register_buffer(name, value, value.persistent)
        elif (held := self._held_as(name)) is not None:
            if value is not None:
                self._check_place(name, held, value)
            self._hold(held, name, value)
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        Holder.changes += 1
        held = self._held_as(name)
        if held is None:
            object.__delattr__(self, name)
            return
        del held[name]
        vars(self).pop(name, None)
        self._held.transient.discard(name)

    def _held_as(self, name: str) -> dict[str, Any] | None:
        """The parameters, buffers or modules, where a name is one of them."""
        parameters, buffers, modules, _ = self._held
        if name in parameters:
            return parameters
        return buffers if name in buffers else modules if name in modules else None

    def _hold(self, held: dict[str, Any], name: str, value: Any) -> None:
        """Have ``value`` under ``name`` among the parameters, the buffers or the modules, and there alone."""
        Holder.changes += 1
        for others in self._held[:3]:
            if others is not held:
                others.pop(name, None)
        if held is not self._held.buffers:
            self._held.transient.discard(name)
        held[name] = value
        if any(name in vars(kind) for kind in type(self).__mro__):
            vars(self).pop(name, None)
        else:
            vars(self)[name] = value
        if isinstance(value, (Parameter, Holder)):
            self._give_names(name, value)

    def _check_place(self, name: str, held: dict[str, Any], value: Any) -> None:
        """Raise where a parameter, module or buffer would be lost under what is none."""
        kind, instead = "module", "a Module"
        if held is self._held.parameters:
            kind, instead = "parameter", f"nn.Parameter(value), or write into it under no_grad: {name}.copy_(value)"
        elif held is self._held.buffers:
            if isinstance(value, Tensor):
                return
            kind, instead = "buffer", "a tensor"
        raise ArgumentError(
            f"cannot assign a {type(value).__name__} to {type(self).__name__}.{name}, which is a {kind}; assign "
            f"None, or {instead}"
        )

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Hold a parameter as attribute ``name``; None holds the place: only a parameter can come there.

        Raises ``ArgumentError`` for a name that is taken, empty or has a dot, and for anything but a parameter.

        >>> import tinygrad_bp as tg
        >>> layer = tg.nn.Module()
        >>> layer.register_parameter("bias", None)
        >>> layer.bias = tg.nn.Parameter(tg.zeros(2))
        >>> [name for name, _ in layer.named_parameters()]
        ['bias']
        """
        self._check_name("register_parameter", name, self._held.parameters)
        if param is not None and not isinstance(param, Parameter):
            raise ArgumentError(f"register_parameter: {name} must be a Parameter or None, got {type(param).__name__}")
        self._hold(self._held.parameters, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Hold a tensor that is no parameter but belongs to the state, such as a running mean, as attribute ``name``.

        ``to`` converts it, and ``state_dict`` has it unless ``persistent`` is False. None holds the place.
        Raises ``ArgumentError`` for a name that is taken, empty or has a dot, and for anything but a tensor.

        >>> import tinygrad_bp as tg
        >>> net = tg.nn.Module()
        >>> net.register_buffer("count", tg.tensor(0))
        >>> list(net.state_dict())
        ['count']
        """
        self._check_name("register_buffer", name, self._held.buffers)
        if tensor is not None and (not isinstance(tensor, Tensor) or isinstance(tensor, Parameter)):
            raise ArgumentError(f"register_buffer: {name} must be a tensor or None, got {type(tensor).__name__}")
        self._hold(self._held.buffers, name, tensor)
        (self._held.transient.discard if persistent else self._held.transient.add)(name)

    def register_module(self, name: str, module: Module | None) -> None:
        """Hold a module as attribute ``name``, as ``add_module`` does."""
        self._check_name("add_module", name, self._held.modules)
        if module is not None and not _is_module(module):
            raise ArgumentError(f"add_module: {name} must be a Module or None, got {type(module).__name__}")
        self._hold(self._held.modules, name, module)

    def add_module(self, name: str, module: Module | None) -> None:
        """Hold a module as attribute ``name``; None holds the place.

        Raises ``ArgumentError`` for a name that is taken, empty or has a dot, and for anything but a module.

        >>> import tinygrad_bp as tg
        >>> net = tg.nn.Sequential()
        >>> net.add_module("first", tg.nn.ReLU())
        >>> net
        Sequential(
          (first): ReLU()
        )
        """
        self.register_module(name, module)

    def _check_name(self, what: str, name: Any, held: dict[str, Any]) -> None:
        """Raise where ``name`` can be none of a kind."""
        if not isinstance(name, str) or not name or "." in name:
            raise ArgumentError(f"{what}: the name is a text, not empty and without a dot, got {name!r}")
        if name not in held and hasattr(self, name):
            raise ArgumentError(f"{what}: {type(self).__name__} already has an attribute {name!r}")

    def _give_names(self, name: str, value: Parameter | Holder) -> None:
        """Drawings and errors call a parameter by the path on which its module holds it."""
        if isinstance(value, Parameter):
            value.name = name
        else:
            named: set[int] = set()
            for path, _, inner in value._walk(name, DEEPEST_NAME):
                if isinstance(inner, Parameter) and id(inner) not in named:
                    named.add(id(inner))
                    inner.name = path

    # ------------------------------------------------------------------ what is inside

    @property
    def _parameters(self) -> Names:
        """Its own parameters by name."""
        return Names(self, self._held.parameters)

    @property
    def _buffers(self) -> Names:
        """Its own buffers by name."""
        return Names(self, self._held.buffers)

    @property
    def _modules(self) -> Names:
        """The modules directly inside by name."""
        return Names(self, self._held.modules)

    @property
    def _non_persistent_buffers_set(self) -> set[str]:
        """The names of its own buffers that ``state_dict`` leaves out."""
        return self._held.transient

    def _own(self) -> Iterator[tuple[str, Any]]:
        """Its own parameters, then its buffers, then its modules, each in the order they came."""
        for held in self._held[:3]:
            for name, value in held.items():
                if value is not None:
                    yield name, value

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, with their names, each once."""
        seen: set[int] = set()
        for name, module in self._held.modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly inside, each once."""
        for _, child in self.named_children():
            yield child

    def _walk(self, prefix: str = "", deepest: float = inf) -> Iterator[tuple[str, Holder, Any]]:
        """All parameters, buffers and modules inside, as ``(path, module that holds it, value)``; holder first."""
        pending: list[tuple[str, Holder, Iterator[Any]]] = [(prefix, self, self._own())]
        above = {id(self)}
        while pending:
            where, holder, items = pending[-1]
            found = next(items, None)
            if found is None:
                pending.pop()
                above.discard(id(holder))
                continue
            name, value = found
            path = f"{where}.{name}" if where else name
            yield path, holder, value
            if _is_module(value) and id(value) not in above and len(pending) < deepest:
                above.add(id(value))
                pending.append((path, value, value._own()))

    def _innermost_first(self, known: Container[int] = ()) -> Iterator[Module]:
        """The modules inside, each after those that it holds, once for each holder; without those of ``known`` ids."""
        pending: list[tuple[Any, Iterator[Any]]] = [(self, iter(list(self.children())))]
        above = {id(self)}
        while pending:
            holder, children = pending[-1]
            child = next(children, None)
            if child is None:
                pending.pop()
                above.discard(id(holder))
                if pending:
                    yield holder
            elif id(child) not in above and id(child) not in known:
                above.add(id(child))
                pending.append((child, iter(list(child.children()))))

    def named_modules(
        self: Any, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Itself (named ``prefix``) and every module at any depth, each once, or on each of its paths.

        ``memo`` holds modules that are left out; those that come are put into it.
        """
        memo = set() if memo is None else memo
        for path, module in ((prefix, self), *((path, value) for path, _, value in self._walk(prefix))):
            if _is_module(module) and not (remove_duplicate and module in memo):
                memo.add(module)
                yield path, module

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """Itself and every module at any depth, each once, or once for each of its paths."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def _tensors(
        self, prefix: str, recurse: bool, remove_duplicate: bool, learned: bool
    ) -> Iterator[tuple[str, Tensor]]:
        seen: set[int] = set()
        for path, _, value in self._walk(prefix, inf if recurse else 1):
            wanted = not isinstance(value, Holder) and isinstance(value, Parameter) == learned
            if wanted and not (remove_duplicate and id(value) in seen):
                seen.add(id(value))
                yield path, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their paths: a module's own in the order they came, then those of its modules.

        One that is shared comes once, or on each of its paths with ``remove_duplicate=False``.
        """
        yield from self._tensors(prefix, recurse, remove_duplicate, True)  # type: ignore[misc]

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once, in the order of ``named_parameters``."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their paths, persistent or not, in the order of ``named_parameters``."""
        yield from self._tensors(prefix, recurse, remove_duplicate, False)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once: tensors of the state that are not learned."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self: Any, target: str) -> Module:
        """The module on a path such as ``"features.0"``; itself for ``""``. Raises ``AttributeError``.

        >>> import tinygrad_bp as tg
        >>> tg.nn.Sequential(tg.nn.Sequential(tg.nn.ReLU())).get_submodule("0.0")
        ReLU()
        """
        module = self
        for name in target.split(".") if target else ():
            found = module._held.modules.get(name)
            if found is None:
                raise AttributeError(f"{type(module).__name__} has no module {name!r} (get_submodule({target!r}))")
            module = found
        return module  # type: ignore[no-any-return]

    def get_parameter(self, target: str) -> Parameter:
        """The parameter on a path such as ``"features.0.weight"``. Raises ``AttributeError``."""
        return self._found(target, "parameters")  # type: ignore[no-any-return]

    def get_buffer(self, target: str) -> Tensor:
        """The buffer on a path such as ``"features.1.running_mean"``. Raises ``AttributeError``."""
        return self._found(target, "buffers")  # type: ignore[no-any-return]

    def _found(self, target: str, kind: str) -> Any:
        where, _, name = target.rpartition(".")
        module = self.get_submodule(where)
        found = getattr(module._held, kind).get(name)
        if found is None:
            raise AttributeError(f"{type(module).__name__} has no {kind[:-1]} {name!r} ({target!r})")
        return found

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module on a path such as ``"features.0"``, in place of the one that is there or as a new one.

        With ``strict`` one has to be there. Raises ``AttributeError``.
        """
        where, _, name = target.rpartition(".")
        if strict:
            self.get_submodule(target)
        holder = self.get_submodule(where)
        if name not in holder._held.modules:
            holder.add_module(name, module)
        else:
            holder._modules[name] = module

    # ------------------------------------------------------------------ as a whole

    def extra_repr(self) -> str:
        """What the repr shows in the parentheses."""
        return ""

    def _get_name(self) -> str:
        """What the repr calls it: its class, unless a program that is written for PyTorch says otherwise."""
        return type(self).__name__

    __repr__ = plain_repr

    def __copy__(self: H) -> H:
        twin = type(self).__new__(type(self))
        vars(twin).update(vars(self), _held=Held(*[copy.copy(held) for held in self._held]))  # type: ignore[arg-type, unused-ignore]
        return twin

    def __deepcopy__(self: H, memo: dict[int, Any]) -> H:
        twin = memo[id(self)] = type(self).__new__(type(self))
        for module in self._innermost_first(memo):  # so that no copy has to go deep
            copy.deepcopy(module, memo)
        state: Any = copy.deepcopy(self.__getstate__(), memo)
        twin.__setstate__(state) if hasattr(twin, "__setstate__") else vars(twin).update(state or {})
        return twin
