"""Training steps as users write them: compiled, by every backend, they train as Python does."""

import shutil

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore:the backend of C does not have")


def trainer(loss_of, optimizer):
    """A whole step."""

    def step(*batch):
        optimizer.zero_grad()
        loss = loss_of(*batch)
        loss.backward()
        optimizer.step()
        return loss

    return step


def lenet():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(128, 10),
    )  # fmt: skip
    x, y = tg.randn(3, 1, 12, 12), tg.randint(0, 10, (3,))
    return trainer(lambda x, y: F.cross_entropy(model(x), y), tg.optim.Adam(model.parameters(), lr=1e-3)), [(x, y)]


def dropout():
    model = nn.Sequential(nn.Linear(8, 16), nn.Dropout(0.5), nn.GELU(), nn.Linear(16, 1))
    optimizer = tg.optim.AdamW(model.parameters(), lr=1e-2)
    return trainer(lambda x: model(x).pow(2).mean(), optimizer), [(x,) for x in tg.randn(4, 5, 8)]


def lstm():
    layer, head = nn.LSTM(5, 7, batch_first=True), nn.Linear(7, 3)
    optimizer = tg.optim.RMSprop([*layer.parameters(), *head.parameters()], lr=1e-2)

    def loss_of(x, y):
        return F.cross_entropy(head(layer(x)[0][:, -1]), y)

    return trainer(loss_of, optimizer), [(tg.randn(4, 6, 5), tg.randint(0, 3, (4,)))]


def second_derivatives():
    model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))

    def loss_of(x):
        x = x.detach().requires_grad_()
        u = model(x)
        (slope,) = tg.autograd.grad(u.sum(), x, create_graph=True)
        (bend,) = tg.autograd.grad(slope.sum(), x, create_graph=True)
        return ((bend + u) ** 2).mean()

    optimizer = tg.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    return trainer(loss_of, optimizer), [(tg.linspace(0, 1, 20).reshape(-1, 1),)]


def transformer():
    layer, embedding = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True), nn.Embedding(11, 16)
    head, mask = nn.Linear(16, 11), nn.Transformer.generate_square_subsequent_mask(6)
    parameters = [*layer.parameters(), *embedding.parameters(), *head.parameters()]

    def loss_of(ids):
        return F.cross_entropy(head(layer(embedding(ids), src_mask=mask)).flatten(0, 1), ids.flatten())

    return trainer(loss_of, tg.optim.AdamW(parameters, lr=1e-3)), [(tg.randint(0, 11, (3, 6)),)]


def batch_norm():
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 2),
    )  # fmt: skip
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1, weight_decay=1e-4, nesterov=True, momentum=0.9)

    def loss_of(x, y):
        return F.cross_entropy(model(x), y, label_smoothing=0.1)

    return trainer(loss_of, optimizer), [(x, tg.tensor([0, 1, 1, 0])) for x in tg.randn(4, 4, 3, 6, 6)]


def autoencoder():
    encoder, decoder = nn.Linear(6, 4), nn.Linear(2, 6)

    def loss_of(x):
        mean, spread = encoder(x).chunk(2, dim=1)
        z = mean + tg.exp(0.5 * spread) * tg.randn_like(spread)
        distance = -0.5 * (1 + spread - mean**2 - spread.exp()).mean()
        return F.binary_cross_entropy_with_logits(decoder(z), x) + distance

    return trainer(loss_of, tg.optim.Adam([*encoder.parameters(), *decoder.parameters()])), [(tg.rand(7, 6),)]


def clipped_gru():
    layer = nn.GRU(3, 5)
    optimizer = tg.optim.Adam(layer.parameters())

    def step(x):
        optimizer.zero_grad()
        loss = layer(x)[0].pow(2).sum()
        loss.backward()
        nn.utils.clip_grad_norm_(layer.parameters(), 0.5)
        optimizer.step()
        return loss

    return step, [(tg.randn(6, 2, 3),)]


def sorted_and_picked():
    w, x = tg.randn(6, requires_grad=True), tg.randn(6)

    def loss_of(x):
        chosen = w.sort().values[:3].sum() + w.topk(2).values.sum() + w[tg.tensor([0, 2, 2])].sum()
        return tg.where(w * x > 0, w * x, tg.exp(w * x) - 1).sum() + chosen + w.cumsum(0).max()

    return trainer(loss_of, tg.optim.SGD([w], lr=0.1)), [(x,)]


def normalised_convolution():
    model = nn.Sequential(nn.Conv1d(2, 4, 3), nn.LayerNorm(8), nn.SiLU(), nn.Flatten(), nn.Linear(32, 1))

    def loss_of(x):
        return F.huber_loss(model(x), tg.zeros(3, 1))

    return trainer(loss_of, tg.optim.NAdam(model.parameters())), [(tg.randn(3, 2, 10),)]


def bags():
    bag = nn.EmbeddingBag(10, 4, mode="sum")
    return trainer(lambda ids: bag(ids).pow(2).sum(), tg.optim.Adagrad(bag.parameters(), lr=0.1)), [
        (tg.randint(0, 10, (3, 4)),)
    ]


def gradient_and_hessian():
    def function(w, x):
        slope = tg.func.grad(lambda w: tg.sin(w * x).sum())(w)
        return slope.sum() + tg.func.hessian(lambda w: (tg.sin(w) * w.sum()).sum())(w).sum()

    return function, [(tg.randn(5), tg.randn(5))]


def adversaries():
    maker, judge = nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(0.2), nn.Linear(4, 1))
    making, judging = tg.optim.Adam(maker.parameters(), lr=0.01), tg.optim.Adam(judge.parameters(), lr=0.01)

    def step(real):
        fake = maker(tg.randn(4, 2))
        judging.zero_grad()
        loss = F.softplus(-judge(real)).mean() + F.softplus(judge(fake.detach())).mean()
        loss.backward()
        judging.step()
        making.zero_grad()
        other = F.softplus(-judge(fake)).mean()
        other.backward()
        making.step()
        return loss + other

    return step, [(tg.randn(4, 3),)]


NETWORKS = (
    lenet, dropout, lstm, second_derivatives, transformer, batch_norm, autoencoder, clipped_gru, sorted_and_picked,
    normalised_convolution, bags, gradient_and_hessian, adversaries,
)  # fmt: skip


def results(make, compiler, calls=6):
    tg.manual_seed(0)
    step, batches = make()
    step = compiler(step)
    return [step(*batches[i % len(batches)]).item() for i in range(calls)], step


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("make", NETWORKS, ids=lambda make: make.__name__)
def test_a_compiled_step_trains_as_python_does(make, backend, plain_c):
    if backend == "c" and not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        pytest.skip("no C compiler")
    expected, _ = results(make, lambda step: step)
    found, step = results(make, lambda step: tg.compile(step, backend=backend))
    assert len(step.programs) == 1
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("make", NETWORKS, ids=lambda make: make.__name__)
def test_exact_steps_have_the_same_bits(make):
    expected, _ = results(make, lambda step: step)
    found, step = results(make, lambda step: tg.compile(step, exact=True))
    assert found == expected and len(step.programs) == 1
