"""Link and footnote definitions: where a chapter has them, and which of them a piece of it needs."""

import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from deckgen.markdown.lines import Kind
from deckgen.model import Markdown

_DEFINITION = re.compile(r"^ {0,3}\[((?:[^\[\]\\\n]|\\.)+)\]:", re.MULTILINE)
_REFERENCE = re.compile(r"\[((?:[^\[\]\\]|\\.){1,999})\]")
_LINK = re.compile(r" {0,3}\[(?!\^)(?:[^\[\]\\]|\\.)+\]:(.*)")
_FOOTNOTE = re.compile(r" {0,3}\[\^[^\]\s]+\]:")
_HEADING = re.compile(r" {0,3}(?:#{1,6}[ \t]|<h[1-6]\b)", re.IGNORECASE)


class Definitions(Struct, frozen=True, kw_only=True):
    """The definitions of a chapter, in order, and the lines they take, from 1."""

    texts: tuple[str, ...]
    lines: frozenset[int]


def find_definitions(lines: Sequence[str], kinds: Sequence[Kind]) -> Definitions:
    """Every definition outside code. One cannot interrupt a paragraph, as in CommonMark."""
    texts: list[str] = []
    taken: set[int] = set()
    last = 0
    for index, line in enumerate(lines):
        if "]:" not in line or index < last or kinds[index] is not Kind.TEXT:
            continue
        if index > last and not _ends_paragraph(lines[index - 1], kinds[index - 1]):
            continue
        if (end := _definition_end(lines, kinds, index)) > index:
            texts.append("\n".join(lines[index:end]))
            taken.update(range(index + 1, end + 1))
            last = end
    return Definitions(texts=tuple(texts), lines=frozenset(taken))


def _ends_paragraph(line: str, kind: Kind) -> bool:
    return not line.strip() or kind is not Kind.TEXT or _HEADING.match(line) is not None


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


def used_definitions(markdown: str, definitions: str) -> Markdown:
    """The part of ``definitions`` that ``markdown`` refers to and does not hold itself, in order."""
    if not definitions.strip() or "[" not in markdown:
        return Markdown("")
    known = _by_label(definitions)
    own = {_label(found[1]) for found in _DEFINITION.finditer(markdown)}
    used: dict[str, str] = {}
    texts = [markdown]
    while texts:
        for found in _REFERENCE.finditer(texts.pop()):
            label = _label(found[1])
            if label in known and label not in own and label not in used:
                used[label] = known[label]
                texts.append(known[label])
    return Markdown("\n".join(text for label, text in known.items() if label in used))


@lru_cache(maxsize=64)
def _by_label(definitions: str) -> dict[str, str]:
    starts = list(_DEFINITION.finditer(definitions))
    ends = [*(found.start() for found in starts[1:]), len(definitions)]
    entries: dict[str, str] = {}
    for found, end in zip(starts, ends, strict=True):
        # GitHub takes the first of several definitions of one label.
        entries.setdefault(_label(found[1]), definitions[found.start() : end].rstrip("\n"))
    return entries


def _label(text: str) -> str:
    return " ".join(text.split()).casefold()
