"""Gradients by hand of the values of one recorded computation, compared in the order of its backward pass.

Each is compared twice: with the engine's gradient, and with what the engine's rules make of the hand's own gradients
above it. The second tells a mistake from what only follows from one.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..autograd.errors import ArgumentError
from ..autograd.lines import Line, user_frame
from ..autograd.node import Node
from ..autograd.tensor import Tensor
from ..autograd.terminal import fitting
from ..autograd.types import Raw
from .case import Case, tolerance_of
from .diagnose import diagnose
from .findings import Diagnosis, Finding
from .naming import first_of, meant, variables
from .passage import Backward, Passage
from .returned import numbers

WIDTH = 80
# Mistakes that the numbers alone tell for certain. Any other is looked for among the rules on the way first.
PLAIN = (
    "shape", "not summed", "transposed", "overflow", "missing", "sign", "factor", "summed", "averaged", "divided twice",
    "regularisation",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Gradient(Finding):
    """What was found of one gradient of a computation; a ``kind`` ``"follows"`` is wrong only by what it was made of.

    ``difference`` is the largest difference from the engine's, ``place`` says where to look.
    """

    difference: float = 0.0
    place: str = ""


@dataclass(frozen=True, repr=False)
class Compared(Diagnosis):
    """What ``compare`` found, in the order of the backward pass: what is further down can be wrong by what is above."""

    findings: tuple[Gradient, ...]

    @property
    def first(self) -> Gradient | None:
        """The first that is wrong; None where all are right."""
        return next((finding for finding in self.findings if not finding.ok), None)

    def _rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("gradient", "exact", "approx.", "difference", "is")]
        for f in self.findings:
            exact = "yes" if f.difference == 0 and f.ok else "no"
            rows.append(
                (f.name, exact, "yes" if f.ok else "no", f"{f.difference:.1e}" if f.difference else "0", f.kind)
            )
        return rows

    def _sentences(self) -> list[str]:
        own = [f for f in self.findings if not f.ok and f.kind != "follows"]
        follow = [f.name for f in self.findings if f.kind == "follows"]
        told = [
            f"{'Wrong too, by its own step' if i else 'First wrong'}: {f.name}. {f.sentence} {f.place}".strip()
            for i, f in enumerate(own)
        ]
        if follow:
            told.append(f"Wrong only because of {'it' if len(own) == 1 else 'these'}: {', '.join(follow)}.")
        return told or [f"All {len(self.findings)} are right."]

    def __repr__(self) -> str:
        rows = self._rows()
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 8)
        lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip() for row in rows]
        for sentence in self._sentences():
            lines += textwrap.wrap(sentence, WIDTH, break_long_words=False)
        return fitting("\n".join(lines))

    def _repr_html_(self) -> str:
        """The same as a table, for Jupyter; what is wrong in bold."""
        from html import escape

        cell, (head, *rows) = '<td style="text-align: left">{}</td>', self._rows()
        table = ["".join(f'<th style="text-align: left">{escape(name)}</th>' for name in head)]
        for finding, row in zip(self.findings, rows, strict=True):
            mark = "{}" if finding.ok else "<b>{}</b>"
            table.append("".join(cell.format(mark.format(escape(text))) for text in row))
        told = "".join(f"<p>{escape(sentence)}</p>" for sentence in self._sentences())
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in table)}</table>{told}"


def compare(
    manual: Mapping[str, Tensor | ArrayLike | None], loss: Tensor, values: Mapping[str, Tensor] | None = None
) -> Compared:
    """Compare gradients made by hand with the engine's, value by value, and point at the first that is wrong.

    ``manual`` holds arrays or tensors by name: ``"dx"`` (or ``"x"``, ``"grad_x"``, ``"x_grad"``) is the gradient of
    ``loss``, one recorded number, with respect to ``x``. Which tensor ``x`` is, ``values`` says; of a name that it does
    not have, the variables of the line that calls ``compare`` do: local ones, then global ones, then what dicts and
    objects among them hold (``params["W1"]``, ``self.W1``), then the names of the tensors. An entry that is None is
    left out: not made yet.

    A gradient that is not the engine's, but is what the engine's rules make of the hand's gradients above it, is said
    to follow: its own step is right. No ``.grad`` changes and the graph stays. After a ``backward()`` that freed it,
    what ``retain_grad()`` kept is compared, and what follows is not told from what is wrong by itself.

    Raises ``ArgumentError`` where a name is no value that the loss was made from, or nothing of it is known any more.

    >>> import numpy as np
    >>> import tinygrad_bp as tg
    >>> x, W = tg.tensor(np.arange(6.0).reshape(3, 2)), tg.ones(2, 4, dtype=tg.float64, requires_grad=True)
    >>> h = x @ W / 5
    >>> a = tg.tanh(h)
    >>> loss = a.sum()
    >>> da = np.ones((3, 4))
    >>> dh = da
    >>> dW = x.T @ dh / 5
    >>> print(compare({"da": da, "dh": dh, "dW": dW}, loss))
    gradient  exact  approx.  difference  is
    da        yes    yes      0           right
    dh        no     no       9.0e-01     derivative missing
    dW        no     no       1.3e+00     follows
    First wrong: dh. The derivative of tanh (a) is left out. Look between da and dh:
    the rule of tanh (a).
    Wrong only because of it: dW.
    """
    if not isinstance(manual, Mapping):
        raise ArgumentError(f"compare: manual is a dict of name to gradient, got {type(manual).__name__}")
    backward = Backward("compare", loss)
    if all(gradient is None for gradient in manual.values()):
        raise ArgumentError("compare: manual holds no gradient yet: give at least one")
    spaces = [*([values] if values is not None else []), *variables(user_frame())]
    called = {node.tensor_name: node for node in backward.values if node.tensor_name}
    hands: dict[Node, tuple[str, Any]] = {}
    for key, gradient in manual.items():
        if gradient is None:
            continue
        names = meant(str(key))
        node = first_of(names, spaces, backward) or next((called[n] for n in names if n in called), None)
        if node is None:
            raise ArgumentError(
                f"compare: {key!r} is the gradient of no tensor that this loss was made from: there is no such "
                f"{' or '.join(names)} among the variables here; give compare(manual, loss, {{{names[0]!r}: tensor}})"
            )
        hands[node] = str(key), raw(gradient)
    if backward.freed:
        backward.gradients |= kept_gradients(hands, spaces)
    return Compared(compared(backward, hands))


def raw(gradient: Tensor | ArrayLike) -> Raw:
    """A gradient by hand as an array."""
    return np.asarray(numbers(gradient, "a gradient"))


def kept_gradients(hands: Mapping[Node, tuple[str, Any]], spaces: Iterable[Mapping[str, Any]]) -> dict[Node, Any]:
    """What backward left in ``.grad`` of these values, where it has freed the graph."""
    found = {}
    for node, (key, _) in hands.items():
        grad = node.cell.grad if node.cell is not None else None
        if grad is None:
            raise ArgumentError(
                f"compare: backward() has freed the graph, and kept no gradient for {key!r}; call compare before it, "
                "or write loss.backward(retain_graph=True)"
            )
        found[node] = grad._value
    return found


@dataclass
class Comparing:
    """All gradients of one computation, and what is found of each in turn."""

    backward: Backward
    hands: Mapping[Node, tuple[str, Any]]
    lines: Mapping[Node, Line] = field(default_factory=dict)
    names: Mapping[Node, str] = field(default_factory=dict)  # of values without a gradient by hand
    explained: Collection[Node] | None = None  # those whose mistakes are named; None: all

    def __post_init__(self) -> None:
        self.used = {node: hand for node, (_, hand) in self.hands.items() if self._fits(node, hand)}
        rows = Counter(node.shape[0] for node in self.hands if node.op is not None and node.shape and node.shape[0] > 1)
        self.sizes = {"N": float(rows.most_common(1)[0][0])} if rows else {}

    def _fits(self, node: Node, hand: Any) -> bool:
        return hand.shape == node.shape and bool(np.isfinite(hand).all())

    def findings(self) -> tuple[Gradient, ...]:
        """One for each, in the order in which the backward pass has them complete."""
        found: list[Gradient] = []
        for node in sorted(self.hands, key=self.backward.place):
            found.append(self._one(node, next((f.name for f in found if not f.ok), "")))
        return tuple(found)

    def _one(self, node: Node, wrong: str) -> Gradient:
        key, given = self.hands[node]
        hand, truth = parts(given, self.backward.gradients[node])
        about: dict[str, Any] = {"name": key, "sizes": self.sizes}
        about["tolerance"] = max(tolerance_of(a.dtype) for a in (hand, truth))
        about["noise"] = self.backward.noise.get(node, 0.0)
        right, difference = diagnose(hand, truth, **about), apart(hand, truth)
        if right.ok:
            return Gradient(**vars(right), difference=difference)
        if self.backward.freed:
            place = f"It may be so only because {wrong} is." if wrong else ""
            return Gradient(**vars(right), difference=difference, place=place)
        passage = self.backward.passage(node, self.hands)
        unusable = [self.hands[n][0] for n in passage.above if n in self.hands and n not in self.used]
        if unusable:
            sentence = f"It is made of {' and '.join(unusable)}, so its own step cannot be told."
            return Gradient(key, "follows", sentence, None, right.error, right.where, difference)
        _, expected = parts(given, np.asarray(passage.arriving(self.used)))
        if Case(hand, expected, tolerance=about["tolerance"], noise=about["noise"]).agrees:
            sentence = f"Its own step is right: it is wrong because {self._above(passage, wrong)} is."
            return Gradient(key, "follows", sentence, None, right.error, right.where, difference)
        own = replace(diagnose(hand, expected, **about), error=right.error, where=right.where)
        if own.kind not in PLAIN and (self.explained is None or node in self.explained):
            case = Case(hand, expected, tolerance=about["tolerance"], noise=about["noise"])
            guesses = passage.guesses(hand, self.used, self.name)
            kind, _, factor, sentence = next(
                (guess for guess in guesses if case.fits(guess[1])), (own.kind, None, own.factor, own.sentence)
            )
            own = replace(own, kind=kind, factor=factor, sentence=sentence)
        return Gradient(**vars(own), difference=difference, place=self.where(passage, key))

    def _above(self, passage: Passage, wrong: str) -> str:
        """What of the values above is wrong."""
        names = [self.hands[node][0] for node in passage.above if node in self.hands]
        truths = self.backward.gradients
        off = [
            self.hands[node][0] for node in passage.above
            if node in self.used and not Case(self.used[node], truths[node], tolerance=1e-6).agrees
        ]  # fmt: skip
        return " and ".join(off or names[:1] or [wrong])

    def name(self, node: Node) -> str:
        """How a sentence calls a step: by its op, what it gave, and its line."""
        op = node.op.name if node.op is not None else "the leaf"
        known = self.hands.get(node, ("",))[0]
        called = self.names.get(node) or (meant(known)[0] if known else "")
        line = self.lines.get(node)
        return " ".join([op, *([f"({called})"] if called else []), *([f"in {place(line)}"] if line else [])])

    def where(self, passage: Passage, key: str) -> str:
        """Between which gradients the mistake lies, and what the steps there are."""
        tops = [self.hands[node][0] if node in self.hands else "the loss" for node in passage.above]
        between = " and ".join([", ".join(tops[:3]) + (", …" if tops[3:] else ""), key])
        steps = list(dict.fromkeys(self.name(node) for node in passage.nodes))
        told = f"the rule of {steps[0]}" if len(steps) == 1 else f"the rules of {', '.join(steps[:4])}"
        return f"Look between {between}: {told}{', …' if steps[4:] else ''}."


def compared(backward: Backward, hands: Mapping[Node, tuple[str, Any]], **about: Any) -> tuple[Gradient, ...]:
    """The findings of gradients by hand, ``hands`` with the name of each."""
    return Comparing(backward, hands, **about).findings()


def parts(hand: Raw, truth: Raw) -> tuple[Raw, Raw]:
    """Two gradients, of complex numbers as their real and imaginary parts along a last axis."""
    if hand.dtype.kind != "c" != truth.dtype.kind:
        return hand, truth
    real = hand.real.dtype if hand.dtype.kind in "fc" else truth.real.dtype
    return np.stack([hand.real, hand.imag], -1).astype(real), np.stack([truth.real, truth.imag], -1)


def apart(hand: Raw, truth: Raw) -> float:
    """The largest difference; infinite where the shapes differ."""
    if hand.shape != truth.shape:
        return float("inf")
    with np.errstate(invalid="ignore", over="ignore"):
        wide = np.abs(hand.astype(np.result_type(hand, float)) - truth)
    return float(np.max(np.nan_to_num(wide, nan=np.inf), initial=0.0))


def place(line: Line) -> str:
    """A line of the program, as short as it can be found."""
    if line.file.startswith("<") or "ipykernel_" in line.file:  # typed at a prompt, or a cell of a notebook
        return f"line {line.number}"
    return f"{line.file.replace(chr(92), '/').rsplit('/', 1)[-1]}:{line.number}"
