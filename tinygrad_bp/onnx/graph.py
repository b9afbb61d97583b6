"""An ONNX graph while it is written: nodes in order, initializers, and tensors that can be computed with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .dims import Burnt, Dim, fixed


class Ref:
    """A tensor of the graph: its name and dtype, its shape where one is known. Operators write nodes."""

    __slots__ = ("dtype", "graph", "name", "shape")

    graph: Graph
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...] | None

    def __init__(self, graph: Graph, name: str, dtype: Any, shape: tuple[int, ...] | None = None) -> None:
        self.graph, self.name, self.dtype, self.shape = graph, name, np.dtype(dtype), shape

    def _with(self, kind: str, other: Any, turned: bool = False, dtype: Any = None) -> Ref:
        other = other if isinstance(other, Ref) else self.graph.constant(other, self.dtype)
        a, b = (other, self) if turned else (self, other)
        return self.graph.node(kind, a, b, dtype=dtype or self.dtype)

    def __add__(self, other: Any) -> Ref:
        return self._with("Add", other)

    def __radd__(self, other: Any) -> Ref:
        return self._with("Add", other)

    def __sub__(self, other: Any) -> Ref:
        return self._with("Sub", other)

    def __rsub__(self, other: Any) -> Ref:
        return self._with("Sub", other, turned=True)

    def __mul__(self, other: Any) -> Ref:
        return self._with("Mul", other)

    def __rmul__(self, other: Any) -> Ref:
        return self._with("Mul", other)

    def __truediv__(self, other: Any) -> Ref:
        return self._with("Div", other)

    def __rtruediv__(self, other: Any) -> Ref:
        return self._with("Div", other, turned=True)

    def __pow__(self, other: Any) -> Ref:
        return self._with("Pow", other)

    def __neg__(self) -> Ref:
        return self.graph.node("Neg", self)

    def __lt__(self, other: Any) -> Ref:
        return self._with("Less", other, dtype=bool)

    def __le__(self, other: Any) -> Ref:
        return self._with("LessOrEqual", other, dtype=bool)

    def __gt__(self, other: Any) -> Ref:
        return self._with("Greater", other, dtype=bool)

    def __ge__(self, other: Any) -> Ref:
        return self._with("GreaterOrEqual", other, dtype=bool)

    def eq(self, other: Any) -> Ref:
        """Where both are equal."""
        return self._with("Equal", other, dtype=bool)

    def __and__(self, other: Ref) -> Ref:
        return self._with("And", other)

    def __or__(self, other: Ref) -> Ref:
        return self._with("Or", other)

    def __invert__(self) -> Ref:
        return self.graph.node("Not", self)

    def unary(self, kind: str, **attributes: Any) -> Ref:
        """One node of this kind on it, of its dtype."""
        return self.graph.node(kind, self, **attributes)

    def cast(self, dtype: Any) -> Ref:
        """The same numbers in another dtype."""
        if self.dtype == np.dtype(dtype):
            return self
        return self.graph.node("Cast", self, dtype=dtype, to=np.dtype(dtype))

    def choose(self, a: Any, b: Any) -> Ref:
        """``a`` where it holds, else ``b``; one of both is a tensor of the graph."""
        like = a if isinstance(a, Ref) else b
        wide = np.dtype(np.int32) if like.dtype.kind in "bui" and like.dtype.itemsize < 4 else like.dtype
        wide = np.dtype(np.int64) if like.dtype in (np.uint32, np.uint64) else wide  # of the same bits
        a, b = (item.cast(wide) if isinstance(item, Ref) else self.graph.constant(item, wide) for item in (a, b))
        return self.graph.node("Where", self, a, b, dtype=wide).cast(like.dtype)  # runtimes choose between wide numbers

    def isnan(self) -> Ref:
        """Where it is NaN."""
        return self.graph.node("IsNaN", self, dtype=bool)


class Graph:
    """Nodes, and the arrays that they read; ``None`` in ``inputs`` of a node is an input left out."""

    def __init__(self) -> None:
        self.nodes: list[tuple[str, list[str], list[str], dict[str, Any]]] = []
        self.initializers: dict[str, Any] = {}
        self.sizes: dict[str, Ref] = {}  # of each free size a 1-D int64 tensor of one element
        self.taken: set[str] = set()
        # Of the program that is written: which step gave each value, and which read it (None: it is a result).
        self.producers: dict[Any, Any] = {}
        self.readers: dict[Any, list[Any]] = {}
        self.stored: dict[Any, Any] = {}  # the arrays of values that are the same in every run
        # What a later step may take in the place of a value: the largest elements beside their places, an LSTM's parts.
        self.pooled: dict[Any, tuple[Any, Ref]] = {}
        self.averaged: dict[Any, tuple[int, Ref]] = {}  # of a sum of windows, how many elements, and their mean
        self.cells: dict[Any, Any] = {}
        self._constants: dict[Any, Ref] = {}
        self._counts: dict[str, int] = {}
        self._reshaped: dict[str, Ref] = {}  # by the name of a reshaped tensor, what it was before

    def free_name(self, wanted: str) -> str:
        """``wanted``, with a number where it is taken."""
        name, number = wanted, 1
        while not name or name in self.taken:
            name, number = f"{wanted}_{number}", number + 1
        self.taken.add(name)
        return name

    def _next(self, stem: str, taken: bool = True) -> str:
        number = self._counts.get(stem, 0)
        self._counts[stem] = number + 1
        return self.free_name(f"{stem}_{number}") if taken else f"{stem}_{number}"

    def initializer(self, name: str, array: Any) -> Ref:
        """An array under a name of its own."""
        array = np.array(array, order="C")  # a copy: what the user's memory holds later is not written
        name = self.free_name(name)
        self.initializers[name] = array
        return Ref(self, name, array.dtype, array.shape)

    def constant(self, value: Any, dtype: Any = np.int64) -> Ref:
        """A number or an array that a node reads; equal ones are one."""
        array = np.array(fixed(value), dtype, order="C")
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._constants:
            self._constants[key] = self.initializer(self._next("constant", False), array)
        return self._constants[key]

    def node(self, kind: str, *inputs: Ref | None, dtype: Any = None, **attributes: Any) -> Ref:
        """A node with one output; its dtype is that of the first input where none is given."""
        return self.several(kind, 1, *inputs, dtypes=[dtype], **attributes)[0]

    def several(
        self, kind: str, count: int, *inputs: Ref | None, dtypes: Sequence[Any] = (), **attributes: Any
    ) -> list[Ref]:
        """A node with several outputs."""
        for attribute in attributes.values():
            fixed(attribute)
        first = next((item.dtype for item in inputs if item is not None), None)
        given = [*dtypes, *[None] * (count - len(dtypes))]
        names = [self._next(kind) for _ in range(count)]
        self.nodes.append((kind, ["" if item is None else item.name for item in inputs], names, attributes))
        return [Ref(self, name, dtype if dtype is not None else first) for name, dtype in zip(names, given)]

    # ------------------------------------------------------------------ shapes

    def lengths(self, dims: Sequence[int]) -> Ref:
        """Sizes as a 1-D int64 tensor; -1 may stand among them."""
        if not any(isinstance(n, Dim) for n in dims):
            return self.constant([int(n) for n in dims])
        parts: list[Ref] = []
        run: list[int] = []
        for n in (*dims, None):
            if n is not None and not isinstance(n, Dim):
                run.append(n)
                continue
            if run:
                parts.append(self.constant(run))
                run = []
            if n is not None:
                parts.append(self.length(n))
        return parts[0] if len(parts) == 1 else self.node("Concat", *parts, axis=0)

    def length(self, n: int) -> Ref:
        """One size as a 1-D tensor of one element."""
        if not isinstance(n, Dim):
            return self.constant([n])
        if n.terms is None:
            raise Burnt(repr(n))
        total: Ref | None = None
        for name, factor in n.terms.items():
            part = self.sizes[name] if factor == 1 else self.sizes[name] * factor
            total = part if total is None else total + part
        assert total is not None
        return total + n.constant if n.constant else total

    def counting(self, n: int) -> Ref:
        """0, 1, 2, … as far as a size says."""
        if not isinstance(n, Dim):
            return self.constant(np.arange(n))
        return self.node("Range", self.constant(0), self.reshape(self.length(n), ()), self.constant(1))

    def count(self, dims: Sequence[int], dtype: Any) -> Any:
        """The product of sizes: a number, or where one is free a 0-d tensor in ``dtype``."""
        number = int(np.prod([n for n in dims if not isinstance(n, Dim)], dtype=np.int64))
        free = [self.reshape(self.length(n), ()).cast(dtype) for n in dims if isinstance(n, Dim)]
        if not free:
            return number
        total = free[0]
        for part in free[1:]:
            total = total * part
        return total * number if number != 1 else total

    def reshape(self, x: Ref, dims: Sequence[int]) -> Ref:
        """The same elements in another shape. Where one size is free, it is what is left."""
        x = self._reshaped.get(x.name, x)  # once is enough
        if x.shape is not None and tuple(x.shape) == tuple(dims):
            return x
        y = self._reshape(x, dims)
        self._reshaped[y.name] = x
        return y

    def _reshape(self, x: Ref, dims: Sequence[int]) -> Ref:
        free = [i for i, n in enumerate(dims) if isinstance(n, Dim)]
        unknown = [i for i in free if dims[i].terms is None]  # type: ignore[attr-defined]
        left = unknown[0] if len(unknown) == 1 else free[0] if len(free) == 1 else None
        if left is not None and 0 not in [n for n in dims if not isinstance(n, Dim)] and -1 not in dims:
            dims = [-1 if i == left else n for i, n in enumerate(dims)]
        empty = any(not isinstance(n, Dim) and n == 0 for n in dims)
        return self.node("Reshape", x, self.lengths(dims), **({"allowzero": 1} if empty else {}))

    def expand(self, x: Ref, dims: Sequence[int]) -> Ref:
        """Repeated to a larger shape."""
        have = x.shape
        if have is not None:  # a size that x has already needs no number
            lead = len(dims) - len(have)
            dims = [n if i < lead or n != have[i - lead] else 1 for i, n in enumerate(dims)]
            if all(not isinstance(n, Dim) and n == 1 for n in dims) and lead == 0:
                return x
        return self.node("Expand", x, self.lengths(dims))

    # ------------------------------------------------------------------ pieces that many ops are made of

    def stacked(self, parts: Sequence[Ref], axis: int) -> Ref:
        """Joined along a new dimension."""
        return self.node("Concat", *[self.unsqueeze(part, axis) for part in parts], axis=axis)

    def unsqueeze(self, x: Ref, *axes: int) -> Ref:
        """With dimensions of size 1 at these axes of the result."""
        return self.node("Unsqueeze", x, self.constant(axes)) if axes else x

    def squeeze(self, x: Ref, *axes: int) -> Ref:
        """Without these dimensions of size 1."""
        return self.node("Squeeze", x, self.constant(axes)) if axes else x

    def permute(self, x: Ref, axes: Sequence[int]) -> Ref:
        """The dimensions in another order."""
        return x if list(axes) == list(range(len(axes))) else self.node("Transpose", x, perm=[int(a) for a in axes])

    def sum(self, x: Ref, axes: Sequence[int] | None, keepdims: bool = False, kind: str = "ReduceSum") -> Ref:
        """The sum over axes, None: over all."""
        if axes is not None and not len(axes):
            return x
        if kind == "ReduceSum":
            return self.node(kind, x, None if axes is None else self.constant(axes), keepdims=int(keepdims))
        given = {} if axes is None else {"axes": [int(a) for a in axes]}
        return self.node(kind, x, keepdims=int(keepdims), **given)

    def mean(self, x: Ref, axes: Sequence[int] | None, keepdims: bool = False) -> Ref:
        """The mean over axes."""
        return self.sum(x, axes, keepdims, "ReduceMean")

    def slice(self, x: Ref, axis: int, start: int | None, stop: int | None, step: int = 1) -> Ref:
        """``x[start:stop:step]`` along one axis."""
        first, last = (0, 2**62) if step > 0 else (2**62, -(2**62))
        ends = [self.length(first if start is None else start), self.length(last if stop is None else stop)]
        return self.node("Slice", x, *ends, self.constant([axis]), self.constant([step]))

    def take(self, x: Ref, index: Any, axis: int) -> Ref:
        """The slices of one axis that an index names; its dimensions stand where the axis was, of a number none."""
        return self.node("Gather", x, index if isinstance(index, Ref) else self.constant(index), axis=axis)

    def pad(self, x: Ref, before: Sequence[int], after: Sequence[int], value: Any = 0) -> Ref:
        """A border of one number; a negative width cuts off."""
        for axis, (low, high) in enumerate(zip(before, after)):
            if fixed(low) < 0 or fixed(high) < 0:
                x = self.slice(x, axis, max(-low, 0) or None, min(high, 0) or None)
        widths = [max(w, 0) for w in (*before, *after)]
        if not any(widths):
            return x
        narrow = x.dtype
        if narrow == np.bool_ or (narrow.kind in "ui" and narrow.itemsize < 4):
            x = x.cast(np.int32)
        return self.node("Pad", x, self.constant(widths), self.constant(value, x.dtype)).cast(narrow)

    def maximum(self, a: Ref, b: Any, kind: str = "Max") -> Ref:
        """The larger (kind "Min": smaller) of both."""
        return a._with(kind, b)
