"""The segments of a text: the leaf blocks that a translator gets, and their translations put back at their places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deckgen.markdown import Document
from deckgen.markdown.blocks import Block, BlockKind
from deckgen.model import Language, Markdown
from deckgen.translation.inline import is_translatable


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A block to translate; ``text`` is its Markdown without quote marks and indentation, ``line`` counts from 1."""

    block: Block
    text: Markdown
    line: int
    column: int


def segments(document: Document, *, language: Language) -> tuple[Segment, ...]:
    """The blocks of a text, written in ``language``, that have to be translated, in their order."""
    found = []
    markdown = document.markdown
    for block in document.blocks:
        if is_translatable(text := block.text(markdown), language):
            line_start = markdown.rfind("\n", 0, block.start) + 1
            line = markdown.count("\n", 0, block.start) + 1
            found.append(Segment(block=block, text=text, line=line, column=block.start - line_start + 1))
    return tuple(found)


def title_segments(markdown: Markdown, *, language: Language) -> tuple[Segment, ...]:
    """A title as one segment, whatever its first characters would begin elsewhere; none where it says nothing."""
    text = markdown.strip()
    if not text or not is_translatable(text, language):
        return ()
    start = markdown.index(text)
    block = Block(kind=BlockKind.HEADING, spans=((start, start + len(text)),), prefix="")
    return (Segment(block=block, text=Markdown(text), line=1, column=start + 1),)


def splice(markdown: Markdown, found: Sequence[Segment], translations: Sequence[Markdown | None]) -> Markdown:
    """``markdown`` with each segment replaced by its translation; None, or the segment's own text, leaves it as it is.

    All else stays as it is, character by character. A translation's further lines get what the source's have before
    them: quote marks and indentation. In a heading and a table cell line ends become spaces, and a cell's bars are
    escaped, so that no translation can end its block.
    """
    parts, last = [], 0
    for segment, translation in zip(found, translations, strict=True):
        block = segment.block
        if translation is None or translation == segment.text:
            continue
        parts += [markdown[last : block.start], _placed(markdown, block, translation)]
        last = block.end
    return Markdown("".join([*parts, markdown[last:]]))


def _placed(markdown: str, block: Block, translation: str) -> str:
    if block.kind in (BlockKind.HEADING, BlockKind.CELL):
        flat = " ".join(translation.split("\n"))
        return re.sub(r"(?<!\\)((?:\\\\)*)\|", r"\1\\|", flat) if block.kind is BlockKind.CELL else flat
    pairs = zip(block.spans, block.spans[1:], strict=False)
    between = [markdown[before:after] for (_, before), (after, _) in pairs]
    first, *rest = [line for line in translation.split("\n") if line.strip()] or [""]
    placed = [first]
    for number, line in enumerate(rest):
        placed += [between[number] if number < len(between) else f"\n{block.prefix}", line]
    return "".join(placed)
