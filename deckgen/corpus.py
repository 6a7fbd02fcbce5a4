"""The first two stages, which building and translating share: a project's sources to questions with their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from deckgen import identity, lint
from deckgen.chapters import apply_ignores, parse_chapter
from deckgen.diagnostics import DeckgenError, Diagnostic, Severity, has_errors, with_severities
from deckgen.identity.lock import Lock, require_lock
from deckgen.markdown import Documents
from deckgen.model import Chapter, Corpus, Location
from deckgen.project import LOCK_NAME, RECORDS_DIR, Project, Source, read_others, record_path

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, how much of it is done and how much there is; 0 of 0 where it cannot be counted."""


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def identify(
    project: Project,
    findings: tuple[Diagnostic, ...],
    documents: Documents,
    *,
    whole: bool = True,
    allow_retire: bool = False,
    progress: Progress = silent,
) -> tuple[tuple[Chapter, ...], identity.Matched, tuple[Diagnostic, ...]]:
    """The first two stages: the chapters, their questions with their keys, and ``findings`` with what these add.

    Where the build is not of the ``whole`` project, no note is retired.
    """
    config = project.config
    chapters, problems = _parse(project, documents, progress)
    findings += problems
    before = require_lock(project.lock_text, LOCK_NAME) if project.lock_text is not None else None
    _require_releases(project, before)
    findings = tuple(_without_questions(findings, chapters, before))
    derived = identity.derive_project_id(source.path for source in project.sources)
    complete = whole and not has_errors(settle(project, chapters, findings, finished=False))
    # Questions are told apart from those of chapters that this build leaves alone, too.
    others, unreadable = read_others(project, {note.chapter for note in before.live} if before else ())
    known = (_parse_one(project, source)[0] for source in others)
    matched = identity.match(
        Corpus(language=config.language, chapters=(*chapters, *known)),
        before,
        project_id=config.id or (before.project_id if before else derived),
        complete=complete,
        allow_empty=allow_retire,
        elsewhere=unreadable,
    )
    if others:
        matched = identity.of_chapters(matched, frozenset(source.path for source in project.sources))
    return chapters, matched, (*findings, *matched.diagnostics)


def _without_questions(
    findings: Iterable[Diagnostic], chapters: Iterable[Chapter], before: Lock | None
) -> Iterator[Diagnostic]:
    """A page without questions is a remark among chapters that have some, unless its questions are in the lock."""
    some = any(chapter.categories for chapter in chapters)
    known = {note.chapter for note in before.live} if before else set()
    for found in findings:
        lost = found.location is not None and found.location.path in known
        mild = some and not lost and found.rule == "no-questions"
        yield replace(found, severity=Severity.INFO) if mild else found


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


def _parse(
    project: Project, documents: Documents, progress: Progress
) -> tuple[tuple[Chapter, ...], tuple[Diagnostic, ...]]:
    chapters: list[Chapter] = []
    findings: list[Diagnostic] = []
    for done, source in enumerate(project.sources):
        progress("parse", done, len(project.sources))
        chapter, problems = _parse_one(project, source)
        chapters.append(chapter)
        findings += (*problems, *lint.lint_chapter(chapter, source.text, documents))
    return tuple(chapters), tuple(findings)


def _parse_one(project: Project, source: Source) -> tuple[Chapter, tuple[Diagnostic, ...]]:
    return parse_chapter(source.text, path=source.path, settings=project.config.settings_for(source.path))
