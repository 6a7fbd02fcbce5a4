"""The leaf blocks of a Markdown text at their places in the source: what a translator gets, and where it goes back."""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from deckgen.model import Markdown


class BlockKind(StrEnum):
    PARAGRAPH = "paragraph"
    HEADING = "heading"
    CELL = "cell"
    HTML = "html"
    """Text between the block tags of raw HTML."""


class LeafBlock(Struct, frozen=True, kw_only=True):
    """``spans`` are the offsets of its ``text``, one pair per line, without quote marks and indentation; ``prefix`` is
    what a further line would have to begin with.
    """

    kind: BlockKind
    spans: tuple[tuple[int, int], ...]
    prefix: str
    text: Markdown

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def end(self) -> int:
        return self.spans[-1][1]


class Leaf(NamedTuple):
    """Where the parser saw a leaf block: ``text[start:end]``, its marks included, inside so many quotes."""

    kind: BlockKind
    start: int
    end: int
    quotes: int


def leaf_blocks(markdown: str, leaves: Iterable[Leaf]) -> tuple[LeafBlock, ...]:
    """The blocks of the leaves that are not empty, in the order of the source."""
    found = [block for leaf in leaves for block in _blocks(markdown, leaf)]
    return tuple(sorted((block for block in found if block.start < block.end), key=lambda block: block.start))


def _blocks(markdown: str, leaf: Leaf) -> Iterator[LeafBlock]:
    match leaf.kind:
        case BlockKind.HEADING:
            start, end = _heading(markdown, leaf.start, leaf.end)
            yield _block(markdown, leaf.kind, start, end, leaf.quotes)
        case BlockKind.HTML:
            for start, end in _html_texts(markdown[leaf.start : leaf.end]):
                yield _block(markdown, leaf.kind, leaf.start + start, leaf.start + end, leaf.quotes)
        case _:
            yield _block(markdown, leaf.kind, leaf.start, leaf.end, leaf.quotes)


def _block(markdown: str, kind: BlockKind, start: int, end: int, quotes: int) -> LeafBlock:
    """The block of ``markdown[start:end]``; blank and quote marks around its lines are cut off."""
    spans: list[tuple[int, int]] = []
    at = start
    for line in markdown[start:end].split("\n"):
        inner = len(line) - len(line.lstrip(" \t")) if at == start else _after_quotes(line, quotes)
        spans.append((at + inner, at + max(inner, len(line))))
        at += len(line) + 1
    while len(spans) > 1 and spans[-1][0] == spans[-1][1]:
        spans.pop()
    first, last = spans[-1]
    spans[-1] = (first, first + len(markdown[first:last].rstrip()))
    before = markdown[markdown.rfind("\n", 0, start) + 1 : spans[0][0]]
    if kind is BlockKind.HTML:
        before = before[: _after_quotes(before, quotes)]
    text = Markdown("\n".join(markdown[first:last] for first, last in spans))
    return LeafBlock(kind=kind, spans=tuple(spans), prefix=re.sub(r"[^>\s]", " ", before), text=text)


def _after_quotes(text: str, quotes: int) -> int:
    """Where the text of a line begins behind at most ``quotes`` quote marks; fewer in a lazy continuation."""
    found = re.match(rf"(?:[ \t]*>){{0,{quotes}}}[ \t]*", text)
    return found.end() if found else 0


def _heading(markdown: str, start: int, end: int) -> tuple[int, int]:
    """What stands behind the ``#`` and before those at the end, or above the line of ``=``."""
    text = markdown[start:end]
    found = re.match(r"#{1,6}(?=[ \t]|$)[ \t]*", text)
    if not found or "\n" in text:
        return start, start + text.rindex("\n") if "\n" in text else end
    content = re.sub(r"(?:^|(?<![ \t])[ \t]+)#+[ \t]*$", "", text[found.end() :].rstrip())
    return start + found.end(), start + found.end() + len(content)


# --- raw HTML ---------------------------------------------------------------------------------------------------------

_BLOCK_TAGS = """address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir
|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|hr|html|iframe|legend|li|link
|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr
|track|ul""".replace("\n", "")
_SEPARATORS = {
    "comment": (r"<!--", r"-->"),
    **{name: (rf"<{name}\b", rf"</{name}\s*+>") for name in ("pre", "script", "style", "textarea")},
    "tag": (rf"</?(?:{_BLOCK_TAGS})(?=[\s/>])", r">"),
}
"""How what parts texts within an HTML block begins and ends."""
_SEPARATOR = re.compile("|".join(f"(?P<{name}>{opening})" for name, (opening, _) in _SEPARATORS.items()), re.I)
_SEPARATOR_END = {name: re.compile(closing, re.I) for name, (_, closing) in _SEPARATORS.items()}


def _html_texts(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of what stands between the block tags of an HTML block."""
    ends = list(_separators(text))
    for begin, stop in zip([0, *(end for _, end in ends)], [*(first for first, _ in ends), len(text)], strict=True):
        inner = text[begin:stop]
        if inner.strip().strip(" \t\n>"):
            yield begin + len(inner) - len(inner.lstrip()), begin + len(inner.rstrip())


def _separators(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of what parts texts; what has no end is text, and its end is looked for but once."""
    position = 0
    endless: set[str] = set()
    while found := _SEPARATOR.search(text, position):
        name, position = found.lastgroup or "", found.end()
        if name in endless:
            continue
        if end := _SEPARATOR_END[name].search(text, position):
            position = end.end()
            yield found.start(), position
        else:
            endless.add(name)
