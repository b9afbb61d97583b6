"""Transformers: layers of attention, of a sequence to itself and to another one.

Source: Vaswani et al., *Attention Is All You Need*, 2017 (arXiv 1706.03762), section 3; with ``norm_first`` as in Xiong
et al., 2020 (arXiv 2002.04745), figure 1b. Masks are those of ``nn.MultiheadAttention``: (L, S) or (rows · heads, L,
S), key padding masks (rows, S); booleans say what to leave out, floats are added.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.device import DeviceLike, settled
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, DTypeLike
from ..ops.activations import gelu
from ..ops.elementwise import add, relu
from ..random.generator import Generator
from . import init
from .attention import MultiheadAttention
from .constructing import parameter_dtype
from .containers import ModuleList
from .dropout import Dropout
from .layers import Linear
from .module import Module, check_tensor
from .normalization import LayerNorm

__all__ = [
    "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer",
]  # fmt: skip

Activation = str | Callable[[Any], Any]
_NAMED: dict[str, Callable[[Any], Any]] = {"relu": relu, "gelu": gelu}


def _get_activation_fn(activation: str) -> Callable[[Any], Any]:
    if activation not in _NAMED:
        raise ArgumentError(f"activation is 'relu', 'gelu' or a function; got {activation!r}")
    return _NAMED[activation]


def _get_clones(module: Module, N: int) -> ModuleList:
    return ModuleList([copy.deepcopy(module) for _ in range(N)])


class _Layer(Module):
    """What encoder and decoder layers have: parts that are added to what goes through, each with a normalization."""

    norm_first: bool
    activation: Any
    linear1: Linear
    linear2: Linear
    dropout: Dropout

    def _function(self, activation: Activation) -> Any:
        return _get_activation_fn(activation) if isinstance(activation, str) else activation

    def _added(self, x: Any, norm: Module, part: Callable[[Any], Any]) -> Any:
        """``x`` and what a part makes of it, normalized before the part or after the sum."""
        return add(x, part(norm(x))) if self.norm_first else norm(add(x, part(x)))

    def _feed_forward(self, x: Any, last: Dropout) -> Any:
        return last(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerEncoderLayer(_Layer):
    """Attention of a sequence to itself, then two linear maps, each added to what goes in and normalized.

    Input and result (steps, rows, d_model), with the rows first where ``batch_first``, or without them. Parameters are
    PyTorch's, by name and first value.

    >>> import tinygrad_bp as tg
    >>> tg.nn.TransformerEncoderLayer(4, 2, dim_feedforward=8)(tg.zeros(3, 1, 4)).shape
    torch.Size([3, 1, 4])
    """

    self_attn: MultiheadAttention
    linear1: Linear
    dropout: Dropout
    linear2: Linear
    norm1: LayerNorm
    norm2: LayerNorm
    dropout1: Dropout
    dropout2: Dropout
    activation: Any

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Activation = relu, layer_norm_eps: float = 1e-5, batch_first: bool = False,
        norm_first: bool = False, bias: bool = True, device: DeviceLike = None, dtype: DTypeLike = None,
        generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        given: Any = {"bias": bias, "dtype": dtype, "generator": generator}
        norm: Any = {"eps": layer_norm_eps, "bias": bias, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **given)
        self.linear1 = Linear(d_model, dim_feedforward, **given)
        self.dropout = Dropout(dropout, generator=generator)
        self.linear2 = Linear(dim_feedforward, d_model, **given)
        self.norm_first = norm_first
        self.norm1, self.norm2 = LayerNorm(d_model, **norm), LayerNorm(d_model, **norm)
        self.dropout1, self.dropout2 = (Dropout(dropout, generator=generator) for _ in range(2))
        self.activation = self._function(activation)

    def forward(
        self, src: Array, src_mask: Array | None = None, src_key_padding_mask: Array | None = None,
        is_causal: bool = False,
    ) -> Any:  # fmt: skip
        """The sequence after the layer. ``is_causal`` is a hint beside ``src_mask``."""

        def attention(x: Any) -> Any:
            y, _ = self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)
            return self.dropout1(y)

        x = self._added(src, self.norm1, attention)
        return self._added(x, self.norm2, lambda x: self._feed_forward(x, self.dropout2))


class TransformerDecoderLayer(_Layer):
    """Attention of a sequence to itself, then to ``memory``, then two linear maps, each added and normalized.

    Shapes and settings are those of ``TransformerEncoderLayer``; ``memory`` is what an encoder gave.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.TransformerDecoderLayer(4, 2, dim_feedforward=8)
    >>> layer(tg.zeros(3, 1, 4), tg.zeros(5, 1, 4)).shape
    torch.Size([3, 1, 4])
    """

    self_attn: MultiheadAttention
    multihead_attn: MultiheadAttention
    linear1: Linear
    dropout: Dropout
    linear2: Linear
    norm1: LayerNorm
    norm2: LayerNorm
    norm3: LayerNorm
    dropout1: Dropout
    dropout2: Dropout
    dropout3: Dropout
    activation: Any

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Activation = relu, layer_norm_eps: float = 1e-5, batch_first: bool = False,
        norm_first: bool = False, bias: bool = True, device: DeviceLike = None, dtype: DTypeLike = None,
        generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        given: Any = {"bias": bias, "dtype": dtype, "generator": generator}
        norm: Any = {"eps": layer_norm_eps, "bias": bias, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **given)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **given)
        self.linear1 = Linear(d_model, dim_feedforward, **given)
        self.dropout = Dropout(dropout, generator=generator)
        self.linear2 = Linear(dim_feedforward, d_model, **given)
        self.norm_first = norm_first
        self.norm1, self.norm2, self.norm3 = (LayerNorm(d_model, **norm) for _ in range(3))
        self.dropout1, self.dropout2, self.dropout3 = (Dropout(dropout, generator=generator) for _ in range(3))
        self.activation = self._function(activation)

    def forward(
        self, tgt: Array, memory: Array, tgt_mask: Array | None = None, memory_mask: Array | None = None,
        tgt_key_padding_mask: Array | None = None, memory_key_padding_mask: Array | None = None,
        tgt_is_causal: bool = False, memory_is_causal: bool = False,
    ) -> Any:  # fmt: skip
        """The sequence after the layer. ``tgt_is_causal`` and ``memory_is_causal`` are hints beside the masks."""

        def attention(x: Any) -> Any:
            y, _ = self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)
            return self.dropout1(y)

        def to_memory(x: Any) -> Any:
            y, _ = self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, False, memory_mask, is_causal=memory_is_causal
            )
            return self.dropout2(y)

        x = self._added(tgt, self.norm1, attention)
        x = self._added(x, self.norm2, to_memory)
        return self._added(x, self.norm3, lambda x: self._feed_forward(x, self.dropout3))


class TransformerEncoder(Module):
    """``num_layers`` copies of a layer one after the other, and a normalization behind them where one is given.

    The last two settings, of PyTorch's nested tensors, change nothing.

    >>> import tinygrad_bp as tg
    >>> encoder = tg.nn.TransformerEncoder(tg.nn.TransformerEncoderLayer(4, 2, 8), num_layers=2)
    >>> encoder(tg.zeros(3, 1, 4)).shape
    torch.Size([3, 1, 4])
    """

    layers: ModuleList
    num_layers: int
    norm: Module | None

    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Module | None = None, enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:  # fmt: skip
        self.layers = _get_clones(encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self, src: Array, mask: Array | None = None, src_key_padding_mask: Array | None = None,
        is_causal: bool | None = None,
    ) -> Any:  # fmt: skip
        """The sequence after all layers."""
        x: Any = src
        for layer in self.layers:
            x = layer(x, src_mask=mask, is_causal=bool(is_causal), src_key_padding_mask=src_key_padding_mask)
        return x if self.norm is None else self.norm(x)


class TransformerDecoder(Module):
    """``num_layers`` copies of a layer one after the other, and a normalization behind them where one is given.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.TransformerDecoderLayer(4, 2, dim_feedforward=8)
    >>> tg.nn.TransformerDecoder(layer, 2)(tg.zeros(3, 1, 4), tg.zeros(5, 1, 4)).shape
    torch.Size([3, 1, 4])
    """

    layers: ModuleList
    num_layers: int
    norm: Module | None

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        self.layers = _get_clones(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self, tgt: Array, memory: Array, tgt_mask: Array | None = None, memory_mask: Array | None = None,
        tgt_key_padding_mask: Array | None = None, memory_key_padding_mask: Array | None = None,
        tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Any:  # fmt: skip
        """The sequence after all layers, each of which reads ``memory``."""
        x: Any = tgt
        for layer in self.layers:
            x = layer(
                x, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return x if self.norm is None else self.norm(x)


class Transformer(Module):
    """An encoder of one sequence, and a decoder of another one that reads what the encoder gave.

    Matrices start uniform as in Glorot and Bengio 2010, PyTorch's numbers for the same seed. Raises ``ShapeError``
    where the rows of ``src`` and ``tgt`` or the features and ``d_model`` differ.

    >>> import tinygrad_bp as tg
    >>> net = tg.nn.Transformer(4, 2, 1, 1, dim_feedforward=8)
    >>> net(tg.zeros(5, 1, 4), tg.zeros(3, 1, 4)).shape
    torch.Size([3, 1, 4])
    """

    d_model: int
    nhead: int
    batch_first: bool

    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6, num_decoder_layers: int = 6,
        dim_feedforward: int = 2048, dropout: float = 0.1, activation: Activation = relu,
        custom_encoder: Module | None = None, custom_decoder: Module | None = None, layer_norm_eps: float = 1e-5,
        batch_first: bool = False, norm_first: bool = False, bias: bool = True, device: DeviceLike = None,
        dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        given: Any = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, None,
            dtype, generator,
        )  # fmt: skip
        if custom_encoder is None:
            layer = TransformerEncoderLayer(*given)
            norm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, dtype=dtype)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm)
        self.encoder = custom_encoder
        if custom_decoder is None:
            last = TransformerDecoderLayer(*given)
            norm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, dtype=dtype)
            custom_decoder = TransformerDecoder(last, num_decoder_layers, norm)
        self.decoder = custom_decoder
        self.generator = generator
        self._reset_parameters()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter, generator=self.generator)

    def forward(
        self, src: Array, tgt: Array, src_mask: Array | None = None, tgt_mask: Array | None = None,
        memory_mask: Array | None = None, src_key_padding_mask: Array | None = None,
        tgt_key_padding_mask: Array | None = None, memory_key_padding_mask: Array | None = None,
        src_is_causal: bool | None = None, tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Any:  # fmt: skip
        """The decoder's result: (target steps, rows, d_model)."""
        for given in (src, tgt):
            check_tensor(given, "Transformer")
        rows = 0 if self.batch_first else 1
        if (src.ndim == 3 and src.shape[rows] != tgt.shape[rows]) or {src.shape[-1], tgt.shape[-1]} != {self.d_model}:
            raise ShapeError(
                f"Transformer: src and tgt have {self.d_model} features and as many rows, got "
                f"{shape_text(tuple(src.shape))} and {shape_text(tuple(tgt.shape))}"
            )
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        return self.decoder(
            tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask, tgt_is_causal,
            memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: DeviceLike = None, dtype: DTypeLike = None) -> Tensor:
        """A mask (sz, sz) by which each step sees itself and those before it: 0 there, −∞ elsewhere.

        >>> import tinygrad_bp as tg
        >>> tg.nn.Transformer.generate_square_subsequent_mask(2)
        tensor([[0., -inf],
                [0., 0.]])
        """
        mask = wrap(np.triu(np.full((sz, sz), -math.inf, parameter_dtype(device, dtype)), 1), None)
        return settled(mask, device)
