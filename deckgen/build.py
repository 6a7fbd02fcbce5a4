"""The stages in order: from a project's files to stamped decks, and from these to the packages in the build folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from deckgen import card, describe, identity, media, render, translation
from deckgen.apkg import write_package
from deckgen.config import locate_setting, unknown_setting
from deckgen.corpus import Progress, identify, settle, silent
from deckgen.diagnostics import DeckgenError, Diagnostic, diagnostic, has_errors
from deckgen.identity.lock_changes import describe_changes
from deckgen.identity.lockfile import Lock, format_lock, parse_lock
from deckgen.manifest import PackageRecord, describe_package, format_manifest, package_files
from deckgen.markdown import image_targets, render_markdown
from deckgen.media.places import locate_reference
from deckgen.model import (
    Chapter,
    Deck,
    Edition,
    EditionNames,
    ImageReference,
    Key,
    KeyedCategory,
    KeyedCorpus,
    Location,
    MediaFile,
    Policy,
    Profile,
    StampedDeck,
    TranslatedCorpus,
)
from deckgen.project import (
    BUILD_DIR,
    CONFIG_NAME,
    LOCK_NAME,
    MANIFEST_NAME,
    NOTES_PATH,
    PARTIAL_DIR,
    Project,
    Source,
    known_languages,
    read_optional,
    write_atomically,
)
from deckgen.text.slugs import ascii_slug
from deckgen.translation.notes import parse_notes, strange_languages


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
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
    jobs: int = 0
    release: str | None = None
    allow_retire: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Everything that a build found out, before any package is written."""

    project: Project
    chapters: tuple[Chapter, ...]
    keyed: KeyedCorpus
    translated: TranslatedCorpus
    decks: tuple[StampedDeck, ...]
    images: Mapping[ImageReference, MediaFile]
    profile: Profile
    slug: str
    lock: Lock
    changes: identity.Changes
    diagnostics: tuple[Diagnostic, ...]
    selected: bool
    """Chapters or categories were chosen, so the decks do not hold the whole project."""
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a build left on disk: the folder, its packages, and all findings including those of the writing."""

    folder: Path
    packages: tuple[PackageRecord, ...]
    diagnostics: tuple[Diagnostic, ...]


def make_decks(
    project: Project, findings: tuple[Diagnostic, ...], options: Options, progress: Progress = silent
) -> Build:
    """Every stage but the writing; ``findings`` are those of reading the project.

    Raises DeckgenError only where the machine fails; an author's mistake is one of the diagnostics.
    """
    config = project.config
    editions = options.editions or config.editions
    languages = tuple(dict.fromkeys((config.language, *(tag for edition in editions for tag in edition.languages))))
    paths = tuple(source.path for source in project.sources)
    whole = not options.categories and not (options.chapters and set(paths) - set(options.chapters))
    chapters, matched, findings = identify(
        project,
        findings,
        whole=whole and not options.chapters,
        allow_retire=options.allow_retire,
        progress=progress,
    )
    project_id = matched.corpus.project_id

    catalogs, unreadable = translation.read_catalogs(project.locale, paths, languages)
    editor, problems = parse_notes(project.notes_text or "", NOTES_PATH)
    translated, incomplete = translation.translate(
        matched.corpus, catalogs, languages=languages, notes=editor, policy=options.policy or config.policy
    )
    problems += tuple(strange_languages(editor, (*languages, *known_languages(project))))
    findings += (*unreadable, *problems, *incomplete)

    images, problems = _read_images(project, translated, options, progress)
    findings += _with_excerpts(problems, project)

    slug = config.slug or config.id or default_slug(project.sources) or project_id
    proposals = tuple(render.propose_names(translated, item, titles=config.titles, slug=slug) for item in editions)
    names, lock = identity.freeze_names(matched.lock, proposals)
    findings += identity.frozen_findings(lock, proposals, built=() if options.editions else editions)
    decks, problems = _render(project, matched.corpus, translated, names, images, options.release or _version(lock))
    findings += problems

    stamped, lock, problems = identity.stamp(decks, lock, now=options.now, release=options.release)
    chosen = tuple(_selection(deck, matched.corpus, options) for deck in stamped)
    if options.categories and not any(deck.deck.notes for deck in chosen):
        titles = ", ".join(category.title for category in matched.corpus.categories)
        raise DeckgenError(f"no category is called “{'”, “'.join(options.categories)}”", hint=f"there are: {titles}")
    return Build(
        project=project,
        chapters=chapters,
        keyed=matched.corpus,
        translated=translated,
        decks=chosen,
        images=images,
        profile=options.profile or config.profile,
        slug=slug,
        lock=lock,
        changes=matched.changes,
        diagnostics=settle(project, chapters, (*findings, *problems)),
        selected=not whole,
        version=options.release or _version(lock),
    )


def default_slug(sources: tuple[Source, ...]) -> str:
    """The first chapter's file name in ASCII; empty where there is no chapter."""
    return ascii_slug(PurePosixPath(sources[0].path).stem) if sources else ""


def write_build(
    made: Build, *, out: Path | None = None, strict: bool = False, locked: bool = False, progress: Progress = silent
) -> Written:
    """Writes the packages, the manifest and the lock, each in one step.

    After an error the packages go to ``partial/`` below the folder (nowhere when ``strict`` or without any card) and
    the lock stays as it is, so that a good package is never replaced by one that lacks something. A good build of the
    whole project takes what an earlier one left in ``partial/`` away.
    """
    findings = made.diagnostics
    lock_text = format_lock(made.lock)
    if locked and lock_text != (made.project.lock_text or ""):
        findings += (_lock_outdated(made),)
    folder = out or made.project.root / BUILD_DIR
    failed = has_errors(findings)
    if failed and (strict or not any(stamped.deck.notes for stamped in made.decks)):
        return Written(folder=folder, packages=(), diagnostics=findings)
    if failed:
        folder = folder / PARTIAL_DIR
    packages = _write_packages(made, folder, progress)
    if not failed and not made.selected and lock_text != made.project.lock_text:
        write_atomically(made.project.root / LOCK_NAME, lock_text.encode())
    if not failed and not made.selected:
        _remove_packages(folder / PARTIAL_DIR)
    return Written(folder=folder, packages=packages, diagnostics=findings)


def lock_changes(made: Build) -> tuple[str, ...]:
    """What writing the build would do to deckgen.lock, a line for each change; none where it stays as it is."""
    text = made.project.lock_text
    before = parse_lock(text, LOCK_NAME)[0] if text is not None else None
    return describe_changes(before, made.lock, made.changes)


def _read_images(
    project: Project, translated: TranslatedCorpus, options: Options, progress: Progress
) -> tuple[Mapping[ImageReference, MediaFile], tuple[Diagnostic, ...]]:
    return media.read_media(
        _references(translated, project),
        root=project.root,
        files=project.files,
        profile=options.profile or project.config.profile,
        cache=project.cache,
        jobs=options.jobs or 1,
        settings=project.config.images,
        progress=lambda done, total: progress("images", done, total),
    )


def _references(translated: TranslatedCorpus, project: Project) -> Iterator[tuple[ImageReference, Location]]:
    """Every image that a text refers to, with its place in the chapter."""
    lines = _lines(project)
    for item in translated.questions:
        chapter, question = item.keyed.chapter, item.keyed.question
        heading, answer = question.location.line, question.answer_line
        for texts, line in ((item.titles, heading), (item.answers, answer), (item.notes, heading)):
            for text in texts:
                html = render_markdown(
                    text.markdown,
                    dialect=chapter.dialect,
                    definitions=chapter.definitions,
                    html_headings=chapter.html_headings,
                )
                for target, position in image_targets(html):
                    offset = int(position.split(":")[0]) - 1 if position else 0
                    place = locate_reference(
                        lines[chapter.path],
                        target,
                        path=chapter.path,
                        line=line + offset,
                        within=(heading, question.end_line),
                    )
                    yield ImageReference(chapter=chapter.path, target=target), place


def _lines(project: Project) -> Mapping[str, list[str]]:
    return {source.path: source.text.split("\n") for source in project.sources}


def _with_excerpts(findings: tuple[Diagnostic, ...], project: Project) -> tuple[Diagnostic, ...]:
    lines = _lines(project)
    return tuple(
        replace(found, excerpt=lines[found.location.path][found.location.line - 1])
        if found.location and found.location.line <= len(lines.get(found.location.path, ()))
        else found
        for found in findings
    )


def card_settings(project: Project) -> tuple[card.CardSettings, tuple[Diagnostic, ...]]:
    """The ``[card]`` settings with the author's own style, and every problem with either."""
    text = project.config_text
    settings, problems = card.parse_card_settings(project.config.card)
    findings = []
    for problem in problems:
        where = ("card", problem.name)
        place = locate_setting(text, CONFIG_NAME, where)
        findings.append(
            unknown_setting(where, card.SETTINGS, place)
            if problem.unknown
            else diagnostic("bad-setting", problem.message, place)
        )
    editions = project.config.editions
    if settings.primary and not any(settings.primary in edition.languages for edition in editions):
        message = f"“card.primary”: no edition has the language {settings.primary}"
        place = locate_setting(text, CONFIG_NAME, ("card", "primary"))
        hint = f"editions: {', '.join(edition.name for edition in editions)}"
        findings.append(diagnostic("bad-setting", message, place, hint=hint))
    if settings.css:
        style = read_optional(project.root / settings.css)
        settings, wrong = card.with_user_css(settings, style or "")
        findings += [
            diagnostic("bad-setting", problem.message, Location(path=settings.css, line=problem.line))
            for problem in wrong
        ]
        if style is None:
            message = f"“card.css” names {settings.css}, and there is no such file"
            findings.append(diagnostic("bad-setting", message, locate_setting(text, CONFIG_NAME, ("card", "css"))))
    return settings, tuple(findings)


def _render(
    project: Project,
    keyed: KeyedCorpus,
    translated: TranslatedCorpus,
    names: tuple[EditionNames, ...],
    images: Mapping[ImageReference, MediaFile],
    version: str,
) -> tuple[tuple[Deck, ...], tuple[Diagnostic, ...]]:
    settings, problems = card_settings(project)
    decks = []
    for named in names:
        edition = named.edition
        ui = {language: card.read_ui(language) for language in edition.languages}
        decks.append(
            render.render_deck(
                translated,
                named,
                note_type=card.note_type(
                    project_id=keyed.project_id, edition=edition, name=named.note_type, settings=settings, ui=ui
                ),
                primary=card.languages_shown(edition, settings)[0],
                guids={item.key: identity.edition_guid(item.guid, edition.name) for item in keyed.questions},
                images=images,
                descriptions=describe.descriptions(edition, project.config, version, ui),
            )
        )
    return tuple(decks), problems


def _selection(stamped: StampedDeck, keyed: KeyedCorpus, options: Options) -> StampedDeck:
    """The notes of the chapters and categories that were asked for; all of them where nothing was."""
    wanted = {
        item.key
        for item in keyed.questions
        if (not options.chapters or item.chapter.path in options.chapters)
        and (not options.categories or any(_names(item.category, text) for text in options.categories))
    }
    kept = [
        (note, time) for note, time in zip(stamped.deck.notes, stamped.note_times, strict=True) if note.key in wanted
    ]
    if len(kept) == len(stamped.deck.notes):
        return stamped
    used = {name for note, _ in kept for name in note.media}
    categories = {note.category for note, _ in kept}
    return replace(
        stamped,
        deck=replace(
            stamped.deck,
            notes=tuple(note for note, _ in kept),
            subdecks=tuple(subdeck for subdeck in stamped.deck.subdecks if subdeck.category in categories),
            media=tuple(picture for picture in stamped.deck.media if picture.name in used),
        ),
        note_times=tuple(time for _, time in kept),
    )


def _names(category: KeyedCategory, text: str) -> bool:
    return text.casefold() in category.title.casefold() or text == category.key


def _write_packages(made: Build, folder: Path, progress: Progress) -> tuple[PackageRecord, ...]:
    """The package of all and those of the categories, then the manifest; packages of an earlier build that are no
    more are removed.
    """
    jobs = [job for stamped in made.decks for job in plan_packages(stamped, made)]
    records = []
    for done, (name, stamped, category) in enumerate(jobs):
        progress("package", done, len(jobs))
        chosen = None if category is None else frozenset((category,))
        write_package(stamped, folder / name, categories=chosen)
        notes = sum(chosen is None or note.category in chosen for note in stamped.deck.notes)
        records.append(describe_package(folder / name, edition=stamped.deck.edition, category=category, notes=notes))
    manifest = folder / MANIFEST_NAME
    stale = package_files(read_optional(manifest) or "") - {record.file for record in records}
    text = format_manifest(
        tuple(records),
        made.keyed.questions,
        made.decks,
        project_id=made.keyed.project_id,
        version=made.version,
        profile=made.profile,
        translations=made.translated.counts,
    )
    write_atomically(manifest, text.encode())
    for file in () if made.selected else sorted(stale):
        (folder / file).unlink(missing_ok=True)
    return tuple(records)


def _remove_packages(folder: Path) -> None:
    """The packages that a build left in a folder, their manifest, and the folder if nothing else is in it."""
    files = package_files(read_optional(folder / MANIFEST_NAME) or "") if folder.is_dir() else frozenset()
    if not files:
        return
    for file in (*sorted(files), MANIFEST_NAME):
        (folder / file).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def plan_packages(
    stamped: StampedDeck, made: Build, *, ending: str = ""
) -> Iterator[tuple[str, StampedDeck, Key | None]]:
    """File name, deck and category of each package of an edition; the names get ``ending`` before their suffix.

    Where chapters or categories were chosen there is no package of all: its name would promise more than it holds.
    """
    edition = stamped.deck.edition.name
    suffix = "" if made.profile is Profile.MOBILE else f"-{made.profile}"
    if not made.selected and stamped.deck.notes:
        yield f"{made.slug}-{edition}{suffix}{ending}.apkg", stamped, None
    for subdeck in stamped.deck.subdecks:
        yield f"{made.slug}-{edition}-{subdeck.order:02}-{subdeck.slug}{suffix}{ending}.apkg", stamped, subdeck.category


def _lock_outdated(made: Build) -> Diagnostic:
    return diagnostic(
        "lock-outdated",
        f"deckgen.lock would change: {'; '.join(lock_changes(made))}",
        Location(path=LOCK_NAME),
        hint="run “deckgen build” and commit deckgen.lock",
    )


def _version(lock: Lock) -> str:
    return describe.development_version(lock.releases[-1] if lock.releases else None)
