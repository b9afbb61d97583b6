"""What a forward does, written down while it runs: every op's operands, its result, its place and the user's names."""

from __future__ import annotations

import ast
import linecache
import os
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

from ...autograd.lines import user_frame
from ...autograd.modes import Mode, Switch
from ...autograd.node import Node
from ...autograd.op import Op
from ...autograd.tensor import Tensor
from ...autograd.watch import Watcher, enter_every_op


class Site(NamedTuple):
    """A place in the user's program: ops of one place in a loop, or in a layer's class, have one site."""

    code: CodeType | None
    instruction: int
    line: int
    caller: tuple[CodeType, int] | None = None  # where the function that it is in was called

    @property
    def anywhere(self) -> tuple[CodeType | None, int]:
        """The place, from wherever its function was called."""
        return self.code, self.instruction

    @lru_cache(maxsize=4096)  # noqa: B019
    def __str__(self) -> str:
        if self.code is None:
            return ""
        text = linecache.getline(self.code.co_filename, self.line).strip()
        where = f"{os.path.basename(self.code.co_filename)}:{self.line}"
        part = expression_of(self.code, self.instruction)
        if part and (len(text) > 80 or _several(text, part)):
            text = part
        return f"{where} `{text}`" if text and len(text) <= 80 else where


NOWHERE = Site(None, 0, 0)


class Call(NamedTuple):
    """What an op was called with, and what it gave."""

    values: tuple[Any, ...]  # the operands as arrays; of a variadic op the items of its list
    params: dict[str, Any]
    result: Any
    site: Site


class Recorder(Switch, Watcher):
    """Inside, every op's operands, result and place are written down, and the user's names of values."""

    quiet = True

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[Node, Call] = {}
        self.names: dict[Node, str] = {}
        self.order: list[Node] = []
        self._outer = user_frame()  # where the check was called: no line of the forward

    def _mode(self, before: Mode) -> Mode:
        enter_every_op()
        return Mode(before.grad, (*before.watchers, self), before.inference)

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any], result: Any, began: int) -> None:
        """Write one call down."""
        node = getattr(result, "_node", None)
        if node is None or node.op is not op or node in self.calls:
            return
        given = tuple(operands[0]) if op.variadic else operands
        running = user_frame()
        frame = None if running is self._outer else running
        values = tuple(np.array(x._value) if isinstance(x, Tensor) else np.asarray(x) for x in given)
        above = None if frame is None else frame.f_back
        caller = None if above is None else (above.f_code, instruction_of(above.f_code, above.f_lasti))
        site = NOWHERE
        if frame is not None:
            site = Site(frame.f_code, instruction_of(frame.f_code, frame.f_lasti), frame.f_lineno, caller)
        self.calls[node] = Call(values, params, np.array(result._value), site)
        self.order.append(node)
        if frame is not None:
            self._name(given, frame)

    def _name(self, operands: Iterable[Any], frame: FrameType) -> None:
        unnamed = {id(x): x._node for x in operands if isinstance(x, Tensor) and x._node not in self.names}
        for name, value in frame.f_locals.items() if unnamed else ():
            node = unnamed.get(id(getattr(value, "tensor", value)))
            if node is not None:
                self.names.setdefault(node, name)


@lru_cache(4096)
def expression_of(code: CodeType, instruction: int) -> str:
    """The part of a line that an instruction computes; empty where nobody knows."""
    start, end, first, last = positions(code)[instruction // 2]
    if start is None or start != end or first is None or last is None:
        return ""
    line = linecache.getline(code.co_filename, start).encode()
    return line[first:last].decode(errors="replace").strip()


@lru_cache(256)
def positions(code: CodeType) -> list[tuple[int | None, int | None, int | None, int | None]]:
    """Where in its file each instruction of a function stands."""
    return list(code.co_positions())


@lru_cache(4096)
def _several(line: str, part: str) -> bool:
    """Whether a line has several expressions of the kind of this one: calls of one function, products."""
    try:
        one = ast.parse(part, mode="eval").body
        inside = list(ast.walk(ast.parse(line)))
    except SyntaxError:  # a line that is no statement of its own
        return False
    return sum(_like(one) == _like(node) for node in inside) > 1 if _like(one) else False


def _like(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func)
    if isinstance(node, ast.Subscript):
        return f"[{ast.unparse(node.slice)}]"
    return type(node.op).__name__ if isinstance(node, ast.BinOp) else ""


@lru_cache(10_000)
def instruction_of(code: CodeType, at: int) -> int:
    """Where the instruction starts that ``at`` is in: behind it stand caches, and a frame may point at any of them."""
    while at > 0 and code.co_code[at] == CACHE:
        at -= 2
    return at


CACHE = 0  # the number of that instruction in CPython
