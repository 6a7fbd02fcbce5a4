"""Opening the Chromium of this machine; DECKGEN_BROWSER is its path, or ``none`` to leave the browser tests out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Route, expect, sync_playwright

from deckgen.releases.verify.browser import CHOICE, find_browser

__all__ = ["AXE", "CHOICE", "TESTS", "Gate", "find_browser", "has_chinese_font", "is_root_on_debian", "open_browser"]
expect.set_options(timeout=30_000)  # a busy machine is no failure
TESTS = Path(__file__).parent
AXE = TESTS / "node_modules/axe-core/axe.min.js"


@contextmanager
def open_browser(path: Path) -> Iterator[Browser]:
    """A headless browser. As root, as in most containers, Chromium runs only without its sandbox."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                *(["--no-sandbox"] if root else []),
                "--disable-dev-shm-usage",
                "--font-render-hinting=none",
                "--force-color-profile=srgb",
            ],
        )
        try:
            yield browser
        finally:
            browser.close()


class Gate:
    """Lets a page load only what lies on this machine, and remembers what else it asked for."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def __call__(self, route: Route) -> None:
        address = route.request.url
        if address.startswith(("file:", "data:", "blob:", "about:", "http://127.0.0.1:")):
            route.continue_()
        else:
            self.refused.append(address)
            route.abort()


def has_chinese_font() -> bool:
    """Whether Chinese is set in the font that the reviewed screenshots show."""
    if not shutil.which("fc-match"):
        return False
    found = subprocess.run(["fc-match", "sans-serif:lang=zh-cn", "family"], capture_output=True, text=True, check=False)
    return "Noto Sans CJK SC" in found.stdout


def is_root_on_debian() -> bool:
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return sys.platform == "linux" and root and shutil.which("apt-get") is not None
