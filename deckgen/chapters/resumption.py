"""Where a code fence or an element that was never closed must have ended: at the next question's heading."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property

from deckgen.chapters.contents import titles_in_contents
from deckgen.chapters.heading import Heading, Mark, Markup
from deckgen.chapters.shown import OPENING_DETAILS
from deckgen.markdown.lines import Fence, RawElement
from deckgen.text.titles import ask_score, folded, normalised_title, split_number

_SWALLOWED = 3
"""So many headings of one mark are no text within an element."""
_CODE_OF_PAGES = frozenset(("html", "markdown", "md", "xml", "vue", "jsx", "htm"))


class Resumption:
    """Tells a question's heading in a fence that was never closed from a line of code."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._seen = 0
        self._last: dict[Mark, int] = {}

    @cached_property
    def _titles(self) -> frozenset[str]:
        return titles_in_contents(self._lines)

    def __call__(self, heading: Heading, within: Fence | RawElement, before: Sequence[Heading]) -> bool:
        for earlier in before[self._seen :]:
            self._last[earlier.mark] = split_number(earlier.text).value or self._last.get(earlier.mark, 0)
        self._seen = len(before)
        if isinstance(within, RawElement):
            return self._ends_element(heading, within)
        return self._ends_fence(heading, within)

    def _ends_element(self, heading: Heading, element: RawElement) -> bool:
        """Whether a heading like those before it begins a question, rather than being what the element shows."""
        mark, split = heading.mark, split_number(heading.text)
        above = self._lines[heading.line - 2]
        if mark not in self._last or heading.doubtful or (above.strip() and not OPENING_DETAILS.match(above)):
            return False
        if not mark.is_outline:
            return mark.markup is Markup.QA or ask_score(split.title) == 1.0
        if mark.markup is Markup.HTML or split.value == self._last[mark] + 1 or self._is_listed(heading):
            return True
        return ask_score(split.title) == 1.0 or self._swallows_many(heading, element)

    def _swallows_many(self, heading: Heading, element: RawElement) -> bool:
        mark, count = "#" * heading.level + " ", 0
        for index in range(element.line + 1, len(self._lines)):
            line = self._lines[index]
            count += line.startswith(mark) and not self._lines[index - 1].strip()
            if count == _SWALLOWED or f"</{element.name}" in line.lower():
                break
        return count == _SWALLOWED

    def _is_listed(self, heading: Heading) -> bool:
        return not self._titles.isdisjoint(key for key in (folded(heading.text), normalised_title(heading.text)) if key)

    def _ends_fence(self, heading: Heading, fence: Fence) -> bool:
        mark = heading.mark
        info = fence.info.split()[0].lower() if fence.info else ""
        if heading.markup not in (Markup.HTML, Markup.ATX) or info in _CODE_OF_PAGES:
            return False
        split = split_number(heading.text)
        follows = mark in self._last and split.value == self._last[mark] + 1
        listed = self._is_listed(heading)
        if heading.markup is Markup.HTML:
            return listed or (follows and not heading.doubtful)
        if follows and split.number and heading.level > 1 and not heading.doubtful:
            return listed or self._stays_open(heading, fence)
        return listed and mark in self._last and (heading.level > 1 or bool(split.number))

    @cached_property
    def _fences(self) -> dict[str, list[int]]:
        """Where lines begin with the marks of fences, from 0."""
        return {
            mark: [index for index, line in enumerate(self._lines) if line.lstrip("> \t").startswith(mark)]
            for mark in ("```", "~~~")
        }

    def _stays_open(self, heading: Heading, fence: Fence) -> bool:
        """Whether the next fence below is one that opens, or there is none: then nothing closes the open one."""
        below = self._fences[fence.mark[:3]]
        place = bisect_left(below, heading.line)
        return place == len(below) or bool(self._lines[below[place]].strip("> \t`~"))
