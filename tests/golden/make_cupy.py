"""Write down what CuPy has of NumPy: its functions and their parameters, its ufuncs, and the methods of its arrays.

python tests/golden/write_cupy.py > tests/golden/cupy.json     (CuPy can be imported without a GPU)
"""

import inspect
import json
import re

import cupy
import cupyx.scipy.special
import numpy as np


def parameters(function):
    try:
        found = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        said = re.search(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)", (function.__doc__ or "").partition("\n")[0])
        if said is None:
            return None
        parts = [part for part in said[1].split(",") if part.strip() not in ("/", "*")]
        names = [re.split(r"[=:]", part)[0].split()[-1] for part in parts]
        return [name for name in names if name != "self"]
    if any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in found):
        return None  # takes what comes
    return [p.name for p in found if p.name != "self"]


def table(theirs, numpys):
    names = [name for name in dir(numpys) if name[0] != "_" and callable(getattr(numpys, name))]
    return {
        name: parameters(getattr(theirs, name))
        for name in names
        if hasattr(theirs, name)
        and not isinstance(getattr(numpys, name), (type, np.ufunc))
        and getattr(theirs, name) is not getattr(numpys, name)
    }


ufuncs = [name for name in dir(np) if isinstance(getattr(np, name), np.ufunc)]
found = {
    "version": cupy.__version__,
    "functions": {
        "numpy": table(cupy, np), "numpy.linalg": table(cupy.linalg, np.linalg), "numpy.fft": table(cupy.fft, np.fft),
        "numpy.lib.stride_tricks": table(cupy.lib.stride_tricks, np.lib.stride_tricks),
    },
    "ufuncs": {
        getattr(np, name).__name__: getattr(getattr(cupy, getattr(np, name).__name__, None), "_scatter_op", None)
        for name in ufuncs
        if hasattr(cupy, getattr(np, name).__name__) or hasattr(cupyx.scipy.special, getattr(np, name).__name__)
    },
    "methods": {
        name: parameters(getattr(cupy.ndarray, name))
        for name in dir(cupy.ndarray)
        if not name.startswith("_") and callable(getattr(cupy.ndarray, name))
    },
    "attributes": [
        name for name in dir(cupy.ndarray) if not name.startswith("_") and not callable(getattr(cupy.ndarray, name))
    ],
    "operators": [name for name in dir(cupy.ndarray) if name.startswith("__") and name not in dir(object)],
    "flags": [name for name in dir(cupy._core.flags.Flags) if name[0] != "_"],
}  # fmt: skip
print(json.dumps(found, separators=(",", ":"), sort_keys=True))
