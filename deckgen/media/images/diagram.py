"""Whether a picture is a diagram, which may be shown in the colours of the night."""

from __future__ import annotations

from PIL import Image, ImageChops

_SAMPLE_PIXELS = 250_000
_NEAR_WHITE = 232
_WHITE_SHARE = 0.5
_COVERED_SHARE = 0.98
_MAX_COLOURS = 50
"""Of 29 real pictures 18 clean drawings needed 34 of the 4,096 coarse colours at most, those with photographs in them
62 and more; a drawing taken for a photograph is merely dimmed, a photograph taken for a drawing would be spoilt.
"""


def is_diagram(picture: Image.Image) -> bool:
    """Whether it is mostly near-white, and a few colours cover nearly all of it; seen on white."""
    shrink = max(1.0, (picture.width * picture.height / _SAMPLE_PIXELS) ** 0.5)
    size = (max(1, round(picture.width / shrink)), max(1, round(picture.height / shrink)))
    sample = picture.resize(size, Image.Resampling.NEAREST)
    if sample.has_transparency_data:
        seen = sample.convert("RGBA")
        sample = Image.new("RGBA", size, "white")
        sample.alpha_composite(seen)
    sample = sample.convert("RGB")
    pixels = size[0] * size[1]
    darkest = ImageChops.darker(ImageChops.darker(*sample.split()[:2]), sample.getchannel("B"))
    white = sum(darkest.histogram()[_NEAR_WHITE:])
    coarse = sample.point([value & 0xF0 for value in range(256)] * 3).getcolors(pixels) or []
    most = sum(sorted((count for count, _ in coarse), reverse=True)[:_MAX_COLOURS])
    return bool(white >= _WHITE_SHARE * pixels and most >= _COVERED_SHARE * pixels)
