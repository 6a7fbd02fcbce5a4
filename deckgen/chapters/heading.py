"""A line that may mark a question or a category: how it is written, what it says, where it stands."""

from enum import StrEnum
from functools import cache
from typing import NamedTuple

from msgspec import Struct


class Markup(StrEnum):
    """How a heading is written; the levels of those without one are deeper than any heading's."""

    HTML = "html"
    ATX = "atx"
    SETEXT = "setext"
    BOLD = "bold"
    QA = "qa"
    PLAIN = "plain"
    SUMMARY = "summary"
    ROW = "row"
    """Of a table with a column of questions and one of answers."""
    CARD = "card"
    """``question::answer``, or a paragraph above a line of ``?``, as Obsidian's plugins read them."""

    ITEM = "item"
    """Of a list, with the answer further in; a quoted line; a folded note called ``question``."""


MAX_TITLE = 300
_LEVELS = {kind: level for level, kind in enumerate(("bold", "qa", "plain", "summary", "row", "card", "item"), 7)}
LEVEL_OF_LIST, LEVEL_OF_BRACKETS, LEVEL_OF_HAN = 20, 21, 22
"""Numbered lines that are another way than ``1、``: ``1. ``, ``1)`` and ``（1）``, ``一、``."""
LEVEL_OF_ANY_ROW, LEVEL_OF_LETTERS, LEVEL_OF_ASKING = 23, 24, 25
"""Rows of tables that name no column of questions, which only a setting makes cards; ``A.1. 标题``; lines that ask."""


class Mark(NamedTuple):
    """A way of writing headings: ATX and setext headings of one level are one way."""

    markup: Markup
    level: int

    def __str__(self) -> str:
        return "#" * self.level if self.markup is Markup.ATX else _WAYS[self.markup][0].format(self.level)

    @property
    def settings(self) -> tuple[str, ...]:
        """The values of a chapter's ``headings`` that allow such headings."""
        return _WAYS[self.markup][1:]

    @property
    def choice(self) -> str:
        """The line of a chapter's settings that makes such headings its questions."""
        return f"question_level = {self.level}" if self.is_outline else f'headings = "{self.settings[0]}"'

    @property
    def is_outline(self) -> bool:
        """A heading to Markdown or HTML, not a line that only its words make one."""
        return self.markup in (Markup.HTML, Markup.ATX)

    @property
    def holds_answer(self) -> bool:
        """Whether what answers such a question stands on its own lines."""
        return self.markup in (Markup.ROW, Markup.CARD)


_WAYS = {
    Markup.HTML: ("<h{}>", "html"),
    Markup.ATX: ("#", "atx", "setext"),
    Markup.BOLD: ("bold lines", "numbered"),
    Markup.PLAIN: ("numbered lines", "numbered"),
    Markup.QA: ("Q：/A： lines", "qa"),
    Markup.SUMMARY: ("<summary> lines", "folds"),
    Markup.ROW: ("rows of tables", "tables"),
    Markup.CARD: ("question::answer lines", "cards"),
    Markup.ITEM: ("items and quoted lines", "items"),
}
"""What such headings are called, and the settings that allow them."""


@cache
def _mark(markup: Markup, level: int) -> Mark:
    return Mark(Markup.ATX if markup is Markup.SETEXT else markup, level)


class Heading(Struct, frozen=True, kw_only=True):
    """A line that may mark a question or a category.

    ``text`` is what stands between the marks, as written; lines and columns count from 1 and the end is the last
    character. ``flaw`` says what is wrong with its markup, in words. ``doubtful`` headings are written where GitHub
    shows no heading: only other evidence makes them one.
    """

    markup: Markup
    level: int
    text: str
    line: int
    column: int
    end_line: int
    end_column: int
    anchor: str = ""
    flaw: str = ""
    doubtful: bool = False
    listed: bool = False
    """It is the first line of a list's item."""
    folds: int = 0
    """How many ``<details>`` are open above it."""
    answer: str | None = None
    """Of a table's row: it ends with its line."""

    @property
    def mark(self) -> Mark:
        return _mark(self.markup, self.level)


def line_heading(
    markup: Markup, text: str, line: str, index: int, *, level: int = 0, in_html: bool = False, listed: bool = False
) -> Heading:
    """A line of text that is a question's by what it says; Markdown knows no heading there."""
    return Heading(
        markup=markup,
        level=level or _LEVELS[markup],
        text=text.strip(),
        line=index + 1,
        column=len(line) - len(line.lstrip()) + 1,
        end_line=index + 1,
        end_column=len(line.rstrip()),
        doubtful=in_html or len(text) > MAX_TITLE,
        listed=listed,
    )
