"""Pyodide's files for tests of the playground: downloaded once by npm and pip, and kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

CACHE = Path.home() / ".cache" / "tinygrad_bp" / "pyodide-0.29.0"


def folder() -> Path:
    """The folder that holds the packages; skips where they can be had neither from there nor from the registries."""
    if not CACHE.is_dir():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("no npm to download Pyodide with")
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE.parent) as held:
            made = Path(held, "made")
            made.mkdir()
            for command in (
                [npm, "pack", "--silent", "pyodide@0.29.0", "@viz-js/viz@3.31.0"],
                [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "gbdraw==0.14.2"],
            ):
                done = subprocess.run(command, cwd=made, capture_output=True, text=True)
                if done.returncode:
                    pytest.skip(f"Pyodide cannot be downloaded: {(done.stderr or done.stdout).strip()[-300:]}")
            if not CACHE.is_dir():  # another process may have been faster
                made.rename(CACHE)
    return CACHE
