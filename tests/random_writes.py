"""Random programs of views and writes in place, run by PyTorch and by this package: the same values and gradients.

``PYTHONPATH=. python tests/random_writes.py 10000`` runs as many and prints those whose results differ.
A program is text, ``T`` standing for the package. A line that PyTorch refuses is left out; where this package refuses
one, nothing may have changed.
"""

from __future__ import annotations

import collections
import random
import sys
import warnings
from typing import Any

import numpy as np

VIEWS = (
    "[{i}]", "[{i}:]", "[::2]", "[..., {i}]", "[None]", ".T", ".reshape(-1)", ".view(-1)", ".reshape({swapped})",
    ".unsqueeze({i})", ".squeeze()", ".diagonal()", ".expand(2, *{shape})", ".narrow(0, {i}, 1)", ".select(-1, {i})",
    ".transpose(0, -1)", ".flatten()", ".movedim(0, -1)", ".unflatten(0, (-1, 1))", ".split(1)[0]", ".unbind()[{i}]",
    ".chunk(2)[-1]", ".view_as({name})", ".detach()", ".detach()", "[[0, 0]]", ".clone()", ".permute({order})", ".mT",
    ".tensor_split(2)[0]", ".ravel()", ".expand_as({name})", ".swapaxes(0, -1)", ".unfold(0, 1, 1)",
)  # fmt: skip
OPS = ("{a} * 2", "{a} + {b}", "{a} * {b}", "{a}.exp()", "{a}.sin() * {a}", "T.stack([{a}, {a}])", "{a}.sum(0)")
SHAPES = ("{a}.unsqueeze_(0)", "{a}.transpose_(0, -1)", "{a}.squeeze_()", "{a}.t_()")
WRITES = (
    "{a} += {b} * 1", "{a} *= {b} * 1", "{a} *= w0", "{a} -= {s}", "{a}.mul_({b} * 1)", "{a}.mul_(w1[0])",
    "{a}.add_({s})", "{a}.copy_({b}.clone())", "{a}.fill_({s})", "{a}.zero_()", "{a}[{i}] = {s}",
    "{a}[{i}] = {b}[{i}].clone()", "{a}[:1] = {b}[:1] * 1", "{a}[..., {i}] *= {s}", "{a}[{i}].add_({b}[{i}] * 1)",
    "{a}.sin_()", "{a}.sigmoid_()", "{a}.addcmul_(w0, {b} * 1)", "{a}[{a} > 1] = {s}", "{a}[[0]] = {s}",
    "{a}.T.add_({b}.T * 1)", "{a}.reshape(-1)[{i}] = {s}", "{a}.diagonal().mul_({s})",
    "{a}.masked_fill_({b} > 1, {s})", "{a}.clamp_(-2, 2)", "{a}.detach().mul_({s})",
    "{a}.index_fill_(0, T.tensor([0]), 0.5)", "{a}.fill_({a}.sum() / 8)", "{a}.detach()[{i}] = {s}", *SHAPES,
)  # fmt: skip
COMPLEX = (
    "z.real.copy_({b} * 1)", "z.mul_(1j)", "z *= w1[0]", "z.imag[{i}] = {s}", "z[{i}] = 2 - 1j", "z.real += {b} * 1",
    "T.view_as_real(z)[..., 1] = {s}", "z = T.view_as_complex(T.stack([{a}, {b}], -1))", "z = z.T",
)  # fmt: skip
SCALARS = ("1.5", "-0.5", "w0.sum() / 4", "w1[0]", "w1.mean()", "{a}.mean()", "{b}.sum() / 8")


def program(seed: int) -> list[str]:
    """The lines of one program; not all of them are possible."""
    rng = random.Random(seed)
    shapes: dict[str, list[int]] = {}
    lines: list[str] = []

    def numbers(shape: list[int]) -> str:
        if not shape:
            return str(round(rng.uniform(-2, 2), 2))
        return "[" + ", ".join(numbers(shape[1:]) for _ in range(shape[0])) + "]"

    def new(name: str, shape: list[int], wanted: bool) -> None:
        shapes[name] = shape
        lines.append(f"{name} = T.tensor({numbers(shape)}, dtype=T.float64, requires_grad={wanted})")

    def filled(text: str) -> str:
        a = rng.choice(list(shapes))
        shape = shapes[a]
        alike = [name for name in shapes if shapes[name] == shape]
        order = list(range(len(shape)))
        rng.shuffle(order)
        b, s = rng.choice(alike), rng.choice(SCALARS).replace("{a}", a)
        return text.replace("{s}", s).format(
            a=a, b=b, name=b, i=rng.choice((0, 0, 1, -1)), shape=shape, swapped=shape[::-1], order=order
        )

    main = [rng.randint(1, 3) for _ in range(rng.choice((1, 2, 2, 3)))]
    new("w0", main, True)
    new("w1", [rng.choice((2, main[0]))], True)
    new("x0", main, False)
    lines.append(f"z = T.complex(x0, {rng.choice(('x0', 'w0'))} * 2)")
    if rng.random() < 0.3:
        lines.append("n0 = x0.numpy()")
    for k in range(rng.randint(3, 14)):
        name, kind = f"v{k}", rng.random()
        quietly = "with T.no_grad(): " if rng.random() < 0.12 else ""
        source = rng.choice(list(shapes))
        if kind < 0.33:
            lines.append(f"{quietly}{name} = {source}{filled(rng.choice(VIEWS))}")
            shapes[name] = shapes[source]  # a guess; a line that does not fit is left out
        elif kind < 0.45:
            lines.append(f"{quietly}{name} = {filled(rng.choice(OPS))}")
            shapes[name] = main
        elif kind < 0.85:
            write = rng.choice(WRITES)  # of a shape changed without recording PyTorch gives a gradient in the old one
            lines.append(f"{quietly if write not in SHAPES else ''}{filled(write)}")
        elif kind < 0.86:
            part = rng.choice(
                ("z.real", "z.imag", "T.view_as_real(z)[..., 0]", "T.view_as_real(z).T[1].T", "z[:1].real")
            )
            lines.append(f"{quietly}{name} = {part}")
            shapes[name] = main
        elif kind < 0.88:
            lines.append(filled(rng.choice(COMPLEX)))
        elif kind < 0.9:
            lines.append(f"loss{k} = ({source} * {source}).sum()")
        elif kind < 0.93 and source not in ("w0", "w1", "x0"):
            lines.append(f"del {source}")
            del shapes[source]
        elif kind < 0.96:
            lines.append(f"n{k} = {source}.detach().numpy()")
        elif kind < 0.98:
            lines.append("x0.requires_grad_()")
        else:
            new(name, main, rng.random() < 0.3)
    return lines


def run(T: Any, lines: list[str], names: dict[str, Any] | None = None) -> tuple[dict[str, Any], int, Exception | None]:
    """What the names stand for after the lines, or before the first one that raised."""
    names = {"T": T} if names is None else names
    for i, line in enumerate(lines):
        try:
            exec(line, names)
        except Exception as error:  # a random line may be any mistake
            return names, i, error
    return names, len(lines), None


def possible(T: Any, lines: list[str]) -> list[str]:
    """The lines that ``T`` takes."""
    names, taken = {"T": T}, []
    for line in lines:
        if run(T, [line], names)[2] is None:
            taken.append(line)
    return taken


ENDING = """
parts = [x for name, x in sorted(globals().items()) if name[0] in "vwxl"]
wanted = [x for x in [w0, w1, x0] if x.is_leaf and x.requires_grad]
total = sum((x * (i + 1)).sin().sum() for i, x in enumerate(parts))
first = T.autograd.grad(total, wanted, allow_unused=True, create_graph=True)
second = T.autograd.grad(sum((g * g).sum() for g in first if g is not None), wanted, allow_unused=True)
""".strip().splitlines()  # fmt: skip


def values(names: dict[str, Any]) -> dict[str, Any]:
    """What every tensor and array holds."""
    return {
        key: np.array(x.detach().numpy() if hasattr(x, "detach") else x)
        for key, x in names.items()
        if key[0] in "vwxln"
    }


def flags(names: dict[str, Any], lines: list[str]) -> dict[str, bool]:
    """Which tensors require grad. PyTorch says so of earlier views and of views made under ``no_grad`` too."""
    if any(line.startswith("with T.no_grad(): v") or "requires_grad_" in line for line in lines):
        return {}
    return {key: x.requires_grad for key, x in names.items() if hasattr(x, "requires_grad")}


def gradients(names: dict[str, Any], which: str) -> list[Any]:
    return [None if g is None else g.detach().numpy().tolist() for g in names[which]]


def results(T: Any, lines: list[str]) -> dict[str, Any]:
    """What one package makes of a program."""
    names, _, error = run(T, lines)
    if error is not None:
        raise error
    found: dict[str, Any] = {
        "values": {key: array.tolist() for key, array in values(names).items()}, "requires_grad": flags(names, lines),
    }  # fmt: skip
    names["__builtins__"] = __builtins__
    for line, which in zip(ENDING, ("", "", "", "first", "second"), strict=True):
        if run(T, [line], names)[2] is not None:
            break
        if which:
            found[which] = gradients(names, which)
    return found


def verdict(lines: list[str], wanted: dict[str, Any]) -> tuple[str, str]:
    """``equal``; ``refused``, with the error; or what differs from the results wanted."""
    import tinygrad_bp as tg
    from tinygrad_bp.autograd.errors import AutogradError

    names: dict[str, Any] = {"T": tg}
    for line in lines:
        before = values(names), flags(names, [])
        error = run(tg, [line], names)[2]
        if error is None:
            continue
        if not isinstance(error, AutogradError):
            return "another error", f"{line}: {type(error).__name__}: {error}"
        after = values(names), flags(names, [])
        if str(after) != str(before):
            return "a refusal that changed something", f"{line}: {error}"
        return "refused", f"{type(error).__name__}: {error}"
    found = {key: array.tolist() for key, array in values(names).items()}
    for key, value in wanted["values"].items():
        if not _close(found[key], value):
            return "value", f"{key}: {found[key]}, wanted {value}"
    given = flags(names, [])
    for key, flag in wanted["requires_grad"].items():
        if given.get(key, flag) and not flag:  # PyTorch says so of all views of a base, also of elements not written
            return "requires_grad", f"{key}: {given[key]}, wanted {flag}"
    if "x0.requires_grad_()" in lines:  # PyTorch then takes up what was computed before
        return "equal", ""
    for line, which in zip(ENDING, ("", "", "", "first", "second"), strict=True):
        error = run(tg, [line], names)[2]
        if isinstance(error, AutogradError):
            return ("refused in backward", str(error)) if which in wanted else ("equal", "")
        if error is not None:
            return "another error", f"{line}: {type(error).__name__}: {error}"
        if which in wanted and not _close_or_none(gradients(names, which), wanted[which]):
            return f"{which} derivative", f"{gradients(names, which)}, wanted {wanted[which]}"
    return "equal", ""


def _close(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)


def _close_or_none(found: list[Any], wanted: list[Any]) -> bool:
    """Gradients alike, where none counts as 0."""
    return len(found) == len(wanted) and all(
        _close(0.0 * np.array(w) if f is None else f, 0.0 * np.array(f) if w is None else w)
        for f, w in zip(found, wanted)
        if not (f is None and w is None)
    )


def wanted_of(seed: int) -> tuple[list[str], dict[str, Any]]:
    """The lines of one program that PyTorch takes, and what it makes of them."""
    import torch

    lines = possible(torch, program(seed))
    return lines, results(torch, lines)


def main(count: int, first: int) -> None:
    counts: collections.Counter[str] = collections.Counter()
    for seed in range(first, first + count):
        try:
            lines, wanted = wanted_of(seed)
        except Exception as error:  # what PyTorch refuses only now
            counts[f"PyTorch itself: {type(error).__name__}"] += 1
            continue
        counts["with a gradient"] += "first" in wanted
        kind, text = verdict(lines, wanted)
        counts[kind] += 1
        if kind.startswith("refused"):
            counts["  " + text[:60]] += 1
        if kind != "equal" and not kind.startswith("refused"):
            print(f"seed {seed}: {kind}: {text}", *lines, sep="\n    ", flush=True)
    for kind, number in sorted(counts.items()):
        print(f"{number:7} {kind}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
