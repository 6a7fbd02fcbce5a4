"""Which English words are forms of one word, as far as a glossary needs it; spelling alone, without a dictionary.

A stemmer would take encoder and encoding, which are two terms, for one, and matrix and matrices for two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from deckgen.text.packaged import packaged_table


def holds_phrase(text: str, phrase: str) -> bool:
    """Whether the words of ``phrase`` stand in ``text`` in a row, in any form, joined by blanks or hyphens."""
    wanted, words = _words(phrase), _words(text)
    starts = range(len(words) - len(wanted) + 1)
    return bool(wanted) and any(
        all(same_word(word, target) for word, target in zip(words[start:], wanted, strict=False)) for start in starts
    )


def same_word(one: str, other: str) -> bool:
    """Policies and policy, hallucinates and hallucination, architectural and architecture; not encoder and encoding."""
    return not _bases(one).isdisjoint(_bases(other))


_BREAK = "\0"
_WORD_OR_BREAK = re.compile(r"(?P<word>[^\W_]+)|(?P<soft>(?<=\w)–(?=\w)|[\s*_~\"“”‘’'‐‑-]+)|(?P<hard>.)", re.DOTALL)
_TABLE = packaged_table("translation/inflection.toml")


def _words(text: str) -> tuple[str, ...]:
    """The words in lower case, with a break where a sentence or a clause ends between two of them."""
    plain = re.sub(r"['’]s\b|(?<=s)['’](?!\w)", "", text.casefold())
    return tuple(found["word"] or _BREAK for found in _WORD_OR_BREAK.finditer(plain) if found.lastgroup != "soft")


@lru_cache(maxsize=4096)
def _bases(word: str) -> frozenset[str]:
    """The word and all that it may be a form of."""
    known, new = set[str](), {_american(_TABLE["irregular"].get(word, word))}
    while new:
        known |= new
        new = {base for form in new for base in _shorter(form)} - known
    return frozenset(known)


def _shorter(word: str) -> Iterator[str]:
    for endings, least in ((_TABLE["endings"], 3), (_TABLE["derivations"], 4)):
        for ending, replacements in endings.items():
            stem = word.removesuffix(ending)
            if stem == word or len(stem) < least or (ending == "s" and stem.endswith("s")):
                continue
            yield from (f"{stem}{replacement}" for replacement in replacements)
            if ending in ("ed", "ing") and stem[-1] == stem[-2]:
                yield stem[:-1]


def _american(word: str) -> str:
    return re.sub(r"is(?=(?:e[sd]?|ing|ations?)$)", "iz", word)
