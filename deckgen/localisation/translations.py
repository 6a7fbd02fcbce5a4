"""A project's translations beside its sources: read, brought up to date, and what of their files that changes."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from deckgen.corpus import identify, settle
from deckgen.diagnostics import DeckgenError, Diagnostic, Severity, with_severities
from deckgen.identity.lock import Lock
from deckgen.markdown import Documents
from deckgen.markdown.blocks import LeafBlock
from deckgen.model import Language, Location, Markdown, TextState, replace
from deckgen.project.files import read_optional
from deckgen.project.layout import GLOSSARY_PATH
from deckgen.project.reading import Project, known_languages
from deckgen.translation.catalog import Catalog, CatalogEntry
from deckgen.translation.checks.pair import Pair
from deckgen.translation.files import CatalogFile, changed_files
from deckgen.translation.glossary import Glossary, parse_glossary
from deckgen.translation.material import Material, read_material
from deckgen.translation.segments import SourceText


class Translations(Struct, frozen=True, kw_only=True):
    """A project's texts beside their catalogs, its glossary in each language, and what is wrong with their files.

    ``lock`` knows the keys that the catalogs go by.
    """

    project: Project
    lock: Lock
    material: Material
    glossaries: Mapping[Language, Glossary]
    diagnostics: tuple[Diagnostic, ...]


class TranslatedBlock(Struct, frozen=True, kw_only=True):
    """An entry beside the block that it translates."""

    text: SourceText
    segment: LeafBlock
    entry: CatalogEntry
    catalog: Catalog

    @property
    def place(self) -> Location:
        return self.text.place(self.segment)


def read_translations(
    project: Project, findings: tuple[Diagnostic, ...], languages: Sequence[Language] = ()
) -> Translations:
    """Everything about the project's translations; ``findings`` are those of reading the project.

    Of what is wrong with the sources only the errors are told here. The languages are those given, else those of the
    editions and those that have a folder.
    """
    documents = Documents()
    chapters, matched, findings = identify(project, findings, documents)
    told = settle(project, chapters, findings, finished=False)
    findings = tuple(finding for finding in told if finding.severity is Severity.ERROR)
    chosen = tuple(languages) or known_languages(project)
    if (own := project.config.language) in chosen:
        raise DeckgenError(f"{own} is the language of the sources, so there is nothing to translate")
    material, problems = read_material(project, matched.corpus, documents, chosen)
    return with_glossary(project, matched.lock, material, (*findings, *problems))


def with_glossary(
    project: Project, lock: Lock, material: Material, findings: tuple[Diagnostic, ...] = ()
) -> Translations:
    """What was read before, with the glossary; ``findings`` and those of the glossary at the project's severities."""
    terms = read_optional(project.root / GLOSSARY_PATH, inside=project.root)
    glossary, problems = parse_glossary(terms or "", GLOSSARY_PATH)
    told = with_severities((*findings, *problems), project.config.severities)
    glossaries = {language: glossary.for_language(language) for language in material.languages}
    return Translations(project=project, lock=lock, material=material, glossaries=glossaries, diagnostics=told)


def changed_catalogs(found: Translations) -> tuple[CatalogFile, ...]:
    """The PO files that are not as they should be for the sources of now."""
    material, locale = found.material, found.project.locale
    return tuple(changed_files(locale, material.read, material.catalogs, project=material.corpus.project_id))


def translated_blocks(found: Translations, language: Language) -> Iterator[TranslatedBlock]:
    """Every block to translate into ``language``, in the order of the sources."""
    entries = found.material.entries(language)
    for text in found.material.texts:
        for segment in text.segments:
            if held := entries.get((text.context, segment.text)):
                yield TranslatedBlock(text=text, segment=segment, entry=held[0], catalog=held[1])


def count_states(found: Translations) -> dict[Language, dict[str, Counter[str]]]:
    """How many blocks each chapter has per language: in ``total``, by state, and the drafts that are ``edited``."""
    counts = {
        language: {chapter: Counter[str]() for chapter in found.material.chapters}
        for language in found.material.languages
    }
    for (chapter, language), catalog in found.material.catalogs.items():
        for entry in catalog.entries if chapter in counts[language] else ():
            if not entry.obsolete:
                edited = entry.state is TextState.DRAFT and entry.edited
                counts[language][chapter].update(("total", str(entry.state), *(("edited",) if edited else ())))
    return counts


def begun_languages(found: Translations) -> Translations:
    """The translations without the languages that have no file yet, which only extracting and drafting begin."""
    material = found.material
    begun = {language for _, language in material.read}
    languages = tuple(language for language in material.languages if language in begun)
    catalogs = {identity: catalog for identity, catalog in material.catalogs.items() if identity[1] in begun}
    return replace(found, material=replace(material, languages=languages, catalogs=catalogs))


def pair_of(block: TranslatedBlock, found: Translations, translation: Markdown | None = None) -> Pair:
    """The block beside its translation, or beside another one."""
    return Pair(
        source=block.segment.text,
        translation=block.entry.translation if translation is None else translation,
        language=block.catalog.language,
        source_language=found.material.corpus.language,
        kind=block.segment.kind,
        glossary=found.glossaries[block.catalog.language],
    )


def with_entries(
    found: Translations, change: Callable[[CatalogEntry], CatalogEntry], *, language: Language | None = None
) -> tuple[Translations, int]:
    """The catalogs, of one language or all, with every live entry as ``change`` returns it, and how many changed."""
    count = 0
    catalogs = dict(found.material.catalogs)
    for (chapter, tag), catalog in found.material.catalogs.items():
        if language in (None, tag):
            entries = tuple(entry if entry.obsolete else change(entry) for entry in catalog.entries)
            count += sum(before is not after for before, after in zip(catalog.entries, entries, strict=True))
            catalogs[chapter, tag] = replace(catalog, entries=entries)
    return replace(found, material=replace(found.material, catalogs=catalogs)), count
