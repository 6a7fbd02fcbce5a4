"""Headings that are written in HTML, on one line or over a few, and what is wrong with their tags."""

import html
import re
from collections.abc import Iterator, Sequence

from deckgen.chapters.heading import Heading, Markup
from deckgen.markdown.inline import mask_code, mask_comments

_OPEN_HEADING = re.compile(r"<h([1-6])(?=[\s>])", re.IGNORECASE)
_CLOSE_HEADING = re.compile(r"</h([1-6])\s*>", re.IGNORECASE)
_ID = re.compile(r"\b(?:id|name)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_EMPTY_ANCHOR = re.compile(r"<a\s[^<>]*>\s*</a\s*>|<a\s[^<>]*/>", re.IGNORECASE)
_ONLY_TAGS = re.compile(r"[\s>*+-]*(?:<[^<>]*>[ \t]*)*")
_MAX_HTML_LINES = 4


def headings_of_html(lines: Sequence[str], index: int) -> Iterator[Heading]:
    """Each ``<h2 …>…</h2>`` that begins on the line."""
    line = lines[index]
    masked = mask_code(mask_comments(line))
    opening = _OPEN_HEADING.search(masked)
    position = 0
    while opening:
        before = masked[position : opening.start()]
        closing = _CLOSE_HEADING.search(masked, opening.end())
        if closing is None:
            found = _open_ended(lines, index, opening, before)
            if found is not None:
                yield found
            return
        found = _html_heading(line, index, opening, closing, before)
        if found is not None:
            yield found
        position = closing.end()
        opening = _OPEN_HEADING.search(masked, position)


def split_anchor(text: str) -> tuple[str, str]:
    """A Markdown heading's text without the empty ``<a id=…>`` in it, and the id; the text as it is without one."""
    found = _ID.search(text)
    return (_EMPTY_ANCHOR.sub("", text).strip(), _first_group(found)) if found else (text, "")


def _html_heading(line: str, index: int, opening: re.Match[str], closing: re.Match[str], before: str) -> Heading | None:
    flaw = "" if opening[1] == closing[1] else f"<h{opening[1]}> is closed by </h{closing[1]}>"
    start = _tag_end(line, opening.end(), closing.start())
    if start is None:
        start = line.find(">", opening.end(), closing.start()) + 1
        flaw = "a quotation mark in its tag is never closed"
    if start == 0:
        return None
    attributes = "" if flaw.startswith("a quotation") else line[opening.end() : start - 1]
    glued = not _only_markup(before)
    return Heading(
        markup=Markup.HTML,
        level=int(opening[1]),
        text=_EMPTY_ANCHOR.sub("", line[start : closing.start()]).strip(),
        anchor=html.unescape(_first_group(_ID.search(attributes))),
        line=index + 1,
        column=opening.start() + 1,
        end_line=index + 1,
        end_column=closing.end(),
        flaw=flaw or ("text stands before it on its line" if glued else ""),
        doubtful=glued or line.startswith(("    ", "\t")),
    )


def _open_ended(lines: Sequence[str], index: int, opening: re.Match[str], before: str) -> Heading | None:
    """A heading whose end is on a later line, or nowhere: then it ends with its line."""
    line = lines[index]
    rest = line[opening.end() :]
    for other in range(index + 1, min(index + _MAX_HTML_LINES, len(lines))):
        if not lines[other].strip() or _OPEN_HEADING.search(lines[other]):
            break
        closing = _CLOSE_HEADING.search(lines[other])
        if closing:
            rest = "\n".join((rest, *lines[index + 1 : other], lines[other][: closing.start()]))
            end = _tag_end(rest, 0, len(rest))
            if end is None:
                break
            return Heading(
                markup=Markup.HTML,
                level=int(opening[1]),
                text=" ".join(_EMPTY_ANCHOR.sub("", rest[end:]).split()),
                anchor=html.unescape(_first_group(_ID.search(rest[: end - 1]))),
                line=index + 1,
                column=opening.start() + 1,
                end_line=other + 1,
                end_column=closing.end(),
                doubtful=not _only_markup(before),
            )
    rest = line[opening.end() :]
    start = _tag_end(rest, 0, len(rest)) or rest.find(">") + 1
    if start == 0 or not rest[start:].strip():
        return None
    return Heading(
        markup=Markup.HTML,
        level=int(opening[1]),
        text=re.sub(r"<h[1-6]\s*>\s*$", "", rest[start:], flags=re.IGNORECASE).strip(),
        anchor=html.unescape(_first_group(_ID.search(rest[: start - 1]))),
        line=index + 1,
        column=opening.start() + 1,
        end_line=index + 1,
        end_column=len(line.rstrip()),
        flaw=f"<h{opening[1]}> is never closed",
        doubtful=not _only_markup(before),
    )


def _tag_end(text: str, start: int, limit: int) -> int | None:
    """The position after the ``>`` that ends a tag, as a browser reads it; None where a quotation mark stays open."""
    quote = ""
    for position in range(start, limit):
        character = text[position]
        if quote:
            if character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == ">":
            return position + 1
    return None


def _only_markup(text: str) -> bool:
    return not text.strip() or _ONLY_TAGS.fullmatch(text) is not None


def _first_group(found: re.Match[str] | None) -> str:
    return next((group for group in found.groups() if group is not None), "") if found else ""
