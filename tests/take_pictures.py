"""Takes the README's pictures of cards of the shipped deck: front, back, English open, night (``make pictures``)."""

from __future__ import annotations

import io
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from browser import find_browser, open_browser
from card_pages import CardPage, write_card_pages
from PIL import Image, ImageDraw
from playwright.sync_api import Browser
from projects import REPOSITORY

FOLDER = REPOSITORY / "docs/pictures"
WIDTH, HEIGHT, SCALE = 390, 780, 2
_CORNER, _EDGE = 44 * SCALE, 10 * SCALE
_CASE = (29, 32, 36, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """What a picture shows; ``opened`` languages, and the element that is scrolled to the top, none for the start."""

    name: str
    side: str
    night: bool = False
    opened: bool = False
    scroll_to: str = ""


SHOTS = (
    Shot(name="front", side="front"),
    Shot(name="back", side="back"),
    Shot(name="english", side="back", opened=True),
    Shot(name="night", side="back", night=True, scroll_to=".dg-answer > .dg-text img"),
)


def main() -> int:
    path = find_browser()
    if path is None:
        print("there is no Chromium: run tests/setup_browser.py", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, open_browser(path) as browser:
        cards = write_card_pages(REPOSITORY, Path(folder), ("zh-en",))
        for shot in SHOTS:
            card = next(card for card in cards if card.side == shot.side)
            file = FOLDER / f"{shot.name}.webp"
            in_phone(take(browser, card, shot)).save(file, quality=82, method=6)
            print(f"{file.relative_to(REPOSITORY)}  {file.stat().st_size // 1000} kB")
    return 0


def take(browser: Browser, card: CardPage, shot: Shot) -> Image.Image:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE, is_mobile=True, has_touch=True
    )
    try:
        page = context.new_page()
        page.goto(card.path.as_uri())
        if shot.night:
            page.evaluate("document.body.classList.add('nightMode', 'night_mode')")
        page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
        if shot.opened:
            page.locator(".dg-ask .dg-lang > summary").tap()
            page.evaluate("document.querySelector('.dg-answer .dg-lang').open = true")
            page.evaluate("document.querySelector('.dg-answer .dg-lang').scrollIntoView()")
        if shot.scroll_to:
            page.locator(shot.scroll_to).first.evaluate("part => scrollTo(0, part.getBoundingClientRect().top - 260)")
        page.wait_for_timeout(200)
        return Image.open(io.BytesIO(page.screenshot())).convert("RGBA")
    finally:
        context.close()


def in_phone(screen: Image.Image) -> Image.Image:
    """The screen in a phone's case, the corners transparent."""
    width, height = screen.width + 2 * _EDGE, screen.height + 2 * _EDGE
    phone = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    phone.paste(_CASE, mask=_rounded(width, height, _CORNER))
    inner = _rounded(screen.width, screen.height, _CORNER - _EDGE)
    phone.paste(screen, (_EDGE, _EDGE), mask=inner)
    return phone


def _rounded(width: int, height: int, radius: int) -> Image.Image:
    mask = Image.new("L", (width * 2, height * 2), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width * 2 - 1, height * 2 - 1), radius * 2, fill=255)
    return mask.resize((width, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    sys.exit(main())
