"""Attention of several heads with weights of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

import numpy as np

from ..autograd.device import DeviceLike
from ..autograd.errors import ArgumentError
from ..autograd.types import Array, DTypeLike
from ..functions.attention import multi_head_attention_forward
from ..ops.shape import transpose
from ..random.generator import Generator
from . import init
from .constructing import parameter_dtype
from .layers import Linear
from .module import Module
from .parameter import Parameter

__all__ = ["MultiheadAttention"]


class SDPBackend(Enum):
    """PyTorch's ways to compute ``scaled_dot_product_attention``; here is one, ``MATH``.

    >>> SDPBackend.MATH.name
    'MATH'
    """

    ERROR, MATH, FLASH_ATTENTION, EFFICIENT_ATTENTION, CUDNN_ATTENTION, OVERRIDEABLE = range(-1, 5)


@contextmanager
def sdpa_kernel(backends: SDPBackend | Iterable[SDPBackend], set_priority: bool = False) -> Iterator[None]:
    """Inside, PyTorch may use these ways alone; the one that is here gives the numbers of all, so nothing changes.

    >>> import tinygrad_bp as tg
    >>> with sdpa_kernel(SDPBackend.MATH):
    ...     tg.nn.functional.scaled_dot_product_attention(*tg.ones(3, 1, 2, 4)).shape
    torch.Size([1, 2, 4])
    """
    given = [backends] if isinstance(backends, SDPBackend) else list(backends)
    if not given or not all(isinstance(one, SDPBackend) for one in given):
        raise ArgumentError(f"sdpa_kernel: give members of SDPBackend, got {backends!r}")
    yield


class NonDynamicallyQuantizableLinear(Linear):
    """The last linear map of attention; a ``Linear`` under the name by which PyTorch shows it."""


class MultiheadAttention(Module):
    """Each query's mean of the values, weighted by how well keys fit, in ``num_heads`` heads of one size.

    Input (L, rows, embed_dim) for queries and (S, rows, kdim or vdim) for keys and values, with the rows first where
    ``batch_first``, or without them. Weights start as PyTorch's for the same seed (Glorot and Bengio 2010, uniform),
    biases as 0. ``dropout`` drops weights while training. Raises ``ArgumentError`` for heads that do not divide
    ``embed_dim``. Source: Vaswani et al., *Attention Is All You Need*, 2017 (arXiv 1706.03762), section 3.2.2.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.MultiheadAttention(4, 2, batch_first=True)
    >>> x = tg.rand(1, 3, 4)
    >>> layer(x, x, x)[0].shape
    torch.Size([1, 3, 4])
    """

    embed_dim: int
    num_heads: int
    dropout: float
    batch_first: bool
    kdim: int
    vdim: int
    add_zero_attn: bool
    generator: Generator | None
    head_dim: int
    out_proj: Linear
    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
        add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
        device: DeviceLike = None, dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ArgumentError(
                f"MultiheadAttention: num_heads must divide embed_dim, both at least 1; got {num_heads}, {embed_dim}"
            )
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.add_zero_attn, self.generator, self.head_dim = add_zero_attn, generator, embed_dim // num_heads

        def empty(*shape: int) -> Parameter:
            return Parameter(np.empty(shape, dtype))

        together = self.kdim == self.vdim == embed_dim
        self.register_parameter("in_proj_weight", empty(3 * embed_dim, embed_dim) if together else None)
        for name, size in (("q_proj_weight", embed_dim), ("k_proj_weight", self.kdim), ("v_proj_weight", self.vdim)):
            self.register_parameter(name, None if together else empty(embed_dim, size))
        self.register_parameter("in_proj_bias", Parameter(np.zeros(3 * embed_dim, dtype)) if bias else None)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, empty(1, 1, embed_dim) if add_bias_kv else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, dtype=dtype, generator=generator)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        generator = self.generator
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight, generator=generator)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for row in (self.bias_k, self.bias_v):
            if row is not None:
                init.xavier_normal_(row, generator=generator)

    @property
    def _qkv_same_embed_dim(self) -> bool:
        """Whether one weight, ``in_proj_weight``, projects query, key and value."""
        return self.in_proj_weight is not None

    def forward(
        self, query: Array, key: Array, value: Array, key_padding_mask: Array | None = None, need_weights: bool = True,
        attn_mask: Array | None = None, average_attn_weights: bool = True, is_causal: bool = False,
    ) -> Any:  # fmt: skip
        """The result, and the weights or None: see ``nn.functional.multi_head_attention_forward``."""
        turned = self.batch_first and query.ndim == 3
        if turned:
            query, key, value = (transpose(x, 0, 1) for x in (query, key, value))
        y, weights = multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k,
            self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias, self.training,
            key_padding_mask, need_weights, attn_mask, self.in_proj_weight is None, self.q_proj_weight,
            self.k_proj_weight, self.v_proj_weight, None, None, average_attn_weights, is_causal,
            generator=self.generator,
        )  # fmt: skip
        return (transpose(y, 0, 1) if turned else y), weights
