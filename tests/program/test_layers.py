"""Every layer of ``nn`` as a whole step, written down and run on other values: outputs, gradients and statistics."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.func.transforms import flatten
from tinygrad_bp.program import CaptureError, evaluate
from tinygrad_bp.program.capture import capture

from .replays import SEED, arrays_of

Make = Callable[[], nn.Module]
X, ROWS, IMAGES, STEPS = ((3, 4),), ((3, 4, 5),), ((2, 4, 6, 6),), ((5, 2, 4),)
VOLUMES = ((2, 4, 4, 4, 4),)
LABELS = ("below 4", (3,))  # whole numbers

UNITS = """CELU ELU GELU Hardshrink Hardsigmoid Hardswish Hardtanh Identity LeakyReLU LogSigmoid Mish PReLU RReLU ReLU
    ReLU6 SELU SiLU Sigmoid Softmax Softmin LogSoftmax Softplus Softshrink Softsign Tanh Tanhshrink AlphaDropout Dropout
    GLU"""
LOSSES = """HuberLoss KLDivLoss L1Loss MSELoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss BCEWithLogitsLoss
    HingeEmbeddingLoss MultiLabelSoftMarginLoss"""

LAYERS: dict[str, tuple[Make, tuple[Any, ...]]] = {
    **{name: (getattr(nn, name), X) for name in UNITS.split()},
    **{name: (getattr(nn, name), IMAGES) for name in ["Softmax2d", "Dropout2d", "FeatureAlphaDropout", "Flatten"]},
    **{name: (getattr(nn, name), ROWS) for name in ("Dropout1d",)}, "Dropout3d": (nn.Dropout3d, VOLUMES),
    **{f"{kind}{n}d": (lambda kind=kind, n=n: getattr(nn, f"{kind}{n}d")(2), shape)
       for kind in ("AvgPool", "MaxPool", "AdaptiveAvgPool", "AdaptiveMaxPool", "ReflectionPad", "ReplicationPad",
                    "ZeroPad", "CircularPad") for n, shape in ((1, ROWS), (2, IMAGES), (3, VOLUMES))},
    **{f"ConstantPad{n}d": (lambda n=n: getattr(nn, f"ConstantPad{n}d")(1, 0.5), shape)
       for n, shape in ((1, ROWS), (2, IMAGES), (3, VOLUMES))},
    **{f"LPPool{n}d": (lambda n=n: getattr(nn, f"LPPool{n}d")(2, 2), shape)
       for n, shape in ((1, ROWS), (2, IMAGES), (3, VOLUMES))},
    **{f"{kind}{n}d": (lambda kind=kind, n=n: getattr(nn, f"{kind}{n}d")(4, 3, 2), shape)
       for kind in ("Conv", "ConvTranspose") for n, shape in ((1, ROWS), (2, IMAGES), (3, VOLUMES))},
    "SyncBatchNorm": (lambda: nn.SyncBatchNorm(4), ((5, 4, 3),)),
    **{f"BatchNorm{n}d": (lambda n=n: getattr(nn, f"BatchNorm{n}d")(4), shape)
       for n, shape in ((1, ROWS), (2, IMAGES), (3, VOLUMES))},
    **{f"InstanceNorm{n}d": (lambda n=n: getattr(nn, f"InstanceNorm{n}d")(4, affine=True, track_running_stats=True),
                             shape) for n, shape in ((1, ROWS), (2, IMAGES), (3, VOLUMES))},
    **{name: (lambda name=name: getattr(nn, name)(4, 3), STEPS) for name in ("RNN", "LSTM", "GRU")},
    **{name: (lambda name=name: getattr(nn, name)(4, 3), X) for name in ("RNNCell", "LSTMCell", "GRUCell")},
    "Linear": (lambda: nn.Linear(4, 2), X), "Bilinear": (lambda: nn.Bilinear(4, 4, 2), (X[0], X[0])),
    "LayerNorm": (lambda: nn.LayerNorm(4), X), "RMSNorm": (lambda: nn.RMSNorm(4), X),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), ROWS), "LocalResponseNorm": (lambda: nn.LocalResponseNorm(2), IMAGES),
    "Threshold": (lambda: nn.Threshold(0.1, 2.0), X),
    "Unflatten": (lambda: nn.Unflatten(1, (2, 2)), X), "ChannelShuffle": (lambda: nn.ChannelShuffle(2), IMAGES),
    "PixelShuffle": (lambda: nn.PixelShuffle(2), IMAGES), "PixelUnshuffle": (lambda: nn.PixelUnshuffle(2), IMAGES),
    "Upsample": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), IMAGES), "Fold": (
        lambda: nn.Fold(3, 2), ((2, 8, 4),)), "Unfold": (lambda: nn.Unfold(2), IMAGES),
    "UpsamplingNearest2d": (lambda: nn.UpsamplingNearest2d(scale_factor=2), IMAGES),
    "UpsamplingBilinear2d": (lambda: nn.UpsamplingBilinear2d(scale_factor=2), IMAGES),
    "Embedding": (lambda: nn.Embedding(4, 3, max_norm=1.0, padding_idx=1), (LABELS,)),
    "EmbeddingBag": (lambda: nn.EmbeddingBag(4, 3), (("below 4", (3, 2)),)),
    "MultiheadAttention": (lambda: nn.MultiheadAttention(4, 2, dropout=0.2), STEPS * 3),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(4, 2, 8), STEPS),
    "TransformerDecoderLayer": (lambda: nn.TransformerDecoderLayer(4, 2, 8), STEPS * 2),
    "TransformerEncoder": (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 2), STEPS),
    "TransformerDecoder": (lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8), 1), STEPS * 2),
    "Transformer": (lambda: nn.Transformer(4, 2, 1, 1, 8), STEPS * 2),
    "Sequential": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), X),
    "CosineSimilarity": (nn.CosineSimilarity, X * 2), "PairwiseDistance": (nn.PairwiseDistance, X * 2),
    "spectral norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3)), X),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), X),
    **{name: (getattr(nn, name), X * 2) for name in LOSSES.split()},
    **{name: (getattr(nn, name), (X[0], LABELS)) for name in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss")},
    "BCELoss": (lambda: nn.BCELoss(), (("share", (3, 4)), ("share", (3, 4)))),
    "GaussianNLLLoss": (lambda: nn.GaussianNLLLoss(), (*X * 2, ("share", (3, 4)))),
    "MarginRankingLoss": (lambda: nn.MarginRankingLoss(), X * 3),
    "TripletMarginLoss": (lambda: nn.TripletMarginLoss(), X * 3),
    "TripletMarginWithDistanceLoss": (lambda: nn.TripletMarginWithDistanceLoss(), X * 3),
    "CosineEmbeddingLoss": (lambda: nn.CosineEmbeddingLoss(), (*X * 2, LABELS)),
    "MultiLabelMarginLoss": (lambda: nn.MultiLabelMarginLoss(), (X[0], ("below 4", (3, 4)))),
    "FractionalMaxPool2d": (lambda: nn.FractionalMaxPool2d(2, 3), IMAGES),
    "FractionalMaxPool3d": (lambda: nn.FractionalMaxPool3d(2, 2), VOLUMES),
}  # fmt: skip
# Shapes depend on values: refused by a sentence.
REFUSED: dict[str, tuple[Make, tuple[Any, ...]]] = {
    "AdaptiveLogSoftmaxWithLoss": (lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 4, [2]), (X[0], LABELS)),
}  # fmt: skip
# Containers and bases; those that take what other layers gave; lazy ones, which become the others.
ELSEWHERE = {"Module", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "Container", "RNNBase",
             "RNNCellBase", "CTCLoss", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "NLLLoss2d",
             "LinearCrossEntropyLoss"}  # fmt: skip


def drawn(shape: Any, rng: np.random.Generator) -> Any:
    kind, sizes = shape if isinstance(shape[0], str) else ("", shape)
    if kind.startswith("below"):
        return tg.tensor(rng.integers(0, int(kind.split()[1]), sizes))
    numbers = rng.uniform(0.1, 0.9, sizes) if kind else rng.standard_normal(sizes)
    return tg.tensor(numbers.astype(np.float32))


def step_of(module: nn.Module) -> Any:
    """A whole step: forward, backward, and what it leaves in buffers."""

    def step(*given: Any) -> Any:
        module.zero_grad()
        result = module(*given)
        recorded = [x for x in flatten(result)[0] if isinstance(x, tg.Tensor) and x.requires_grad]
        if recorded:
            sum((x * x).sum() for x in recorded).backward()
        return result, [p.grad for p in module.parameters()]

    return step


def differs(make: Make, shapes: tuple[Any, ...]) -> str:
    """Where a run of the written step differs from Python's step, or ""."""
    tg.manual_seed(0)
    module = make()
    step, calls = step_of(module), [[drawn(s, np.random.default_rng(i)) for s in shapes] for i in range(2)]
    state = {name: t.clone() for name, t in module.state_dict().items()}
    tg.manual_seed(SEED)
    captured, _ = capture(step, (tuple(calls[0]), {}))
    for number, given in enumerate(calls):
        module.load_state_dict(state)
        inputs = [given[s] if isinstance(s, int) else s() for s in captured.sources]
        tg.manual_seed(SEED)
        found, written = evaluate(captured.program, [np.array(x.detach().numpy()) for x in inputs])
        tg.manual_seed(SEED)
        wanted = arrays_of(step(*given))
        places = [captured.sources[captured.program.inputs.index(place)] for place in captured.program.writes]
        after = [np.array(place().detach().numpy()) for place in places]  # type: ignore[operator]
        for place, (one, other) in enumerate(zip([*found[: len(wanted)], *written], [*wanted, *after], strict=True)):
            if not np.array_equal(one, other, equal_nan=other.dtype.kind == "f") or one.dtype != other.dtype:
                return f"run {number}, result {place}: {one}, not {other}"
        names = {name for name, t in module.named_buffers() if not np.array_equal(t.numpy(), state[name].numpy())}
        moved = {name for name, t in module.named_buffers() for p in places if p() is t}  # type: ignore[operator]
        if names - moved:
            return f"run {number}: {sorted(names - moved)} moved, and the program does not write it"
    return ""


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer(name: str) -> None:
    assert not differs(*LAYERS[name])


@pytest.mark.parametrize("name", REFUSED)
def test_layers_that_no_program_holds(name: str) -> None:
    with pytest.raises(CaptureError, match="while a program is written down"):
        differs(*REFUSED[name])


def test_every_layer_is_here() -> None:
    public = {
        name
        for name, kind in vars(nn).items()
        if inspect.isclass(kind) and issubclass(kind, nn.Module) and name[0] != "_"
    }
    lazy = {name for name in public if name.startswith("Lazy")}
    assert public - lazy - ELSEWHERE - set(LAYERS) - set(REFUSED) == set()


def test_a_layer_that_freezes_is_found() -> None:
    class Frozen(nn.Linear):
        def forward(self, input: Any) -> Any:
            return super().forward(input) * tg.from_numpy(np.array(input._value > 0))[:, :2]

    assert "run 1" in differs(lambda: Frozen(4, 2), X)
