"""Whether an image is a diagram, which may be shown in the colours of the night."""

import re
from collections.abc import Iterator
from functools import reduce
from xml.etree import ElementTree

from PIL import Image, ImageChops, ImageColor

from deckgen.media.images.colours import sampled

_NEAR_WHITE = 232
_WHITE_SHARE = 0.5
_COVERED_SHARE = 0.98
_MAX_COLOURS = 50
"""Of 29 real images 18 clean drawings needed 34 of the 4,096 coarse colours at most, those with photographs in them
62 and more; a drawing taken for a photograph is merely dimmed, a photograph taken for a drawing would be spoilt.
"""


def is_diagram(image: Image.Image) -> bool:
    """Whether it is mostly near-white, and a few colours cover nearly all of it; seen on white."""
    sample = sampled(image)
    if sample.has_transparency_data:
        seen = sample.convert("RGBA")
        sample = Image.new("RGBA", sample.size, "white")
        sample.alpha_composite(seen)
    sample = sample.convert("RGB")
    pixels = sample.width * sample.height
    white = sum(reduce(ImageChops.darker, sample.split()).histogram()[_NEAR_WHITE:])
    coarse = sample.point([value & 0xF0 for value in range(256)] * 3).getcolors(pixels) or []
    most = sum(sorted((count for count, _ in coarse), reverse=True)[:_MAX_COLOURS])
    return bool(white >= _WHITE_SHARE * pixels and most >= _COVERED_SHARE * pixels)


def is_svg_diagram(svg: bytes) -> bool:
    """As ``is_diagram`` of a safe SVG: no image or filter in it, few colours, a light ground or none.

    A ground is a first shape that covers the image; one whose colour is not plainly said is taken for dark.
    """
    root = ElementTree.fromstring(svg)
    names = {_name(element) for element in root.iter()}
    colours = set(re.findall(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl)a?\([^)]*\)", svg.decode("utf-8", "replace").lower()))
    if names & _PAINTED or len(colours) > _MAX_COLOURS:
        return False
    sheet = " ".join(element.text or "" for element in root.iter() if _name(element) == "style")
    grounds = [_value(root, "background", sheet) or _value(root, "background-color", sheet)]
    shape = next((element for element in _shapes(root) if _name(element) in _SHAPES), None)
    if shape is not None and _covers(shape, root):
        grounds.append(_value(shape, "fill", sheet) or "black")
    return all(_is_near_white(colour) for colour in grounds if colour not in ("", "none", "transparent"))


_PAINTED = frozenset("image filter mesh meshgradient".split())
_SHAPES = frozenset("rect path polygon circle ellipse".split())
_UNSEEN = frozenset("defs symbol clipPath mask marker pattern linearGradient radialGradient style title desc".split())


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _shapes(element: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """What is drawn, in its order."""
    for child in element:
        if _name(child) not in _UNSEEN:
            yield child
            yield from _shapes(child)


def _value(element: ElementTree.Element, name: str, sheet: str) -> str:
    """What the element's style, its class or its attribute say of a property; empty where none does."""
    selectors = {_name(element), *(f".{word}" for word in element.get("class", "").split())}
    rules = _RULE.findall(sheet)
    meant = [body for selected, body in rules if selectors & {one.strip() for one in selected.split(",")}]
    said = (re.search(rf"(?:^|[;\s]){name}\s*:([^;]+)", body) for body in (element.get("style", ""), *meant))
    return next((found[1].strip() for found in said if found), element.get(name, "")).lower()


_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def _covers(shape: ElementTree.Element, root: ElementTree.Element) -> bool:
    """Whether a shape reaches from corner to corner, told by its size or by its few coordinates."""
    numbers = [float(number) for number in _NUMBER.findall(root.get("viewBox", ""))]
    sides = numbers[2:4] or [_number(root.get(side, "")) for side in ("width", "height")]
    if _name(shape) == "rect":
        lengths = [shape.get(side, "") for side in ("width", "height")]
        return all(
            length == "100%" or _number(length) >= 0.95 * side for length, side in zip(lengths, sides, strict=False)
        )
    points = [float(number) for number in _NUMBER.findall(shape.get("d", "") or shape.get("points", ""))]
    reach = zip((points[::2], points[1::2]), sides, strict=False)
    return 0 < len(points) <= _MAX_CORNERS and all(max(values, default=0) >= 0.95 * side for values, side in reach)


_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_MAX_CORNERS = 12


def _number(length: str) -> float:
    found = _NUMBER.match(length.strip())
    return float(found[0]) if found else 0.0


def _is_near_white(colour: str) -> bool:
    by_day = re.match(r"light-dark\(\s*(\w+\([^)]*\)|[^,]+)", colour)
    try:
        return min(ImageColor.getrgb(by_day[1] if by_day else colour)[:3]) >= _NEAR_WHITE
    except ValueError:
        return False
