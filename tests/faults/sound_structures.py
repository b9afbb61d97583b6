"""Sound programs whose networks are no plain stacks: pictures, series, texts, codes, equations."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .sound_networks import Program, blobs, digits, f32, mlp, pictures, sound, surface, waves, words


@sound
def small_convolutions(rng: Any) -> Program:
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(200, 4))
    return Program(model, nn.CrossEntropyLoss(), pictures(rng), optim.Adam(model.parameters(), lr=0.003))


@sound
def convolutions_with_batch_norm_and_dropout(rng: Any) -> Program:
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Dropout(0.3), nn.Linear(64, 4),
    )  # fmt: skip
    return Program(model, nn.CrossEntropyLoss(), pictures(rng), optim.SGD(model.parameters(), lr=0.05, momentum=0.9))


@sound
def separable_convolutions(rng: Any) -> Program:
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 16, 1), nn.ReLU(), nn.Flatten(),
        nn.Linear(16 * 64, 4),
    )  # fmt: skip
    return Program(model, nn.CrossEntropyLoss(), pictures(rng), optim.Adam(model.parameters(), lr=0.003))


@sound
def a_class_for_each_pixel(rng: Any) -> Program:
    x, _ = pictures(rng, rows=16)
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 3, padding=1))
    return Program(model, nn.CrossEntropyLoss(), (x, (x[:, 0] > 0.5).long()), optim.Adam(model.parameters(), lr=0.01))


@sound
def convolution_of_a_series(rng: Any) -> Program:
    x, y = waves(rng)
    model = nn.Sequential(nn.Conv1d(1, 12, 5), nn.Tanh(), nn.Flatten(), nn.Linear(144, 1))
    return Program(model, nn.MSELoss(), (x.transpose(1, 2), y), optim.Adam(model.parameters(), lr=0.005))


class Last(nn.Module):
    """A recurrent layer, and a linear one on its last state."""

    def __init__(self, kind: Any, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.recurrent, self.out = kind(inputs, hidden, batch_first=True), nn.Linear(hidden, outputs)

    def forward(self, x: Any) -> Any:
        return self.out(self.recurrent(x)[0][:, -1])


@sound
def lstm_of_a_series(rng: Any) -> Program:
    model = Last(nn.LSTM, 1, 16, 1)
    return Program(model, nn.MSELoss(), waves(rng), optim.Adam(model.parameters(), lr=0.02))


@sound
def gru_of_a_series(rng: Any) -> Program:
    model = Last(nn.GRU, 1, 16, 1)
    return Program(model, nn.MSELoss(), waves(rng), optim.RMSprop(model.parameters(), lr=0.01))


@sound
def recurrent_by_hand(rng: Any) -> Program:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w, self.u = nn.Parameter(0.5 * tg.randn(1, 12)), nn.Parameter(0.25 * tg.randn(12, 12))
            self.b, self.v = nn.Parameter(tg.zeros(12)), nn.Parameter(0.3 * tg.randn(12, 1))

        def forward(self, x: Any) -> Any:
            h = tg.zeros(len(x), 12)
            for t in range(x.shape[1]):
                h = tg.tanh(x[:, t] @ self.w + h @ self.u + self.b)
            return h @ self.v

    model = Recurrent()
    x, y = waves(rng, length=8)
    return Program(model, nn.MSELoss(), (x, y), optim.Adam(model.parameters(), lr=0.02))


@sound
def bag_of_words(rng: Any) -> Program:
    class Bag(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.out = nn.Embedding(50, 16), nn.Linear(16, 1)

        def forward(self, x: Any) -> Any:
            return self.out(self.words(x).mean(1))

    model = Bag()
    return Program(model, nn.BCEWithLogitsLoss(), words(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def lstm_of_words(rng: Any) -> Program:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.last = nn.Embedding(50, 8), Last(nn.LSTM, 8, 16, 1)

        def forward(self, x: Any) -> Any:
            return self.last(self.words(x))

    model = Reader()
    return Program(model, nn.BCEWithLogitsLoss(), words(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def transformer_of_words(rng: Any) -> Program:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(50, 16)
            self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)
            self.out = nn.Linear(16, 1)

        def forward(self, x: Any) -> Any:
            return self.out(self.layer(self.words(x)).mean(1))

    model = Reader()
    return Program(model, nn.BCEWithLogitsLoss(), words(rng), optim.AdamW(model.parameters(), lr=0.003))


class Letters(nn.Module):
    """One block of causal attention over letters, without normalisation after it."""

    def __init__(self, letters: int, width: int = 16, context: int = 8) -> None:
        super().__init__()
        self.letter, self.place = nn.Embedding(letters, width), nn.Embedding(context, width)
        self.norm, self.qkv, self.out = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.scores = nn.Linear(width, letters)

    def forward(self, codes: Any) -> Any:
        x = self.letter(codes) + self.place(tg.arange(codes.shape[1]))
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=-1)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True))
        return self.scores(x)


@sound
def next_letter(rng: Any) -> Program:
    text = "the chain rule goes back from the loss, node by node. " * 3
    letters = sorted(set(text))
    codes = np.array([letters.index(letter) for letter in text])
    starts = rng.integers(0, len(codes) - 9, 24)
    x, y = (tg.tensor(np.stack([codes[i + k : i + k + 8] for i in starts])) for k in (0, 1))
    model = Letters(len(letters))

    def loss(scores: Any, y: Any) -> Any:
        return F.cross_entropy(scores.reshape(-1, len(letters)), y.reshape(-1))

    return Program(model, loss, (x, y), optim.AdamW(model.parameters(), lr=0.01))


@sound
def autoencoder(rng: Any) -> Program:
    x = f32(rng.normal(size=(100, 6)) @ rng.normal(size=(6, 20)) / 6**0.5)
    model = mlp(20, 12, 6, 12, 20, between=nn.Tanh)
    return Program(model, nn.MSELoss(), (x, x), optim.Adam(model.parameters(), lr=0.01))


@sound
def linear_autoencoder(rng: Any) -> Program:
    x = f32(rng.normal(size=(100, 4)) @ rng.normal(size=(4, 20)) / 2)
    model = nn.Sequential(nn.Linear(20, 4), nn.Linear(4, 20))
    return Program(model, nn.MSELoss(), (x, x), optim.Adam(model.parameters(), lr=0.01))


@sound
def variational_autoencoder(rng: Any) -> Program:
    class Variational(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.code, self.mean, self.spread = nn.Linear(64, 32), nn.Linear(32, 8), nn.Linear(32, 8)
            self.decoder = mlp(8, 32, 64)

        def forward(self, x: Any) -> Any:
            h = tg.relu(self.code(x))
            mean, log_variance = self.mean(h), self.spread(h)
            z = mean + tg.randn_like(mean) * (0.5 * log_variance).exp()
            return self.decoder(z), mean, log_variance

    def loss(outputs: Any, x: Any) -> Any:
        scores, mean, log_variance = outputs
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean()
        return F.binary_cross_entropy_with_logits(scores, x, reduction="sum") / len(x) + divergence

    model = Variational()
    x, _ = digits(rng)
    return Program(model, loss, (x, x), optim.Adam(model.parameters(), lr=0.003))


@sound
def equation_of_the_sine(rng: Any) -> Program:
    net = mlp(1, 24, 24, 1, between=nn.Tanh)

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, points: Any) -> Any:
            x = points.clone().requires_grad_()
            u = self.net(x)
            (slope,) = tg.autograd.grad(u.sum(), x, create_graph=True)
            (bend,) = tg.autograd.grad(slope.sum(), x, create_graph=True)
            return bend + u, u[0], slope[0]

    def loss(outputs: Any, y: Any) -> Any:
        equation, start, slope = outputs
        return (equation**2).mean() + (start**2 + (slope - 1) ** 2).sum()

    batch = tg.linspace(0, 3.1, 30).reshape(-1, 1), None
    return Program(Residual(), loss, batch, optim.Adam(net.parameters(), lr=0.005))


@sound
def factors_of_ratings(rng: Any) -> Program:
    class Factors(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.people, self.films = nn.Embedding(20, 4), nn.Embedding(15, 4)

        def forward(self, x: Any) -> Any:
            return (self.people(x[:, 0]) * self.films(x[:, 1])).sum(1)

    x = np.stack([rng.integers(0, 20, 200), rng.integers(0, 15, 200)], 1)
    u, v = rng.normal(size=(20, 2)), rng.normal(size=(15, 2))
    y = f32((u[x[:, 0]] * v[x[:, 1]]).sum(1))
    model = Factors()
    return Program(model, nn.MSELoss(), (tg.tensor(x), y), optim.Adam(model.parameters(), lr=0.02))


@sound
def frozen_body_and_a_new_head(rng: Any) -> Program:
    body, head = mlp(2, 32, 32, last=nn.ReLU), nn.Linear(32, 3)
    body.requires_grad_(False)
    return Program(nn.Sequential(body, head), nn.CrossEntropyLoss(), blobs(rng), optim.SGD(head.parameters(), lr=0.1))


@sound
def learnt_from_a_teacher(rng: Any) -> Program:
    x, _ = blobs(rng)
    teacher, model = mlp(2, 32, 3), mlp(2, 16, 3)
    with tg.no_grad():
        for parameter in teacher.parameters():
            parameter.mul_(3)
        y = F.softmax(teacher(x), dim=1)

    def loss(scores: Any, y: Any) -> Any:
        return F.kl_div(F.log_softmax(scores, dim=1), y, reduction="batchmean")

    return Program(model, loss, (x, y), optim.Adam(model.parameters(), lr=0.01))


@sound
def shared_weights(rng: Any) -> Program:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enter, self.middle, self.out = nn.Linear(5, 16), nn.Linear(16, 16), nn.Linear(16, 1)

        def forward(self, x: Any) -> Any:
            h = tg.tanh(self.enter(x))
            for _ in range(3):
                h = tg.tanh(self.middle(h))
            return self.out(h)

    model = Shared()
    return Program(model, nn.MSELoss(), surface(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def pairs_that_are_alike(rng: Any) -> Program:
    net = mlp(2, 16, 4)

    class Pairs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, pairs: Any) -> Any:
            return ((self.net(pairs[:, 0]) - self.net(pairs[:, 1])) ** 2).sum(1)

    def loss(distance: Any, alike: Any) -> Any:
        return (alike * distance + (1 - alike) * tg.relu(1 - distance.clamp(min=1e-6).sqrt()) ** 2).mean()

    x, y = blobs(rng, rows=120)
    pairs, alike = tg.stack([x[:60], x[60:]], dim=1), (y[:60] == y[60:]).float()
    return Program(Pairs(), loss, (pairs, alike), optim.Adam(net.parameters(), lr=0.01))


@sound
def two_heads(rng: Any) -> Program:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = mlp(2, 32, 32, last=nn.ReLU)
            self.kind, self.number = nn.Linear(32, 3), nn.Linear(32, 1)

        def forward(self, x: Any) -> Any:
            h = self.body(x)
            return self.kind(h), self.number(h)

    def loss(outputs: Any, y: Any) -> Any:
        return F.cross_entropy(outputs[0], y[0]) + F.mse_loss(outputs[1], y[1])

    x, y = blobs(rng)
    model = Heads()
    return Program(model, loss, (x, (y, x.sum(1, keepdim=True) / 3)), optim.Adam(model.parameters(), lr=0.005))


@sound
def report_r1(rng: Any) -> Program:
    model = tg.models.MLP([64, 64, 32, 10], activation=nn.ReLU)
    return Program(model, nn.CrossEntropyLoss(), digits(rng, 64), optim.SGD(model.parameters(), lr=0.1))


@sound
def report_r4(rng: Any) -> Program:
    model = tg.models.MLP([4, 10, 3])
    with tg.no_grad():
        for layer in (model[0], model[2]):
            layer.weight.copy_(f32(1e-4 * rng.normal(size=layer.weight.shape)))
            layer.bias.zero_()

    def loss(scores: Any, y: Any) -> Any:
        return F.cross_entropy(scores, y) + 1e-6 * sum((layer.weight**2).sum() for layer in (model[0], model[2]))

    batch = f32(10 * rng.normal(size=(5, 4))), tg.tensor([0, 1, 2, 2, 1])
    return Program(model, loss, batch, optim.SGD(model.parameters(), lr=0.1))


@sound
def warm_up_from_zero(rng: Any) -> Program:
    model = mlp(2, 32, 3)
    optimizer = optim.AdamW(model.parameters(), lr=0.005)
    optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, step / 100))
    return Program(model, nn.CrossEntropyLoss(), blobs(rng), optimizer)


@sound
def xor_in_the_midst_of_steep_steps(rng: Any) -> Program:
    x, y = (f32(array) for array in tg.data.xor())
    model = mlp(2, 4, 1, between=nn.Sigmoid, last=nn.Sigmoid)
    optimizer = optim.SGD(model.parameters(), lr=2.0, momentum=0.9)
    for _ in range(20):
        optimizer.zero_grad()
        F.mse_loss(model(x), y.reshape(-1, 1)).backward()
        optimizer.step()
    return Program(model, nn.MSELoss(), (x, y.reshape(-1, 1)), optimizer)


@sound
def some_hundreds_without_an_optimizer(rng: Any) -> Program:
    x = rng.normal(size=(60, 2))
    return Program(nn.Linear(2, 1), nn.MSELoss(), (f32(x), f32(300 + 80 * x[:, :1])))


@sound
def few_rows_of_a_common_class(rng: Any) -> Program:
    model = mlp(2, 16, 1)
    x = f32(rng.normal(size=(16, 2)))
    return Program(model, nn.BCEWithLogitsLoss(), (x, tg.zeros(16, 1)), optim.Adam(model.parameters(), lr=0.01))
