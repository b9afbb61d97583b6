"""Writes layers.json: first values, reprs, outputs and gradients of PyTorch's layers for images, sequences and tables.

Run by hand, needs torch: python tests/golden/make_layers.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from make import case, numbers, write
from torch import nn

INITIAL = [
    "Conv1d(2, 3, 3)", "Conv2d(2, 4, (2, 3), groups=2)", "Conv2d(1, 2, 2, bias=False)", "Conv3d(1, 2, 2)",
    "ConvTranspose1d(2, 3, 2)", "ConvTranspose2d(2, 4, 2, groups=2)", "ConvTranspose3d(2, 1, 2)", "Embedding(5, 3)",
    "Embedding(4, 2, padding_idx=1)", "EmbeddingBag(4, 3)", "Bilinear(2, 3, 2)", "Bilinear(3, 2, 1, bias=False)",
    "MultiheadAttention(4, 2)", "MultiheadAttention(4, 1, bias=False, add_bias_kv=True)",
    "MultiheadAttention(4, 2, kdim=3, vdim=2)", "BatchNorm2d(2)", "GroupNorm(1, 2)", "RMSNorm(3)",
    "InstanceNorm1d(2, affine=True)", "TransformerEncoderLayer(4, 2, 5)", "TransformerDecoderLayer(2, 1, 3)",
    "Transformer(4, 2, 1, 1, 3)", "AdaptiveLogSoftmaxWithLoss(8, 6, [2, 4], div_value=2.0)",
]  # fmt: skip

# Layers whose results are compared, and the shape of their input.
LAYERS = {
    "Conv1d(2, 3, 3, stride=2, padding=1)": (2, 2, 6), "Conv2d(2, 4, 3, padding='same', groups=2)": (2, 2, 4, 4),
    "Conv2d(1, 2, (2, 3), stride=(1, 2), dilation=(2, 1))": (1, 5, 6), "Conv3d(1, 1, 2)": (1, 1, 3, 3, 2),
    "Conv2d(1, 1, 3, padding=1, padding_mode='circular')": (1, 1, 3, 4),
    "Conv1d(1, 1, 3, padding=2, padding_mode='reflect')": (1, 1, 4),
    "ConvTranspose2d(2, 2, 3, stride=2, padding=1, output_padding=1)": (1, 2, 2, 3),
    "ConvTranspose1d(2, 4, 2, groups=2, dilation=2)": (1, 2, 3),
    "MaxPool2d(2)": (1, 2, 4, 5), "MaxPool2d(3, stride=2, padding=1, ceil_mode=True)": (1, 1, 4, 5),
    "MaxPool1d(2, stride=1, dilation=2)": (1, 2, 5), "AvgPool2d(2, padding=1, count_include_pad=False)": (1, 1, 3, 4),
    "AvgPool1d(3, stride=2, ceil_mode=True)": (1, 2, 6), "AdaptiveAvgPool2d((2, None))": (1, 1, 3, 4),
    "AdaptiveMaxPool2d(2)": (1, 1, 3, 5), "LPPool1d(2, 2)": (1, 1, 4),
    "Unfold(2, padding=1)": (1, 1, 2, 3), "Fold((3, 3), 2)": (1, 4, 4), "GroupNorm(2, 4)": (2, 4, 2),
    "InstanceNorm2d(2, affine=True)": (2, 2, 2, 3), "RMSNorm(3, eps=0.1)": (2, 3),
    "LocalResponseNorm(3, alpha=0.5)": (1, 4, 2), "BatchNorm2d(2)": (3, 2, 2, 2),
    "Upsample(scale_factor=2, mode='bilinear')": (1, 1, 2, 3), "Upsample((5, 4), mode='bicubic')": (1, 1, 3, 3),
    "Upsample(scale_factor=1.5)": (1, 1, 4), "Unflatten(1, (2, 2))": (1, 4),
    "ReflectionPad2d((1, 0, 2, 1))": (1, 1, 3, 3), "ConstantPad1d((1, 2), 3.5)": (1, 1, 3), "ZeroPad2d(1)": (1, 1, 2),
    "TransformerEncoderLayer(4, 2, 5, dropout=0.0)": (3, 2, 4),
    "TransformerEncoderLayer(4, 2, 5, 0.0, 'gelu', batch_first=True, norm_first=True, bias=False)": (1, 3, 4),
    "TransformerEncoder(nn.TransformerEncoderLayer(2, 1, 3, dropout=0.0), 2, nn.LayerNorm(2))": (3, 1, 2),
    "CircularPad1d(2)": (1, 1, 3), "ReplicationPad3d(1)": (1, 1, 1, 2, 2), "PixelShuffle(2)": (1, 4, 1, 2),
}  # fmt: skip

REPRS = [
    "Conv2d(2, 4, 3, padding='same', groups=2, bias=False)", "Conv1d(1, 1, 3, padding=2, padding_mode='reflect')",
    "ConvTranspose2d(2, 2, 3, stride=2, output_padding=1, dilation=2)", "Embedding(4, 2, padding_idx=-1, max_norm=1.0)",
    "EmbeddingBag(4, 3, mode='sum')", "Dropout2d(0.2)", "AlphaDropout()", "FeatureAlphaDropout()", "Bilinear(2, 3, 2)",
    "MaxUnpool2d(2)", "AdaptiveMaxPool1d(3)", "ConstantPad2d(1, 2.0)", "InstanceNorm1d(3)", "BatchNorm3d(2)",
    "ModuleDict({'a': nn.Linear(1, 2), 'b': nn.ReLU()})", "ModuleList([nn.ReLU(), nn.ReLU(), nn.Linear(1, 1)])",
    "Transformer(4, 2, 2, 1, 8)", "FractionalMaxPool2d(2, output_size=3)", "LazyConv2d(3, 2)", "LazyBatchNorm1d()",
    "ParameterList([nn.Parameter(nn.init.zeros_(nn.Linear(2, 3).weight.detach()))])",
    "UpsamplingBilinear2d(scale_factor=2)",
]  # fmt: skip


def made(text: str) -> Any:
    return eval(f"nn.{text}", {"nn": nn})


def initial() -> list[dict[str, Any]]:
    cases = []
    for text in INITIAL:
        torch.manual_seed(0)
        state = {name: numbers(value) for name, value in made(text).state_dict().items()}
        cases.append({"module": text, "state": state, "next": torch.rand(1).item()})
    return cases


def results() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    cases = []
    for text, shape in LAYERS.items():
        layer = made(text).double()
        for parameter in layer.parameters():
            parameter.data = torch.tensor(rng.standard_normal(parameter.shape).round(3))
        cases.append(case(text, layer, rng.standard_normal(shape).round(3), None, rng))
    return cases


def attention() -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    layer = nn.MultiheadAttention(4, 2).double()
    for parameter in layer.parameters():
        parameter.data = torch.tensor(rng.standard_normal(parameter.shape).round(2))
    x, y = rng.standard_normal((3, 2, 4)).round(3), rng.standard_normal((5, 2, 4)).round(3)
    late = np.arange(5) > np.arange(3)[:, None] + 2
    hidden = np.array([[False] * 5, [True, False, False, False, True]])
    cases = []
    for masks in (
        {},
        {"attn_mask": late},
        {"key_padding_mask": hidden},
        {"attn_mask": late, "key_padding_mask": hidden},
    ):
        leaf = torch.tensor(x, requires_grad=True)
        given = {name: torch.tensor(mask) for name, mask in masks.items()}
        out, weights = layer(leaf, torch.tensor(y), torch.tensor(y), **given)
        (dx,) = torch.autograd.grad(out.square().sum(), leaf)
        cases.append({"masks": {name: mask.tolist() for name, mask in masks.items()}, "out": numbers(out),
                      "weights": numbers(weights), "dx": numbers(dx)})  # fmt: skip
    state = {name: numbers(value) for name, value in layer.state_dict().items()}
    return [{"x": x.tolist(), "y": y.tolist(), "state": state, "cases": cases}]


def masks() -> list[dict[str, Any]]:
    """What the dropouts make of numbers, and the number that follows in the stream."""
    cases = []
    x = np.linspace(-1, 1, 24).round(3)
    for name, shape in (("dropout1d", (2, 3, 4)), ("dropout2d", (2, 3, 2, 2)), ("dropout3d", (2, 3, 1, 2, 2)),
                        ("alpha_dropout", (4, 6)), ("feature_alpha_dropout", (2, 4, 3))):  # fmt: skip
        for p, dtype in ((0.3, "float32"), (0.5, "float64"), (1.0, "float32")):
            torch.manual_seed(1)
            value = torch.tensor(x.reshape(shape), dtype=getattr(torch, dtype))
            y = getattr(nn.functional, name)(value, p, True)
            cases.append({"name": name, "shape": shape, "p": p, "dtype": dtype, "y": numbers(y),
                          "next": torch.rand(1).item()})  # fmt: skip
    return cases


if __name__ == "__main__":
    found = {"initial": initial(), "results": results(), "attention": attention(), "masks": masks()}
    write("layers.json", {**found, "reprs": [[text, repr(made(text))] for text in REPRS]})
