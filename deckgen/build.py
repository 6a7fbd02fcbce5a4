"""The stages in order, from a project's files to stamped decks; ``output`` writes them down."""

import unicodedata
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from deckgen import media, render, translation
from deckgen.corpus import Progress, identify, settle, silent, texts_of
from deckgen.decks import development_version, lines_of, marked_by, naming, render_decks, select
from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.identity.changes import Changes
from deckgen.identity.editions import freeze_names, grow_editions, name_findings
from deckgen.identity.lock import Lock
from deckgen.identity.matching import Matched
from deckgen.identity.stamping import stamp
from deckgen.markdown import Documents
from deckgen.media.references import image_references
from deckgen.memory.store import Memory
from deckgen.memory.workers import without_collector
from deckgen.model import (
    Chapter,
    Edition,
    ImageReference,
    KeyedCorpus,
    MediaFile,
    StampedDeck,
    TranslatedCorpus,
)
from deckgen.project import Policy, Profile
from deckgen.project.reading import Project


class Options(Struct, frozen=True, kw_only=True):
    """What a build is asked for; what is None or empty is taken from the settings."""

    now: int
    """Seconds since the epoch, stamped on what changed."""
    editions: tuple[Edition, ...] = ()
    profile: Profile | None = None
    policy: Policy | None = None
    chapters: tuple[str, ...] = ()
    """Only the questions of these chapters, as paths relative to the project."""
    categories: tuple[str, ...] = ()
    """Only the categories whose title, slug or key is or contains one of these texts."""
    jobs: int = 1
    release: str | None = None
    allow_retire: bool = False


class ReadProject(Struct, frozen=True, kw_only=True):
    """Chapters, keys and translations of a project: what is the same whatever is made of them."""

    project: Project
    chapters: tuple[Chapter, ...]
    material: translation.Material
    matched: Matched
    translated: TranslatedCorpus
    findings: tuple[Diagnostic, ...]
    whole: bool


class Build(Struct, frozen=True, kw_only=True):
    """Everything that a build found out, before any package is written."""

    read: ReadProject
    project: Project
    keyed: KeyedCorpus
    decks: tuple[StampedDeck, ...]
    documents: Documents
    profile: Profile
    book: naming.BookNames
    lock: Lock
    changes: Changes
    diagnostics: tuple[Diagnostic, ...]
    selected: bool
    """Chapters or categories were chosen, so the decks do not hold the whole project."""
    version: str
    jobs: int


@without_collector()
def make_decks(
    project: Project, findings: tuple[Diagnostic, ...], options: Options, progress: Progress = silent
) -> Build:
    """Every stage but the writing; ``findings`` are those of reading the project.

    Raises DeckgenError only where the machine fails; an author's mistake is one of the diagnostics.
    """
    config = project.config
    editions = options.editions or config.editions
    languages = tuple(dict.fromkeys(tag for edition in editions for tag in edition.languages if tag != config.language))
    paths = tuple(source.path for source in project.sources)
    whole = not options.categories and not (options.chapters and set(paths) - set(options.chapters))
    memory = Memory(project.cache)
    documents = Documents(memory, jobs=options.jobs)
    chapters, matched, findings = identify(
        project,
        findings,
        documents,
        jobs=options.jobs,
        whole=whole and not options.chapters,
        allow_retire=options.allow_retire,
        progress=progress,
    )
    if languages:
        documents.read(text for chapter in chapters for text in texts_of(chapter))
    material, problems = translation.read_material(project, matched.corpus, documents, languages)
    policy = options.policy or config.policy
    translated, incomplete = translation.translate(material, policy=policy, files=project.files)
    findings += (*problems, *incomplete)

    read = ReadProject(
        project=project,
        chapters=chapters,
        material=material,
        matched=matched,
        translated=translated,
        findings=findings,
        whole=whole,
    )
    made = finish_decks(read, options, progress)
    memory.save()  # what is made of this build yet may ask it
    if memory.problem:
        hint = "the build is the same; it only takes longer"
        made = replace(made, diagnostics=(*made.diagnostics, diagnostic("no-memory", memory.problem, hint=hint)))
    return made


def finish_decks(read: ReadProject, options: Options, progress: Progress = silent) -> Build:
    """The decks of what was read: what depends on editions, profile, release and time, and on nothing else."""
    project, documents, matched, translated = read.project, read.material.documents, read.matched, read.translated
    config, editions = project.config, options.editions or project.config.editions
    profile = options.profile or config.profile
    images, problems = _read_images(read, profile, options.jobs, progress)
    findings = (*read.findings, *_with_excerpts(problems, project))

    book = naming.name_book(config, read.chapters, matched.lock, folder=project.root.resolve().name)
    before, grown = grow_editions(matched.lock, config.editions)
    findings += grown
    proposals = tuple(naming.propose_names(translated, item, documents, book=book, lock=before) for item in editions)
    paths = {unicodedata.normalize("NFC", source.path) for source in project.sources}
    whole = read.whole and before.chapters <= paths
    names, lock = freeze_names(before, proposals, whole=whole)
    findings += name_findings(before, lock, proposals, built=() if options.editions else editions)
    version = options.release or development_version(lock.releases)
    decks, problems = render_decks(project, matched.corpus, translated, names, documents, images, version, lock)
    findings += problems

    now, release = options.now, options.release
    mark = marked_by(lock, now=now, release=release)
    stamped, lock, problems = stamp(decks, lock, now=now, release=release, mark=mark)
    stamped = tuple(_moved(one, int(profile is Profile.DESKTOP)) for one in stamped)
    chosen = select(stamped, matched.corpus, chapters=options.chapters, categories=options.categories)
    return Build(
        read=read,
        project=project,
        keyed=matched.corpus,
        decks=chosen,
        documents=documents,
        profile=profile,
        book=book,
        lock=lock,
        changes=matched.changes,
        diagnostics=settle(project, read.chapters, (*findings, *problems)),
        selected=not read.whole,
        version=version,
        jobs=options.jobs,
    )


def with_profile(made: Build, profile: Profile, progress: Progress = silent) -> Build:
    """The build with its images for another profile. Nothing else of it differs, and no note changes by that."""
    images, _ = _read_images(made.read, profile, made.jobs, progress)
    later = (profile is Profile.DESKTOP) - (made.profile is Profile.DESKTOP)
    decks = (replace(one, deck=render.with_images(one.deck, images.values())) for one in made.decks)
    return replace(made, decks=tuple(_moved(one, later) for one in decks), profile=profile)


def _moved(stamped: StampedDeck, seconds: int) -> StampedDeck:
    """The deck with its notes with images so much later: larger ones replace the smaller ones only by a later time."""
    pairs = zip(stamped.deck.notes, stamped.note_times, strict=True)
    return replace(stamped, note_times=tuple(time + seconds * bool(note.media) for note, time in pairs))


def _read_images(
    read: ReadProject, profile: Profile, jobs: int, progress: Progress
) -> tuple[Mapping[ImageReference, MediaFile], tuple[Diagnostic, ...]]:
    documents = read.material.documents
    return media.read_media(
        (found for group in image_references(read.translated.questions, documents) for found in group),
        read.project,
        profile=profile,
        jobs=jobs,
        progress=lambda done, total: progress("images", done, total),
        memory=documents.memory,
    )


def _with_excerpts(findings: tuple[Diagnostic, ...], project: Project) -> tuple[Diagnostic, ...]:
    lines = lines_of(project) if findings else {}
    return tuple(
        replace(found, excerpt=lines[found.location.path][found.location.line - 1])
        if found.location and found.location.line <= len(lines.get(found.location.path, ()))
        else found
        for found in findings
    )
