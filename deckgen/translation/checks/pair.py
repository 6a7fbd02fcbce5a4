"""A block beside its translation, and what a check may say of the two."""

from __future__ import annotations

from dataclasses import dataclass, field

from deckgen.markdown.blocks import BlockKind
from deckgen.model import Language, Markdown
from deckgen.translation.glossary import LanguageGlossary


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A block beside its translation into ``language``."""

    source: Markdown
    translation: Markdown
    language: Language
    source_language: Language = Language("zh")
    kind: BlockKind = BlockKind.PARAGRAPH
    glossary: LanguageGlossary = field(default_factory=LanguageGlossary)

    @property
    def script(self) -> str:
        """The target's primary subtag, on which depends which characters are its own."""
        return self.language.split("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    rule: str
    message: str
    hint: str = ""


def shortened(text: str, length: int = 60) -> str:
    """The beginning of a text, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[:length]}…"
