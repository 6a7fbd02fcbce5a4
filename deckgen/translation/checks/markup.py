"""Markup that differs: pieces that no translation may change, marks, links, and the blocks that a text makes.

The only check that renders Markdown.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from deckgen.markdown import parse_document
from deckgen.markdown.blocks import BlockKind
from deckgen.model import Context, Dialect, Markdown
from deckgen.translation.checks.pair import Pair, shortened
from deckgen.translation.inline import Token, TokenKind, protected, replaced, tokens


def changed_tokens(pair: Pair) -> Iterator[str]:
    """Pieces that no translation may change: code, formulas, paths, addresses, tags."""
    source, translation = (
        Counter((token.kind, token.value) for token in tokens(text) if token.kind is not TokenKind.BOLD)
        for text in (pair.source, pair.translation)
    )
    # A translation may show its own image: a file of the same name, in a folder of its language.
    for kind, own in list(translation - source):
        if kind is TokenKind.IMAGE and pair.language in own.split("/"):
            lost = (value for other, value in source - translation if other is kind)
            same_name = [value for value in lost if value.rpartition("/")[2] == own.rpartition("/")[2]]
            if same_name:
                translation[kind, same_name[0]] += translation.pop((kind, own))
    for kind, value in (source - translation).elements():
        yield f"the {kind} {shortened(value)} is lost"
    for kind, value in (translation - source).elements():
        yield f"the {kind} {shortened(value)} is not in the source"


_MARKS = {
    "**": "bold marks",
    "~~": "strike-through marks",
    "*": "emphasis marks",
    "<!--": "openings of a comment",
    "`": "backticks outside code",
    "\\": "hard line breaks",
}
_SHOWN_AS = {"**": "Strong", "~~": "Strikethrough", "*": "Emph"}


def changed_marks(pair: Pair) -> Iterator[str]:
    """Marks that are more or fewer, or stand where Markdown does not take them for marks."""
    source, translation = (_marks(text) for text in (pair.source, pair.translation))
    titles = _titles_emphasised(pair, translation["*"] - source["*"])
    source["*"] += 2 * titles
    for mark, name in _MARKS.items():
        if source[mark] != translation[mark]:
            yield f"it has {translation[mark]} {name} ({mark}), the source has {source[mark]}"
    if source == translation and any(source[mark] for mark in _SHOWN_AS):
        wanted, shown = _elements(pair.source) + Counter(Emph=titles), _elements(pair.translation)
        for mark, element in _SHOWN_AS.items():
            if shown[element] < wanted[element]:
                yield f"some {_MARKS[mark]} ({mark}) have no effect; set no blank between them and the word"


def _titles_emphasised(pair: Pair, more: int) -> int:
    """How many titles in 《》 may have become emphasis, of which the translation has ``more`` marks."""
    titles = pair.source.count("《") - pair.translation.count("《")
    return more // 2 if more % 2 == 0 and 0 < more <= 2 * titles else 0


def _marks(text: str) -> Counter[str]:
    """How often each mark stands outside code, formulas and addresses."""
    others = ((token.start, token.end, " ") for token in tokens(text) if token.kind is not TokenKind.BOLD)
    plain = re.sub(r"\\[*~_`]", "", replaced(text, others)).replace("__", "**")
    counts = Counter({mark: plain.count(mark) for mark in ("**", "~~", "<!--", "`")})
    counts["\\"] = sum(token.kind is TokenKind.BREAK for token in protected(text))
    rest = plain.replace("**", "").split("\n")
    counts["*"] = sum(re.sub(r"^\s*\*\s", "", line).count("*") for line in rest if not re.search(r"\s\*\s", line))
    return counts


def silent_links(pair: Pair) -> Iterator[str]:
    said = {(link.kind, link.value) for link in _links(pair.source) if link.words.strip()}
    for link in _links(pair.translation):
        if not link.words.strip() and (link.kind, link.value) in said:
            yield f"the words of the {link.kind} {link.value} are lost"


def moved_links(pair: Pair) -> Iterator[str]:
    """Targets that stand behind a name or number of another link, or in another order than in the source.

    A link whose names and numbers came along may stand anywhere.
    """
    links = [[link for link in _links(text) if link.kind is TokenKind.LINK] for text in (pair.source, pair.translation)]
    meant, given = (
        {link.value: frozenset(re.findall("[a-z0-9]{2,}", link.words.casefold())) for link in found} for found in links
    )
    if set(meant) != set(given) or any(len(found) != len(meant) for found in links):
        return
    moved = [target for target, names in meant.items() if not names or not names <= given[target]]
    order = [target for target in given if target in moved]
    behind_others = (
        (target, other)
        for target in moved
        for other in order
        if meant[target] and other != target and meant[target] <= given[other]
    )
    out_of_order = (both for both in zip(moved, order, strict=True) if both[0] != both[1])
    if both := next(chain(behind_others, out_of_order), None):
        yield f"{both[0]} and {both[1]} may be behind each other's words"


def _links(text: str) -> Iterator[Token]:
    """The links and images in the order in which they end."""
    return (token for token in tokens(text) if token.kind in (TokenKind.LINK, TokenKind.IMAGE))


def changed_blocks(pair: Pair) -> Iterator[str]:
    """A translation that would open a list, a quote, a heading, a table, a fence or another paragraph."""
    if pair.kind is BlockKind.CELL:
        bars = len(re.findall(r"(?<!\\)\|", pair.translation)), len(re.findall(r"(?<!\\)\|", pair.source))
        if bars[0] != bars[1] or "\n" in pair.translation:
            yield "it would end its table cell"
        return
    if pair.kind is BlockKind.HTML:
        return
    source, translation = _elements(pair.source), _elements(pair.translation)
    for name, elements in _BLOCK_NAMES.items():
        counts = [sum(counted[element] for element in elements) for counted in (source, translation)]
        if counts[0] != counts[1]:
            yield f"it makes {counts[1]} {name} of {counts[0]}"


_BLOCK_NAMES = {
    "paragraphs": ("Paragraph",),
    "headings": ("Heading",),
    "list items": ("Item", "TaskItem"),
    "quotes": ("BlockQuote", "Alert"),
    "code blocks": ("CodeBlock",),
    "table cells": ("TableCell",),
    "rules": ("ThematicBreak",),
}


@lru_cache(maxsize=64)
def _elements(text: Markdown) -> Counter[str]:
    """Two checks ask this of both texts, one after the other; nobody may change it."""
    return Counter(dict(parse_document(text, Context(dialect=Dialect.GFM)).elements))
