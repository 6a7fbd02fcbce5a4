r"""Where the formulas of a Markdown text are: ``$…$``, ``$$…$$``, ``\(…\)``, ``\[…\]``, code maths; prices are none.

A formula is found before any Markdown is read, so that emphasis, tables, lists and HTML cannot damage it. Fences of
``math`` are code blocks to every parser and are left to it.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

from deckgen.markdown.formula_rules import is_inline_maths, is_latex, reads_as_maths


class Formula(Struct, frozen=True, kw_only=True):
    """``text[start:end]`` with its delimiters, which are ``opening`` and ``closing`` characters long."""

    start: int
    end: int
    opening: int
    closing: int
    display: bool
    in_table: bool = False
    quotes: int = 0
    """How many quote marks stand before each of its lines."""

    def latex(self, text: str) -> str:
        return text[self.start + self.opening : self.end - self.closing]


def find_formulas(text: str) -> tuple[Formula, ...]:
    r"""All formulas of ``text``, in order, none inside code; ``text`` has ``\n`` line ends."""
    return tuple(sorted(_find(text), key=lambda formula: formula.start))


# --- lines ------------------------------------------------------------------------------------------------------------


class _Line(NamedTuple):
    text: str
    start: int
    content: int
    """Offset within ``text`` behind quote marks, indentation and list markers."""
    body: str
    """The text from there on."""
    quotes: int
    marked: bool
    """A list marker stands before the content."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)


_CONTAINER = re.compile(r"((?:[ \t]*>)*)[ \t]*((?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)((?:[ \t]*>)*)[ \t]*")
_CONTAINERS = frozenset(" \t>-*+0123456789")
"""What a line begins with that may stand in a list or a quote."""
_FENCE = re.compile(r"(`{3,})[^`]*$|(~{3,})")
_DELIMITER_ROW = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_HEADING = re.compile(r"#{1,6}(?:[ \t]|$)|</?h[1-6]\b", re.IGNORECASE)


def _split(text: str) -> list[_Line]:
    lines, offset = [], 0
    for line in text.split("\n"):
        if line[:1] in _CONTAINERS and (found := _CONTAINER.match(line)):
            content, quotes = found.end(), found[1].count(">") + found[3].count(">")
            lines.append(_Line(line, offset, content, line[content:], quotes, bool(found[2])))
        else:
            lines.append(_Line(line, offset, 0, line, 0, False))
        offset += len(line) + 1
    return lines


def _fences(lines: list[_Line]) -> Iterator[list[_Line]]:
    """The lines of each code fence. In a quote it ends with the quote, in a list item with what is less indented."""
    inside: list[_Line] = []
    mark = ""
    for line in lines:
        if inside and _leaves(line, inside[0]):
            yield inside
            inside = []
        if not inside:
            if found := _FENCE.match(line.body):
                inside, mark = [line], found[1] or found[2]
            continue
        inside.append(line)
        stripped = line.text.strip(" \t>") if line.quotes <= inside[0].quotes else ""
        if len(stripped) >= len(mark) and not stripped.strip(mark[0]):
            yield inside
            inside = []
    if inside:
        yield inside


def _leaves(line: _Line, opener: _Line) -> bool:
    if opener.quotes:
        return line.quotes < opener.quotes
    if not opener.marked or not line.text.strip():
        return False
    return len(line.text) - len(line.text.lstrip()) < 2


def _columns(lines: list[_Line], fenced: set[int]) -> dict[int, int]:
    """Start offset of each table row → the number of the table's columns."""
    columns: dict[int, int] = {}
    index = 1
    while index < len(lines):
        line = lines[index]
        if line.start in fenced or "|" not in line.body or not _DELIMITER_ROW.match(line.body):
            index += 1
            continue
        count = _cells(line.body)
        first = index - 1
        while index < len(lines) and lines[index].text.strip() and lines[index].start not in fenced:
            index += 1
        columns.update((row.start, count) for row in lines[first:index] if "|" in row.body)
    return columns


def _cells(row: str) -> int:
    row = re.sub(r"\\.", "", row.strip()).removeprefix("|").removesuffix("|")
    return row.count("|") + 1


# --- display blocks ---------------------------------------------------------------------------------------------------

_MAX_BLOCK_LINES = 400


def _find(text: str) -> Iterator[Formula]:
    if "$" not in text and "\\" not in text:
        return
    lines = _split(text)
    may_fence = "```" in text or "~~~" in text
    fenced = {line.start for fence in _fences(lines) for line in fence} if may_fence else set[int]()
    columns = _columns(lines, fenced) if "|" in text else {}
    paragraph: list[_Line] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        opens = line.body[:1] in ("$", "\\") and line.start not in fenced and line.start not in columns
        block = _block(text, lines, index, fenced) if opens else None
        if line.start in fenced or not line.body.strip() or block or _begins_block(line, columns):
            if paragraph:
                yield from _inline(text, paragraph, columns)
            paragraph = []
        if block:
            formula, index = block
            yield formula
            # What stands behind the closing delimiter belongs to the paragraph that goes on.
            last = lines[index]
            rest = formula.end - last.start
            after = last.text[rest:]
            paragraph = [_Line(last.text, last.start, rest, after, last.quotes, False)] if after.strip() else []
        elif line.start not in fenced and line.body.strip():
            paragraph.append(line)
        index += 1
    if paragraph:
        yield from _inline(text, paragraph, columns)


def _begins_block(line: _Line, columns: dict[int, int]) -> bool:
    return line.marked or line.start in columns or (line.body[:1] in "#<" and bool(_HEADING.match(line.body)))


def _block(text: str, lines: list[_Line], index: int, fenced: set[int]) -> tuple[Formula, int] | None:
    """The display formula that begins this line and closes on a later one, with that line's index."""
    opener = lines[index]
    body = opener.body.rstrip()
    if body == "$":
        return _lone_dollars(text, lines, index, fenced)
    if body.startswith("$$"):
        mark = "$$"
    elif body.startswith("\\["):
        mark = "\\]"
    else:
        return None
    if _closer(body, mark, 2) >= 0:
        return None
    blank = False
    for number in range(index + 1, min(len(lines), index + _MAX_BLOCK_LINES)):
        line = lines[number]
        if line.start in fenced or _HEADING.match(line.body) or line.quotes < opener.quotes:
            return None
        if not line.text.strip(" \t>"):
            blank = True
            continue
        at = _closer(line.text, mark, 0)
        if at < 0:
            continue
        start, end = opener.start + opener.content, line.start + at + 2
        content = text[start + 2 : end - 2]
        if not content.strip() or (blank and not is_latex(content)):
            return None
        return _formula(text, start, end, 2, display=True, quotes=opener.quotes), number
    return None


def _lone_dollars(text: str, lines: list[_Line], index: int, fenced: set[int]) -> tuple[Formula, int] | None:
    opener = lines[index]
    for number in range(index + 1, min(len(lines), index + _MAX_BLOCK_LINES)):
        line = lines[number]
        if line.start in fenced or not line.text.strip(" \t>") or _HEADING.match(line.body):
            return None
        if line.body.rstrip() == "$":
            start, end = opener.start + opener.content, line.start + line.content + 1
            content = text[start + 1 : end - 1]
            if not is_latex(content):
                return None
            return _formula(text, start, end, 1, display=True, quotes=opener.quotes), number
    return None


def _closer(body: str, mark: str, start: int) -> int:
    for found in re.finditer(r"\\\\|\\\$|\\\]|\$\$", body[start:]):
        if found[0] == mark:
            return start + found.start()
    return -1


# --- within a paragraph -----------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""(?P<slashes>\\\\)
    | (?P<opened>\\[(\[])
    | (?P<closed>\\[)\]])
    | (?P<escaped>\\.)
    | (?P<ticks>`+)
    | (?P<comment><!--.{0,1000}?-->)
    | (?P<tag></?[A-Za-z][A-Za-z0-9-]*(?:[ \t\n]+[^<>$]*)?/?>|<[A-Za-z][A-Za-z0-9+.-]+:[^\s<>]*>)
    | (?P<target>\]\([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*\)|^[ ]{0,3}\[[^\]\n]+\]:[^\n]*$)
    | (?P<url>https?://[!-;=?-~]*)
    | (?P<dollars>\$+)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def _inline(text: str, lines: list[_Line], columns: dict[int, int]) -> Iterator[Formula]:
    start, end = lines[0].start + lines[0].content, lines[-1].end
    if "$" not in text[start:end] and "\\" not in text[start:end]:
        return
    first = lines[0]
    room = columns.get(first.start)
    excess = None if room is None else _cells(first.body) - room
    yield from _Scanner(text, start, end, quotes=first.quotes, excess=excess).formulas()


class _Scanner:
    """Reads one paragraph, or one table row, from left to right, once.

    ``excess``: how many bars the row has beyond its table's borders; None outside a table.
    """

    def __init__(self, text: str, start: int, end: int, *, quotes: int, excess: int | None) -> None:
        self.text = text
        self.start, self.end = start, end
        self.tokens = list(_TOKEN.finditer(text, start, end))
        self.starts = [token.start() for token in self.tokens]
        self.places: dict[str, list[int]] = {}
        for index, token in enumerate(self.tokens):
            self.places.setdefault(token[0], []).append(index)
        self.quotes = quotes
        self.excess = excess

    @cached_property
    def ticks(self) -> dict[int, list[int]]:
        """Where runs of so many backticks begin."""
        ticks: dict[int, list[int]] = {}
        for run in re.compile("`+").finditer(self.text, self.start, self.end):
            ticks.setdefault(len(run[0]), []).append(run.start())
        return ticks

    def formulas(self) -> Iterator[Formula]:
        index = 0
        while index < len(self.tokens):
            formula, index = self._at(index)
            if formula:
                yield formula

    def _at(self, index: int) -> tuple[Formula | None, int]:
        """The formula that opens with this token, if one does, and the index of the token to go on with."""
        token = self.tokens[index]
        match token.lastgroup:
            case "ticks":
                return None, self._after_code(index)
            case "opened":
                return self._slashed(index)
            case "dollars" if len(token[0]) == 1:
                return self._code_maths(index) or self._dollars(index)
            case "dollars" if len(token[0]) == 2:
                return self._double(index)
            case _:
                return None, index + 1

    def _next(self, index: int, text: str) -> int:
        """The index of the next token that reads ``text``, the number of tokens if there is none."""
        places = self.places.get(text, [])
        found = bisect_right(places, index)
        return places[found] if found < len(places) else len(self.tokens)

    def _code_end(self, index: int) -> int:
        """Where the code span that opens with this token ends; 0 if it is none. Nothing is escaped inside code."""
        token = self.tokens[index]
        runs = self.ticks.get(len(token[0]), [])
        found = bisect_right(runs, token.start())
        return runs[found] + len(token[0]) if found < len(runs) else 0

    def _after_code(self, index: int) -> int:
        end = self._code_end(index)
        return bisect_left(self.starts, end) if end else index + 1

    def _code_maths(self, index: int) -> tuple[Formula | None, int] | None:
        token = self.tokens[index]
        if index + 1 >= len(self.tokens) or self.tokens[index + 1].start() != token.end():
            return None
        ticks = self.tokens[index + 1]
        end = self._code_end(index + 1) if ticks.lastgroup == "ticks" else 0
        if not end or end >= self.end or self.text[end] != "$":
            return None
        formula = self._accept(token.start(), end + 1, 1 + len(ticks[0]), display=False)
        return formula, bisect_left(self.starts, end + 1)

    def _slashed(self, index: int) -> tuple[Formula | None, int]:
        token = self.tokens[index]
        display = token[0] == "\\["
        closer = self._next(index, "\\]" if display else "\\)")
        if closer >= len(self.tokens) or min(self._next(index, "\\("), self._next(index, "\\[")) < closer:
            return None, index + 1
        start, end = token.start(), self.tokens[closer].end()
        word_before = start > 0 and self.text[start - 1].isascii() and self.text[start - 1].isalnum()
        if not reads_as_maths(self.text[start + 2 : end - 2], word_before=word_before, display=display):
            return None, index + 1
        return self._accept(start, end, 2, display=display), closer + 1

    def _double(self, index: int) -> tuple[Formula | None, int]:
        closer = self._next(index, "$$")
        if closer >= len(self.tokens) or self.tokens[closer][0] != "$$":
            return None, index + 1
        start, end = self.tokens[index].start(), self.tokens[closer].end()
        content = self.text[start + 2 : end - 2]
        if not content.strip() or content.startswith("]"):
            return None, closer + 1
        return self._accept(start, end, 2, display=True), closer + 1

    def _dollars(self, index: int) -> tuple[Formula | None, int]:
        closer = index + 1
        while closer < len(self.tokens) and self.tokens[closer].lastgroup != "dollars":
            if self.tokens[closer].lastgroup == "ticks" and self._code_end(closer):
                return None, closer
            closer += 1
        if closer >= len(self.tokens) or len(self.tokens[closer][0]) > 2:
            return None, closer
        start, end = self.tokens[index].start(), self.tokens[closer].start() + 1
        after = self.text[end : end + 1]
        if not is_inline_maths(self.text[start + 1 : end - 1], after):
            return None, closer
        formula = self._accept(start, end, 1, display=False)
        if len(self.tokens[closer][0]) == 2 and (second := _TOKEN.match(self.text, end, end + 1)):
            # ``$a$$b$``: the second dollar opens the next formula.
            self.tokens[closer] = second
            return formula, closer
        return formula, closer + 1 if formula else closer

    def _accept(self, start: int, end: int, size: int, *, display: bool) -> Formula | None:
        in_table = self.excess is not None
        if self.excess is not None and (bars := len(re.findall(r"(?<!\\)\|", self.text[start:end]))):
            # A bar inside a formula is no cell border, where the row has more of them than the table has columns.
            if bars > self.excess:
                return None
            self.excess -= bars
        return _formula(self.text, start, end, size, display=display, in_table=in_table, quotes=self.quotes)


_NESTED = ((re.compile(r"\s*\\\(.*\\\)\s*", re.DOTALL), False), (re.compile(r"\s*\\\[.*\\\]\s*", re.DOTALL), True))


def _formula(
    text: str, start: int, end: int, size: int, *, display: bool, quotes: int = 0, in_table: bool = False
) -> Formula:
    r"""Delimiters inside delimiters, ``$\( x \)$``, are one pair; the inner one says how the formula is set."""
    content = text[start + size : end - size]
    opening = closing = size
    for pattern, inner_display in _NESTED:
        if pattern.fullmatch(content) and not re.search(r"\\[()\[\]]", content.strip()[2:-2]):
            opening += len(content) - len(content.lstrip()) + 2
            closing += len(content) - len(content.rstrip()) + 2
            display = inner_display
    return Formula(
        start=start, end=end, opening=opening, closing=closing, display=display, quotes=quotes, in_table=in_table
    )
