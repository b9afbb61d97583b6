"""Units and losses as modules: each is its function with its settings, and shows them."""

import inspect
import itertools

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, ShapeError, TargetError

F = nn.functional


def _arguments(kind):
    """The names that a layer's constructor takes."""
    is_layer = inspect.isclass(kind) and issubclass(kind, nn.Module)
    return [*inspect.signature(kind).parameters] if is_layer else []


X = tg.tensor([[1.0, -0.5, 0.25, 4.0], [0.0, 2.0, -1.0, -3.5]], dtype=tg.float64)
T = tg.tensor([[0.5, 0.25, 0.0, 1.0], [2.0, 0.1, 0.4, 0.3]], dtype=tg.float64)

UNITS = {
    "ReLU()": F.relu, "ReLU6()": F.relu6, "ELU(alpha=0.5)": lambda x: F.elu(x, 0.5),
    "CELU(alpha=2.0)": lambda x: F.celu(x, 2.0), "SELU()": F.selu, "SiLU()": F.silu, "Mish()": F.mish,
    "LeakyReLU(negative_slope=0.2)": lambda x: F.leaky_relu(x, 0.2),
    "Hardtanh(min_val=-0.5, max_val=2.0)": lambda x: F.hardtanh(x, -0.5, 2.0), "Hardsigmoid()": F.hardsigmoid,
    "Hardswish()": F.hardswish, "Hardshrink(0.3)": lambda x: F.hardshrink(x, 0.3),
    "Softshrink(0.3)": lambda x: F.softshrink(x, 0.3), "Tanhshrink()": F.tanhshrink, "Softsign()": F.softsign,
    "Threshold(threshold=0.5, value=-2.0)": lambda x: F.threshold(x, 0.5, -2.0), "LogSigmoid()": F.logsigmoid,
    "Softplus(beta=2.0, threshold=5.0)": lambda x: F.softplus(x, 2.0, 5.0), "Sigmoid()": tg.sigmoid, "Tanh()": tg.tanh,
    "GELU(approximate='tanh')": lambda x: F.gelu(x, "tanh"), "GLU(dim=1)": lambda x: F.glu(x, 1),
    "Softmax(dim=1)": lambda x: F.softmax(x, 1), "Softmin(dim=0)": lambda x: F.softmin(x, 0),
    "LogSoftmax(dim=0)": lambda x: F.log_softmax(x, 0),
}  # fmt: skip


@pytest.mark.parametrize("text", UNITS)
def test_a_unit_is_its_function(text):
    unit = eval(f"nn.{text}")
    np.testing.assert_array_equal(unit(X).numpy(), UNITS[text](X).numpy())
    assert repr(unit) == text and not unit.state_dict()


LOSSES = {
    "KLDivLoss(reduction='batchmean', log_target=True)": lambda x, t: F.kl_div(x, t, None, None, "batchmean", True),
    "PoissonNLLLoss(full=True)": lambda x, t: F.poisson_nll_loss(x, t, full=True),
    "GaussianNLLLoss(full=True, reduction='sum')": lambda x, t, v: F.gaussian_nll_loss(x, t, v, True, reduction="sum"),
    "SoftMarginLoss(reduction='none')": lambda x, t: F.soft_margin_loss(x, t, reduction="none"),
    "HingeEmbeddingLoss(0.5)": lambda x, t: F.hinge_embedding_loss(x, t, 0.5),
    "MarginRankingLoss(0.1)": lambda x, y, t: F.margin_ranking_loss(x, y, t, 0.1),
    "MultiMarginLoss(p=2, weight=W)": lambda x, t: F.multi_margin_loss(x, t, 2, weight=np.arange(1.0, 5.0)),
    "MultiLabelMarginLoss()": F.multilabel_margin_loss, "MultiLabelSoftMarginLoss()": F.multilabel_soft_margin_loss,
    "CosineEmbeddingLoss(0.2, reduction='sum')": lambda x, y, t: F.cosine_embedding_loss(x, y, t, 0.2, reduction="sum"),
    "TripletMarginLoss(p=1, swap=True)": lambda a, p, n: F.triplet_margin_loss(a, p, n, p=1, swap=True),
    "TripletMarginWithDistanceLoss(margin=0.5)": lambda a, p, n: F.triplet_margin_loss(a, p, n, 0.5),
    "CosineSimilarity(0)": lambda x, y: F.cosine_similarity(x, y, 0),
    "PairwiseDistance(3, keepdim=True)": lambda x, y: F.pairwise_distance(x, y, 3, keepdim=True),
}  # fmt: skip
OTHERS = {"MarginRankingLoss": (X, T, X.sign()), "MultiMarginLoss": (X, tg.tensor([3, 0])),
          "GaussianNLLLoss": (X, T, T + 1),
          "MultiLabelMarginLoss": (X, tg.tensor([[3, 0, -1, 0], [1, -1, 0, 0]])),
          "CosineEmbeddingLoss": (X, T, tg.tensor([1, -1])), "TripletMarginLoss": (X, T, X + T),
          "TripletMarginWithDistanceLoss": (X, T, X + T)}  # fmt: skip


@pytest.mark.parametrize("text", LOSSES)
def test_a_loss_is_its_function(text):
    loss = eval(f"nn.{text}", {"nn": nn, "W": np.arange(1.0, 5.0)})
    given = OTHERS.get(text.partition("(")[0], (X, T))
    np.testing.assert_array_equal(loss(*given).numpy(), LOSSES[text](*given).numpy())


def test_class_weights_are_in_the_state():
    assert list(nn.MultiMarginLoss(weight=tg.ones(3)).state_dict()) == ["weight"]
    assert nn.MultiLabelSoftMarginLoss(weight=tg.ones(3)).double().weight.dtype == tg.float64


def test_a_reduction_that_does_not_exist_is_named_by_its_module():
    with pytest.raises(ArgumentError, match="PoissonNLLLoss: reduction is 'mean', 'sum' or 'none', got 'avg'"):
        nn.PoissonNLLLoss(reduction="avg")


def test_prelu_learns_its_slope():
    unit = nn.PReLU(2, init=0.5)
    assert repr(unit) == "PReLU(num_parameters=2)" and list(unit.state_dict()) == ["weight"]
    unit(tg.tensor([[-1.0, 2.0], [-3.0, -4.0]])).sum().backward()
    assert unit.weight.grad.tolist() == [-4.0, -4.0]


def test_rrelu_draws_in_training_alone():
    unit, x = nn.RReLU(0.1, 0.3), -tg.ones(100)
    assert len(set(unit(x).tolist())) > 90 and unit.eval()(x).tolist() == (tg.ones(100) * -0.2).tolist()


def test_linear_cross_entropy_has_a_layer_of_its_own():
    loss = nn.LinearCrossEntropyLoss(4, 3, bias=True, label_smoothing=0.1).double()
    scores = X @ loss.linear.weight.T + loss.linear.bias
    wanted = F.cross_entropy(scores, tg.tensor([2, 0]), label_smoothing=0.1)
    assert loss(X, tg.tensor([2, 0])).item() == pytest.approx(wanted.item())


# ---------------------------------------------------------------------- sequences


def read_off(path, blank=0):
    """What a path of classes says: repeats once, blanks not at all."""
    return [label for label, _ in itertools.groupby(path) if label != blank]


def every_path(log_p, labels):
    steps, classes = log_p.shape
    paths = (p for p in itertools.product(range(classes), repeat=steps) if read_off(p) == labels)
    return -np.log(sum(np.exp(sum(log_p[t, c] for t, c in enumerate(p))) for p in paths))


def test_ctc_is_the_sum_over_all_paths():
    scores = tg.tensor(np.random.default_rng(0).standard_normal((5, 4, 3)), requires_grad=True)
    labels, steps = [[1, 2, 1], [1, 1], [2], []], [5, 4, 5, 2]
    log_p, counts = scores.log_softmax(2), [len(row) for row in labels]
    flat, padded = tg.tensor(list(itertools.chain(*labels))), tg.tensor([row + [1] * (3 - len(row)) for row in labels])
    wanted = [
        every_path(log_p.detach().numpy()[:n, i], row) for i, (n, row) in enumerate(zip(steps, labels, strict=True))
    ]
    found = F.ctc_loss(log_p, padded, steps, counts, reduction="none")
    np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-12)
    np.testing.assert_allclose(nn.CTCLoss()(log_p, flat, steps, counts).item(), np.mean(wanted / np.maximum(counts, 1)))
    one = F.ctc_loss(log_p[:, 0], padded[0], tg.tensor(5), tg.tensor(3), reduction="none")
    assert one.shape == () and one.item() == pytest.approx(wanted[0])
    # In the scores before log_softmax the gradient is that of the differences.
    direction = np.random.default_rng(1).standard_normal(scores.shape)

    def loss(t):
        return F.ctc_loss(tg.tensor(scores.detach().numpy() + t * direction).log_softmax(2), flat, steps, counts).item()

    nn.CTCLoss()(log_p, flat, steps, counts).backward()
    assert (scores.grad.numpy() * direction).sum() == pytest.approx((loss(1e-5) - loss(-1e-5)) / 2e-5, rel=1e-7)


def test_ctc_of_too_few_steps_is_infinite_or_zero():
    log_p = tg.zeros(2, 1, 3).log_softmax(2)
    given = (tg.tensor([[1, 1]]), [2], [2])
    assert F.ctc_loss(log_p, *given).item() == np.inf and F.ctc_loss(log_p, *given, zero_infinity=True).item() == 0


def test_ctc_names_lengths_that_do_not_fit():
    log_p = tg.zeros(4, 2, 3)
    for targets, steps, lengths, error, text in (
        ([[1], [2]], [4], [1, 1], ShapeError, "give one length each"),
        ([1, 2, 1], [4, 4], [1, 1], ShapeError, "hold 3 labels, target_lengths add up to 2"),
        ([[1], [2]], [4, 4], [1, 2], ShapeError, r"must be \(2, 2 or more\)"),
        ([[1], [2]], [5, 4], [1, 1], ShapeError, "an input length is 5, log_probs have 4 steps"),
        ([[1], [3]], [4, 4], [1, 1], TargetError, "run from 0 to 2, got blank=0 and the labels 0 to 3"),
    ):
        with pytest.raises(error, match=text):
            F.ctc_loss(log_p, tg.tensor(targets), steps, lengths)
    for shape in ((0, 2, 3), (3,)):
        with pytest.raises(ShapeError, match="ctc_loss: log_probs"):
            F.ctc_loss(tg.zeros(*shape), tg.tensor([[1], [2]]), [0, 0], [1, 1])


def test_the_shares_of_one_number():
    for dtype in (tg.float16, tg.float32, tg.float64):
        x = tg.tensor(3.0, dtype=dtype, requires_grad=True)
        y = tg.softmax(x, 0)
        assert (y.item(), y.dtype, tg.log_softmax(x, 0).item()) == (1, dtype, 0)
        y.backward()
        assert x.grad.item() == 0


IN_PLACE = [kind for name, kind in vars(nn).items() if name[0] != "_" and "inplace" in _arguments(kind)]


@pytest.mark.parametrize("seen", ["as it was", "detached", "data", "array", "view", "hook"])
@pytest.mark.parametrize("kind", IN_PLACE, ids=lambda kind: kind.__name__)
def test_a_unit_that_writes_its_input_has_the_same_gradient_whoever_sees_that(kind, seen):
    """Hooks that look at what a layer gave, as an array, stand before units that write it."""
    needed = {"threshold": 0.1, "value": -1.0}
    settings = {name: needed[name] for name in needed if name in _arguments(kind)}
    shape = (2, 3, 4, 4) if kind in (nn.Dropout2d, nn.Dropout3d) else (2, 3, 4)
    leaf = tg.rand(shape, dtype=tg.float64, generator=tg.Generator().manual_seed(5)).sub(0.5).requires_grad_()

    def gradient(unit, look):
        tg.manual_seed(1)
        leaf.grad = None
        x = leaf * 2
        kept = look(x)
        y = unit(x)
        (y * y).sum().backward()
        return leaf.grad.numpy(), y.detach().numpy(), kept, x

    looks = {
        "as it was": lambda x: None, "detached": lambda x: x.detach(), "data": lambda x: x.data,
        "array": lambda x: x.detach().numpy(), "view": lambda x: x.view(-1), "hook": lambda x: None,
    }  # fmt: skip
    apart, wanted, _, _ = gradient(kind(**settings), looks["as it was"])
    unit = kind(**settings, inplace=True)
    if seen == "hook":
        unit.register_forward_pre_hook(lambda module, args: args[0].detach().abs().max() and None)
    found, value, kept, x = gradient(unit, looks[seen])
    np.testing.assert_array_equal(found, apart)
    np.testing.assert_array_equal(value, wanted)
    np.testing.assert_array_equal(x.detach().numpy(), wanted)
    if kept is not None:
        np.testing.assert_array_equal(
            np.reshape(np.asarray(kept.detach() if seen == "view" else kept), wanted.shape), wanted
        )
