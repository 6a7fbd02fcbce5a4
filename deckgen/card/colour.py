"""Colours that can be read: WCAG contrast, and the nearest shade of a colour that reaches it."""

import colorsys
import re
from collections.abc import Iterable

from deckgen.text.packaged import packaged_table

AA = 4.5
"""The least contrast of running text: WCAG 2.2, success criterion 1.4.3."""


def parse_colour(text: str) -> str | None:
    """``red``, ``#f00`` or ``FF0000`` → ``#ff0000``; None for anything else."""
    plain = text.strip().lower()
    if named := packaged_table("templates/colours.toml").get(plain):
        return str(named)
    digits = plain.removeprefix("#")
    if re.fullmatch(r"[0-9a-f]{3}", digits):
        digits = "".join(digit * 2 for digit in digits)
    return f"#{digits}" if re.fullmatch(r"[0-9a-f]{6}", digits) else None


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio, from 1 to 21, of two colours written ``#rrggbb``."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, backgrounds: Iterable[str], *, ratio: float = AA) -> str:
    """The shade of ``colour`` nearest to it that has the contrast on every background; all written ``#rrggbb``.

    The backgrounds must be all light or all dark; hue and saturation are kept.
    """
    grounds = tuple(backgrounds)
    end = "#000000" if contrast(grounds[0], "#000000") > contrast(grounds[0], "#ffffff") else "#ffffff"
    step = -0.01 if end == "#000000" else 0.01
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    shade = colour
    while shade != end and any(contrast(shade, ground) < ratio for ground in grounds):
        lightness = min(1.0, max(0.0, lightness + step))
        shade = _hex(*colorsys.hls_to_rgb(hue, lightness, saturation))
    return shade


def blend(colour: str, ground: str, share: float) -> str:
    """``share`` of ``colour`` on the rest of ``ground``."""
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    red, green, blue = (front * share + back * (1 - share) for front, back in pairs)
    return _hex(red, green, blue)


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _hex(*channels: float) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)


def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
