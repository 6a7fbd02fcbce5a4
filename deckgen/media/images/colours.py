"""An image in few colours: those that fill areas exactly, those that blend along edges nearly."""

import math
from collections.abc import Iterable, Iterator, Sequence

from PIL import Image

from deckgen.media.images.reading import as_rgb

_FILL_SHARE = 0.0005
_MAX_FILLS = 64
_SAMPLE_PIXELS = 250_000
_NEAR = 6


def sampled(exact: Image.Image) -> Image.Image:
    """At most 250,000 of the image's pixels, evenly spread and unchanged."""
    shrink = (exact.width * exact.height / _SAMPLE_PIXELS) ** 0.5
    if shrink <= 1:
        return exact
    size = (max(1, round(exact.width / shrink)), max(1, round(exact.height / shrink)))
    return exact.resize(size, Image.Resampling.NEAREST)


def find_palettes(sample: Image.Image, sizes: Iterable[int]) -> Iterator[Image.Image]:
    """A palette of at most so many colours for each of ``sizes``, as an image that holds it."""
    opaque = as_rgb(sample)
    fills = _fills(opaque)
    for size in sizes:
        octree = opaque.quantize(max(8, size - len(fills)), method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        values = octree.getpalette() or []
        blends = [values[at : at + 3] for at in range(0, len(values), 3)]
        colours = [*fills, *(blend for blend in blends if not any(_displaces(blend, fill) for fill in fills))][:size]
        padding = colours[:1] * (256 - len(colours))
        palette = Image.new("P", (1, 1))
        palette.putpalette([value for colour in (*colours, *padding) for value in colour])
        yield palette


def with_palette(exact: Image.Image, palette: Image.Image) -> Image.Image:
    """``exact`` in the colours of the palette alone; alpha stays as it is."""
    reduced = as_rgb(exact).quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")
    if exact.mode == "RGBA":
        reduced.putalpha(exact.getchannel("A"))
    return reduced


def _fills(opaque: Image.Image) -> list[Sequence[int]]:
    """The colours that cover the most, down to one in 2,000 pixels, none close to another."""
    pixels = opaque.width * opaque.height
    counted = [entry for entry in opaque.getcolors(pixels) or [] if entry[0] >= _FILL_SHARE * pixels]
    fills: list[Sequence[int]] = []
    for _, colour in sorted(counted, key=lambda entry: (-entry[0], entry[1])):
        assert isinstance(colour, tuple)
        if len(fills) < _MAX_FILLS and not any(_near(colour, fill) for fill in fills):
            fills.append(colour)
    return fills


def _displaces(blend: Sequence[int], fill: Sequence[int]) -> bool:
    """Whether pixels of the fill would get the blend: Pillow takes the colour nearest to the corner of their cell of
    4 × 4 × 4 colours. One that is close to the fill would only waste a place.
    """
    if not _near(blend, fill, by=9):
        return False
    corner = [value & ~3 for value in fill]
    return _near(blend, fill) or math.dist(blend, corner) <= math.dist(fill, corner)


def _near(one: Sequence[int], other: Sequence[int], *, by: int = _NEAR) -> bool:
    return abs(one[0] - other[0]) <= by and abs(one[1] - other[1]) <= by and abs(one[2] - other[2]) <= by
