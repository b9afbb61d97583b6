"""Transforms of functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd import gradient
from ..autograd.batched import at_all, lifted, lowered, running, stands_for_many
from ..autograd.device import near
from ..autograd.errors import ArgumentError, NonScalarError, ShapeError, shape_text
from ..autograd.forward import push_forward
from ..autograd.history import history
from ..autograd.modes import inference_mode, mode
from ..autograd.tensor import Tensor, wrap
from ..autograd.trees import flatten
from ..autograd.values import held, made
from ..functions.creation import as_tensor
from ..ops.elementwise import clone

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


def _tensor(value: Any, what: str) -> Tensor:
    """A float tensor of what a transform was given."""
    tensor = as_tensor(value)
    if tensor.dtype.kind not in "fc":
        raise ArgumentError(
            f"{what}: derivatives are taken in floating point numbers, got {tensor.dtype} {shape_text(tensor.shape)}; "
            "write t.float() or 3.0"
        )
    return tensor


def _fresh(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Copies to differentiate in: a copy of a recorded tensor keeps its history, any other is a new leaf.

    Where nothing is recorded outside, what was recorded before is nobody's history, and all are new leaves.
    """
    copies = []
    for tensor in tensors:
        if not (tensor._node is not None and mode().grad) and not stands_for_many(tensor):
            tensor = wrap(held(tensor), None)
            tensor.requires_grad = True
        else:
            with inference_mode(False):
                tensor = clone(tensor)
        copies.append(tensor)
    return copies


def outputs_of(tree: Any, what: str) -> tuple[list[Tensor], Callable[[Sequence[Any]], Any]]:
    """The tensors that a function returned, and the way back to what it returned; ``ArgumentError`` for others."""
    leaves, back = flatten(tree)
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise ArgumentError(f"{what}: the function must return tensors, got {type(leaf).__name__}")
    return leaves, back


def split(result: Any, has_aux: bool, what: str) -> tuple[Any, Any]:
    """The result, and what goes beside it without a gradient."""
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise ArgumentError(f"{what}: with has_aux=True the function returns a pair (result, aux)")
    return result[0], detached(result[1])


def detached(tree: Any) -> Any:
    """The same tensors without history."""
    leaves, back = flatten(tree)
    return back([leaf.detach() if isinstance(leaf, Tensor) else leaf for leaf in leaves])


def led_by_others(outputs: list[Tensor], inputs: list[Tensor]) -> bool:
    """Whether leaves besides the inputs led to the outputs: an outer derivative may then want the graph of this one."""
    if not mode().grad:
        return False
    own = {x._node for x in inputs if x._node is not None and x._node.op is None}
    nodes = [y._node for y in outputs if y._node is not None]
    leaves = {p for node in history(nodes) for p in node.parents if p is not None and p.op is None}
    return bool((leaves | {node for node in nodes if node.op is None}) - own)


def check_chunk(what: str, chunk_size: int | None) -> None:
    """``ArgumentError`` for a number of slices or directions that is none."""
    if chunk_size is not None and (not isinstance(chunk_size, int) or chunk_size < 1):
        raise ArgumentError(f"{what}: chunk_size is a positive integer or None, got {chunk_size!r}")


class Call:
    """One call of a function on fresh copies of the arguments to differentiate in.

    Inside ``vmap`` each slice has copies of its own: ``leaves`` are those of all slices, which is what was recorded,
    and ``inputs`` the same as the function sees them, one slice.
    """

    def __init__(
        self, what: str, func: Function, args: Sequence[Any], kwargs: dict[str, Any], argnums: Argnums
    ) -> None:
        self.single = not isinstance(argnums, tuple)
        places = [_place(what, n, len(args)) for n in (argnums if isinstance(argnums, tuple) else (argnums,))]
        chosen, self._rebuild = flatten([args[place] for place in places])
        self.levels = running()
        self.leaves = _fresh([at_all(_tensor(value, what), self.levels, lowered) for value in chosen])
        self.inputs = [at_all(x, self.levels, lifted) for x in self.leaves]
        given = list(args)
        for place, value in zip(places, self._rebuild(self.inputs), strict=True):
            given[place] = value
        with inference_mode(False):  # which records, whatever holds outside
            self.result = func(*given, **kwargs)

    def pull(self, outputs: Sequence[Tensor], cotangents: Sequence[Tensor], recorded: bool) -> list[Tensor]:
        """The gradient of Σ cotangents · outputs for each input."""
        ys, gs = ([at_all(t, self.levels, lowered) for t in tensors] for tensors in (outputs, cotangents))
        return [at_all(d, self.levels, lifted) for d in gradient.pull(ys, self.leaves, gs, recorded)]

    def push(self, outputs: Sequence[Tensor], tangents: Sequence[Tensor | None], recorded: bool) -> list[Tensor]:
        """The tangent of each output where the inputs move along theirs; zeros where no input moves it."""
        moving = {
            x._node: at_all(t, self.levels, lowered).to(x.dtype)
            for x, t in zip(self.leaves, tangents, strict=True)
            if x._node is not None and t is not None
        }
        moved = []
        found = push_forward([at_all(y, self.levels, lowered) for y in outputs], moving, recorded)
        for y, t in zip(outputs, found, strict=True):
            t = _zeros(y) if t is None else at_all(t, self.levels, lifted).to(y.dtype)
            moved.append(t if recorded else t.detach())
        return moved

    def shaped(self, gradients: Sequence[Any]) -> Any:
        """One value per input in the structure of the arguments."""
        built = self._rebuild(gradients)
        return built[0] if self.single else tuple(built)


def _place(what: str, argnum: int, count: int) -> int:
    if not -count <= argnum < count:
        raise ArgumentError(f"{what}: argnums names argument {argnum}, but the function was called with {count}")
    return argnum % count


def value_and_grad(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns ``(value, gradient)``, with ``has_aux`` ``((value, aux), gradient)``: see ``grad``.

    >>> import tinygrad_bp as tg
    >>> tg.func.value_and_grad(lambda x: x * x)(tg.tensor(3.0))
    (tensor(9.), tensor(6.))
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = Call("grad", func, args, kwargs, argnums)
        value, aux = split(call.result, has_aux, "grad")
        if not isinstance(value, Tensor) or value.numel() != 1 or value.is_complex():
            what = f"{value.dtype} {shape_text(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
            raise NonScalarError(
                f"grad: the function must return one real number, got {what}; reduce it (sum, mean), or use jacrev"
            )
        recorded = led_by_others([value], call.inputs)
        gradients = call.shaped(
            call.pull([value], [near(wrap(np.ones(value.shape, value.dtype), None), value)], recorded)
        )
        value = value if recorded else value.detach()
        return ((value, aux) if has_aux else value), gradients

    return wrapper


def grad_and_value(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """``value_and_grad`` in PyTorch's order: ``(gradient, value)``, with ``has_aux`` ``(gradient, (value, aux))``.

    >>> import tinygrad_bp as tg
    >>> tg.func.grad_and_value(lambda x: x * x)(tg.tensor(3.0))
    (tensor(6.), tensor(9.))
    """
    transformed = value_and_grad(func, argnums, has_aux)
    return lambda *args, **kwargs: transformed(*args, **kwargs)[::-1]


def grad(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function whose result is the gradient of ``func``, a function that returns one real number.

    The gradient has the structure of argument ``argnums`` (of a tuple of them where ``argnums`` is a tuple). With
    ``has_aux`` ``func`` returns ``(value, aux)``, and the gradient comes as ``(gradient, aux)``.

    Raises ``NonScalarError`` where ``func`` returns something else, ``ArgumentError`` for integers.

    >>> import tinygrad_bp as tg
    >>> cube = lambda x: x ** 3
    >>> tg.func.grad(cube)(tg.tensor(2.0)), tg.func.grad(tg.func.grad(cube))(tg.tensor(2.0))
    (tensor(12.), tensor(12.))
    >>> tg.func.grad(lambda p: p["w"] * p["b"])({"w": 2.0, "b": 5.0})
    {'w': tensor(5.), 'b': tensor(2.)}
    """
    transformed = value_and_grad(func, argnums, has_aux)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        value, gradients = transformed(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return wrapper


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """``(result, pull)``: ``pull(cotangent)`` is the tuple of products of the cotangent with the Jacobians.

    The cotangent has the structure and the shapes of the result. With ``has_aux`` the triple ``(result, pull, aux)``.

    >>> import tinygrad_bp as tg
    >>> y, pull = tg.func.vjp(lambda x: x * x, tg.tensor([1.0, 2.0]))
    >>> pull(tg.tensor([1.0, 10.0]))
    (tensor([ 2., 40.]),)
    """
    call = Call("vjp", func, primals, {}, tuple(range(len(primals))))
    result, aux = split(call.result, has_aux, "vjp")
    outputs, back = outputs_of(result, "vjp")
    led = led_by_others(outputs, call.inputs)

    def pull(cotangents: Any) -> Any:
        given = [_tensor(g, "vjp") for g in flatten(cotangents)[0]]
        _check_shapes("vjp: the cotangent", given, outputs)
        recorded = led or (mode().grad and any(g._node is not None for g in given))
        return call.shaped(call.pull(outputs, given, recorded))

    shown = back(outputs if led else [y.detach() for y in outputs])
    return (shown, pull, aux) if has_aux else (shown, pull)


def jvp(func: Function, primals: Sequence[Any], tangents: Sequence[Any], *, has_aux: bool = False) -> Any:
    """``(result, tangent)``: the result at ``primals`` and its derivative where they move along ``tangents``.

    Both are tuples with one entry an argument; a tangent has the structure and shapes of its primal. With ``has_aux``
    the triple ``(result, tangent, aux)``. Forward mode: one walk along the graph, oldest node first; what ``func``
    itself computes under ``no_grad`` is a constant, as in reverse mode (in PyTorch it moves).

    >>> import tinygrad_bp as tg
    >>> tg.func.jvp(lambda x: x * x, (tg.tensor([1.0, 2.0]),), (tg.tensor([1.0, 10.0]),))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple) or len(primals) != len(tangents):
        raise ArgumentError("jvp: primals and tangents are tuples of one length, one entry per argument")
    call = Call("jvp", func, primals, {}, tuple(range(len(primals))))
    given = [_tensor(t, "jvp") for t in flatten(list(tangents))[0]]
    _check_shapes("jvp: the tangent", given, call.inputs)
    result, aux = split(call.result, has_aux, "jvp")
    outputs, back = outputs_of(result, "jvp")
    recorded = led_by_others(outputs, call.inputs) or (mode().grad and any(t._node is not None for t in given))
    moved = call.push(outputs, given, recorded)
    shown = back(outputs if recorded else [y.detach() for y in outputs])
    return (shown, back(moved), aux) if has_aux else (shown, back(moved))


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """``(result, moved)``: the result at ``primals``, and the function from tangents to its derivative along them.

    As ``jvp``, for many tangents: ``func`` runs once, and each call of ``moved`` walks along its graph.

    >>> import tinygrad_bp as tg
    >>> y, moved = tg.func.linearize(lambda x: x * x, tg.tensor([1.0, 2.0]))
    >>> y, moved(tg.tensor([1.0, 10.0])), moved(tg.tensor([0.0, 1.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]), tensor([0., 4.]))
    """
    call = Call("linearize", func, primals, {}, tuple(range(len(primals))))
    outputs, back = outputs_of(call.result, "linearize")
    recorded = led_by_others(outputs, call.inputs)

    def moved(*tangents: Any) -> Any:
        given = [_tensor(t, "linearize") for t in flatten(list(tangents))[0]]
        _check_shapes("linearize: the tangent", given, call.inputs)
        return back(call.push(outputs, given, recorded or (mode().grad and any(t._node is not None for t in given))))

    return back(outputs if recorded else [y.detach() for y in outputs]), moved


def _zeros(like: Tensor) -> Tensor:
    return near(made(np.zeros(like.shape, like.dtype)), like)


def _check_shapes(what: str, given: list[Tensor], wanted: list[Tensor]) -> None:
    one, two = [t.shape for t in given], [t.shape for t in wanted]
    if one != two:
        sides = [" ".join(map(shape_text, shapes)) for shapes in (one, two)]
        raise ShapeError(f"{what} has shapes {sides[0]}, but {sides[1]} are needed; give one for each, of its shape")


def hvp(func: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of a function of one number times ``tangents``, without the Hessian: forward over reverse mode.

    Structures as in ``jvp``; a function of one argument gives one result, of several a tuple.
    Source: Pearlmutter 1994.

    >>> import tinygrad_bp as tg
    >>> tg.func.hvp(lambda x: (x ** 3).sum(), (tg.tensor([1.0, 2.0]),), (tg.tensor([1.0, 1.0]),))
    tensor([ 6., 12.])
    """
    argnums: Argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    return jvp(grad(func, argnums), tuple(primals), tuple(tangents))[1]
