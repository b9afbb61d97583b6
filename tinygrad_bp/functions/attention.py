"""Attention: means of values, weighted by how well keys fit queries.

Source: Vaswani et al., *Attention Is All You Need*, 2017 (arXiv 1706.03762).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.operands import in_floats, rounds_once
from ..autograd.types import Array
from ..ops.elementwise import add, in_dtype, mul, where
from ..ops.indexing import getitem
from ..ops.joining import cat
from ..ops.network import linear, masked_softmax
from ..ops.products import matmul
from ..ops.reduction import mean
from ..ops.shape import expand, matrix_transpose, reshape, transpose, unsqueeze
from ..random.generator import Generator
from .dropout import dropout

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


@rounds_once
@in_floats("query key value", real=True)
def scaled_dot_product_attention(
    query: Array, key: Array, value: Array, attn_mask: Array | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False, *,
    generator: Generator | None = None,
) -> Any:  # fmt: skip
    """``softmax(query keyᵀ · scale + mask) value``, equation 1 of Vaswani et al.

    ``query`` is (..., heads, L, E), ``key`` (..., heads, S, E), ``value`` (..., heads, S, V); the result (..., heads,
    L, V). ``scale`` is 1/√E unless given. ``attn_mask``, which broadcasts to (..., L, S), holds booleans (True: takes
    part) or floats that are added; ``is_causal`` lets query i see keys 0 to i. A row that sees nothing gives 0.
    Weights are dropped with ``dropout_p``, from ``generator``. ``enable_gqa`` repeats the heads of key and value to
    those of the query. Raises ``ShapeError`` where sizes do not fit, ``ArgumentError`` for a mask beside
    ``is_causal``.

    >>> import tinygrad_bp as tg
    >>> q, k, v = tg.zeros(1, 2), tg.zeros(2, 2), tg.tensor([[1.0], [3.0]])
    >>> tg.nn.functional.scaled_dot_product_attention(q, k, v)
    tensor([[2.]])
    """
    name = "scaled_dot_product_attention"
    if (
        min(query.ndim, key.ndim, value.ndim) < 2
        or query.shape[-1] != key.shape[-1]
        or (key.shape[-2] != value.shape[-2])
    ):
        raise ShapeError(
            f"{name}: query is (..., L, E), key (..., S, E), value (..., S, V); got {shape_text(tuple(query.shape))}, "
            f"{shape_text(tuple(key.shape))} and {shape_text(tuple(value.shape))}"
        )
    if is_causal and attn_mask is not None:
        raise ArgumentError(f"{name}: is_causal=True is a mask of its own; leave attn_mask out, or join both")
    if enable_gqa:
        key, value = _repeated(name, key, query.shape[-3]), _repeated(name, value, query.shape[-3])
    scores = mul(matmul(query, transpose(key, -2, -1)), 1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        attn_mask = np.tri(query.shape[-2], key.shape[-2], dtype=bool)
    if attn_mask is not None:
        if attn_mask.dtype.kind == "b":
            scores = where(attn_mask, scores, -math.inf)
        else:
            scores = add(scores, attn_mask)
    weights = masked_softmax(scores)
    return matmul(dropout(weights, dropout_p, generator=generator) if dropout_p else weights, value)


def _repeated(name: str, x: Any, heads: int) -> Any:
    """Each head several times in a row, so that there are ``heads``."""
    have = x.shape[-3]
    if have == 0 or heads % have:
        raise ShapeError(f"{name}: with enable_gqa the {have} heads of key and value must divide the query's {heads}")
    repeated = expand(unsqueeze(x, -3), *x.shape[:-2], heads // have, *x.shape[-2:])
    return reshape(repeated, (*x.shape[:-3], heads, *x.shape[-2:]))


# ---------------------------------------------------------------------- several heads


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return matmul(x, matrix_transpose(weight)) if bias is None else linear(x, weight, bias)


def _additive(mask: Any, dtype: Any) -> Any:
    """A mask as numbers to add: booleans say what to leave out."""
    return in_dtype(where(mask, -math.inf, 0.0), dtype) if mask.dtype.kind == "b" else mask


@rounds_once
@in_floats("query key value in_proj_weight in_proj_bias out_proj_weight out_proj_bias", real=True)
def multi_head_attention_forward(
    query: Array, key: Array, value: Array, embed_dim_to_check: int, num_heads: int, in_proj_weight: Any,
    in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool, dropout_p: float, out_proj_weight: Any,
    out_proj_bias: Any, training: bool = True, key_padding_mask: Array | None = None, need_weights: bool = True,
    attn_mask: Array | None = None, use_separate_proj_weight: bool = False, q_proj_weight: Any = None,
    k_proj_weight: Any = None, v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None,
    average_attn_weights: bool = True, is_causal: bool = False, *, generator: Generator | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Attention of ``num_heads`` heads, section 3.2.2 of Vaswani et al.; ``nn.MultiheadAttention`` holds its weights.

    ``query`` is (L, rows, E), ``key`` and ``value`` (S, rows, E), the rows may be missing. ``in_proj_weight`` (3E, E)
    and ``in_proj_bias`` (3E,) make queries, keys and values of them (three weights with ``use_separate_proj_weight``),
    ``out_proj_weight`` (E, E) and its bias the result of all heads. ``attn_mask`` is (L, S) or (rows · heads, L, S),
    ``key_padding_mask`` (rows, S); booleans say what to leave out, floats are added. ``bias_k`` and ``bias_v`` add one
    key and value, ``add_zero_attn`` one of zeros. ``is_causal`` needs the mask as well, as in PyTorch. Returns the
    result (L, rows, E) and the weights (rows, L, S), their mean over the heads unless ``average_attn_weights=False``,
    or None without ``need_weights``. Raises ``ShapeError`` where sizes do not fit.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.MultiheadAttention(4, 2)
    >>> y, weights = layer(tg.zeros(3, 1, 4), tg.zeros(5, 1, 4), tg.zeros(5, 1, 4))
    >>> y.shape, weights.shape
    (torch.Size([3, 1, 4]), torch.Size([1, 3, 5]))
    """
    name = "multi_head_attention_forward"
    alone = query.ndim == 2
    if alone:
        query, key, value = (unsqueeze(x, 1) for x in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else unsqueeze(key_padding_mask, 0)
    _check_heads(name, query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    if is_causal and attn_mask is None:
        raise ArgumentError(f"{name}: is_causal=True is a hint beside attn_mask; give the mask")
    (length, rows, size), dtype = query.shape, query.dtype
    each = size // num_heads
    parts = [slice(i * size, (i + 1) * size) for i in range(3)]
    weights = (
        (q_proj_weight, k_proj_weight, v_proj_weight)
        if use_separate_proj_weight
        else [getitem(in_proj_weight, part) for part in parts]
    )
    biases = [None if in_proj_bias is None else getitem(in_proj_bias, part) for part in parts]
    q, k, v = (_affine(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True))
    added = 0
    if bias_k is not None:
        k, v = (cat([x, expand(b, 1, rows, size)], 0) for x, b in ((k, bias_k), (v, bias_v)))
        added += 1

    def heads(x: Any) -> Any:
        return transpose(reshape(x, (x.shape[0], rows * num_heads, each)), 0, 1)

    q, k, v = heads(q), heads(k) if static_k is None else static_k, heads(v) if static_v is None else static_v
    if add_zero_attn:
        k, v = (cat([x, np.zeros((rows * num_heads, 1, each), dtype)], 1) for x in (k, v))
        added += 1
    source = k.shape[1]
    scores = mul(matmul(q, transpose(k, 1, 2)), 1 / math.sqrt(each))
    if attn_mask is not None:
        mask = _widened(_additive(attn_mask, dtype), added)
        scores = add(scores, mask)
    if key_padding_mask is not None:
        mask = reshape(_widened(_additive(key_padding_mask, dtype), added), (rows, 1, 1, source))
        scores = add(scores, reshape(expand(mask, rows, num_heads, 1, source), (rows * num_heads, 1, source)))
    shares = masked_softmax(scores)
    if training and dropout_p:
        shares = dropout(shares, dropout_p, generator=generator)
    y = reshape(transpose(matmul(shares, v), 0, 1), (length, rows, size))
    y = _affine(y, out_proj_weight, out_proj_bias)
    shares = reshape(shares, (rows, num_heads, length, source)) if need_weights else None
    if need_weights and average_attn_weights:
        shares = mean(shares, 1)
    if alone:
        y, shares = reshape(y, (length, y.shape[2])), None if shares is None else reshape(shares, shares.shape[1:])
    return y, shares


def _widened(mask: Any, added: int) -> Any:
    """A mask with columns of 0 for keys that were added."""
    if not added:
        return mask
    return cat([mask, np.zeros((*mask.shape[:-1], added), mask.dtype)], -1)


def _check_heads(name: str, query: Any, key: Any, value: Any, size: int, heads: int, separate: bool) -> None:
    shapes = tuple(tuple(x.shape) for x in (query, key, value))
    if (
        any(len(shape) != 3 for shape in shapes)
        or shapes[0][2] != size
        or shapes[1][:2] != shapes[2][:2]
        or (shapes[0][1] != shapes[1][1] or (not separate and shapes[1] != shapes[2]))
    ):
        raise ShapeError(
            f"{name}: query is (L, rows, {size}), key and value (S, rows, {size}); got "
            f"{', '.join(map(shape_text, shapes))}"
        )
    if heads < 1 or size % heads:
        raise ArgumentError(f"{name}: the number of heads must divide embed_dim {size}; got {heads}")
