"""Shapes that go together: rows or columns as examples, images, sequences; each is tried until the homework runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .names import NOTHING, Parameter, Signature, index, role

# All different, so that what fits by shape fits by meaning; T, K and F: steps, width of a kernel, number of filters.
N, D, H, G, C = 6, 4, 5, 7, 3
CHANNELS, FILTERS, KERNEL, STEPS = 3, 4, 3, 2
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """One convention. Weights are (from, to) where ``forth``, else (to, from)."""

    name: str
    x: Shape
    axis: int = 0  # of the examples
    forth: bool = True
    bias: str = "flat"  # flat (o,), row (1, o), column (o, 1), scalar ()
    weights: Shape | None = None  # where they are not two numbers
    state: Shape = (N, H)
    gates: int = 1
    width: int = 0  # of one label's scores where it is not C: 1 for two classes
    batched: bool = True

    def chain(self, parts: int, labelled: bool) -> list[int]:
        """The widths of a network's layers."""
        last = (self.width or C) if labelled else (C if parts > 1 else H)
        return {0: [D, last], 1: [D, last], 2: [D, H, last], 3: [D, H, G, last]}.get(
            parts, [D, *([H, G] * parts)[: parts - 1], last]
        )

    def weight(self, begin: int, end: int) -> Shape:
        """The shape of weights from one width to another."""
        if self.weights is not None:
            return self.weights
        return (begin, end * self.gates) if self.forth else (end * self.gates, begin)

    def vector(self, size: int) -> Shape:
        """The shape of a bias, a gain or a shift of some width."""
        column = {"flat": (size,), "row": (1, size), "column": (size, 1), "scalar": ()}
        return {**column, "last": (1, 1, 1, size), "channel": (1, size, 1, 1)}[self.bias]


ROWS = Layout("rows are examples", (N, D))
COLUMNS = Layout("columns are examples", (D, N), 1, False, "column", state=(H, N))
IMAGES = Layout("images", (2, CHANNELS, 6, 4), bias="flat", weights=(FILTERS, CHANNELS, KERNEL, KERNEL))
SQUARE = replace(IMAGES, name="square images", x=(2, CHANNELS, 4, 4))
LAST = Layout(
    "images, channels last", (2, 4, 4, CHANNELS), bias="last", weights=(KERNEL, KERNEL, CHANNELS, FILTERS)
)  # fmt: skip
ONE_IMAGE = Layout("one image", (7, 6), bias="scalar", weights=(KERNEL, KERNEL), batched=False)
PLAIN = [
    ROWS,
    replace(ROWS, bias="row"),
    replace(ROWS, forth=False),
    replace(ROWS, forth=False, bias="row"),
    COLUMNS,
    replace(COLUMNS, forth=True),
    replace(COLUMNS, bias="flat"),
    replace(COLUMNS, forth=True, bias="scalar"),
    replace(ROWS, bias="scalar"),
    replace(ROWS, name="numbers for rows", weights=(D,), bias="scalar"),
    replace(ROWS, name="numbers", x=(N,), weights=(), bias="scalar"),
    replace(ROWS, name="numbers, weights of one", x=(N, 1), weights=(1,), bias="scalar"),
    Layout("one example", (D,), forth=True, state=(H,), batched=False),
    Layout("one example", (D,), forth=False, state=(H,), batched=False),
    Layout("one example in a row", (1, D), bias="row", state=(1, H), batched=False),
    Layout("one example in a column", (D, 1), forth=False, bias="column", state=(H, 1), batched=False),
    Layout("one number", (), weights=(), bias="scalar", batched=False),
]
PICTURES = [
    IMAGES,
    SQUARE,
    LAST,
    replace(LAST, bias="flat"),
    replace(IMAGES, bias="column"),
    replace(IMAGES, bias="channel"),
    replace(SQUARE, bias="column"),
    Layout("sequences of channels", (2, CHANNELS, 9), weights=(FILTERS, CHANNELS, KERNEL)),
    Layout("one image with channels", (CHANNELS, 4, 4), weights=(FILTERS, CHANNELS, KERNEL, KERNEL), batched=False),
    Layout("one image", (4, 4, CHANNELS), weights=(KERNEL, KERNEL, CHANNELS, FILTERS), batched=False),
    ONE_IMAGE,
    replace(ONE_IMAGE, weights=(FILTERS, KERNEL, KERNEL), bias="flat"),
    Layout("images without channels", (2, 6, 6), bias="scalar", weights=(KERNEL, KERNEL)),
    Layout("one signal", (9,), bias="scalar", weights=(KERNEL,), batched=False),
]
SERIES = [
    *(replace(ROWS, gates=gates) for gates in (4, 3)),
    *(replace(COLUMNS, gates=gates) for gates in (4, 3)),
    *(Layout("sequences", (N, STEPS, D), gates=gates) for gates in (1, 4, 3)),
    Layout("sequences", (N, STEPS, D), forth=False),
    Layout("sequences, steps first", (STEPS, N, D), axis=1),
    Layout("sequences, columns", (D, N, STEPS), 1, False, "column", state=(H, N)),
    Layout("one sequence", (STEPS + 1, D), state=(H,), batched=False),
    Layout("one sequence", (STEPS + 1, D), forth=False, state=(H,), batched=False),
    Layout("one sequence of columns", (STEPS + 1, D, 1), forth=False, bias="column", state=(H, 1), batched=False),
]


def layouts(name: str, sig: Signature) -> list[Layout]:
    """The conventions in the order in which they are worth a trial for a function of this name."""
    text = f"{name} {' '.join(sig.names)}".lower()
    roles = {role(p, sig.names) for p in sig.names}
    if re.search(r"conv|pool|spatial|2d|img|image|im2col|group_?norm", text):
        return [*PICTURES, *PLAIN, *SERIES]
    if roles & {"recurrent", "state", "cell"} and re.search(r"step|cell", text):
        return [*PLAIN, *SERIES, *PICTURES]
    if roles & {"recurrent", "state"} or re.search(r"rnn|lstm|gru|temporal|attention|seq", text):
        return [*SERIES[4:], *SERIES[:4], *PLAIN, *PICTURES]
    return [*PLAIN, *PICTURES, *SERIES]


def stated(sig: Signature) -> dict[str, Shape]:
    """Shapes that the docstring or an annotation states, as ``x: of shape (N, D)``; each letter is one size."""
    sizes: dict[str, int] = {}
    found: dict[str, Shape] = {}
    for parameter in sig.parameters:
        match = re.search(
            rf"(?<!\w){re.escape(parameter.name)}(?!\w)[^\n(]{{0,80}}?\(([^()\n]*,[^()\n]*)\)", sig.docstring
        )
        if match is None:
            continue
        symbols = [s.strip().lower() for s in match[1].split(",") if s.strip()]
        if any(re.search(r"\.\.\.|default|optional|[=<>]", s) for s in symbols):
            continue
        shape = []
        for symbol in symbols:
            if symbol.isdigit():
                shape.append(int(symbol))
            elif re.fullmatch(r"\w+|[a-z ]+", symbol):
                shape.append(sizes.setdefault(_meaning(symbol), SIZES[len(sizes) % len(SIZES)]))
            else:
                shape = []
                break
        if shape and max(shape) <= 64:
            found[parameter.name] = tuple(shape)
    return found


SIZES = (6, 4, 5, 3, 7, 2)


def _meaning(symbol: str) -> str:
    return {"number of examples": "m", "n_samples": "m", "batch": "m", "batch_size": "m"}.get(symbol, symbol)


def parts_of(parameters: list[Parameter]) -> int:
    """How many numbered layers the weights among the parameters have."""
    return max((index(p.name) for p in parameters if role(p.name) == "weights"), default=0)


def needed(parameter: Parameter) -> bool:
    """Whether a call must say it."""
    return parameter.default is NOTHING


def hyper(parameter: Parameter) -> Iterator[object]:
    """The values to try of what is no array; nothing where it is one."""
    low = parameter.name.lower().strip("_")
    if parameter.compared and role(parameter.name) not in ("labels",):
        yield from parameter.compared
        return
    for pattern, values in HYPER:
        if re.fullmatch(pattern, low):
            yield from values
            return
    if isinstance(parameter.default, (bool, int, float, str)):
        yield parameter.default


HYPER: tuple[tuple[str, tuple[object, ...]], ...] = (
    (r"stride\w*|strides|s|hparam_s", (1, 2)),
    (r"pad(ding)?|p_pad|hparam_p", (1, 0)),
    (r"eps(ilon)?|tiny", (1e-5,)),
    (r"momentum|beta_?m", (0.9,)),
    (r"keep_?prob\w*|dropout\w*|drop\w*|p|prob|p_drop|p_keep|ratio", (0.6,)),
    (r"reg\w*|lambd\w*|lam|weight_?decay|l2\w*|wd", (0.1,)),
    (r"alpha|slope|negative_slope|leak\w*", (0.1,)),
    (r"m|n|batch_?size|num_examples|n_samples", (N,)),
    (r"(is_?)?train(ing)?|train_?mode|is_?train", (True,)),
    (r"mode|phase", ("train",)),
    (r"pool_?\w*|size|window|pool_?size|ksize", (2,)),
    (r"kernel_?size|filter_?size|k_?size|hh|ww", (KERNEL,)),
    (r"num_?classes|n_?classes|classes_?num|num_labels", (C,)),
    (r"num_?layers|n_?layers|l|depth", (2,)),
    (r"temp(erature)?|tau", (2.0,)),
    (r"(n|num)_?heads?", (2,)),
    (r"delta|margin|threshold", (1.0,)),
    (r"seed|random_?state", (0,)),
    (r"verbose|debug|print_\w+|plot\w*", (False,)),
    (r"lr|learning_?rate|eta|step_?size", (0.1,)),
    (r"(n_?|num_?)?groups?|g", (1, 3)),
    (r"gate|order|axis", (1,)),
)


__all__ = ["COLUMNS", "IMAGES", "ROWS", "Layout", "hyper", "layouts", "needed", "parts_of", "stated"]
