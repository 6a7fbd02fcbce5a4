"""A line that may mark a question or a category: how it is written, what it says, where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Markup(StrEnum):
    """How a heading is written; the levels of those without one are deeper than any heading's."""

    HTML = "html"
    ATX = "atx"
    SETEXT = "setext"
    BOLD = "bold"
    QA = "qa"
    PLAIN = "plain"
    SUMMARY = "summary"


LEVEL_OF_BOLD, LEVEL_OF_QA, LEVEL_OF_PLAIN, LEVEL_OF_LIST, LEVEL_OF_SUMMARY = 7, 8, 9, 10, 11
LEVEL_OF_BRACKETS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A line that may mark a question or a category.

    ``text`` is what stands between the marks, as written; lines and columns count from 1 and the end is the last
    character. ``flaw`` says what is wrong with its markup, in words. ``doubtful`` headings are written where GitHub
    shows no heading: only other evidence makes them one.
    """

    markup: Markup
    level: int
    text: str
    anchor: str
    line: int
    column: int
    end_line: int
    end_column: int
    flaw: str = ""
    doubtful: bool = False
    listed: bool = False
    """It is the first line of a list's item."""
    folds: int = 0
    """How many ``<details>`` are open above it."""
