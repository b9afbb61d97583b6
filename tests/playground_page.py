"""The playground as its reader uses it, for tests; Pyodide's files for it, downloaded once by npm and pip, and kept."""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

SECONDS = 120  # that a busy machine may take for one thing
CACHE = Path.home() / ".cache" / "tinygrad_bp_browser" / "pyodide-0.29.0"  # beside the folder of compiled programs


def pyodide_folder() -> Path:
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


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@contextlib.contextmanager
def served(path: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


class Playground:
    """A page of the playground, as its reader uses it."""

    def __init__(self, driver: Any, address: str) -> None:
        self.driver, self.address = driver, address
        driver.get(address)

    def find(self, selector: str) -> list[Any]:
        return self.driver.find_elements("css selector", selector)

    def wait(self, phase: str) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, SECONDS).until(lambda d: d.execute_script("return state.phase") in (phase, "failed"))
        assert self.driver.execute_script("return state.phase") == phase, self.output

    @property
    def output(self) -> str:
        return str(self.driver.execute_script("return document.getElementById('output').textContent"))

    def program(self, text: str) -> None:
        self.driver.execute_script("editor.text = arguments[0]", text)

    def press(self) -> None:
        (button,) = self.find("#run")
        button.click()

    def run(self, text: str) -> str:
        """Run a program and give what the page shows as text."""
        self.program(text)
        self.press()
        self.wait("ready")
        return self.output

    def asked(self) -> set[str]:
        """Where the page has asked for anything, its parts beside."""
        log = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = {m["params"]["request"]["url"] for m in log if m["method"] == "Network.requestWillBeSent"}
        return {url for url in sent if not url.startswith(("data:", "blob:", self.address.rpartition("/")[0]))}
