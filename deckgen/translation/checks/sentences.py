"""Sentences of a text, and those of a source beside those of its translation."""

from __future__ import annotations

import re
from collections.abc import Sequence

_END = r"(?<=[^\W\d_][.])\s+(?=[A-Z\"“(*])|\n"
_ENDS = re.compile(rf"(?<=[。！？!?])|{_END}")
_ENDS_AND_SEMICOLONS = re.compile(rf"(?<=[。！？；!?;])|{_END}")


def sentences(text: str, *, semicolons: bool = False) -> tuple[str, ...]:
    """The sentences of ``text``, in whichever script they are written; ``semicolons`` end them too."""
    parts = (_ENDS_AND_SEMICOLONS if semicolons else _ENDS).split(text)
    return tuple(part.strip() for part in parts if re.search(r"\w", part))


def aligned(source: str, translation: str) -> tuple[tuple[str, str], ...]:
    """The sentences of both one by one where they can be told, else the whole texts as one.

    There have to be as many of them, each with about the same share of its text. A semicolon of the source is as often
    a full stop in the translation as it is not.
    """
    for ends in (True, False):
        said = sentences(source, semicolons=ends)
        for meant in (sentences(translation, semicolons=True), sentences(translation)):
            if len(said) == len(meant) > 0 and _alike(said, meant):
                return tuple(zip(said, meant, strict=True))
    return ((source, translation),)


_FARTHEST = 0.1


def _alike(said: Sequence[str], meant: Sequence[str]) -> bool:
    shares = [[len(sentence) / sum(map(len, every)) for sentence in every] for every in (said, meant)]
    return all(abs(share - other) <= _FARTHEST for share, other in zip(*shares, strict=True))
