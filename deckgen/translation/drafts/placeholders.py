"""Text made safe to send to a machine: what it must not touch is replaced by placeholders, and put back afterwards."""

import re
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from deckgen.model import Markdown
from deckgen.text.sizes import counted
from deckgen.translation.glossary import Glossary, kept_terms
from deckgen.translation.inline import MARKS, Edge, Token, TokenKind, edged, protected, replaced


class Masked(Struct, frozen=True, kw_only=True):
    """A text with placeholders in an engine's ``style``, and what the placeholder of each number stands for."""

    text: str
    originals: tuple[tuple[Token, Edge], ...]
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
def pattern_of(style: str) -> re.Pattern[str]:
    """What finds an engine's placeholders, as they come back, and their numbers."""
    before, after = style.split("{}")
    forms = [r"\s*".join(_FORMS.get(character, re.escape(character)) for character in part) for part in (before, after)]
    return re.compile(rf"{forms[0]}\s*([0-9０-９]+)\s*{forms[1]}")


def mask(text: str, glossary: Glossary, style: str) -> Masked:
    """``text`` with a placeholder, written in ``style``, for all markup and for every term that ``glossary`` keeps.

    PlaceholderError where the text itself holds what looks like one.
    """
    if pattern_of(style).search(text):
        raise PlaceholderError("the text holds what looks like a placeholder")
    originals = tuple(edged(_protected(text, glossary)))
    pieces = ((token.start, token.end, style.format(number)) for number, (token, _) in enumerate(originals))
    return Masked(text=replaced(text, pieces), originals=originals, style=style)


def unmask(answer: str, given: Masked) -> Markdown:
    """The answer with the originals back in place, wherever the machine has moved them.

    Blanks inside placeholders, full-width brackets and digits are taken as meant. PlaceholderError unless each stands
    in the answer exactly once.
    """
    numbers = [int(found[1]) for found in pattern_of(given.style).finditer(answer)]
    if sorted(numbers) != list(range(len(given.originals))):
        missing = sorted(set(range(len(given.originals))) - set(numbers))
        what = f"{counted(len(missing), 'placeholder')} missing" if missing else "a placeholder is doubled or unknown"
        raise PlaceholderError(what)
    return Markdown(_joined(answer.strip(), given))


def _protected(text: str, glossary: Glossary) -> Iterator[Token]:
    """What to protect, in order and without overlaps."""
    terms = (
        Token(kind=TokenKind.TERM, start=start, end=end, text=text[start:end], value=text[start:end])
        for start, end in kept_terms(text, glossary)
    )
    last = 0
    # Of two that begin together the longer one, such as a link target that is a term too.
    for token in sorted((*protected(text), *terms), key=lambda token: (token.start, -token.end)):
        if token.start >= last:
            last = token.end
            yield token


def _joined(answer: str, given: Masked) -> str:
    """The answer with its originals, without the blanks that machines put around placeholders where they do harm."""
    text, last = "", 0
    opened = False
    for found in pattern_of(given.style).finditer(answer):
        token, edge = given.originals[int(found[1])]
        between = answer[last : found.start()]
        between = between.lstrip(" \t") if opened else between
        text += between.rstrip(" \t") if edge is Edge.CLOSES else between
        opened, last = edge is Edge.OPENS, found.end()
        # Outside of a mark a word needs a blank.
        before = token.kind in MARKS and opened and _is_word(text[-1:])
        after = token.kind in MARKS and not opened and _is_word(answer[last : last + 1])
        text += " " * before + token.text + " " * after
    rest = answer[last:]
    return text + (rest.lstrip(" \t") if opened else rest)


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()
