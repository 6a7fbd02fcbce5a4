"""A picture in few colours: those that fill areas exactly, those that blend along edges nearly."""

from __future__ import annotations

from PIL import Image

_FILL_SHARE = 0.0005
_MAX_FILLS = 64
_SAMPLE_PIXELS = 250_000
_NEAR = 6


def reduce_colours(exact: Image.Image, count: int) -> Image.Image:
    """``exact`` in at most ``count`` colours; those that fill areas stay as they are, alpha too."""
    opaque = exact.convert("RGB")
    fills = _fills(opaque)
    octree = opaque.quantize(max(8, count - len(fills)), method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    values = octree.getpalette() or []
    blends = (tuple(values[at : at + 3]) for at in range(0, len(values), 3))
    # A blend beside a fill would draw pixels away from it: Pillow's nearest colour is only nearly the nearest.
    colours = [*fills, *(blend for blend in blends if not any(_near(blend, fill) for fill in fills))][:count]
    palette = Image.new("P", (1, 1))
    padding = colours[:1] * (256 - len(colours))
    palette.putpalette([value for colour in (*colours, *padding) for value in colour])
    reduced = opaque.quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")
    if exact.mode == "RGBA":
        reduced.putalpha(exact.getchannel("A"))
    return reduced


def _fills(opaque: Image.Image) -> list[tuple[int, ...]]:
    """The colours that cover the most, down to one in 2,000 pixels, none close to another."""
    shrink = max(1.0, (opaque.width * opaque.height / _SAMPLE_PIXELS) ** 0.5)
    sample = opaque
    if shrink > 1:
        size = (max(1, round(opaque.width / shrink)), max(1, round(opaque.height / shrink)))
        sample = opaque.resize(size, Image.Resampling.NEAREST)
    pixels = sample.width * sample.height
    counted = [entry for entry in sample.getcolors(pixels) or [] if entry[0] >= _FILL_SHARE * pixels]
    fills: list[tuple[int, ...]] = []
    for _, colour in sorted(counted, key=lambda entry: (-entry[0], entry[1])):
        assert isinstance(colour, tuple)
        if len(fills) < _MAX_FILLS and not any(_near(colour, fill) for fill in fills):
            fills.append(colour)
    return fills


def _near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= _NEAR for a, b in zip(one, other, strict=True))
