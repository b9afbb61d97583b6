"""What an object of a homework holds: its parameters, and the gradients that its backward leaves."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .calling import Caller, array, is_array, is_float, recorded
from .drawing import generator
from .gradients import HOLDING, assigned
from .making import PARAMETERS, TARGETS
from .names import gradient_of, role
from .pairs import Function
from .source import MODULE

MOVING = (
    r"v|m|s|v_?\w+|m_?\w+|s_?\w+|velocity\w*|cache\w*|running\w*|moving\w*|momentum\w*|prev_?\w+|.*grad.*|"
    r"d([A-Zwb]|gamma|beta|theta)\w*|delta\w*"
)
Path = tuple[Any, ...]


def state(
    made: Any, name: str = "", seen: set[int] | None = None, learnt: Collection[str] = ()
) -> Iterator[tuple[str, Path, Any]]:
    """Every array that an object holds: its name, the way to it, and itself; objects of the homework are entered.

    A single number is one where its name says a parameter, or is among ``learnt``.
    """
    seen = set() if seen is None else seen
    if id(made) in seen or isinstance(made, (str, bytes, type)) or (callable(made) and not hasattr(made, "__dict__")):
        return
    seen.add(id(made))
    parts: Any = ()
    if isinstance(made, Mapping):
        parts = [(("item", k), str(k), v) for k, v in made.items()]
    elif isinstance(made, (list, tuple)):
        parts = [(("item", k), str(k), v) for k, v in enumerate(made)]
    elif type(made).__module__ == MODULE and hasattr(made, "__dict__"):
        parts = [(("attribute", k), k, v) for k, v in vars(made).items()]
    for step, key, value in parts:
        full = f"{name}.{key}" if name else key
        if is_array(value):
            yield full, (step,), value
        elif isinstance(value, float) and (kind_of(full) in PARAMETERS or full in learnt):
            yield full, (step,), np.asarray(value)
        else:
            for deeper, way, found in state(value, full, seen):
                yield deeper, (step, *way), found


def put(made: Any, way: Path, value: Any) -> None:
    """Set what lies at the end of a way; tuples on it are left as they are."""
    for kind, key in way[:-1]:
        made = getattr(made, key) if kind == "attribute" else made[key]
    kind, key = way[-1]
    if kind == "attribute":
        setattr(made, key, value)
    elif not isinstance(made, tuple):
        made[key] = value


@dataclass
class Held:
    """The parameters of one object: name, ways to it (an array may be held in several places), and value."""

    made: Any
    parameters: list[tuple[str, list[Path], Any]]

    @classmethod
    def of(cls, made: Any, left: Collection[str] = (), seed: int = 0) -> Held:
        """The parameters with numbers of our own: initial ones are small or zero.

        What its name does not say is one where ``left``, the names of what the backward leaves, has its gradient.
        """
        groups: dict[int, tuple[str, list[Path], Any]] = {}
        learnt = {gradient_of(name, list(vars(made))) for name in left} if hasattr(made, "__dict__") else set()
        for name, way, value in state(made, learnt=learnt):
            if not is_float(value):
                continue
            if id(value) in groups:
                known = groups[id(value)]
                better = name if len(name.split(".")) < len(known[0].split(".")) else known[0]
                groups[id(value)] = (better, [*known[1], way], value)
            else:
                groups[id(value)] = (name, [way], value)
        found = []
        rng = generator(7, seed)
        for name, ways, value in groups.values():
            what = kind_of(name)
            if what not in PARAMETERS and name not in learnt:
                continue
            shape = np.shape(value)
            drawn = rng.standard_normal(shape) / (np.sqrt(max(shape)) if len(shape) > 1 else 2)
            if len(shape) == 4:
                drawn = 0.4 * rng.standard_normal(shape)
            found.append((name, ways, 1 + 0.3 * drawn if what == "gain" else drawn))
        return cls(made, found)


def kind_of(name: str) -> str:
    """The role of an array that an object holds, from its name and those of what holds it."""
    parts = [p for p in name.split(".") if not p.isdigit()]
    parts = parts[:-1] if len(parts) > 1 and parts[-1] in HOLDING else parts  # weight.data
    last = parts[-1] if parts else ""
    own = [p for p in parts if role(p) != "gain" and not p.startswith("syn")]  # a synapse is no s_… of an optimiser
    if any(re.fullmatch(MOVING, p) for p in own) and not re.fullmatch(r"v|s", last):
        return ""
    if last in ("params", "parameters"):
        return "weights"
    if re.fullmatch(r"syn(apse)?_?\d*|wih|who|theta\w*|w\w*|.*weights?.*|.*kernel.*", last.lower()):
        return "weights"
    if re.fullmatch(r"b\d?|b_?\w{1,3}|.*bias(es)?.*", last.lower()):
        return "bias"
    found = role(last)
    return found if found in PARAMETERS and (found != "weights" or last.lower() in ("u", "filters", "f")) else ""


@dataclass
class Objects:
    """The session of an object: a copy of it, with parameters of its own."""

    held: Held
    caller: Caller
    rate: float | None
    forward: Function
    given: Sequence[Any] = ()

    def __post_init__(self) -> None:
        self.made = copy.deepcopy(self.held.made)
        self.before: dict[str, Any] = {}
        for (name, ways, _), value in zip(self.held.parameters, self.given, strict=True):
            own = self.caller.own([value])[0]
            self.before[name] = value if recorded(value) else np.array(value)
            for way in ways:
                put(self.made, way, own)
        self.old = {
            name: (id(value), None if recorded(value) else np.array(value)) for name, _, value in state(self.made)
        }

    def call(self, name: str) -> Callable[..., Any]:
        """The bound method, or a function of the file."""
        private = f"_{type(self.made).__name__.lstrip('_')}{name}"  # what Python makes of __name
        method = getattr(self.made, name, None) or getattr(self.made, private, None) or vars(self.caller.module)[name]
        if name != self.forward.name or not self.forward.result:
            return method  # type: ignore[no-any-return]

        def run(*arguments: Any, **named: Any) -> Any:
            method(*arguments, **named)
            return getattr(self.made, self.forward.result)

        return run

    def labels(self) -> Any:
        """The labels that its constructor was given."""
        held = [(n, v) for n, v in vars(self.held.made).items() if is_array(v) and n != self.forward.result]
        named = [(role(n) != "labels", i, v) for i, (n, v) in enumerate(held) if re.fullmatch(TARGETS, n.lower())]
        return min(named, key=lambda one: one[:2])[2] if named else None

    def left(self) -> list[tuple[str, Any]]:
        """Gradients that were left on the object, else how far its parameters have moved by the learning rate."""
        now = {name: value for name, _, value in state(self.made)}
        fresh = [(name, value) for name, value in now.items() if is_array(value) and self._new(name, value)]
        named = [(name, value) for name, _, value in self.held.parameters]
        places = assigned([("left." + n, v) for n, v in fresh if not kind_of(n)], named, {})
        candidates = [(n, v) for n, v in fresh if not kind_of(n)]
        found = [("left." + candidates[k][0], candidates[k][1]) for k in places.values()]
        for i, (name, _, _) in enumerate(self.held.parameters):
            if i not in places and name in now and not recorded(self.before[name]):
                moved = self.before[name] - array(now[name])
                if np.shape(moved) == np.shape(self.before[name]) and np.any(moved):
                    found.append(("left." + name, moved / (self.rate or 1.0)))
        return found

    def _new(self, name: str, value: Any) -> bool:
        known = self.old.get(name)
        if known is None or known[0] != id(value):
            return True
        return known[1] is not None and not np.array_equal(known[1], array(value))
