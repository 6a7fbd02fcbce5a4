"""Which of a chapter's link and footnote definitions a piece of it needs."""

from __future__ import annotations

import re
from functools import lru_cache

_DEFINITION = re.compile(r"^ {0,3}\[((?:[^\[\]\\\n]|\\.)+)\]:", re.MULTILINE)
_REFERENCE = re.compile(r"\[((?:[^\[\]\\]|\\.){1,999})\]")


def used_definitions(markdown: str, definitions: str) -> str:
    """The part of ``definitions`` that ``markdown`` refers to and does not hold itself, in order."""
    if not definitions.strip() or "[" not in markdown:
        return ""
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
    return "\n".join(text for label, text in known.items() if label in used)


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
