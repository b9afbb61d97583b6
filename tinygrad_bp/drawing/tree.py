"""A description as a tree of text for terminals: each output, what gave it, and what that read."""

from __future__ import annotations

import textwrap

from ..autograd.terminal import fitting
from .boxes import Arrow, Box, Description
from .dot import printable, said_of
from .numbers import brief, shown, sparks

DEEP = 12  # levels, before a branch goes on at the left
KINDS = {"parameter": "parameter", "input": "input", "saved": "saved"}


def tree(description: Description, values: bool, grads: bool, width: int = 80) -> str:
    """The tree in lines of at most ``width`` signs, in the signs that the terminal has.

    What several read stands once, and is named by its number elsewhere; a branch that goes deep goes on at the left.

    >>> import tinygrad_bp as tg
    >>> w, x = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([3.0, 4.0])
    >>> loss = (w * x).sum()
    >>> print(tg.draw(loss, values=True))
    loss = Sum  ()  float32  value 11.
    └─ Mul  (2,)  float32  value [3. 8.]
       ├─ w  parameter  (2,)  float32  value [1. 2.]
       └─ x  input  (2,)  float32  value [3. 4.]
    """
    return "\n".join(_Tree(description, values, grads, width).lines)


class _Tree:
    def __init__(self, description: Description, values: bool, grads: bool, width: int) -> None:
        self.boxes = {box.key: box for box in description.boxes}
        self.values, self.grads, self.width = values, grads, width
        self.reads: dict[str, list[Arrow]] = {}
        heads: set[str] = set()
        for arrow in description.arrows:
            self.reads.setdefault(arrow.head, []).append(arrow)
            if arrow.kind != "carried":
                heads.add(arrow.tail)
        self.frames = {frame.key: frame for frame in description.frames}
        self.numbers: dict[str, int] = {}  # of what is named elsewhere
        self.written: set[str] = set()
        self.lines: list[str] = []
        ends = [box.key for box in description.boxes if box.key not in heads]
        uses: dict[str, int] = {}
        for arrow in description.arrows:
            if arrow.kind != "carried" and self._inner(arrow.tail):
                uses[arrow.tail] = uses.get(arrow.tail, 0) + 1
        self.shared = {key for key, count in uses.items() if count > 1}
        waiting = list(ends) or [box.key for box in description.boxes[-1:]]
        for key in waiting:  # grows while it is walked
            if key not in self.written:
                waiting += self._branch(key)
        self.lines += [part for note in description.notes for part in textwrap.wrap(fitting(note), width)]

    def _maker(self, key: str) -> Arrow | None:
        """Where a result comes from its op: the arrow."""
        found = self.reads.get(key, ())
        if self.boxes[key].kind == "result" and len(found) == 1 and self.boxes[found[0].tail].kind in ("op", "group"):
            return found[0]
        return None

    def _inner(self, key: str) -> bool:
        return self.boxes[key].kind != "leaf"

    def _below(self, key: str) -> list[Arrow]:
        """The arrows of what stands below a line."""
        arrow = self._maker(key)
        found = self.reads.get(arrow.tail if arrow is not None and self.boxes[arrow.tail].kind == "op" else key, [])
        return [a for a in found if a.kind != "carried"]

    def _branch(self, top: str) -> list[str]:
        """Write a tree; what was too deep is returned."""
        later: list[str] = []
        # A key, what stands before it and below it, a label, and the frame of what stands above.
        stack: list[tuple[str, str, str, str, str]] = [(top, "", "", "", "")]
        while stack:
            key, before, below, label, frame = stack.pop()
            seen = key in self.written
            deep = len(below) >= 3 * DEEP and bool(self._below(key)) and self._inner(key)
            if self._inner(key) and (seen or deep):
                self._line(before, f"{label}{self._short(key)} {self._number(key)}{'' if seen else ' below'}")
                if not seen:
                    later.append(key)
                continue
            self.written.add(key)
            mark = f" {self._number(key)}" if key in self.numbers or key in self.shared else ""
            self._line(before, f"{label}{self._head(key)}{mark}  {self._facts(key, frame)}")
            frame = self.boxes[key].frame
            children = self._below(key)
            for n, arrow in enumerate(reversed(children)):
                last = n == 0
                said = said_of(arrow, self.boxes)
                told = said[:1] == "(" or self.boxes[arrow.tail].name.endswith(f".{said}")
                name = f"{said}: " if said and not told and len(children) > 1 else ""
                turn, side = ("└─ ", "   ") if last else ("├─ ", "│  ")
                stack.append((arrow.tail, below + turn, below + side, name, frame))
        return later

    def _number(self, key: str) -> str:
        return f"[{self.numbers.setdefault(key, len(self.numbers) + 1)}]"

    def _line(self, before: str, text: str) -> None:
        line, dots = fitting(before + printable(text.rstrip())), fitting("…")
        self.lines.append(line if len(line) <= self.width else line[: self.width - len(dots)] + dots)

    def _short(self, key: str) -> str:
        box = self.boxes[key]
        arrow = self._maker(key)
        return box.name or (self.boxes[arrow.tail].name if arrow is not None else "") or "result"

    def _head(self, key: str) -> str:
        box, arrow = self.boxes[key], self._maker(key)
        op = self.boxes[arrow.tail] if arrow is not None and self.boxes[arrow.tail].kind == "op" else None
        if op is None:
            return self._called(box)
        made = self._called(op)
        return f"{box.name} = {made}" if box.name else made

    def _called(self, box: Box) -> str:
        times = f" × {box.times}" if box.times > 1 else ""
        params = ", ".join(f"{name}={brief(value)}" for name, value in box.params)
        return f"{box.name or 'a value'}{times}{f'({params})' if params else ''}"

    def _facts(self, key: str, above: str) -> str:
        box, arrow = self.boxes[key], self._maker(key)
        op = self.boxes[arrow.tail] if arrow is not None else None
        parts = [KINDS.get(box.role, "")] if box.kind == "leaf" else []
        parts += [str(part) for part in (box.shape, box.dtype) if part is not None]
        parts += [*box.facts, *box.parameters]
        parts += [*op.facts, *op.parameters] if op is not None and op.kind == "op" else []
        frame = self.frames.get(box.frame)
        if box.kind != "leaf" and box.frame != above and frame is not None and (frame.name or frame.times > 1):
            parts.append(f"in {frame.name or 'a block'}{f' × {frame.times}' if frame.times > 1 else ''}")
        if box.kind in ("leaf", "result") and box.times == 1:
            if self.values and box.value is not None:
                parts.append(f"value {self._number_text(box.value)}")
            if self.grads and box.shape is not None and not (box.kind == "leaf" and box.role == "saved"):
                parts.append(f"grad {self._number_text(box.grad)}")
        elif box.times > 1 and box.kind == "leaf":
            parts.append("one for each block")
        return "  ".join(part for part in parts if part)

    def _number_text(self, value: object) -> str:
        part = shown(value, few=8, width=1000)
        text = " ".join(part.text.split())
        return f"{sparks(part.bars)} {text}" if part.bars else text
