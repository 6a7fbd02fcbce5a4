"""The leaf blocks of a Markdown text at their places in the source: what a translator gets, and where it goes back."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from lxml.html import HtmlElement

from deckgen.markdown import gfm
from deckgen.markdown.protect import protect
from deckgen.markdown.tree import parse_tree
from deckgen.model import Dialect, Html, Markdown


class BlockKind(StrEnum):
    PARAGRAPH = "paragraph"
    HEADING = "heading"
    CELL = "cell"
    HTML = "html"
    """Text between the block tags of raw HTML."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A leaf block. ``spans`` are the offsets of its text, one pair per line, without quote marks and indentation;
    ``prefix`` is what a further line would have to begin with.
    """

    kind: BlockKind
    spans: tuple[tuple[int, int], ...]
    prefix: str

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def end(self) -> int:
        return self.spans[-1][1]

    def text(self, markdown: str) -> Markdown:
        return Markdown("\n".join(markdown[start:end] for start, end in self.spans))


@lru_cache(maxsize=4096)
def leaf_blocks(markdown: Markdown, *, dialect: Dialect, html_headings: bool = False) -> tuple[Block, ...]:
    """The headings, paragraphs, table cells and texts within raw HTML that are not empty, in the order of the source.

    Code and the definitions of links are left out; so are footnotes that nothing refers to. In the Python-Markdown
    dialect the blocks are those that GitHub would see, and those within admonitions and tabs as well: what is inside
    a block may then be cut finer than Python-Markdown does, which changes nothing in the text put back.
    """
    found = list(_blocks_of(_Lines(markdown), dialect, html_headings))
    return tuple(sorted((block for block in found if block.start < block.end), key=lambda block: block.start))


class _Lines:
    """A text by lines; ``offsets[n]`` is where line ``n`` (from 1) begins in the source, ``texts[n - 1]`` its text."""

    def __init__(self, markdown: str, offsets: list[int] | None = None) -> None:
        self.texts = markdown.split("\n")
        if offsets is None:
            offsets, total = [0], 0
            for text in self.texts:
                offsets.append(total)
                total += len(text) + 1
        self.offsets = offsets

    def text(self, line: int) -> str:
        return self.texts[line - 1]

    def dedented(self, first: int, last: int, indent: int) -> _Lines:
        """The lines from ``first`` to ``last`` without their first ``indent`` characters, at the same offsets."""
        texts = [text[indent:] for text in self.texts[first - 1 : last]]
        offsets = [self.offsets[line] + min(indent, len(self.text(line))) for line in range(first, last + 1)]
        return _Lines("\n".join(texts), [0, *offsets])

    def block(self, kind: BlockKind, start: _Place, end: _Place, quotes: int) -> Block:
        """The block from ``start`` to ``end``, both inside it; blank and beyond what they hold is cut off."""
        spans = []
        for line in range(start.line, end.line + 1):
            text = self.text(line)
            first = start.column - 1 if line == start.line else _after_quotes(text, quotes)
            last = min(end.column, len(text)) if line == end.line else len(text)
            while first < last and text[first] in " \t":
                first += 1
            spans.append((self.offsets[line] + first, self.offsets[line] + max(first, last)))
        while len(spans) > 1 and spans[-1][0] == spans[-1][1]:
            spans.pop()
        last_line = start.line + len(spans) - 1
        first, last = spans[-1]
        tail = self.text(last_line)[first - self.offsets[last_line] : last - self.offsets[last_line]]
        spans[-1] = (first, first + len(tail.rstrip()))
        before = self.text(start.line)[: spans[0][0] - self.offsets[start.line]]
        if kind is BlockKind.HTML:
            before = before[: _after_quotes(before, quotes)]
        return Block(kind=kind, spans=tuple(spans), prefix=re.sub(r"[^>\s]", " ", before))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Place:
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Region:
    start: _Place
    end: _Place


_POSITION = re.compile(r"(\d+):(\d+)-(\d+):(\d+)")
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LIST_MARKER = re.compile(r"(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)[ \t]*(?:\[[ xX]\][ \t]+)?")


def _blocks_of(lines: _Lines, dialect: Dialect, html_headings: bool) -> Iterator[Block]:
    if dialect is Dialect.PYTHON_MARKDOWN:
        yield from _indented_blocks(lines, html_headings)
    text = protect("\n".join(lines.texts)).text
    html = gfm.render(text, ignore_setext=html_headings, raw_html=False)
    last = len(lines.texts)
    whole = _Region(start=_Place(line=1, column=1), end=_Place(line=last, column=len(lines.text(last))))
    yield from _container(parse_tree(Html(html)), whole, lines, quotes=0)


def _container(element: HtmlElement, region: _Region, lines: _Lines, quotes: int) -> Iterator[Block]:
    """The blocks in a document, quote or list item; ``quotes`` counts the quote marks before its lines."""
    children = sorted(_positioned(element), key=lambda pair: pair[1].start)
    cursor = region.start
    for child, where in children:
        if cursor.line < where.start.line:
            yield from _gap(element, cursor, where.start.line - 1, lines, quotes)
        yield from _child(child, where, lines, quotes)
        cursor = max(cursor, _Place(line=where.end.line + 1, column=0))
    if cursor.line <= region.end.line:
        yield from _gap(element, cursor, region.end.line, lines, quotes)


def _positioned(element: HtmlElement) -> Iterator[tuple[HtmlElement, _Region]]:
    """The nearest block elements below that have a position."""
    for child in element:
        if child.tag == "section":
            yield from _positioned(child[0])
        elif child.tag in _BLOCKS and (where := _region(child)):
            yield child, where


def _region(element: HtmlElement) -> _Region | None:
    found = _POSITION.fullmatch(element.get("data-sourcepos") or "")
    if not found:
        return None
    line, column, end_line, end_column = (int(number) for number in found.groups())
    return _Region(start=_Place(line=line, column=column), end=_Place(line=end_line, column=end_column))


_BLOCKS = _HEADINGS | {"p", "blockquote", "ul", "ol", "li", "table", "tr", "td", "th", "pre", "hr", "div"}


def _child(element: HtmlElement, region: _Region, lines: _Lines, quotes: int) -> Iterator[Block]:
    match element.tag:
        case "p":
            yield lines.block(BlockKind.PARAGRAPH, region.start, region.end, quotes)
        case tag if tag in _HEADINGS:
            yield _heading(region, lines, quotes)
        case "blockquote" | "div":
            mark = re.compile(r">?[ \t]*").match(lines.text(region.start.line), region.start.column - 1)
            inner = _Place(line=region.start.line, column=mark.end() + 1 if mark else region.start.column)
            yield from _container(element, _Region(start=inner, end=region.end), lines, quotes + 1)
        case "li":
            yield from _container(element, region, lines, quotes)
        case "ul" | "ol":
            for item, where in _positioned(element):
                yield from _child(item, where, lines, quotes)
        case "table":
            for cell in element.iter("th", "td"):
                if place := _region(cell):
                    yield lines.block(BlockKind.CELL, place.start, place.end, quotes)
        case _:
            return


def _heading(region: _Region, lines: _Lines, quotes: int) -> Block:
    text = lines.text(region.start.line)
    found = re.compile(r"#{1,6}(?=[ \t]|$)[ \t]*").match(text, region.start.column - 1)
    if not found or region.start.line != region.end.line:
        last = region.end.line - 1
        end = _Place(line=last, column=len(lines.text(last)))
        return lines.block(BlockKind.HEADING, region.start, end, quotes)
    content = re.sub(r"(?:^|(?<![ \t])[ \t]+)#+[ \t]*$", "", text[found.end() :].rstrip())
    start = _Place(line=region.start.line, column=found.end() + 1)
    return lines.block(BlockKind.HEADING, start, _Place(line=start.line, column=found.end() + len(content)), quotes)


def _gap(element: HtmlElement, start: _Place, last: int, lines: _Lines, quotes: int) -> Iterator[Block]:
    """The blocks in lines that the parser gave no position: raw HTML, and the paragraphs of a tight list item.

    Column 0 is where the line's text begins behind its quote marks.
    """
    is_item = element.tag == "li"
    line = start.line
    while line <= last:
        text = lines.text(line)
        column = start.column - 1 if line == start.line and start.column else _after_quotes(text, quotes)
        if is_item and line == start.line and start.column and (marker := _LIST_MARKER.match(text, column)):
            column = marker.end()
        content = text[column:].strip()
        if end := _html_end(content, line, last, lines, quotes):
            yield from _html_texts(_Place(line=line, column=column + 1), end, lines, quotes)
            line = end
        elif is_item and content and not _DEFINITION.match(content):
            end = line
            while end < last and (following := _content(lines.text(end + 1), quotes)) and not _interrupts(following):
                end += 1
            stop = _Place(line=end, column=len(lines.text(end)))
            yield lines.block(BlockKind.PARAGRAPH, _Place(line=line, column=column + 1), stop, quotes)
            line = end
        line += 1


_DEFINITION = re.compile(r"\[[^\]]+\]:")


def _after_quotes(text: str, quotes: int) -> int:
    """Where the text of a line begins behind at most ``quotes`` quote marks; fewer in a lazy continuation."""
    found = re.match(rf"(?:[ \t]*>){{0,{quotes}}}[ \t]*", text)
    return found.end() if found else 0


def _content(text: str, quotes: int) -> str:
    return text[_after_quotes(text, quotes) :].strip()


# --- raw HTML, as the CommonMark specification, section 4.6, delimits it ----------------------------------------------

_BLOCK_TAGS = """address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir
|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|hr|html|iframe|legend|li|link
|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr
|track|ul""".replace("\n", "")
_ENDED_BY_MARK = (
    (
        re.compile(r"<(?:pre|script|style|textarea)(?=[\s>]|$)", re.I),
        re.compile(r"</(?:pre|script|style|textarea)>", re.I),
    ),
    (re.compile(r"<!--"), re.compile(r"-->")),
    (re.compile(r"<\?"), re.compile(r"\?>")),
    (re.compile(r"<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(r"<![A-Za-z]"), re.compile(r">")),
)
_ENDED_BY_BLANK = re.compile(rf"</?(?:{_BLOCK_TAGS})(?=[\s/>]|$)", re.I)
_LONE_TAG = re.compile(
    r"""(?:<[A-Za-z][\w-]*(?:\s+[\w:.-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*\s*/?>|</[A-Za-z][\w-]*\s*>)$"""
)
_SEPARATORS = {
    "comment": (r"<!--", r"-->"),
    **{name: (rf"<{name}\b", rf"</{name}\s*+>") for name in ("pre", "script", "style", "textarea")},
    "tag": (rf"</?(?:{_BLOCK_TAGS})(?=[\s/>])", r">"),
}
"""How what parts texts within an HTML block begins and ends."""
_SEPARATOR = re.compile("|".join(f"(?P<{name}>{opening})" for name, (opening, _) in _SEPARATORS.items()), re.I)
_SEPARATOR_END = {name: re.compile(closing, re.I) for name, (_, closing) in _SEPARATORS.items()}


def _interrupts(content: str) -> bool:
    return any(opening.match(content) for opening, _ in _ENDED_BY_MARK) or bool(_ENDED_BY_BLANK.match(content))


def _html_end(content: str, line: int, last: int, lines: _Lines, quotes: int) -> int:
    """The last line of the HTML block that ``content`` opens; 0 where it opens none."""
    for opening, closing in _ENDED_BY_MARK:
        if opening.match(content):
            while line < last and not closing.search(content):
                line += 1
                content = _content(lines.text(line), quotes)
            return line
    if not _ENDED_BY_BLANK.match(content) and not _LONE_TAG.match(content):
        return 0
    while line < last and _content(lines.text(line + 1), quotes):
        line += 1
    return line


def _html_texts(start: _Place, last: int, lines: _Lines, quotes: int) -> Iterator[Block]:
    """What stands between the block tags of an HTML block."""
    rows = [lines.text(line) for line in range(start.line, last + 1)]
    text = "\n".join([rows[0][start.column - 1 :], *rows[1:]])
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    ends = list(_separators(text))
    for begin, stop in zip([0, *(end for _, end in ends)], [*(first for first, _ in ends), len(text)], strict=True):
        inner = text[begin:stop]
        if inner.strip().strip(" \t\n>"):
            first = begin + len(inner) - len(inner.lstrip())
            yield lines.block(
                BlockKind.HTML,
                _place(starts, first, start),
                _place(starts, begin + len(inner.rstrip()) - 1, start),
                quotes,
            )


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


def _place(starts: list[int], at: int, start: _Place) -> _Place:
    """Where an offset of a text stands whose lines begin at ``starts``, and whose first is the place ``start``."""
    line = bisect_right(starts, at) - 1
    column = at - starts[line] + 1
    return _Place(line=start.line + line, column=column + (start.column - 1 if line == 0 else 0))


# --- Python-Markdown --------------------------------------------------------------------------------------------------

_INDENTING = re.compile(r"([ ]*)(?:!!!|\?\?\?\+?|===[!+]*)[ ][\w -]*+(?:\"(.*)\")?[ \t]*$")


def _indented_blocks(lines: _Lines, html_headings: bool) -> Iterator[Block]:
    """The titles and contents of admonitions and tabs, which GitHub would take for code; they are blanked."""
    line = 1
    while line <= len(lines.texts):
        found = _INDENTING.match(lines.text(line))
        if not found:
            line += 1
            continue
        if found[2]:
            span = (lines.offsets[line] + found.start(2), lines.offsets[line] + found.end(2))
            yield Block(kind=BlockKind.HEADING, spans=(span,), prefix="")
        indent = " " * (len(found[1]) + 4)
        last = line
        while last < len(lines.texts) and (lines.text(last + 1).startswith(indent) or not lines.text(last + 1).strip()):
            last += 1
        if last > line:
            for block in _blocks_of(
                lines.dedented(line + 1, last, len(indent)), Dialect.PYTHON_MARKDOWN, html_headings
            ):
                yield Block(kind=block.kind, spans=block.spans, prefix=indent + block.prefix)
        lines.texts[line - 1 : last] = [""] * (last - line + 1)
        line = last + 1
