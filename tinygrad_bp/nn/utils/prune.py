"""Weights of which a part is 0: a mask of 0 and 1 beside the weight that is learned, multiplied before each call.

The parameter ``weight`` becomes ``weight_orig``, its mask is the buffer ``weight_mask``, and ``weight`` is their
product, which a hook computes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral, Real
from typing import Any, ClassVar, TypeVar

import numpy as np

from ...autograd.errors import ArgumentError, IndexRangeError, ShapeError, shape_text
from ...autograd.tensor import Tensor, wrap
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
from .convert_parameters import parameters_to_vector

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured", "PruningContainer",
    "RandomStructured", "RandomUnstructured", "custom_from_mask", "global_unstructured", "identity", "is_pruned",
    "l1_unstructured", "ln_structured", "random_structured", "random_unstructured", "remove",
]  # fmt: skip

M = TypeVar("M", bound=Module)


# ---------------------------------------------------------------------- methods


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
        earlier = _number_of_hook(module, name)
        if earlier is not None:
            hook = hooks_of(module).before[earlier][0]
            method = PruningContainer(*(hook if isinstance(hook, PruningContainer) else [hook]), method)
            before = _in_order(getattr(module, f"{name}_mask"))
        elif isinstance(value, Parameter):
            before = _in_order(ones_like(value))
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
        before = _in_order(ones_like(t) if default_mask is None else default_mask)
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
        mask[left] = to(method.compute_mask(t[left], default_mask=_in_order(default_mask[left])), t.dtype)
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
        mask, count = _in_order(default_mask), self._count(t.numel())
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
        mask, count = _in_order(default_mask), self._count(t.numel())
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


def _in_order(mask: Tensor) -> Tensor:
    """A copy whose memory is in the order of its elements: weights may be in another, and ``view(-1)`` writes to it."""
    return wrap(np.array(mask._value, order="C"), None)


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


def _number_of_hook(module: Module, name: str) -> int | None:
    """The hook that prunes a tensor of a module, None where nothing does."""
    for number, (hook, _) in () if module._hooks is None else module._hooks.before.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return number
    return None


# ---------------------------------------------------------------------- what is done to a module


def identity(module: M, name: str) -> M:
    """Prune nothing: the parameter has a mask of ones from here on.

    >>> import tinygrad_bp as tg
    >>> list(tg.nn.utils.prune.identity(tg.nn.Linear(2, 3), "bias").state_dict())
    ['weight', 'bias_orig', 'bias_mask']
    """
    Identity.apply(module, name)
    return module


def random_unstructured(module: M, name: str, amount: float) -> M:
    """Prune ``amount`` elements drawn at random; a float is the share of all that are left.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.prune.random_unstructured(tg.nn.Linear(2, 3), "weight", amount=2).weight_mask.sum()
    tensor(4.)
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: M, name: str, amount: float, importance_scores: Tensor | None = None) -> M:
    """Prune the ``amount`` elements of least absolute value, or of least ``importance_scores``; a float is a share.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.Linear(2, 3)
    >>> layer.bias.data = tg.tensor([0.5, -0.1, -2.0])
    >>> tg.nn.utils.prune.l1_unstructured(layer, "bias", amount=1).bias_mask
    tensor([1., 0., 1.])
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: M, name: str, amount: float, dim: int) -> M:
    """Prune ``amount`` slices along ``dim`` drawn at random; a float is the share of those that are left.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.prune.random_structured(tg.nn.Linear(2, 3), "weight", amount=1, dim=0).weight_mask.sum()
    tensor(4.)
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: M, name: str, amount: float, n: float | str, dim: int, importance_scores: Tensor | None = None
) -> M:
    """Prune the ``amount`` slices along ``dim`` of least norm of order ``n``; a float is a share.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.Linear(2, 2)
    >>> layer.weight.data = tg.tensor([[1.0, 2.0], [-3.0, 1.0]])
    >>> tg.nn.utils.prune.ln_structured(layer, "weight", amount=0.5, n=2, dim=0).weight_mask
    tensor([[0., 0.],
            [1., 1.]])
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: M, name: str, mask: Tensor) -> M:
    """Prune where a mask is 0. Raises ``ShapeError`` where it has another shape than the parameter.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.utils.prune.custom_from_mask(tg.nn.Linear(5, 3), "bias", mask=tg.tensor([0, 1, 0]))
    >>> layer.bias_mask
    tensor([0., 1., 0.])
    """
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: Mapping[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune single elements of several parameters as if they were one; ``kwargs`` are for the method.

    Raises ``ArgumentError`` for a method that prunes more than single elements.

    >>> import tinygrad_bp as tg
    >>> prune, layer = tg.nn.utils.prune, tg.nn.Linear(2, 2)
    >>> layer.weight.data, layer.bias.data = tg.tensor([[1.0, 2.0], [-3.0, 4.0]]), tg.tensor([0.5, -0.1])
    >>> prune.global_unstructured([(layer, "weight"), (layer, "bias")], prune.L1Unstructured, amount=0.5)
    >>> layer.weight_mask.tolist(), layer.bias_mask.tolist()
    ([[0.0, 1.0], [1.0, 1.0]], [0.0, 0.0])
    """
    if not isinstance(parameters, Iterable):
        raise ArgumentError("global_unstructured(): parameters is not an Iterable")
    if importance_scores is not None and not isinstance(importance_scores, Mapping):
        raise ArgumentError("global_unstructured(): importance_scores must be of type dict")
    places, given = list(parameters), importance_scores or {}
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise ArgumentError(
            f'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method {pruning_method} of '
            f"type {method.PRUNING_TYPE}"
        )
    values: list[Tensor] = [getattr(module, name) for module, name in places]
    masks: list[Tensor] = [
        getattr(module, f"{name}_mask", ones_like(value)) for (module, name), value in zip(places, values, strict=True)
    ]
    scores = [given.get(place, value) for place, value in zip(places, values, strict=True)]
    method._tensor_name = "all of them"
    mask = PruningContainer(method).compute_mask(parameters_to_vector(scores), parameters_to_vector(masks))
    start = 0
    for (module, name), value in zip(places, values, strict=True):
        stop = start + value.numel()
        custom_from_mask(module, name, mask=reshape(mask[start:stop], value.shape))
        start = stop


def remove(module: M, name: str) -> M:
    """Make the pruned tensor the parameter, without mask and hook. Raises ``ArgumentError`` where nothing is pruned.

    >>> import tinygrad_bp as tg
    >>> prune = tg.nn.utils.prune
    >>> list(prune.remove(prune.identity(tg.nn.Linear(2, 3), "bias"), "bias").state_dict())
    ['weight', 'bias']
    """
    number = _number_of_hook(module, name)
    if number is None:
        raise ArgumentError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")
    hook: Any = hooks_of(module).before[number][0]
    hook.remove(module)
    del hooks_of(module).before[number]
    return module


def is_pruned(module: Module) -> bool:
    """Whether anything in a module, at any depth, is pruned.

    >>> import tinygrad_bp as tg
    >>> net = tg.nn.Sequential(tg.nn.Linear(2, 3))
    >>> before = tg.nn.utils.prune.is_pruned(net)
    >>> layer = tg.nn.utils.prune.identity(net[0], "bias")
    >>> before, tg.nn.utils.prune.is_pruned(net)
    (False, True)
    """
    hooks = [inner._hooks.before for inner in module.modules() if inner._hooks is not None]
    return any(isinstance(hook, BasePruningMethod) for calls in hooks for hook, _ in calls.values())
