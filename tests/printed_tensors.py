"""Arrays, options and expressions whose printed text is compared with PyTorch's."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

FLOATS = ("float32", "float32", "float32", "float64", "float16")
DTYPES = (*FLOATS, "int64", "int32", "int16", "int8", "uint8", "bool", "complex64", "complex128")
SPECIAL = (math.nan, math.inf, -math.inf, 0.0, -0.0)

# T is the module. What no drawing is sure to meet.
EXPRESSIONS = (
    "T.tensor(0.5)", "T.tensor(2.0)", "T.tensor(-0.0)", "T.tensor(3)", "T.tensor(True)", "T.tensor(1e-5)",
    "T.tensor(1e9)", "T.tensor(123456789.0)", "T.tensor(1+2j)", "T.tensor(float('nan'))", "T.tensor(-float('inf'))",
    "T.tensor(0.5, dtype=T.float64)", "T.tensor(3, dtype=T.uint8)", "T.tensor([])", "T.zeros(0, 3)",
    "T.zeros(0, dtype=T.int64)", "T.zeros(2, 0, dtype=T.bool)", "T.zeros(0, dtype=T.complex64)",
    "T.zeros(0, requires_grad=True)", "T.tensor([True, False])", "T.zeros(3)", "T.tensor([-0.0, 0.0])",
    "T.tensor([0.0, float('nan')])", "T.tensor([1.0, float('inf')])", "T.tensor([1.5, float('-inf'), 1e6])",
    "T.tensor([1e-8, 1.0])", "T.tensor([1000.0, 1.0])", "T.tensor([1001.0, 1.0])", "T.tensor([1e8])",
    "T.tensor([1e8 + 8])", "T.tensor([99999999.0, 0.5])", "T.tensor([0.0001])", "T.tensor([0.00009])",
    "T.tensor([65504.0, 6e-8], dtype=T.float16)", "T.tensor([1e308, 1e-308], dtype=T.float64)",
    "T.tensor([1e-45, 3e38])", "T.tensor([2**62, -1])", "T.tensor([255, 0], dtype=T.uint8)",
    "T.tensor([1.5+0j, -2.25-1e-7j])", "T.tensor([complex('nan+infj'), -0.0-0.0j])", "T.arange(1000)",
    "T.arange(1001)", "T.arange(1001.0) / 7", "T.arange(2000.0).reshape(2, 1000)", "T.zeros(40, 40)",
    "T.arange(2160.0).reshape(3, 8, 9, 10)", "T.ones(30)", "T.ones(2, 3, requires_grad=True)",
    "T.ones(30, dtype=T.float64, requires_grad=True)", "T.nn.Parameter(T.tensor([[1.5, 2.0]]))",
    "T.nn.Parameter(T.tensor(1.5), requires_grad=False)", "[T.tensor([1.0]), {'a': T.tensor(2)}]",
    "T.nn.Linear(2, 1).state_dict().keys()", "f'{T.tensor(2.5)}'", "f'{T.tensor(3)}'", "f'{T.tensor(True)}'",
    "f'{T.tensor(0.1)}'", "f'{T.tensor(3.14159):.2f}'", "f'{T.tensor(7):>5}'", "f'{T.tensor([1.0, 2.0])}'",
    "f'{T.tensor(0.5, requires_grad=True):8.3e}'", "f'{T.nn.Parameter(T.tensor(1.5))}'",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]]).max(1)",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]]).min(0)",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]]).sort()",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]]).topk(1)",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]]).median(0)",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]]).nanmedian(1)",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]]).mode()",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]]).kthvalue(1)",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]]).cummax(0)",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]]).cummin(1)",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]]).aminmax()",
    "T.tensor([[1.0, 5.0], [7.0, 2.0]])[0].max(0)",
    "T.frexp(T.eye(2))",
    "T.linalg.slogdet(T.eye(2))",
    "T.slogdet(T.eye(2))",
    "T.eye(1).slogdet()",
    "T.qr(-T.eye(1))",
    "T.linalg.qr(-T.eye(1))",
    "T.lu_unpack(*T.linalg.lu_factor(T.eye(2)))",
    "T.linalg.ldl_factor(T.eye(2))",
    "T.linalg.ldl_factor_ex(T.eye(2))",
    "T.histogram(T.ones(3), 2)",
    "T.histogramdd(T.ones(3, 2), 2)",
    "T.linalg.eigh(T.eye(2))",
    "T.linalg.eig(T.eye(2))",
    "T.linalg.svd(T.eye(2))",
    "T.linalg.lu(T.eye(2))",
    "T.linalg.lu_factor(T.eye(2))",
    "T.linalg.inv_ex(T.eye(2))",
    "T.linalg.cholesky_ex(T.eye(2))",
    "T.nn.ReLU().load_state_dict({})",
    "T.nn.ReLU().load_state_dict({'a': 1}, strict=False)",
    "T.nn.Sequential(T.nn.Linear(2, 3), T.nn.ReLU(), T.nn.Sequential(T.nn.Dropout(0.5), T.nn.BatchNorm1d(3)))",
    "T.nn.ModuleList()",
    "T.nn.ModuleDict({'a': T.nn.Linear(1, 1), 'b': T.nn.ReLU()})",
    "T.nn.Sequential()",
    "T.nn.Conv2d(1, 2, 3, padding=1, bias=False)",
    "T.nn.Embedding(3, 4)",
    "T.nn.LSTM(3, 4, 2, batch_first=True)",
    "T.nn.CrossEntropyLoss()",
    "T.nn.MaxPool2d(2)",
    "T.nn.LayerNorm(3)",
    "T.zeros(2, 3).shape",
    "T.zeros(()).size()",
    "T.zeros(2, 3, 4).shape[1:]",
    "(5, *T.zeros(2, 3).shape)",
    "T.zeros(2, 3).shape + (1,)",
    "(1,) + T.zeros(2, 3).shape",
    "2 * T.Size([2, 3])",
    "f'{T.zeros(2, 3).shape} {T.zeros(2, 3).shape[0]} {T.zeros(2, 3).size(1)}'",
    "T.Size([])",
    "T.nn.LeakyReLU(0.2, inplace=True)",
    "T.nn.Softshrink(0.3)",
    "T.nn.Hardshrink()",
    "T.nn.ModuleList([T.nn.Linear(2, 2) for _ in range(3)])",
    "T.nn.ModuleList([T.nn.ReLU(), T.nn.ReLU(), T.nn.Tanh()])",
    "T.nn.ParameterList([T.nn.Parameter(T.zeros(2)), T.nn.Parameter(T.zeros(2, 3))])",
    "T.nn.ParameterDict({'w': T.nn.Parameter(T.zeros(2, 3)), 'b': 1})",
    "T.nn.MultiheadAttention(4, 2)",
    "T.nn.Buffer(T.zeros(2))",
    "T.histogram(T.ones(2), 2)",
    "T.svd(T.eye(2))",
    "T.geqrf(T.eye(1))",
    "T.optim.SGD([T.nn.Parameter(T.zeros(1))], lr=0.1)",
    "T.optim.Adam([{'params': [T.nn.Parameter(T.zeros(1))], 'lr': 0.5}, {'params': [T.nn.Parameter(T.zeros(2))]}])",
    "T.optim.LBFGS([T.nn.Parameter(T.zeros(1))])",
    "'%s' % T.tensor([0.5])", "str(T.tensor([0.5]))", "'{}'.format(T.tensor(0.5))",
)  # fmt: skip

# What made it: x is (3, 4), v (4,), b (2, 3, 4), i an image (1, 2, 8, 8), all of which want gradients; k integers (3,).
CALLS = (
    "x + 1", "x - x", "x * 2", "x / 2", "-x", "x ** 2", "x ** x", "x.square()", "x.exp()", "x.log()", "x.log1p()",
    "x.sqrt()", "x.abs()", "x.tanh()", "x.sigmoid()", "x.relu()", "x.sum()", "x.sum(0)", "x.mean()", "x.mean((0, 1))",
    "x.prod()", "x.prod(0)", "x.max()", "x.min()", "x.amax(0)", "x.var()", "x.std(0)", "x.norm()", "x.logsumexp(0)",
    "x[0]", "x[0:2]", "x[:, 1]", "x[..., 0]", "x[None]", "x[[0, 1]]", "x[x > 0.5]", "x[0, 1]", "x[0, :]", "x[:, :2]",
    "x[0:2, None]", "x[k]", "x.view(4, 3)", "x.reshape(12)", "b.flatten(1)", "x.transpose(0, 1)", "b.permute(2, 0, 1)",
    "x.expand(2, 3, 4)", "x @ x.T", "x @ v", "v @ v", "b @ x.T", "x.clone()", "x.clamp(0, 1)", "x.double()",
    "T.cat([x, x])", "T.stack([x, x])", "T.where(x > 0.5, x, 0)", "T.maximum(x, x)", "x.cumsum(0)", "x.tril()",
    "x.flip(0)", "x.diagonal()", "x.erf()", "x.floor()", "x[:, :3].inverse()",
    "T.linalg.det(x[:, :3])", "T.fft.rfft(x)", "F.linear(x, x, v[:3])", "F.linear(b, x, v[:3])", "F.softmax(x, 1)",
    "F.log_softmax(x, 1)", "F.cross_entropy(x, k)", "F.mse_loss(x, x * 2)", "F.l1_loss(x, x * 2)",
    "F.huber_loss(x, x * 2)",
    "F.binary_cross_entropy(x, x.detach())", "F.binary_cross_entropy_with_logits(x, x.detach())", "F.gelu(x)",
    "F.silu(x)", "F.softplus(x)", "F.leaky_relu(x)", "F.elu(x)", "F.hardtanh(x)", "F.logsigmoid(x)",
    "F.dropout(x, 0.5)",
    "F.conv2d(i, i)", "F.embedding(k, x)", "F.layer_norm(x, (4,))",
    "F.batch_norm(i, None, None, training=True)",
)  # fmt: skip


def recorded(call: str, module: Any) -> str:
    """The part of a call's text that says what made it."""
    F = module.nn.functional
    leaf = {"dtype": module.float32, "requires_grad": True}
    around = {
        "T": module,
        "F": F,
        "x": module.tensor([[0.1, 0.2, 0.3, 0.4], [0.6, 0.5, 0.8, 0.9], [0.3, 0.9, 0.2, 0.7]], **leaf),
        "v": module.tensor([0.1, 0.2, 0.3, 0.4], **leaf),
        "b": module.full((2, 3, 4), 0.5, **leaf),
        "i": module.full((1, 2, 8, 8), 0.5, **leaf),
        "k": module.tensor([0, 1, 2]),
    }
    return repr(eval(call, around)).rpartition("grad_fn=")[2]


def drawn(count: int) -> Iterator[tuple[Any, dict[str, Any], bool]]:
    """Arrays of every dtype, shape and range, options to print them with, and whether they require grad.

    Python's own ``random()`` is the same on every version.
    """
    draw = random.Random(0)
    for _ in range(count):
        dtype = draw.choice(DTYPES)
        ndim = draw.randrange(5)
        most = (1, 1500, 60, 14, 8)[ndim] if draw.random() < 0.1 else 7
        least = 0 if draw.random() < 0.1 else 1
        shape = tuple(draw.randint(least, most) for _ in range(ndim))
        options: dict[str, Any] = {}
        if draw.random() < 0.3:
            options = {
                "precision": draw.randrange(8),
                "threshold": draw.choice((0, 5, 50, 1000)),
                "edgeitems": draw.randrange(5),
                "linewidth": draw.choice((1, 20, 40, 80, 120)),
                "sci_mode": draw.choice((None, True, False)),
            }
        array = _array(draw, shape, dtype)
        yield array, options, array.dtype.kind in "fc" and draw.random() < 0.3


def _array(draw: random.Random, shape: tuple[int, ...], dtype: str) -> Any:
    size = math.prod(shape)
    if dtype == "bool":
        values: list[Any] = [draw.random() < 0.5 for _ in range(size)]
    elif "int" in dtype:
        high = 10 ** draw.randint(1, 15 if dtype == "int64" else 2)
        values = [int((draw.random() - (0 if dtype == "uint8" else 0.5)) * high) for _ in range(size)]
    elif dtype.startswith("complex"):
        values = [complex(a, b) for a, b in zip(_reals(draw, size), _reals(draw, size))]
    else:
        values = _reals(draw, size)
    with np.errstate(over="ignore"):
        return np.array(values).reshape(shape).astype(dtype)


def _reals(draw: random.Random, size: int) -> list[float]:
    values = [6 * draw.random() - 3 for _ in range(size)]
    kind, power = draw.randrange(6), draw.randint(-9, 11)
    if kind == 0:
        return [float(round(value * 10 ** abs(power))) for value in values]
    if kind == 1:
        return [value * 10.0**power for value in values]
    if kind == 2:
        return [value * 10.0 ** (12 * draw.random() - 6) for value in values]
    if kind == 3:
        return [draw.choice(SPECIAL) if draw.random() < 0.4 else value for value in values]
    return [round(value, 2) for value in values] if kind == 4 else values
