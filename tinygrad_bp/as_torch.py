"""Run a PyTorch script as it stands: ``python -m tinygrad_bp.as_torch script.py [arguments]``."""

from __future__ import annotations

import io
import os
import sys
from types import ModuleType

from .autograd.errors import AutogradError
from .places import PACKAGE

__all__ = ["install_as_torch"]


def install_as_torch() -> None:
    """Have ``import torch`` give this package from now on, ``torch.nn`` and the other modules too.

    For a program that cannot be changed: call it before the program imports. ``sys.modules["torch"] = tinygrad_bp``
    does the same; ``python -m tinygrad_bp.as_torch script.py`` does it for a whole script.
    Raises ``AutogradError`` where PyTorch is imported already: its tensors and these would meet.

    >>> import tinygrad_bp as tg
    >>> tg.install_as_torch()  # doctest: +SKIP
    >>> import torch.nn as nn  # doctest: +SKIP
    """
    known, ours = sys.modules.get("torch"), sys.modules[PACKAGE]
    if known is not None and known is not ours:
        raise AutogradError(
            f"install_as_torch: PyTorch is imported already, from {getattr(known, '__file__', 'somewhere')}, and its "
            "tensors would meet these. Call it first, before anything imports torch"
        )
    sys.modules["torch"] = ours


def run(script: str) -> None:
    """The script as ``python script`` runs it, with the arguments in ``sys.argv``."""
    path = os.path.abspath(script)
    try:
        with io.open_code(path) as file:
            text = file.read()
    except OSError as error:
        print(f"as_torch: can't open {script!r}: {error.strerror}", file=sys.stderr)
        sys.exit(2)
    sys.path[0] = os.path.dirname(os.path.realpath(script))
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = __builtins__  # type: ignore[attr-defined]
    try:
        exec(compile(text, path, "exec"), vars(module))
    except Exception as error:  # all but exits and interrupts: shown as the script's own, without this frame
        trace = error.__traceback__ and error.__traceback__.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        sys.exit(1)


_USAGE = "usage: python -m tinygrad_bp.as_torch script.py [arguments]"

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(_USAGE)
    if sys.argv[1] in ("-h", "--help"):
        print(f"{_USAGE}\n\nRun a PyTorch script as it stands; its `import torch` gets this package.")
        sys.exit()
    install_as_torch()
    del sys.argv[0]
    run(sys.argv[0])
