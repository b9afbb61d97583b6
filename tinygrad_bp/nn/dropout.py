"""Layers that drop elements or whole channels while training, and change nothing in eval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..autograd.errors import ArgumentError
from ..autograd.writing import replace
from ..functions import dropout
from ..random.generator import Generator
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class Dropout(Module):
    """In training each element becomes 0 with probability ``p``, else grows by 1 / (1 − p); in eval nothing changes.

    The mask comes from ``generator`` (the default one where None) and equals PyTorch's for the same seed. With
    ``inplace`` the result is also written into the input.
    Raises ``ArgumentError`` for ``p`` outside [0, 1]. Source: Srivastava et al., *Dropout*, JMLR 15, 2014.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.Dropout(0.5)
    >>> x = tg.ones(4)
    >>> layer.eval()(x) is x
    True
    """

    p: float
    inplace: bool
    generator: Generator | None
    _function: ClassVar[Callable[..., Any]] = dropout.dropout

    def __init__(self, p: float = 0.5, inplace: bool = False, *, generator: Generator | None = None) -> None:
        if not 0 <= p <= 1:
            raise ArgumentError(
                f"{type(self).__name__}: p is the probability that an element becomes 0, from 0 to 1; got {p}"
            )
        self.p, self.inplace, self.generator = p, inplace, generator

    def forward(self, input: Any) -> Any:
        """``input`` of floats, of any shape, with elements dropped while ``training``."""

        def dropped(x: Any) -> Any:
            return type(self)._function(x, self.p, self.training, generator=self.generator)

        if self.inplace and self.training and self.p > 0:
            return replace(input, f"{type(self).__name__}, inplace=True", dropped)
        return dropped(input)

    def extra_repr(self) -> str:
        """The probability, and whether the input is written."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    """``Dropout`` of whole channels of (rows, channels, length); the rows may be missing.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Dropout1d(0.5).eval()(tg.ones(1, 2, 1)).shape
    torch.Size([1, 2, 1])
    """

    _function = dropout.dropout1d


class Dropout2d(Dropout):
    """``Dropout`` of whole channels of (rows, channels, height, width).

    Source: Tompson et al., *Efficient Object Localization Using Convolutional Networks*, 2015 (arXiv 1411.4280).

    >>> import tinygrad_bp as tg
    >>> tg.nn.Dropout2d(0.5).eval()(tg.ones(1, 2, 3, 3)).shape
    torch.Size([1, 2, 3, 3])
    """

    _function = dropout.dropout2d


class Dropout3d(Dropout):
    """``Dropout`` of whole channels of (rows, channels, depth, height, width); the rows may be missing.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Dropout3d(0.5).eval()(tg.ones(1, 2, 3, 3, 3)).shape
    torch.Size([1, 2, 3, 3, 3])
    """

    _function = dropout.dropout3d


class AlphaDropout(Dropout):
    """Dropout that keeps mean 0 and variance 1 behind SELU, see ``nn.functional.alpha_dropout``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.AlphaDropout(0.5).eval()(tg.ones(2))
    tensor([1., 1.])
    """

    _function = dropout.alpha_dropout


class FeatureAlphaDropout(Dropout):
    """``AlphaDropout`` of whole channels of (rows, channels, ...).

    >>> import tinygrad_bp as tg
    >>> tg.nn.FeatureAlphaDropout(0.5).eval()(tg.ones(1, 2, 1))
    tensor([[[1.],
             [1.]]])
    """

    _function = dropout.feature_alpha_dropout
