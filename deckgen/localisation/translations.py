"""A project's translations beside its sources: read, brought up to date, and what of their files that changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deckgen.corpus import identify, settle
from deckgen.diagnostics import DeckgenError, Diagnostic, Severity, with_severities
from deckgen.markdown import Documents
from deckgen.model import KeyedCorpus, Language, Location, Markdown
from deckgen.project.files import read_optional
from deckgen.project.layout import GLOSSARY_PATH, NOTES_PATH
from deckgen.project.reading import Project, known_languages
from deckgen.translation.apply import unknown_entries, unknown_notes
from deckgen.translation.catalog import Catalog, CatalogEntry
from deckgen.translation.checks.pairs import Pair
from deckgen.translation.files import CatalogFile, catalog_name, changed_files, read_catalogs
from deckgen.translation.glossary import Glossary, LanguageGlossary, parse_glossary
from deckgen.translation.notes import Notes, parse_notes, strange_languages
from deckgen.translation.segments import Segment
from deckgen.translation.units import SourceText, source_texts
from deckgen.translation.update import CatalogId, update_catalogs


@dataclass(frozen=True, slots=True, kw_only=True)
class Translations:
    """A project's texts beside their catalogs: ``read`` as on disk, ``catalogs`` as the sources of now need them."""

    project: Project
    corpus: KeyedCorpus
    notes: Notes
    texts: tuple[SourceText, ...]
    languages: tuple[Language, ...]
    read: Mapping[CatalogId, Catalog]
    catalogs: Mapping[CatalogId, Catalog]
    glossary: Glossary
    documents: Documents
    diagnostics: tuple[Diagnostic, ...]

    @property
    def chapters(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.chapter.path for item in self.corpus.questions))


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedBlock:
    """An entry beside the block that it translates."""

    text: SourceText
    segment: Segment
    entry: CatalogEntry
    catalog: Catalog

    @property
    def place(self) -> Location:
        return self.text.place(self.segment)


def read_translations(
    project: Project, findings: tuple[Diagnostic, ...], languages: Sequence[Language] = ()
) -> Translations:
    """Everything about the project's translations; ``findings`` are those of reading the project.

    Of what is wrong with the sources only the errors are told here.

    The languages are those given, else those of the editions and those that have a folder.
    """
    documents = Documents()
    chapters, matched, findings = identify(project, findings, documents)
    told = settle(project, chapters, findings, finished=False)
    findings = tuple(finding for finding in told if finding.severity is Severity.ERROR)
    chosen = tuple(languages) or known_languages(project)
    if project.config.language in chosen:
        raise DeckgenError(
            f"{project.config.language} is the language of the sources, so there is nothing to translate"
        )
    return translations_of(project, matched.corpus, documents, findings, chosen)


def translations_of(
    project: Project,
    corpus: KeyedCorpus,
    documents: Documents,
    findings: tuple[Diagnostic, ...],
    languages: tuple[Language, ...],
) -> Translations:
    """The translations of a corpus that was read before, with ``findings`` and what else is wrong with their files."""
    notes, problems = parse_notes(project.notes_text or "", NOTES_PATH)
    findings += problems
    terms = read_optional(project.root / GLOSSARY_PATH, inside=project.root)
    glossary, problems = parse_glossary(terms or "", GLOSSARY_PATH)
    findings += problems
    read, problems = read_catalogs(project.locale, (source.path for source in project.sources), languages)
    texts = tuple(source_texts(corpus, notes, documents))
    problems += (
        *unknown_notes(corpus, notes),
        *strange_languages(notes, (project.config.language, *known_languages(project), *languages)),
        *unknown_entries(read, languages, texts),
    )
    return Translations(
        project=project,
        corpus=corpus,
        notes=notes,
        texts=texts,
        languages=languages,
        read=read,
        catalogs=_named(update_catalogs(read, texts, languages=languages)),
        glossary=glossary,
        documents=documents,
        diagnostics=with_severities((*findings, *problems), project.config.severities),
    )


def changed_catalogs(found: Translations) -> tuple[CatalogFile, ...]:
    """The PO files that are not as they should be for the sources of now."""
    return tuple(changed_files(found.project.locale, found.read, found.catalogs, project=found.corpus.project_id))


def blocks(found: Translations, language: Language) -> Iterator[TranslatedBlock]:
    """Every block to translate into ``language``, in the order of the sources."""
    entries = {
        (entry.context, entry.source): (entry, catalog)
        for (_, tag), catalog in found.catalogs.items()
        if tag == language
        for entry in catalog.entries
        if not entry.obsolete
    }
    for text in found.texts:
        for segment in text.segments:
            if held := entries.get((text.context, segment.text)):
                yield TranslatedBlock(text=text, segment=segment, entry=held[0], catalog=held[1])


def begun_languages(found: Translations) -> Translations:
    """The translations without the languages that have no file yet, which only extracting and drafting begin."""
    begun = {language for _, language in found.read}
    return replace(
        found,
        languages=tuple(language for language in found.languages if language in begun),
        catalogs={identity: catalog for identity, catalog in found.catalogs.items() if identity[1] in begun},
    )


def pair_of(
    block: TranslatedBlock, found: Translations, glossary: LanguageGlossary, translation: Markdown | None = None
) -> Pair:
    """The block beside its translation, or beside another one."""
    return Pair(
        source=block.segment.text,
        translation=block.entry.translation if translation is None else translation,
        language=block.catalog.language,
        source_language=found.corpus.language,
        kind=block.segment.block.kind,
        glossary=glossary,
    )


def with_entries(
    found: Translations, change: Callable[[CatalogEntry], CatalogEntry], *, languages: Collection[Language] = ()
) -> tuple[Translations, int]:
    """The catalogs, of these languages or all, with every live entry as ``change`` returns it, and how many changed."""
    count = 0
    catalogs = dict(found.catalogs)
    for identity, catalog in found.catalogs.items():
        if languages and identity[1] not in languages:
            continue
        entries = tuple(entry if entry.obsolete else change(entry) for entry in catalog.entries)
        changed = sum(before is not after for before, after in zip(catalog.entries, entries, strict=True))
        if changed:
            count += changed
            catalogs[identity] = replace(catalog, entries=entries)
    return replace(found, catalogs=catalogs), count


def _named(catalogs: Mapping[CatalogId, Catalog]) -> dict[CatalogId, Catalog]:
    """A catalog that has no file yet is named after the one that it will get."""
    return {
        (chapter, language): catalog
        if catalog.path
        else replace(catalog, path=f"locale/{language}/{catalog_name(chapter)}")
        for (chapter, language), catalog in catalogs.items()
    }
