"""Where a code fence that was never closed must have ended: at the next question's heading."""

from __future__ import annotations

from collections.abc import Sequence

from deckgen.markup.lines import Fence
from deckgen.parse.evidence import Mark, mark_of
from deckgen.parse.headings import Heading, Markup
from deckgen.titles import folded, normalised_title, split_number

_CODE_OF_PAGES = frozenset(("html", "markdown", "md", "xml", "vue", "jsx", "htm"))


class Resumption:
    """Tells a question's heading in a fence that was never closed from a line of code."""

    def __init__(self, titles: frozenset[str]) -> None:
        self._titles = titles
        self._seen = 0
        self._last: dict[Mark, int] = {}

    def __call__(self, heading: Heading, fence: Fence, before: Sequence[Heading]) -> bool:
        self._catch_up(before)
        mark = mark_of(heading)
        info = fence.info.split()[0].lower() if fence.info else ""
        if heading.markup not in (Markup.HTML, Markup.ATX) or info in _CODE_OF_PAGES:
            return False
        split = split_number(heading.text)
        follows = mark in self._last and split.value == self._last[mark] + 1
        listed = not self._titles.isdisjoint(
            key for key in (folded(heading.text), normalised_title(heading.text)) if key
        )
        if heading.markup is Markup.HTML:
            return listed or (follows and not heading.doubtful)
        return listed and mark in self._last and (heading.level > 1 or bool(split.number))

    def _catch_up(self, before: Sequence[Heading]) -> None:
        for heading in before[self._seen :]:
            value = split_number(heading.text).value
            self._last[mark_of(heading)] = value or self._last.get(mark_of(heading), 0)
        self._seen = len(before)
