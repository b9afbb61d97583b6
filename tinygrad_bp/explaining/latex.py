"""Terms in LaTeX, and the documents that hold them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from .notation import Term, held_together

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "θ": "theta", "λ": "lambda", "μ": "mu",
    "π": "pi", "σ": "sigma", "φ": "varphi", "Γ": "Gamma", "Φ": "Phi", "Σ": "Sigma", "Δ": "Delta", "Ω": "Omega",
}  # fmt: skip
_SIGNS = {
    "·": r"\cdot ", "@": r"\cdot ", "∘": r"\circ ", "×": r"\times ", "−": "-", "≤": r"\le ", "≥": r"\ge ",
    "≠": r"\ne ", "∞": r"\infty ", "…": r"\dots ", "½": r"\tfrac{1}{2}", "ᵀ": r"^{\mathsf{T}}", "ᴴ": r"^{\mathsf{H}}",
    "′": "'", "and": r"\land ", "or": r"\lor ", "=": "=", "<": "<", ">": ">",
}  # fmt: skip
_TEXT = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "`": r"\textasciigrave{}", "·": r"$\cdot$", "∘": r"$\circ$", "−": r"$-$", "≤": r"$\le$",
    "≥": r"$\ge$", "≠": r"$\ne$", "×": r"$\times$", "→": r"$\to$", "∞": r"$\infty$", "Σ": r"$\Sigma$", "√": r"$\surd$",
    "…": r"\dots{}", "∂": r"$\partial$", "δ": r"$\delta$", "‖": r"$\|$", "′": "'", '"': r"\textquotedbl{}",
    chr(0x201C): "``", chr(0x201D): "''", chr(0x2019): "'", chr(0x2014): "--", "–": "--", "½": "1/2", "±": r"$\pm$",
}  # fmt: skip
_WORDS = {"ln": r"\ln", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "max": r"\max", "min": r"\min", "det": r"\det"}


def latex(term: Term) -> str:
    """The term in the mathematics of LaTeX.

    >>> from .notation import name, product, transpose
    >>> latex(product(name("δ1"), transpose(name("W2")), matrix=True))
    '\\\\delta_{1} \\\\cdot W_{2}^{\\\\mathsf{T}}'
    """
    return _latex(term)


def symbol(word: str) -> str:
    """A symbol: ``W1`` has an index, ``∂L/∂W1`` is a fraction, other words stand upright.

    >>> symbol("W1"), symbol("fc1.weight")
    ('W_{1}', '\\\\mathrm{fc1.weight}')
    """
    if word.startswith("∂L/∂"):
        return rf"\frac{{\partial L}}{{\partial {symbol(word[4:])}}}"
    found = re.fullmatch(r"([A-Za-zα-ωΑ-Ω])(?:_?([0-9]+))?", word)
    if found:
        letter = f"\\{_GREEK[found[1]]}" if found[1] in _GREEK else found[1]
        if not letter.isascii():
            letter = rf"\text{{{plain(word[:1])}}}"
        return f"{letter}_{{{found[2]}}}" if found[2] else letter
    if word == "…":
        return r"\dots"
    found = re.fullmatch(r"([0-9]+)…([0-9]+)", word)
    if found:
        return rf"{found[1]} \dots {found[2]}"
    if re.fullmatch(r"[A-Za-z0-9.]+", word):
        return rf"\mathrm{{{word}}}"
    return rf"\text{{{plain(word)}}}"


def plain(text: str) -> str:
    """Any text outside of mathematics: what LaTeX reads as a command is written as a sign.

    >>> plain("50 % of W_1")
    '50 \\\\% of W\\\\_1'
    """
    written = []
    for sign in text:
        if sign in _TEXT:
            written.append(_TEXT[sign])
        elif sign.isascii():
            written.append(sign if sign.isprintable() or sign in "\n " else "?")
        else:
            base = "".join(c for c in unicodedata.normalize("NFKD", sign) if c.isascii() and c.isprintable())
            written.append("".join(_TEXT.get(c, c) for c in base) or rf"\symbol{{63}}U+{ord(sign):04X}")
    return "".join(written)


def _held(term: Term, least: int) -> str:
    written = _latex(term)
    return written if held_together(term, least) else rf"\left({written}\right)"


def _latex(term: Term) -> str:
    parts, kind = term.parts, term.kind
    if kind == "name":
        return symbol(term.mark)
    if kind == "number":
        return _number(term.mark)
    if kind == "sum":
        written = [_held(part, 3) for part in parts]
        first = f"-{written[0]}" if term.mark[0] == "−" else written[0]
        signs = term.mark.replace("−", "-")
        return first + "".join(f" {sign} {part}" for sign, part in zip(signs[1:], written[1:], strict=True))
    if kind == "minus":
        return f"-{_held(parts[0], 4)}"
    if kind == "product":
        factors = []
        for part in parts:
            mixed = part.kind == "product" and part.mark != term.mark and term.mark != "·"
            factors.append(rf"\left({_latex(part)}\right)" if mixed else _held(part, 4))
        return f" {_SIGNS[term.mark]}".join(factors)
    if kind == "quotient":
        return rf"\frac{{{_latex(parts[0])}}}{{{_latex(parts[1])}}}"
    if kind == "power":
        base = _held(parts[0], 7) if parts[0].kind not in ("word", "transpose") else rf"\left({_latex(parts[0])}\right)"
        return f"{base}^{{{_latex(parts[1])}}}"
    if kind == "transpose":
        base = _held(parts[0], 7)
        return rf"{base}{_SIGNS[term.mark]}"
    if kind == "over":
        over = rf"_{{\text{{{plain(term.mark)}}}}}" if term.mark else ""
        return rf"\sum{over} {_held(parts[0], 4)}"
    if kind in ("call", "word"):
        inner = ", ".join(map(_latex, parts))
        if kind == "word" and term.mark in "√∛":
            return rf"\sqrt{'[3]' if term.mark == '∛' else ''}{{{inner}}}"
        if kind == "word" and term.mark == "∏":
            return rf"\prod {_held(parts[0], 7)}"
        return rf"{_function(term.mark)}\left({inner}\right)"
    if kind == "truth":
        return rf"\left[{_latex(parts[0])}\right]"
    if kind == "around":
        left, right = {"|": ("|", "|"), "⌊": (r"\lfloor", r"\rfloor"), "⌈": (r"\lceil", r"\rceil")}[term.mark[0]]
        return rf"\left{left} {_latex(parts[0])} \right{right}"
    if kind == "compare":
        return f" {_SIGNS[term.mark]}".join(_held(part, 2) for part in parts)
    if kind == "index":
        inner = rf"\text{{{plain(term.mark)}}}" if term.mark else ", ".join(map(_latex, parts[1:]))
        return rf"{_held(parts[0], 7)}\left[{inner}\right]"
    if kind == "list":
        return rf"\left[{', '.join(map(_latex, parts))}\right]"
    a, condition, b = (_held(part, 1) for part in parts)  # a choice
    return rf"\left({a} \text{{ if }} {condition} \text{{ else }} {b}\right)"


def _number(text: str) -> str:
    found = re.fullmatch(r"(−?[\d.]+)e(−|\+|-)?0*(\d+)", text)
    if found:
        return rf"{found[1].replace('−', '-')} \cdot 10^{{{'-' if found[2] in ('−', '-') else ''}{found[3]}}}"
    if text == "NaN":
        return r"\mathrm{NaN}"
    return "".join(_SIGNS.get(sign, sign) for sign in text)


def _function(word: str) -> str:
    if word in _WORDS:
        return _WORDS[word]
    stem = word.rstrip("′")
    if stem in _GREEK:
        written = f"\\{_GREEK[stem]}"
    elif re.fullmatch(r"[A-Za-z0-9]+", stem):
        written = rf"\operatorname{{{stem}}}"
    else:
        written = rf"\mathop{{\text{{{plain(stem)}}}}}"
    return written + "'" * (len(word) - len(stem))


def aligned(rows: Iterable[tuple[str, ...]]) -> str:
    """Equations below each other; the parts of a row stand in columns."""
    return "\\begin{aligned}\n" + " \\\\[4pt]\n".join(" & ".join(row) for row in rows) + "\n\\end{aligned}"


def document(body: str) -> str:
    """A whole file that pdflatex takes, with the packages of every installation."""
    return (
        "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{amsmath,amssymb}\n"
        "\\usepackage[margin=2cm,paperwidth=40cm]{geometry}\n\\setlength{\\parindent}{0pt}\n"
        "\\allowdisplaybreaks\n\\begin{document}\n" + body + "\n\\end{document}\n"
    )
