"""Broken programs: losses of the right name that are given the wrong thing, the wrong way round or with no sign."""

from __future__ import annotations

from typing import Any

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn

from .mistakes import CLASSES, NUMBERS, TWO, Made, Task, Then, mistake

POINTS = {name: CLASSES[name] for name in ("points", "points by hand")}
RINGS = {name: TWO[name] for name in ("rings", "rings by hand")}
SURFACE = {"surface": NUMBERS["surface"]}


@mistake(POINTS, "loss-sign-wrong")
def likelihood_gathered_without_its_minus(task: Task) -> Made:
    model = nn.Sequential(task.body(task.classes), nn.LogSoftmax(1))
    return task.trained(model, lambda p, y: p.gather(1, y[:, None]).mean())


@mistake(RINGS, "loss-arguments-swapped")
def labels_in_the_place_of_probabilities(task: Task) -> Made:
    return task.trained(Then(task.body(1), tg.sigmoid), lambda p, y: F.binary_cross_entropy(y, p))


@mistake(RINGS, "loss-arguments-swapped")
def labels_in_the_place_of_scores(task: Task) -> Made:
    return task.trained(task.body(1), lambda p, y: F.binary_cross_entropy_with_logits(y, p))


@mistake(POINTS, "loss-arguments-swapped")
def labels_in_the_place_of_probabilities_by_hand(task: Task) -> Made:
    model = Then(task.body(task.classes), lambda z: F.softmax(z, dim=1))
    return task.trained(model, lambda y, p: -(y * tg.log(p + 1e-8)).sum(1).mean(), task.one_hot)


@mistake(POINTS, "log-missing")
def divergence_of_a_softmax(task: Task) -> Made:
    soft = F.softmax(3 * nn.Linear(task.x.shape[1], 4)(task.x), dim=1).detach()
    return task.trained(task.body(4), lambda z, t: F.kl_div(F.softmax(z, dim=1), t, reduction="batchmean"), soft)


@mistake(POINTS, "indices-where-one-hot-is-meant")
def number_of_the_class_for_every_score(task: Task) -> Made:
    return task.trained(task.body(task.classes), lambda z, y: F.mse_loss(z, y.float()[:, None].expand_as(z)))


@mistake(SURFACE, "only-a-constant-is-learnt")
def norm_of_one_output(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(1), nn.LayerNorm(1)), nn.MSELoss())


@mistake(SURFACE, "only-a-constant-is-learnt")
def norm_of_one_hidden_value_by_hand(task: Task) -> Made:
    def norm(z: Any) -> Any:
        return (z - z.mean(1, keepdim=True)) / (z.var(1, keepdim=True, correction=0) + 1e-5).sqrt()

    return task.trained(nn.Sequential(Then(task.body(1), norm), nn.Tanh(), nn.Linear(1, 1)), nn.MSELoss())


@mistake(SURFACE, "detached-branch")
def rounded_outputs(task: Task) -> Made:
    return task.trained(Then(task.body(1), tg.round), nn.MSELoss(), task.y.round())


@mistake({"letters": lambda rng: Task(lambda k: nn.Embedding(6, k), tg.tensor(rng.integers(0, 6, (60, 5))), None)},
         "reshape-where-permute-is-meant")  # fmt: skip
def classes_along_axis_1_cut_anew(task: Task) -> Made:
    model = nn.Sequential(task.body(12), nn.Flatten(), nn.Linear(60, 30), nn.Unflatten(1, (6, 5)))
    return task.trained(model, lambda z, y: F.cross_entropy(z.reshape(-1, 6), y.reshape(-1)), (task.x + 1) % 6)
