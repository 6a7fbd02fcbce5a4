"""Link reference and footnote definitions: context for every answer, whichever part of the chapter they stand in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deckgen.markdown.lines import Kind

_LINK = re.compile(r" {0,3}\[(?!\^)(?:[^\[\]\\]|\\.)+\]:(.*)")
_FOOTNOTE = re.compile(r" {0,3}\[\^[^\]\s]+\]:")
_HEADING = re.compile(r" {0,3}(?:#{1,6}[ \t]|<h[1-6]\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """The definitions of a chapter, in order, and the lines they take, from 1."""

    texts: tuple[str, ...]
    lines: frozenset[int]


def find_definitions(lines: Sequence[str], kinds: Sequence[Kind]) -> Definitions:
    """Every definition outside code. One cannot interrupt a paragraph, as in CommonMark."""
    texts: list[str] = []
    taken: set[int] = set()
    index, free = 0, True
    while index < len(lines):
        line = lines[index]
        end = _definition_end(lines, kinds, index) if free and "]:" in line and kinds[index] is Kind.TEXT else index
        if end > index:
            texts.append("\n".join(lines[index:end]))
            taken.update(range(index + 1, end + 1))
            index, free = end, True
            continue
        free = not line.strip() or kinds[index] is not Kind.TEXT or _HEADING.match(line) is not None
        index += 1
    return Definitions(texts=tuple(texts), lines=frozenset(taken))


def _definition_end(lines: Sequence[str], kinds: Sequence[Kind], start: int) -> int:
    """The index after the definition that begins at ``start``; ``start`` where none does."""
    if _FOOTNOTE.match(lines[start]):
        return _footnote_end(lines, kinds, start)
    found = _LINK.match(lines[start])
    if not found:
        return start
    if found[1].strip():
        return start + 1
    # The address may stand on the next line.
    following = lines[start + 1].strip() if start + 1 < len(lines) else ""
    return start + 2 if following and len(following.split()) <= 2 else start


def _footnote_end(lines: Sequence[str], kinds: Sequence[Kind], start: int) -> int:
    """A footnote runs to a blank line, and on over it where what follows is indented."""
    end = start + 1
    while end < len(lines):
        line = lines[end]
        indented = line.startswith(("    ", "\t"))
        if line.strip():
            begins = _FOOTNOTE.match(line) or _LINK.match(line) or _HEADING.match(line)
            if not indented and (begins or kinds[end] is not Kind.TEXT or not lines[end - 1].strip()):
                break
            end += 1
        elif end + 1 < len(lines) and lines[end + 1].strip() and lines[end + 1].startswith(("    ", "\t")):
            end += 2
        else:
            break
    return end
