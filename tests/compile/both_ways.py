"""What a function gives by Python and compiled, for the tests of what a program could silently freeze."""

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp import nn

X = tg.tensor([1.0, -2.0, 3.0])


def runs(function, *calls):
    """What a function gives for each tuple of arguments, as arrays."""
    return [np.array(function(*args).detach().numpy()) for args in calls]


def same_as_python(function, *calls):
    """The compiled function, after it gave the same as Python in every call."""
    compiled = tg.compile(function, exact=True)
    for args, one, other in zip(calls, runs(function, *calls), runs(compiled, *calls)):
        np.testing.assert_array_equal(one, other, err_msg=str(args))
    return compiled


def assert_close(one, other):
    """Equal but for rounding: the backend of C takes sums in an order of its own."""
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def mlp():
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def descent(model):
    """A step of gradient descent by hand, which gives the loss."""

    def step(x):
        model.zero_grad()
        loss = model(x).square().sum()
        loss.backward()
        with tg.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
        return loss

    return step


def trained(wrap, rounds=6, between=lambda model, i: None):
    """The parameters after some steps."""
    model = mlp()
    compiled, losses = wrap(descent(model)), []
    for i in range(rounds):
        between(model, i)
        losses.append(compiled(X).item())
    return losses, [p.detach().numpy().copy() for p in model.parameters()], compiled
