"""The formula of an op, read: a term in the place of a text. What is said in words is not read."""

from __future__ import annotations

import re
from functools import cache

from .notation import Term, call, name, negative, power, quotient, total, transpose

_SUPER = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵃᵇᵏⁿˢˣᵖᵉⁱʳ", "0123456789+−()abknsxpeir", strict=True))
_WORDS = (
    "ln", "log₂", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arsinh", "arcosh",
    "artanh", "sign", "erf", "erfc", "det", "arg", "Re", "Im", "mean", "trunc", "conj", "tr", "var", "max", "min",
)  # fmt: skip
_TOKEN = re.compile(
    r"\s*(?:(?P<number>½|\d+(?:\.\d+)?)|(?P<super>[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵃᵇᵏⁿˢˣᵖᵉⁱʳ]+)|(?P<turned>[ᵀᴴ])"
    r"|(?P<name>log₂|[A-Za-zα-ωΑ-Ω_]+′?(?:[₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₙₜ₊₋ₒₛ]*))|(?P<sign>[-+−±·/@×()|⌊⌋⌈⌉\[\],<>≤≥=≠√∛Σ∏∞^…;]))"
)


class _Words(Exception):
    """Not a formula of this grammar."""


@cache
def parsed(formula: str) -> Term | None:
    """The formula as a term; None for words.

    >>> from .notation import text
    >>> text(parsed("1 / (1 + e⁻ˣ)")), parsed("x, backwards along axis")
    ('1 / (1 + e^(−x))', None)
    """
    try:
        reader = _Reader(formula)
        found = reader.choice()
        reader.end()
    except _Words:
        return None
    return found


class _Reader:
    def __init__(self, formula: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        place, formula = 0, formula.strip()
        while place < len(formula):
            match = _TOKEN.match(formula, place)
            if match is None or match.lastgroup is None:
                raise _Words
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            place = match.end()
        self.place = 0
        self.inside = 0  # how many |…| are open

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.place += 1
        return token

    def skip(self, sign: str) -> None:
        if self.take()[1] != sign:
            raise _Words

    def end(self) -> None:
        if self.place < len(self.tokens):
            raise _Words

    def choice(self) -> Term:
        found = self.comparison()
        if self.peek()[1] != "if":
            return found
        self.take()
        condition = self.comparison()
        self.skip("else")
        return Term("choice", "", (found, condition, self.choice()))

    def comparison(self) -> Term:
        found = self.sum()
        parts, signs = [found], set()
        while self.peek()[1] in ("<", ">", "≤", "≥", "=", "≠"):
            signs.add(self.take()[1])
            parts.append(self.sum())
        if len(signs) > 1:
            raise _Words
        return Term("compare", signs.pop(), tuple(parts)) if signs else found

    def sum(self) -> Term:
        found = self.product()
        while self.peek()[1] in ("+", "−"):
            sign = self.take()[1]
            found = total(found, self.product(), sign)
        return found

    def product(self) -> Term:
        if self.peek()[1] == "−":
            self.take()
            return negative(self.product())
        found = self.factor()
        while True:
            kind, sign = self.peek()
            if sign in ("·", "@", "×"):
                self.take()
                parts = (found, self.factor())
                found = Term("product", sign, parts)
            elif sign == "/":
                self.take()
                found = quotient(found, self.factor())
            elif (kind in ("name", "number") and sign not in ("if", "else")) or sign in ("(", "Σ", "√"):
                found = Term("product", "@", (found, self.factor()))  # two matrices beside each other
            else:
                return found

    def factor(self) -> Term:
        kind, sign = self.peek()
        if sign in ("Σ", "∏"):
            self.take()
            inner = self.factor()
            while sign == "Σ" and self.peek()[1] == "·":
                self.take()
                inner = Term("product", "·", (inner, self.factor()))
            return Term("over", "", (inner,)) if sign == "Σ" else Term("word", sign, (inner,))
        if sign in ("√", "∛"):
            self.take()
            return Term("word", sign, (self.factor(),))
        if kind == "name" and sign in _WORDS and self._operand_follows():
            self.take()
            inner = self.factor()
            return Term("word", sign, (inner,))
        return self.postfix(self.primary())

    def _operand_follows(self) -> bool:
        kind, sign = self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else ("end", "")
        return (
            kind in ("name", "number")
            or (sign == "(" and self.tokens[self.place][1] not in ("max", "min", "var", "trunc", "mean"))
            or sign in ("|", "Σ", "√", "⌊", "[")
        )

    def postfix(self, found: Term) -> Term:
        while True:
            kind, sign = self.peek()
            if kind == "super":
                self.take()
                found = power(found, _raised(sign))
            elif kind == "turned":
                self.take()
                found = transpose(found, sign)
            elif sign == "^":
                self.take()
                found = power(found, self.primary())
            elif sign == "[" and found.kind == "name":
                self.take()
                index = self.sum()
                self.skip("]")
                found = Term("index", "", (found, index))
            else:
                return found

    def primary(self) -> Term:
        kind, sign = self.take()
        if kind == "number":
            return Term("number", sign, (), True)
        if kind == "name":
            if sign in ("if", "else", "of", "over", "at", "where", "along", "with", "the", "in", "and", "to"):
                raise _Words
            if self.peek() == ("super", "⁻¹") and self.tokens[self.place + 1 :][:1] == [("sign", "(")]:
                self.take()
                return self.called(f"{sign}⁻¹")
            if self.peek()[1] == "(" and sign != "e":
                return self.called(sign)
            return name(sign)
        if sign == "∞":
            return name(sign, True)
        if sign == "(":
            found = self.choice()
            self.skip(")")
            return found
        if sign == "|":
            found = self.sum()
            self.skip("|")
            return Term("around", "||", (found,))
        if sign in ("⌊", "⌈"):
            found = self.sum()
            closing = "⌋" if sign == "⌊" else "⌉"
            self.skip(closing)
            return Term("around", sign + closing, (found,))
        if sign == "[":
            parts = [self.sum()]
            while self.peek()[1] == ",":
                self.take()
                parts.append(self.sum())
            self.skip("]")
            return Term("list", "", tuple(parts))
        raise _Words

    def called(self, function: str) -> Term:
        self.skip("(")
        parts = [self.choice()]
        while self.peek()[1] == ",":
            self.take()
            parts.append(self.choice())
        self.skip(")")
        return call(function, *parts)


def _raised(text: str) -> Term:
    """An exponent that is written in raised letters."""
    found = parsed("".join(_SUPER[sign] for sign in text))
    if found is None:
        raise _Words
    return found
