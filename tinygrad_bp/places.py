"""Modules by PyTorch's paths: ``tinygrad_bp.nn.modules``, and ``torch.nn`` where ``torch`` is this package.

It is where ``sys.modules["torch"]`` says so. A module is one object, whatever it is called: ``torch.nn`` is
``tinygrad_bp.nn``, and not read from its files again.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = __name__.partition(".")[0]

# Where PyTorch's modules are that have no file or attribute of their name here. ``*``: whatever comes there.
PLACES = {
    "distributions.utils": "distributions.parameters",
    "autograd.anomaly_mode": "autograd.anomaly",
    "autograd.functional": "functional",
    "autograd.grad_mode": "autograd.modes",
    "autograd.profiler": "profiler",
    "nn.common_types": "nn.tuples",
    "optim.adamw": "optim.adam",
    "utils.data": "data",
    "utils.hooks": "autograd.hooks",
    "utils.data.*": "data.*",
    "utils.data._utils": "data",
    "utils.data._utils.*": "data.*",
}
# PyTorch's modules whose names are all found in another one here.
GATHERED = {
    "nn.modules": "nn", "autograd.gradcheck": "verify",
    **dict.fromkeys(
        (
            "nn.modules.activation", "nn.modules.adaptive", "nn.modules.batchnorm", "nn.modules.channelshuffle",
            "nn.modules.container", "nn.modules.conv", "nn.modules.distance", "nn.modules.dropout",
            "nn.modules.flatten", "nn.modules.fold", "nn.modules.instancenorm", "nn.modules.lazy",
            "nn.modules.linear", "nn.modules.loss", "nn.modules.module", "nn.modules.normalization",
            "nn.modules.padding", "nn.modules.pixelshuffle", "nn.modules.pooling", "nn.modules.rnn",
            "nn.modules.sparse", "nn.modules.transformer", "nn.modules.upsampling", "nn.modules.utils",
        ),
        "nn",
    ),
    **dict.fromkeys(
        (
            "distributions.bernoulli", "distributions.beta", "distributions.binomial", "distributions.cauchy",
            "distributions.chi2", "distributions.dirichlet", "distributions.exponential",
            "distributions.fishersnedecor", "distributions.geometric", "distributions.gumbel",
            "distributions.half_cauchy", "distributions.half_normal", "distributions.independent",
            "distributions.inverse_gamma", "distributions.laplace", "distributions.log_normal",
            "distributions.mixture_same_family", "distributions.multinomial", "distributions.multivariate_normal",
            "distributions.negative_binomial", "distributions.normal", "distributions.one_hot_categorical",
            "distributions.pareto", "distributions.poisson", "distributions.relaxed_bernoulli",
            "distributions.relaxed_categorical", "distributions.studentT", "distributions.transformed_distribution",
            "distributions.uniform", "distributions.von_mises", "distributions.weibull",
        ),
        "distributions",
    ),
}  # fmt: skip


def _place(name: str, places: dict[str, str]) -> str | None:
    """What a table says of a module."""
    parent, _, last = name.rpartition(".")
    found = places.get(name) or places.get(f"{parent}.*")
    return found and found.replace("*", last)


class _Known:
    """Loads a module that is there already."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the import system, which sets attributes of what it makes."""

    def exec_module(self, made: ModuleType) -> None:
        """Put the module itself in the place of that."""
        sys.modules[made.__name__] = self.module


class _Called(ModuleType):
    """A module that programs also call, since the package that it stands in has a function of that name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **kwargs)


class _Gathered(_Known):
    """Loads a module that has the names of another; its own modules are none of that one's."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """A module that can be called where the other one has a function of its name: ``autograd.gradcheck``."""
        last = spec.name.rpartition(".")[2]
        return _Called(spec.name) if callable(vars(self.module).get(last)) else None

    def exec_module(self, made: ModuleType) -> None:
        """Have it find there what it is asked for."""
        vars(made).update(__all__=[name for name in dir(self.module) if name[0] != "_"], __getattr__=self._find)

        self.place = made.__name__.partition(".")[2]

    def _find(self, name: str) -> Any:
        inner = module_at(self.place, name)
        return getattr(self.module, name) if inner is None else inner


def module_at(place: str, name: str) -> ModuleType | None:
    """What a program reaches as an attribute, ``nn.modules.batchnorm``, where PyTorch has a module of that name."""
    path = f"{place}.{name}"
    return import_module(f"{PACKAGE}.{path}") if path in GATHERED or path in PLACES else None


def _spec(name: str, loader: _Known, package: bool = False) -> ModuleSpec:
    return ModuleSpec(name, loader, is_package=package)  # type: ignore[arg-type]  # a loader needs these methods alone


class Elsewhere:
    """Finds, before files are looked for, what has another name here."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec of ``torch.nn`` or ``tinygrad_bp.nn.modules``; None for all other modules."""
        head, _, rest = name.partition(".")
        if head == "torch" and rest and sys.modules.get(head) is sys.modules[PACKAGE]:
            return _spec(name, _Known(import_module(f"{PACKAGE}.{rest}")))
        if head != PACKAGE or not rest:
            return None
        place, gathered = _place(rest, PLACES), _place(rest, GATHERED)
        if place is not None:
            return _spec(name, _Known(import_module(f"{PACKAGE}.{place}")))
        if gathered is not None:
            return _spec(name, _Gathered(import_module(f"{PACKAGE}.{gathered}")), package=True)
        return None


class Missing:
    """Finds, where there is no file, a module that is an attribute; for others it says why they are not here."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec of an attribute that is a module; ``ModuleNotFoundError`` for what is left out with a reason."""
        parent, _, last = name.rpartition(".")
        if parent.partition(".")[0] != PACKAGE:
            return None
        try:
            found = getattr(sys.modules[parent], last)
        except AttributeError as error:
            if "not here" in str(error):
                raise ModuleNotFoundError(str(error)) from None
            return None
        return _spec(name, _Known(found)) if isinstance(found, ModuleType) else None


def look_there() -> None:
    """Have every ``import`` ask the two."""
    sys.meta_path.insert(0, Elsewhere())
    sys.meta_path.append(Missing())
