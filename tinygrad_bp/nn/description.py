"""What a module's repr says: its settings, and what is inside, however deep."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

# A module as text: what stands before the modules inside, and those, each with its label and the number of its text.
Text = tuple[str, tuple[tuple[str, int], ...]]


def description(module: Any) -> str:
    """The repr of a module; without recursion, so that depth is no limit."""
    texts: list[Text] = []
    numbers: dict[Text, int] = {}

    def number(text: Text) -> int:
        if text not in numbers:
            numbers[text] = len(texts)
            texts.append(text)
        return numbers[text]

    pending: list[tuple[Any, Iterator[tuple[str, Any]], list[tuple[str, int]]]] = [(module, _inside(module), [])]
    above = {id(module)}
    while True:
        holder, waiting, done = pending[-1]
        item = next(waiting, None)
        if item is None:
            found = number(_text(holder, done))
            pending.pop()
            above.discard(id(holder))
            if not pending:
                return _written(found, texts)
            outer = pending[-1][2]
            outer.append((outer.pop()[0], found))
            continue
        name, child = item
        if child is None or id(child) in above or not _is_plain(child):
            text = f"{type(child).__name__}(...)" if id(child) in above else repr(child)
            done.append((name, number((text, ()))))
        else:
            done.append((name, -1))  # until it is known
            pending.append((child, _inside(child), []))
            above.add(id(child))


def plain_repr(self: Any) -> str:
    """The ``__repr__`` of every module unless its class writes one."""
    return description(self)


def _is_plain(module: Any) -> bool:
    written: Any = type(module).__repr__
    return written is plain_repr


def _inside(module: Any) -> Iterator[tuple[str, Any]]:
    return iter(list(module._held.modules.items()))


def _text(module: Any, inside: list[tuple[str, int]]) -> Text:
    """The text of one module, whose modules inside have theirs."""
    name, extra = module._get_name(), module.extra_repr()
    block = "".join(f"\n  {line}" for line in extra.split("\n")) if extra else ""
    if not inside:
        return (f"{name}({block}\n)" if "\n" in extra else f"{name}({extra})"), ()
    return f"{name}({block}", tuple(_joined(inside) if module.joins_equal else [(f"({n}): ", i) for n, i in inside])


def _joined(inside: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Neighbours of one text as one line."""
    for number, run in groupby(inside, lambda pair: pair[1]):
        names = [name for name, _ in run]
        yield f"({names[0]}-{names[-1]}): {len(names)} x " if len(names) > 1 else f"({names[0]}): ", number


def _written(number: int, texts: list[Text]) -> str:
    """The lines of a text and of those inside, each level two blanks further in."""
    lines = []
    pending = [("", number, 0)]
    while pending:
        label, number, depth = pending.pop()
        blanks = "  " * depth
        if number < 0:
            lines.append(f"{blanks})")
            continue
        head, inside = texts[number]
        lines.append((blanks + label + head).replace("\n", "\n" + blanks))
        if inside:
            pending.append(("", -1, depth))
            pending += [(label, number, depth + 1) for label, number in reversed(inside)]
    return "\n".join(lines)
