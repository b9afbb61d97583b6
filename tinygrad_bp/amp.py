"""Mixed precision: a program that asks for it computes in the dtypes of its tensors, as PyTorch does without a GPU."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from .autograd.device import device
from .autograd.types import DTypeLike

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

F = TypeVar("F", bound=Callable[..., Any])


def is_autocast_available(device_type: str) -> bool:
    """Whether ``autocast`` computes in a lower precision on a kind of device: no.

    >>> from tinygrad_bp import amp
    >>> amp.is_autocast_available("cuda")
    False
    """
    device(device_type)
    return False


class autocast:
    """A block, or a function, in which PyTorch on a GPU computes in half precision; here nothing changes.

    Warns where it is enabled. Raises ``DeviceError`` for what is no kind of device.

    >>> import tinygrad_bp as tg
    >>> with tg.autocast("cuda", enabled=tg.cuda.is_available()):
    ...     (tg.ones(2) * 2).dtype
    dtype('float32')
    """

    device: str

    def __init__(
        self, device_type: str, dtype: DTypeLike = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        self.device = device(device_type).type
        if enabled:
            warnings.warn(
                "autocast: tensors are computed in their own dtypes; leave it out, or write enabled=False", stacklevel=2
            )

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, function: F) -> F:
        """As a decorator: the function, called as it is."""

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return called  # type: ignore[return-value]


class GradScaler:
    """What PyTorch multiplies a loss by so that gradients of half precision do not vanish; here by 1.

    ``scaler.step(optimizer)`` is ``optimizer.step()``. Warns where it is enabled.

    >>> import tinygrad_bp as tg
    >>> w = tg.ones(1, requires_grad=True)
    >>> optimizer, scaler = tg.optim.SGD([w], lr=0.5), tg.amp.GradScaler(enabled=False)
    >>> scaler.scale((w * w).sum()).backward()
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w
    tensor([0.], requires_grad=True)
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 65536.0, growth_factor: float = 2.0,
        backoff_factor: float = 0.5, growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        if enabled:
            warnings.warn(
                "GradScaler: nothing is computed in half precision; leave it out, or write enabled=False", stacklevel=2
            )

    def scale(self, outputs: Any) -> Any:
        """The loss, or the losses, as they are."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing: the gradients have their own scale."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step()``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | None = None) -> None:
        """Nothing: the scale stays 1."""

    def get_scale(self) -> float:
        """The scale: 1."""
        return 1.0

    def is_enabled(self) -> bool:
        """Whether losses are scaled: no."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """What there is to save: nothing."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing: there is no state."""


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: DTypeLike = None) -> Any:
    """The ``forward`` of a ``Function``, as it is: for programs that say in which precision it runs.

    >>> from tinygrad_bp import amp
    >>> @amp.custom_fwd(device_type="cuda")
    ... def forward(ctx, x):
    ...     return x
    """
    return custom_bwd(fwd, device_type=device_type)


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """The ``backward`` of a ``Function``, as it is."""
    device(device_type)
    return (lambda function: function) if bwd is None else bwd
