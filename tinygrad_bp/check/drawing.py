"""Inputs for a function of a homework: every combination of shapes and kinds that its names allow, one by one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .layouts import C, D, H, Layout, N, hyper, layouts, parts_of, stated
from .names import NOTHING, Parameter, Signature, index, role

LIMIT = 4000  # combinations
CONFIG: dict[str, tuple[Any, ...]] = {
    "stride": (1, 2), "pad": (1, 0), "padding": (1, 0), "eps": (1e-5,), "momentum": (0.9,), "mode": ("train",),
    "p": (0.6,), "seed": (7,), "keep_prob": (0.6,), "pool_height": (2,), "pool_width": (2,), "pool_size": (2,),
    "f": (2,), "size": (2,), "reg": (0.1,), "alpha": (0.1,), "training": (True,), "train": (True,),
}  # fmt: skip
ARRAYS = ("x", "weights", "recurrent", "embedding", "bias", "gain", "shift", "state", "cell", "labels", "mask")


@dataclass
class Draw:
    """One set of inputs: a value for each parameter that is given, the layout, and the labels' kind."""

    values: dict[str, Any]
    layout: Layout
    labels: Any = None
    kinds: dict[str, str] = field(default_factory=dict)


@dataclass
class Context:
    """What is known beside the signature: values from a spec, and functions of the file that make parameters."""

    spec: Mapping[str, Any] = field(default_factory=dict)
    initial: Sequence[Callable[..., Any]] = ()
    keys: Mapping[str, list[str]] = field(default_factory=dict)  # of parameters of that name anywhere in the file
    axis: int = 0  # of the examples, in what the spec says
    weighted: bool = False  # whether it has weights of its own, as an object
    labels: str = ""  # the parameter that holds them, where its name alone does not say so
    features: int = 0  # of an example, where the class writes down the sizes of its weights
    seed: int = 0


def generator(*what: int) -> np.random.Generator:
    """Random numbers that no homework draws by chance."""
    return np.random.default_rng([0x6B70, *what])


def draws(name: str, sig: Signature, context: Context, leave: Sequence[str] = ()) -> Iterator[Draw]:
    """Sets of inputs for the parameters of ``sig``, but for those in ``leave``."""
    parameters = [p for p in sig.parameters if p.name not in leave]
    chosen = [p for p in parameters if p.name not in context.spec]
    roles = {p.name: _role(p, sig) for p in chosen}
    roles.update({context.labels: "labels"} if context.labels in roles else {})
    labelled = "labels" in roles.values()
    if labelled and not {"x", "weights", "params"} & set(roles.values()):
        first = next((p.name for p in chosen if roles[p.name] == "hyper" and p.default is NOTHING), "")
        roles.update({first: "x"} if first else {})  # forward(p, y): probabilities
    weighted = context.weighted or any(r in ("weights", "params", "recurrent") for r in roles.values())
    kinds = LABELS if labelled else ("none",)
    values: tuple[str, ...] = ("likely", "plain") if _of_probabilities(sig, weighted) else ("plain", "likely")
    values = values if labelled and not weighted else ("plain",)
    if re.search(r"embed|lookup|vocab", name.lower()):
        roles = {n: "embedding" if r == "weights" else r for n, r in roles.items()}
        values = ("index", *values)
    options: dict[str, list[Any]] = {p.name: list(hyper(p)) for p in chosen if roles[p.name] == "hyper"}
    options |= {p.name: _configs(p) for p in chosen if roles[p.name] == "config"}
    many = [list(options[key]) or [None] for key in options]
    facts = stated(sig)
    if not all(p.name in facts for p in chosen if roles[p.name] in ARRAYS):
        facts = {}
    count = 0
    fixed = {n: (N, context.features) for n, r in roles.items() if r == "x"} if context.features else {}
    for statement in [known for known in (fixed, facts) if known] + [{}]:
        for layout in layouts(name, sig):
            if statement is fixed and fixed and (layout.axis or not layout.batched):
                continue
            for kind, value, others in itertools.product(kinds, values, itertools.product(*many)):
                for made in _parameters(chosen, roles, layout, kind, labelled, context):
                    count += 1
                    if count > LIMIT:
                        return
                    given = dict(zip(options, others, strict=True))
                    draw = _one(chosen, roles, layout, kind, value, weighted, statement, {**given, **made}, context)
                    if draw is not None:
                        known = {**context.spec, **draw.values}
                        draw.values = {p.name: known[p.name] for p in parameters if p.name in known}
                        yield draw


LABELS = ("onehot", "ints", "binary", "flags", "floats", "numbers", "signs")


def _role(parameter: Parameter, sig: Signature) -> str:
    found = role(parameter.name, sig.names)
    if found in ("weights", "x", "params", "gain") and (parameter.keys or parameter.numbered or parameter.unpacked > 1):
        config = [k for k in parameter.keys if k in CONFIG]
        return "config" if config and len(config) == len(parameter.keys) else "params"
    if found == "config":
        return found
    if found in ("cache", "rate") or (found == "mask" and parameter.default is not NOTHING):
        return "left" if parameter.default is not NOTHING else "hyper" if found == "rate" else "x"
    if next(iter(hyper(parameter)), None) is not None and not (
        found in ARRAYS[1:] and parameter.default in (NOTHING, None)
    ):
        return "hyper"
    return (
        found
        if parameter.default in (NOTHING, None) or not isinstance(parameter.default, (int, float, str))
        else "hyper"
    )


def _of_probabilities(sig: Signature, weighted: bool) -> bool:
    """Whether a loss takes logarithms of what it is given."""
    return not weighted and "log(" in sig.text and "exp(" not in sig.text and "softmax" not in sig.text


def _configs(parameter: Parameter) -> list[dict[str, Any]]:
    keys = parameter.keys or ["stride", "pad"]
    options = [CONFIG.get(key, (1,)) for key in keys]
    extra = {k: v[0] for k, v in CONFIG.items() if k in ("mode", "eps", "momentum", "seed") and k not in keys}
    return [{**dict(zip(keys, chosen, strict=True)), **({} if parameter.keys else extra)}
            for chosen in itertools.product(*options)]  # fmt: skip


def _parameters(
    chosen: list[Parameter], roles: dict[str, str], layout: Layout, kind: str, labelled: bool, context: Context
) -> Iterator[dict[str, Any]]:
    """Values of what holds a network's weights: made by a function of the file where there is one."""
    holder = next((p for p in chosen if roles[p.name] == "params"), None)
    if holder is None:
        yield {}
        return
    width = 1 if kind in ("binary", "flags", "numbers", "signs") and labelled else C
    rng = generator(1, context.seed)
    seen = set()
    for function in context.initial:
        for arguments in ([[D, H, width]], [D, H, width], [], [D, width], [D], [[D, H, 7, width]]):
            try:
                made = function(*arguments)
            except Exception:  # a wrong number of arguments, or of another kind
                continue
            mark = str(_shapes(made))
            if isinstance(made, (dict, list, tuple)) and mark not in seen:
                seen.add(mark)
                yield {holder.name: _redrawn(made, rng)}
    keys = [*holder.keys, *context.keys.get(holder.name, [])]
    if holder.unpacked_names:
        filled = _filled(holder.unpacked_names, layout, width, rng)
        yield {holder.name: tuple(filled.values())}
        yield {holder.name: list(filled.values())}
    for layers in (2, 3, 1) if holder.numbered else (0,):
        names = [k for k in keys if role(k) in ("weights", "bias", "gain", "shift")]
        names += [f"{k}{i + 1}" for i in range(layers) for k in holder.numbered]
        if names:
            yield {holder.name: _filled(list(dict.fromkeys(names)), layout, width, rng)}


def _filled(names: list[str], layout: Layout, width: int, rng: Any) -> dict[str, Any]:
    from dataclasses import replace

    parts = max((index(n) for n in names), default=0)
    chain = replace(layout, width=width).chain(parts, True)
    found = {}
    for name in names:
        i = max(index(name), 1)
        begin, end = (chain[i - 1], chain[i]) if i < len(chain) else (chain[-1], chain[-1])
        shape = layout.weight(begin, end) if role(name) in ("weights", "recurrent") else layout.vector(end)
        found[name] = 0.7 * rng.standard_normal(shape)
    return found


def _shapes(made: Any) -> Any:
    if isinstance(made, dict):
        return {key: _shapes(value) for key, value in made.items()}
    if isinstance(made, (list, tuple)):
        return [_shapes(value) for value in made]
    return np.shape(made)


def _redrawn(made: Any, rng: Any) -> Any:
    """The same with other numbers: initial values are small, and biases zero."""
    if isinstance(made, dict):
        return {key: _redrawn(value, rng) for key, value in made.items()}
    if isinstance(made, (list, tuple)) and not all(isinstance(v, int) for v in made):
        return type(made)(_redrawn(value, rng) for value in made)
    if isinstance(made, (np.ndarray, float)):
        shape = np.shape(made)
        return rng.standard_normal(shape) / np.sqrt(max(shape[-1:] or (1,)) if len(shape) > 1 else 2)
    return made


def _one(
    chosen: list[Parameter], roles: dict[str, str], layout: Layout, kind: str, value: str, weighted: bool,
    facts: Mapping[str, tuple[int, ...]], given: dict[str, Any], context: Context,
) -> Draw | None:  # fmt: skip
    from dataclasses import replace

    rng = generator(2, context.seed)
    labelled = kind != "none"
    single = kind in ("binary", "flags", "numbers", "signs")
    layout = replace(layout, width=1 if single else 0)
    chain = layout.chain(parts_of(chosen), labelled)
    values: dict[str, Any] = {}
    labels = None
    for parameter in chosen:
        what, name = roles[parameter.name], parameter.name
        if name in given:
            values[name] = given[name]
        elif what == "left":
            continue
        elif what == "labels":
            values[name] = labels = _labels(kind, layout, rng, values)
            if labels is None:
                return None
        elif what == "bias" and layout.bias == "scalar" and layout.weights is None and chain[-1] > 1 and weighted:
            return None  # one number for several outputs
        else:
            shape = facts.get(name) or _shape(what, name, layout, chain, labelled and not weighted, kind)
            values[name] = _numbers(what, shape, value, layout, rng)
    return Draw(values, layout, labels, roles)


def _shape(what: str, name: str, layout: Layout, chain: list[int], scores: bool, kind: str) -> tuple[int, ...]:
    i = max(index(name), 1)
    begin, end = (chain[i - 1], chain[i]) if i < len(chain) else (chain[-1], chain[-1])
    if what == "weights":
        return layout.weight(begin, end)
    if what == "recurrent":
        return layout.weight(H, H)
    if what == "embedding":
        return (8, D)
    if what == "bias":
        if layout.weights is not None and len(layout.weights) > 1 and layout.bias != "scalar":
            filters = (
                layout.weights[-1] if layout.bias == "last" or layout.x[-1] == layout.weights[-2] else layout.weights[0]
            )
            return (filters, 1) if layout.bias == "column" else layout.vector(filters)
        return layout.vector(end * layout.gates)
    if what in ("gain", "shift"):
        if layout.weights is not None and len(layout.x) == 4:
            return layout.vector(layout.x[1]) if layout.bias != "last" else (layout.x[-1],)
        return layout.vector(D)
    if what in ("state", "cell"):
        return layout.state
    if what == "mask" and kind != "none":
        return layout.x[:-1]
    if scores and what == "x" and len(layout.x) == 3:
        return (*layout.x[:2], C)
    if scores and what == "x":
        n = layout.x[layout.axis] if layout.x else 1
        if kind in ("flags", "numbers", "signs"):
            return (n,) if layout.x else ()
        if len(layout.x) == 1:
            return (C,)
        return (n, layout.width or C) if layout.axis == 0 else (layout.width or C, n)
    return layout.x


def _numbers(what: str, shape: tuple[int, ...], value: str, layout: Layout, rng: Any) -> Any:
    if what == "x" and value == "index":
        return rng.integers(0, 8, shape)
    if what == "mask":
        return (rng.random(shape) < 0.6).astype(float)
    if what == "gain":
        return 1 + 0.3 * rng.standard_normal(shape)
    if what in ("weights", "recurrent"):
        return 0.6 * rng.standard_normal(shape)
    if what == "x" and value == "likely":
        p = rng.uniform(0.15, 0.85, shape)
        axis = 1 - layout.axis if len(shape) == 2 else 0
        return p / p.sum(axis, keepdims=True) if len(shape) and shape[axis] > 1 and layout.width != 1 else p
    return rng.standard_normal(shape)


def _labels(kind: str, layout: Layout, rng: Any, values: Mapping[str, Any]) -> Any:
    """Labels of one kind, all classes among them."""
    n = layout.x[layout.axis] if layout.x and layout.batched else 1
    classes = np.arange(n) % C
    flags = (np.arange(n) % 2).astype(float)
    if not layout.batched:
        if len(layout.x) > 2:
            return None
        column = len(layout.x) == 2 and layout.x[1] == 1
        shape = (C, 1) if column else (1, C) if len(layout.x) == 2 else (C,)
        found: dict[str, Any] = {
            "onehot": np.reshape(np.eye(C)[1], shape), "ints": 1, "binary": np.ones((1, 1)), "flags": 1.0,
            "floats": rng.standard_normal(shape), "numbers": rng.standard_normal(), "signs": -1.0,
        }  # fmt: skip
        return found[kind]
    turned = layout.axis == 1
    if kind == "onehot":
        return np.eye(C)[classes].T if turned else np.eye(C)[classes]
    if kind == "ints":
        return np.arange(n * layout.x[1]).reshape(n, -1) % C if len(layout.x) == 3 else classes
    if kind == "binary":
        return flags.reshape(1, -1) if turned else flags.reshape(-1, 1)
    if kind == "flags":
        return flags
    if kind == "signs":
        return 2 * flags - 1
    if kind == "numbers":
        return rng.standard_normal(n)
    like = next((np.shape(v) for k, v in values.items() if role(k) == "x" and np.ndim(v)), layout.x)
    return rng.standard_normal(like)


__all__ = ["Context", "Draw", "N", "draws", "generator"]
