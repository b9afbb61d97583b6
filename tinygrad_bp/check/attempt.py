"""One set of inputs and one way to fill the backward: does it run, and what problem is it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .binding import Binding, Way
from .calling import Caller, array, leaves, like, replaced
from .drawing import Draw
from .gradients import assigned, loss_and_gradients, named_results, title
from .losses import Asked, Loss
from .making import RATE
from .names import role
from .pairs import Pair
from .problem import NotFitting, Problem
from .sessions import Ran, Session, Start, split


@dataclass
class Attempt:
    """One set of inputs, one way to fill the backward, and for a network without a loss of its own one loss."""

    pair: Pair
    caller: Caller
    start: Start
    draw: Draw
    bound: Binding | None
    way: dict[str, Way]
    loss: Loss | None

    def __post_init__(self) -> None:
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
            given = f" for {shapes(self.draw.values)}" if self.drawn else ""
            raise NotFitting("1 forward", f"{self.pair.forward.name} gives no finite numbers{given}.")
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
        session, ran = self.run(arrays)
        if self.loss is None:
            return ran.output
        values = self.values(arrays)
        known = self.bound is not None and self.bound.labels is not None
        labels = self.caller.own(values[self.bound.labels.name]) if known else session.labels()  # type: ignore[union-attr]
        return self.caller.seeded(self.loss.of, Asked(ran.output, labels, values, session))

    def results(self, g: Any, *arrays: Any) -> list[tuple[str, Any]]:
        """Everything that the backward gives, by name, after a run of the forward."""
        assert self.pair.backward is not None
        session, ran = self.run(arrays)
        arguments = self._arguments(ran, self.values(arrays), g)
        given = self.caller.seeded(session.call(self.pair.backward.name), **arguments)
        returned = named_results(given, self.pair.backward.signature.returned) if given is not None else []
        begins = self.loss is not None or (self.bound is not None and self.bound.begins)
        if self.bound is not None and not self.bound.upstream and not begins:
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
            elif kind == "once":
                arguments[name] = 1
            elif kind == "true":
                arguments[name] = True
            elif kind == "rate":
                arguments[name] = RATE
            elif kind not in ("left", "input"):
                raise NotFitting("2 backward", f"What {name} of {self.pair.backward.name} is, its name does not say.")
        return {n: arguments[n] for n in self.pair.backward.signature.names if n in arguments}

    def _times(self, g: Any, ran: Ran, returned: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """A derivative by itself, times what arrives: element by element, or a Jacobian; of a number, the gradient."""
        output = array(ran.output)
        if output.ndim and len(returned) > 1 and all(np.shape(array(r)) == output.shape for _, r in returned):
            return [(n, g * array(r)) for n, r in returned]  # of x and of y, element by element
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
        axis, n = self._examples()
        arrays = [np.asarray(array(a)) for _, a in self.named]
        places = assigned(found, self.named, self.draw.kinds)
        examples = {i for i, (name, a) in enumerate(self.drawn) if of_examples(name, a, axis, n)}
        if self.loss is not None and set(places) - examples:  # a network is judged by its parameters
            places = {i: k for i, k in places.items() if i not in examples}
        if not places:
            raise NotFitting("2 backward", "None of its results can be told to be the gradient of an input.")

        def backward(g: Any, *arrays: Any) -> list[Any]:
            given = results(g, *arrays)
            return [_alone(array(given[places[i]][1]), a) if i in places else None for i, a in enumerate(arrays)]

        names = [title(found[k][0], self.named[i][0]) for i, k in sorted(places.items())]
        shape = {i: np.shape(_alone(array(found[k][1]), arrays[i])) for i, k in places.items()}
        problem = Problem(
            [name for name, _ in self.named],
            arrays,
            forward,
            backward,
            names,
            sorted(places),
            forward if self.loss is None else lambda *arrays: self.run(arrays)[1].output,
            [i for i, (name, a) in enumerate(self.drawn) if of_examples(name, a, axis, n)],
            axis,
            self.draw.labels if np.size(self.draw.labels) == n else None,
            self._said(),
            moved=all(found[k][0] == f"left.{self.named[i][0]}" for i, k in places.items()),
            loss=self.loss,
        )
        neat = all(shape[i] == np.shape(array(self.named[i][1])) for i in shape)
        return replace(problem, neat=neat), neat

    def _examples(self) -> tuple[int, int]:
        """The axis of the examples and their number, -1 where there is one alone; as the spec says them, if it does."""
        context, layout = self.start.context, self.draw.layout
        if context.spec:
            said = [np.shape(a) for name, a in self.drawn if name in context.spec and role(name) == "x"]
            deep = [shape for shape in said if len(shape) > max(context.axis, 1)]
            return context.axis, deep[0][context.axis] if deep else -1
        return layout.axis, layout.x[layout.axis] if layout.x and layout.batched else -1

    def _said(self) -> str:
        back = self.pair.backward
        if back is None or back.said.kind != "derivative" or ("output", "") not in self.way.values():
            return ""
        name = next(n for n, way in self.way.items() if way == ("output", ""))
        return f"Its {name} is the output of {self.pair.forward.name}, not the input. "


def _alone(gradient: Any, value: Any) -> Any:
    """The gradient of a single number, in the shape of what holds it: an update does not tell them apart."""
    return np.reshape(gradient, np.shape(value)) if np.size(gradient) == 1 == np.size(value) else gradient


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
