"""Gets what the browser tests need: Chromium, WebKit, Chinese fonts, axe-core, MathJax; says what cannot be had.

Run by ``make test``. Exit code 1 where there is no browser and none can be installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import webkit
from browser import AXE, CHOICE, TESTS, find_browser, has_chinese_font, is_root_on_debian
from maths import MATHJAX

_LIMIT_SECONDS = 900


def main() -> int:
    if os.environ.get(CHOICE) == "none":
        print(f"{CHOICE}=none: the browser tests are left out", file=sys.stderr)
        return 0
    packages = tuple(_missing_packages())
    if packages and is_root_on_debian():
        _run("apt-get", "update", "-qq")
        for package in packages:
            _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package)
    if find_browser() is None:
        _run(sys.executable, "-m", "playwright", "install", "chromium")
    if _lacks_scripts() and (npm := shutil.which("npm")):
        _run(npm, "ci", "--prefix", str(TESTS), "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")

    if not has_chinese_font():
        print("note: without the fonts of fonts-noto-cjk the screenshots are not compared", file=sys.stderr)
    if _lacks_scripts():
        print("note: axe-core and MathJax could not be had from npm; their checks are skipped", file=sys.stderr)
    if absent := webkit.missing():
        print(f"note: WebKit, as on iPhones and Macs, is not tested without Debian's {absent}", file=sys.stderr)
    if find_browser() is None:
        print(
            "The tests need Chromium, Chrome or Edge, and none was found, nor could Playwright download one.\n"
            "Install one (Debian: apt-get install chromium), or name it: DECKGEN_BROWSER=/path/to/chrome make test.\n"
            "To leave the browser tests out: DECKGEN_BROWSER=none make test.",
            file=sys.stderr,
        )
        return 1
    return 0


def _lacks_scripts() -> bool:
    return not (AXE.is_file() and MATHJAX.is_file())


def _missing_packages() -> Iterator[str]:
    if find_browser() is None:
        yield "chromium"
    if not has_chinese_font():
        yield "fontconfig"
        yield "fonts-noto-cjk"
    if _lacks_scripts() and not shutil.which("npm"):
        yield "npm"
    yield from webkit.missing().split()


def _run(*command: str) -> None:
    """Tries; whether it helped is seen from what is there afterwards."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            check=False,
            timeout=_LIMIT_SECONDS,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{command[0]}: {error}", file=sys.stderr)
        return
    if done.returncode:
        print(f"{' '.join(command)}: exit code {done.returncode}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
