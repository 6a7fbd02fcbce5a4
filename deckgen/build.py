"""The stages in order, from a project's files to stamped decks; ``output`` writes them down."""

from collections.abc import Mapping
from functools import partial

from msgspec import Struct

from deckgen import translation
from deckgen.corpus import Progress, identify, settle, silent, texts_of
from deckgen.decks import development_version, later, marked_by, naming, render_decks, select, with_images
from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.identity.lock import Lock
from deckgen.identity.matching import Matched
from deckgen.identity.stamping import stamp
from deckgen.markdown import Documents
from deckgen.media import read_media
from deckgen.media.references import image_references
from deckgen.memory.store import Memory
from deckgen.memory.workers import without_collector
from deckgen.model import Chapter, Edition, ImageReference, MediaFile, StampedDeck, TranslatedCorpus, replace
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
    """Chapters, keys and translations of a project: what is the same whatever is made of them.

    It is ``whole`` unless chapters or categories were chosen, so that decks will not hold all of it.
    """

    project: Project
    chapters: tuple[Chapter, ...]
    material: translation.Material
    matched: Matched
    translated: TranslatedCorpus
    findings: tuple[Diagnostic, ...]
    whole: bool


class Build(ReadProject, frozen=True, kw_only=True):
    """Everything that a build found out, before any package is written."""

    decks: tuple[StampedDeck, ...]
    profile: Profile
    book: naming.BookNames
    lock: Lock
    diagnostics: tuple[Diagnostic, ...]
    """The findings of reading and of all that came after, as the project wants them."""
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
    profile = options.profile or project.config.profile
    images, of_images = _read_images(read, profile, options.jobs, progress)

    book = naming.name_book(project.config, read.chapters, matched.lock, folder=project.root.resolve().name)
    names, lock, of_names = naming.name_decks(
        project, translated, documents, book, matched.lock, asked=options.editions, whole=read.whole
    )
    version = options.release or development_version(lock.releases)
    decks, of_cards = render_decks(project, matched.corpus, translated, names, documents, images, version, lock)

    now, release = options.now, options.release
    mark = marked_by(lock, now=now, release=release)
    stamped, lock, of_stamps = stamp(decks, lock, now=now, release=release, mark=mark)
    stamped = later(stamped, seconds=int(profile is Profile.DESKTOP))
    chosen = select(stamped, matched.corpus, chapters=options.chapters, categories=options.categories)
    findings = (*read.findings, *of_images, *of_names, *of_cards, *of_stamps)
    return Build(
        project=project,
        chapters=read.chapters,
        material=read.material,
        matched=matched,
        translated=translated,
        findings=read.findings,
        whole=read.whole,
        decks=chosen,
        profile=profile,
        book=book,
        lock=lock,
        diagnostics=settle(project, read.chapters, findings),
        version=version,
        jobs=options.jobs,
    )


def with_profile(made: Build, profile: Profile, progress: Progress = silent) -> Build:
    """The build with its images for another profile. Nothing else of it differs, and no note changes by that."""
    images, _ = _read_images(made, profile, made.jobs, progress)
    seconds = (profile is Profile.DESKTOP) - (made.profile is Profile.DESKTOP)
    return replace(made, decks=later(with_images(made.decks, images.values()), seconds=seconds), profile=profile)


def _read_images(
    read: ReadProject, profile: Profile, jobs: int, progress: Progress
) -> tuple[Mapping[ImageReference, MediaFile], tuple[Diagnostic, ...]]:
    documents = read.material.documents
    references = image_references(read.translated.questions, documents)
    reached = partial(progress, "images")
    return read_media(references, read.project, profile=profile, jobs=jobs, progress=reached, memory=documents.memory)
