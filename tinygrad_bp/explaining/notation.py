"""The reports' notation: terms, and how they are written as text and as LaTeX.

``·`` is a product of matrices or with a number, ``∘`` of elements, ``ᵀ`` a transposition, ``[x > 0]`` is 1 where that
holds and 0 elsewhere, ``relu′(x)`` a slope.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

# How tightly each kind holds its parts together.
_HOLDS = {"choice": 0, "compare": 1, "sum": 2, "minus": 3, "over": 3, "product": 4, "quotient": 4, "power": 6}
_TIGHT = 9
_SUPER = dict(zip("0123456789+-−()nᵀ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿᵀ", strict=True))


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a formula.

    ``kind`` says how its ``parts`` (terms) stand together: ``name`` and ``number`` (``mark`` is the text), ``sum``
    (``mark`` has a sign for each part), ``product`` and ``compare`` (``mark`` is the sign), ``minus``, ``quotient``,
    ``power``, ``transpose``, ``call`` and ``word`` (``mark`` is the function), ``over`` (a sum over ``mark``),
    ``truth``, ``around`` (``mark`` is the two signs), ``index``, ``list``, ``choice``.

    >>> text(Term("quotient", "", (Term("name", "g"), Term("number", "5"))))
    'g / 5'
    """

    kind: str
    mark: str = ""
    parts: tuple[Term, ...] = ()
    scalar: bool = False  # a number: it multiplies with ``·``

    def size(self) -> int:
        """How many signs there are to read."""
        return 1 if self.kind == "number" else 1 + sum([part.size() for part in self.parts])


def name(text: str, scalar: bool = False) -> Term:
    """A symbol."""
    return Term("name", text, (), scalar)


def number(value: Any) -> Term:
    """A number of Python or NumPy, in few digits."""
    text = _digits(value)
    if text.startswith("−"):
        return Term("minus", "", (Term("number", text[1:], (), True),), True)
    return Term("number", text, (), True)


def fraction(value: Any) -> Term:
    """A number of a rule: one that is 1 / n or 2 / n divides by n what it multiplies."""
    found = number(value)
    if not isinstance(value, float) or not 0 < value < 1:
        return found
    for above in (1, 2):
        below = round(above / value)
        if below <= 1_000_000 and (above / below == value or np.float32(above / below) == np.float32(value) != 0):
            return replace(found, parts=(number(above), number(below)))
    return found


def _digits(value: Any) -> str:
    if isinstance(value, (complex, np.complexfloating)):
        return "i" if value == 1j else f"({value:.4g})".replace("-", "−").replace("j", "i")
    try:
        text = f"{float(value):.4g}" if not isinstance(value, int) or isinstance(value, bool) else str(value)
    except (TypeError, ValueError, OverflowError):
        text = str(value)
    text = re.sub(r"\.0$", "", text)
    return text.replace("inf", "∞").replace("-", "−").replace("nan", "NaN")


def is_one(term: Term) -> bool:
    """Whether a term is the number 1."""
    return term.kind == "number" and term.mark == "1"


def is_zero(term: Term) -> bool:
    """Whether a term is the number 0."""
    return term.kind == "number" and term.mark in ("0", "0.0")


def _is_number(term: Term) -> bool:
    return term.kind == "number" or (term.kind == "minus" and term.parts[0].kind == "number")


def negative(term: Term) -> Term:
    """Minus a term."""
    if term.kind == "minus":
        return term.parts[0]
    return Term("minus", "", (term,), term.scalar)


def total(a: Term, b: Term, sign: str = "+") -> Term:
    """A sum of two, or a difference."""
    if is_zero(b):
        return a
    if is_zero(a):
        return b if sign == "+" else negative(b)
    if a == b and sign == "+" and not _is_number(a):
        return product(number(2), a)
    signs: list[str] = []
    parts: list[Term] = []
    for term, before in ((a, "+"), (b, sign)):
        if term.kind == "sum" and before == "+":
            signs += term.mark
            parts += term.parts
        else:
            if term.kind == "minus":
                term, before = term.parts[0], "−" if before == "+" else "+"
            signs.append(before)
            parts.append(term)
    return Term("sum", "".join(signs), tuple(parts), a.scalar and b.scalar)


def product(a: Term, b: Term, matrix: bool = False) -> Term:
    """A product: of matrices, with a number, or of elements. Numbers come first."""
    if matrix:
        return Term("product", "@", (a, b))
    if is_one(a):
        return b
    if is_one(b):
        return a
    if a.kind == "minus" or b.kind == "minus":
        one, other = (term.parts[0] if term.kind == "minus" else term for term in (a, b))
        found = product(one, other)
        return found if a.kind == b.kind else negative(found)
    for one, other in ((a, b), (b, a)):
        if one.kind in ("quotient", "number") and one.parts and one.scalar and one.parts[0].kind == "number":
            return quotient(product(one.parts[0], other), one.parts[1])  # x · 1 / n is x / n
    if a == b and not _is_number(a):
        return power(a, number(2))
    for one, other in ((a, b), (b, a)):
        if one.kind == "product" and one.mark == "·" and one.parts[0].kind == "number" and other.kind != "number":
            rest = one.parts[1] if len(one.parts) == 2 else replace(one, parts=one.parts[1:])
            return product(one.parts[0], product(rest, b) if one is a else product(a, rest))
    if b.kind == "number" and a.kind != "number":
        a, b = b, a
    sign = "·" if a.scalar or b.scalar else "∘"
    parts: tuple[Term, ...] = ()
    for term in (a, b):
        parts += term.parts if term.kind == "product" and term.mark == sign else (term,)
    return Term("product", sign, parts, a.scalar and b.scalar)


def quotient(a: Term, b: Term) -> Term:
    """A quotient."""
    if is_one(b):
        return a
    if a.kind == "minus":
        return negative(quotient(a.parts[0], b))
    return Term("quotient", "", (a, b), a.scalar and b.scalar)


def power(base: Term, exponent: Term) -> Term:
    """A power."""
    if is_one(exponent) or is_one(base):
        return base
    return Term("power", "", (base, exponent), base.scalar and exponent.scalar)


def transpose(term: Term, sign: str = "ᵀ") -> Term:
    """A transposition; two of them are none."""
    if term.kind == "transpose" and term.mark == sign:
        return term.parts[0]
    return Term("transpose", sign, (term,), term.scalar)


def call(function: str, *parts: Term, scalar: bool = False) -> Term:
    """A function of something: ``softmax(Z2)``."""
    return Term("call", function, parts, scalar)


def substituted(term: Term, find: Callable[[str], Term | None]) -> Term:
    """The term with others in the place of its names."""
    if term.kind == "name":
        return find(term.mark) or term
    parts = tuple([substituted(part, find) for part in term.parts])
    if term.kind == "product":
        whole = parts[0]
        for part in parts[1:]:
            whole = product(whole, part, term.mark == "@")
        return whole
    if term.kind == "sum":
        whole = parts[0] if term.mark[0] == "+" else negative(parts[0])
        for sign, part in zip(term.mark[1:], parts[1:], strict=True):
            whole = total(whole, part, sign)
        return whole
    if term.kind == "quotient":
        return quotient(*parts)
    if term.kind == "power":
        return power(*parts)
    if term.kind == "minus":
        return negative(*parts)
    return replace(term, parts=parts, scalar=bool(parts) and all([part.scalar for part in parts]))


def names_in(term: Term) -> Iterator[str]:
    """The symbols of a term, each where it stands."""
    if term.kind == "name":
        yield term.mark
    for part in term.parts:
        yield from names_in(part)


# ---------------------------------------------------------------------- as text


def text(term: Term) -> str:
    """The term in one line of Unicode.

    >>> text(product(total(name("g"), name("h"), "−"), transpose(name("W")), matrix=True))
    '(g − h) · Wᵀ'
    """
    return _text(term)


def held_together(term: Term, least: int) -> bool:
    """Whether a part needs no brackets where ``least`` holds its parts together."""
    return _HOLDS.get(term.kind, _TIGHT) >= least


def _held(term: Term, least: int, write: Callable[[Term], str]) -> str:
    written = write(term)
    return written if held_together(term, least) else f"({written})"


def _factors(term: Term, write: Callable[[Term], str]) -> Iterator[str]:
    """The factors of a product; what multiplies in another way stands in brackets, except after numbers."""
    for i, part in enumerate(term.parts):
        other = part.kind == "quotient" or (part.kind == "product" and part.mark != term.mark)
        numbers = term.mark == "·" and all([before.scalar for before in term.parts[:i]])
        yield _held(part, 5 if other and not numbers else 4, write)


def _text(term: Term) -> str:
    parts, kind = term.parts, term.kind
    if kind in ("name", "number"):
        return term.mark
    if kind == "sum":
        written = [_held(part, 3, _text) for part in parts]
        first = f"−{written[0]}" if term.mark[0] == "−" else written[0]
        return first + "".join(f" {sign} {part}" for sign, part in zip(term.mark[1:], written[1:], strict=True))
    if kind == "minus":
        return f"−{_held(parts[0], 4, _text)}"
    if kind == "product":
        return f" {'·' if term.mark == '@' else term.mark} ".join(_factors(term, _text))
    if kind == "quotient":
        return f"{_held(parts[0], 4, _text)} / {_held(parts[1], 5, _text)}"
    if kind == "power":
        exponent, base = _text(parts[1]), _held(parts[0], 7, _text)
        if parts[0].kind in ("word", "transpose"):
            base = f"({base})"
        if all(sign in _SUPER for sign in exponent):
            return base + "".join(_SUPER[sign] for sign in exponent)
        return f"{base}^{exponent if parts[1].kind in ('name', 'number') else f'({exponent})'}"
    if kind == "transpose":
        return f"{_held(parts[0], 7, _text)}{term.mark}"
    if kind == "over":
        inner = _held(parts[0], 4, _text)
        return f"Σ {term.mark} {inner}" if term.mark else f"Σ {inner}"
    if kind == "call":
        return f"{term.mark}({', '.join(map(_text, parts))})"
    if kind == "word":
        inner = _held(parts[0], 7, _text)
        return f"{term.mark}{'' if term.mark in '√∛' or inner[0] == '(' else ' '}{inner}"
    if kind == "truth":
        return f"[{_text(parts[0])}]"
    if kind == "around":
        return f"{term.mark[0]}{_text(parts[0])}{term.mark[-1]}"
    if kind == "compare":
        return f" {term.mark} ".join(_held(part, 2, _text) for part in parts)
    if kind == "index":
        return f"{_held(parts[0], 7, _text)}[{term.mark or ', '.join(map(_text, parts[1:]))}]"
    if kind == "list":
        return f"[{', '.join(map(_text, parts))}]"
    if kind == "choice":
        a, condition, b = (_held(part, 1, _text) for part in parts)
        return f"{a} if {condition} else {b}"
    raise ValueError(kind)
