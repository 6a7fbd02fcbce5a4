"""How far an encoded image is from the exact one, and how far it may be."""

from functools import reduce
from itertools import accumulate
from typing import NamedTuple

from PIL import Image, ImageChops

from deckgen.media.images.reading import as_rgb


class Quality(NamedTuple):
    """How far an encoded image may be from the exact one, in steps of 0–255, the worst channel counting.

    ``area_99`` and ``area_999`` are percentiles over the pixels that differ from no neighbour by more than 3: what
    is seen as ringing, speckles or a changed fill. ``all_99`` is a percentile over all pixels, ``worst_tile`` the root
    mean square of the worst 8 × 8 tile: what is seen as blurred text, or as blotches in a photograph.
    """

    area_99: int
    area_999: int
    all_99: int
    worst_tile: int

    def within(self, limit: "Quality") -> bool:
        return all(measured <= allowed for measured, allowed in zip(self, limit, strict=True))


DRAWING = Quality(area_99=4, area_999=8, all_99=12, worst_tile=13)
"""For an image in few colours. Chosen on 29 real images, none held back: in 256 colours the worst tile of a drawing
reached 9, of one with small photographs in it 13, of those that are mostly photographs 18 and more.
"""
PHOTOGRAPH = Quality(area_99=7, area_999=12, all_99=255, worst_tile=255)
"""For lossy compression: edges are left to the encoder, even areas must be free of visible noise."""


class Meter:
    """Measures encoded images against the exact one, both seen on white."""

    def __init__(self, exact: Image.Image) -> None:
        self._exact = _on_white(exact)
        self._areas = _even_areas(self._exact)

    def measure(self, encoded: Image.Image) -> Quality:
        error = _worst_channel(ImageChops.difference(self._exact, _on_white(encoded)))
        areas = error.histogram(self._areas)
        squares = error.point([min(255, value * value // 4) for value in range(256)]).reduce(8)
        worst = squares.getextrema()[1]
        assert isinstance(worst, (int, float))
        return Quality(
            area_99=_percentile(areas, 0.99),
            area_999=_percentile(areas, 0.999),
            all_99=_percentile(error.histogram(), 0.99),
            worst_tile=round(2 * worst**0.5),
        )


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return as_rgb(image)
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _even_areas(image: Image.Image) -> Image.Image:
    """A mask of the pixels that differ from their four neighbours by at most 3."""
    across = _worst_channel(ImageChops.difference(image, ImageChops.offset(image, 1, 0)))
    down = _worst_channel(ImageChops.difference(image, ImageChops.offset(image, 0, 1)))
    steps = (across, ImageChops.offset(across, -1, 0), down, ImageChops.offset(down, 0, -1))
    return reduce(ImageChops.lighter, steps).point([255 if value <= 3 else 0 for value in range(256)])


def _worst_channel(image: Image.Image) -> Image.Image:
    return reduce(ImageChops.lighter, image.split())


def _percentile(histogram: list[int], share: float) -> int:
    wanted = share * sum(histogram)
    return next(value for value, seen in enumerate(accumulate(histogram)) if seen >= wanted)
