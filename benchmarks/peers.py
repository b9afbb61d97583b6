"""The same training step in the peers, each in the fastest form that its own manual shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .steps import RATE, Network, Step, data, weights

Run = Callable[[int], Any]  # so many steps; gives the last one's loss


# ---------------------------------------------------------------------- PyTorch


def torch_parts(network: Network) -> tuple[Any, Any]:
    """The network with the start of ``weights``, and its loss."""
    import torch

    activation = torch.nn.Sigmoid if network.activation == "sigmoid" else torch.nn.ReLU
    layers: list[Any] = []
    for w, b in weights(network):
        layer = torch.nn.Linear(*w.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(w.T.copy()))
            layer.bias.copy_(torch.from_numpy(b))
        layers += [layer, activation()]
    if network.loss != "mse":
        layers.pop()
    losses = {"mse": torch.nn.MSELoss, "bce": torch.nn.BCEWithLogitsLoss, "cross_entropy": torch.nn.CrossEntropyLoss}
    return torch.nn.Sequential(*layers), losses[network.loss]()


def pytorch(network: Network) -> Step:
    """PyTorch, eager."""
    import torch

    x, y = (torch.from_numpy(array) for array in data(network))
    model, loss_of = torch_parts(network)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def step(x: Any = x, y: Any = y) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def torch_compiled(network: Network) -> Step:
    """PyTorch, forward, backward and update in one compiled graph, without its autograd at run time."""
    import torch

    x, y = (torch.from_numpy(array) for array in data(network))
    model, loss_of = torch_parts(network)
    parameters = {name: p.detach() for name, p in model.named_parameters()}

    def loss_at(parameters: Any, x: Any, y: Any) -> Any:
        return loss_of(torch.func.functional_call(model, parameters, (x,)), y)

    @torch.compile(fullgraph=True)
    def update(parameters: Any, x: Any, y: Any) -> Any:
        gradients, loss = torch.func.grad_and_value(loss_at)(parameters, x, y)
        for name, p in parameters.items():
            p.sub_(gradients[name], alpha=RATE)
        return loss

    return lambda: update(parameters, x, y)


# ---------------------------------------------------------------------- JAX


def jax_step(network: Network) -> tuple[Callable[..., Any], Any, tuple[Any, Any]]:
    """``(parameters, x, y) → (parameters, loss)``, the start, and the data."""
    import jax
    import jax.numpy as jnp

    x, y = data(network)
    # JAX's integers have 32 bits unless it is told otherwise.
    given = jnp.asarray(x), jnp.asarray(y.astype(np.int32) if network.loss == "cross_entropy" else y)
    activation = jax.nn.sigmoid if network.activation == "sigmoid" else jax.nn.relu

    def loss_of(parameters: Any, x: Any, y: Any) -> Any:
        a = x
        for i, (w, b) in enumerate(parameters):
            a = a @ w + b
            if i < len(parameters) - 1 or network.loss == "mse":
                a = activation(a)
        if network.loss == "mse":
            return jnp.mean((a - y) ** 2)
        if network.loss == "bce":
            return jnp.mean(jnp.logaddexp(0, a) - a * y)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(a), y[:, None], axis=1))

    def step(parameters: Any, x: Any, y: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
        return jax.tree.map(lambda p, g: p - RATE * g, parameters, gradients), loss

    return step, [(jnp.asarray(w), jnp.asarray(b)) for w, b in weights(network)], given


def jax_tuned(network: Network) -> Run:
    """One call a step, which waits for its result and gives its memory to the next."""
    import jax

    jax.config.update("jax_cpu_enable_async_dispatch", False)
    return jax_default(network, donate_argnums=0)


def jax_default(network: Network, **settings: Any) -> Run:
    """One call a step; the last result is waited for."""
    import jax

    step, parameters, given = jax_step(network)
    compiled = jax.jit(step, **settings)

    def run(steps: int) -> Any:
        nonlocal parameters
        for _ in range(steps):
            parameters, loss = compiled(parameters, *given)
        return loss.block_until_ready()

    return run


def jax_loop(network: Network) -> Run:
    """All steps in one call: JAX's own loop."""
    import functools

    import jax
    import jax.numpy as jnp

    jax.config.update("jax_cpu_enable_async_dispatch", False)
    step, parameters, given = jax_step(network)

    @functools.partial(jax.jit, donate_argnums=0)
    def loop(parameters: Any, x: Any, y: Any, steps: Any) -> Any:
        return jax.lax.fori_loop(0, steps, lambda _, at: step(at[0], x, y), (parameters, jnp.float32(0)))

    def run(steps: int) -> Any:
        nonlocal parameters
        parameters, loss = loop(parameters, *given, steps)
        return loss

    return run


# ---------------------------------------------------------------------- The others


def pytensor(network: Network) -> Step:
    """PyTensor: a function of shared variables alone, compiled by Numba."""
    import pytensor
    import pytensor.tensor as pt

    x, y = (pytensor.shared(array, shape=array.shape) for array in data(network))
    layers = [(pytensor.shared(w, shape=w.shape), pytensor.shared(b, shape=b.shape)) for w, b in weights(network)]
    a = x
    for i, (w, b) in enumerate(layers):
        a = a @ w + b
        if i < len(layers) - 1 or network.loss == "mse":
            a = pt.sigmoid(a) if network.activation == "sigmoid" else pt.maximum(a, 0)
    if network.loss == "mse":
        loss = ((a - y) ** 2).mean()
    elif network.loss == "bce":
        loss = (pt.softplus(a) - a * y).mean()
    else:
        loss = -pt.special.log_softmax(a, axis=1)[pt.arange(network.rows), y].mean()
    parameters = [p for layer in layers for p in layer]
    gradients = pytensor.grad(loss, parameters)
    updates = [(p, p - np.float32(RATE) * g) for p, g in zip(parameters, gradients, strict=True)]
    return pytensor.function([], loss, updates=updates, mode="NUMBA", trust_input=True)


def hips_autograd(network: Network) -> Step:
    """HIPS autograd: ``value_and_grad`` of a function written in its NumPy."""
    import autograd
    import autograd.numpy as anp

    x, y = data(network)
    layers = weights(network)
    rows = np.arange(network.rows)

    def loss_of(layers: Any) -> Any:
        a: Any = x
        for i, (w, b) in enumerate(layers):
            a = anp.dot(a, w) + b
            if i < len(layers) - 1 or network.loss == "mse":
                a = 1 / (1 + anp.exp(-a)) if network.activation == "sigmoid" else anp.maximum(a, 0)
        if network.loss == "mse":
            return anp.mean((a - y) ** 2)
        if network.loss == "bce":
            return anp.mean(anp.logaddexp(np.float32(0), a) - a * y)
        scores = a - anp.max(a, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(scores), axis=1)) - scores[rows, y])

    both = autograd.value_and_grad(loss_of)

    def step() -> Any:
        loss, gradients = both(layers)
        for (w, b), (dw, db) in zip(layers, gradients, strict=True):
            w -= RATE * dw
            b -= RATE * db
        return loss

    return step


def mygrad(network: Network) -> Step:
    """MyGrad: tensors, its own nnet functions, and the update on ``.data``."""
    import mygrad as mg
    from mygrad.nnet.activations import relu, sigmoid
    from mygrad.nnet.losses import softmax_crossentropy

    x, y = data(network)
    layers = [(mg.tensor(w), mg.tensor(b)) for w, b in weights(network)]
    activation = sigmoid if network.activation == "sigmoid" else relu

    def step() -> Any:
        a: Any = x
        for i, (w, b) in enumerate(layers):
            a = mg.matmul(a, w) + b
            if i < len(layers) - 1 or network.loss == "mse":
                a = activation(a)
        if network.loss == "mse":
            loss = mg.mean((a - y) ** 2)
        elif network.loss == "bce":
            loss = mg.mean(mg.logaddexp(np.float32(0), a) - a * y)
        else:
            loss = softmax_crossentropy(a, y)
        loss.backward()
        for pair in layers:
            for p in pair:
                p.data -= RATE * p.grad
        return loss

    return step


def tinygrad(network: Network) -> Step:
    """tinygrad: the whole step under ``TinyJit``, its kernels compiled by clang."""
    from tinygrad import Context, Tensor, TinyJit, nn

    x, y = data(network)
    given = Tensor(x).realize(), Tensor(y.astype(np.int32) if network.loss == "cross_entropy" else y).realize()
    layers = [(Tensor(w).realize(), Tensor(b).realize()) for w, b in weights(network)]
    optimizer = nn.optim.SGD([p for layer in layers for p in layer], lr=RATE)

    @TinyJit
    @Context(TRAINING=1)
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        a = x
        for i, (w, b) in enumerate(layers):
            a = a @ w + b
            if i < len(layers) - 1 or network.loss == "mse":
                a = a.sigmoid() if network.activation == "sigmoid" else a.relu()
        if network.loss == "mse":
            loss = ((a - y) ** 2).mean()
        elif network.loss == "bce":
            loss = a.binary_crossentropy_logits(y)
        else:
            loss = a.sparse_categorical_crossentropy(y)
        loss.backward()
        return loss.realize(*optimizer.schedule_step())

    return lambda: step(*given)
