"""Which asterisks of a text GitHub leaves as they are: CommonMark's rules, with and without the Chinese mend."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_RUN = re.compile(r"(?<!\\)\*+")
_BREAK = re.compile(
    r"\n(?=[ \t]*(?:\n|[-*+>][ \t]|\d{1,9}[.)][ \t]|#{1,6}[ \t]|\||$))|(?<!\\)\||^[ \t]*[-*+][ \t]+", re.MULTILINE
)
_MAX_CONTEXT = 20_000


@dataclass(slots=True, kw_only=True)
class Run:
    """Asterisks in a row."""

    start: int
    length: int
    left: int
    """How many of its asterisks are not used up yet."""
    opens: bool
    closes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteralBold:
    """``text[start:end]``, asterisks included, was meant bold and is not; ``mended``: our cards show it bold."""

    start: int
    end: int
    mended: bool


def find_literal_bold(text: str) -> Iterator[LiteralBold]:
    """Every ``**…**`` that GitHub shows with its asterisks; code and formulas in ``text`` are to be blanked out."""
    if "**" not in text:
        return
    for start, end in _contexts(text):
        context = text[start:end]
        if "**" not in context or len(context) > _MAX_CONTEXT:
            continue
        literal = [
            run for run in literal_runs(context, chinese=False) if run.left >= 2 and not _multiplies(context, run)
        ]
        if not literal:
            continue
        still = {run.start for run in literal_runs(context, chinese=True) if run.left >= 2}
        for opening, closing in zip(literal[::2], literal[1::2], strict=False):
            if context[opening.start + opening.length : closing.start].strip():
                yield LiteralBold(
                    start=start + opening.start,
                    end=start + closing.start + closing.length,
                    mended=opening.start not in still and closing.start not in still,
                )


def _contexts(text: str) -> Iterator[tuple[int, int]]:
    """Stretches within which emphasis can open and close: paragraphs, list items, table cells."""
    position = 0
    for found in _BREAK.finditer(text):
        yield position, found.start()
        position = found.end()
    yield position, len(text)


def literal_runs(text: str, *, chinese: bool) -> list[Run]:
    """The runs of asterisks of one context that are not all used up by emphasis."""
    runs = [_run(text, found.start(), found.end(), chinese=chinese) for found in _RUN.finditer(text)]
    _pair(runs)
    return [run for run in runs if run.left]


def _pair(runs: list[Run]) -> None:
    """CommonMark's pairing: each closer takes the nearest opener that may have it."""
    openers: list[Run] = []
    hopeless: dict[tuple[bool, int], int] = {}
    for run in runs:
        if run.closes:
            kind = (run.opens, run.length % 3)
            index = len(openers) - 1
            floor = hopeless.get(kind, 0)
            while run.left and index >= min(floor, len(openers)):
                opener = openers[index]
                if _fit(opener, run):
                    used = 2 if opener.left >= 2 and run.left >= 2 else 1
                    opener.left -= used
                    run.left -= used
                    del openers[index + 1 :]
                    if not opener.left:
                        openers.pop()
                        index -= 1
                else:
                    index -= 1
            if run.left:
                hopeless[kind] = len(openers)
        if run.opens and run.left:
            openers.append(run)
        for kind, floor in hopeless.items():
            hopeless[kind] = min(floor, len(openers))


def _fit(opener: Run, closer: Run) -> bool:
    both = opener.closes or closer.opens
    odd = (opener.length + closer.length) % 3 == 0 and (opener.length % 3 or closer.length % 3)
    return not (both and odd)


def _run(text: str, start: int, end: int, *, chinese: bool) -> Run:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    opens = not after.isspace() and (
        not _is_mark(after, chinese=chinese) or before.isspace() or _borders(before, chinese=chinese)
    )
    closes = not before.isspace() and (
        not _is_mark(before, chinese=chinese) or after.isspace() or _borders(after, chinese=chinese)
    )
    return Run(start=start, length=end - start, left=end - start, opens=opens, closes=closes)


def _multiplies(text: str, run: Run) -> bool:
    """``2**10`` and ``2 ** 10``: an operator, never meant bold."""
    before = text[max(0, run.start - 8) : run.start].rstrip(" ")[-1:]
    after = text[run.start + run.length :][:8].lstrip(" ")[:1]
    spaced = (text[run.start - 1 : run.start] == " ") == (text[run.start + run.length :][:1] == " ")
    return spaced and f"{before}{after}".isascii() and before.isalnum() and after.isalnum()


def _is_mark(character: str, *, chinese: bool) -> bool:
    """Punctuation that keeps emphasis from beginning or ending; with the mend, full-width marks are none."""
    return unicodedata.category(character)[0] in "PS" and not (chinese and _is_wide(character))


def _borders(character: str, *, chinese: bool) -> bool:
    return unicodedata.category(character)[0] in "PS" or (chinese and _is_wide(character))


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF" or character in "“”‘’…—·"
