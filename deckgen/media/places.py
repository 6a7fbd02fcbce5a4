"""Where in its chapter an image reference stands, found as a person would: by its own characters."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from deckgen.model import Location

_BEFORE, _AFTER = " \t(<\"'=", " \t)>\"'"
_MAX_LENGTH = 2000
"""Of a reference that is looked for; a longer one is a picture by itself."""


def locate_reference(lines: Sequence[str], target: str, *, path: str, line: int, within: tuple[int, int]) -> Location:
    """The place of ``target`` in the chapter's ``lines``, from ``line`` on, else anywhere in the range ``within``.

    All count from 1. A reference whose characters are not there, such as one that a definition elsewhere gives, gets
    the line alone.
    """
    first, last = within
    spellings = _spellings(target) if 0 < len(target) <= _MAX_LENGTH else ()
    for number in (*range(line, last + 1), *range(first, line)) if spellings else ():
        if 0 < number <= len(lines) and (span := _find(lines[number - 1], spellings)):
            return Location(path=path, line=number, column=span[0] + 1, end_line=number, end_column=span[1])
    return Location(path=path, line=line)


def _spellings(target: str) -> tuple[str, ...]:
    plain = unquote(target)
    found = dict.fromkeys((plain, target, html.escape(plain), html.escape(target)))
    return tuple(sorted(found, key=len, reverse=True))


def _find(line: str, spellings: Iterable[str]) -> tuple[int, int] | None:
    """Start and end of the first spelling that stands where a path can begin and end."""
    for text in spellings:
        start = line.find(text)
        while start >= 0:
            end = start + len(text)
            if line[:start][-1:] in _BEFORE and line[end : end + 1] in _AFTER:
                return start, end
            start = line.find(text, start + 1)
    return None
