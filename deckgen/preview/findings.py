"""Which card a finding concerns: the one whose heading or answer holds its line; all others concern the project."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from deckgen.build import Build
from deckgen.diagnostics import Diagnostic, Severity
from deckgen.model import Key

_Span = tuple[int, int, Key]
"""First line, last line, whose they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    by_key: Mapping[Key, tuple[Diagnostic, ...]]
    general: tuple[Diagnostic, ...]


def sort_findings(made: Build) -> Findings:
    """The build's findings, each with its card where that is shown, else with the project."""
    spans = _spans(made)
    by_key: dict[Key, list[Diagnostic]] = {}
    general: list[Diagnostic] = []
    for found in made.diagnostics:
        key = _key_at(spans, found)
        (general if key is None else by_key.setdefault(key, [])).append(found)
    return Findings(
        by_key={key: _gravest_first(found) for key, found in by_key.items()}, general=_gravest_first(general)
    )


def finding_entry(found: Diagnostic) -> dict[str, str]:
    """A finding as the page shows it; what is empty is left out."""
    entry = {
        "severity": found.severity.value,
        "message": found.message,
        "rule": found.rule,
        "place": f"{found.location.path}:{found.location.line}" if found.location else "",
        "hint": found.hint,
        "excerpt": found.excerpt.strip()[:200],
    }
    return {name: value for name, value in entry.items() if value}


def _gravest_first(findings: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    order = list(Severity)
    return tuple(sorted(findings, key=lambda found: order.index(found.severity)))


def _spans(made: Build) -> Mapping[str, list[_Span]]:
    shown = {note.key for stamped in made.decks for note in stamped.deck.notes}
    spans: dict[str, list[_Span]] = {}
    for item in made.keyed.questions:
        if item.key in shown:
            question = item.question
            spans.setdefault(item.chapter.path, []).append((question.location.line, question.end_line, item.key))
    for lines in spans.values():
        lines.sort()
    return spans


def _key_at(spans: Mapping[str, list[_Span]], found: Diagnostic) -> Key | None:
    if found.location is None or not (lines := spans.get(found.location.path)):
        return None
    index = bisect_right(lines, found.location.line, key=lambda span: span[0]) - 1
    return lines[index][2] if index >= 0 and found.location.line <= lines[index][1] else None
