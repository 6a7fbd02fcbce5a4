"""How far the translations are: blocks by state, per chapter and language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deckgen.model import Language
from deckgen.translation.catalog import EntryState
from deckgen.translation.update import CatalogId, Catalogs


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The blocks of one chapter in one language; ``edited`` are the drafts that a person has changed."""

    chapter: str
    language: Language
    reviewed: int
    draft: int
    stale: int
    missing: int
    edited: int

    @property
    def total(self) -> int:
        return self.reviewed + self.draft + self.stale + self.missing


def measure_progress(
    catalogs: Catalogs, chapters: Sequence[str], languages: Sequence[Language]
) -> tuple[Progress, ...]:
    """One row per language and chapter, in this order; a chapter with nothing to translate has only zeros."""
    return tuple(_measure(catalogs, (chapter, language)) for language in languages for chapter in chapters)


def progress_document(rows: Sequence[Progress]) -> Mapping[str, object]:
    """What ``deckgen translate status --json`` prints."""
    languages = dict.fromkeys(row.language for row in rows)
    return {
        "status": 1,
        "languages": [
            {
                "language": language,
                **_counts([row for row in rows if row.language == language]),
                "chapters": [{"chapter": row.chapter, **_counts([row])} for row in rows if row.language == language],
            }
            for language in languages
        ],
    }


def _measure(catalogs: Catalogs, identity: CatalogId) -> Progress:
    catalog = catalogs.get(identity)
    live = [entry for entry in catalog.entries if not entry.obsolete] if catalog else []
    counts = Counter(entry.state for entry in live)
    return Progress(
        chapter=identity[0],
        language=identity[1],
        reviewed=counts[EntryState.REVIEWED],
        draft=counts[EntryState.DRAFT],
        stale=counts[EntryState.STALE],
        missing=counts[EntryState.MISSING],
        edited=sum(entry.state is EntryState.DRAFT and entry.edited for entry in live),
    )


def _counts(rows: Sequence[Progress]) -> dict[str, int]:
    names = ("total", "reviewed", "draft", "stale", "missing", "edited")
    return {name: sum(getattr(row, name) for row in rows) for name in names}
