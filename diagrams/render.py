"""Render the diagrams: every SVG beside this file becomes a PNG in imgs/基础知识, and one per language of words.toml.

    python diagrams/render.py             check and render every diagram
    python diagrams/render.py fuyu        only this one
    python diagrams/render.py --check     check the sources, render nothing

The deck is studied on phones, where a picture is shown 360 pixels wide. So a source is refused when a label in it
would then be less than 11 pixels high, or when the picture is less than 1600 pixels wide. All refusals are reported
before anything is rendered.

Needs Chromium (`--chromium`, by default the one on PATH), the fonts of Debian's fonts-noto-cjk, and Pillow.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

SOURCES = Path(__file__).resolve().parent
PICTURES = SOURCES.parent / "imgs"
FOLDERS = {"zh": "基础知识", "en": "en", "ja": "ja", "zh-Hant": "zh-Hant"}
FONTS = {"zh": "Noto Sans CJK SC", "en": "Noto Sans CJK SC", "ja": "Noto Sans CJK JP", "zh-Hant": "Noto Sans CJK TC"}
CHINESE = re.compile("[\u4e00-\u9fff]")

MIN_WIDTH = 1600
MIN_LABEL = 11
PHONE_WIDTH = 360
COLOURS = 128
SPARE_HEIGHT = 200  # headless Chromium may take a browser bar's height off the window; the surplus is cropped
TIMEOUT = 120

SVG = "{http://www.w3.org/2000/svg}"


Words = dict[str, dict[str, dict[str, str]]]
"""Words by drawing, label and language; those of every drawing under ``all``."""


class DiagramError(Exception):
    """A diagram could not be rendered; the message is meant for the person who draws."""


@dataclass(frozen=True)
class Diagram:
    """One SVG source in one language, parsed."""

    path: Path
    text: str
    root: ET.Element
    language: str

    @property
    def target(self) -> Path:
        return PICTURES / FOLDERS[self.language] / f"{self.path.stem}.png"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels; (0, 0) when the source does not state them as whole numbers."""
        stated = (self.root.get("width", ""), self.root.get("height", ""))
        return (int(stated[0]), int(stated[1])) if all(value.isdecimal() for value in stated) else (0, 0)


def load(path: Path, language: str, words: Words) -> Diagram:
    """Parse a source with its labels in a language."""
    text = path.read_text(encoding="utf-8")
    if language != "zh":
        text = translated(path.stem, text, language, words).replace(FONTS["zh"], FONTS[language])
    try:
        return Diagram(path, text, ET.fromstring(text), language)
    except ET.ParseError as error:
        raise DiagramError(f"{path.name}: not well-formed: {error}") from error


def translated(name: str, text: str, language: str, words: Words) -> str:
    """The source with every label in a language; DiagramError names the labels that words.toml lacks."""
    missing: list[str] = []

    def label(found: re.Match[str]) -> str:
        word = words.get(name, {}).get(found[2]) or words["all"].get(found[2])
        if language not in (word or ()) and CHINESE.search(found[2]):
            missing.append(found[2])
        return f"{found[1]}{word.get(language, found[2]) if word else found[2]}{found[3]}"

    text = re.sub(r"(<(?:text|title)\b[^>]*>)(.*?)(</(?:text|title)>)", label, text, flags=re.DOTALL)
    if missing:
        raise DiagramError(f"words.toml has no {language} for {name}: {', '.join(missing)}")
    return text


def font_sizes(diagram: Diagram) -> Iterator[str]:
    """Every font size which the source declares, in style sheets, `style` and `font-size` attributes."""
    for element in diagram.root.iter():
        if (attribute := element.get("font-size")) is not None:
            yield attribute.strip()
        css = element.get("style", "") + (element.text or "" if element.tag == f"{SVG}style" else "")
        yield from (size.strip() for size in re.findall(r"font-size\s*:([^;}]*)", css))
        yield from (f"font: {value.strip()}" for value in re.findall(r"\bfont\s*:([^;}]*)", css))


def scaled_text(element: ET.Element, scaled: bool = False) -> bool:
    """Whether text stands inside something that may be drawn at another scale, so that its font size says nothing."""
    scaled = scaled or element.tag == f"{SVG}symbol" or bool(re.search("scale|matrix", element.get("transform", "")))
    return (scaled and element.tag == f"{SVG}text") or any(scaled_text(child, scaled) for child in element)


def problems(diagram: Diagram) -> Iterator[str]:
    """What makes the picture unfit for a phone, a sentence each."""
    width, height = diagram.size
    if width < MIN_WIDTH or height <= 0:
        yield f"width and height must be whole numbers and the width at least {MIN_WIDTH}"
    if diagram.root.get("viewBox") != f"0 0 {width} {height}":
        yield "viewBox must be `0 0 width height`, so that a unit is a pixel"

    sheet = "".join(style.text or "" for style in diagram.root.iter(f"{SVG}style"))
    if not re.search(r"\bsvg\s*\{[^}]*font-size", sheet):
        yield "the style rule for `svg` must set the font size that labels inherit"
    least = MIN_LABEL * width / PHONE_WIDTH
    for size in font_sizes(diagram):
        number = re.fullmatch(r"(\d+(?:\.\d+)?)(?:px)?", size)
        if number is None:
            yield f"font size `{size}` is not a plain number of px"
        elif float(number[1]) < least:
            yield f"font size {size} is under {least:g}px, {MIN_LABEL}px when shown {PHONE_WIDTH}px wide"
    if scaled_text(diagram.root):
        yield "text inside a symbol or a scaled group: its size on the picture cannot be checked"


def screenshot(diagram: Diagram, chromium: str) -> Image.Image:
    """The picture as headless Chromium draws it."""
    width, height = diagram.size
    with tempfile.TemporaryDirectory(prefix="diagram-") as folder:
        shot, source = Path(folder, "shot.png"), Path(folder, "drawing.svg")
        source.write_text(diagram.text, encoding="utf-8")
        command = [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-lcd-text",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            f"--user-data-dir={folder}/profile",
            f"--window-size={width},{height + SPARE_HEIGHT}",
            f"--screenshot={shot}",
            source.as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DiagramError(f"{diagram.path.name}: {error}") from error
        if not shot.exists():
            raise DiagramError(f"{diagram.path.name}: Chromium made no picture:\n{done.stderr.strip()}")
        with Image.open(shot) as image:
            return image.convert("RGB").crop((0, 0, width, height))


def save(image: Image.Image, target: Path) -> None:
    """Write a small PNG: the drawing is flat, so a palette holds its colours."""
    target.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def main() -> None:
    """Check the sources asked for; when all are fit, render them."""
    parser = argparse.ArgumentParser(description="Render the diagrams.")
    parser.add_argument("names", nargs="*", help="diagrams to render, by name without .svg (default: all)")
    parser.add_argument("--check", action="store_true", help="check the sources, render nothing")
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium", help="the browser to draw with")
    options = parser.parse_args()

    paths = [SOURCES / f"{name}.svg" for name in options.names] or sorted(SOURCES.glob("*.svg"))
    try:
        if missing := [path.name for path in paths if not path.exists()]:
            raise DiagramError(f"no such diagram: {', '.join(missing)}")
        words: Words = tomllib.loads((SOURCES / "words.toml").read_text(encoding="utf-8"))
        diagrams = [load(path, language, words) for path in paths for language in FOLDERS]
        if found := [f"{diagram.path.name}: {problem}" for diagram in diagrams for problem in problems(diagram)]:
            raise DiagramError("\n".join(found))
        for diagram in [] if options.check else diagrams:
            save(screenshot(diagram, options.chromium), diagram.target)
            size = diagram.target.stat().st_size / 1000
            sys.stdout.write(f"{diagram.target.relative_to(SOURCES.parent)}: {size:.0f} kB\n")
    except DiagramError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
