"""What each line of a chapter is part of: text, code, a comment, raw HTML or front matter; knows no heading."""

import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property

from msgspec import Struct

from deckgen.markdown.inline import mask_code

_FENCE = re.compile(r"((?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t])))*[ \t]*)(`{3,}|~{3,})(.*)")
_MARKER = re.compile(r"[ \t]*([-*+]|\d{1,9}[.)])([ \t]+|$)")
_RAW_OPEN = re.compile(r" {0,3}<(pre|script|style|textarea)(?=[\s>]|$)", re.IGNORECASE)
_RAW_CLOSE = re.compile(r"</(?:pre|script|style|textarea)>", re.IGNORECASE)
_HTML_BLOCK = re.compile(
    r" {0,3}</?(?:address|article|aside|blockquote|body|center|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|"
    r"form|header|iframe|li|main|nav|ol|p|section|summary|table|tbody|td|tfoot|th|thead|tr|ul)(?=[\s/>]|$)",
    re.IGNORECASE,
)
_BLOCK_START = re.compile(r"[ \t]*(?:[-*+>#<]|\d{1,9}[.)]|`{3}|~{3})")
_COMMENT = re.compile(r"(<!--)|-->")
_TITLE = re.compile(r"title\s*:\s*(.+)")
_MAX_FRONT_LINES = 200


class Kind(StrEnum):
    """What a line is part of."""

    TEXT = "text"
    CODE = "code"
    COMMENT = "comment"
    RAW = "raw"
    FRONT = "front"


class Fence(Struct, frozen=True, kw_only=True):
    """An opened code fence. ``line`` is its index from 0, ``column`` that of its first backtick or tilde."""

    line: int
    column: int
    mark: str
    info: str
    offset: int
    """Where the content of the list item that holds it begins; a line further left ends it."""
    quoted: bool


class RawElement(Struct, frozen=True, kw_only=True):
    """An opened ``<pre>``, ``<script>``, ``<style>`` or ``<textarea>``; ``line`` and ``column`` count from 0."""

    line: int
    column: int
    name: str


class FrontMatter(Struct, frozen=True, kw_only=True):
    """The YAML at the top of a chapter: how many lines it takes, and the title it gives."""

    lines: int
    title: str


def line_kinds(lines: Sequence[str], *, fence_ends: Sequence[int] = ()) -> list[Kind]:
    """What each line is part of; ``fence_ends`` are lines, from 1, before which what was left open was taken to end."""
    tracker = BlockTracker(lines, read_front_matter(lines))
    ends = frozenset(fence_ends)
    kinds = []
    for index in range(len(lines)):
        if index + 1 in ends:
            tracker.abandon()
        kinds.append(tracker.feed(index))
    return kinds


class BlockTracker:
    """Is fed the lines in order and tells for each what it is part of.

    A fence, an element or a comment that nothing closes does not swallow the rest: fences and elements are ended by
    ``abandon``, called by whoever sees that a question begins, and a comment without an end is no comment.
    """

    def __init__(self, lines: Sequence[str], front: FrontMatter) -> None:
        self.fence: Fence | None = None
        self.raw: RawElement | None = None
        self.unclosed_raw: list[RawElement] = []
        self.unclosed_fences: list[Fence] = []
        self.reopened_fences: list[tuple[Fence, int]] = []
        """Closed fences with a line inside that would open another, and that line's index from 0."""
        self.unclosed_comments: list[tuple[int, int]] = []
        """Index and column from 0."""
        self.in_html = False
        """A line of text that is part of an HTML block, where Markdown is not read."""
        self._lines = lines
        self._front = front.lines
        self._open_comments = left_open(lines, _COMMENT)
        self._no_comment_end_before = -1
        self._opening_inside = -1
        self._state = Kind.TEXT
        self._offsets: list[int] = []
        self._after_blank = True

    def feed(self, index: int) -> Kind:
        line = self._lines[index]
        if index < self._front:
            return Kind.FRONT
        if self.fence is not None and self._in_fence(index, line):
            return Kind.CODE
        if self._state is Kind.COMMENT:
            if "-->" in line:
                self._state = Kind.TEXT
            return Kind.COMMENT
        if self.raw is not None:
            if _RAW_CLOSE.search(line):
                self.raw = None
            return Kind.RAW
        return self._text(index, line)

    def abandon(self) -> None:
        """The open fence or element ends before the next line, as its author meant, or with the chapter."""
        if self.fence is not None:
            self.unclosed_fences.append(self.fence)
            self.fence = None
        if self.raw is not None:
            self.unclosed_raw.append(self.raw)
            self.raw = None

    def _in_fence(self, index: int, line: str) -> bool:
        """Whether the line is inside the open fence or closes it."""
        fence = self.fence
        assert fence is not None
        text = line.strip()
        if (text and fence.offset and _indent(line) < fence.offset) or (
            fence.quoted and not line.lstrip().startswith(">")
        ):
            self.abandon()
            return False
        if fence.quoted:
            text = text.lstrip("> \t")
        if text.startswith(fence.mark):
            if text.strip(fence.mark[0]):
                self._opening_inside = index
            else:
                if self._opening_inside > fence.line:
                    self.reopened_fences.append((fence, self._opening_inside))
                self.fence = None
        return True

    def _text(self, index: int, line: str) -> Kind:
        blank = not line.strip()
        if blank:
            self._after_blank, self.in_html = True, False
            return Kind.TEXT
        self._track_list(line)
        self._after_blank = False
        if ("```" in line or "~~~" in line) and (found := _FENCE.match(line)) and not _is_code_span(found):
            self._open_fence(index, found)
            return Kind.CODE
        if "<" not in line:
            return Kind.TEXT
        if (found := _RAW_OPEN.match(line)) and not _RAW_CLOSE.search(line):
            raw = RawElement(line=index, column=found.start(1) - 1, name=found[1].lower())
            if index < self._last_raw_end:
                self.raw = raw
                return Kind.RAW
            self.unclosed_raw.append(raw)
        if "<!--" in line and self._opens_comment(index, line):
            self._state = Kind.COMMENT
            return Kind.COMMENT
        if _HTML_BLOCK.match(line):
            self.in_html = True
        return Kind.TEXT

    @cached_property
    def _last_raw_end(self) -> int:
        """The index of the last line that closes an element."""
        lines = self._lines
        return next((index for index in range(len(lines) - 1, -1, -1) if _RAW_CLOSE.search(lines[index])), -1)

    def _open_fence(self, index: int, found: re.Match[str]) -> None:
        quoted = ">" in found[1]
        self.fence = Fence(
            line=index,
            column=found.start(2),
            mark=found[2],
            info=found[3].strip(),
            offset=0 if quoted or not self._offsets else self._offsets[-1],
            quoted=quoted,
        )

    def _opens_comment(self, index: int, line: str) -> bool:
        masked = mask_code(line)
        start = masked.rfind("<!--")
        if start < 0 or masked.find("-->", start) >= 0:
            return False
        if index in self._open_comments:
            self.unclosed_comments.append((index, start))
            return False
        # In the middle of a paragraph a comment ends with the paragraph; at its start it runs over blank lines.
        return not masked[:start].strip() or self._ends_in_paragraph(index)

    def _ends_in_paragraph(self, index: int) -> bool:
        if index < self._no_comment_end_before:
            return False
        for other in range(index + 1, len(self._lines)):
            if "-->" in self._lines[other]:
                return True
            if not self._lines[other].strip():
                self._no_comment_end_before = other
                return False
        return False

    def _track_list(self, line: str) -> None:
        """Keeps the content offsets of the list items that are open."""
        if not self._offsets and line[0].isalpha():
            return
        indent = _indent(line)
        if self._offsets and indent < self._offsets[-1] and (self._after_blank or _BLOCK_START.match(line)):
            while self._offsets and indent < self._offsets[-1]:
                self._offsets.pop()
        outer = self._offsets[-1] if self._offsets else 0
        if indent < outer + 4 and (found := _MARKER.match(line)):
            gap = len(found[2].expandtabs(4))
            self._offsets.append(indent + len(found[1]) + (gap if 1 <= gap <= 4 else 1))


def read_front_matter(lines: Sequence[str]) -> FrontMatter:
    """The YAML between two ``---`` lines at the top; 0 lines where there is none."""
    none = FrontMatter(lines=0, title="")
    if not lines or lines[0].rstrip() != "---":
        return none
    for index in range(1, min(len(lines), _MAX_FRONT_LINES)):
        line = lines[index]
        if line.rstrip() in ("---", "..."):
            inner = lines[1:index]
            titles = (found[1] for text in inner if (found := _TITLE.match(text)))
            title = next(titles, "").strip().strip("\"'")
            return FrontMatter(lines=index + 1, title=title) if any(":" in text for text in inner) else none
        if line.strip() and not re.match(r"\s*[\w.-]+\s*:(?:\s|$)|\s*-\s|\s*#|\s", line):
            break
    return none


def left_open(lines: Sequence[str], mark: re.Pattern[str]) -> Counter[int]:
    """How many openings of each line, by index, nothing closes.

    ``mark`` finds openings, which are its first group, and closings; each of these closes the last open one.
    """
    waiting: list[int] = []
    for index, line in enumerate(lines if mark.search("\n".join(lines)) else ()):
        for found in mark.finditer(line):
            if found[1]:
                waiting.append(index)
            elif waiting:
                waiting.pop()
    return Counter(waiting)


def _is_code_span(found: re.Match[str]) -> bool:
    """Three backticks with another one on the line are code within a paragraph."""
    return found[2][0] == "`" and "`" in found[3]


def _indent(line: str) -> int:
    """Columns of white space at the start, a tab reaching the next multiple of four."""
    start = line[: len(line) - len(line.lstrip(" \t"))]
    return len(start.expandtabs(4)) if "\t" in start else len(start)
