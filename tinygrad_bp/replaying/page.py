"""A replay as one HTML page: its data and its picture, in the files ``page.html``, ``page.css`` and ``page.js``."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib import resources
from typing import Any

from ..autograd.lines import Line
from .arrays import Arrays
from .numbers import shown
from .picture import picture
from .record import Forward, Input, Record, Traced
from .text import HINT, left_out


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8").strip()


def page(replay: Record, limit: int) -> str:
    """The page, as text."""
    view = _View(replay, limit)
    style, script = _file("page.css"), _file("page.js")
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    name = ", ".join(shown(output.name) for output in replay.outputs)
    parts = {
        "policy": policy, "title": html.escape(f"Replay of {name}"), "style": style, "script": script,
        "heading": f"Replay of <bdi>{html.escape(name)}</bdi>", "summary": html.escape(view.summary),
        "picture": picture(view.tensors, view.kinds, view.forward), "data": _json(view.data()),
    }  # fmt: skip
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _file("page.html")) + "\n"


def frame(page: str) -> str:
    """A page inside a notebook's: in a frame of its own, so that neither's script meets the other's."""
    return (
        '<iframe sandbox="allow-scripts" title="Replay of a backward pass" '
        'style="width: 100%; height: 720px; border: 0; border-radius: 12px" '
        f'srcdoc="{html.escape(page)}"></iframe>'
    )


def _digest(text: str) -> str:
    """What a page's policy calls a script or a style by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _json(data: Any) -> str:
    """JSON that stands between tags: nothing in it ends them, and a surrogate without its other half is an escape."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


class _View:
    """What a page shows of a replay: the steps at the end of the computation, at most ``limit``."""

    def __init__(self, replay: Record, limit: int) -> None:
        first = max(0, len(replay.forward) - limit)
        self.replay = replay
        self.forward = replay.forward[first:]
        self.steps = [step for step in replay.steps if step.forward.number > first]
        self.arrays = Arrays()
        inside = {id(step.result) for step in self.forward}
        self.tensors: list[Traced] = []
        self.keys: dict[int, int] = {}
        for step in self.forward:
            for traced in (*step.inputs, step.result):
                self._meet(traced)
        for traced in replay.outputs:
            self._meet(traced)
        self.kinds = [
            "earlier" if traced.kind == "result" and id(traced) not in inside else traced.kind
            for traced in self.tensors
        ]  # fmt: skip
        self.leaves = [traced for traced in self.tensors if traced.kind == "leaf"]
        count = len(self.leaves)
        self.summary = f"{len(self.forward)} steps forward, {len(self.steps)} back, {count} " + (
            "leaf" if count == 1 else "leaves"
        )
        if first:
            self.summary += f". {left_out(first)}"

    def _meet(self, traced: Traced) -> None:
        if id(traced) not in self.keys:
            self.keys[id(traced)] = len(self.tensors)
            self.tensors.append(traced)

    # ------------------------------------------------------------------ data

    def data(self) -> dict[str, Any]:
        """All that the page's script reads."""
        add = self.arrays.add
        found = {
            "tensors": [self._tensor(*pair) for pair in zip(self.tensors, self.kinds, strict=True)],
            "forward": [self._forward(step) for step in self.forward],
            "back": [
                {"step": step.forward.number - self.forward[0].number, "g": add(step.gradient),
                 "inputs": [self._input(step.forward, given) for given in step.inputs]}
                for step in self.steps
            ],
            "outputs": [
                {"tensor": self.keys[id(output)], "seed": add(seed)}
                for output, seed in zip(self.replay.outputs, self.replay.seeds, strict=True)
            ],
            "hint": "" if self.replay.lines else HINT,
        }  # fmt: skip
        return found | {"arrays": self.arrays.entries}

    def _tensor(self, traced: Traced, kind: str) -> dict[str, Any]:
        value = (
            {"why": shown(traced.value)} if isinstance(traced.value, str) else {"value": self.arrays.add(traced.value)}
        )
        return {
            "name": shown(traced.name) or "a constant", "kind": kind, "shape": traced.shape,
            "dtype": str(traced.dtype) if traced.dtype is not None else "", **value,
            "grad": None if traced.gradient is None else self.arrays.add(traced.gradient),
        }  # fmt: skip

    def _forward(self, step: Forward) -> dict[str, Any]:
        return {
            "op": shown(step.op), "formula": shown(step.formula), "names": [shown(name) for name in step.names],
            "inputs": [self.keys[id(traced)] for traced in step.inputs], "result": self.keys[id(step.result)],
            "params": [f"{name} = {shown(f'{value!r:.60}')}" for name, value in step.params],
            "line": _line(step.source),
        }  # fmt: skip

    def _input(self, forward: Forward, given: Input) -> dict[str, Any]:
        add, called = self.arrays.add, forward.called()
        place = next(
            i for i, (name, traced) in enumerate(zip(forward.names, forward.inputs, strict=True))
            if name == given.name and traced is given.tensor
        )  # fmt: skip
        return {
            "at": place, "formula": shown(given.formula), "passed": add(given.contribution),
            "derivative": None if given.derivative is None else add(given.derivative),
            "reads": [[shown(called.get(name, name)), add(value)] for name, value in given.reads],
            "before": None if given.before is None else add(given.before), "after": add(given.after),
        }  # fmt: skip


def _line(line: Line | None) -> dict[str, Any] | None:
    """A line of the program; of its file the name alone, since pages are passed on."""
    if line is None:
        return None
    return {"file": shown(line.name), "number": line.number, "text": shown(line.text)}
