"""What PyTorch lets users ask of a node (``t.grad_fn``): its name, the nodes before it, hooks, and notes of theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any
from weakref import ref as reference

from .backward import Pull, unbroadcast
from .errors import ArgumentError, ShapeError, shape_text
from .hooks import Hooks, RemovableHandle
from .modes import no_grad, same
from .node import Cell, Node
from .tensor import Tensor, wrap

_WITHOUT_NUMBER = ("AccumulateGrad", "CopyBackwards", "CopySlices")

# By id, weak references to the hooks of living nodes that see what a node gives to those before it.
_after: dict[int, Any] = {}


class GradFn:
    """The part of a ``Node`` that users ask; bound to it below."""

    __slots__ = ()

    def name(self: Any) -> str:
        """PyTorch's name of the step.

        >>> import tinygrad_bp as tg
        >>> (tg.ones(2, requires_grad=True) * 3).grad_fn.name()
        'MulBackward0'
        """
        shown = repr(self)[1:-1]
        return f"torch::autograd::{shown}" if shown in _WITHOUT_NUMBER else shown

    @property
    def next_functions(self: Any) -> tuple[tuple[Node | None, int], ...]:
        """The nodes that the step's gradients go to, one ``(node, 0)`` an input, ``(None, 0)`` where none goes.

        >>> import tinygrad_bp as tg
        >>> (tg.ones(2, requires_grad=True) * 3).grad_fn.next_functions
        ((<AccumulateGrad>, 0), (None, 0))
        """
        edges = tuple([(parent, 0) for parent in self.parents])
        # PyTorch computes 2 * x as x * 2; after backward nothing says that there was a number.
        if self.op is not None and self.op.name == "mul" and self.kept is not None:
            return edges[::-1] if isinstance(self.kept[1], (int, float, complex)) else edges
        return edges

    @property
    def variable(self: Any) -> Tensor | None:
        """The leaf whose node this is; None where that tensor is no more.

        >>> import tinygrad_bp as tg
        >>> w = tg.ones(2, requires_grad=True)
        >>> (w * 3).grad_fn.next_functions[0][0].variable is w
        True
        """
        if self.op is not None:
            raise AttributeError(f"variable: {self!r} is a recorded step; leaves alone have one")
        return self.cell.tensor() if self.cell is not None else None

    @property
    def metadata(self: Any) -> dict[Any, Any]:
        """A dict that is the user's: what is put there stays as long as the node."""
        return _hooks(self).metadata

    def register_prehook(self: Any, hook: Callable[[tuple[Tensor, ...]], Any]) -> RemovableHandle:
        """Call ``hook(grad_outputs)``, a tuple of one gradient, when the gradient arrives; it may return another tuple.

        >>> import tinygrad_bp as tg
        >>> w = tg.ones(2, requires_grad=True)
        >>> y = w * 3
        >>> handle = y.grad_fn.register_prehook(lambda grad_outputs: (2 * grad_outputs[0],))
        >>> y.sum().backward()
        >>> w.grad
        tensor([6., 6.])
        """

        def arrived(g: Tensor) -> Any:
            return _only("register_prehook", hook((g,)), 1)[0]

        if not callable(hook):
            raise ArgumentError(f"register_prehook: give a function, got {type(hook).__name__}")
        return _hooks(self).arrived.add(arrived, "register_prehook")

    def register_hook(self: Any, hook: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call ``hook(grad_inputs, grad_outputs)`` when the node's gradients are computed; it may return other inputs'.

        Both are tuples; ``grad_inputs`` has one gradient an input, None where none goes. A leaf's node has no inputs:
        its hook is called once ``.grad`` has the gradient. Backward raises ``ArgumentError`` or ``ShapeError`` where
        the hook returns anything but None or such a tuple.

        >>> import tinygrad_bp as tg
        >>> w = tg.ones(2, requires_grad=True)
        >>> y = w * 3
        >>> handle = y.grad_fn.register_hook(lambda grad_inputs, grad_outputs: (grad_outputs[0], None))
        >>> y.sum().backward()
        >>> w.grad
        tensor([1., 1.])
        """
        hooks = _hooks(self)
        if self.op is not None:
            place = id(hooks)
            _after[place] = reference(hooks, lambda _: _after.pop(place, None))
            return hooks.after.add(hook, "register_hook")
        if not callable(hook):
            raise ArgumentError(f"register_hook: give a function, got {type(hook).__name__}")
        return hooks.accumulated.add(lambda leaf: hook((), (leaf.grad,)), "register_hook")


def _hooks(node: Node) -> Hooks:
    if node.cell is None:
        node.cell = Cell(None)
    if node.cell.hooks is None:
        node.cell.hooks = Hooks()
    return node.cell.hooks


def hooked(pull: Pull, tensors: bool) -> Pull:
    """The pull of one node and, after it, the node's hooks; ``pull`` itself where no node has any."""
    if not _after:
        return pull

    def pulled(node: Node, g: Any) -> Sequence[Any]:
        gradients = pull(node, g)
        hooks = node.cell.hooks if node.cell is not None else None
        return gradients if hooks is None or not hooks.after else _run(node, hooks, g, gradients, tensors)

    return pulled


def _run(node: Node, hooks: Hooks, g: Any, gradients: Sequence[Any], tensors: bool) -> Sequence[Any]:
    """What the node's hooks make of its gradients: Tensors with ``tensors``, else raw arrays."""
    given = g if tensors else _seen(g)
    for hook, _ in list(hooks.after.values()):
        shown = tuple(
            None if d is None or parent is None else _seen(unbroadcast(d, parent.shape))
            for d, parent in zip(gradients, node.parents)
        )
        with nullcontext() if tensors else no_grad():  # as in ``run_hooks``
            result = hook(shown, (given,))
        if result is None:
            continue
        items = _only("register_hook", result, len(shown))
        for d, parent in zip(items, node.parents):
            if d is not None and parent is not None and d.shape != parent.shape:
                raise ShapeError(
                    f"a hook of {node!r} returned a gradient of shape {shape_text(d.shape)} for an input of "
                    f"{shape_text(parent.shape)}; both must agree"
                )
        gradients = [d if d is None or tensors else d._value.copy() for d in items]
    return gradients


def _seen(d: Any) -> Tensor:
    """A gradient as hooks see it: what they keep or write is theirs."""
    if not isinstance(d, Tensor):
        return wrap(d.copy(), None)
    seen = d._value.copy()
    same(seen, d._value)
    return wrap(seen, d._node)


def _only(who: str, result: Any, count: int) -> tuple[Any, ...]:
    """What a hook returned, a tuple of tensors or None."""
    items = result if isinstance(result, tuple) else (result,)
    if len(items) != count or not all(item is None or isinstance(item, Tensor) for item in items):
        raise ArgumentError(
            f"{who}: the hook returned {type(result).__name__}; return None, or a tuple of {count} tensors or None"
        )
    return items


for _name, _value in vars(GradFn).items():
    if not _name.startswith("__"):
        setattr(Node, _name, _value)
