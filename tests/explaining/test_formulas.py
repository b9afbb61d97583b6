"""The formula of each op names what the op reads, and says what it computes: read as a term, it is evaluated."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.explaining.formulas import parsed
from tinygrad_bp.explaining.latex import latex
from tinygrad_bp.explaining.notation import Term, name, names_in, number, product, substituted, text
from tinygrad_bp.verify import contracts as c

WITH_FORMULA = [pytest.param(op, id=op.name) for op in OPS.values() if op.formula]
# What a formula does not say: layouts, and what only small corners depend on.
UNSAID = {
    "axis", "keepdims", "dtype", "shape", "size", "memory_format", "axes", "reduction", "kernel", "stride", "padding",
    "dilation", "groups", "padding_idx", "by_frequency", "labels", "approximate", "eps", "moments",
    "inverse", "norm", "pivot", "upper", "axis1", "axis2", "step", "relu", "rtol", "atol", "present", "least", "there",
    "back",
}  # fmt: skip
RAISED = dict(zip("ᵃᵇᵏⁿˢˣᵖᵉⁱ", "abknsxpei", strict=True))


def words(formula: str) -> set[str]:
    """The names in a formula, without their indices; raised letters are letters."""
    flat = "".join(RAISED.get(sign, sign) for sign in formula)
    found = set(re.findall(r"[A-Za-z_]+", re.sub(r"[₀-₉ᵢⱼₖₙₜₒₛₘ₊₋]+", " ", flat)))
    return found | {letter for word in found for letter in word if len(word) == 2}  # "kn" is k · n


@pytest.mark.parametrize("op", WITH_FORMULA)
def test_a_formula_names_every_input_and_parameter(op: Any) -> None:
    unsaid = set(op.params) & UNSAID
    missing = {*op.inputs, *op.params} - unsaid - words(op.formula)
    assert not missing


# ---------------------------------------------------------------------- formulas that are read as terms

FUNCTIONS: dict[str, Any] = {
    "ln": np.log, "log₂": np.log2, "sin": np.sin, "cos": np.cos, "tan": np.tan, "arcsin": np.arcsin,
    "arccos": np.arccos, "arctan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "arsinh": np.arcsinh, "arcosh": np.arccosh, "artanh": np.arctanh, "sign": np.sign, "max": np.maximum,
    "min": np.minimum, "arg": np.angle, "Re": np.real, "Im": np.imag, "trunc": np.trunc, "√": np.sqrt, "∛": np.cbrt,
    "det": np.linalg.det, "erf": np.vectorize(math.erf, otypes=[float]),
    "erfc": np.vectorize(math.erfc, otypes=[float]), "σ": lambda x: 1 / (1 + np.exp(-x)),
    "Φ": lambda x: 0.5 * np.vectorize(math.erfc, otypes=[float])(-x / math.sqrt(2)),
    "hardsigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
}  # fmt: skip
SIGNS: dict[str, Any] = {
    "<": np.less, ">": np.greater, "≤": np.less_equal, "≥": np.greater_equal, "=": np.equal, "≠": np.not_equal,
}  # fmt: skip


class Unknown(Exception):
    """A function that is not of NumPy or ``math``, or a sum over axes that the formula does not say."""


def value(term: Term, given: dict[str, Any]) -> Any:
    """A term evaluated."""
    kind = term.kind
    if kind == "name":
        constants = {"e": math.e, "π": math.pi, "i": 1j}
        if term.mark not in given and term.mark not in constants:
            raise Unknown(term.mark)
        return given.get(term.mark, constants.get(term.mark))
    if kind == "number":
        return 0.5 if term.mark == "½" else float(term.mark)
    if kind in ("call", "word"):
        if term.mark not in FUNCTIONS:
            raise Unknown(term.mark)
        if term.mark in ("max", "min") and len(term.parts) == 1:
            raise Unknown("over an axis")
        return FUNCTIONS[term.mark](*[value(part, given) for part in term.parts])
    if kind in ("over", "index", "list"):
        raise Unknown(kind)
    parts = [value(part, given) for part in term.parts]
    if kind == "sum":
        return sum((-part if sign == "−" else part) for sign, part in zip(term.mark, parts, strict=True))
    if kind == "minus":
        return -parts[0]
    if kind == "product":
        whole = parts[0]
        for part in parts[1:]:
            matrices = term.mark == "@" and np.ndim(whole) > 0 and np.ndim(part) > 0
            whole = np.matmul(whole, part) if matrices else np.cross(whole, part) if term.mark == "×" else whole * part
        return whole
    if kind == "quotient":
        return parts[0] / parts[1]
    if kind == "power":
        if term.parts[1].kind == "minus" and np.ndim(parts[0]) >= 2 and term.parts[0].mark in MATRICES:
            return np.linalg.inv(parts[0])
        return parts[0] ** parts[1]
    if kind == "transpose":
        return np.swapaxes(parts[0], -1, -2)
    if kind == "around":
        return {"|": np.abs, "⌊": np.floor, "⌈": np.ceil}[term.mark[0]](parts[0])
    if kind == "compare":
        return SIGNS[term.mark](*parts)
    assert kind == "choice"
    return np.where(parts[1], parts[0], parts[2])


MATRICES: set[str] = set()
# Formulas that say less than the op does: how numbers are brought into another dtype, or a special case.
LOOSE = {"cast", "reshape", "broadcast_to", "fixed_batch_norm"}


def differences(op: Any, formula: str) -> list[str]:
    """On which samples a formula gives other numbers than the op's reference."""
    term = parsed(formula)
    assert term is not None
    MATRICES.clear()
    MATRICES.update({"x", "a"} if op.name in ("inv", "solve") else set())
    wrong, tried = [], 0
    for number_, sample in enumerate(op.samples or ()):
        params = {**op.params, **sample.params}
        unsaid = any(params[key] != op.params[key] for key in UNSAID & op.params.keys() if key != "reduction")
        if not sample.smooth or unsaid or params.get("reduction", "none") != "none":
            continue
        arrays = c.draw(op, sample)
        given = dict(zip(op.inputs, arrays, strict=True)) | {k: v for k, v in params.items() if v is not None}
        try:
            ours = np.asarray(value(term, given))
        except ValueError:  # shapes that do not fit
            ours = np.array("none")
        theirs = np.asarray(c.reference(op, arrays, sample))
        tried += 1
        if ours.shape != theirs.shape or ours.dtype.kind == "U" or not np.allclose(ours, theirs, rtol=1e-9, atol=1e-9):
            wrong.append(f"{op.name} {number_}: {formula}")
    if not tried:
        raise Unknown("no sample")
    return wrong


READ = [pytest.param(op, id=op.name) for op in OPS.values() if op.formula and parsed(op.formula) is not None]


@pytest.mark.parametrize("op", READ)
def test_a_formula_computes_what_the_op_computes(op: Any) -> None:
    try:
        with np.errstate(all="ignore"):
            wrong = differences(op, op.formula)
    except Unknown:
        assert set(op.inputs) <= words(op.formula)  # all that can be said of it
        return
    assert not wrong or op.name in LOOSE


def test_most_formulas_that_are_read_are_evaluated() -> None:
    known = 0
    for param in READ:
        try:
            with np.errstate(all="ignore"):
                differences(param.values[0], param.values[0].formula)  # type: ignore[attr-defined]
            known += 1
        except Unknown:
            pass
    assert known >= 80


@pytest.mark.parametrize(("op", "formula"), [
    ("add", "a − b"), ("div", "b / a"), ("tanh", "sinh x"), ("relu", "min(x, 0)"), ("hypot", "√(a² + b)"),
    ("sigmoid", "1 / (1 + eˣ)"), ("linear", "x weight + bias"),
])  # fmt: skip
def test_a_wrong_formula_is_found(op: str, formula: str) -> None:
    with np.errstate(all="ignore"):
        assert differences(OPS[op], formula)


# ---------------------------------------------------------------------- reading and writing


def products_of_matrices(term: Term) -> bool:
    return term.mark in ("@", "×") or any(map(products_of_matrices, term.parts))


@pytest.mark.parametrize("op", READ)
def test_what_is_written_reads_the_same(op: Any) -> None:
    term = parsed(op.formula)
    assert term is not None
    if not products_of_matrices(term):  # their sign is that of a product
        again = parsed(text(term))
        assert again is not None and text(again) == text(term)
    assert latex(term).count("{") == latex(term).count("}")


PARSED = [
    ("1 / (1 + e⁻ˣ)", "1 / (1 + e^(−x))"), ("a − (b − c)", "a − (b − c)"), ("a / b / c", "a / b / c"),
    ("−x²", "−x²"), ("(a + b) · c", "(a + b) · c"), ("√(a² + b²)", "√(a² + b²)"),
    ("x if x > 0 else 0", "x if x > 0 else 0"),
    ("|x| · ⌊x⌋", "|x| · ⌊x⌋"), ("ln(1 + x)", "ln(1 + x)"), ("x weightᵀ + bias", "x · weightᵀ + bias"),
    ("Φ⁻¹(x)", "Φ⁻¹(x)"), ("x[target]", "x[target]"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "wanted"), PARSED)
def test_formulas_are_read(formula: str, wanted: str) -> None:
    term = parsed(formula)
    assert term is not None and text(term) == wanted


@pytest.mark.parametrize(
    "words_", ["x, backwards along axis", "Σ over windows of x", "a if", "(a", "a +", "yᵢ = xᵢ < 3", ""]
)
def test_words_are_not_read(words_: str) -> None:
    assert parsed(words_) is None


def test_names_are_replaced() -> None:
    term = parsed("a / b + a")
    assert term is not None
    places = {"a": name("X"), "b": product(name("c"), name("d"))}
    assert text(substituted(term, places.get)) == "X / (c ∘ d) + X"
    assert list(names_in(term)) == ["a", "b", "a"]
    assert text(substituted(term, {"a": number(-2), "b": number(1)}.get)) == "−2 − 2"
