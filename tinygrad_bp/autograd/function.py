"""Function: a user's own forward and backward as one recorded op."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import nullcontext
from time import perf_counter_ns
from typing import Any

from . import dtypes
from .backward import unbroadcast
from .batched import one_by_one, slice_by_slice, stands_for_many
from .elsewhere import boxed, copied
from .errors import FunctionError, ShapeError, shape_text
from .modes import mode, no_grad
from .node import Node, recorded
from .op import Op
from .sharing import share
from .tensor import Tensor, wrap
from .watch import array_of
from .whole import Whole, stay
from .writing import replace


class Context:
    """What a Function's forward leaves for its backward: ``ctx``, with whatever attributes the user gives it."""

    __slots__ = ("__dict__", "_restored")

    _restored: tuple[Any, ...]

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple[Any, ...] = ()
        self._constant: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._materialize = True
        self._restored = ()
        self._forward: tuple[Any, ...] = ()

    def _with(self, restored: tuple[Any, ...]) -> Context:
        """The context for one run of backward: the same attributes, tensors of its own. Several may run at once."""
        running = Context.__new__(Context)
        running.__dict__ = self.__dict__
        running._restored = restored
        return running

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs, outputs or other tensors for backward (None is kept as None)."""
        self._saved = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for ``jvp``, which finds them in ``saved_tensors``; without, those kept for backward."""
        self._forward = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What ``save_for_backward`` kept, with its history."""
        return self._restored

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """Say which results have no gradient: they do not require grad, and backward is given zeros for them."""
        self._constant = outputs

    def mark_dirty(self, *inputs: Tensor) -> None:
        """Say which inputs forward wrote in place; it must return them, and they are then what it returned."""
        self._dirty = inputs

    def set_materialize_grads(self, value: bool) -> None:
        """With False, backward is given None in place of zeros for results that nothing was computed from."""
        self._materialize = bool(value)


FunctionCtx = Context  # PyTorch's name


class Function:
    """An op of your own: subclass, write two static methods, call ``apply``.

    ``forward(ctx, *inputs)`` computes without recording; ``backward(ctx, *gradients)`` returns one gradient per
    input of ``forward`` (None where there is none). Where backward uses recorded ops, every higher order works, and
    forward mode, which calls ``jvp(ctx, *tangents)`` instead where there is one: it returns one tangent per result. Or
    ``forward(*inputs)`` is plain, and ``setup_context(ctx, inputs, output)`` keeps what backward needs. ``vmap`` and
    ``generate_vmap_rule`` are accepted: ``tg.func.vmap`` calls ``apply`` once a slice.

    A gradient is cast to the dtype of its input. Raises ``FunctionError`` where backward returns the wrong number of
    gradients, or a complex one for a real input; ``ShapeError`` for a gradient whose shape does not fit its input.

    >>> import tinygrad_bp as tg
    >>> class Cube(tg.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * 3 * x * x
    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the result from the inputs: ``forward(ctx, *inputs)``, without ``ctx`` beside ``setup_context``."""
        raise NotImplementedError("write a static method forward(ctx, *inputs)")

    @staticmethod
    def backward(*args: Any, **kwargs: Any) -> Any:
        """Compute one gradient per input from those arriving at the results: ``backward(ctx, *gradients)``."""
        raise NotImplementedError("write a static method backward(ctx, *gradients)")

    @staticmethod
    def jvp(*args: Any, **kwargs: Any) -> Any:
        """Compute one tangent per result from those of the inputs: ``jvp(ctx, *tangents)``."""
        raise NotImplementedError("write a static method jvp(ctx, *tangents)")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep for backward what it needs, where ``forward`` has no ``ctx``."""
        raise NotImplementedError("write a static method setup_context(ctx, inputs, output)")

    @classmethod
    def apply(cls, *inputs: Any, **named: Any) -> Any:
        """Run ``forward`` and record the call."""
        began = perf_counter_ns()
        plain = cls.setup_context is not Function.setup_context
        if named or plain:
            inputs, named = _placed(cls.forward, inputs, named, plain)
        if any([stands_for_many(x) for x in inputs]):
            return one_by_one(cls.apply, inputs, named)
        nodes = tuple(x._node if isinstance(x, Tensor) else None for x in inputs)
        ctx = Context(tuple(node is not None for node in nodes))
        with no_grad():
            if plain:
                outputs = cls.forward(*inputs, **named)
                cls.setup_context(ctx, inputs, outputs)
            else:
                outputs = cls.forward(ctx, *inputs, **named)
        several = isinstance(outputs, tuple)
        results = outputs if several else (outputs,)
        if not any(isinstance(result, Tensor) for result in results):
            kinds = ", ".join(type(result).__name__ for result in results)
            raise FunctionError(f"{cls.__name__}.forward must return tensors, got {kinds}")
        if not all(any(x is result for result in results) for x in ctx._dirty):
            raise FunctionError(
                f"{cls.__name__}.forward marked an input as dirty that it does not return; return it too"
            )
        travels = [_travels(result, ctx) for result in results]
        if not (mode().grad and any(ctx.needs_input_grad) and any(travels)):
            return outputs
        return cls._recorded(ctx, inputs, nodes, results, travels, several, began)

    @classmethod
    def _recorded(
        cls, ctx: Context, inputs: tuple[Any, ...], nodes: tuple[Any, ...], results: tuple[Any, ...],
        travels: list[bool], several: bool, began: int,
    ) -> Any:  # fmt: skip
        # Several results travel as one flat array, so that a node always has one result; constants do not travel.
        whole_of = Whole(results, travels, several, ctx._materialize)
        like = [(x.shape, x.dtype) if isinstance(x, Tensor) and x.dtype.kind in "fc" else None for x in inputs]
        inputs_dtypes = [x.dtype if isinstance(x, Tensor) else None for x in inputs]
        op = _function_op(cls, len(inputs))
        # What is kept, by name: a tensor saved twice and two saved outputs are one kept value each.
        kept: dict[str, Any] = {}
        names: list[str] = []
        outputs_at: dict[int, int] = {}
        histories: dict[int, Node | None] = {}  # of tensors that are neither an input nor an output
        sources: dict[int, int] = {}  # which input a saved tensor is: the history of that is the node's parent
        for slot, saved in enumerate(ctx._saved):
            position = next((i for i, result in enumerate(results) if result is saved), None)
            source = next((i for i, x in enumerate(inputs) if x is saved), None)
            if position is not None and travels[position]:
                outputs_at[slot] = position
                names.append("y")
                kept["y"] = None  # filled below: the value of the node itself
            else:
                is_input = source is not None and isinstance(saved, Tensor)
                names.append(op.inputs[source] if is_input else f"saved value {slot}")  # type: ignore[index]
                kept[names[-1]] = saved._value if isinstance(saved, Tensor) else saved
                if is_input:
                    sources[slot] = source  # type: ignore[assignment]
                elif isinstance(saved, Tensor):
                    histories[slot] = saved._node
        ctx._saved = ()
        value = whole_of.value(results)
        if outputs_at:
            kept["y"] = value
        kept_names = op.kept = tuple(kept)

        def restored(values: tuple[Any, ...], parents: tuple[Node | None, ...] = ()) -> tuple[Any, ...]:
            found = []
            by_name = dict(zip(kept_names, values, strict=True))
            for slot, name in enumerate(names):
                saved = by_name[name]
                if slot in histories:
                    saved = wrap(array_of(saved), histories[slot])
                elif hasattr(saved, "strides") and not isinstance(saved, Tensor):
                    saved = wrap(saved, parents[sources[slot]] if parents and slot in sources else None)
                found.append(whole_of.part(saved, outputs_at[slot]) if slot in outputs_at else saved)
            return tuple(found)

        # Do not mention op, which holds them: that would be a reference cycle.
        def pull_one(g: Any, parents: tuple[Node | None, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
            tensors = isinstance(g, Tensor)
            with nullcontext() if tensors else no_grad():  # as in ``run_hooks``
                arrived = g if tensors else wrap(boxed(g), None)
                given = cls.backward(ctx._with(restored(values, parents)), *whole_of.gradients(arrived))
            return _checked(cls, given, parents, inputs_dtypes, tensors)

        def pull(g: Any, parents: tuple[Node | None, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
            if stands_for_many(g):
                return slice_by_slice(lambda one: pull_one(one, parents, values), g)
            return pull_one(g, parents, values)

        def push(tangents: list[Tensor | None], values: tuple[Any, ...]) -> Tensor:
            running = ctx._with(ctx._forward or restored(values))
            running.__dict__ = dict(ctx.__dict__)  # jvp may delete what it has used, and run again
            return whole_of.tangent(cls.__name__, cls.jvp(running, *whole_of.moving(tangents, like)))

        op.pull, op.back = pull, None
        if cls.jvp is not Function.jvp:
            op.push = push
        whole = wrap(value, recorded(op, value, nodes, tuple(kept.values())))
        for x in inputs:
            if isinstance(x, Tensor):
                share(x, whole)
        for watcher in mode().watchers:
            watcher.called(op, inputs, {}, whole, began)
        if not several:
            return replace(results[0], cls.__name__, lambda _: whole, *inputs) if ctx._dirty else whole
        pieces = [whole_of.piece(whole, i, _function_op(cls, 1)) if go else results[i] for i, go in enumerate(travels)]
        stay(pieces, results, [x for x in inputs if isinstance(x, Tensor)])
        return tuple(
            replace(result, cls.__name__, lambda _, piece=piece: piece, *inputs)  # type: ignore[misc]
            if any(result is x for x in ctx._dirty)
            else piece
            for result, piece in zip(results, pieces)
        )


def _placed(forward: Callable[..., Any], inputs: tuple[Any, ...], named: dict[str, Any], plain: bool) -> Any:
    """The arguments of a call in their places, with defaults, as backward returns gradients for them; the others."""
    context = () if plain else (None,)
    bound = inspect.signature(forward).bind(*context, *inputs, **named)
    others = dict(bound.kwargs)
    bound.apply_defaults()
    return bound.args[len(context) :], others


def _travels(result: Any, ctx: Context) -> bool:
    """Whether a gradient comes back to a result."""
    floats = isinstance(result, Tensor) and result.dtype.kind in "fc"
    return floats and not any(result is constant for constant in ctx._constant)


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """For a ``backward`` that is not made of recorded ops: nothing in it records, and a second derivative is refused.

    >>> import tinygrad_bp as tg
    >>> class Double(tg.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x * 2
    ...     @staticmethod
    ...     @tg.autograd.function.once_differentiable
    ...     def backward(ctx, g):
    ...         return tg.tensor(2 * g.numpy())
    >>> x = tg.tensor(1.0, requires_grad=True)
    >>> Double.apply(x).backward()
    >>> x.grad
    tensor(2.)
    """

    @functools.wraps(function)
    def wrapper(ctx: Any, *gradients: Any) -> Any:
        with no_grad():
            given = function(ctx, *gradients)
        behind = [g for g in gradients if isinstance(g, Tensor) and g._node is not None]
        if not mode().grad or not behind:
            return given
        items = given if isinstance(given, tuple) else (given,)
        return tuple(_Once.apply(item.detach(), *behind) if isinstance(item, Tensor) else item for item in items)

    return wrapper


class _Once(Function):
    """A gradient through which no second derivative goes."""

    @staticmethod
    def forward(ctx: Any, gradient: Any, *behind: Any) -> Any:
        """The gradient itself."""
        return gradient

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """No second time."""
        raise FunctionError(
            "trying to differentiate twice a function that was marked with @once_differentiable: write its backward "
            "with recorded ops, and leave the mark out"
        )


class FunctionOp(Op):
    """The op of one call of a Function; with ``push`` where that has a ``jvp``."""

    __slots__ = ("push",)

    push: Callable[[list[Tensor | None], tuple[Any, ...]], Tensor]


def _function_op(cls: type[Function], arity: int) -> FunctionOp:
    """The op that stands for one call; it is not in the table, because only this call knows its backward."""
    op = FunctionOp()
    op.name, op.kind = cls.__name__, "general"
    op.inputs = tuple(f"input {i}" for i in range(arity))
    op.rules, op.params, op.residuals, op.variadic, op.keeps_values = (), {}, {}, False, True
    op.gives, op.bilinear, op.holomorphic = "", False, False  # a user's backward returns the gradient itself
    op.doc, op.formula, op.hint = (cls.__doc__ or "").strip(), "", ""
    op.grad_fn, op.grad_grad_fn = f"{cls.__name__}Backward", ""
    return op


def _checked(
    cls: type[Function], given: Any, parents: tuple[Node | None, ...], kinds: list[dtypes.DType | None], tensors: bool
) -> tuple[Any, ...]:
    """The gradients that a user's backward returned, one per input, as the engine wants them."""
    gradients = list(given) if isinstance(given, (tuple, list)) else [given]
    while len(gradients) > len(parents) and gradients[-1] is None:
        gradients.pop()
    if len(gradients) != len(parents):
        raise FunctionError(
            f"{cls.__name__}.backward returned {len(gradients)} gradients for {len(parents)} inputs of forward "
            f"(expected {len(parents)}, got {len(gradients)}); return one per input, None where there is none"
        )
    checked: list[Any] = []
    for i, (g, parent, dtype) in enumerate(zip(gradients, parents, kinds, strict=True)):
        if g is None or parent is None:
            checked.append(None)
            continue
        if not isinstance(g, Tensor):
            g = wrap(boxed(g), None)
        try:
            unbroadcast(g._value, parent.shape)
        except (ShapeError, ValueError):
            raise ShapeError(
                f"{cls.__name__}.backward returned a gradient of shape {shape_text(g.shape)} for input {i} of shape "
                f"{shape_text(parent.shape)}; a gradient has the shape of its input"
            ) from None
        if g.is_complex() and dtype.kind != "c":  # type: ignore[union-attr]
            raise FunctionError(
                f"{cls.__name__}.backward returned a complex gradient for input {i}, which is {dtype}; return its real "
                "part"
            )
        # A user's backward may return one tensor twice, or a saved one: each gradient gets memory of its own.
        checked.append(g.to(dtype) if tensors else copied(g._value).astype(dtype, copy=False))
    return tuple(checked)
