"""What a module holds, parameters, buffers and modules as plain attributes; walks that depth does not stop."""

from __future__ import annotations

import copy
from collections.abc import Container, Iterator
from math import inf
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from ..autograd.arrays import as_array
from ..autograd.errors import ArgumentError
from ..autograd.printing import printed
from ..autograd.tensor import Tensor, handed_out

__all__ = ["Parameter"]

if TYPE_CHECKING:
    from .module import Module

H = TypeVar("H", bound="Holder")

# How many modules deep a parameter learns its path anew when a module is put into another: each time costs a walk.
DEEPEST_NAME = 50


class Parameter(Tensor):
    """A tensor that a module learns: a leaf that requires grad unless told otherwise. It shares the data's memory.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Parameter(tg.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Any, requires_grad: bool = True) -> Parameter:
        """Around a tensor or an array."""
        self = object.__new__(cls)
        self._value = handed_out(data) if isinstance(data, Tensor) else as_array(data)
        self._node = None
        self._own_cell()
        if requires_grad:
            self.requires_grad = True
        return self

    def __repr__(self) -> str:
        return f"Parameter containing:\n{printed(self)}"


def _is_module(value: Any) -> TypeGuard[Module]:
    return isinstance(value, Holder)


class Holder:
    """The part of a ``Module`` that knows what is inside."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (Parameter, Holder)):
            vars(self).setdefault("_places", {})[name] = "parameter" if isinstance(value, Parameter) else "module"
            vars(self).get("_buffers", {}).pop(name, None)
            object.__setattr__(self, name, value)
            self._give_names(name, value)
            return
        if value is not None:
            self._check_place(name, value)
        object.__setattr__(self, name, value)

    def _check_place(self, name: str, value: Any) -> None:
        """Raise where a parameter, module or buffer would be lost under what is none."""
        kind = vars(self).get("_places", {}).get(name)
        if kind is None and name in vars(self).get("_buffers", {}) and not isinstance(value, Tensor):
            kind = "buffer"
        if kind is not None:
            instead = {
                "parameter": f"nn.Parameter(value), or write into it under no_grad: {name}.copy_(value)",
                "module": "a Module",
                "buffer": "a tensor",
            }
            raise ArgumentError(
                f"cannot assign a {type(value).__name__} to {type(self).__name__}.{name}, which is a {kind}; assign "
                f"None, or {instead[kind]}"
            )

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        for places in ("_places", "_buffers"):
            vars(self).get(places, {}).pop(name, None)

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """Hold a parameter as attribute ``name``; None holds the place: only a parameter can come there.

        Raises ``ArgumentError`` for a name that is taken or is no identifier, and for anything but a parameter.

        >>> import tinygrad_bp as tg
        >>> layer = tg.nn.Module()
        >>> layer.register_parameter("bias", None)
        >>> layer.bias = tg.nn.Parameter(tg.zeros(2))
        >>> layer.bias
        Parameter containing:
        tensor([0., 0.], requires_grad=True)
        """
        places = self._check_name("register_parameter", name, "_places")
        if parameter is not None and not isinstance(parameter, Parameter):
            raise ArgumentError(
                f"register_parameter: {name} must be a Parameter or None, got {type(parameter).__name__}"
            )
        places[name] = "parameter"
        setattr(self, name, parameter)

    def _check_name(self, what: str, name: Any, places: str) -> dict[str, Any]:
        """The places of one kind, where ``name`` can be one of them."""
        if not isinstance(name, str) or not name.isidentifier():
            raise ArgumentError(f"{what}: the name must be an identifier without a dot, got {name!r}")
        own: dict[str, Any] = vars(self).setdefault(places, {})
        if hasattr(self, name) and name not in own:
            raise ArgumentError(f"{what}: {type(self).__name__} already has an attribute {name!r}")
        return own

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

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Hold a tensor that is no parameter but belongs to the state, such as a running mean, as attribute ``name``.

        ``to`` converts it, and ``state_dict`` has it unless ``persistent`` is False. None holds the place.
        Raises ``ArgumentError`` for a name that is taken or is no identifier, and for anything but a tensor.

        >>> import tinygrad_bp as tg
        >>> net = tg.nn.Module()
        >>> net.register_buffer("count", tg.tensor(0))
        >>> net.state_dict()["count"]
        tensor(0)
        """
        buffers = self._check_name("register_buffer", name, "_buffers")
        if tensor is not None and (not isinstance(tensor, Tensor) or isinstance(tensor, Parameter)):
            raise ArgumentError(f"register_buffer: {name} must be a tensor or None, got {type(tensor).__name__}")
        buffers[name] = persistent
        setattr(self, name, tensor)

    # ------------------------------------------------------------------ what is inside

    def _own(self) -> Iterator[tuple[str, Any]]:
        """Its direct parameters, buffers and modules, in the order they were assigned."""
        buffers = vars(self).get("_buffers", {})
        for name, value in vars(self).items():
            if isinstance(value, (Parameter, Holder)) or (name in buffers and isinstance(value, Tensor)):
                yield name, value

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, with their names, each once."""
        seen: set[int] = set()
        for name, value in self._own():
            if _is_module(value) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

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

    def named_modules(self: Any) -> Iterator[tuple[str, Module]]:
        """Itself (named ``""``) and every module at any depth, each once."""
        yield "", self
        seen = {id(self)}
        for path, _, value in self._walk():
            if _is_module(value) and id(value) not in seen:
                seen.add(id(value))
                yield path, value

    def modules(self) -> Iterator[Module]:
        """Itself and every module at any depth, each once."""
        for _, module in self.named_modules():
            yield module

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their paths, in the order they were assigned; one that is shared comes once."""
        seen: set[int] = set()
        for path, holder, value in self._walk(prefix):
            if isinstance(value, Parameter) and id(value) not in seen and (recurse or holder is self):
                seen.add(id(value))
                yield path, value

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once, in the order they were assigned."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their paths, persistent or not; one that is shared comes once."""
        seen: set[int] = set()
        for path, holder, value in self._walk(prefix):
            if not isinstance(value, (Parameter, Holder)) and id(value) not in seen and (recurse or holder is self):
                seen.add(id(value))
                yield path, value

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once: tensors of the state that are not learned."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # ------------------------------------------------------------------ as a whole

    def extra_repr(self) -> str:
        """What the repr shows in the parentheses."""
        return ""

    def __repr__(self) -> str:
        # Without recursion, so that depth is no limit: what is still to be written, last first.
        lines: list[str] = []
        pending: list[tuple[str, Holder, int]] = [("", self, 0)]
        open_above: list[Holder] = []
        while pending:
            text, module, depth = pending.pop()
            while len(open_above) > depth:
                open_above.pop()
                lines.append("  " * len(open_above) + ")")
            children = [(name, value) for name, value in module._own() if _is_module(value)]
            if module is not self and type(module).__repr__ is not Holder.__repr__:
                text += repr(module)
            elif any(module is above for above in open_above):
                text += f"{type(module).__name__}(...)"
            elif not children:
                text += f"{type(module).__name__}({module.extra_repr()})"
            else:
                text += f"{type(module).__name__}("
                extra = module.extra_repr()
                text += f"\n  {extra}" if extra else ""
                open_above.append(module)
                pending += [(f"({name}): ", child, depth + 1) for name, child in reversed(children)]
            lines.append(("  " * depth + text).replace("\n", "\n" + "  " * depth))
        lines += ["  " * depth + ")" for depth in reversed(range(len(open_above)))]
        return "\n".join(lines)

    def __deepcopy__(self: H, memo: dict[int, Any]) -> H:
        twin = memo[id(self)] = type(self).__new__(type(self))
        for module in self._innermost_first(memo):  # so that no copy has to go deep
            copy.deepcopy(module, memo)
        state: Any = copy.deepcopy(self.__getstate__(), memo)
        twin.__setstate__(state) if hasattr(twin, "__setstate__") else vars(twin).update(state or {})
        return twin
