"""Reviewed screenshots of a sample card; ``--refresh-goldens`` takes them anew, to be looked at."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from browser import has_chinese_font
from card_pages import CardPage, write_card_pages
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser
from stress import make_sample_project
from test_cards_in_browser import SET_THEME, SETTLED, watched_page

REVIEWED = Path(__file__).parent / "screenshots"
SHOTS = (
    ("front", "day", 390),
    ("front", "night", 390),
    ("back", "day", 390),
    ("back", "night", 390),
    ("back", "day", 1280),
)
BLOCK_PX = 12
"""Compared is the mean colour of blocks of this size: the shapes of letters vary from machine to machine."""
MEAN_LIMIT, BLOCK_LIMIT = 2.0, 110
HEIGHT_TOLERANCE = 0.04


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> tuple[CardPage, ...]:
    root = tmp_path_factory.mktemp("sample")
    return write_card_pages(make_sample_project(root / "project"), root / "pages", ("zh-en",))


@pytest.mark.parametrize(("side", "theme", "width"), SHOTS)
def test_the_sample_card_looks_as_it_was_reviewed(
    side: str, theme: str, width: int, cards: tuple[CardPage, ...], browser: Browser, pytestconfig: pytest.Config
) -> None:
    if not has_chinese_font():
        pytest.skip("the reviewed screenshots were taken with fonts-noto-cjk, which is not installed")
    card = next(card for card in cards if card.side == side)
    with watched_page(browser, viewport={"width": width, "height": 640}) as page:
        page.goto(card.path.as_uri())
        page.evaluate(SET_THEME, theme)
        page.evaluate(SETTLED)
        now = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    reviewed = REVIEWED / f"{side}-{theme}-{width}.png"
    if pytestconfig.getoption("--refresh-goldens"):
        REVIEWED.mkdir(exist_ok=True)
        now.quantize(64).save(reviewed, optimize=True)
    assert reviewed.is_file(), "run pytest with --refresh-goldens and look at what it took"
    difference = compare(Image.open(reviewed).convert("RGB"), now)
    assert not difference, f"{reviewed.name}: {difference}"


def test_no_reviewed_screenshot_is_left_over() -> None:
    assert {path.name for path in REVIEWED.glob("*")} == {f"{side}-{theme}-{width}.png" for side, theme, width in SHOTS}


def test_the_comparison_sees_a_change_and_bears_another_rendering_of_letters() -> None:
    base = Image.open(REVIEWED / "back-day-390.png").convert("RGB")
    shifted = ImageChops.offset(base, 1, 0)
    recoloured = Image.composite(
        Image.new("RGB", base.size, "#f3d0d0"), base, base.convert("L").point(lambda v: 255 * (v > 240))
    )
    assert not compare(base, shifted)
    assert compare(base, recoloured)
    assert compare(base, base.crop((0, 0, base.width, base.height * 3 // 4)))
    assert compare(base, ImageChops.offset(base, 0, 60))


def compare(before: Image.Image, after: Image.Image) -> str:
    """What differs more than another machine's fonts can explain; empty where nothing does."""
    if before.width != after.width or abs(after.height / before.height - 1) > HEIGHT_TOLERANCE:
        return f"{before.width}×{before.height} before, {after.width}×{after.height} now"
    height = min(before.height, after.height)
    small = (max(1, before.width // BLOCK_PX), max(1, height // BLOCK_PX))
    blocks = [image.crop((0, 0, image.width, height)).resize(small, Image.Resampling.BOX) for image in (before, after)]
    difference = ImageChops.difference(*blocks)
    mean = max(ImageStat.Stat(difference).mean)
    worst = max(high for _, high in difference.getextrema())
    return f"mean difference {mean:.1f}, largest {worst}" if mean > MEAN_LIMIT or worst > BLOCK_LIMIT else ""
