"""Averages over a training: the numbers of PyTorch, written out."""

import math

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, StateDictError
from tinygrad_bp.optim import swa_utils

VALUES = [3.0, 5.0, -1.0, 2.0]


def weights_of(model, values):
    for value in values:
        tg.nn.init.constant_(model.weight, value)
        yield value


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({}, [3.0, 4.0, 7 / 3, 2.25]),
        ({"avg_fn": swa_utils.get_swa_avg_fn()}, [3.0, 4.0, 7 / 3, 2.25]),
        ({"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}, [3.0, 4.0, 7 / 3, 2.25]),
        ({"avg_fn": swa_utils.get_ema_avg_fn(0.75)}, [3.0, 3.5, 2.375, 2.28125]),
        ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.75)}, [3.0, 3.5, 2.375, 2.28125]),
        ({"avg_fn": lambda mean, now, count: mean * count + now}, [3.0, 8.0, 15.0, 47.0]),
    ],
)
def test_parameters_are_averaged(arguments, wanted):
    model = tg.nn.Linear(2, 1, bias=False)
    average, found = swa_utils.AveragedModel(model, **arguments), []
    for _ in weights_of(model, VALUES):
        average.update_parameters(model)
        found.append(average.module.weight[0, 0].item())
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert average.n_averaged.item() == 4
    assert list(average.state_dict()) == ["n_averaged", "module.weight"]
    x = tg.ones(1, 2)
    np.testing.assert_allclose(average(x).item(), 2 * wanted[-1], rtol=1e-6)
    assert not average(x).is_leaf and model.weight[0, 0].item() == VALUES[-1]


@pytest.mark.parametrize("use_buffers", [False, True])
def test_buffers_are_copied_or_averaged(use_buffers):
    model = tg.nn.BatchNorm1d(1)
    average = swa_utils.AveragedModel(model, use_buffers=use_buffers)
    for mean in (4.0, 8.0):
        model.running_mean.fill_(mean)
        model.num_batches_tracked.fill_(int(mean))
        average.update_parameters(model)
    wanted = 6.0 if use_buffers else 8.0
    assert average.module.running_mean.item() == wanted
    assert average.module.num_batches_tracked.item() == wanted
    assert average.module.num_batches_tracked.dtype == tg.int64


def test_an_average_goes_on_from_its_state():
    model = tg.nn.Linear(1, 1, bias=False)
    first, again = (swa_utils.AveragedModel(model) for _ in range(2))
    for number, _ in enumerate(weights_of(model, VALUES)):
        first.update_parameters(model)
        if number == 1:
            again.load_state_dict(first.state_dict())
        elif number > 1:
            again.update_parameters(model)
    assert again.module.weight.item() == first.module.weight.item() == 2.25


def test_statistics_are_computed_anew():
    tg.manual_seed(0)
    model = tg.nn.Sequential(tg.nn.BatchNorm1d(2), tg.nn.Dropout(0.5)).eval()
    model[0].running_mean.fill_(9.0)
    data = tg.utils.data.TensorDataset(tg.arange(12.0).reshape(6, 2), tg.arange(6))
    swa_utils.update_bn(tg.utils.data.DataLoader(data, batch_size=3), model)
    np.testing.assert_allclose(model[0].running_mean.numpy(), [5.0, 6.0])  # the mean of both batches' means
    np.testing.assert_allclose(model[0].running_var.numpy(), [4.0, 4.0])
    assert model[0].momentum == 0.1 and not model.training and model[0].num_batches_tracked.item() == 2
    swa_utils.update_bn([], tg.nn.Linear(1, 1))


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"swa_lr": 0.05, "anneal_epochs": 4},
         [[1.0, 0.2], [0.860875721064, 0.178033008589], [0.525, 0.125], [0.189124278936, 0.071966991411], [0.05, 0.05],
          [0.05, 0.05]]),
        ({"swa_lr": [0.5, 0.1], "anneal_epochs": 3, "anneal_strategy": "linear"},
         [[1.0, 0.2], [0.833333333333, 0.166666666667], [0.666666666667, 0.133333333333], [0.5, 0.1], [0.5, 0.1]]),
        ({"swa_lr": 0.3, "anneal_epochs": 0}, [[0.3, 0.3], [0.3, 0.3]]),
    ],
)  # fmt: skip
def test_rates_go_to_that_of_the_average(arguments, wanted):
    params = [tg.zeros(1, requires_grad=True) for _ in range(2)]
    optimizer = tg.optim.SGD([{"params": params[:1]}, {"params": params[1:], "lr": 0.2}], lr=1.0)
    schedule, found = swa_utils.SWALR(optimizer, **arguments), []
    for _ in wanted:
        found.append(schedule.get_last_lr())
        optimizer.step()
        schedule.step()
    np.testing.assert_allclose(found, wanted, rtol=1e-10)
    other = swa_utils.SWALR(tg.optim.SGD(params, lr=1.0), 0.1)
    with pytest.raises(StateDictError):
        other.load_state_dict(schedule.state_dict())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o, m: swa_utils.get_ema_avg_fn(1.5), r"decay is a number in \[0, 1\], got 1.5"),
        (lambda o, m: swa_utils.get_ema_multi_avg_fn(-1), r"decay is a number in \[0, 1\], got -1"),
        (lambda o, m: swa_utils.AveragedModel(m, avg_fn=max, multi_avg_fn=max), "avg_fn or multi_avg_fn, not both"),
        (lambda o, m: swa_utils.SWALR(o, 0.1, anneal_strategy="up"), "anneal_strategy is 'cos' or 'linear', got 'up'"),
        (lambda o, m: swa_utils.SWALR(o, 0.1, anneal_epochs=-1), "anneal_epochs is an integer from 0, got -1"),
        (lambda o, m: swa_utils.SWALR(o, [0.1, 0.2]), "swa_lr has 2 values, the optimizer 1 groups"),
        (lambda o, m: swa_utils.SWALR(m, 0.1), "SWALR: give an optimizer, got Linear"),
    ],
)
def test_what_cannot_be_is_refused_by_name(make, message):
    model = tg.nn.Linear(1, 1)
    with pytest.raises(ArgumentError, match=message):
        make(tg.optim.SGD(model.parameters()), model)


def test_it_is_where_pytorch_has_it():
    from tinygrad_bp.optim.swa_utils import AveragedModel

    assert AveragedModel is tg.optim.swa_utils.AveragedModel
    assert math.isclose(swa_utils.get_ema_avg_fn()(tg.tensor(1.0), tg.tensor(0.0), 0).item(), 0.999, rel_tol=1e-6)
