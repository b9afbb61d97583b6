"""A forward and its backward as problems: how a backward's parameters are filled, and what its results are of."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from .calling import Caller, array, is_array, leaves, like, replaced
from .drawing import Context, Draw, draws
from .gradients import assigned, loss_and_gradients, named_results
from .losses import Loss
from .making import RATE
from .names import NOTHING, OUTPUT, UPSTREAM, Parameter, role
from .pairs import Function, Pair, is_cache
from .problem import NotFitting, Problem

Way = tuple[str, str]  # where an argument comes from, and which


class Session(Protocol):
    """One run of forward and backward: where the two are found, and gradients that were left elsewhere."""

    def call(self, name: str) -> Callable[..., Any]:
        """The function or method of that name."""

    def left(self) -> list[tuple[str, Any]]:
        """Gradients that the backward did not return, by name."""


@dataclass
class Plain:
    """The session of functions, which keep nothing."""

    space: Mapping[str, Any]

    def call(self, name: str) -> Callable[..., Any]:
        """The function of that name."""
        return self.space[name]  # type: ignore[no-any-return]

    def left(self) -> list[tuple[str, Any]]:
        """Nothing."""
        return []


@dataclass
class Start:
    """What a session is started from: an object's own arrays, and what makes a session with others in their place."""

    session: Callable[[Sequence[Any]], Session]
    named: list[tuple[str, Any]] = field(default_factory=list)
    context: Context = field(default_factory=Context)


@dataclass
class Ran:
    """What a forward gave: its output, what it leaves for backward, and everything by the names it returns."""

    output: Any
    cache: Any
    named: dict[str, Any]
    parts: list[Any]


def split(result: Any, function: Function, many: int) -> Ran:
    """A forward's result: ``many`` outputs, stacked side by side where there are two, and what else it returns."""
    returned = function.signature.returned
    if isinstance(result, Mapping):
        values = [v for v in result.values() if is_array(v)]
        return Ran(values[-1] if values else None, result, dict(result), list(result.values()))
    if not isinstance(result, (tuple, list)):
        return Ran(result, None, {returned[0]: result} if returned and returned[0] else {}, [result])
    parts = list(result)
    names = returned if len(returned) == len(parts) else [""] * len(parts)
    named = {n: p for n, p in zip(names, parts, strict=True) if n}
    arrays = [i for i, p in enumerate(parts) if (is_array(p) or isinstance(p, float)) and not is_cache(names[i])]
    if not arrays:
        return Ran(None, parts, named, parts)
    chosen = arrays[:many] if many > 1 else arrays[:1]
    nothing_else = len(arrays) == len(parts) and not any(is_cache(n) for n in names)
    if many <= 1 and nothing_else and (len(arrays) > 2 or many == 0):  # Z1, A1, Z2, A2
        chosen = arrays[-1:]
    rest = [p for i, p in enumerate(parts) if i not in chosen]
    outputs = [parts[i] for i in chosen]
    output = outputs[0] if len(outputs) == 1 else np.concatenate(outputs, -1)
    return Ran(output, rest[0] if len(rest) == 1 else tuple(rest), named, parts)


@dataclass
class Binding:
    """Where each parameter of a backward comes from: ``choices`` has a list for each."""

    upstream: list[str]
    choices: dict[str, list[Way]]
    labels: Parameter | None = None  # what the backward takes as labels, and the forward does not

    def ways(self) -> Iterator[dict[str, Way]]:
        """Every combination."""
        for chosen in itertools.product(*self.choices.values()):
            yield dict(zip(self.choices, chosen, strict=True))


def binding(pair: Pair) -> Binding:
    """How the parameters of a pair's backward can be filled."""
    assert pair.backward is not None
    forward, back = pair.forward.signature, pair.backward.signature
    known = {*forward.names, *(r for r in forward.returned if r)}
    derivative = pair.backward.said.kind == "derivative"
    labels = [p for p in back.parameters if role(p.name, back.names) == "labels" and p.name not in known]
    labelled = any(role(n, forward.names) == "labels" for n in forward.names)

    def arriving(p: Parameter) -> bool:
        free = p.name not in known and not is_cache(p.name) and p.default is NOTHING
        return free and role(p.name) != "rate" and re.fullmatch(UPSTREAM, p.name, re.IGNORECASE) is not None

    upstream = [p.name for p in back.parameters if arriving(p)]
    required = [p for p in back.parameters if p.default is NOTHING]
    if not upstream and not derivative and not labels and not labelled:
        strange = [p.name for p in required if p.name not in known and not is_cache(p.name) and role(p.name) != "rate"]
        upstream = strange[:1]
    alone = labels and not upstream and not labelled
    choices = {p.name: _ways(p, pair) for p in back.parameters if p.name not in upstream}
    return Binding(upstream, choices, labels[0] if alone else None)


def _ways(p: Parameter, pair: Pair) -> list[Way]:
    assert pair.backward is not None
    forward, back = pair.forward.signature, pair.backward.signature
    low = p.name.lower().strip("_")
    by_case = {n.lower(): n for n in forward.names}
    xs = [n for n in forward.names if role(n, forward.names) == "x"]
    required = [q for q in back.parameters if q.default is NOTHING]
    what = role(p.name, back.names)
    if pair.backward.said.kind == "derivative" and len(required) == 1 == len(xs) and p.default is NOTHING:
        first, second = ("input", xs[0]), ("output", "")
        return [second, first] if re.fullmatch(OUTPUT, low) and low not in by_case else [first, second]
    if p.name in forward.names:
        return [("input", p.name)]
    if p.name in forward.returned:
        return [("returned", p.name)]
    if what == "cache" or is_cache(p.name):
        return [("cache", ""), *(("input", x) for x in xs[:1]), ("output", ""), ("all", "")]
    if what == "rate":
        return [("rate", "")]
    if low in by_case:
        return [("input", by_case[low])]
    if p.default is not NOTHING:
        return [("left", "")]
    alike = [("input", n) for n in forward.names if role(n, forward.names) == what]
    if what == "labels":
        return alike or [("input", p.name)]
    if re.fullmatch(OUTPUT, low):
        return [("output", ""), *(("input", x) for x in xs[:1])]
    return [*alike, ("cache", ""), *(("input", x) for x in xs[:1]), ("output", ""), ("unknown", "")]


@dataclass
class Build:
    """Problems of one pair: for one way to fill the backward, the first set of inputs that runs."""

    pair: Pair
    caller: Caller
    starts: Callable[[], Iterator[Start]]
    losses: Sequence[Loss] = ()
    _fitted: dict[Any, tuple[Start, Draw]] = field(default_factory=dict)

    def problems(self) -> list[Callable[[], Problem]]:
        """One for each way; calling it looks for inputs and raises ``NotFitting`` where none fit."""
        if self.pair.backward is None:
            return [lambda: self._first(None, {}, None)]
        bound = binding(self.pair)
        losses: Sequence[Loss | None] = self.losses if bound.labels is not None else [None]

        def one(way: dict[str, Way], loss: Loss | None) -> Callable[[], Problem]:
            return lambda: self._first(bound, way, loss)

        return [one(way, loss) for way in bound.ways() for loss in losses]

    def _first(self, bound: Binding | None, way: dict[str, Way], loss: Loss | None) -> Problem:
        key = tuple(way.items())
        if key in self._fitted:  # what runs with one loss runs with the others, or they are not meant
            return Attempt(self, *self._fitted[key], bound, way, loss).problem()[0]
        failed: NotFitting | None = None
        fallback: tuple[Problem, tuple[Start, Draw]] | None = None
        sig = self.pair.forward.signature
        if bound is not None and bound.labels is not None:
            sig = replace(sig, parameters=[*sig.parameters, replace(bound.labels, default=NOTHING)])
        for start in self.starts():
            for draw in draws(self.pair.forward.name, sig, start.context):
                try:
                    problem, neat = Attempt(self, start, draw, bound, way, loss).problem()
                except NotFitting as error:
                    if failed is None or error.stage > failed.stage:
                        failed = error
                    continue
                if neat:
                    self._fitted[key] = start, draw
                    return problem
                fallback = fallback or (problem, (start, draw))
        if fallback is not None:
            self._fitted[key] = fallback[1]
            return fallback[0]
        raise failed or NotFitting("0 make", "No inputs could be drawn for its parameters.")


@dataclass
class Attempt:
    """One set of inputs, one way to fill the backward, and for a network without a loss of its own one loss."""

    build: Build
    start: Start
    draw: Draw
    bound: Binding | None
    way: dict[str, Way]
    loss: Loss | None

    def __post_init__(self) -> None:
        self.pair, self.caller = self.build.pair, self.build.caller
        self.drawn = list(leaves(self.draw.values))
        self.named = [*self.drawn, *self.start.named]
        self.many = len(self.bound.upstream) if self.bound else 0

    def values(self, arrays: Sequence[Any]) -> dict[str, Any]:
        """The arguments with these arrays in their places."""
        return replaced(self.draw.values, iter(arrays[: len(self.drawn)]))  # type: ignore[no-any-return]

    def run(self, arrays: Sequence[Any]) -> tuple[Session, Ran]:
        """One run of the forward."""
        session = self.start.session(arrays[len(self.drawn) :])
        given = self.caller.own(self.values(arrays))
        own = {n: v for n, v in given.items() if n in self.pair.forward.signature.names}
        result = self.caller.seeded(session.call(self.pair.forward.name), **own)
        return session, split(result, self.pair.forward, self.many)

    def problem(self) -> tuple[Problem, bool]:
        """The problem, and whether every gradient has its input's shape. Raises ``NotFitting``."""
        arrays = [np.asarray(array(a)) for _, a in self.named]
        try:
            if self.bound is None:
                return self._of_both(arrays)
            _, ran = self.run(arrays)
            output = array(ran.output)
        except NotFitting:
            raise
        except Exception as error:  # whatever the homework does with inputs that it was not written for
            raise NotFitting("1 forward", said_of(error, self.pair.forward.name, self.draw.values)) from None
        if ran.output is None or output.dtype.kind != "f" or not output.size or not np.isfinite(output).all():
            raise NotFitting(
                "1 forward", f"{self.pair.forward.name} gives no finite numbers for {shapes(self.draw.values)}."
            )
        try:
            found = self.results(np.ones(output.shape), *arrays)
            if self.loss is not None and not np.isfinite(array(self.forward(*arrays))).all():
                raise NotFitting("1 forward", f"{self.loss.name} is not finite there.")
        except NotFitting:
            raise
        except Exception as error:  # likewise
            assert self.pair.backward is not None
            raise NotFitting("2 backward", said_of(error, self.pair.backward.name, self.draw.values)) from None
        return self._with(found, self.results, self.forward)

    def forward(self, *arrays: Any) -> Any:
        """The output, or the loss of it."""
        _, ran = self.run(arrays)
        if self.loss is None:
            return ran.output
        assert self.bound is not None and self.bound.labels is not None
        values = self.values(arrays)
        return self.loss.of(ran.output, values[self.bound.labels.name], values)

    def results(self, g: Any, *arrays: Any) -> list[tuple[str, Any]]:
        """Everything that the backward gives, by name, after a run of the forward."""
        assert self.pair.backward is not None
        session, ran = self.run(arrays)
        arguments = self._arguments(ran, self.values(arrays), g)
        given = self.caller.seeded(session.call(self.pair.backward.name), **arguments)
        returned = named_results(given, self.pair.backward.signature.returned) if given is not None else []
        if self.bound is not None and not self.bound.upstream and self.loss is None:
            returned = self._times(g, ran, returned)
        return [*returned, *session.left()]

    def _arguments(self, ran: Ran, given: dict[str, Any], g: Any) -> dict[str, Any]:
        assert self.pair.backward is not None and self.bound is not None
        parts = np.split(np.asarray(g), self.many, -1) if self.many > 1 else [g] * self.many
        arguments: dict[str, Any] = {
            name: like(part, ran.output) for name, part in zip(self.bound.upstream, parts, strict=True)
        }
        for name, (kind, which) in self.way.items():
            if kind == "input" and which in given:
                arguments[name] = self.caller.own(given[which])
            elif kind == "returned" and which in ran.named:
                arguments[name] = ran.named[which]
            elif kind == "cache" and ran.cache is not None:
                arguments[name] = ran.cache
            elif kind == "output":
                arguments[name] = ran.output
            elif kind == "all":
                arguments[name] = tuple(ran.parts)
            elif kind == "rate":
                arguments[name] = RATE
            elif kind not in ("left", "input"):
                raise NotFitting("2 backward", f"What {name} of {self.pair.backward.name} is, its name does not say.")
        return {n: arguments[n] for n in self.pair.backward.signature.names if n in arguments}

    def _times(self, g: Any, ran: Ran, returned: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """A derivative by itself, times what arrives: element by element, or a Jacobian; of a number, the gradient."""
        output = array(ran.output)
        if output.ndim == 0 or len(returned) != 1:
            return [(n, array(g) * array(r)) if np.ndim(g) == 0 else (n, r) for n, r in returned]
        name, value = returned[0][0], array(returned[0][1])
        if value.shape == output.shape:
            return [(name, g * value)]
        if output.ndim == 1 and value.shape == output.shape * 2:
            return [(name, g @ value)]
        if output.ndim == 2 and value.shape == (*output.shape, output.shape[-1]):
            return [(name, np.einsum("ni,nij->nj", g, value))]
        return [(name, value)]

    def _of_both(self, arrays: list[Any]) -> tuple[Problem, bool]:
        """A function that gives a loss and its gradients."""
        returned = self.pair.forward.signature.returned

        def parts(arrays: Sequence[Any]) -> tuple[Any, list[tuple[str, Any]]]:
            session = self.start.session(arrays[len(self.drawn) :])
            given = self.caller.own(self.values(arrays))
            result = self.caller.seeded(session.call(self.pair.forward.name), **given)
            loss, found = loss_and_gradients(result, returned)
            return loss, [*found, *session.left()]

        loss, found = parts(arrays)
        if not np.isfinite(array(loss)).all():
            raise NotFitting(
                "1 forward", f"{self.pair.forward.name} gives no finite loss for {shapes(self.draw.values)}."
            )
        return self._with(
            found,
            lambda g, *arrays: [(n, array(g) * array(r)) for n, r in parts(arrays)[1]],
            lambda *arrays: parts(arrays)[0],
        )

    def _with(
        self, found: list[tuple[str, Any]], results: Callable[..., Any], forward: Callable[..., Any]
    ) -> tuple[Problem, bool]:
        places = assigned(found, self.named, self.draw.kinds)
        if not places:
            raise NotFitting("2 backward", "None of its results can be told to be the gradient of an input.")

        def backward(g: Any, *arrays: Any) -> list[Any]:
            given = results(g, *arrays)
            return [array(given[places[i]][1]) if i in places else None for i in range(len(self.named))]

        layout = self.draw.layout
        n = layout.x[layout.axis] if layout.x and layout.batched else -1
        names = [(found[k][0] or f"d{self.named[i][0]}").replace("left.", "") for i, k in sorted(places.items())]
        shape = {i: np.shape(array(found[k][1])) for i, k in places.items()}
        problem = Problem(
            [name for name, _ in self.named],
            [np.asarray(array(a)) for _, a in self.named],
            forward,
            backward,
            names,
            sorted(places),
            [i for i, (name, a) in enumerate(self.drawn) if of_examples(name, a, layout.axis, n)],
            layout.axis,
            self.draw.labels if np.ndim(self.draw.labels) == 1 else None,
            self._said(),
            self.loss,
        )
        return problem, all(shape[i] == np.shape(array(self.named[i][1])) for i in shape)

    def _said(self) -> str:
        back = self.pair.backward
        if back is None or back.said.kind != "derivative" or ("output", "") not in self.way.values():
            return ""
        name = next(n for n, way in self.way.items() if way == ("output", ""))
        return f"Its {name} is the output of {self.pair.forward.name}, not the input. "


def of_examples(name: str, value: Any, axis: int, n: int) -> bool:
    """Whether an argument holds an entry for each of ``n`` examples."""
    shape = np.shape(value)
    what = role(name)
    if n < 0 or what in ("weights", "bias", "recurrent", "embedding", "gain", "shift") or "." in name:
        return False
    return (len(shape) > axis and int(shape[axis]) == n) or shape == (n,)


def shapes(values: Mapping[str, Any]) -> str:
    """``x (6, 4), W (4, 5)``."""
    return ", ".join(f"{name} {np.shape(value)}" for name, value in leaves(dict(values)))


def said_of(error: BaseException, where: str, values: Mapping[str, Any]) -> str:
    """One sentence for an exception that a homework raised."""
    text = " ".join(str(error).split())
    text = text if len(text) <= 160 else text[:157] + "…"
    kind = "memory ran out" if isinstance(error, MemoryError) else f"{type(error).__name__}"
    given = f" for {shapes(values)}" if values and len(shapes(values)) < 120 else ""
    return f"{where} raised {kind}{given}{': ' + text if text else ''}."
