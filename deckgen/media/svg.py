"""Tells whether an SVG image is safe and complete by itself, and how large it is; nothing is changed in it."""

import re
from collections import Counter
from xml.parsers import expat

from deckgen.text.css import loaded_addresses


class UnsafeSvgError(ValueError):
    """The reason, in words that follow “the SVG”."""


def looks_like_svg(data: bytes) -> bool:
    """Whether the bytes begin as an SVG document, in any encoding that XML readers must know."""
    head = data[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return re.match(rb"(<\?xml|<!--|<!DOCTYPE\s+svg|<([\w-]+:)?svg[\s>/])", head, re.IGNORECASE) is not None and (
        re.search(rb"<([\w-]+:)?svg[\s>/]", head + b" ", re.IGNORECASE) is not None
    )


def check_svg(data: bytes) -> tuple[int, int]:
    """Width and height in CSS pixels. Raises UnsafeSvgError for anything that runs, loads or needs something else.

    Refused are scripts, event handlers, foreign content, links to other files, entities and fonts; an image inside,
    as PNG, JPEG, GIF or WebP, is fine.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = reader.entity
    parser.ProcessingInstructionHandler = reader.instruction
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # the latter two for encodings that expat cannot read
        if isinstance(error, UnsafeSvgError):
            raise
        raise UnsafeSvgError(f"is not well-formed: {error}") from None
    if reader.drawn() > _MAX_DRAWN:
        raise UnsafeSvgError(f"draws its parts more than {_MAX_DRAWN:,} times by referring to them")
    return reader.size


_REFUSED = frozenset(
    """script foreignobject iframe embed object audio video canvas handler listener font font-face font-face-uri
    color-profile tref""".split()
)
_PAGES = frozenset(("http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML"))
"""Whose elements a browser takes for those of a page, among them some that load or lead elsewhere."""
_DATA_IMAGE = re.compile(r"data:image/(png|jpe?g|gif|webp)[;,]", re.IGNORECASE)
_MAX_DEPTH = 200
_MAX_DRAWN = 200_000
"""Elements, each as often as references repeat it: a few nested ``<use>`` would keep a phone busy for ever."""
_REFERENCE = re.compile(r"^\s*#(.+)|url\(\s*[\"']?#([^\"')]+)")
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6}


class _Reader:
    def __init__(self) -> None:
        self.size = (300, 150)
        self._open: list[str] = []
        self._style: list[str] = []
        self._scopes = [""]
        self._holds: dict[str, Counter[str]] = {"": Counter()}
        """What the element of an id holds: elements without one, counted under the empty name, and others by id."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        name = name.lower()
        if not self._open:
            if name != "svg" or namespace != "http://www.w3.org/2000/svg":
                raise UnsafeSvgError(f"has the root <{name}> without the SVG namespace")
            self.size = _size(attributes)
        if len(self._open) >= _MAX_DEPTH:
            raise UnsafeSvgError("is nested too deeply")
        if name in _REFUSED or namespace in _PAGES or self._open[-1:] == ["style"]:
            raise UnsafeSvgError(f"holds <{name}>")
        self._open.append(name)
        self._count(attributes)
        for key, value in attributes.items():
            _check_attribute(name, key.rpartition(" ")[2].lower(), value)

    def _count(self, attributes: dict[str, str]) -> None:
        outer = self._holds[self._scopes[-1]]
        name = attributes.get("id", "")
        outer[name] += 1
        self._scopes.append(name or self._scopes[-1])
        holds = self._holds.setdefault(self._scopes[-1], Counter())
        holds.update(one or other for value in attributes.values() for one, other in _REFERENCE.findall(value))

    def drawn(self) -> int:
        """How many elements are drawn, once every reference is followed."""
        known: dict[str, int] = {}

        def count(name: str, depth: int) -> int:
            if name not in known:
                if depth > _MAX_DEPTH:
                    raise UnsafeSvgError("is nested too deeply by references")
                known[name] = 0  # one that refers to itself is not drawn
                holds = self._holds.get(name, Counter())
                parts = (times * count(part, depth + 1) for part, times in holds.items() if part)
                known[name] = min(1 + holds[""] + sum(parts), 10 * _MAX_DRAWN)
            return known[name]

        return count("", 0)

    def end(self, tag: str) -> None:
        self._scopes.pop()
        if self._open.pop() == "style":
            _check_style("".join(self._style))
            self._style.clear()

    def text(self, text: str) -> None:
        if self._open[-1] == "style":
            self._style.append(text)

    def entity(self, *_: object) -> None:
        raise UnsafeSvgError("declares an entity")

    def instruction(self, target: str, _: str) -> None:
        raise UnsafeSvgError(f"has the processing instruction {target}")


def _check_attribute(element: str, name: str, value: str) -> None:
    if name.startswith("on"):
        raise UnsafeSvgError(f"has the event handler {name}")
    if name in ("base", "ping"):
        raise UnsafeSvgError(f"has the attribute {name}, an address")
    if name == "attributename" and value.rpartition(":")[2].strip().lower() in ("href", "style"):
        raise UnsafeSvgError("animates a link or a style")
    plain = re.sub(r"[\x00-\x20]", "", value)
    if name in ("href", "src") and plain and not plain.startswith("#"):
        if element == "a" and re.match(r"(https?|mailto):", plain, re.IGNORECASE):
            return
        if not _DATA_IMAGE.match(plain):
            raise UnsafeSvgError(f"refers to {value.strip()[:60]}")
    elif name not in ("href", "src"):
        _check_style(value, escapes=name != "style")


def _check_style(css: str, *, escapes: bool = False) -> None:
    """``escapes`` allows backslashes, which in CSS can spell a forbidden word."""
    hidden = "\\" in css and not escapes
    if hidden or re.search(r"@import|@font-face|javascript:|expression\s*\(", css, re.IGNORECASE):
        raise UnsafeSvgError("has a style sheet that loads something, brings a font or hides what it does")
    for _, target in loaded_addresses(css):
        if not target.startswith("#") and not _DATA_IMAGE.match(target):
            raise UnsafeSvgError(f"refers to {target[:60]}")


def _size(attributes: dict[str, str]) -> tuple[int, int]:
    """From ``width`` and ``height``, else from ``viewBox``, else what CSS prescribes."""
    width, height = _pixels(attributes.get("width", "")), _pixels(attributes.get("height", ""))
    box = [
        float(part) for part in re.findall(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", attributes.get("viewBox", ""))
    ]
    if len(box) == 4 and 0 < box[2] < 1e6 and 0 < box[3] < 1e6:
        if width and not height:
            height = width * box[3] / box[2]
        elif height and not width:
            width = height * box[2] / box[3]
        width, height = width or box[2], height or box[3]
    return max(1, round(width or 300)), max(1, round(height or 150))


def _pixels(length: str) -> float:
    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*([a-zA-Z]*)\s*", length)
    value = float(found[1]) * _UNITS.get(found[2].lower(), 0.0) if found else 0.0
    return value if value < 1e6 else 0.0
