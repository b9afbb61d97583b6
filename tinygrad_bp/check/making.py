"""Objects of a homework's classes: what to give their constructors, from the names of the parameters."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .calling import Caller
from .drawing import generator
from .layouts import CHANNELS, FILTERS, KERNEL, C, D, H, N, hyper
from .names import ITERATIONS, NOTHING, Parameter, Signature, role

RATE = 0.1  # a learning rate
PARAMETERS = ("weights", "bias", "recurrent", "embedding", "gain", "shift")
# Data that a constructor takes, where it takes both.
INPUTS = r"x(_?train\w*)?|inputs?|input_?data|data|features|training_?inputs?"
TARGETS = r"y(_?train\w*)?|targets?|labels?|outputs?|t|expected\w*|training_?outputs?"
# Whole numbers and lists of them that a constructor takes, by name: what a network takes, then what a layer does.
MANY = r"(n_?|num_?|dim_?|d_?)?"
WHAT = r"(_?(dim|size|features?|units?|nodes?|neurons?|n|layer)s?\d?)?"
SIZES: tuple[tuple[str, Any], ...] = (
    (r"(n_?)?(in|input|inputs)_?(channels?|ch|depth|c)|channels|num_channels|c_in", (CHANNELS, CHANNELS)),
    (r"(n_?)?(out|output)_?(channels?|ch|depth)|(num|n)?_?filters|filters|n_f|c_out", (FILTERS, FILTERS)),
    (r"kernel_?(size)?|filter_?size|k|ksize|f", (KERNEL, KERNEL)),
    (r"pool_?\w*|size_pool", (2, 2)),
    (r"stride\w*", (1, 2)),
    (r"pad\w*", (1, 0)),
    (r"hidden\w*s|hidden_?layers?|h_sizes|hidden_?dims?", ([H], [H])),
    (
        r"(layer|net|network|unit|neuron)?_?"
        r"(sizes|dims|dimensions|layers|shape|structure|architecture|topology|units|neurons|nodes)",
        ([D, H, C], [D, H, C]),
    ),
    (
        rf"{MANY}(in|input|inputs|x|i){WHAT}|fan_?in|n_?features?|num_?features?|features|dim|d|d_model|"
        r"embed(ding)?_?(dim|size)|in_?\w*|input_?\w*|previous\w*|normalized_shape",
        (D, D),
    ),
    (rf"{MANY}(h|hid|hidden){WHAT}\d?|hidden_?\w*", (H, H)),
    (
        rf"{MANY}(out|output|outputs|y|o){WHAT}|fan_?out|(num|n)_?(classes|labels|outputs)|classes|out_?\w*|"
        r"output_?\w*|c|num_?units|units|n_?units|n_?neurons|neurons|num_neurons|current\w*",
        (C, H),
    ),
    (r"vocab_?(size)?|num_?embeddings|v|n_?vocab", (8, 8)),
)


def constructed(
    kind: Any, init: Signature | None, caller: Caller, given: Mapping[str, Any], space: Mapping[str, Any]
) -> Iterator[Any]:
    """Objects of a class with arguments that its constructor's names allow."""
    parameters = init.parameters if init is not None else []
    seen = 0
    for network in (True, False):
        for width in (C, 1):
            for bias in ("flat", "row", "column"):
                options = [_argument(p, i, network, width, bias, parameters, space) for i, p in enumerate(parameters)]
                known = [[given[p.name]] if p.name in given else o for p, o in zip(parameters, options, strict=True)]
                for chosen in itertools.product(*known):
                    arguments = {p.name: v for p, v in zip(parameters, chosen, strict=True) if v is not NOTHING}
                    try:
                        made = caller.seeded(kind, **caller.own(arguments))
                    except Exception:  # arguments that it was not written for
                        continue
                    seen += 1
                    yield made
                    if seen > 60:
                        return
                if not parameters:
                    return
                if not any(role(p.name, [q.name for q in parameters]) in PARAMETERS for p in parameters):
                    break


def _argument(
    p: Parameter,
    place: int,
    network: bool,
    width: int,
    bias: str,
    parameters: list[Parameter],
    space: Mapping[str, Any],
) -> list[Any]:
    """The values to try for one argument of a constructor."""
    low = p.name.lower().strip("_")
    names = [q.name for q in parameters]
    what = role(p.name, names)
    several = sum(role(n) in ("weights", "bias") for n in names)
    if (
        p.default in (NOTHING, None)
        and what in ("weights", "bias", "gain", "shift")
        and several == len([q for q in parameters if role(q.name) in PARAMETERS])
        and (what != "weights" or len(low) < 3 or "weight" in low)
    ):
        rng = generator(6, place)
        vector = {"flat": (H,), "row": (1, H), "column": (H, 1)}[bias]
        shape = ((D, H) if bias != "column" else (H, D)) if what == "weights" else vector
        if what in ("gain", "shift"):
            shape = {"flat": (D,), "row": (1, D), "column": (D, 1)}[bias]
        image = [rng.standard_normal((FILTERS, CHANNELS, KERNEL, KERNEL))] if what == "weights" else []
        image += [rng.standard_normal(FILTERS)] if what == "bias" else []
        return [rng.standard_normal(shape), *image, *([NOTHING] if p.default is None else [])]
    if re.fullmatch(f"{INPUTS}|{TARGETS}", low) and _takes_data(names):
        return _data(low, place, width)
    if re.fullmatch(ITERATIONS, low):
        return [1]
    if what == "rate" or low in ("lr", "learning_rate"):
        return [RATE]
    if p.default is not NOTHING and p.default is not None and not isinstance(p.default, int):
        values = list(hyper(p)) if p.compared else []
        return values or [NOTHING]
    for pattern, sizes in SIZES:
        if re.fullmatch(pattern, low):
            size = sizes[0] if network else sizes[1]
            size = (
                width
                if size == C and network
                else [*size[:-1], width]
                if isinstance(size, list) and len(size) > 1
                else size
            )
            if isinstance(size, list) and p.default in (NOTHING, None):
                return [size, size[0]]
            if isinstance(p.default, int) and not isinstance(p.default, bool):
                return [p.default, size] if size != p.default else [size]
            return [size, *([NOTHING] if p.default is None else [])]
    if p.default is not NOTHING:
        return [NOTHING]
    named = next((space[n] for n in (low, low.capitalize()) if callable(space.get(n))), None)
    values = list(hyper(p))
    if low in ("n", "m"):
        return [(D, H, C)[min(place, 2)], *values]
    if values:
        return values
    if re.search("activ|func", low):
        found = [
            space[n] for n in ("relu", "ReLU", "Relu", "sigmoid", "Sigmoid", "tanh", "Tanh") if callable(space.get(n))
        ]
        return [*(f() if isinstance(f, type) else f for f in found), "relu", "sigmoid", "tanh"]
    return [named] if named else [(D, H, C)[min(place, 2)]]


def _takes_data(names: list[str]) -> bool:
    """Whether a constructor takes inputs and targets, and not their numbers: ``(input, hidden, output)``."""
    low = [n.lower().strip("_") for n in names]
    both = all(any(re.fullmatch(pattern, n) for n in low) for pattern in (INPUTS, TARGETS))
    return both and ({"x", "y"} <= set(low) or not any(re.match(r"n?_?hid|h\d*$", n) for n in low))


def _data(name: str, place: int, width: int) -> list[Any]:
    """Inputs, of two or three features too, for networks whose sizes are written down; or targets for them."""
    if re.fullmatch(INPUTS, name):
        return [generator(6, place).standard_normal((N, features)) for features in (D, 3, 2)]
    return [np.eye(C)[np.arange(N) % C][:, :width], *([np.arange(N) % 2.0] if width == 1 else [])]


def declared(kind: Any) -> Signature | None:
    """The constructor of a dataclass, which has no text."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return None
    names = [Parameter(p.name, NOTHING if p.default is p.empty else p.default) for p in parameters
             if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]  # fmt: skip
    return Signature(names, [], [], "", "") if names else None
