"""Text made safe to send to a machine: what it must not touch is replaced by placeholders, and put back afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deckgen.model import Markdown
from deckgen.translation.glossary import LanguageGlossary, kept_terms
from deckgen.translation.inline import protected


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """A text with placeholders, and what the placeholder of each number stands for."""

    text: str
    originals: tuple[str, ...]


class PlaceholderError(Exception):
    """An answer in which a placeholder is missing, doubled or strange."""


_FOUND = re.compile(r"[\[【［]\s*[xXＸх]\s*([0-9０-９]+)\s*[xXＸх]\s*[\]】］]")


def protect(text: str, glossary: LanguageGlossary, style: str) -> Protected:
    """``text`` with a placeholder, written in ``style``, for all markup and for every term that has to stay.

    PlaceholderError where the text itself holds what looks like one.
    """
    if _FOUND.search(text):
        raise PlaceholderError("the text holds what looks like a placeholder")
    parts: list[str] = []
    originals: list[str] = []
    last = 0
    for start, end in _spans(text, glossary):
        parts += [text[last:start], style.format(len(originals))]
        originals.append(text[start:end])
        last = end
    return Protected(text="".join([*parts, text[last:]]), originals=tuple(originals))


def restore(answer: str, given: Protected) -> Markdown:
    """The answer with the originals back in place, wherever the machine has moved them.

    Blanks inside placeholders, full-width brackets and digits are taken as meant. PlaceholderError unless each stands
    in the answer exactly once.
    """
    numbers = [int(found[1]) for found in _FOUND.finditer(answer)]
    if sorted(numbers) != list(range(len(given.originals))):
        missing = sorted(set(range(len(given.originals))) - set(numbers))
        what = f"{len(missing)} placeholders are missing" if missing else "a placeholder is doubled or unknown"
        raise PlaceholderError(what)
    text = _FOUND.sub(lambda found: given.originals[int(found[1])], answer.strip())
    return Markdown(_tidy(text))


def _spans(text: str, glossary: LanguageGlossary) -> Iterator[tuple[int, int]]:
    """What to protect, in order and without overlaps; neighbours are one."""
    markup = [(token.start, token.end) for token in protected(text)]
    free = [
        (start, end)
        for start, end in kept_terms(text, glossary)
        if all(end <= first or start >= last for first, last in markup)
    ]
    joined: list[tuple[int, int]] = []
    for start, end in sorted((*markup, *free)):
        if joined and start < joined[-1][1]:
            continue
        joined.append((start, end))
    yield from joined


def _tidy(text: str) -> str:
    """Machines put blanks around placeholders; inside bold marks and brackets these would undo the markup."""
    text = re.sub(r"\*\*[ \t]*([^*\n]+?)[ \t]*\*\*", r"**\1**", text)
    text = re.sub(r"([A-Za-z0-9])(\*\*[^*\n]+\*\*)", r"\1 \2", text)
    text = re.sub(r"(\*\*[^*\n]+\*\*)([A-Za-z0-9])", r"\1 \2", text)
    return re.sub(r"\[[ \t]+([^\[\]\n]*?)[ \t]*\](?=[(\[])|\[([^\[\]\n]*?)[ \t]+\](?=[(\[])", _tight, text)


def _tight(found: re.Match[str]) -> str:
    return f"[{(found[1] if found[1] is not None else found[2]).strip()}]"
