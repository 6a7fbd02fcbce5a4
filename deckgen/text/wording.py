"""Two versions of a text → what was taken out and what was put in, word by word, Chinese character by character."""

import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import astuple

from deckgen.text.similarity import edits

_TOKEN = re.compile(
    r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"  # an ideograph, a kana, a syllable of Hangul
    r"|(?:(?![\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])\w)+"
    r"|\n|[^\S\n]+|[^\w\s]"
)
_TINY = 3
"""So few columns left alone between two changes only make them harder to read."""
_SHORT = 12


class SpanKind(StrEnum):
    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"


class WordSpan(Struct, frozen=True, kw_only=True):
    """A piece of text that both versions have, or one of them."""

    kind: SpanKind
    text: str


class _Change(Struct):
    """What lies between two stretches that both versions have; ``kept`` follows it."""

    removed: str
    added: str
    kept: str


def compare_words(before: str, after: str) -> tuple[WordSpan, ...]:
    """The spans that make up both versions: without the added ones they are ``before``, without the removed ``after``.

    What is removed stands before what is added in its place.
    """
    return tuple(_spans(_joined(_changes(_TOKEN.findall(before), _TOKEN.findall(after)))))


def shorten(spans: Iterable[WordSpan], *, context: int = 40) -> tuple[WordSpan, ...]:
    """The spans with what is kept cut down to ``context`` characters beside a change, in whole lines where they end."""
    given = tuple(spans)
    last = len(given) - 1
    return tuple(
        WordSpan(kind=span.kind, text=_cut(span.text, context, first=index == 0, last=index == last))
        if span.kind is SpanKind.KEPT
        else span
        for index, span in enumerate(given)
    )


def marked_up(spans: Iterable[WordSpan], escape: Callable[[str], str]) -> str:
    """The spans as HTML, or as Markdown that has it, with ``del`` and ``ins`` around what changed."""
    tags = {SpanKind.KEPT: "{}", SpanKind.REMOVED: "<del>{}</del>", SpanKind.ADDED: "<ins>{}</ins>"}
    return "".join(tags[span.kind].format(escape(span.text)) for span in spans)


def columns_of(text: str) -> int:
    """How wide a text is on a terminal, where an ideograph takes two columns."""
    return sum(2 if character >= "\u2e80" else 1 for character in text)


def _changes(before: list[str], after: list[str]) -> list[_Change]:
    """The changes in order, behind one that changes nothing and has what both begin with."""
    changes, at = [_Change("", "", "")], 0
    for gone, come in edits(before, after):
        changes[-1].kept += "".join(before[at : gone.start])
        if len(changes) == 1 or changes[-1].kept:
            changes.append(_Change("", "", ""))
        changes[-1].removed += "".join(before[gone])
        changes[-1].added += "".join(after[come])
        at = gone.stop
    changes[-1].kept += "".join(before[at:])
    return changes


def _joined(changes: list[_Change]) -> list[_Change]:
    """Changes with hardly anything between them become one."""
    joined = changes[:2]
    for change in changes[2:]:
        before = joined[-1]
        if _is_crumb(before, change):
            before.removed += before.kept + change.removed
            before.added += before.kept + change.added
            before.kept = change.kept
        else:
            joined.append(change)
    return joined


def _is_crumb(before: _Change, after: _Change) -> bool:
    if "\n" in before.kept:
        return False
    width = columns_of(before.kept)
    sizes = [columns_of(max(change.removed, change.added, key=len)) for change in (before, after)]
    return width <= _TINY or (width <= _SHORT and width < min(sizes))


def _spans(changes: list[_Change]) -> Iterator[WordSpan]:
    for change in changes:
        pieces = zip((SpanKind.REMOVED, SpanKind.ADDED, SpanKind.KEPT), astuple(change), strict=True)
        yield from (WordSpan(kind=kind, text=text) for kind, text in pieces if text)


def _cut(text: str, context: int, *, first: bool, last: bool) -> str:
    start = "" if first else text[:context].split("\n")[0]
    end = "" if last else text[-context:].split("\n")[-1]
    return text if len(start) + len(end) + 3 >= len(text) else f"{start}…{end}"
