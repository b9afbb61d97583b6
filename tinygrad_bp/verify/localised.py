"""Where a backward by hand goes wrong: between the gradients of which values, and at which lines.

The forward is run once more on Tensors. Its variables and its lines say what each recorded value is. With gradients of
values on the way by hand (``dz2``, ``da1``) the first that does not follow from those above it is the place. Without
them it is where the way down to the wrong parameters leaves the way to the right ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..autograd.node import Node
from ..autograd.tensor import Tensor
from ..autograd.types import Raw
from ..autograd.watch import Following
from .case import Case
from .compared import Comparing, Gradient, place, raw
from .findings import Diagnosis, Finding
from .naming import Trail, meant
from .passage import Backward, Passage

SHOWN = 4  # lines of the program
NEAR = 1e-6
NAMES = 20  # of values, in a note


def located(
    found: Diagnosis,
    record: Callable[[], tuple[Tensor, Sequence[Tensor]]],
    grads: Mapping[str, Raw],
    by_hand: object,
) -> Diagnosis:
    """The diagnosis, and where to look. ``record`` runs the forward and gives the loss and the parameters' leaves.

    A note says which gradients by hand are of no value that the forward has, and so were not compared.

    ``grads`` are the gradients by hand of the parameters, by the names that the findings have, in the order of the
    leaves; ``by_hand`` is all that came with them, and may have those of other values.
    """
    trail = Trail()
    with Following(trail):
        loss, leaves = record()
    values = trail.values()
    found = replace(found, notes=(*found.notes, *unmeant(others(by_hand, grads), {*values, *grads})))
    if found.ok:
        return found
    backward = Backward("check_gradients", loss)
    parameters: dict[Any, str] = {
        leaf._node: name for name, leaf in zip(grads, leaves, strict=True) if leaf._node in backward
    }
    wrong = {finding.name for finding in found.wrong}
    if not any(name in wrong for name in parameters.values()):
        return found
    names = {nodes[0]: name for name, nodes in values.items() if len(nodes) == 1 and nodes[0] in backward}
    called = {node: name if name.isidentifier() else names.get(node, name) for node, name in parameters.items()}
    network = Network(backward, {**names, **called}, trail.lines, parameters, wrong)
    hands = network.intermediates(values, others(by_hand, grads))
    network.keys |= {node: key for node, (key, _) in hands.items()}
    comparing = Comparing(backward, {**hands, **network.by_hand(grads)}, trail.lines, names, explained=hands)
    compared = comparing.findings() if hands else ()
    first = next((finding for finding in compared if not finding.ok and finding.kind != "follows"), None)
    reason = _reason(compared, found)
    more = tuple(
        replace(finding, kind=reason[finding.name].kind, sentence=reason[finding.name].sentence)
        if finding.name in reason
        else finding
        for finding in compared
        if finding.name not in grads
    )
    if first is not None and first.name not in grads:
        node = next(node for node, (key, _) in hands.items() if key == first.name)
        where = network.told([backward.passage(node, comparing.hands)])
    else:
        right = {finding.name for finding in more if finding.ok}
        where = network.by_parameters({node for node, (key, _) in hands.items() if key in right})
    return replace(found, findings=found.findings + more, place=where)


def _reason(compared: Sequence[Gradient], found: Diagnosis) -> dict[str, Finding]:
    """The one gradient that all other wrong ones follow from, with the reason that those of the parameters show.

    Where it shows one itself, or they show several, nothing.
    """
    own = [finding for finding in compared if not finding.ok and finding.kind != "follows"]
    said = {(one.kind, one.sentence): one for one in found.wrong if one.kind != "unknown"}
    return {own[0].name: next(iter(said.values()))} if [f.kind for f in own] == ["unknown"] and len(said) == 1 else {}


def others(by_hand: object, grads: Collection[str]) -> dict[str, Any]:
    """The gradients by hand of other values than the parameters, where they came in a dict."""
    found = by_hand.items() if isinstance(by_hand, dict) else ()
    named = {key: value for key, value in found if isinstance(key, str) and not any(n in grads for n in meant(key))}
    arrays = {key: raw(value) for key, value in named.items() if isinstance(value, (np.ndarray, Tensor))}
    return {key: array for key, array in arrays.items() if array.dtype.kind in "biuf"}


def unmeant(keys: Collection[str], known: Collection[str]) -> list[str]:
    """What is said of gradients whose names are those of no value; nothing where there are none.

    >>> unmeant(["dz1", "dq"], ["z1", "W1"])
    ["grads has 'dq', the gradient of no value that the forward has: not compared. Its values are W1, z1."]
    """
    lost = [key for key in keys if not any(name in known for name in meant(key))]
    names = sorted(name for name in known if name.isidentifier())
    some = ", ".join(names[:NAMES]) + ", …" * (len(names) > NAMES)
    several = "the gradients" if len(lost) > 1 else "the gradient"
    told = f"grads has {', '.join(map(repr, lost))}, {several} of no value that the forward has: not compared."
    return [f"{told} Its values are {some}."] if lost else []


class Network:
    """The recorded forward, what its values are called, and which parameters' gradients are wrong."""

    def __init__(
        self,
        backward: Backward,
        names: dict[Node, str],
        lines: Mapping[Node, Any],
        parameters: Mapping[Node, str],
        wrong: Collection[str],
    ) -> None:
        self.backward, self.names, self.lines, self.parameters = backward, names, lines, parameters
        self.wrong = {node for node, name in parameters.items() if name in wrong}
        self.keys: dict[Node, str] = {}  # what the hand calls the gradient of a value
        self.below = self.made_from(parameters)

    def made_from(self, some: Collection[Node]) -> dict[Node, frozenset[Node]]:
        """Which of some values each value was made from, itself included."""
        made = {node: frozenset((node,)) for node in some}
        for node in reversed(self.backward.nodes):
            found = [made[one] for one in (node, *node.parents) if one in made]
            if found:
                made[node] = frozenset().union(*found)
        return made

    # ------------------------------------------------------------------ gradients by hand of values on the way

    def by_hand(self, grads: Mapping[str, Raw]) -> dict[Node, tuple[str, Any]]:
        """The gradients of the parameters."""
        return {node: (name, np.asarray(grads[name])) for node, name in self.parameters.items()}

    def intermediates(
        self, values: Mapping[str, Sequence[Node]], extras: Mapping[str, Any]
    ) -> dict[Node, tuple[str, Any]]:
        """Those of other values, where it is clear which value is meant and that it matters.

        A variable that was assigned several times, or an array that was written after it had this name, is taken for
        the value whose gradient it is, if any. What leads to right parameters alone is not accused.
        """
        found: dict[Node, tuple[str, Any]] = {}
        for key, hand in extras.items():
            nodes = next((values[name] for name in meant(key) if name in values), ())
            nodes = [node for node in nodes if node in self.backward and node not in self.parameters]
            same = [node for node in (*nodes, *self._nearby(nodes)) if self._is(node, hand)]
            if same or len(nodes) == 1:
                node = (same or nodes)[0]
                if same or self.below.get(node, frozenset()) & self.wrong:
                    found[node] = key, hand
        return self._in_one_scale(found)

    def _nearby(self, nodes: Sequence[Node]) -> list[Node]:
        """The values that one op made of these, or these of."""
        made_of = [parent for node in nodes for parent in node.parents if parent is not None]
        return [*made_of, *(reader for node in nodes for reader in self.backward.readers.get(node, ()))]

    def _is(self, node: Node, hand: Any) -> bool:
        truth = self.backward.gradients.get(node)
        return truth is not None and Case(hand, truth, tolerance=NEAR, noise=self.backward.noise[node]).agrees

    def _in_one_scale(self, hands: dict[Node, tuple[str, Any]]) -> dict[Node, tuple[str, Any]]:
        """Without a factor that all of them have and that right parameters have not: 1/N, put in at the end."""
        for node, (_, hand) in hands.items():
            case = Case(hand, self.backward.gradients[node], tolerance=NEAR)
            ratio = case.ratio
            if np.isfinite(ratio) and ratio and abs(ratio - 1) > NEAR and case.fits(ratio * case.truth):
                stops = {*hands, *self.parameters}
                right = (one for one in self.parameters if one not in self.wrong)
                if any(node in self.backward.passage(one, stops).above for one in right):
                    return {
                        one: (key, value if self._is(one, value) else value / ratio)
                        for one, (key, value) in hands.items()
                    }
        return hands

    # ------------------------------------------------------------------ without them

    def by_parameters(self, right: Collection[Node]) -> str:
        """Where to look, from which parameters are right and which are wrong, and some ``right`` values on the way."""
        made = self.made_from((*self.parameters, *right))
        suspects = {node: group for node, group in made.items() if group <= self.wrong}
        groups = {
            group for node, group in suspects.items()
            if node is self.backward.root or any(reader not in suspects for reader in self.backward.readers[node])
        }  # fmt: skip
        groups = {group for group in groups if not any(group < other for other in groups)}
        stops = [node for node in self.names if node not in suspects]
        passages = []
        for group in groups:
            bottom = min((node for node, below in suspects.items() if below == group), key=lambda node: node.order)
            passages.append(self.backward.passage(bottom, stops))
        return self.told(sorted(passages, key=lambda passage: self.backward.place(passage.below)))

    # ------------------------------------------------------------------ words

    def called(self, node: Node) -> str:
        """The gradient of a value, by the hand's name or made of the value's; of one without a name, those below it."""
        if node in self.keys:
            return self.keys[node]
        if node in self.names:
            return f"d{self.names[node]}"
        return (
            "the loss"
            if node is self.backward.root
            else ", ".join(f"d{self.names[one]}" for one in self.parameters if one in self.below[node])
        )

    def told(self, passages: Sequence[Passage]) -> str:
        """Where to look: which gradients stand at both ends of each way, and the lines on it."""
        wrong = [name for node, name in self.parameters.items() if node in self.wrong]
        right = [name for node, name in self.parameters.items() if node not in self.wrong]
        ways = []
        for passage in passages:
            tops = ["the loss" if node is self.backward.root else self.called(node) for node in passage.above]
            ways.append(f"between {', '.join(tops[:SHOWN])} and {self.called(passage.below)}")
        both = f"{', '.join(right)} right, {', '.join(wrong)} wrong" if right else "All are wrong"
        text = f"{both}: look {', and '.join(ways)}."
        lines = (self.lines[node] for passage in passages for node in passage.nodes if node in self.lines)
        shown = list(dict.fromkeys(f"  {place(line)}: {source}" for line in lines if (source := line.text)))
        return "\n".join([text, *shown[:SHOWN], *(["  …"] if shown[SHOWN:] else [])])
