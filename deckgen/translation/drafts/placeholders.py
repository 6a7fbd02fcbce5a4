"""Text made safe to send to a machine: what it must not touch is replaced by placeholders, and put back afterwards."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from deckgen.model import Markdown
from deckgen.translation.glossary import LanguageGlossary, kept_terms
from deckgen.translation.inline import Token, TokenKind, protected


class Edge(StrEnum):
    """On which side of a placeholder a blank would undo its markup."""

    PLAIN = "plain"
    OPENS = "opens"
    CLOSES = "closes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What a placeholder stands for; ``mark`` is a bold or emphasis mark, outside of which a word needs a blank."""

    text: str
    edge: Edge = Edge.PLAIN
    mark: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A text with placeholders in an engine's ``style``, and what the placeholder of each number stands for."""

    text: str
    originals: tuple[Original, ...]
    style: str


class PlaceholderError(Exception):
    """An answer in which a placeholder is missing, doubled or strange."""


_FORMS = {
    "[": "[\\[【［]",
    "]": "[\\]】］]",
    "<": "[<＜〈]",
    ">": "[>＞〉]",
    "/": "[/／]?",
    "{": "[{｛]",
    "}": "[}｝]",
} | dict.fromkeys("xX", "[xXＸх]")
"""What engines make of the characters of a placeholder."""


@cache
def _pattern(style: str) -> re.Pattern[str]:
    before, after = style.split("{}")
    forms = [r"\s*".join(_FORMS.get(character, re.escape(character)) for character in part) for part in (before, after)]
    return re.compile(rf"{forms[0]}\s*([0-9０-９]+)\s*{forms[1]}")


def mask(text: str, glossary: LanguageGlossary, style: str) -> Masked:
    """``text`` with a placeholder, written in ``style``, for all markup and for every term that ``glossary`` keeps.

    PlaceholderError where the text itself holds what looks like one.
    """
    if _pattern(style).search(text):
        raise PlaceholderError("the text holds what looks like a placeholder")
    parts: list[str] = []
    originals: list[Original] = []
    last = 0
    for start, end, original in _pieces(text, glossary):
        parts += [text[last:start], style.format(len(originals))]
        originals.append(original)
        last = end
    return Masked(text="".join([*parts, text[last:]]), originals=tuple(originals), style=style)


def unmask(answer: str, given: Masked) -> Markdown:
    """The answer with the originals back in place, wherever the machine has moved them.

    Blanks inside placeholders, full-width brackets and digits are taken as meant. PlaceholderError unless each stands
    in the answer exactly once.
    """
    numbers = [int(found[1]) for found in _pattern(given.style).finditer(answer)]
    if sorted(numbers) != list(range(len(given.originals))):
        missing = sorted(set(range(len(given.originals))) - set(numbers))
        what = f"{len(missing)} placeholders are missing" if missing else "a placeholder is doubled or unknown"
        raise PlaceholderError(what)
    return Markdown(_joined(answer.strip(), given))


def holds_placeholder(text: str, style: str) -> bool:
    return _pattern(style).search(text) is not None


def _pieces(text: str, glossary: LanguageGlossary) -> Iterator[tuple[int, int, Original]]:
    """What to protect, in order and without overlaps."""
    found = [(token.start, token.end, _original(token)) for token in protected(text)]
    found += [(start, end, Original(text=text[start:end])) for start, end in kept_terms(text, glossary)]
    marks: Counter[str] = Counter()
    last = 0
    # Of two that begin together the longer one, such as a link target that is a term too.
    for start, end, original in sorted(found, key=lambda piece: (piece[0], -piece[1])):
        if start < last:
            continue
        last = end
        if original.mark:
            marks[original.text] += 1
            original = replace(original, edge=Edge.OPENS if marks[original.text] % 2 else Edge.CLOSES)
        yield start, end, original


def _original(token: Token) -> Original:
    if token.kind in (TokenKind.BOLD, TokenKind.EMPHASIS):
        return Original(text=token.text, mark=True)
    if token.kind is TokenKind.BRACKET:
        return Original(text=token.text, edge=Edge.OPENS)
    closes = token.kind in (TokenKind.LINK, TokenKind.IMAGE)
    return Original(text=token.text, edge=Edge.CLOSES if closes else Edge.PLAIN)


def _joined(answer: str, given: Masked) -> str:
    """The answer with its originals, without the blanks that machines put around placeholders where they do harm."""
    text, last = "", 0
    opened = False
    for found in _pattern(given.style).finditer(answer):
        original = given.originals[int(found[1])]
        between = answer[last : found.start()]
        between = between.lstrip(" \t") if opened else between
        text += between.rstrip(" \t") if original.edge is Edge.CLOSES else between
        if original.mark and original.edge is Edge.OPENS and _is_word(text[-1:]):
            text += " "
        text += original.text
        opened = original.edge is Edge.OPENS
        last = found.end()
        if original.mark and original.edge is Edge.CLOSES and _is_word(answer[last : last + 1]):
            text += " "
    rest = answer[last:]
    return text + (rest.lstrip(" \t") if opened else rest)


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()
