"""Function: a user's own forward and backward as one recorded op."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .backward import unbroadcast
from .errors import FunctionError, ShapeError, shape_text
from .modes import enable_grad, mode, no_grad
from .node import Node, recorded
from .op import Op
from .tensor import Tensor, wrap
from .writes import owner, share


class Context:
    """What a Function's forward leaves for its backward."""

    __slots__ = ("__dict__", "_restored")

    _restored: tuple[Any, ...]

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple[Any, ...] = ()
        self._restored = ()

    def _with(self, restored: tuple[Any, ...]) -> Context:
        """The context for one run of backward: the same attributes, tensors of its own. Several may run at once."""
        running = Context.__new__(Context)
        running.__dict__ = self.__dict__
        running._restored = restored
        return running

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs, outputs or other tensors for backward (None is kept as None)."""
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What ``save_for_backward`` kept, with its history."""
        return self._restored


class Function:
    """An op of your own: subclass, write two static methods, call ``apply``.

    ``forward(ctx, *inputs)`` computes without recording; ``backward(ctx, *gradients)`` returns one gradient per
    input of ``forward`` (None where there is none). Where backward uses recorded ops, every higher order works.

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
    def forward(ctx: Any, *inputs: Any) -> Any:
        """Compute the result from the inputs."""
        raise NotImplementedError("write a static method forward(ctx, *inputs)")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Compute one gradient per input from the gradients arriving at the results."""
        raise NotImplementedError("write a static method backward(ctx, *gradients)")

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        """Run ``forward`` and record the call."""
        nodes = tuple(x._node if isinstance(x, Tensor) else None for x in inputs)
        ctx = Context(tuple(node is not None for node in nodes))
        with no_grad():
            outputs = cls.forward(ctx, *inputs)
        several = isinstance(outputs, tuple)
        results = outputs if several else (outputs,)
        for result in results:
            if not isinstance(result, Tensor):
                raise FunctionError(f"{cls.__name__}.forward must return tensors, got {type(result).__name__}")
        if not (mode().grad and any(ctx.needs_input_grad) and any(r.dtype.kind in "fc" for r in results)):
            return outputs
        return cls._recorded(ctx, inputs, nodes, results, several)

    @classmethod
    def _recorded(
        cls, ctx: Context, inputs: tuple[Any, ...], nodes: tuple[Any, ...], results: tuple[Tensor, ...], several: bool
    ) -> Any:
        # Several results travel as one flat array, so that a node always has one result; integers do not travel.
        travels = [result.dtype.kind in "fc" for result in results]
        sizes = [result.numel() if go else 0 for result, go in zip(results, travels, strict=True)]
        stops = np.cumsum(sizes).tolist()

        def part(flat: Any, i: int) -> Any:
            if not several:
                return flat
            if not travels[i]:
                return wrap(np.zeros_like(results_values[i]), None)
            piece = flat[stops[i] - sizes[i] : stops[i]].reshape(shapes[i])
            # Real results travel beside complex ones with an imaginary part of 0.
            return (piece.real if kinds[i].kind != "c" else piece).to(kinds[i])

        inputs_dtypes = [x.dtype if isinstance(x, Tensor) else None for x in inputs]
        kinds = [result.dtype for result in results]
        shapes = [result.shape for result in results]
        results_values = [None if go else result._value for result, go in zip(results, travels, strict=True)]
        op = _function_op(cls, len(inputs))
        # What is kept, by name: a tensor saved twice and two saved outputs are one kept value each.
        kept: dict[str, Any] = {}
        names: list[str] = []
        outputs_at: dict[int, int] = {}
        histories: dict[int, Node | None] = {}  # of tensors that are neither an input nor an output
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
                if isinstance(saved, Tensor) and not is_input:
                    histories[slot] = saved._node
        ctx._saved = ()
        value = (
            np.concatenate([r._value.ravel() for r, go in zip(results, travels, strict=True) if go])
            if several
            else results[0]._value
        )
        if outputs_at:
            kept["y"] = value
        kept_names = op.kept = tuple(kept)

        # Does not mention op, which holds it: that would be a reference cycle.
        def pull(g: Any, parents: tuple[Node | None, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
            create = isinstance(g, Tensor)
            with enable_grad() if create else no_grad():
                arrived = g if create else wrap(np.asarray(g), None)
                restored = []
                by_name = dict(zip(kept_names, values, strict=True))
                for slot, name in enumerate(names):
                    saved = by_name[name]
                    if hasattr(saved, "strides") and not isinstance(saved, Tensor):
                        saved = wrap(saved, histories.get(slot))
                    restored.append(part(saved, outputs_at[slot]) if slot in outputs_at else saved)
                given = cls.backward(ctx._with(tuple(restored)), *(part(arrived, i) for i in range(len(shapes))))
            return _checked(cls, given, parents, inputs_dtypes, create)

        op.pull = pull
        whole = wrap(value, recorded(op, value, nodes, tuple(kept.values())))
        for x in inputs:
            if isinstance(x, Tensor):
                share(x, whole)
        for watcher in mode().watchers:
            watcher.called(op, inputs, {}, whole)
        if not several:
            return whole
        pieces = [part(whole, i) if go else results[i] for i, go in enumerate(travels)]
        _stay(pieces, results, [x for x in inputs if isinstance(x, Tensor)])
        return tuple(pieces)


def _stay(pieces: list[Tensor], results: tuple[Tensor, ...], inputs: list[Tensor]) -> None:
    """Put results that lie in the memory of an input, or of each other, back there: who writes one writes the other."""
    owners = [owner(t._value) for t in (*inputs, *results)]
    for i, (piece, result) in enumerate(zip(pieces, results, strict=True), len(inputs)):
        first = next(k for k, memory in enumerate(owners) if memory is owners[i])
        if first < i or any(memory is owners[i] for memory in owners[i + 1 :]):
            piece._value = result._value
        if first < i:
            share((*inputs, *pieces)[first], piece)


def _function_op(cls: type[Function], arity: int) -> Op:
    """The op that stands for one call; it is not in the table, because only this call knows its backward."""
    op = Op()
    op.name, op.kind = cls.__name__, "general"
    op.inputs = tuple(f"input {i}" for i in range(arity))
    op.rules, op.params, op.residuals, op.variadic, op.keeps_values = (), {}, {}, False, True
    op.gives, op.holomorphic = "", False  # a user's backward returns the gradient itself
    op.doc, op.formula, op.hint = (cls.__doc__ or "").strip(), "", ""
    op.grad_fn, op.grad_grad_fn = f"{cls.__name__}Backward", ""
    return op


def _checked(
    cls: type[Function], given: Any, parents: tuple[Node | None, ...], kinds: list[dtypes.DType | None], create: bool
) -> tuple[Any, ...]:
    """The gradients that a user's backward returned, one per input, as the engine wants them."""
    gradients = list(given) if isinstance(given, (tuple, list)) else [given]
    while len(gradients) > len(parents) and gradients[-1] is None:
        gradients.pop()
    if len(gradients) != len(parents):
        raise FunctionError(
            f"{cls.__name__}.backward returned {len(gradients)} gradients for {len(parents)} inputs of forward; "
            "return one per input, None where there is none"
        )
    checked: list[Any] = []
    for i, (g, parent, dtype) in enumerate(zip(gradients, parents, kinds, strict=True)):
        if g is None or parent is None:
            checked.append(None)
            continue
        if not isinstance(g, Tensor):
            g = wrap(np.asarray(g), None)
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
        checked.append(g.to(dtype) if create else np.array(g._value, dtype))
    return tuple(checked)
