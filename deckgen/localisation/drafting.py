"""The blocks of a project that want a draft, what an engine may be told of them, and the drafts put in place."""

from collections.abc import Iterator, Sequence

from deckgen.localisation.translations import TranslatedBlock, Translations, pair_of, translated_blocks, with_entries
from deckgen.model import Language, Markdown, TextState, replace
from deckgen.translation.catalog import CatalogEntry, Machine, Proposal, digest
from deckgen.translation.drafts.engines import Briefing, Example
from deckgen.translation.drafts.parcels import Draft, Job
from deckgen.translation.files import read_style

_NEIGHBOURS = 2
"""Blocks before and after one that its engine is told."""


def draft_jobs(
    found: Translations, language: Language, *, stale: bool = False, limit: int | None = None
) -> tuple[Job, ...]:
    """The blocks without a translation into ``language``, each text once, at most ``limit`` of them.

    With ``stale`` also those whose source has changed since their translation was reviewed.
    """
    wanted = (TextState.MISSING, TextState.STALE) if stale else (TextState.MISSING,)
    every = tuple(translated_blocks(found, language))
    styles = {chapter: read_style(found.project.locale / language, chapter) for chapter in found.material.chapters}
    questions = {item.key: item for item in found.material.corpus.questions}
    jobs: dict[tuple[str, str], Job] = {}
    for place, block in enumerate(every):
        if block.entry.state in wanted and not block.entry.proposal:
            question = questions.get(block.text.key)  # a category stands for itself
            briefing = Briefing(
                category=question.category.title if question else "",
                question=question.question.title if question else "",
                neighbours=tuple(_neighbours(every, place)),
                style=styles.get(block.text.chapter.path, ""),
            )
            job = Job(pair=pair_of(block, found), key=block.text.key, briefing=briefing)
            jobs.setdefault((job.pair.source, job.pair.kind), job)
    return tuple(jobs.values())[:limit]


def reviewed_examples(found: Translations, language: Language) -> tuple[Example, ...]:
    """Every reviewed block of the language, each source once."""
    reviewed = {
        block.segment.text: block.entry.translation
        for block in translated_blocks(found, language)
        if block.entry.state is TextState.REVIEWED
    }
    return tuple(Example(source=source, translation=translation) for source, translation in reviewed.items())


def with_drafts(
    found: Translations, language: Language, drafts: Sequence[Draft], *, engine: str, date: str
) -> tuple[Translations, int]:
    """The catalogs with the drafts where nothing was, marked as machine work of this day, and how many entries.

    A draft of a stale block stands beside its reviewed text.
    """
    texts = {draft.job.pair.source: draft.translation for draft in drafts if draft.translation}

    def drafted(entry: CatalogEntry) -> CatalogEntry:
        text = texts.get(entry.source)
        if not text or entry.was_rejected(text):
            return entry
        if entry.state is TextState.MISSING:
            machine = Machine(engine=engine, date=date, digest=digest(text))
            return replace(entry, translation=text, fuzzy=True, previous=None, machine=machine)
        if entry.state is TextState.STALE and not entry.proposal and text != entry.translation:
            return replace(entry, proposal=Proposal(engine=engine, date=date, text=text))
        return entry

    return with_entries(found, drafted, language=language)


def _neighbours(every: Sequence[TranslatedBlock], place: int) -> Iterator[Example]:
    """What stands around the block at ``place``, as far as it belongs to the same text."""
    own = every[place]
    for block in every[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS + 1]:
        if block is not own and block.text.context == own.text.context:
            reviewed = block.entry.state is TextState.REVIEWED
            translation = block.entry.translation if reviewed else Markdown("")
            yield Example(source=block.segment.text, translation=translation)
