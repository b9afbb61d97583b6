"""An explanation: the derivation of a gradient, in symbols and in numbers, and why it has this value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..autograd.op import OPS
from .causes import Cause
from .derivation import Derivation, Line
from .formulas import parsed
from .latex import aligned, document, latex, plain
from .notation import Term, name, names_in, number, text
from .numbers import lines_of, one_line
from .paths import Path, count, paths
from .symbols import Definition

MOST = 24  # lines that are shown where nothing else is asked for


class Explanation:
    """Why a gradient has this value. ``print`` it, or let a notebook show it.

    ``lines`` are the lines of the derivation, the gradients asked for first: each has ``symbol``, ``of``, ``term``,
    ``shape`` and ``value``. ``causes`` has a ``Cause`` for each tensor by name.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> tg.explain((w * w).sum(), wrt=w)
    <Explanation of ∂L/∂w: ordinary>
    """

    def __init__(self, derivation: Derivation | None, causes: Mapping[str, Cause], several: bool, loss: Any) -> None:
        self._derivation, self._several, self._loss = derivation, several, loss
        self.causes = dict(causes)

    # ------------------------------------------------------------------ data

    @property
    def cause(self) -> Cause:
        """Why the gradient is zero, None, NaN, large or small; of several tensors, the first that is not ordinary.

        >>> import tinygrad_bp as tg
        >>> w = tg.tensor([1.0, -2.0], requires_grad=True)
        >>> cause = tg.explain(tg.relu(-w * w).sum(), wrt=w).cause
        >>> cause.kind, cause.op, cause.share
        ('zero', 'relu', 1.0)
        """
        found = list(self.causes.values())
        return next((cause for cause in found if cause.kind not in ("ordinary", "partly zero")), found[0])

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every line of the derivation: the gradients that were asked for, then those that they are made of."""
        return tuple(self._some(None)[0])

    def _some(self, most: int | None) -> tuple[list[Line], int, int]:
        """The lines that are shown; how many of them stand before those left out, and how many these are."""
        d = self._derivation
        if d is None:
            return [], 0, 0
        asked = [d.line(node, word) for word, node in d.targets.items() if node in d.walk.arrived]
        inner, left = d.inner, 0
        if most is not None and len(inner) > most:
            left = len(inner) - most
            inner = [*inner[: most - most // 3], *inner[len(inner) - most // 3 :]]
        return [*asked, *[d.line(node) for node in inner]], most - most // 3 if left and most else 0, left

    def evaluate(self) -> Any:
        """The gradient, computed from the derivation in plain NumPy; a dict by name of several tensors.

        None where no gradient comes there, as ``.grad`` is then.

        >>> import tinygrad_bp as tg
        >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> tg.explain((w * w).sum(), wrt=w).evaluate()
        array([2., 4.], dtype=float32)
        """
        d = self._derivation
        found = d.evaluate() if d is not None else {}
        values = dict.fromkeys(self.causes)
        if d is not None:
            values |= {word: found.get(node) for word, node in d.targets.items()}
        return values if self._several else next(iter(values.values()))

    @cached_property
    def path_count(self) -> int:
        """How many paths lead from the loss to the (first) tensor; they are counted, not followed.

        >>> import tinygrad_bp as tg
        >>> a = tg.tensor(1.0, requires_grad=True)
        >>> b = a + a
        >>> tg.explain(b * b, wrt=a).path_count
        4
        """
        d, first = self._derivation, next(iter(self.causes))
        return count(d, d.targets[first]) if d is not None and first in d.targets else 0

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths from the loss to the (first) tensor, each with its product: their sum is the gradient.

        Empty where there are more than 16, or hooks on the way: ``path_count`` says how many there are.

        >>> import tinygrad_bp as tg
        >>> a = tg.tensor(3.0, requires_grad=True)
        >>> [(path.ops, path.value.item()) for path in tg.explain(a * a + a, wrt=a).paths]
        [(('add', 'mul'), 3.0), (('add', 'mul'), 3.0), (('add',), 1.0)]
        """
        d, first = self._derivation, next(iter(self.causes))
        return paths(d, d.targets[first]) if d is not None and first in d.targets else ()

    # ------------------------------------------------------------------ what is shown

    def _definitions(self, shown: list[Line], most: int | None) -> tuple[list[Definition], int]:
        """The symbols that the lines read, and those that these are made of."""
        d = self._derivation
        assert d is not None
        waiting = [word for line in shown for word in names_in(line.term)]
        waiting += [word for term in (self._loss_term(), *[s for _, s in d.slopes.values()]) for word in names_in(term)]
        found: dict[str, Definition] = {}
        left: set[str] = set()
        for word in waiting:  # grows while it is walked
            if word in found or word in left or word not in d.symbols.definitions:
                continue
            if most is not None and len(found) >= most:
                left.add(word)
                continue
            definition = d.symbols.defined(word)
            assert definition is not None
            found[word] = definition
            if definition.term is not None:
                waiting += names_in(definition.term)
        made = [x for x in found.values() if x.term is not None]
        made.sort(key=lambda x: x.node.order if x.node is not None else 0)
        return [*made, *[x for x in found.values() if x.term is None]], len(left)

    def _loss_term(self) -> Term:
        d = self._derivation
        assert d is not None and d.walk.end is not None
        return d.symbols.computed(d.walk.end) if d.walk.end.op is not None else name("L")

    def _functions(self, terms: list[Term]) -> list[tuple[str, str]]:
        """The functions that the terms name, with the formula of their ops."""
        found: dict[str, str] = {}
        waiting = list(terms)
        for term in waiting:  # grows while it is walked
            waiting += term.parts
            stem = term.mark.removesuffix("′")
            op = OPS.get(f"{stem}_slope" if term.mark.endswith("′") else term.mark) if term.kind == "call" else None
            if op is not None and op.formula and stem not in ("max", "min"):
                inner = f"{op.inputs[0]}₀, {op.inputs[0]}₁, …" if op.variadic else ", ".join(op.inputs)
                found[f"{term.mark}({inner})"] = op.formula
        return list(found.items())

    def text(self, most: int | None = MOST) -> str:
        """The derivation as lines of text: in symbols, then what they are, then in numbers; ``print`` shows it.

        Of a long one ``most`` lines are shown, those near the tensor and near the loss; None: all.

        >>> import tinygrad_bp as tg
        >>> w = tg.tensor([3.0, 1.0], requires_grad=True)
        >>> print(tg.explain((w**2).sum(), wrt=w).text())
        L = Σ w² = 10
        <BLANKLINE>
        ∂L/∂w = 2 · w  (2,)
        <BLANKLINE>
        in numbers
          w     = [3, 1]
          ∂L/∂w = [6, 2]
        <BLANKLINE>
        nothing is wrong with ∂L/∂w: ‖∂L/∂w‖ = 6.325
        """
        if self._derivation is None:
            return "\n\n".join(self._causes())
        d, parts = self._derivation, _Parts(self, most)
        out = [f"L = {text(parts.loss)}" + (f" = {parts.loss_value}" if parts.loss_value else ""), ""]
        rows = [(_left(line), text(line.term), _shape(line.shape)) for line in parts.lines]
        out += _columns(rows, parts.cut, parts.left)
        rows = [(text(x.symbol), text(x.term), _shape(x.shape)) for x in parts.made if x.term is not None]
        rows += [(text(a), text(b), "") for a, b in parts.slopes]
        rows += [(what, formula, "") for what, formula in parts.functions]
        if rows or parts.undefined:
            out += ["", "where", *[f"  {row}" for row in _columns(rows, 0, 0)]]
        if parts.undefined:
            out.append(f"  … {parts.undefined} more symbols are not spelled out; text(most=None) shows all")
        if parts.numbers and d.walk.written():
            out += ["", "Values were written since: the numbers are left out. Explain again to see those of now"]
        elif parts.numbers:
            width = max(len(what) for what, _ in parts.numbers)
            out += ["", "in numbers"]
            for what, value in parts.numbers:
                first, *rest = lines_of(value, 100 - width)
                out += [f"  {what:<{width}} = {first}", *[f"  {'':<{width}}   {row}" for row in rest]]
        out += [] if d.walk.written() else self._path_lines()
        return "\n".join([*out, "", *self._causes()])

    def _causes(self) -> list[str]:
        """What is said of each gradient; those of which there is nothing to say together."""
        plain = [f"∂L/∂{word}" for word, cause in self.causes.items() if cause.kind == "ordinary" and not cause.places]
        if len(plain) < 3:
            return [str(cause) for cause in self.causes.values()]
        others = [str(x) for x in self.causes.values() if x.kind != "ordinary" or x.places]
        return [*others, f"nothing is wrong with {', '.join(plain[:-1])} and {plain[-1]}"]

    def _path_lines(self) -> list[str]:
        ways = self.path_count
        if ways < 2:
            return []
        found = self.paths
        if not found:
            often = f"{ways:,}" if ways < 10**9 else f"about 10^{int(ways.bit_length() * 0.30103)}"
            return ["", f"{often} paths lead to it; they are added where they meet, and not followed one by one"]
        rows = [(" → ".join(path.ops), text(path.term), _size(path.value)) for path in found]
        width = max(len(row[0]) for row in rows)
        first = text(self.lines[0].symbol)
        said = [f"  {a:<{width}}  {b}" + (f" = {c}" if b != c else "") for a, b, c in rows]
        return ["", f"{first} is the sum over {ways} paths from the loss:", *said]

    def markdown(self, most: int | None = MOST) -> str:
        """The same as Markdown, with mathematics in LaTeX between dollar signs."""
        if self._derivation is None:
            return "\n\n".join(map(_quoted, self._causes()))
        parts = _Parts(self, most)
        out = [f"$$\n{block}\n$$" for block in parts.blocks()]
        if parts.left:
            out.insert(1, f"*{parts.left:,} lines between are left out.*")
        if parts.numbers and not self._derivation.walk.written():
            rows = [f"{what} = " + f"\n{'':{len(what) + 3}}".join(lines_of(v, 90)) for what, v in parts.numbers]
            out.append("```text\n" + "\n".join(rows) + "\n```")
        way = self._path_lines()
        if way and not self._derivation.walk.written():
            out.append("```text\n" + "\n".join(way[1:]) + "\n```")
        out.append(_quoted("\n".join(self._causes())))
        return "\n\n".join(out)

    def latex(self, whole: bool = False, most: int | None = MOST) -> str:
        """The same as LaTeX, to stand in a document with ``amsmath``; ``whole``: a document that pdflatex compiles."""
        said = [plain(row) for cause in self._causes() for row in cause.split("\n")]
        out: list[str] = []
        if self._derivation is not None:
            parts = _Parts(self, most)
            out = [f"\\[\n{block}\n\\]" for block in parts.blocks()]
            if parts.left:
                out.append(f"{parts.left} lines between are left out.\n")
        out.append("\\begin{flushleft}\n" + " \\\\\n".join(row.strip() or "~" for row in said) + "\n\\end{flushleft}")
        return document("\n".join(out)) if whole else "\n".join(out)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Explanation of {', '.join(f'∂L/∂{word}' for word in self.causes)}: {self.cause.kind}>"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_latex_(self) -> str:
        return self.latex()


class _Parts:
    """What is shown of an explanation."""

    def __init__(self, e: Explanation, most: int | None) -> None:
        d = e._derivation
        assert d is not None
        self.lines, self.cut, self.left = e._some(most)
        self.cut += sum(line.of is None for line in self.lines) if self.left else 0
        self.loss = e._loss_term()
        definitions, self.undefined = e._definitions(self.lines, most)
        self.slopes = list(d.slopes.values())
        self.made = [x for x in definitions if x.term is not None]
        terms = [self.loss, *[line.term for line in self.lines], *[x.term for x in self.made if x.term is not None]]
        self.functions = e._functions([*terms, *[slope for _, slope in self.slopes]])
        self.value = np.asarray(e._loss).reshape(()).item() if np.size(e._loss) == 1 else None
        self.loss_value = one_line(e._loss) if self.value is not None else ""
        self.numbers = list(self._numbers(definitions))

    def _numbers(self, definitions: list[Definition]) -> Iterator[tuple[str, Any]]:
        given = [x for x in definitions if x.term is None]
        for x in [*reversed(given), *[x for x in definitions if x.term is not None]]:
            yield text(x.symbol), x.value
        scalars = {
            x.symbol.mark: number(np.asarray(x.value).item())
            for x in definitions if isinstance(x.value, np.ndarray) and np.shape(x.value) == ()
        } | {
            line.symbol.mark: number(np.asarray(line.value).item())
            for line in self.lines if line.value is not None and np.shape(line.value) == ()
        }  # fmt: skip
        for line in reversed(self.lines):
            if line.value is None:
                continue
            words = set(names_in(line.term))
            if words and words <= scalars.keys() and np.shape(line.value) == ():
                yield f"{text(line.symbol)} = {text(_in_numbers(line.term, scalars))}", line.value
            else:
                yield text(line.symbol), line.value

    def blocks(self) -> Iterator[str]:
        """The equations as blocks of LaTeX."""
        rows = [
            (latex(line.symbol) + (f" = {latex(line.of)}" if line.of is not None else ""), f"= {latex(line.term)}",
             rf"\quad {_latex_shape(line.shape)}")
            for line in self.lines
        ]  # fmt: skip
        value = f" = {latex(number(self.value))}" if self.value is not None else ""
        yield f"L = {latex(self.loss)}{value}"
        yield from _blocks(rows)
        rows = [
            (latex(x.symbol), f"= {latex(x.term)}", rf"\quad {_latex_shape(x.shape)}")
            for x in self.made if x.term is not None
        ]  # fmt: skip
        rows += [(latex(a), f"= {latex(b)}", "") for a, b in self.slopes]
        for what, formula in self.functions:
            left, right = parsed(what.replace("₀, ", "_0, ")), parsed(formula)
            rows.append((
                latex(left) if left is not None else rf"\text{{{plain(what)}}}",
                f"= {latex(right)}" if right is not None else rf"= \text{{{plain(formula)}}}", "",
            ))  # fmt: skip
        yield from _blocks(rows)


def _blocks(rows: list[tuple[str, str, str]], size: int = 20) -> Iterator[str]:
    for start in range(0, len(rows), size):
        yield aligned(rows[start : start + size])


def _in_numbers(term: Term, values: Mapping[str, Term]) -> Term:
    """The numbers in the place of the symbols, and nothing else changed."""
    if term.kind == "name":
        return values.get(term.mark, term)
    return replace(term, parts=tuple([_in_numbers(part, values) for part in term.parts]))


def _left(line: Line) -> str:
    return text(line.symbol) + (f" = {text(line.of)}" if line.of is not None else "")


def _shape(shape: tuple[int, ...]) -> str:
    return str(tuple(shape))


def _latex_shape(shape: tuple[int, ...]) -> str:
    return "(" + r" \times ".join(map(str, shape)) + ")" if shape else ""


def _columns(rows: list[tuple[str, str, str]], cut: int, left: int) -> list[str]:
    if not rows:
        return []
    heads = max(len(row[0]) for row in rows)
    width = min(max(len(f"{row[0]:<{heads}} = {row[1]}") for row in rows), 96)
    out = [f"{f'{a:<{heads}} = {b}':<{width}}  {c}".rstrip() for a, b, c in rows]
    if left:
        out.insert(cut, f"… {left:,} lines between are left out; text(most=None) shows all")
    return out


def _size(value: Any) -> str:
    return one_line(value) if np.size(value) <= 4 else f"norm {one_line(np.linalg.norm(value))}"


def _quoted(said: str) -> str:
    return "```text\n" + said.replace("```", "'''") + "\n```"
