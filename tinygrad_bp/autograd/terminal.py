"""What a terminal or a notebook can show: signs that it lacks are written in ASCII that looks or reads alike."""

from __future__ import annotations

import codecs
import re
import sys

__all__ = ["adapt", "fitting", "in_notebook", "watched"]

_ALIKE = {
    "−": "-", "–": "-", "·": "*", "∘": ".*", "×": "x", "…": "...", "≤": "<=", "≥": ">=", "≠": "!=", "±": "+-",
    "∓": "-+", "√": "sqrt ", "∛": "cbrt ", "µ": "u", "∂": "d", "∞": "inf", "∏": "prod", "Σ": "sum", "∫": "integral",
    "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "→": "->", "←": "<-", "‖": "||", "°": " deg", "½": "1/2",
    "✓": "ok", "✗": "x",
    "─": "-", "│": "|", "├": "|", "└": "`", "■": "#", "□": "[]", "●": "o",
    "▁": "_", "▂": ".", "▃": ":", "▄": "-", "▅": "=", "▆": "+", "▇": "*", "█": "#",
    "⁻": "-", "₋": "-", "′": "'", "″": "''",
}  # fmt: skip


def _alike(error: UnicodeError) -> tuple[str, int]:
    """The signs that an encoding lacks: x² as x^2, a Greek letter by its name, ā as a; the rest as escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import unicodedata  # for the terminals that need it

    text = error.object[error.start : error.end]
    for kind, mark in (("<super>", "^"), ("<sub>", "_")):
        signs = "".join({sign for sign in text if unicodedata.decomposition(sign).startswith(kind)})
        if signs:
            text = re.sub(f"([{signs}]+)", rf"{mark}\1", text)
    text = "".join(_ALIKE.get(sign, sign) for sign in text)
    text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    for letter in {sign for sign in text if "α" <= sign.lower() <= "ω"}:
        name = unicodedata.name(letter).split()[-1]
        text = text.replace(letter, name.title() if letter.isupper() else name.lower())
    return text.encode("ascii", "backslashreplace").decode(), error.end


codecs.register_error("alike", _alike)


def fitting(text: str) -> str:
    """The text in the signs that standard output has.

    >>> "−2·x² ≤ π".encode("ascii", "alike").decode()
    '-2*x^2 <= pi'
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "alike").decode(encoding)


def in_notebook() -> bool:
    """Whether this is Jupyter, on a machine or in a browser."""
    return "ipykernel.zmqshell" in sys.modules or "IPython.utils._process_emscripten" in sys.modules


def watched() -> bool:
    """Whether a progress bar would be seen."""
    return sys.stderr.isatty() or in_notebook()


def adapt() -> None:
    """Let a command print any text: what the terminal lacks is written alike. Called once, before it prints."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="alike")  # type: ignore[union-attr]
