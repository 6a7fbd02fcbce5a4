"""Mends the translations of a project where that needs no judgement and makes nothing worse."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from deckgen.localisation.translations import TranslatedBlock, Translations, blocks, pair_of, with_entries
from deckgen.model import Markdown
from deckgen.translation.catalog import CatalogEntry, digest
from deckgen.translation.checks.pairs import Pair, check_pair
from deckgen.translation.glossary import LanguageGlossary
from deckgen.translation.mending import mended


def mend(found: Translations) -> tuple[Translations, int]:
    """The catalogs with every translation mended, and how many that changed; states and who reviewed them stay."""
    changed: dict[CatalogEntry, CatalogEntry] = {}
    for language in found.languages:
        glossary = found.glossary.for_language(language)
        for block in blocks(found, language):
            text = Markdown(mended(block.entry.translation, language))
            if text != block.entry.translation and not _is_worse(block, text, found, glossary):
                changed[block.entry] = _with_text(block.entry, text)
    return with_entries(found, lambda entry: changed.get(entry, entry))


def _is_worse(block: TranslatedBlock, text: Markdown, found: Translations, glossary: LanguageGlossary) -> bool:
    """Whether a check finds more than before, as where a blank more would undo a bold mark."""
    before, after = (_rules(pair_of(block, found, glossary, one)) for one in (None, text))
    return bool(after - before)


def _rules(pair: Pair) -> Counter[str]:
    return Counter(problem.rule for problem in check_pair(pair))


def _with_text(entry: CatalogEntry, text: Markdown) -> CatalogEntry:
    """Nobody's edit: what marked the text as untouched goes on doing so."""
    old, new = digest(entry.translation), digest(text)
    machine, verdict = entry.machine, entry.verdict
    if machine and machine.digest == old:
        machine = replace(machine, digest=new)
    if verdict and verdict.digest == old:
        verdict = replace(verdict, digest=new)
    return replace(entry, translation=text, machine=machine, verdict=verdict)
