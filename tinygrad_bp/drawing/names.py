"""What tensors are called: as the caller says, as they are named, or as the variables that hold them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType, ModuleType
from typing import Any

from ..autograd.errors import ArgumentError
from ..autograd.lines import running, user_frame
from ..autograd.node import Node
from ..autograd.tensor import Tensor
from ..autograd.watch import witnessed

MOST = 1000  # items of a list, and attributes of an object, that are looked through
OPTIMIZED = 1  # a flag of the code of functions: inspect.CO_OPTIMIZED

Variables = list[tuple[str, Tensor]]


class Names:
    """The names of a graph's tensors, by node, or by array where no gradient flows.

    The first of these that there is: the name in ``given`` (a mapping of name to tensor, or a ``Module``, whose
    parameters and buffers it names), the tensor's own ``name``, the variable that holds it among ``variables`` (see
    ``variables_of_caller``). Tensors without any have the name ``""``.

    Raises ``ArgumentError`` where ``given`` is something else; ``who`` is the function that its text names.

    >>> import tinygrad_bp as tg
    >>> w, x = tg.ones(2, requires_grad=True), tg.ones(2)
    >>> names = Names("draw", {"w": w}, [("v", w), ("x", x)])
    >>> names.of(w), names.of(x), names.of((w * x).grad_fn)
    ('w', 'x', '')
    """

    def __init__(self, who: str = "draw", given: Any = None, variables: Iterable[tuple[str, Tensor]] = ()) -> None:
        self._found: dict[Any, str] = {}  # by node, or by id of an array
        self._held: list[Any] = []  # an id means its array only as long as that lives
        self._variables: dict[Any, str] = {}
        for name, tensor in named(who, given).items():
            self.add(tensor, name)
        for name, tensor in variables:
            self._keep(tensor)
            self._variables.setdefault(self._key(tensor), name)

    def _key(self, of: Any) -> Any:
        if isinstance(of, Tensor):
            return of._node if of._node is not None else id(of._value)
        return of if isinstance(of, Node) else id(of)

    def _keep(self, tensor: Tensor) -> None:
        if tensor._node is None:
            self._held.append(tensor._value)

    def add(self, tensor: Tensor, name: str | None) -> None:
        """Call a tensor by a name, unless it has one here."""
        if name:
            self._keep(tensor)
            self._found.setdefault(self._key(tensor), str(name))

    def of(self, what: Tensor | Node | Any) -> str:
        """The name of a tensor, a node or an array, or ``""``."""
        key = self._key(what)
        own = what.tensor_name if isinstance(what, Node) else getattr(what, "name", None)
        found = self._found.get(key) or own or self._variables.get(key)
        return found if isinstance(found, str) else ""


def named(who: str, given: Any) -> dict[str, Tensor]:
    """The tensors of ``params=`` by name: of a mapping, or the parameters and buffers of a ``Module``."""
    if given is None:
        return {}
    if not isinstance(given, Mapping) and hasattr(given, "named_parameters") and hasattr(given, "named_buffers"):
        given = {**dict(given.named_parameters()), **dict(given.named_buffers())}
    if not isinstance(given, Mapping):
        raise ArgumentError(
            f"{who}: params is a dict of name to tensor, or a Module, got {type(given).__name__}; write "
            "params=dict(model.named_parameters())"
        )
    for name, tensor in given.items():
        if not isinstance(tensor, Tensor):
            raise ArgumentError(f"{who}: params[{name!r}] must be a tensor, got {type(tensor).__name__}")
    return {str(name): tensor for name, tensor in given.items()}


# ---------------------------------------------------------------------- variables


def variables_of_caller() -> Variables:
    """The tensors that the variables of the user's running function (or script) hold, by what a user would write.

    Plain variables come first, then items of dicts, lists and tuples (``params['W1']``, ``weights[0]``) and attributes
    of objects (``self.W1``), then the variables of the module around. Names that begin with ``_`` are left out. No
    frame is kept, nor what its variables held.
    """
    return variables_of(user_frame())


def variables_of(frame: FrameType) -> Variables:
    """The same of a frame, which may have ended: its own variables, then those of its module."""
    local = _locals(frame)
    spaces = [local] if frame.f_globals is local else [local, frame.f_globals]
    return [found for look in (_plain, _inside) for space in spaces for found in look(space)]


class Frames:
    """The user's functions that run while ops are watched, for what their variables hold at their end."""

    def __init__(self) -> None:
        self._depths: dict[FrameType, int] = {}
        self._ended: list[tuple[int, Variables]] = []  # functions that have returned: their depth, and their variables

    def note(self) -> None:
        """Keep the frame of the function that runs now, until its variables are asked for."""
        frame = user_frame()
        if frame not in self._depths:
            depth, outer = 0, frame.f_back
            while outer is not None:
                depth, outer = depth + 1, outer.f_back
            self._depths[frame] = depth

    def variables(self) -> Variables:
        """The tensors that their variables held, those of outer functions first; then no frame is kept any more."""
        held = [*self._ended, *((depth, variables_of(frame)) for frame, depth in self._depths.items())]
        self._depths.clear()
        self._ended.clear()
        return [pair for _, pairs in sorted(held, key=lambda item: item[0]) for pair in pairs]

    def let_go(self) -> None:
        """Keep of functions that have returned what their variables held, and neither their frames nor the tensors."""
        now = running()
        for frame in [frame for frame in self._depths if frame not in now]:
            pairs = [(name, witnessed(tensor)) for name, tensor in variables_of(frame)]
            self._ended.append((self._depths.pop(frame), pairs))


def _locals(frame: FrameType) -> dict[str, Any]:
    """The variables of a frame, as a dict that the frame does not keep."""
    found = frame.f_locals
    if not frame.f_code.co_flags & OPTIMIZED:
        return found  # of a script or a class: the variables themselves
    copied = dict(found)
    # Before Python 3.13 a frame keeps the dict, and would keep alive what the function deletes later. Three others hold
    # it: the frame, `found` and the argument; one more is what the user got of locals().
    if isinstance(found, dict) and sys.getrefcount(found) <= 3:
        found.clear()
    return copied


def _plain(space: Mapping[str, Any]) -> Variables:
    return [(name, value) for name, value in list(space.items()) if _public(name) and _is(value, Tensor)]


def _is(value: Any, kind: Any) -> bool:
    """``isinstance``, which asks the object itself, and an object may run code then."""
    return issubclass(type(value), kind)


def _inside(space: Mapping[str, Any]) -> Variables:
    """Tensors one step inside what variables hold."""
    found = []
    for name, value in list(space.items()):
        if _public(name) and not _is(value, (Tensor, ModuleType, type)):
            found += [(f"{name}{step}", item) for step, item in _items(value) if _is(item, Tensor)]
    return found


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    """What an object holds, by what is written behind its name."""
    if _is(value, dict):
        if len(value) <= MOST:
            yield from [(f"[{key!r}]", item) for key, item in value.items() if isinstance(key, (str, int))]
    elif _is(value, (list, tuple)):
        if len(value) <= MOST:
            yield from [(f"[{i}]", item) for i, item in enumerate(value)]
    else:
        held = _attributes(value)
        if len(held) <= MOST:
            yield from [(f".{key}", item) for key, item in held.items() if _public(key)]


def _attributes(value: Any) -> dict[str, Any]:
    """The attributes of an object, which is not asked."""
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return held if isinstance(held, dict) else {}


def _public(name: object) -> bool:
    """Whether it is a name that a user writes."""
    return isinstance(name, str) and name[:1] != "_" and name.isidentifier()


def buffers_of(model: Any) -> set[int]:
    """The ids of the arrays that a module holds beside its parameters."""
    buffers = getattr(model, "named_buffers", None)
    return {id(buffer._value) for _, buffer in buffers()} if callable(buffers) else set()
