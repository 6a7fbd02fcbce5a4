"""Fixtures that several test modules share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser


# An exception that nobody foresaw is to be seen, not told in one line.
os.environ["DECKGEN_TRACEBACK"] = "1"

# The same examples in every run, so that no run fails by chance; --hypothesis-profile=search looks for new ones.
settings.register_profile("deckgen", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("deckgen")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-goldens",
        action="store_true",
        help="Write what is produced now into the golden files; read the diff.",
    )


@pytest.fixture(scope="session")
def browser_path() -> Path:
    """An installed Chromium; without one its tests are skipped, which ``make test`` announces beforehand."""
    from browser import find_browser

    path = find_browser()
    if path is None:
        pytest.skip("no Chromium, Chrome or Edge: run tests/setup_browser.py to see why")
    return path


@pytest.fixture(scope="session")
def browser(browser_path: Path) -> Iterator[Browser]:
    from browser import open_browser

    with open_browser(browser_path) as opened:
        yield opened


@pytest.fixture(scope="session", autouse=True)
def _one_birthmark() -> Iterator[None]:
    """New projects with one file name get one id, so that tests may compare them; test_history.py tests the chance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deckgen.corpus.birthmark", lambda root: "")
        yield
