"""Attention and embeddings: masks, heads, padding rows, bags. PyTorch's numbers: tests/golden/make_layers.py."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, IndexRangeError, ShapeError

F = nn.functional
GOLDEN = json.loads((Path(__file__).parent / "golden" / "layers.json").read_text())["attention"][0]


# ---------------------------------------------------------------------- attention


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: "+".join(case["masks"]) or "no mask")
@pytest.mark.parametrize("batch_first", [False, True])
def test_heads_see_what_they_see_in_pytorch(case, batch_first):
    layer = nn.MultiheadAttention(4, 2, batch_first=batch_first).double()
    layer.load_state_dict(GOLDEN["state"])
    x, y = (tg.tensor(GOLDEN[name], dtype=tg.float64, requires_grad=True) for name in "xy")
    q, k = (x.transpose(0, 1), y.transpose(0, 1)) if batch_first else (x, y)
    out, weights = layer(q, k, k, **{name: tg.tensor(mask) for name, mask in case["masks"].items()})
    out = out.transpose(0, 1) if batch_first else out
    np.testing.assert_allclose(out.detach().numpy(), case["out"], rtol=1e-11)
    np.testing.assert_allclose(weights.detach().numpy(), case["weights"], rtol=1e-11, atol=1e-15)
    out.square().sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), case["dx"], rtol=1e-9)


def test_each_head_and_no_rows():
    layer = nn.MultiheadAttention(4, 2)
    y, weights = layer(*[tg.rand(3, 4)] * 3, average_attn_weights=False)
    assert y.shape == (3, 4) and weights.shape == (2, 3, 3)
    assert layer(*[tg.rand(3, 1, 4)] * 3, need_weights=False)[1] is None


def test_added_keys_count():
    layer = nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True)
    mask = tg.tensor(np.zeros((3, 3), bool))
    y, weights = layer(*[tg.rand(3, 1, 4)] * 3, attn_mask=mask, key_padding_mask=tg.tensor(np.zeros((1, 3), bool)))
    assert weights.shape == (1, 3, 5) and layer.bias_k.requires_grad
    y.sum().backward()
    assert layer.bias_v.grad.shape == (1, 1, 4)


def test_causal_attention_sees_no_later_key():
    q, k, v = (tg.rand(1, 4, 3, dtype=tg.float64, requires_grad=True) for _ in range(3))
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    mask = np.tril(np.ones((4, 4), bool))
    np.testing.assert_array_equal(y.detach().numpy(), F.scaled_dot_product_attention(q, k, v, mask).detach().numpy())
    y[:, 0].sum().backward()
    assert (k.grad.numpy()[:, 1:] == 0).all() and (v.grad.numpy()[:, 1:] == 0).all()
    assert tg.autograd.gradgradcheck(lambda *x: F.scaled_dot_product_attention(*x, is_causal=True), (q, k, v))


def test_a_row_that_sees_nothing_gives_0_and_a_gradient_without_nan():
    q, k, v = (tg.rand(2, 3, requires_grad=True) for _ in range(3))
    y = F.scaled_dot_product_attention(q, k, v, tg.tensor([[True, True], [False, False]]))
    y.sum().backward()
    assert y.detach().numpy()[1].tolist() == [0.0] * 3 and all(np.isfinite(t.grad.numpy()).all() for t in (q, k, v))


def test_an_added_mask_a_scale_and_groups_of_heads():
    q, k, v = tg.rand(1, 4, 2, 3), tg.rand(1, 2, 2, 3), tg.rand(1, 2, 2, 3)
    bias = tg.tensor([[0.0, -np.inf], [0.0, 0.0]])
    y = F.scaled_dot_product_attention(q, k, v, bias, scale=0.0, enable_gqa=True)
    twice = np.repeat(v.detach().numpy(), 2, axis=1)
    np.testing.assert_allclose(y.detach().numpy()[:, :, 0], twice[:, :, 0], rtol=1e-6)
    np.testing.assert_allclose(y.detach().numpy()[:, :, 1], twice.mean(axis=2), rtol=1e-6)


def test_attention_drops_weights_with_a_generator_of_its_own():
    x = tg.ones(3, 2)
    a, b = (
        F.scaled_dot_product_attention(x, x, x, dropout_p=0.5, generator=tg.Generator().manual_seed(1))
        for _ in range(2)
    )
    np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    assert not tg.equal(a, x)


@pytest.mark.parametrize(("call", "error", "said"), [
    (lambda x: F.scaled_dot_product_attention(x, x[:, :2], x), ShapeError, r"query is \(..., L, E\)"),
    (lambda x: F.scaled_dot_product_attention(x, x, x, x, is_causal=True), ArgumentError, "is a mask of its own"),
    (lambda x: F.scaled_dot_product_attention(x[None], x[None], x[None].expand(2, 3, 4), enable_gqa=True), ShapeError,
     "the 2 heads of key and value must divide the query's 1"),
    (lambda x: nn.MultiheadAttention(4, 3), ArgumentError, "num_heads must divide embed_dim"),
    (lambda x: nn.MultiheadAttention(3, 1)(x, x, x), ShapeError, r"query is \(L, rows, 3\)"),
    (lambda x: nn.MultiheadAttention(4, 1)(x, x, x, is_causal=True), ArgumentError, "give the mask"),
])  # fmt: skip
def test_attention_names_what_does_not_fit(call, error, said):
    with pytest.raises(error, match=said):
        call(tg.ones(3, 4))


# ---------------------------------------------------------------------- embedding


def test_rows_that_are_read_twice_add_their_gradients_and_the_padding_row_gets_none():
    layer = nn.Embedding(4, 2, padding_idx=0)
    assert layer.weight.detach().numpy()[0].tolist() == [0.0, 0.0]
    layer(tg.tensor([[1, 0], [1, 3]])).sum().backward()
    assert layer.weight.grad.tolist() == [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0], [1.0, 1.0]]


def test_gradients_divided_by_how_often_a_row_was_read():
    layer = nn.Embedding(3, 1, scale_grad_by_freq=True)
    (layer(tg.tensor([1, 1, 2])) * tg.tensor([[1.0], [3.0], [5.0]])).sum().backward()
    assert layer.weight.grad.tolist() == [[0.0], [2.0], [5.0]]


def test_second_derivatives_leave_the_padding_row_out_too():
    weight = tg.tensor([[1.0], [2.0]], requires_grad=True)
    (g,) = tg.autograd.grad((F.embedding(tg.tensor([0, 1, 1]), weight, 0) ** 3).sum(), weight, create_graph=True)
    assert g.tolist() == [[0.0], [24.0]]
    assert tg.autograd.grad(g.sum(), weight)[0].tolist() == [[0.0], [24.0]]


def test_rows_that_are_read_are_shortened_in_place():
    layer = nn.Embedding.from_pretrained(tg.tensor([[3.0, 4.0], [30.0, 40.0]]), max_norm=1.0)
    y = layer(tg.tensor([0, 0]))
    np.testing.assert_allclose(y.detach().numpy(), [[0.6, 0.8]] * 2, rtol=1e-6)
    assert layer.weight.detach().numpy()[1].tolist() == [30.0, 40.0] and not layer.weight.requires_grad


def test_bags_by_offsets():
    weight = tg.tensor([[1.0, 9.0], [3.0, 2.0], [8.0, 4.0]], requires_grad=True)
    index, offsets = tg.tensor([0, 1, 2]), tg.tensor([0, 2, 2])
    wanted = {"sum": [[4.0, 11.0], [0.0, 0.0], [8.0, 4.0]], "mean": [[2.0, 5.5], [0.0, 0.0], [8.0, 4.0]],
              "max": [[3.0, 9.0], [0.0, 0.0], [8.0, 4.0]]}  # fmt: skip
    for mode, rows in wanted.items():
        y = F.embedding_bag(index, weight, offsets, mode=mode)
        assert y.tolist() == rows
    y.sum().backward()
    assert weight.grad.tolist() == [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


@pytest.mark.parametrize(("call", "error", "said"), [
    (lambda w: F.embedding(tg.tensor([3]), w), IndexRangeError, r"indices run from 3 to 3, weight \(3, 2\) has rows 0"),
    (lambda w: F.embedding(tg.tensor([1.0]), w), DtypeError, "integers; got float32"),
    (lambda w: F.embedding(tg.tensor([1]), w[0]), ShapeError, r"weight is \(rows, features\), got \(2,\)"),
    (lambda w: F.embedding(tg.tensor([1]), w, 5), ArgumentError, "padding_idx 5 is outside the 3 rows"),
    (lambda w: nn.Embedding(3, 2, 3), ArgumentError, "Embedding: padding_idx 3 is outside the 3 rows"),
    (lambda w: F.embedding_bag(tg.tensor([1]), w), ShapeError, "a vector with offsets"),
    (lambda w: F.embedding_bag(tg.tensor([1]), w, tg.tensor([1])), ArgumentError, "offsets start at 0"),
    (lambda w: F.embedding_bag(tg.tensor([[1]]), w, tg.tensor([0])), ArgumentError, "one bag a row"),
    (lambda w: F.embedding_bag(tg.tensor([[1]]), w, mode="min"), ArgumentError, "mode is"),
    (lambda w: F.embedding_bag(tg.tensor([[1]]), w, per_sample_weights=tg.ones(1, 1)), ArgumentError, "belong to"),
    (lambda w: nn.Embedding.from_pretrained(w[0]), ShapeError, r"embeddings is a matrix, got \(2,\)"),
])  # fmt: skip
def test_embeddings_name_what_does_not_fit(call, error, said):
    with pytest.raises(error, match=said):
        call(tg.ones(3, 2))


def test_a_sparse_table_has_the_same_gradient_dense():
    w = tg.rand(4, 2, requires_grad=True)
    (F.embedding(tg.tensor([1, 1, 3]), w, sparse=True) ** 2).sum().backward()
    assert w.grad.tolist() == (w * tg.tensor([[0.0], [4.0], [0.0], [2.0]])).tolist()
    assert repr(nn.Embedding(5, 2, sparse=True)) == "Embedding(5, 2, sparse=True)"
    assert nn.EmbeddingBag(3, 2, sparse=True)(tg.tensor([[0, 1]])).shape == (1, 2)
