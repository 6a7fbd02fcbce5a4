"""The contents list of a chapter: what it names, and which heading each entry means."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

from msgspec import Struct

from deckgen.chapters.heading import Heading
from deckgen.chapters.heading_text import is_navigation
from deckgen.chapters.headings import Scan
from deckgen.markdown.lines import Kind
from deckgen.text.titles import folded, normalised_title, split_number

_CONTENTS_TITLE = re.compile(
    r"(?:本|全|总|文|章节?|节|篇|页|快速|内容|问题|题目|面试题?|知识点?|学习|阅读|详细|主要|quick|full)*"
    r"(?:目录|目次|tableofcontents|contents|toc|导航|索引|大纲)+(?:与?(?:目录|导航|索引|列表|树|大纲|contents|toc))*"
)
"""Folded and without symbols: 📚 本章目录, 目录 | Contents."""
_ELSEWHERE = re.compile(r"[/\\]|:|\.(?:\w{2,4}|markdown)$")
_MARKER = re.compile(r"([ \t]*)(?:>[ \t]*)*(?:[-*+]|\d{1,9}[.)]|\|(?:[^|\[\]]*\|)?)[ \t]+")
"""Of a list's item, or of a table's row with at most one cell before the link."""
_LINK = re.compile(r"(?:\*\*|__)?\[")
_LABEL = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+|\||\*\*|</?(?:details|summary|ul|ol|li|p|div|br)\b)")
_DEEPEST = 6
_NEAR_TOP, _FEWEST, _MOSTLY = 3, 4, 0.8
_LONGEST_CONTENTS_TITLE = 30


class TocEntry(Struct, frozen=True, kw_only=True):
    """A line of the contents list; ``depth`` counts from 0, ``parent`` entries have others below them."""

    text: str
    anchor: str
    line: int
    column: int
    depth: int
    parent: bool


class Contents(Struct, frozen=True, kw_only=True):
    """The entries of a chapter's contents list, the lines it covers (from 1), and the headings that belong to it."""

    entries: tuple[TocEntry, ...]
    lines: frozenset[int]
    headings: frozenset[int]
    """The first lines of the headings."""


class _Link(NamedTuple):
    """A line that is a link within the page, or an item of a plain contents list; numbers count from 0."""

    place: int
    text: str
    anchor: str
    indent: int
    column: int


def titles_in_contents(lines: Sequence[str]) -> frozenset[str]:
    """The folded titles that any link within the page names: known before the headings are."""
    return frozenset(key for link in _links(lines) for key in _keys(link.text, link.anchor))


def find_contents(scan: Scan) -> Contents:
    """The contents list: a run of links within the page; below a heading that says so, plain items count too."""
    links = {link.place: link for link in _links(scan.lines) if scan.kinds[link.place] is Kind.TEXT}
    headings = {heading.line - 1: heading for heading in scan.headings if heading.level <= _DEEPEST}
    linked = _linked_contents(scan, links, headings) if links else None
    return linked or _plain_contents(scan, headings)


def _links(lines: Sequence[str]) -> Iterator[_Link]:
    for index, line in enumerate(lines):
        if "](" not in line or is_navigation(line):
            continue
        marker = _MARKER.match(line)
        start = marker.end() if marker else len(line) - len(line.lstrip())
        if not (found := _LINK.match(line, start)):
            continue
        middle = line.rfind("](")
        end = line.rfind(")")
        target = line[middle + 2 : end].strip() if middle >= found.end() and end > middle else ""
        # The # is sometimes forgotten, never in a link that leads elsewhere.
        elsewhere = _ELSEWHERE.search(target.partition("#")[0])
        if target.startswith("#") or (marker and target and not elsewhere):
            indent = len((marker[1] if marker else line[:start]).expandtabs(4))
            anchor = unquote(target.removeprefix("#"))
            yield _Link(index, line[found.end() : middle], anchor, indent, column=found.end())


def _linked_contents(scan: Scan, links: dict[int, _Link], headings: dict[int, Heading]) -> Contents | None:
    """The runs of links that stand below a heading of a contents list, or mostly name what the chapter has."""
    known = frozenset(key for heading in scan.headings for key in _keys(heading.text, heading.anchor))
    last_named = {group_title(heading.text): heading.line - 1 for heading in headings.values()}
    found: list[_Link] = []
    covered: set[int] = set()
    owned: set[int] = set()
    for run in _runs(scan, links, headings):
        heads = [index for index in run if index in headings]
        named = next((index for index in heads if names_contents(headings[index])), None)
        entries = [links[index] for index in run if index in links]
        met = sum(not known.isdisjoint(_keys(link.text, link.anchor)) for link in entries)
        if named is None and (len(entries) < 2 or met * 2 < len(entries)):
            continue
        own = {
            index
            for index in heads
            if (index >= named if named is not None else last_named[group_title(headings[index].text)] > run[-1])
        }
        found += entries
        owned |= own
        covered |= set(run) - set(heads) | own
    return _contents(found, covered, owned) if found else None


def names_contents(heading: Heading) -> bool:
    words = "".join(character for character in normalised_title(heading.text) if character.isalnum())
    return len(words) <= _LONGEST_CONTENTS_TITLE and _CONTENTS_TITLE.fullmatch(words) is not None


def group_title(text: str) -> str:
    """The folded title of a group of entries, which the body of the chapter may call its 正文."""
    return normalised_title(text).removesuffix("正文")


class Claims:
    """Which heading each entry means. An entry belongs to one heading; who claims first has it."""

    def __init__(self, entries: Sequence[TocEntry]) -> None:
        self.entries = entries
        self._by_key: dict[str, list[int]] = defaultdict(list)
        """The places of the entries that are recognised by a key, the first of them last."""
        for index in reversed(range(len(entries))):
            for key in _keys(entries[index].text, entries[index].anchor):
                self._by_key[key].append(index)
        self._claimed: set[int] = set()
        self._keys: dict[int, Sequence[str]] = {}

    def names(self, heading: Heading) -> TocEntry | None:
        """An entry that means the heading, claimed or not."""
        for key in self._keys_of(heading):
            if waiting := self._by_key.get(key):
                return self.entries[waiting[-1]]
        return None

    def claim(self, heading: Heading) -> TocEntry | None:
        """The first free entry that means the heading, which is the heading's from now on."""
        for key in self._keys_of(heading):
            waiting = self._by_key.get(key, [])
            while waiting and waiting[-1] in self._claimed and len(waiting) > 1:
                waiting.pop()
            if waiting and waiting[-1] not in self._claimed:
                self._claimed.add(waiting[-1])
                return self.entries[waiting[-1]]
        return None

    def _keys_of(self, heading: Heading) -> Sequence[str]:
        if not self.entries:
            return ()
        if heading.line not in self._keys:
            self._keys[heading.line] = _keys(heading.text, heading.anchor)
        return self._keys[heading.line]

    @property
    def free(self) -> tuple[TocEntry, ...]:
        return tuple(entry for index, entry in enumerate(self.entries) if index not in self._claimed)


def alike(one: str, other: str) -> float:
    """The share of letter pairs that two folded texts have in common, from 0 to 1."""
    pairs = [{text[index : index + 2] for index in range(len(text) - 1)} for text in (one, other)]
    total = len(pairs[0]) + len(pairs[1])
    return 2 * len(pairs[0] & pairs[1]) / total if total else float(one == other)


def _keys(text: str, anchor: str) -> Sequence[str]:
    """What an entry can be recognised by, the surest first."""
    keys = (folded(text), folded(anchor), normalised_title(text), normalised_title(anchor) if anchor else "")
    return [key for key in dict.fromkeys(keys) if key]


def _runs(scan: Scan, links: Container[int], headings: Container[int]) -> Iterator[list[int]]:
    """Runs of links, with the headings, labels and list items above and between them, as line indexes from 0."""
    run: list[int] = []
    pending: list[int] = []
    for index, line in enumerate(scan.lines):
        if index in links:
            run += [*pending, index]
            pending = []
        elif not line.strip("-*_ \t") or not line.strip() or scan.kinds[index] is Kind.COMMENT:
            continue
        elif not is_navigation(line) and (index in headings or (scan.kinds[index] is Kind.TEXT and _LABEL.match(line))):
            pending.append(index)
        else:
            if run:
                yield run
            run, pending = [], []
    if run:
        yield run


def _plain_contents(scan: Scan, headings: dict[int, Heading]) -> Contents:
    """The list items below a heading that says that it is the contents list."""
    start = next((index for index, heading in headings.items() if names_contents(heading)), None)
    start = _lists_others(scan, headings) if start is None else start
    if start is None or start == max(headings):  # an index at the end of the chapter lists nothing of it
        return Contents(entries=(), lines=frozenset(), headings=frozenset())
    found = []
    for index in range(headings[start].end_line, len(scan.lines)):
        line, text = scan.lines[index], scan.lines[index].strip()
        marker = _MARKER.match(line)
        if not text:
            continue
        if marker and scan.kinds[index] is Kind.TEXT and line[marker.end() :].strip():
            numbered = line[len(marker[1]) :][:1].isdecimal()
            title = text if numbered else line[marker.end() :].strip()
            found.append(_Link(index, title, "", len(marker[1].expandtabs(4)), column=marker.end()))
        elif split_number(line).number and index not in headings:
            indent = len(line) - len(line.lstrip())
            found.append(_Link(index, text, "", indent, column=indent))
        else:
            break
    return _contents(found, {start, *(link.place for link in found)}, {start})


def _lists_others(scan: Scan, headings: dict[int, Heading]) -> int | None:
    """A heading near the top below which stands hardly anything but the titles of others, such as 先看题目."""
    titles = {normalised_title(heading.text) for heading in headings.values()}
    for index, following in pairwise(list(headings)[: _NEAR_TOP + 1]):
        lines = [line for line in scan.lines[headings[index].end_line : following] if line.strip()]
        if len(lines) < _FEWEST or normalised_title(lines[0].lstrip("-*+ \t")) not in titles:
            continue
        if sum(normalised_title(line.lstrip("-*+ \t")) in titles for line in lines) >= _MOSTLY * len(lines):
            return index
    return None


def _contents(found: Sequence[_Link], lines: Iterable[int], headings: Iterable[int]) -> Contents:
    """The contents list that has these links; its lines and headings are given by index from 0."""
    depths = list(_depths(link.indent for link in found))
    entries = (
        TocEntry(
            text=link.text.strip().rstrip("*_"),
            anchor=link.anchor,
            line=link.place + 1,
            column=link.column + 1,
            depth=depth,
            parent=following > depth,
        )
        for link, depth, following in zip(found, depths, [*depths, 0][1:], strict=True)
    )
    lines, headings = (frozenset(index + 1 for index in indexes) for indexes in (lines, headings))
    return Contents(entries=tuple(entries), lines=lines, headings=headings)


def _depths(indents: Iterable[int]) -> Iterator[int]:
    open_at: list[int] = []
    for indent in indents:
        while open_at and open_at[-1] >= indent:
            open_at.pop()
        # Two or three spaces for one entry and a tab for the next are one level to an author.
        open_at.append(indent)
        yield len(open_at) - 1
