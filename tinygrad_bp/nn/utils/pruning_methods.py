"""Ways to choose which part of a weight is pruned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, ClassVar

from ...autograd.errors import ArgumentError, IndexRangeError, ShapeError, shape_text
from ...autograd.tensor import Tensor
from ...functions.creation import ones_like, zeros_like
from ...functions.older_linalg import norm
from ...ops.elementwise import abs as absolute
from ...ops.elementwise import clone
from ...ops.operators import to
from ...ops.shape import expand, reshape
from ...ops.sorting import kthvalue, topk
from ...random.sampling import rand, rand_like
from ..hooks import hooks_of
from ..module import Module
from ..parameter import Parameter

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured", "PruningContainer",
    "RandomStructured", "RandomUnstructured",
]  # fmt: skip


class BasePruningMethod(ABC):
    """A way to choose what is pruned: a subclass writes ``compute_mask`` and says its ``PRUNING_TYPE``.

    That is "unstructured" (single elements), "structured" (slices along the attribute ``dim``) or "global" (the mask
    is for the whole tensor). It tells a ``PruningContainer`` which part is left to prune.

    >>> import tinygrad_bp as tg
    >>> class EveryOther(tg.nn.utils.prune.BasePruningMethod):
    ...     PRUNING_TYPE = "unstructured"
    ...     def compute_mask(self, t, default_mask):
    ...         mask = default_mask.clone()
    ...         mask.view(-1)[::2] = 0
    ...         return mask
    >>> layer = tg.nn.Linear(2, 4)
    >>> method = EveryOther.apply(layer, "bias")
    >>> layer.bias_mask
    tensor([0., 1., 0., 1.])
    """

    PRUNING_TYPE: ClassVar[str]
    _tensor_name: str

    def __call__(self, module: Module, inputs: object) -> None:
        """Compute the pruned tensor: the hook before each call of the module."""
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for a tensor of importances ``t``, 0 where ``default_mask`` is 0 as well."""

    def apply_mask(self, module: Module) -> Tensor:
        """The pruned tensor of a module to which the method was applied."""
        original: Tensor = getattr(module, f"{self._tensor_name}_orig")
        mask: Tensor = getattr(module, f"{self._tensor_name}_mask")
        return to(mask, original.dtype) * original  # type: ignore[no-any-return]

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Tensor | None = None, **kwargs: Any
    ) -> BasePruningMethod:
        """Prune the parameter ``name`` of a module, made with the other arguments, on top of what is pruned already.

        The smallest ``importance_scores`` go first; by default they are the tensor itself. Returns the method, or a
        ``PruningContainer`` of the earlier ones and it. Raises ``ArgumentError`` where ``name`` is no parameter, and
        ``ShapeError`` for scores or a mask of another shape; nothing has changed then.
        """
        method: BasePruningMethod = cls(*args, **kwargs)
        method._tensor_name = name
        value: Tensor = getattr(module, name)
        scores = _scores(importance_scores, value, f"{type(module).__name__}.{name}")
        earlier = number_of_hook(module, name)
        if earlier is not None:
            hook = hooks_of(module).before[earlier][0]
            method = PruningContainer(*(hook if isinstance(hook, PruningContainer) else [hook]), method)
            before = clone(getattr(module, f"{name}_mask"))
        elif isinstance(value, Parameter):
            before = ones_like(value)
        else:
            raise ArgumentError(
                f"prune: {type(module).__name__}.{name} is no parameter, it is a {type(value).__name__}"
            )
        mask = method.compute_mask(scores, default_mask=before)
        expand(mask, value.shape)  # raises where it does not fit
        if earlier is not None:
            del hooks_of(module).before[earlier]
        elif isinstance(value, Parameter):
            delattr(module, name)
            module.register_parameter(f"{name}_orig", value)
        module.register_buffer(f"{name}_mask", mask)
        method(module, ())
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Tensor | None = None) -> Tensor:
        """A tensor times the mask that the method computes for it; no module has part in it.

        >>> import tinygrad_bp as tg
        >>> tg.nn.utils.prune.L1Unstructured(2).prune(tg.tensor([3.0, -1.0, 2.0, -4.0]))
        tensor([ 3., -0.,  0., -4.])
        """
        scores = _scores(importance_scores, t, "the tensor")
        before = ones_like(t) if default_mask is None else clone(default_mask)
        return t * self.compute_mask(scores, default_mask=before)

    def remove(self, module: Module) -> None:
        """Make the pruned tensor the parameter; the zeros stay in it, and are learned like the rest from here on."""
        pruned = self.apply_mask(module).detach()
        original: Parameter = getattr(module, f"{self._tensor_name}_orig")
        for part in ("", "_orig", "_mask"):
            delattr(module, f"{self._tensor_name}{part}")
        original.data = pruned
        module.register_parameter(self._tensor_name, original)


class PruningContainer(BasePruningMethod):
    """Methods applied to one tensor, one after the other: the last one prunes what the others left.

    Raises ``ArgumentError`` for what is no method, and for one of another tensor.

    >>> import tinygrad_bp as tg
    >>> prune, layer = tg.nn.utils.prune, tg.nn.Linear(2, 3)
    >>> first, both = prune.L1Unstructured.apply(layer, "weight", 1), prune.Identity.apply(layer, "weight")
    >>> [type(method).__name__ for method in both]
    ['L1Unstructured', 'Identity']
    """

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if args and isinstance(args[0], BasePruningMethod):
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Append a method, which must be for the same tensor."""
        if not isinstance(method, BasePruningMethod):
            raise ArgumentError(f"{type(method)} is not a BasePruningMethod subclass")
        if self._tensor_name != method._tensor_name:
            raise ArgumentError(
                f"PruningContainer: its methods prune {self._tensor_name!r}, the one given {method._tensor_name!r}"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: int) -> BasePruningMethod:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """``default_mask`` with the mask of the last method in the part that it may prune."""
        method = self._pruning_methods[-1]
        left = _left(method, t, default_mask)
        mask: Tensor = clone(to(default_mask, t.dtype))
        mask[left] = to(method.compute_mask(t[left], default_mask=default_mask[left]), t.dtype)
        return mask


class Identity(BasePruningMethod):
    """Prunes nothing, and makes the mask.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.prune.Identity().prune(tg.ones(2))
    tensor([1., 1.])
    """

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """``default_mask``."""
        return default_mask


class _Amount(BasePruningMethod):
    """A method that prunes ``amount`` elements or slices, or that share of them where it is a float."""

    amount: float

    def __init__(self, amount: float) -> None:
        if not isinstance(amount, Real):
            raise ArgumentError(f"Invalid type for amount: {amount}. Must be int or float.")
        if amount < 0 or not (isinstance(amount, Integral) or amount <= 1):
            raise ArgumentError(
                f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer"
            )
        self.amount = amount

    def _count(self, size: int) -> int:
        """How many of ``size`` are pruned."""
        count = int(self.amount) if isinstance(self.amount, Integral) else round(self.amount * size)
        if count > size:
            raise ArgumentError(f"amount={count} should be smaller than the number of parameters to prune={size}")
        return count


class RandomUnstructured(_Amount):
    """Prunes elements drawn at random.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.prune.RandomUnstructured(3).prune(tg.ones(5)).sum()
    tensor(2.)
    """

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """``default_mask`` with 0 at the elements drawn."""
        mask, count = clone(default_mask), self._count(t.numel())
        return _cleared(mask, topk(reshape(rand_like(t), -1), count).indices) if count else mask


class L1Unstructured(_Amount):
    """Prunes the elements of least absolute value.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.prune.L1Unstructured(0.5).prune(tg.tensor([3.0, 1.0, 2.0, -4.0]))
    tensor([ 3.,  0.,  0., -4.])
    """

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """``default_mask`` with 0 at the smallest elements of ``t``."""
        mask, count = clone(default_mask), self._count(t.numel())
        return _cleared(mask, topk(reshape(absolute(t.detach()), -1), count, largest=False).indices) if count else mask


class RandomStructured(_Amount):
    """Prunes slices along ``dim`` drawn at random.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.prune.RandomStructured(1, dim=0).prune(tg.ones(3, 2)).sum()
    tensor(4.)
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """``default_mask`` with 0 in the slices drawn."""
        size = t.shape[_dim_of_slices(t, self.dim)]
        count = self._count(size)
        if count == 0:
            return default_mask
        drawn = rand(size)
        return _only(default_mask, t, self.dim, drawn > kthvalue(drawn, count).values)


class LnStructured(_Amount):
    """Prunes the slices along ``dim`` of least norm of order ``n``: a number, inf, -inf, "fro" or "nuc".

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.prune.LnStructured(1, n=1, dim=0).prune(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[0., 0.],
            [3., 4.]])
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, n: float | str, dim: int = -1) -> None:
        super().__init__(amount)
        self.n, self.dim = n, dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """``default_mask`` with 0 in the slices of least norm."""
        place = _dim_of_slices(t, self.dim)
        count = self._count(t.shape[place])
        if count == 0:
            return default_mask
        norms = norm(t.detach(), self.n, tuple(axis for axis in range(t.ndim) if axis != place))
        return _only(default_mask, t, self.dim, topk(norms, t.shape[place] - count).indices)


class CustomFromMask(BasePruningMethod):
    """Prunes what a mask says.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.prune.CustomFromMask(tg.tensor([0, 1])).prune(tg.ones(2))
    tensor([0., 1.])
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """``default_mask`` times the mask given."""
        if self.mask.shape != default_mask.shape:
            raise ShapeError(
                f"prune: the tensor is {shape_text(default_mask.shape)}, the mask {shape_text(self.mask.shape)}"
            )
        return default_mask * to(self.mask, default_mask.dtype)  # type: ignore[no-any-return]


def _left(method: BasePruningMethod, t: Tensor, mask: Tensor) -> Any:
    """The index of the part of ``t`` that earlier methods left to one."""
    kind = method.PRUNING_TYPE
    if kind == "unstructured":
        return mask == 1
    if kind == "global":
        return (slice(None),) * t.ndim
    if kind != "structured":
        raise ArgumentError(f"Unrecognized PRUNING_TYPE {kind}")
    if not hasattr(method, "dim"):
        raise AttributeError('Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.')
    place = _dim_of_slices(t, method.dim)
    return _slices(t, place, mask.sum(dim=tuple(axis for axis in range(t.ndim) if axis != place)) != 0)


def _slices(t: Tensor, dim: int, which: Tensor) -> tuple[Any, ...]:
    """The index of slices along one dimension."""
    index: list[Any] = [slice(None)] * t.ndim
    index[dim] = which
    return tuple(index)


def _only(mask: Tensor, t: Tensor, dim: int, kept: Tensor) -> Tensor:
    """A mask without the slices that are not kept."""
    slices: Tensor = zeros_like(t)
    slices[_slices(t, dim, kept)] = 1
    return slices * to(mask, slices.dtype)  # type: ignore[no-any-return]


def _cleared(mask: Tensor, elements: Tensor) -> Tensor:
    """A mask of which some elements, counted as they lie, are made 0."""
    reshape(mask, -1)[elements] = 0
    return mask


def _dim_of_slices(t: Tensor, dim: int) -> int:
    """The dimension along which a tensor has slices, counted from the front."""
    if t.ndim <= 1:
        raise ArgumentError(
            f"Structured pruning can only be applied to multidimensional tensors. Found tensor of shape "
            f"{shape_text(t.shape)} with {t.ndim} dims"
        )
    if not -t.ndim <= dim < t.ndim:
        raise IndexRangeError(f"Invalid index {dim} for tensor of size {shape_text(t.shape)}")
    return dim % t.ndim


def _scores(scores: Tensor | None, value: Tensor, what: str) -> Tensor:
    """What says how important each element is."""
    if scores is not None and scores.shape != value.shape:
        raise ShapeError(
            f"prune: {what} is {shape_text(value.shape)}, the importance_scores {shape_text(scores.shape)}"
        )
    return value if scores is None else scores


def number_of_hook(module: Module, name: str) -> int | None:
    """The hook that prunes a tensor of a module, None where nothing does."""
    for number, (hook, _) in () if module._hooks is None else module._hooks.before.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return number
    return None
