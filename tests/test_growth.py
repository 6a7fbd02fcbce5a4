"""Twice as much of anything is at most 2.3 times the work, by counted lines of our own code, and takes seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from deckgen.markdown import parse_document
from deckgen.markdown.depth import MAX_CHARACTERS
from deckgen.markdown.gfm import _LONG_LINE
from deckgen.markdown.unsafe import find_unsafe
from deckgen.model import Context, Dialect, Markdown
from deckgen.render.cardhtml import card_html

KINDS = [
    *(
        "&",
        ">",
        "*a",
        "**a",
        "[",
        "](",
        "$",
        "$x",
        "$$\n",
        "\\(",
        "`",
        "`a``",
        "<",
        "<b>",
        "<a ",
        "|a",
        "_a",
        "~",
        "[[",
    ),
    *(
        "[sound:",
        "{{",
        "www.a.b ",
        "a@b.c ",
        "&lt;",
        "a\u0338",
        "中**文**",
        "<!-- a -->",
        "<!-- deckgen: ignore=x -->\n",
    ),
    *("![a](b.png)\n", "[a](b) ", "[a]: b\n", "[^1]", "- a\n", "> a\n", "- ", "# a\n\n", "```\n", "```math\nx\n```\n"),
    *("|a|b|\n|-|-|\n", "<kbd>\\\\(</kbd>", '<b onclick=x title="', "<script>", "$\\frac{$ "),
]
GROWTH = 2.3
SIZE = 21_000
"""Long enough that the shorter text is one long line too, which is read another way than a short one."""


def read(text: str) -> None:
    document = parse_document(Markdown(text), Context(dialect=Dialect.GFM))
    find_unsafe(document)
    card_html(document.html, chapter="a.md", images={})


def lines_run(work: Callable[[], None]) -> int:
    """How many lines of deckgen's own modules are run."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if "deckgen" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_work_grows_with_the_text(kind: str) -> None:
    assert _LONG_LINE < SIZE < 2 * SIZE <= MAX_CHARACTERS  # both are read in the same way
    once, twice = (lines_run(lambda size=size: read(kind * (size // len(kind)))) for size in (SIZE, 2 * SIZE))
    assert twice <= GROWTH * once + 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_text_takes_seconds_and_no_minutes(kind: str) -> None:
    """What libraries and patterns do is in no count; a quadratic kind took 25 seconds or more."""
    started = time.process_time()
    read(kind * (50_000 // len(kind)))
    assert time.process_time() - started < 5
