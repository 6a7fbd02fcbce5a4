"""The order in which a reader expects files: ``第2章`` before ``第10章``."""

from __future__ import annotations

import re

from deckgen.text.titles import han_value

_HAN = "[〇零一二两三四五六七八九十百]{1,5}"
_NUMBER = re.compile(rf"([0-9]+)|(?<=第)({_HAN})|({_HAN})(?=[章节篇部讲课回、])")

NaturalKey = tuple[tuple[tuple[int, int, str], ...], ...]


def natural_key(path: str) -> tuple[NaturalKey, str]:
    """What to sort POSIX paths by: folder by folder, numbers by their value, Chinese ones too."""
    return tuple(tuple(_pieces(part.casefold())) for part in path.split("/")), path


def _pieces(text: str) -> list[tuple[int, int, str]]:
    pieces: list[tuple[int, int, str]] = []
    position = 0
    for found in _NUMBER.finditer(text):
        if between := text[position : found.start()]:
            pieces.append((1, 0, between))
        pieces.append((0, int(found[1]) if found[1] else han_value(found[2] or found[3]), ""))
        position = found.end()
    return [*pieces, (1, 0, text[position:])]
