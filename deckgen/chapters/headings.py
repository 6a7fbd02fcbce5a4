"""Every line of a chapter that looks like a heading, of whatever markup; which are questions is decided elsewhere."""

import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from deckgen.chapters.flashcards import card_of, item_of, rows_of
from deckgen.chapters.heading import (
    LEVEL_OF_BRACKETS,
    LEVEL_OF_HAN,
    LEVEL_OF_LETTERS,
    LEVEL_OF_LIST,
    MAX_TITLE,
    Heading,
    Markup,
    line_heading,
)
from deckgen.chapters.heading_text import without_navigation
from deckgen.chapters.html_headings import headings_of_html, split_anchor
from deckgen.markdown.lines import BlockTracker, Fence, FrontMatter, Kind, RawElement, left_open, read_front_matter
from deckgen.model import replace
from deckgen.text.titles import split_lettered, split_number


class Scan(Struct, frozen=True, kw_only=True):
    """The lines of a chapter, what each is part of, and the headings among them, in order."""

    lines: tuple[str, ...]
    kinds: tuple[Kind, ...]
    headings: tuple[Heading, ...]
    front: FrontMatter
    unclosed_fences: tuple[Fence, ...]
    fence_ends: tuple[int, ...]
    """Lines, from 1, before which a fence or an element was taken to end because a question begins."""
    reopened_fences: tuple[tuple[Fence, int], ...]
    """Closed fences with a line inside that would open another, and that line's index from 0."""
    unclosed_comments: tuple[tuple[int, int], ...]
    unclosed_elements: tuple[RawElement, ...]
    """Those such as ``<pre>``, within which no Markdown is read, and ``<details>``."""


_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*)|$)")
_ATX_GLUED = re.compile(r" {0,3}(#{1,6})(\u3000*[^\s#!].*)")
_ATX_END = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_ATTRIBUTES = re.compile(r"\{:?[ \t]*([#.][^{}\n]*|[\w-]+=[^{}\n]*)\}[ \t]*#*$")
_SETEXT = re.compile(r" {0,3}(={2,}|-{3,})[ \t]*$")
_DETAILS = re.compile(r"<(?:(details(?=[\s>]))|/details\s*>)", re.IGNORECASE)
_SUMMARY = re.compile(
    r"\s*(?:<details[^<>]*>\s*)?<summary[^<>]*>(.+?)</summary\s*>\s*(?:</?(?:b|br|p|strong)\s*/?>\s*)*", re.IGNORECASE
)
_BOLD = re.compile(r"(\*\*|__)(?=\S)((?:(?!\1).)+)\1(?:[ \t]*[:：])?")
_BOLD_NUMBER = re.compile(r"(\*\*|__)\d{1,4}[ \t]*[、.．)）][ \t]*\1[ \t]*\S")
_BULLET = re.compile(r" {0,3}[-*+][ \t]+(?=\*\*|__|\d)")
_ASKS = re.compile(r"[?？](?:\W|\([^()]*\)|（[^（）]*）)*$")
_BOLD_TAG = re.compile(r"^<(b|strong)>((?:(?!</?\1>).)+)</\1>$", re.IGNORECASE)
_QA = re.compile(
    r" {0,3}(\*\*|__)?(?:(?:Q|问|Question|Front|正面)[ \t]*\d{0,4}[ \t]*[:：.、]"
    r"|(?:题目?|问题|思考题|面试题)[ \t]*\d{1,4}[ \t]*[:：]|面试官(?:\*\*|__)?[ \t]*[:：]|【(?:问|问题|Q)】)",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"\d{1,4}(?:\.\d{1,4})+(?:[ \t]*[-–—~～至][ \t]*\d{1,4}(?:\.\d{1,4})+)?[ \t]+\S")
_PLAIN = re.compile(r"(?:\d{1,4}[ \t]*[、.．)）]|[(（]\d{1,3}[)）]|[(（]?[一二三四五六七八九十]{1,3}[、)）])[ \t]*\S")
_BRACKET = re.compile(r"[(（]?\d{1,4}[ \t]*[)）]")
_LIST_ITEM = re.compile(r"\d{1,9}[.)][ \t]")
_LISTED = re.compile(r" {0,3}(\d{1,4}[.)])[ \t]+(#{1,6}[ \t].*)")
_NOT_PROSE = re.compile(r"[ \t]*(?:[-*+>|#<!=`~]|\d{1,9}[.)][ \t]|\$\$|\[[^\]]*\]:|\||:)")


def scan_headings(
    text: str, is_question: Callable[[Heading, Fence | RawElement, Sequence[Heading]], bool], *, loose: bool = False
) -> Scan:
    """All candidates of a chapter; ``loose`` adds bold lines that ask without a number, and ``<summary>`` lines.

    ``is_question`` is asked about a heading inside an open code fence or element such as ``<pre>``, with the headings
    before it: where it says yes, that was never closed and ends there.
    """
    lines = tuple(text.split("\n"))
    front = read_front_matter(lines)
    tracker = BlockTracker(lines, front)
    kinds: list[Kind] = []
    headings: list[Heading] = []
    fence_ends: list[int] = []
    skip_until = folds = 0
    open_folds = left_open(lines, _DETAILS)
    unclosed: list[RawElement] = []
    for index, line in enumerate(lines):
        if (open_ := tracker.fence or tracker.raw) is not None:
            inside = next(_headings_inside(lines, index, open_, loose=loose), None)
            if inside is not None and is_question(inside, open_, headings):
                tracker.abandon()
                fence_ends.append(index + 1)
        kind = tracker.feed(index)
        kinds.append(kind)
        shown = line.strip()
        if kind is not Kind.TEXT or index < skip_until or not shown:
            continue
        if "details" in line:
            folds += sum(1 if found[1] else -1 for found in _DETAILS.finditer(line)) - open_folds[index]
            if open_folds[index]:
                unclosed.append(RawElement(line=index, column=line.lower().rindex("<details"), name="details"))
        if shown[-1] in "=-" and (underlined := _setext(lines, kinds, index)) is not None:
            if headings and headings[-1].line == underlined.line:
                headings.pop()
            headings.append(underlined)
            continue
        found = tuple(line_headings(lines, index, in_html=tracker.in_html))
        for heading in found or (_loose_headings(lines, index) if loose else ()):
            if not heading.text or (heading.markup is Markup.SUMMARY and folds > 1):
                continue
            headings.append(replace(heading, folds=folds) if folds else heading)
            skip_until = heading.end_line
            if heading.markup is Markup.HTML:
                tracker.in_html = False
    tracker.abandon()
    return Scan(
        lines=lines,
        kinds=tuple(kinds),
        headings=tuple(headings),
        front=front,
        unclosed_fences=tuple(tracker.unclosed_fences),
        fence_ends=tuple(fence_ends),
        reopened_fences=tuple(tracker.reopened_fences),
        unclosed_comments=tuple(tracker.unclosed_comments),
        unclosed_elements=(*tracker.unclosed_raw, *unclosed),
    )


def with_front_title(scan: Scan) -> Scan:
    """The scan with the title that the front matter gives as a heading of the first level."""
    lines = scan.front.lines
    first = next(index for index, line in enumerate(scan.lines) if line.lstrip().startswith("title"))
    title = Heading(
        markup=Markup.ATX,
        level=1,
        text=scan.front.title,
        line=first + 1,
        column=1,
        end_line=lines,
        end_column=len(scan.lines[lines - 1]),
    )
    return replace(scan, headings=(title, *scan.headings))


def without_attributes(scan: Scan) -> Scan:
    """The scan with what Python-Markdown reads as attributes, ``{#id .class}``, taken off its Markdown headings."""
    return replace(scan, headings=tuple(map(_without_attributes, scan.headings)))


def _without_attributes(heading: Heading) -> Heading:
    found = _ATTRIBUTES.search(heading.text) if heading.markup in (Markup.ATX, Markup.SETEXT) else None
    if not found:
        return heading
    anchor = next((part[1:] for part in found[1].split() if part.startswith("#")), heading.anchor)
    return replace(heading, text=heading.text[: found.start()].rstrip(), anchor=anchor)


def _headings_inside(lines: Sequence[str], index: int, open_: Fence | RawElement, *, loose: bool) -> Iterator[Heading]:
    """What would be a heading, were there no open fence or element. In code, only marks of its own make one."""
    line = lines[index]
    if isinstance(open_, RawElement):
        if (underlined := _underlined(lines, index + 1)) is not None:
            yield underlined
        yield from line_headings(lines, index, in_html=False)
        yield from _loose_headings(lines, index) if loose else ()
    elif "<h" in line or "<H" in line or "#" in line:
        yield from line_headings(lines, index, in_html=False)


def line_headings(lines: Sequence[str], index: int, *, in_html: bool = False) -> Iterator[Heading]:
    """What the line at ``index`` marks, wherever it stands; ``in_html`` where Markdown is not read."""
    line = lines[index]
    shown = line.strip()
    first = shown[:1]
    if "<h" in line or "<H" in line:
        marked = list(headings_of_html(lines, index))
        yield from marked
        if marked:
            return
    if first == "#":
        yield from _atx(line, index, in_html)
    elif first in "QqFf问正题思面【*_" and _QA.match(line):
        bold = _BOLD.match(shown)
        text = bold[0] if bold and _ASKS.search(bold[2]) else shown
        yield line_heading(Markup.QA, text, line[: line.index(text) + len(text)], index, in_html=in_html)
    elif (
        first in "*_"
        and (found := _BOLD.fullmatch(shown))
        and (
            split_number(found[2]).number or _DOTTED.match(found[2])  # 4.1 数据
        )
    ):
        yield line_heading(Markup.BOLD, found[2], line, index, in_html=in_html)
    elif first in "*_" and _BOLD_NUMBER.match(shown):
        yield line_heading(Markup.BOLD, shown, line, index, in_html=in_html)
    elif first.isdecimal() and (found := _LISTED.match(line)):
        yield from _listed(found, index, in_html)
    elif (first.isdecimal() or first in "(（一二三四五六七八九十") and _PLAIN.match(line):
        level = LEVEL_OF_LIST if _LIST_ITEM.match(line) else 0
        level = LEVEL_OF_BRACKETS if _BRACKET.match(line) else level
        level = LEVEL_OF_HAN if line.lstrip(" \t(（")[:1] in "一二三四五六七八九十" else level
        yield line_heading(Markup.PLAIN, shown, line, index, level=level, in_html=in_html)


def _loose_headings(lines: Sequence[str], index: int) -> Iterator[Heading]:
    line = lines[index]
    bullet = _BULLET.match(line)
    text = line[bullet.end() :].strip() if bullet else line.strip()
    if line.lstrip()[:1] == "|":
        yield from rows_of(lines, index)
    elif split_lettered(line).number:
        yield line_heading(Markup.PLAIN, text, line, index, level=LEVEL_OF_LETTERS)
    elif (found := card_of(lines, index) or item_of(lines, index)) is not None:
        yield found
    elif summary := _SUMMARY.fullmatch(line):
        yield line_heading(Markup.SUMMARY, _BOLD_TAG.sub(r"\2", summary[1].strip()), line, index)
    elif (bold := _BOLD.fullmatch(text)) and _ASKS.search(bold[2]):
        if bullet or not split_number(bold[2]).number:
            yield line_heading(Markup.BOLD, bold[2], line, index, listed=bullet is not None)
    elif bullet and _PLAIN.match(text):
        yield line_heading(Markup.PLAIN, text, line, index, level=LEVEL_OF_LIST, listed=True)


def _atx(line: str, index: int, in_html: bool) -> Iterator[Heading]:
    found, flaw = _ATX.match(line), ""
    if not found:
        found, flaw = _ATX_GLUED.match(line), "there is no space after the #"
    if not found:
        return
    text = _ATX_END.sub("", (found[2] or "").rstrip()).strip()
    text = without_navigation(text) if "](" in text else text
    text, anchor = split_anchor(text) if "<a" in text else (text, "")
    yield Heading(
        markup=Markup.ATX,
        level=len(found[1]),
        text=text,
        anchor=anchor,
        line=index + 1,
        column=found.start(1) + 1,
        end_line=index + 1,
        end_column=len(line.rstrip()),
        flaw=flaw,
        # ##1.标题 was a heading once, and its author still thinks so; #define never was.
        doubtful=in_html or (bool(flaw) and (len(found[1]) == 1 or not split_number(text).number)),
    )


def _listed(found: re.Match[str], index: int, in_html: bool) -> Iterator[Heading]:
    """``1. ### 标题``: the number of the list is the heading's."""
    for heading in _atx(found[2], index, in_html):
        column, end_column = found.start(1) + 1, len(found.string.rstrip())
        yield replace(heading, text=f"{found[1]} {heading.text}", column=column, end_column=end_column, listed=True)


def _setext(lines: Sequence[str], kinds: Sequence[Kind], index: int) -> Heading | None:
    """A line of text that stands alone above ``===`` or ``---``. A longer paragraph above a rule is no heading."""
    if index == 0 or kinds[index - 1] is not Kind.TEXT:
        return None
    if index > 1 and kinds[index - 2] is Kind.TEXT and lines[index - 2].strip():
        return None
    return _underlined(lines, index)


def _underlined(lines: Sequence[str], index: int) -> Heading | None:
    """The heading whose underline the line at ``index`` may be."""
    found = _SETEXT.match(lines[index]) if 0 < index < len(lines) else None
    if not found:
        return None
    above = lines[index - 1]
    if not above.strip() or len(above) > MAX_TITLE or _NOT_PROSE.match(above) or above.startswith(("    ", "\t")):
        return None
    if above.rstrip()[-1] in "。；，、,;|":
        return None
    heading = line_heading(Markup.SETEXT, above, above, index - 1, level=1 if found[1][0] == "=" else 2)
    return replace(heading, end_line=index + 1, end_column=len(lines[index].rstrip()))
