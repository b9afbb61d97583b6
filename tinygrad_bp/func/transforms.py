"""Transforms of functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd import gradient
from ..autograd.errors import ArgumentError, NonScalarError, ShapeError, shape_text
from ..autograd.forward import push_forward
from ..autograd.history import history
from ..autograd.modes import enable_grad, mode
from ..autograd.tensor import Tensor, wrap
from ..autograd.values import held
from ..functions.creation import as_tensor
from ..ops.elementwise import clone
from ..ops.joining import stack
from ..ops.shape import reshape

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


# ---------------------------------------------------------------------- nested arguments


def flatten(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The leaves of nested dicts, lists and tuples in order, and the way back.

    >>> leaves, back = flatten({"w": 1, "rest": [2, (3,)]})
    >>> leaves, back([10, 20, 30])
    ([1, 2, 3], {'w': 10, 'rest': [20, (30,)]})
    """
    if isinstance(tree, dict):
        keys, parts = list(tree), [flatten(value) for value in tree.values()]
        return _joined(parts, lambda values: type(tree)(zip(keys, values, strict=True)))
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return _joined([flatten(value) for value in tree], lambda values: type(tree)(*values))
    if isinstance(tree, (list, tuple)):
        return _joined([flatten(value) for value in tree], lambda values: type(tree)(values))
    return [tree], lambda values: values[0]


def _joined(parts: Any, build: Callable[[list[Any]], Any]) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    sizes = [len(leaves) for leaves, _ in parts]

    def back(values: Sequence[Any]) -> Any:
        built, start = [], 0
        for (_, rebuild), size in zip(parts, sizes, strict=True):
            built.append(rebuild(values[start : start + size]))
            start += size
        return build(built)

    return [leaf for leaves, _ in parts for leaf in leaves], back


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
    """Copies to differentiate in: a copy of a recorded tensor keeps its history, any other is a new leaf."""
    copies = []
    for tensor in tensors:
        if tensor._node is None:
            tensor = wrap(held(tensor), None)
            tensor.requires_grad = True
        else:
            tensor = clone(tensor)
        copies.append(tensor)
    return copies


def _tensors(tree: Any, what: str) -> tuple[list[Tensor], Callable[[Sequence[Any]], Any]]:
    leaves, back = flatten(tree)
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise ArgumentError(f"{what}: the function must return tensors, got {type(leaf).__name__}")
    return leaves, back


def _split(result: Any, has_aux: bool, what: str) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise ArgumentError(f"{what}: with has_aux=True the function returns a pair (result, aux)")
    return result[0], _detached(result[1])


def _detached(tree: Any) -> Any:
    leaves, back = flatten(tree)
    return back([leaf.detach() if isinstance(leaf, Tensor) else leaf for leaf in leaves])


def _others(outputs: list[Tensor], inputs: list[Tensor]) -> bool:
    """Whether leaves besides the inputs led to the outputs: an outer derivative may then want the graph of this one."""
    if not mode().grad:
        return False
    own = {x._node for x in inputs if x._node is not None and x._node.op is None}
    nodes = [y._node for y in outputs if y._node is not None]
    leaves = {p for node in history(nodes) for p in node.parents if p is not None and p.op is None}
    return bool((leaves | {node for node in nodes if node.op is None}) - own)


class _Call:
    """One call of a function on fresh copies of the arguments to differentiate in."""

    def __init__(
        self, what: str, func: Function, args: Sequence[Any], kwargs: dict[str, Any], argnums: Argnums
    ) -> None:
        self.single = not isinstance(argnums, tuple)
        places = [_place(what, n, len(args)) for n in (argnums if isinstance(argnums, tuple) else (argnums,))]
        chosen, self._rebuild = flatten([args[place] for place in places])
        self.inputs = _fresh([_tensor(value, what) for value in chosen])
        given = list(args)
        for place, value in zip(places, self._rebuild(self.inputs), strict=True):
            given[place] = value
        with enable_grad():
            self.result = func(*given, **kwargs)

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
        call = _Call("grad", func, args, kwargs, argnums)
        value, aux = _split(call.result, has_aux, "grad")
        if not isinstance(value, Tensor) or value.numel() != 1 or value.is_complex():
            what = f"{value.dtype} {shape_text(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
            raise NonScalarError(
                f"grad: the function must return one real number, got {what}; reduce it (sum, mean), or use jacrev"
            )
        recorded = _others([value], call.inputs)
        gradients = call.shaped(gradient.pull([value], call.inputs, [wrap(np.ones_like(value._value), None)], recorded))
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
    call = _Call("vjp", func, primals, {}, tuple(range(len(primals))))
    result, aux = _split(call.result, has_aux, "vjp")
    outputs, back = _tensors(result, "vjp")
    others = _others(outputs, call.inputs)

    def pull(cotangents: Any) -> Any:
        given = [_tensor(g, "vjp") for g in flatten(cotangents)[0]]
        _check_shapes("vjp: the cotangent", given, outputs)
        recorded = others or (mode().grad and any(g._node is not None for g in given))
        return call.shaped(gradient.pull(outputs, call.inputs, given, recorded))

    shown = back(outputs if others else [y.detach() for y in outputs])
    return (shown, pull, aux) if has_aux else (shown, pull)


def jvp(func: Function, primals: Sequence[Any], tangents: Sequence[Any], *, has_aux: bool = False) -> Any:
    """``(result, tangent)``: the result at ``primals`` and its derivative where they move along ``tangents``.

    Both are tuples with one entry an argument; a tangent has the structure and shapes of its primal. With ``has_aux``
    the triple ``(result, tangent, aux)``. Forward mode: one walk along the graph, oldest node first.

    >>> import tinygrad_bp as tg
    >>> tg.func.jvp(lambda x: x * x, (tg.tensor([1.0, 2.0]),), (tg.tensor([1.0, 10.0]),))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple) or len(primals) != len(tangents):
        raise ArgumentError("jvp: primals and tangents are tuples of one length, one entry per argument")
    call = _Call("jvp", func, primals, {}, tuple(range(len(primals))))
    given = [_tensor(t, "jvp") for t in flatten(list(tangents))[0]]
    _check_shapes("jvp: the tangent", given, call.inputs)
    result, aux = _split(call.result, has_aux, "jvp")
    outputs, back = _tensors(result, "jvp")
    recorded = _others(outputs, call.inputs) or (mode().grad and any(t._node is not None for t in given))
    moved = _push(outputs, call.inputs, given, recorded)
    shown = back(outputs if recorded else [y.detach() for y in outputs])
    return (shown, back(moved), aux) if has_aux else (shown, back(moved))


def _push(outputs: list[Tensor], inputs: list[Tensor], tangents: Sequence[Tensor], recorded: bool) -> list[Tensor]:
    """The tangent of each output; zeros where no input moves it."""
    moving = {x._node: t.to(x.dtype) for x, t in zip(inputs, tangents, strict=True) if x._node is not None}
    moved = []
    for y, t in zip(outputs, push_forward(outputs, moving), strict=True):
        t = wrap(np.zeros_like(y._value), None) if t is None else t.to(y.dtype)
        moved.append(t if recorded else t.detach())
    return moved


def _check_shapes(what: str, given: list[Tensor], wanted: list[Tensor]) -> None:
    one, two = [t.shape for t in given], [t.shape for t in wanted]
    if one != two:
        sides = [" ".join(map(shape_text, shapes)) for shapes in (one, two)]
        raise ShapeError(f"{what} has shapes {sides[0]}, but {sides[1]} are needed; give one for each, of its shape")


# ---------------------------------------------------------------------- matrices of derivatives


def _units(tensor: Tensor) -> list[Tensor]:
    """One tensor per element: 1 there and 0 elsewhere."""
    rows = np.eye(tensor.numel(), dtype=tensor.dtype)
    return [wrap(row.reshape(tensor.shape), None) for row in rows]


def _none_elsewhere(tensors: list[Tensor], place: int, value: Tensor) -> list[Tensor]:
    return [value if i == place else wrap(np.zeros_like(t._value), None) for i, t in enumerate(tensors)]


def jacrev(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The Jacobian of ``func``, row by row in reverse mode: best where the result is small.

    For each tensor of the result one of shape ``result.shape + argument.shape``, in the structure of the argument.

    >>> import tinygrad_bp as tg
    >>> tg.func.jacrev(lambda x: x * x)(tg.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = _Call("jacrev", func, args, kwargs, argnums)
        result, aux = _split(call.result, has_aux, "jacrev")
        outputs, back = _tensors(result, "jacrev")
        recorded = _others(outputs, call.inputs)
        jacobians = []
        for y in outputs:
            rows = [gradient.pull([y], call.inputs, [unit], recorded) for unit in _units(y)]
            columns = zip(*rows, strict=True) if rows else [()] * len(call.inputs)
            jacobians.append(
                call.shaped([_stacked(c, y.shape + x.shape, x) for c, x in zip(columns, call.inputs, strict=True)])
            )
        return (back(jacobians), aux) if has_aux else back(jacobians)

    return wrapper


def jacfwd(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The Jacobian of ``func``, column by column in forward mode: best where the argument is small. See ``jacrev``.

    >>> import tinygrad_bp as tg
    >>> tg.func.jacfwd(lambda x: x.sum() * x)(tg.tensor([1.0, 2.0]))
    tensor([[4., 1.],
            [2., 5.]])
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = _Call("jacfwd", func, args, kwargs, argnums)
        result, aux = _split(call.result, has_aux, "jacfwd")
        outputs, back = _tensors(result, "jacfwd")
        recorded = _others(outputs, call.inputs)
        parts: list[list[Tensor]] = []  # for each input its columns, one tensor an output
        for i, x in enumerate(call.inputs):
            columns = [
                _push(outputs, call.inputs, _none_elsewhere(call.inputs, i, unit), recorded) for unit in _units(x)
            ]
            by_output = zip(*columns, strict=True) if columns else [()] * len(outputs)
            parts.append(
                [_stacked(c, y.shape + x.shape, y, last=True) for c, y in zip(by_output, outputs, strict=True)]
            )
        jacobians = [call.shaped([part[k] for part in parts]) for k in range(len(outputs))]
        return (back(jacobians), aux) if has_aux else back(jacobians)

    return wrapper


def _stacked(parts: Sequence[Tensor], shape: tuple[int, ...], like: Tensor, last: bool = False) -> Tensor:
    """Rows (or columns, along a last dimension) as one tensor of a shape."""
    if not parts:
        return wrap(np.zeros(shape, like.dtype), None)
    return reshape(stack(list(parts), -1 if last else 0), shape)  # type: ignore[no-any-return]


def hessian(func: Function, argnums: Argnums = 0) -> Function:
    """The matrix of second derivatives of a function that returns one number: forward over reverse mode.

    >>> import tinygrad_bp as tg
    >>> tg.func.hessian(lambda x: x[0] ** 2 * x[1])(tg.tensor([1.0, 3.0]))
    tensor([[6., 2.],
            [2., 0.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


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


# ---------------------------------------------------------------------- batches


def vmap(func: Function, in_dims: Any = 0, out_dims: Any = 0) -> Function:
    """``func`` for every slice of its arguments along ``in_dims``, results stacked along ``out_dims``.

    ``in_dims`` is one integer or None (the argument is not sliced), or a tuple of those, one an argument. It runs the
    function once a slice: right for every function of tensors, also under the other transforms, and as slow as the
    loop that it is.

    >>> import tinygrad_bp as tg
    >>> tg.func.vmap(tg.dot, in_dims=(0, None))(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 10.0]))
    tensor([21., 43.])
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        dims = in_dims if isinstance(in_dims, tuple) else (in_dims,) * len(args)
        if len(dims) != len(args):
            raise ArgumentError(
                f"vmap: in_dims names {len(dims)} arguments, but the function was called with {len(args)}"
            )
        flat = [_along(arg, dim) for arg, dim in zip(args, dims, strict=True)]
        sizes = {x.shape[d] for leaves, places, _ in flat for x, d in zip(leaves, places, strict=True) if d is not None}
        if len(sizes) != 1:
            raise ShapeError(
                f"vmap: the arguments have sizes {sorted(sizes)} along in_dims={in_dims}; all must be equal, and at "
                "least one argument must be sliced"
            )
        results = []
        for i in range(sizes.pop()):
            given = [
                back([_slice(x, d, i) for x, d in zip(leaves, places, strict=True)]) for leaves, places, back in flat
            ]
            results.append(func(*given, **kwargs))
        if not results:
            raise ShapeError("vmap: the arguments have no slices along in_dims; the results' shapes cannot be known")
        leaves = [_tensors(result, "vmap")[0] for result in results]
        back = _tensors(results[0], "vmap")[1]
        places = [out_dims] * len(leaves[0]) if isinstance(out_dims, int) else list(flatten(out_dims)[0])
        return back([stack(list(parts), d) for parts, d in zip(zip(*leaves, strict=True), places, strict=True)])

    return wrapper


def _along(arg: Any, dim: Any) -> tuple[list[Any], list[int | None], Callable[[Sequence[Any]], Any]]:
    """The leaves of an argument, the dimension along which each is sliced, and the way back."""
    leaves, back = flatten(arg)
    places = list(flatten(dim)[0]) if isinstance(dim, (dict, list, tuple)) else [dim] * len(leaves)
    leaves = [as_tensor(x) if d is not None else x for x, d in zip(leaves, places, strict=True)]
    for x, d in zip(leaves, places, strict=True):
        if d is not None and not -x.ndim <= d < x.ndim:
            raise ArgumentError(f"vmap: in_dims says {d}, but an argument has shape {shape_text(x.shape)}")
    return leaves, places, back


def _slice(x: Any, dim: int | None, i: int) -> Any:
    return x if dim is None else x[(slice(None),) * (dim % x.ndim) + (i,)]
