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
_REST_OF_TAG = re.compile(r"(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>")
_OPENED_AGAIN = re.compile(r"<h[1-6]\s*>\s*$", re.IGNORECASE)
_ONLY_TAGS = re.compile(r"[\s>*+-]*(?:<[^<>]*>[ \t]*)*")
_MAX_HTML_LINES = 4


def headings_of_html(lines: Sequence[str], index: int) -> Iterator[Heading]:
    """Each ``<h2 …>…</h2>`` that begins on the line."""
    masked = mask_code(mask_comments(lines[index]))
    position = 0
    while opening := _OPEN_HEADING.search(masked, position):
        closing = _CLOSE_HEADING.search(masked, opening.end())
        glued = _ONLY_TAGS.fullmatch(masked, position, opening.start()) is None
        if (found := _heading(lines, index, opening, closing, glued=glued)) is not None:
            yield found
        if closing is None:
            return
        position = closing.end()


def split_anchor(text: str) -> tuple[str, str]:
    """A Markdown heading's text without the empty ``<a id=…>`` in it, and the id; the text as it is without one."""
    found = _ID.search(text)
    return (_EMPTY_ANCHOR.sub("", text).strip(), _first_group(found)) if found else (text, "")


def _heading(
    lines: Sequence[str], index: int, opening: re.Match[str], closing: re.Match[str] | None, *, glued: bool
) -> Heading | None:
    """A heading that is closed on its line, on a later one, or nowhere: then it ends with its line."""
    line = lines[index]
    inner, last, end_column = line[opening.end() :], index, len(line.rstrip())
    flaw = f"<h{opening[1]}> is never closed"
    if closing:
        inner, end_column = line[opening.end() : closing.start()], closing.end()
        flaw = "" if opening[1] == closing[1] else f"<h{opening[1]}> is closed by </h{closing[1]}>"
        flaw = flaw or ("text stands before it on its line" if glued else "")
    elif below := _closed_below(lines, index, inner):
        inner, last, end_column = below
        flaw = ""
    start = _tag_end(inner)
    quote_open = start == 0 and closing is not None
    start = start or inner.find(">") + 1
    text, attributes = inner[start:], "" if quote_open else inner[: start - 1]
    unclosed = closing is None and last == index
    if start == 0 or (unclosed and not text.strip()):
        return None
    text = _OPENED_AGAIN.sub("", text) if unclosed else _EMPTY_ANCHOR.sub("", text)
    return Heading(
        markup=Markup.HTML,
        level=int(opening[1]),
        text=" ".join(text.split()) if last > index else text.strip(),
        anchor=html.unescape(_first_group(_ID.search(attributes))),
        line=index + 1,
        column=opening.start() + 1,
        end_line=last + 1,
        end_column=end_column,
        flaw="a quotation mark in its tag is never closed" if quote_open else flaw,
        doubtful=glued or (closing is not None and line.startswith(("    ", "\t"))),
    )


def _closed_below(lines: Sequence[str], index: int, rest: str) -> tuple[str, int, int] | None:
    """What is inside a heading that goes on below its line, the index of its last line, and where it ends there."""
    for other in range(index + 1, min(index + _MAX_HTML_LINES, len(lines))):
        if not lines[other].strip() or _OPEN_HEADING.search(lines[other]):
            break
        if closing := _CLOSE_HEADING.search(lines[other]):
            inner = "\n".join((rest, *lines[index + 1 : other], lines[other][: closing.start()]))
            return (inner, other, closing.end()) if _tag_end(inner) else None
    return None


def _tag_end(text: str) -> int:
    """The position after the ``>`` that ends a tag, as a browser reads it; 0 where a quotation mark stays open."""
    found = _REST_OF_TAG.match(text)
    return found.end() if found else 0


def _first_group(found: re.Match[str] | None) -> str:
    return next((group for group in found.groups() if group is not None), "") if found else ""
