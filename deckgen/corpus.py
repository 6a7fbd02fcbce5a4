"""The first two stages, which building and translating share: a project's sources to questions with their keys."""

from __future__ import annotations

from collections.abc import Callable

from deckgen import identity, lint, parse
from deckgen.diagnostics import Diagnostic, has_errors, with_severities
from deckgen.identity.lockfile import require_lock
from deckgen.model import Chapter, Corpus, Location
from deckgen.project import LOCK_NAME, Project, existing

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, how much of it is done and how much there is; 0 of 0 where it cannot be counted."""


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def identify(
    project: Project,
    findings: tuple[Diagnostic, ...],
    *,
    whole: bool = True,
    allow_retire: bool = False,
    progress: Progress = silent,
) -> tuple[tuple[Chapter, ...], identity.Matched, tuple[Diagnostic, ...]]:
    """The first two stages: the chapters, their questions with their keys, and ``findings`` with what these add.

    Where the build is not of the ``whole`` project, no note is retired.
    """
    config = project.config
    chapters, problems = _parse(project, progress)
    findings += problems
    before = require_lock(project.lock_text, LOCK_NAME) if project.lock_text is not None else None
    derived = identity.derive_project_id(source.path for source in project.sources)
    complete = whole and not has_errors(settle(project, chapters, findings, report_unused=False))
    known = {note.chapter for note in before.notes} if before else set()
    matched = identity.match(
        Corpus(language=config.language, chapters=chapters),
        before,
        project_id=config.id or (before.project_id if before else derived),
        complete=complete,
        allow_empty=allow_retire,
        elsewhere=frozenset() if complete else existing(project, known),
    )
    return chapters, matched, (*findings, *matched.diagnostics)


def settle(
    project: Project, chapters: tuple[Chapter, ...], findings: tuple[Diagnostic, ...], *, report_unused: bool = True
) -> tuple[Diagnostic, ...]:
    """The findings as the project wants them: each once and in order, less what comments ignore, with its severities.

    Comments that ignore nothing are reported only where ``findings`` are those of every stage.
    """
    texts = {source.path: source.text for source in project.sources}
    findings = tuple(dict.fromkeys(findings))
    for chapter in chapters:
        findings = parse.apply_ignores(texts[chapter.path], chapter, findings, report_unused=report_unused)
    findings = with_severities(findings, project.config.severities)
    return tuple(sorted(findings, key=lambda found: found.location or Location(path="")))


def _parse(project: Project, progress: Progress) -> tuple[tuple[Chapter, ...], tuple[Diagnostic, ...]]:
    chapters: list[Chapter] = []
    findings: list[Diagnostic] = []
    for done, source in enumerate(project.sources):
        progress("parse", done, len(project.sources))
        chapter, problems = parse.parse_chapter(
            source.text, path=source.path, settings=project.config.settings_for(source.path)
        )
        chapters.append(chapter)
        findings += (*problems, *lint.lint_chapter(chapter, source.text))
    return tuple(chapters), tuple(findings)
