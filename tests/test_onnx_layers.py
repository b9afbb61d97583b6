"""Every exported layer in ONNX, run by onnxruntime: at its own size, and with its batch left free at others."""

from __future__ import annotations

import inspect
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_runs import assert_same, exported, run, session
from program.test_layers import ELSEWHERE, LAYERS, REFUSED, STEPS, drawn

import tinygrad_bp as tg
from tinygrad_bp import nn

# Layers that cannot be exported, and what says so.
NOT = {
    "FractionalMaxPool2d": "draws random numbers", "FractionalMaxPool3d": "draws random numbers",
    "AdaptiveLogSoftmaxWithLoss": "while a program is written down",
}  # fmt: skip
SETTINGS = {"Embedding": (lambda: nn.Embedding(4, 3, padding_idx=1), LAYERS["Embedding"][1])}  # max_norm writes
MORE = {
    "LinearCrossEntropyLoss": (lambda: nn.LinearCrossEntropyLoss(4, 4), LAYERS["CrossEntropyLoss"][1]),
    "NLLLoss of images": (nn.NLLLoss, ((2, 4, 3, 3), ("below 4", (2, 3, 3)))),
    "EmbeddingBag sum": (lambda: nn.EmbeddingBag(4, 3, mode="sum"), (("below 4", (3, 2)),)),
    "EmbeddingBag max": (lambda: nn.EmbeddingBag(4, 3, mode="max"), (("below 4", (3, 2)),)),
    "LSTM of two layers": (lambda: nn.LSTM(4, 3, 2, bidirectional=True, batch_first=True), ((3, 5, 4),)),
    "LSTM with projections": (lambda: nn.LSTM(4, 3, proj_size=2), STEPS),
    "GRU both ways": (lambda: nn.GRU(4, 3, bidirectional=True), STEPS),
    "RNN with relu": (lambda: nn.RNN(4, 3, nonlinearity="relu"), STEPS),
    "MaxPool2d with places": (lambda: nn.MaxPool2d(3, 2, 1, return_indices=True), ((2, 4, 6, 6),)),
    "MaxPool2d ceil": (lambda: nn.MaxPool2d(3, 2, ceil_mode=True), ((2, 4, 6, 6),)),
    "AvgPool2d padded": (lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False), ((2, 4, 6, 6),)),
    "AdaptiveMaxPool2d of uneven windows": (lambda: nn.AdaptiveMaxPool2d(4), ((2, 4, 6, 6),)),
    "Conv2d in groups": (lambda: nn.Conv2d(4, 6, 3, 2, "valid", 2, groups=2, bias=False), ((2, 4, 6, 6),)),
    "Conv2d around": (lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="circular"), ((2, 4, 6, 6),)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(4, 2, 3, 2, 1, 1, groups=2), ((2, 4, 3, 3),)),
    "Upsample bicubic": (lambda: nn.Upsample((5, 4), mode="bicubic"), ((1, 1, 3, 3),)),
    "BatchNorm2d without statistics": (lambda: nn.BatchNorm2d(4, track_running_stats=False), ((2, 4, 3, 3),)),
    "MaxUnpool2d": (lambda: _Unpooled(), ((2, 4, 6, 6),)),
}  # fmt: skip
ALL = {name: made for name, made in {**LAYERS, **SETTINGS, **MORE}.items() if name not in NOT}


class _Unpooled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)

    def forward(self, x: tg.Tensor) -> Any:
        return self.unpool(*self.pool(x))


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def made(name: str, table: Any = ALL) -> tuple[nn.Module, list[Any], Any]:
    tg.manual_seed(0)
    make, shapes = table[name]
    return make(), [drawn(shape, np.random.default_rng(0)) for shape in shapes], shapes


@pytest.mark.parametrize("name", ALL)
def test_a_layer_in_onnx_is_the_layer(name: str) -> None:
    module, given, shapes = made(name)
    axis = 1 if shapes[0] == STEPS[0] else 0  # where the batch is
    plain = exported(module, *given)
    free = exported(module, *given, dynamic_axes={i.name: {axis: "batch"} for i in plain.graph.input})
    assert all(i.type.tensor_type.shape.dim[axis].dim_param == "batch" for i in free.graph.input)
    stored = {array.name for array in plain.graph.initializer if not array.name.startswith("constant_")}
    assert {name for name, _ in module.named_parameters()} <= stored <= {*module.state_dict()}
    module.eval()
    assert_same(module(*given), run(session(plain), given))
    in_session = session(free)
    for rows in (1, 6):
        other = [tg.tensor(np.take(x.numpy(), np.arange(rows) % x.shape[axis], axis)) for x in given]
        assert_same(module(*other), run(in_session, other))


def test_every_layer_is_here() -> None:
    public = {n for n, v in vars(nn).items() if inspect.isclass(v) and issubclass(v, nn.Module) and n[0] != "_"}
    lazy = {name for name in public if name.startswith("Lazy")}
    assert public - lazy - ELSEWHERE <= {*ALL, *NOT}


def test_the_page_names_what_is_not_exported() -> None:
    page = (Path(__file__).parent.parent / "docs" / "onnx.md").read_text(encoding="utf-8")
    said = page.partition("Not exported among the layers: ")[2].partition("onnxruntime's CPU")[0]
    named = {name for name in re.findall(r"`(\w+)`", said) if hasattr(nn, name)}
    assert named == {*NOT, "CTCLoss", "Embedding"}  # of the last two some calls alone


@pytest.mark.parametrize("name", ["FractionalMaxPool2d", "AdaptiveLogSoftmaxWithLoss"])
def test_what_cannot_be_exported_says_so(name: str) -> None:
    module, given, _ = made(name, {**LAYERS, **REFUSED})
    with pytest.raises(tg.AutogradError, match=NOT[name]):
        exported(module, *given)


def test_ctc_says_so() -> None:
    """Labels as rows are read in every run. Of labels one after the other the lengths would say how many a row has."""
    args = tg.randn(6, 2, 4), tg.tensor([1, 2, 2, 3, 1]), tg.tensor([6, 5]), tg.tensor([3, 2])
    with pytest.raises(tg.autograd.errors.CaptureError, match=r"ctc_loss\(\)"):
        exported(nn.CTCLoss(), *args)


@pytest.mark.parametrize(
    "settings", [{}, {"reduction": "none", "blank": 3}, {"reduction": "sum", "zero_infinity": True}]
)
def test_ctc_at_other_labels_lengths_and_numbers_of_rows(settings: dict[str, Any]) -> None:
    layer = nn.CTCLoss(**settings)
    args = tg.randn(6, 2, 4), tg.tensor([[1, 2, 2], [2, 1, 0]]), tg.tensor([6, 5]), tg.tensor([3, 2])
    free = {"x": {1: "rows"}, **{name: {0: "rows"} for name in ("labels", "steps", "counts")}}
    model = session(exported(layer, *args, input_names=["x", "labels", "steps", "counts"], dynamic_axes=free))
    scores, labels = tg.randn(6, 3, 4), tg.tensor([[1, 1, 2], [0, 2, 1], [2, 2, 2]])
    for steps, counts in (([5, 6, 1], [3, 2, 1]), ([4, 1, 0], [2, 3, 0])):
        given = scores, labels, tg.tensor(steps), tg.tensor(counts)
        assert_same(layer(*given), run(model, given))


def test_a_lazy_layer_is_called_first() -> None:
    layer = nn.LazyLinear(2)
    with pytest.raises(tg.autograd.errors.ArgumentError, match="weight has no size yet"):
        exported(layer, tg.ones(1, 3))
    layer(tg.ones(1, 3))
    assert_same(layer(tg.ones(1, 3)), run(session(exported(layer, tg.ones(1, 3))), [tg.ones(1, 3)]))
