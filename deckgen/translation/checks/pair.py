"""A block beside its translation, and the sentences of both beside each other."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from deckgen.markdown.blocks import BlockKind
from deckgen.model import Language, Markdown
from deckgen.translation.glossary import Glossary
from deckgen.translation.inline import words


class Pair(Struct, frozen=True, kw_only=True):
    """A block beside its translation into ``language``."""

    source: Markdown
    translation: Markdown
    language: Language
    source_language: Language = Language("zh")
    kind: BlockKind = BlockKind.PARAGRAPH
    glossary: Glossary = field(default_factory=Glossary)

    @property
    def said(self) -> str:
        """What a reader reads of the source."""
        return words(self.source)

    @property
    def meant(self) -> str:
        """What a reader reads of the translation."""
        return words(self.translation)

    @property
    def script(self) -> str:
        """The target's primary subtag, on which depends which characters are its own."""
        return self.language.split("-")[0]

    @property
    def source_script(self) -> str:
        return self.source_language.split("-")[0]


def compiled(table: Mapping[str, str], **words: str) -> Mapping[str, re.Pattern[str]]:
    """A table's expressions, in which ⟨name⟩ stands for another one of it or of ``words``; line ends do not count."""
    pieces = {name: text.replace("\n", "") for name, text in table.items()} | words

    def whole(text: str) -> str:
        return re.sub("⟨([a-z]+)⟩", lambda found: whole(pieces[found[1]]), text)

    return {name: re.compile(whole(pieces[name])) for name in table}


def shortened(text: str, length: int = 60) -> str:
    """The beginning of a text, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[:length]}…"


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


_END = r"(?<=[^\W\d_][.])\s+(?=[A-Z\"“(*])|\n"
_ENDS = re.compile(rf"(?<=[。！？!?])|{_END}")
_ENDS_AND_SEMICOLONS = re.compile(rf"(?<=[。！？；!?;])|{_END}")
_FARTHEST = 0.1


def _alike(said: Sequence[str], meant: Sequence[str]) -> bool:
    shares = [[len(sentence) / sum(map(len, every)) for sentence in every] for every in (said, meant)]
    return all(abs(share - other) <= _FARTHEST for share, other in zip(*shares, strict=True))
