"""Weights of a norm of their own, computed by a hook before each call: older forms of what ``parametrizations`` has."""

from __future__ import annotations

from typing import Any, TypeVar

from ...autograd.errors import ArgumentError
from ...autograd.tensor import Tensor
from ...functions.older_linalg import norm_except_dim
from ...ops.elementwise import div, mul
from ..hooks import hooks_of
from ..module import Module
from ..parameter import Parameter
from .parametrizations import (
    as_matrix,
    check_steps,
    divided,
    power_steps,
    rows_of_weight,
    unit_vectors,
)

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


class _Computed:
    """A hook that computes the weight ``name`` before each call of its module."""

    def __init__(self, name: str) -> None:
        self.name = name

    def computed(self, module: Any) -> Any:
        """The weight."""
        raise NotImplementedError

    def __call__(self, module: Any, args: Any) -> None:
        setattr(module, self.name, self.computed(module))


class _WeightNorm(_Computed):
    def __init__(self, name: str, dim: int) -> None:
        super().__init__(name)
        self.dim = dim

    def computed(self, module: Any) -> Any:
        g, v = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        return mul(v, div(g, norm_except_dim(v, 2, self.dim)))


class _SpectralNorm(_Computed):
    def __init__(self, name: str, steps: int, eps: float, dim: int) -> None:
        super().__init__(name)
        self.steps, self.eps, self.dim = steps, eps, dim

    def computed(self, module: Any) -> Any:
        weight, u, v = (getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v"))
        matrix = as_matrix(weight, self.dim)
        if module.training:
            power_steps(matrix.detach().T, v, u, self.steps, self.eps)  # the right vector first
        return divided(weight, matrix, u, v)


def _removed(module: Module, name: str, kind: type[_Computed], who: str) -> Any:
    """The hook that computes a weight, which does so no more."""
    calls = hooks_of(module).before
    for number, (hook, _) in calls.items():
        if isinstance(hook, kind) and hook.name == name:
            return calls.pop(number)[0]
    raise ArgumentError(f"{who}: {type(module).__name__}.{name} has no such norm")


def _taken(module: Any, name: str, who: str) -> Parameter:
    """The parameter of a module, which holds it no more."""
    weight = module._held.parameters.get(name)
    if weight is None:
        raise ArgumentError(f"{who}: {type(module).__name__} has no parameter {name!r}")
    delattr(module, name)
    return weight  # type: ignore[no-any-return]


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """A weight that is learned as its norm, ``weight_g``, and its direction, ``weight_v``.

    ``parametrizations.weight_norm`` has replaced it. Source: Salimans and Kingma 2016 (arXiv 1602.07868).

    >>> import tinygrad_bp as tg
    >>> [name for name, _ in tg.nn.utils.weight_norm(tg.nn.Linear(2, 3)).named_parameters()]
    ['bias', 'weight_g', 'weight_v']
    """
    weight, hook = _taken(module, name, "weight_norm"), _WeightNorm(name, -1 if dim is None else dim)
    module.register_parameter(f"{name}_g", Parameter(norm_except_dim(weight.detach(), 2, hook.dim)))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))
    hook(module, ())
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Learn the weight itself again. Raises ``ArgumentError`` where it has no such norm.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.utils.remove_weight_norm(tg.nn.utils.weight_norm(tg.nn.Linear(2, 3)))
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight']
    """
    hook = _removed(module, name, _WeightNorm, "remove_weight_norm")
    value = hook.computed(module).detach()
    for part in (name, f"{name}_g", f"{name}_v"):
        delattr(module, part)
    module.register_parameter(name, Parameter(value))
    return module


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """A weight divided by its largest singular value, learned as ``weight_orig``.

    ``parametrizations.spectral_norm`` has replaced it. Source: Miyato et al. 2018 (arXiv 1802.05957).

    >>> import tinygrad_bp as tg
    >>> list(tg.nn.utils.spectral_norm(tg.nn.Linear(2, 3)).state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    check_steps(n_power_iterations)
    weight = _taken(module, name, "spectral_norm")
    rows = rows_of_weight(module, dim)
    u, v = unit_vectors(as_matrix(weight.detach(), rows), eps)
    module.register_parameter(f"{name}_orig", weight)
    setattr(module, name, weight.detach())
    module.register_buffer(f"{name}_u", u)
    module.register_buffer(f"{name}_v", v)
    module.register_forward_pre_hook(_SpectralNorm(name, n_power_iterations, eps, rows))
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Learn the weight itself again, as it was computed last. Raises ``ArgumentError`` where it has no such norm.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.utils.remove_spectral_norm(tg.nn.utils.spectral_norm(tg.nn.Linear(2, 3)))
    >>> list(layer.state_dict())
    ['bias', 'weight']
    """
    hook = _removed(module, name, _SpectralNorm, "remove_spectral_norm")
    weight = getattr(module, f"{name}_orig")
    u, v = (getattr(module, f"{name}_{part}") for part in "uv")
    value: Tensor = divided(weight, as_matrix(weight, hook.dim), u, v).detach()
    for part in (name, f"{name}_orig", f"{name}_u", f"{name}_v"):
        delattr(module, part)
    module.register_parameter(name, Parameter(value))
    return module
