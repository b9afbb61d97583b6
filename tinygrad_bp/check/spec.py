"""What a teacher writes once for all submissions: shapes and values where names alone do not say them."""

from __future__ import annotations

import runpy
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .drawing import generator
from .pairs import Function, Pair

KEYS = {"shape", "ints", "onehot", "low", "high", "values", "columns"}
RESERVED = ("backward", "init", "forward", "columns")  # keys of a table that name no parameter


class SpecError(Exception):
    """A spec that cannot be read; the message is one sentence."""


@dataclass
class Spec:
    """A table a function or class, by its name."""

    tables: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str) -> Spec:
        """From a TOML file, or a Python file with ``CHECK = {...}``. Raises ``SpecError``."""
        if not path:
            return cls()
        try:
            if path.endswith(".py"):
                tables = runpy.run_path(path).get("CHECK")
            else:
                tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise SpecError(f"{path} cannot be read: {error.strerror}") from None
        except (ValueError, SyntaxError) as error:
            raise SpecError(f"{path} cannot be read: {error}") from None
        if not isinstance(tables, Mapping) or not all(isinstance(v, Mapping) for v in tables.values()):
            raise SpecError(f"{path} has no tables: write CHECK = {{...}} in Python, or [name] in TOML, one a function")
        spec = cls(tables)
        for name in tables:
            for part in (spec.values(name), spec.values(name, "init"), spec.values(name, "forward")):
                del part  # drawn once, so that a mistake in it is said now
        return spec

    def values(self, name: str, part: str = "") -> dict[str, Any]:
        """The values of a function's parameters; of a class, those of ``init`` or ``forward``."""
        table = self.tables.get(name, {})
        table = table.get(part, {}) if part else table
        if not isinstance(table, Mapping):
            raise SpecError(f"spec, {name}.{part}: give a table of values, not {table!r}")
        rng = generator(5)
        return {key: drawn(value, rng, f"{name}.{key}") for key, value in table.items()
                if key not in RESERVED}  # fmt: skip

    def named(self, name: str, key: str) -> str:
        """A name that the table gives: of the backward, or of the loss."""
        value = self.tables.get(name, {}).get(key, "")
        return value if isinstance(value, str) else ""

    def axis(self, name: str) -> int:
        """1 where the table says that columns are examples."""
        return int(bool(self.tables.get(name, {}).get("columns", False)))

    def paired(self, found: Iterable[Pair], functions: Mapping[str, Function]) -> Iterator[Pair]:
        """The pairs, with those that the spec names in place of the ones found."""
        said = {name: self.named(name, "backward") for name in self.tables if self.named(name, "backward")}
        used = set(said) | set(said.values())
        for pair in found:
            if not used & {pair.forward.name, pair.backward.name if pair.backward else ""}:
                yield pair
        for forward, backward in said.items():
            if forward in functions and backward in functions:
                yield Pair(functions[forward], functions[backward])


def drawn(value: Any, rng: np.random.Generator, where: str) -> Any:
    """The value that one entry says.

    A list of whole numbers is the shape of normal numbers; a table says more: ``shape`` with ``low`` and ``high``,
    ``ints`` (a class for each, from 0 up), ``onehot`` (rows, or ``columns = true``), or ``values``. What else it is,
    a number, a text, true or false, is given as it stands.

    >>> import numpy as np
    >>> drawn([2, 3], np.random.default_rng(1), "f.x").shape, drawn({"ints": 3, "shape": [4]}, None, "f.y").tolist()
    ((2, 3), [0, 1, 2, 0])
    """
    if isinstance(value, list):
        if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in value):
            raise SpecError(f"spec, {where}: a list is a shape, of whole numbers; give values as {{values = {value}}}")
        return rng.standard_normal(value)
    if not isinstance(value, Mapping):
        return value
    odd = sorted(set(value) - KEYS)
    if odd:
        if all(isinstance(part, (Mapping, list, int, float, str)) for part in value.values()) and not set(value) & KEYS:
            return {key: drawn(part, rng, f"{where}.{key}") for key, part in value.items()}
        raise SpecError(f"spec, {where}: {odd[0]} is not known; it may say {', '.join(sorted(KEYS))}")
    if "values" in value:
        return np.array(value["values"])
    shape = value.get("shape", ())
    if "onehot" in value:
        classes = np.eye(value["onehot"])[np.arange(int(np.prod(shape))) % value["onehot"]]
        return classes.T if value.get("columns") else classes
    if "ints" in value:
        return np.reshape(np.arange(int(np.prod(shape))) % value["ints"], shape)
    if "low" in value or "high" in value:
        return rng.uniform(value.get("low", 0.0), value.get("high", 1.0), shape)
    return rng.standard_normal(shape)
