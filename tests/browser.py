"""A headless Chromium for tests of pages, at desktop and phone width; tests are skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DESKTOP, PHONE = (1280, 900), (390, 844)


@contextmanager
def browser(size: tuple[int, int] = DESKTOP, dark: bool = False) -> Iterator[Any]:
    """A Selenium driver of Debian's ``chromium`` and ``chromium-driver``; no request leaves the machine."""
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no chromium and chromedriver on PATH (apt install chromium chromium-driver)")
    options = selenium.ChromeOptions()
    options.binary_location = program
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(flag)
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1, EXCLUDE localhost")
    if dark:
        options.add_argument("--force-dark-mode")
        options.add_argument("--blink-settings=preferredColorScheme=0")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    page = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    try:
        # A window is never narrower than some 500 px: the width of a phone is said to the page itself.
        page.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600},
        )
        yield page
    finally:
        page.quit()


def complaints(page: Any) -> list[str]:
    """What the page said in its console that is an error."""
    return [entry["message"] for entry in page.get_log("browser") if entry["level"] == "SEVERE"]


def picture(page: Any, path: Path) -> Path:
    """A screenshot of the whole page, as long as it is."""
    import base64

    whole = page.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
    path.write_bytes(base64.b64decode(whole["data"]))
    return path


def too_wide(page: Any) -> int:
    """By how many pixels the page is wider than its window: nothing may be cut or need scrolling sideways."""
    return int(page.execute_script("return document.documentElement.scrollWidth - window.innerWidth"))
