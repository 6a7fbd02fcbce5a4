"""Where a code fence that was never closed must have ended: at the next question's heading."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from deckgen.chapters.evidence import Mark, mark_of
from deckgen.chapters.headings import Heading, Markup
from deckgen.markdown.lines import Fence
from deckgen.text.titles import folded, normalised_title, split_number

_CODE_OF_PAGES = frozenset(("html", "markdown", "md", "xml", "vue", "jsx", "htm"))


class Resumption:
    """Tells a question's heading in a fence that was never closed from a line of code."""

    def __init__(self, titles: frozenset[str], lines: Sequence[str]) -> None:
        self._titles = titles
        self._fences = {
            mark: [index for index, line in enumerate(lines) if line.lstrip("> \t").startswith(mark)]
            for mark in ("```", "~~~")
        }
        self._lines = lines
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
        if follows and split.number and heading.level > 1 and not heading.doubtful:
            return listed or self._stays_open(heading, fence)
        return listed and mark in self._last and (heading.level > 1 or bool(split.number))

    def _stays_open(self, heading: Heading, fence: Fence) -> bool:
        """Whether the next fence below is one that opens, or there is none: then nothing closes the open one."""
        below = self._fences[fence.mark[:3]]
        place = bisect_left(below, heading.line)
        return place == len(below) or bool(self._lines[below[place]].strip("> \t`~"))

    def _catch_up(self, before: Sequence[Heading]) -> None:
        for heading in before[self._seen :]:
            value = split_number(heading.text).value
            self._last[mark_of(heading)] = value or self._last.get(mark_of(heading), 0)
        self._seen = len(before)
