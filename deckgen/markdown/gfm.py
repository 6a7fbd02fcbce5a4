"""GitHub-flavoured Markdown by comrak: a text → its HTML and the nodes of its tree; the only module that imports it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

import comrak
from msgspec import Struct

from deckgen.markdown.depth import begins_too_deep, nests_safely, too_deep

EXTENSIONS = (
    "alerts",
    "autolink",
    "cjk_friendly_emphasis",
    "footnotes",
    "math_code",
    "strikethrough",
    "table",
    "tasklist",
)
_RENDERING = comrak.RenderOptions(unsafe_=True, gfm_quirks=True)
_EVERY_LEVEL = comrak.RenderOptions(unsafe_=True)
"""GitHub's quirks leave out bold within bold, however deep it is."""
_LEAVES = frozenset(("Paragraph", "Heading", "TableCell", "HtmlBlock"))
_QUOTES = frozenset(("BlockQuote", "Alert"))
_VERBATIM = frozenset(("Code", "CodeBlock", "HtmlInline", "HtmlBlock", "Math"))
_INLINE_LEAVES = frozenset(("Paragraph", "Heading", "TableCell"))
_MARKS = re.compile("[*_`~<!]")
STARS = "Stars"
"""Our own kind of node: two asterisks or more that are no markup."""
_STARS = re.compile(r"(?<![\\*])\*{2,}")
_LONG_LINE = 20_000
"""Bytes; in a longer line, which may hold thousands of nodes, every character's place is worked out once."""
_KEPT = _LEAVES | _VERBATIM | {"Image", "Strong"}


class Node(NamedTuple):
    """A node of the tree, named as comrak names it. ``text[start:end]`` is what it was written as.

    ``quotes`` counts the quotes around it; ``value`` is an image's address, a text's or a piece of HTML's characters.
    """

    name: str
    start: int
    end: int
    quotes: int
    value: str = ""


class Tree(Struct, frozen=True):
    """What comrak made of a text: unsanitised HTML, the nodes that others read, how often each kind of node occurs."""

    html: str
    nodes: tuple[Node, ...]
    counts: Mapping[str, int]


def parse(text: str, *, written: str, definitions: str = "", ignore_setext: bool = False) -> Tree | None:
    """The tree of ``text``; None where it is nested too deep for a page.

    ``written`` is the text before its formulas were hidden, line by line the same: in its characters the nodes count.
    ``definitions`` are read as if they stood before the text; they move no position and leave nothing behind but the
    footnotes that are used.
    """
    head = f"{definitions}\n\n<!-- -->\n\n" if definitions else ""
    # Without a line end, comrak takes a last line such as "1." for text.
    whole = f"{head}{text}\n"
    extensions, parsing = _extensions(chinese=True), _parsing(ignore_setext)
    # comrak's trees are freed and walked recursively: the depth is known before there is one.
    if begins_too_deep(whole):
        return None
    if not nests_safely(whole) and too_deep(comrak.markdown_to_html(whole, extensions, parsing, _EVERY_LEVEL), whole):
        return None
    root = comrak.parse_document(whole, extensions, parsing)
    html = comrak.format_html(root, extensions, parsing, _RENDERING)
    if too_deep(html):
        return None
    counts: Counter[str] = Counter()
    return Tree(html=html, nodes=tuple(_nodes(root, _Offsets(text, written, head), counts)), counts=counts)


def literal_bold_starts(
    text: str, *, written: str, definitions: str = "", ignore_setext: bool = False
) -> frozenset[int]:
    """Where GitHub, which mends no bold beside full-width punctuation, leaves ``**`` in a text that ``parse`` took."""
    head = f"{definitions}\n\n<!-- -->\n\n" if definitions else ""
    root = comrak.parse_document(f"{head}{text}\n", _extensions(chinese=False), _parsing(ignore_setext))
    nodes = _nodes(root, _Offsets(text, written, head), Counter())
    return frozenset(node.start for node in nodes if node.name == STARS)


def _nodes(root: comrak.AstNode, offsets: "_Offsets", counts: Counter[str]) -> Iterator[Node]:
    """The nodes that others read, in the order of the source but for footnotes, which stand last."""
    stack: list[tuple[comrak.AstNode, int]] = [(root, 0)]
    while stack:
        node, quotes = stack.pop()
        value: Any = node.node_value
        name = type(value).__name__
        counts[name] += 1
        if name == "Text":
            if "**" in value.value:
                yield from (Node(STARS, start, end, quotes) for start, end in offsets.stars(node))
            continue
        span = offsets.span(node) if name in _KEPT else None
        if span:
            yield Node(name, *span, quotes, _value(name, value))
        if name in _VERBATIM or (name in _INLINE_LEAVES and span and not offsets.has_marks(*span)):
            continue
        inner = quotes + (name in _QUOTES)
        stack += [(child, inner) for child in reversed(node.children)]


def _value(name: str, value: Any) -> str:
    if name == "Image":
        return str(value.value.url)
    if name == "HtmlInline":
        return str(value.value)
    return str(value.value.info) if name == "CodeBlock" else ""


class _Offsets:
    """comrak's lines and byte columns, from 1 → offsets in characters. Its own option for it takes quadratic time."""

    def __init__(self, text: str, written: str, head: str) -> None:
        self._written = written
        self._lines = text.split("\n")
        self._head = head.count("\n")
        self._starts = list(accumulate((len(line) + 1 for line in written.split("\n")), initial=0))
        self._encoded: dict[int, bytes] = {}
        self._columns: dict[int, list[int]] = {}

    def span(self, node: comrak.AstNode) -> tuple[int, int] | None:
        """Start and end of a node; None where it stands among the definitions before the text."""
        place = node.sourcepos
        first, last = place.start, place.end
        line = first.line - self._head
        if line < 1:
            return None
        return self._offset(line, first.column - 1), self._offset(last.line - self._head, last.column)

    def has_marks(self, start: int, end: int) -> bool:
        """Whether a part of the text may hold inline nodes that anybody reads."""
        return _MARKS.search(self._written, start, end) is not None

    def stars(self, node: comrak.AstNode) -> Iterator[tuple[int, int]]:
        """Start and end of each run of asterisks in a text node, two or more."""
        if span := self.span(node):
            line = node.sourcepos.start.line - self._head
            start = self._starts[line - 1]
            for found in _STARS.finditer(self._lines[line - 1], span[0] - start, span[1] - start):
                yield start + found.start(), start + found.end()

    def _offset(self, line: int, size: int) -> int:
        """Where ``size`` bytes of a line end."""
        if line > len(self._lines):
            return self._starts[-1] - 1
        start = self._starts[line - 1]
        if not size:
            return start
        text = self._lines[line - 1]
        encoded = self._encoded.get(line)
        if encoded is None:
            encoded = self._encoded[line] = text.encode("utf-8", "surrogatepass")
        if size >= len(encoded):
            size = len(text)
        elif len(encoded) > _LONG_LINE:
            if line not in self._columns:
                # A byte that is no continuation begins a character.
                self._columns[line] = [0, *accumulate(byte & 0xC0 != 0x80 for byte in encoded)]
            size = self._columns[line][size]
        elif len(encoded) > len(text):
            size = min(len(encoded[:size].decode("utf-8", "replace")), len(text))
        return min(start + size, self._starts[line] - 1)


@cache
def _extensions(*, chinese: bool) -> comrak.ExtensionOptions:
    chosen: dict[str, Any] = dict.fromkeys(EXTENSIONS, True)
    return comrak.ExtensionOptions(**{**chosen, "cjk_friendly_emphasis": chinese})


@cache
def _parsing(ignore_setext: bool) -> comrak.ParseOptions:
    return comrak.ParseOptions(ignore_setext=ignore_setext)
