"""What readers say of translations, each block by the mark of what they saw: accepted, refused, written anew."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from deckgen.diagnostics import Diagnostic, Severity
from deckgen.localisation.checking import check_block
from deckgen.localisation.translations import TranslatedBlock, Translations, translated_blocks, with_entries
from deckgen.model import Markdown, TextState, replace
from deckgen.translation.catalog import CatalogEntry, accepted, mark, rejected


class Action(StrEnum):
    """What a reader does with a block; a comment may come with each."""

    ACCEPT = "accept"
    SAVE = "save"
    """Keeps another text, still to be reviewed."""
    REJECT = "reject"
    COMMENT = "comment"


class Word(Struct, frozen=True, kw_only=True):
    """A reader's word on a block; without a ``text`` it is about the translation that is there."""

    action: Action
    by: str
    date: str
    text: Markdown | None = None
    comment: str | None = None
    despite_warnings: bool = False


class Declined(Struct, frozen=True, kw_only=True):
    """Why a word was not taken."""

    reason: str
    findings: tuple[Diagnostic, ...] = ()
    despite: bool = False
    """It would be with ``despite_warnings``."""


def pending_blocks(found: Translations) -> Iterator[tuple[str, TranslatedBlock]]:
    """Every block that waits for a reader, in every language, with the mark of what there is to see."""
    for language in found.material.languages:
        seen: set[CatalogEntry] = set()
        for block in translated_blocks(found, language):
            if block.entry.state in (TextState.DRAFT, TextState.STALE) and block.entry not in seen:
                seen.add(block.entry)
                yield mark(block.entry, language), block


def accept(found: Translations, marks: Sequence[str], word: Word) -> tuple[Translations, int, dict[str, Declined]]:
    """The blocks of these marks as reviewed, how many that were, and by mark what was refused.

    Refused is a block whose source or translation has changed since its mark was made, and what `heard` refuses.
    """
    pending = dict(pending_blocks(found))
    refused: dict[str, Declined] = {}
    changed: dict[CatalogEntry, CatalogEntry] = {}
    for one in dict.fromkeys(marks):
        if (block := pending.get(one)) is None:
            refused[one] = Declined(reason="it has changed since, is reviewed already, or is not there")
        elif isinstance(entry := heard(word, block.entry, block, found), Declined):
            refused[one] = entry
        else:
            changed[block.entry] = entry
    after, count = with_entries(found, lambda entry: changed.get(entry, entry))
    return after, count, refused


def heard(word: Word, entry: CatalogEntry, block: TranslatedBlock, found: Translations) -> CatalogEntry | Declined:
    """The entry after a reader's word on it; ``block`` is where its text stands.

    Nothing with an error is accepted, and what the checks warn of only despite that.
    """
    if word.comment is not None:
        entry = replace(entry, comment=_comment(word.comment))
    text = entry.translation if word.text is None else Markdown(word.text.replace("\r\n", "\n").strip())
    match word.action:
        case Action.COMMENT:
            return entry
        case Action.REJECT:
            return rejected(entry, by=word.by, date=word.date)
        case Action.SAVE:
            # A stale one stays stale, with the source that it was made for.
            unmarked = entry.machine is None and entry.state is not TextState.STALE
            return replace(entry, translation=text, fuzzy=bool(text), draft=bool(text) and unmarked, proposal=None)
        case Action.ACCEPT:
            findings = check_block(found, block, text)
            severities = {finding.severity for finding in findings}
            if Severity.ERROR in severities:
                return Declined(reason="it has an error", findings=findings)
            if Severity.WARNING in severities and not word.despite_warnings:
                reason = "it has a warning; look again, and accept it despite that where it is right"
                return Declined(reason=reason, findings=findings, despite=True)
            return accepted(replace(entry, translation=text), by=word.by, date=word.date)
        case _:
            assert_never(word.action)


_OURS = ("mt:", "draft:", "reviewed:", "rejected:", "proposed:")


def _comment(text: str) -> str:
    """A comment that cannot be taken for one of the lines that say how far an entry is."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return "\n".join(f"– {line}" if line.startswith(_OURS) else line for line in lines if line)
