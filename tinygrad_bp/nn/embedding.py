"""Tables of rows that are learned, read by their number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.device import DeviceLike
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.types import Array, DTypeLike
from ..ops.embedding import embedding, embedding_bag
from ..random.generator import Generator
from . import init
from .constructing import parameter_dtype, start
from .module import Module
from .parameter import Parameter

__all__ = ["Embedding", "EmbeddingBag"]


class Embedding(Module):
    """The rows of a table that integers name: any shape to (*shape, embedding_dim), see ``nn.functional.embedding``.

    Weight (num_embeddings, embedding_dim) starts standard normal, PyTorch's numbers for the same seed; its row
    ``padding_idx`` starts as 0 and gets no gradient. The dtype is the default float dtype unless given.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Embedding(10, 3)(tg.tensor([[1, 2], [4, 5]])).shape
    torch.Size([2, 2, 3])
    """

    weight: Parameter
    num_embeddings: int
    embedding_dim: int
    padding_idx: int | None
    max_norm: float | None
    norm_type: float
    scale_grad_by_freq: bool

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False, _weight: Array | None = None,
        _freeze: bool = False, device: DeviceLike = None, dtype: DTypeLike = None, *,
        generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        self._settings(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        if _weight is None:
            self.weight = Parameter(np.empty((num_embeddings, embedding_dim), dtype), requires_grad=not _freeze)
            start(self, generator)
            return
        if tuple(_weight.shape) != (num_embeddings, embedding_dim):
            shapes = f"({num_embeddings}, {embedding_dim}), got {shape_text(tuple(_weight.shape))}"
            raise ShapeError(f"{type(self).__name__}: _weight is {shapes}")
        self.weight = Parameter(_weight, requires_grad=not _freeze)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """The rows anew, standard normal, and 0 in the row ``padding_idx``."""
        init.normal_(self.weight, generator=generator)
        if self.padding_idx is not None:
            self.weight._value[self.padding_idx] = 0

    def _settings(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None, max_norm: float | None,
        norm_type: float, scale_grad_by_freq: bool, sparse: bool,
    ) -> None:  # fmt: skip
        name = type(self).__name__
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ArgumentError(f"{name}: padding_idx {padding_idx} is outside the {num_embeddings} rows")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self.sparse = sparse  # the gradient is dense all the same, with the numbers of a sparse one

    @classmethod
    def from_pretrained(cls, embeddings: Array, freeze: bool = True, **settings: Any) -> Any:
        """A layer around a matrix of rows, which does not learn unless ``freeze=False``."""
        if embeddings.ndim != 2:
            raise ShapeError(f"{cls.__name__}: embeddings is a matrix, got {shape_text(tuple(embeddings.shape))}")
        rows, size = embeddings.shape
        layer = cls(rows, size, _weight=embeddings, **settings)
        layer.weight.requires_grad_(not freeze)
        return layer

    def forward(self, input: Array) -> Any:
        """The rows of the integers ``input``, of any shape."""
        return embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq)

    def extra_repr(self) -> str:
        """The sizes, and the settings that differ from the defaults."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        for name, default in (("padding_idx", None), ("max_norm", None), ("norm_type", 2.0),
                              ("scale_grad_by_freq", False), ("sparse", False)):  # fmt: skip
            value = getattr(self, name)
            if value != default:
                text += f", {name}={value}"
        return text


class EmbeddingBag(Embedding):
    """Sums, means or maxima of bags of rows: (bags, embedding_dim), see ``nn.functional.embedding_bag``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.EmbeddingBag(10, 3, mode="sum")(tg.tensor([1, 2, 4]), tg.tensor([0, 2])).shape
    torch.Size([2, 3])
    """

    mode: str
    include_last_offset: bool

    def __init__(
        self, num_embeddings: int, embedding_dim: int, max_norm: float | None = None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, _weight: Array | None = None,
        include_last_offset: bool = False, padding_idx: int | None = None, device: DeviceLike = None,
        dtype: DTypeLike = None, *, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        super().__init__(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse,
                         _weight, device=device, dtype=dtype, generator=generator)  # fmt: skip
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(self, input: Array, offsets: Array | None = None, per_sample_weights: Array | None = None) -> Any:
        """One row for each bag."""
        return embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode, False,
            per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The sizes, and the settings that differ from the defaults."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        for name, default in (("max_norm", None), ("norm_type", 2.0), ("scale_grad_by_freq", False)):
            value = getattr(self, name)
            if value != default:
                text += f", {name}={value}"
        text += f", mode={self.mode!r}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"
