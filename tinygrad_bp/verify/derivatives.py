"""Derivatives of a function against differences of its values, to any order, and forward mode against reverse mode.

One order: the derivative along a random direction in one input, and at the outputs along a random cotangent, is
compared with the slope that ``differences`` finds. The next order: the derivative itself, as a function of the inputs
and of the cotangent, is checked in the same way. Differences are taken in float64 whatever the dtype of the inputs, so
that float32 is judged by what its own rounding does to a gradient and not by what it does to a difference.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.forward import push_forward
from ..autograd.gradient import pull
from ..autograd.tensor import wrap
from ..autograd.values import value_of
from .contracts import product, random_like
from .diagnose import diagnose
from .differences import LARGEST, Slope, slope
from .drawn import TRIES, alike
from .findings import Finding
from .problem import Problem, Pushed, in_dtype, of_kind

RELATIVE = 1e-7  # what a derivative may be off in float64 beside what is measured
FEW = 60  # a weight is at most 2 to this power: beyond float32 it would be inf, and inf · 0 is NaN
RELATIVE_NARROW = 2e-3  # in float32: a rule that is right to this in float64 and wrong in float32 is one that rounds
MILDER = (0.5, 0.1, 0.01, 1e-3, 1e-6)
ROUNDINGS = 4  # runs with every input changed in its last bits
ELEMENTS = 2000  # of one input that are differenced one by one to say where and how a derivative is wrong


@dataclass
class Check:
    """One problem at one place, and everything that is measured there once."""

    problem: Problem
    rng: Any
    forward: bool = False
    backward: bool = True
    every_element: bool = False
    undefined: bool = True
    step: float | None = None
    atol: float = 0.0
    rtol: float = RELATIVE
    nondet_tol: float = 0.0
    cotangents: list[Any] = field(default_factory=list)
    others: Any = field(default=None, init=False)  # the gradients for another gradient arriving, and for the sum

    def findings(self) -> list[Finding]:
        """One finding for each input; one alone where two runs differ."""
        with np.errstate(all="ignore"):
            return self._findings()

    def _findings(self) -> list[Finding]:
        p = self.problem
        self.values: list[Any] = [a.astype(of_kind(a.dtype, True)) for a in p.values]
        results = [value_of(y) for y in p.outputs(self.values)[1]]
        for y in results:
            if not np.isfinite(y).all():
                raise ArgumentError(f"{p.name} is not finite at these inputs; give others, away from the edge")
        self.cotangents = self.cotangents or self._drawn(results)
        self.results, self.ours = p.gradients(self.values, self.cotangents)
        again = p.gradients(self.values, self.cotangents)
        apart = max((_apart(a, b) for a, b in zip([*self.results, *self.ours], [*again[0], *again[1]])), default=0.0)
        if apart > self.nondet_tol:
            text = f"Two runs on the same inputs differ by {apart:.3g} (allowed {self.nondet_tol:g}): seed it anew"
            return [Finding(p.name, "not deterministic", f"{text} in every run.", error=apart)]
        self.eps: float = max(np.finfo(a.dtype).eps for a in [*self.values, *results])
        self.base = sum(float(np.sum(np.abs(w * y))) for w, y in zip(self.cotangents, results, strict=True))
        self.noise: float = max(2 * self.eps * self.base + apart, 8 * self._roughness())
        self.jitter: list[Any] = self._rounding(self.values, self.ours, self.eps)
        return [self._one(i) for i in range(len(p.values))]

    def _drawn(self, results: list[Any]) -> list[Any]:
        """A random weight for each result, in few bits so that it is the same number in every dtype."""
        if len(results) == 1 and results[0].size == 1 and results[0].dtype.kind == "f":
            return [np.ones(results[0].shape)]
        drawn = []
        for y in results:
            size = float(np.sqrt(np.mean(np.abs(y) ** 2))) if y.size and len(results) > 1 else 0.0
            for _ in range(TRIES):
                w = np.clip(random_like(self.rng, y.astype(of_kind(y.dtype, True))).real, -2, 2)
                w = np.sign(w) * (0.5 + np.abs(w)).astype(np.float16)
                if not any(alike(w, np.real(a)) for a in (y, *self.values)):
                    break
            w = w * np.exp(2j * np.pi * self.rng.random(y.shape)) if y.dtype.kind == "c" else w.astype(np.float64)
            power = np.clip(np.round(np.log2(size)), -FEW, FEW) if size else 0.0
            drawn.append(np.asarray(w / 2.0**power))
        return drawn

    def _roughness(self) -> float:
        """How far values along a line of a few last bits are from a parabola: the rounding inside the function.

        Source: Moré and Wild 2011, *Estimating computational noise*.
        """
        steps = [32 * self.eps * self._scale(a) * random_like(self.rng, a) for a in self.values]
        try:
            values = [
                self.problem.total([a + k * step for a, step in zip(self.values, steps, strict=True)], self.cotangents)
                for k in range(12)
            ]
        except (ArithmeticError, ValueError, RuntimeError):  # at the edge of the domain
            return 0.0
        # A jump, which is no rounding, is in three of the nine; each varies 20 = 6! / 3!² times as much as a value.
        return float(np.median(np.abs(np.diff(values, 3))) / np.sqrt(20) / 0.67)

    def _rounding(self, values: list[Any], ours: list[Any], eps: float) -> list[Any]:
        """How far each gradient moves where the last bits of the inputs change; ``noise`` grows by the results'."""
        moved = [np.zeros(g.shape) for g in ours]
        start = self.problem.total(values, self.cotangents)
        for _ in range(ROUNDINGS):
            others = [(a * (1 + eps * self.rng.uniform(-32, 32, a.shape))).astype(a.dtype) for a in values]
            try:
                found, gradients = self.problem.gradients(others, self.cotangents)
            except (ArithmeticError, ValueError, RuntimeError):  # the change left the domain
                continue
            end = sum(product(w, y.astype(w.dtype)) for w, y in zip(self.cotangents, found, strict=True))
            if values is self.values and np.isfinite(end):
                self.noise = max(self.noise, 4 * abs(end - start))
            moved = [np.fmax(m, np.abs(o - g)) for m, o, g in zip(moved, gradients, ours, strict=True)]
        # What is smaller than the least number with all its digits is 0; beside results that are 0, so is eps².
        least = [max(np.finfo(g.dtype).tiny / eps, 0.0 if self.base else eps**2) for g in ours]
        return [
            8 * m + 16 * eps * np.max(np.abs(g), initial=0.0) + tiny
            for m, g, tiny in zip(moved, ours, least, strict=True)
        ]

    def _scale(self, a: Any) -> Any:
        """How far each element is moved by a step of 1: its own size, or the others'."""
        if self.step is not None:
            return np.ones(a.shape)
        size = float(np.sqrt(np.mean(np.abs(a) ** 2))) if a.size else 0.0
        return np.maximum(np.abs(a), 0.1 * size) if size else np.ones(a.shape)

    def _slope(self, i: int, direction: Any, patient: bool = False, cotangents: Any = None) -> Slope:
        ws = self.cotangents if cotangents is None else cotangents

        def f(t: float) -> float:
            moved = list(self.values)
            moved[i] = self.values[i] + t * direction
            return self.problem.total(moved, ws)

        return slope(f, self.noise, LARGEST if self.step is None else self.step, patient)

    def _differs(self, ours: float, found: Slope, rounding: float) -> float:
        """How many times the allowed difference the two are apart."""
        allowed = self.atol + self.rtol * max(abs(ours), abs(found.value)) + 4 * found.error + rounding + 1e-300
        times = abs(ours - found.value) / allowed
        return np.inf if np.isnan(times) else times

    def _one(self, i: int) -> Finding:
        p, g = self.problem, self.ours[i]
        name = p.names[i] if p.order == 1 else f"{p.names[i]}, order {p.order}"
        given = self.values[i]
        if given.size == 0:
            return Finding(name, "right", "It has no elements.")
        direction = np.asarray(random_like(self.rng, given) * self._scale(given))
        ours = product(g, direction)
        rounding = float(np.sum(self.jitter[i] * np.abs(direction)))
        error = 0.0
        if self.backward:
            found = self._slope(i, direction)
            if not found.kind and self._differs(ours, found, rounding) > 1:
                found = self._slope(i, direction, patient=True)
            error = abs(ours - found.value) / max(abs(ours), abs(found.value), 1e-300)
            wrong = bool(found.kind) or self._differs(ours, found, rounding) > 1
            vague = found.error > 0.05 * max(abs(ours), abs(found.value)) and found.error > 1e-6 * self.noise / self.eps
            if wrong or self.every_element:
                finding = self._by_elements(i, name, ours, found, wrong)
                if not finding.ok or finding.kind != "right":
                    return finding
            elif vague:
                text = f"The differences do not settle: {found.value:.3g} ± {found.error:.1g}, the rule: {ours:.3g}."
                return Finding(name, "unsettled", text, None, error)
        for check in (self._linear, self._narrow, self._forward, self._undefined):
            if (odd := check(i, name, direction, ours, rounding)) is not None:
                return odd
        return Finding(name, "right", f"It agrees with the differences to {error:.1g}.", 1.0, error)

    def _by_elements(self, i: int, name: str, ours: float, along: Slope, wrong: bool) -> Finding:
        """Each element by itself: where are kinks, where is it wrong, and how?"""
        given, g = self.values[i], self.ours[i]
        general = f"Along a random direction it is {ours:.7g}, the differences give {along.value:.7g}. "
        if given.size > ELEMENTS:
            return Finding(name, "unknown" if wrong and not along.kind else along.kind or "right", general)
        truth, allowed = np.array(g), np.array(self.jitter[i])
        kinks: dict[tuple[int, ...], Slope] = {}
        for place in np.ndindex(given.shape):
            for unit in (1.0, 1j) if given.dtype.kind == "c" else (1.0,):
                step = np.zeros_like(given)
                step[place] = unit * self._scale(given)[place]
                size, hand = float(np.abs(step[place])), product(g, step)
                bits = float(self.jitter[i][place]) * size
                found = self._slope(i, step)
                if not found.kind and self._differs(hand, found, bits) > 1:
                    found = self._slope(i, step, patient=True)
                if found.kind:
                    kinks[place] = found
                    continue
                truth[place] += unit * (found.value - hand) / size
                allowed[place] += (4 * found.error + self.atol) / size + self.rtol * np.abs(truth[place])
        off = np.nan_to_num(np.abs(g - truth) / (allowed + 1e-300), nan=np.inf)
        if np.max(off, initial=0.0) > 1:
            where = tuple(int(k) for k in np.unravel_index(int(off.argmax()), off.shape))
            return self._wrong(name, i, g, truth, where, allowed)
        findings = [self._kink(i, name, place, found) for place, found in kinks.items()]
        if findings:
            first = next((finding for finding in findings if not finding.ok), findings[0])
            others = f" So it is at {len(findings)} elements." if first.ok and findings[1:] else ""
            return replace(first, sentence=first.sentence + others)
        kind = "right" if not wrong else along.kind or "unknown"
        return Finding(name, kind, general + "Each element alone agrees.")

    def _wrong(self, name: str, i: int, g: Any, truth: Any, where: tuple[int, ...], allowed: Any) -> Finding:
        relative = float(np.abs(g[where] - truth[where]) / max(np.abs(truth[where]), np.abs(g[where])))
        limit = float(allowed[where] / max(np.abs(truth[where]), np.abs(g[where])))
        what = f"derivative of {self.problem.name}" if self.problem.order == 1 else "derivative"
        text = f"The {what} at {name}{_index(where)} is {g[where]:.7g}, the differences give {truth[where]:.7g} "
        text += f"(relative difference {relative:.2g}, allowed {limit:.1g}). "
        if g.dtype.kind == "c":
            if np.all(np.abs(np.conjugate(g) - truth) <= allowed):
                return Finding(
                    name, "conjugate", text + "It is the conjugate of the differences'.", None, relative, where
                )
            g, truth, allowed = (np.stack([a.real, a.imag], -1) for a in (g, truth, allowed + 1j * allowed))
        sizes = {letter: n for letter, n in zip("NC", g.shape[:1] + g.shape[1:][-1:]) if n > 2}
        parameter = self.values[i] if self.values[i].dtype.kind == "f" else None
        truth = np.where(np.abs(truth) <= np.abs(allowed), 0, truth)  # a gate is known by its zeros
        how = diagnose(g, truth, name=name, sizes=sizes, tolerance=1e-8, noise=allowed, parameter=parameter)
        if how.kind in ("right", "unknown"):
            count = int(np.sum(np.abs(g - truth) > allowed))
            return Finding(name, "unknown", f"{text}{count} of {g.size} elements differ.", None, relative, where)
        sentence = how.sentence.replace("the engine's", "the differences'")  # there are two sides here as well
        return Finding(name, how.kind, text + sentence, how.factor, relative, where)

    def _kink(self, i: int, name: str, place: tuple[int, ...], along: Slope) -> Finding:
        """The slopes on both sides of one element, of each result that has a kink there, and the rule's value."""
        if along.kind != "kink":
            edge = "It lies at the edge of the domain: there are no differences on both sides."
            jump = f"The value jumps there: it has no slope; the rule gives {self.ours[i][place]:.4g}."
            return Finding(name + _index(place), "kink", edge if along.kind == "edge" else jump)
        step = np.zeros_like(self.values[i])
        size = float(self._scale(self.values[i])[place])
        finding = None
        for unit in (1.0, 1j) if step.dtype.kind == "c" else (1.0,):
            step[place] = unit * size
            for k in range(len(self.results)):
                for at in self._sharp(i, step, k):
                    one = [np.zeros_like(w) for w in self.cotangents]
                    one[k][at] = 1
                    rule = product(self.problem.gradients(self.values, one)[1][i], step) / size
                    found = self._slope(i, step, cotangents=one)
                    finding = finding or self._sided(name + _index(place), rule, found, size)
                    if not finding.ok:
                        return finding
        return finding or Finding(name, "kink", f"A kink at {name}{_index(place)}.", where=place)

    def _sharp(self, i: int, step: Any, k: int) -> list[tuple[int, ...]]:
        """The elements of result ``k`` whose slopes differ most on the two sides; at most four."""
        h = 2.0**-16
        sides = []
        for t in (h, -h):
            moved = list(self.values)
            moved[i] = self.values[i] + t * step
            sides.append(self.problem.outputs(moved)[1][k].numpy(force=True))
        gap = np.nan_to_num(np.abs(sides[0] + sides[1] - 2 * self.results[k]), nan=np.inf)
        far = np.nan_to_num(np.abs(sides[0] - sides[1]) + gap, nan=np.inf)
        order = [np.unravel_index(n, gap.shape) for n in np.argsort(-gap, axis=None)[:4]]
        return [tuple(int(n) for n in at) for at in order if gap[at] and not gap[at] < 1e-3 * far.max()]

    def _sided(self, where: str, rule: float, found: Slope, size: float) -> Finding:
        left, right = found.left / size, found.right / size
        slack = 1e-4 * max(abs(left), abs(right)) + 4 * found.error / size + self.atol
        inside = min(left, right) - slack <= rule <= max(left, right) + slack
        text = f"A kink: slopes {_number(left)} and {_number(right)} on its two sides, the rule gives {_number(rule)}"
        if inside:
            return Finding(where, "kink", f"{text}: one of the subgradients.")
        return Finding(where, "no subgradient", f"{text}, which does not lie between them.")

    def _narrow(self, i: int, name: str, direction: Any, ours: float, rounding: float) -> Finding | None:
        """The gradient in the dtype given, against the one in float64."""
        p = self.problem
        if all(a.dtype == b.dtype for a, b in zip(p.values, self.values, strict=True)):
            return None
        eps = max(float(np.finfo(a.dtype).eps) for a in p.values)
        if not hasattr(self, "low"):
            found, self.low = p.gradients(p.values, self.cotangents)
            if not all(np.isfinite(y).all() for y in found):
                raise ArgumentError(
                    f"{p.name} is not finite in {p.values[i].dtype}, but is in float64; give milder inputs"
                )
            self.low_jitter: list[Any] = self._rounding(p.values, self.low, eps)
        g, wide = self.low[i], self.ours[i]
        if g.dtype != p.values[i].dtype:
            return Finding(name, "dtype", f"Its gradient is {g.dtype}, the input {p.values[i].dtype}.")
        loose = float(np.sum(self.low_jitter[i] * np.abs(direction))) + 8 * rounding + 16 * eps * self.base
        tolerance = max(self.rtol, RELATIVE_NARROW * eps / float(np.finfo(np.float32).eps))
        if _near(product(g.astype(direction.dtype), direction), ours, tolerance, loose):
            return None
        off = np.nan_to_num(np.abs(g - wide) / (self.low_jitter[i] + tolerance * np.abs(wide)), nan=np.inf)
        where = tuple(int(k) for k in np.unravel_index(int(off.argmax()), off.shape))
        text = f"In {g.dtype} the derivative at {name}{_index(where)} is {g[where]:.7g}, in float64 {wide[where]:.7g}"
        for part in MILDER:  # a rule that is wrong is wrong there as well, one that rounds or overflows is not
            low = [(part * a).astype(a.dtype) for a in p.values]
            try:
                less = p.gradients(low, self.cotangents)[1][i].astype(direction.dtype)
                truth = p.gradients([a.astype(of_kind(a.dtype, True)) for a in low], self.cotangents)[1][i]
            except (ArithmeticError, ValueError, RuntimeError):  # out of the domain
                continue
            slack = 64 * eps * float(np.sum(np.abs(truth * direction)))
            if np.any(truth) and _near(product(less, direction), product(truth, direction), tolerance, slack):
                return Finding(name, "rounding", f"{text}: rounding; with inputs × {part} they agree.", where=where)
        return Finding(name, f"wrong in {g.dtype}", f"{text}, which agrees with the differences.", where=where)

    def _forward(self, i: int, name: str, direction: Any, ours: float, rounding: float) -> Finding | None:
        """Forward mode against reverse mode."""
        if not self.forward:
            return None
        leaves, found = self.problem.outputs(self.values, True)
        moved = push_forward(found, {leaves[i]._node: wrap(direction, None)})  # type: ignore[dict-item]
        pairs = [(w, value_of(t)) for w, t in zip(self.cotangents, moved, strict=True) if t is not None]
        forward = sum(product(w, t.astype(w.dtype)) for w, t in pairs)
        rounding += 64 * self.eps * float(self.base + sum(np.sum(np.abs(w * t)) for w, t in pairs))
        if _near(forward, ours, self.rtol, rounding + self.atol):
            return None
        text = f"Forward mode gives {forward:.7g} along a random direction, reverse mode {ours:.7g}."
        return Finding(name, "forward mode", text, forward / ours if ours else None)

    def _linear(self, i: int, name: str, direction: Any, ours: float, rounding: float) -> Finding | None:
        """With a gradient of other signs arriving, and with both: a rule that takes what arrives for its input."""
        if isinstance(self.problem, Pushed):
            return None
        if self.others is None:
            other = [-w * self.rng.choice([0.5, 2.0], w.shape) for w in self.cotangents]
            both = [w + v for w, v in zip(self.cotangents, other, strict=True)]
            self.others = [self.problem.gradients(self.values, ws)[1] for ws in (other, both)]
        one, two = (product(g[i], direction) for g in self.others)
        size = float(np.sum(np.abs(self.ours[i] * direction)) + np.sum(np.abs(self.others[0][i] * direction)))
        if _near(ours + one, two, 0.0, 4 * rounding + 1e-9 * size + self.atol):
            return None
        text = (
            "Its backward is not linear in the gradient arriving, as every backward is: a mask or a function takes "
            f"that gradient where it should take the input. For a sum of two it gives {two:.7g}, for each {ours:.7g} "
            f"and {one:.7g}."
        )
        return Finding(name, "not linear", text)

    def _undefined(self, i: int, name: str, direction: Any, ours: float, rounding: float) -> Finding | None:
        """With a gradient for one result at a time, the others have none: together they are the whole."""
        if not self.undefined or len(self.results) < 2:
            return None
        leaves, found = self.problem.outputs(self.values, True)
        parts = 0.0
        for w, y in zip(self.cotangents, found, strict=True):
            parts += product(pull([y], leaves, [wrap(in_dtype(w, y.dtype), None)])[i].numpy(force=True), direction)
        if _near(parts, ours, self.rtol, len(found) * rounding + self.atol):
            return None
        text = f"Pulled back from one result at a time it is {parts:.7g} along a random direction, from all {ours:.7g}."
        return Finding(name, "undefined gradient", text)


def _near(a: float, b: float, relative: float, absolute: float) -> bool:
    """Whether two numbers agree; NaN agrees with nothing."""
    return abs(a - b) <= relative * max(abs(a), abs(b)) + absolute


def _apart(a: Any, b: Any) -> float:
    if a.shape != b.shape:
        return np.inf
    with np.errstate(invalid="ignore"):
        return float(np.max(np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b)), initial=0.0))


def _index(place: tuple[int, ...]) -> str:
    return f"[{', '.join(str(k) for k in place)}]" if place else ""


def _number(x: float) -> str:
    return f"{x + 0.0:.4g}".replace("-", "−") if abs(x) > 1e-12 else "0"
