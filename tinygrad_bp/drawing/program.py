"""Where the ``dot`` program is, and the error that says how to get one."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import graphviz
from graphviz.backend import dot_command

from ..autograd.errors import AutogradError

VARIABLE = "TINYGRAD_BP_DOT"
WHEEL = "graphviz-pure"


class DotNotFoundError(AutogradError, graphviz.ExecutableNotFound):
    """No ``dot`` program to lay a picture out; the DOT source of a drawing is saved all the same.

    Fails: ``tg.draw(loss).render("xor.svg")`` on a bare machine.  Works: the same after ``pip install graphviz-pure``.
    """

    def __init__(self, saved: str = "") -> None:
        chosen = os.environ.get(VARIABLE)
        what = (
            f"{VARIABLE} names {chosen!r}, which is no program; correct it, or remove it and install one"
            if chosen
            else f"none is on PATH, the wheel {WHEEL} is not installed, and {VARIABLE} names none; install one"
        )
        RuntimeError.__init__(
            self,
            f"no Graphviz program `dot` to draw with: {what} with `pip install {WHEEL}`, or with the system's package "
            "manager (such as `apt install graphviz`)" + (f". The DOT source is saved in {saved!r}" if saved else ""),
        )


class FormatError(AutogradError, RuntimeError):
    """The program that lays pictures out does not write this format, or stopped.

    Fails: ``tg.draw(loss).render("xor.gif")`` with graphviz-pure.  Works: ``tg.draw(loss).render("xor.png")``.
    """

    def __init__(self, format: str, said: str) -> None:
        lines = [line for line in said.split("\n") if line.strip()]
        what = (
            f"does not write {format}: take svg, png or pdf, or install Graphviz (such as `apt install graphviz`)"
            if "not recognized" in said
            else f"could not draw the picture as {format}: {lines[-1].strip() if lines else 'it said nothing'}"
        )
        super().__init__(f"the Graphviz program {find()} {what}")


def find() -> str | None:
    """The path of the program: what ``TINYGRAD_BP_DOT`` names, else ``dot`` on PATH, else the graphviz-pure wheel's."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return shutil.which(chosen) or chosen
    return shutil.which("dot") or wheels_program()


def wheels_program() -> str | None:
    """The program of the graphviz-pure wheel, or None."""
    try:
        files = metadata.files(WHEEL) or ()
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name in (WHEEL, f"{WHEEL}.exe"):
            return shutil.which(Path(str(file.locate())).resolve())
    return None


_swapping = threading.Lock()


@contextmanager
def found_program() -> Iterator[None]:
    """Let the graphviz package run the program that ``find`` finds, for the duration of a ``with`` block."""
    program = find()
    with _swapping:
        usual = dot_command.DOT_BINARY
        if program is not None:
            dot_command.DOT_BINARY = Path(program)
        try:
            yield
        finally:
            dot_command.DOT_BINARY = usual


def laid_out(source: str) -> str:
    """Where each box and arrow of a DOT source stands, in Graphviz's format ``plain``.

    Raises ``DotNotFoundError`` where there is no program to say so.
    """
    try:
        with found_program():
            found: bytes = graphviz.pipe("dot", "plain", source.encode(), quiet=True)
            return found.decode()
    except graphviz.ExecutableNotFound:
        raise DotNotFoundError from None
    except graphviz.CalledProcessError as error:
        raise FormatError("plain", error.stderr.decode() if error.stderr else "") from None
