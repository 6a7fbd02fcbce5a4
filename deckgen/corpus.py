"""The first two stages, which building and translating share: a project's sources to questions with their keys."""

import functools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from pathlib import Path

from deckgen import lint
from deckgen.chapters import apply_ignores, parse_chapter
from deckgen.diagnostics import DeckgenError, Diagnostic, Severity, diagnostic, has_errors, with_severities
from deckgen.identity.keys import derive_project_id
from deckgen.identity.lock import Lock, require_lock
from deckgen.identity.matching import Matched, Past, match, of_chapters
from deckgen.markdown import Documents
from deckgen.memory.store import Decoder, Memory, encoded
from deckgen.memory.workers import MUCH_TEXT, WorkerDiedError, died_over, map_in_processes
from deckgen.model import Chapter, Context, Corpus, Location, Markdown, replace
from deckgen.project.config import ChapterSettings
from deckgen.project.encoding import Source
from deckgen.project.history import birthmark, committed_lock, revision, steps_since
from deckgen.project.layout import LOCK_NAME, RECORDS_DIR, record_path
from deckgen.project.reading import Project, read_others
from deckgen.text.titles import normalised_title, split_number

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, how much of it is done and how much there is; 0 of 0 where it cannot be counted."""


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def identify(
    project: Project,
    findings: tuple[Diagnostic, ...],
    documents: Documents,
    *,
    jobs: int = 1,
    whole: bool = True,
    allow_retire: bool = False,
    progress: Progress = silent,
) -> tuple[tuple[Chapter, ...], Matched, tuple[Diagnostic, ...]]:
    """The first two stages: the chapters, their questions with their keys, and ``findings`` with what these add.

    Where the build is not of the ``whole`` project, no note is retired.
    """
    config = project.config
    before = require_lock(project.lock_text) if project.lock_text is not None else None
    _require_releases(project, before)
    if before is None:
        findings += _lost_lock(project)
    readings = _read_chapters(project, before, documents, jobs=jobs, progress=progress)
    chapters = tuple(chapter for chapter, _ in readings)
    findings += tuple(finding for _, found in readings for finding in found)
    findings = tuple(_beside_the_lock(project, findings, chapters, before))
    complete = whole and not has_errors(settle(project, chapters, findings, finished=False))
    # Questions are told apart from those of chapters that this build leaves alone, too.
    others, unreadable = read_others(project, {note.chapter for note in before.live} if before else ())
    known = (_parse_source(project, before, source) for source in others)
    texts = {unicodedata.normalize("NFC", source.path): source.text for source in (*project.sources, *others)}
    paths = frozenset(source.path for source in project.sources)
    matched = match(
        Corpus(language=config.language, chapters=(*chapters, *known)),
        before,
        project_id=config.id or (before.project_id if before else derive_project_id(paths, birthmark(project.root))),
        complete=complete,
        allow_empty=allow_retire,
        reread=before is not None and not before.releases and before.sources == revision(texts, before.chapters),
        elsewhere=unreadable,
        past=(past := _past(project, before, texts)),
    )
    if not (past.missing and matched.lock.pending):  # else the history, once it is there, settles what is doubtful
        matched = replace(matched, lock=replace(matched.lock, sources=revision(texts, matched.lock.chapters)))
    if others:
        matched = of_chapters(matched, paths)
    return chapters, matched, (*findings, *matched.diagnostics)


def _past(project: Project, lock: Lock | None, texts: Mapping[str, str]) -> Past:
    """The corpora since the lock was written, each version of a chapter parsed once."""
    if lock is None:
        return Past()
    steps, missing = steps_since(project.root, lock.sources, texts, lock.chapters)
    known = frozenset(note.answer for note in lock.notes)
    parse = functools.cache(lambda source: _parse_source(project, lock, source, known))
    corpora = tuple(
        (Corpus(language=project.config.language, chapters=tuple(map(parse, sources))), parents)
        for sources, parents in steps
    )
    return Past(corpora=corpora, missing=missing)


def _parse_source(project: Project, lock: Lock | None, source: Source, known: Container[str] = ()) -> Chapter:
    settings, released = project.config.settings_for(source.path), _released_categories(lock)(source.path)
    return parse_chapter(source.text, path=source.path, settings=settings, known=known, released=released)[0]


def _released_categories(lock: Lock | None) -> Callable[[str], frozenset[str]]:
    """A chapter's path → the folded titles of its categories that learners know, which it keeps though it would be read
    otherwise today. A chapter that the lock does not know may be one that was renamed, and keeps those of all.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for record in lock.categories if lock and lock.releases else ():
        found[record.chapter].add(record.title)
    shared, every = found.pop("", set()), frozenset[str]().union(*found.values())
    titles = {chapter: frozenset(own | shared) for chapter, own in found.items()}
    return lambda path: titles.get(unicodedata.normalize("NFC", path), every | shared)


def _beside_the_lock(
    project: Project, findings: Iterable[Diagnostic], chapters: Iterable[Chapter], before: Lock | None
) -> Iterator[Diagnostic]:
    """The findings in the light of what is known of the questions.

    A page without any is a remark among chapters that have some, unless its questions are in the lock; a comment that
    hides such questions is more than a remark.
    """
    some = any(chapter.categories for chapter in chapters)
    known: dict[str, set[str]] = defaultdict(set)
    for note in before.live if before else ():
        known[note.chapter].add(note.title)
    for found in findings:
        lost = found.location is not None and found.location.path in known
        if found.rule == "hidden-question" and lost and _hides(project, found, known):
            yield replace(found, severity=Severity.WARNING, message=f"{found.message}; cards would be retired")
        else:
            mild = some and not lost and found.rule == "no-questions"
            yield replace(found, severity=Severity.INFO) if mild else found


def _hides(project: Project, found: Diagnostic, known: Mapping[str, set[str]]) -> bool:
    """Whether one of the lines that a finding is about is the title of a question that the lock knows."""
    place = found.location
    assert place
    lines = project.lines[place.path][place.line - 1 : place.end_line]
    titles = (re.sub(r"^[\s#]+|<[^<>]*>", "", line) for line in lines)
    return not known[place.path].isdisjoint(normalised_title(split_number(title, bare=True).title) for title in titles)


def _require_releases(project: Project, lock: Lock | None) -> None:
    missing = [version for version in project.released if lock is None or version not in lock.releases]
    if missing:
        state = "is lost" if lock is None else "is older than that"
        raise DeckgenError(
            f"{record_path(missing[-1])} records a release that {LOCK_NAME} does not know: the lock {state}, "
            "and a build would give learners new cards",
            hint=f"restore it, from git with: git checkout v{missing[-1]} -- {LOCK_NAME}; "
            f"for a deck of its own, remove {RECORDS_DIR}/",
            location=Location(path=LOCK_NAME),
        )


def _lost_lock(project: Project) -> tuple[Diagnostic, ...]:
    """That git has a lock and the project does not: this build would give learners of earlier ones new cards."""
    commit = committed_lock(project.root)
    if not commit:
        return ()
    message = f"{LOCK_NAME} is gone, and git has it: questions that were edited since their first build get new keys"
    hint = f"restore it with: git checkout {commit} -- {LOCK_NAME}; to begin anew on purpose, build and commit"
    return (diagnostic("lost-lock", message, Location(path=LOCK_NAME), hint=hint),)


def settle(
    project: Project, chapters: tuple[Chapter, ...], findings: tuple[Diagnostic, ...], *, finished: bool = True
) -> tuple[Diagnostic, ...]:
    """The findings as the project wants them: each once and in order, less what comments ignore, with its severities.

    Comments that ignore nothing are reported where the build is ``finished``, those about translations never: a build
    does not check them.
    """
    texts = {source.path: source.text for source in project.sources}
    findings = tuple(dict.fromkeys(findings))
    for chapter in chapters:
        findings = apply_ignores(
            texts[chapter.path],
            chapter,
            findings,
            checked=lambda rule: finished and not is_about_translations(rule),
        )
    findings = with_severities(findings, project.config.severities)
    return tuple(sorted(findings, key=lambda found: found.location or Location(path="")))


def is_about_translations(rule: str) -> bool:
    """Whether a rule is one of ``deckgen translate check``."""
    return rule.startswith("translation-")


_Reading = tuple[Chapter, tuple[Diagnostic, ...]]
"""A chapter, and what its structure and lint have to say of it."""
_READING = Decoder(_Reading)
_Found = tuple[bytes, list[bytes], dict[bytes, bytes]]
"""A chapter's reading and its documents, encoded, and what of these is new to the memory."""
_Sheet = tuple[Source, ChapterSettings, frozenset[str], frozenset[str], Path | None]
"""A chapter to read, the fingerprints of its answers that the lock knows, released categories, the cache's folder."""


def _read_chapters(
    project: Project, before: Lock | None, documents: Documents, *, jobs: int, progress: Progress
) -> tuple[_Reading, ...]:
    """Every chapter; those that no earlier run has read so, with their documents."""
    memory, released = documents.memory, _released_categories(before)
    answers: dict[str, set[str]] = defaultdict(set)
    for note in before.notes if before else ():
        answers[note.chapter].add(note.answer)
    sheets: dict[bytes, _Sheet] = {}
    for source in project.sources:
        path, settings, kept = source.path, project.config.settings_for(source.path), released(source.path)
        key = memory.key("chapter", path, repr(settings), source.text, repr(sorted(kept)))
        known = frozenset(answers[unicodedata.normalize("NFC", path)])
        sheets[key] = source, settings, known, kept, memory.folder
    readings = memory.decoded(sheets, _READING)
    missing = {key: sheet for key, sheet in sheets.items() if key not in readings}
    progress("parse", len(readings), len(sheets))
    much = sum(len(source.text) for source, *_ in missing.values()) >= MUCH_TEXT
    read = _read_all(list(missing.values()), jobs=jobs if much else 1, progress=progress)
    for key, (data, texts, made) in zip(missing, read, strict=True):
        readings[key] = _READING.decode(data)
        documents.take(texts_of(readings[key][0]), texts)
        memory.keep(made | {key: data})
        progress("parse", len(readings), len(sheets))
    return tuple(readings[key] for key in sheets)


def _read_all(sheets: list[_Sheet], *, jobs: int, progress: Progress) -> Iterator[_Found]:
    """What ``_read`` makes of each. DeckgenError where a process dies over one of them.

    Where one is read after the other, progress counts the questions within each.
    """
    if jobs < 2 or len(sheets) < 2:
        yield from (_read(sheet, progress, jobs) for sheet in sheets)
        return
    try:
        yield from map_in_processes(_read, sheets, jobs=jobs, chunk=1)
    except WorkerDiedError as error:
        raise died_over(sheets[error.index][0].path) from error


def _read(sheet: _Sheet, progress: Progress = silent, jobs: int = 1) -> _Found:
    source, settings, known, released, cache = sheet
    chapter, problems = parse_chapter(source.text, path=source.path, settings=settings, known=known, released=released)
    memory = Memory(cache, read_only=True)
    documents = Documents(memory, jobs=jobs)
    questions = sum(len(category.questions) for category in chapter.categories)
    documents.read(
        texts_of(chapter),
        report=lambda done, texts: progress(f"parse {source.path}", done * questions // texts, questions),
    )
    memory.close()
    reading: _Reading = chapter, (*problems, *lint.lint_chapter(chapter, source.text, documents))
    return encoded(reading), documents.known(texts_of(chapter)), memory.new


def texts_of(chapter: Chapter) -> Iterator[tuple[Markdown, Context]]:
    """Every text of a chapter that is parsed by itself, with its context."""
    context = chapter.context
    for category in chapter.categories:
        for question in category.questions:
            yield question.title, context
            yield question.answer, context
            if question.front:
                yield question.front, context
