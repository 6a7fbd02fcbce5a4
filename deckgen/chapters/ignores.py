"""``<!-- deckgen: ignore[rule] -->``: takes findings about the block that follows out of a chapter's list."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from deckgen.chapters.directives import Directive, find_directives, location_of
from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.markdown.lines import Kind, line_kinds
from deckgen.model import Chapter

_MARKER = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")


def apply_ignores(
    text: str, chapter: Chapter, findings: Iterable[Diagnostic], *, checked: Callable[[str], bool]
) -> tuple[Diagnostic, ...]:
    """The findings without those that the chapter's comments ignore.

    A comment holds for the block that follows: a paragraph, list, table or fence, or, above a question's heading, the
    whole question. A comment that suppresses nothing is a finding itself where all findings of its rule are there,
    which ``checked`` tells of a rule's name. Findings about other files stay.
    """
    findings = tuple(findings)
    if "deckgen" not in text:
        return findings
    lines = text.split("\n")
    kinds = line_kinds(lines, fence_ends=chapter.fence_ends)
    directives = [directive for directive in find_directives(lines, kinds) if directive.rules]
    questions = _questions(chapter)
    ranges = [(directive, _block(lines, kinds, directive, questions)) for directive in directives]
    by_rule: dict[str, list[tuple[Directive, range]]] = defaultdict(list)
    for directive, lines_ in ranges:
        for rule in directive.rules:
            by_rule[rule].append((directive, lines_))
    used: set[tuple[int, str]] = set()
    kept = []
    for found in findings:
        place = found.location
        match = None
        if place is not None and place.path == chapter.path:
            match = next((item for item, span in by_rule.get(found.rule, ()) if place.line in span), None)
        if match is None:
            kept.append(found)
        else:
            used.add((match.line, found.rule))
    return (*kept, *_unused(directives, used, chapter.path, checked))


def _unused(
    directives: Sequence[Directive], used: set[tuple[int, str]], path: str, checked: Callable[[str], bool]
) -> Iterable[Diagnostic]:
    for directive in directives:
        for rule in directive.rules:
            if (directive.line, rule) not in used and checked(rule):
                yield diagnostic(
                    "unused-ignore",
                    f"there is no {rule} to ignore in the block below",
                    location_of(directive, path),
                    hint="take the comment out",
                )


def _questions(chapter: Chapter) -> dict[int, int]:
    """The last line of each question, by every line of its heading."""
    return {
        line: question.end_line
        for category in chapter.categories
        for question in category.questions
        for line in range(question.location.line, max(question.location.line, question.location.end_line) + 1)
    }


def _block(lines: Sequence[str], kinds: Sequence[Kind], directive: Directive, questions: dict[int, int]) -> range:
    """The line numbers that the comment speaks of."""
    start = directive.line
    while start < len(lines) and (not lines[start].strip() or _is_comment(lines[start])):
        start += 1
    if start + 1 in questions:
        return range(directive.line, questions[start + 1] + 1)
    return range(directive.line, _block_end(lines, kinds, start) + 1)


def _is_comment(line: str) -> bool:
    text = line.strip()
    return text.startswith("<!--") and text.endswith("-->")


def _block_end(lines: Sequence[str], kinds: Sequence[Kind], start: int) -> int:
    """The number of the last line of the block that begins at an index."""
    end = start
    if start < len(lines) and kinds[start] is Kind.CODE:
        while end + 1 < len(lines) and kinds[end + 1] is Kind.CODE:
            end += 1
        return end + 1
    is_list = start < len(lines) and _MARKER.match(lines[start]) is not None
    while end + 1 < len(lines):
        following = lines[end + 1]
        if not following.strip():
            after = next((i for i in range(end + 2, min(end + 6, len(lines))) if lines[i].strip()), None)
            if not is_list or after is None or not (lines[after][:1] in " \t" or _MARKER.match(lines[after])):
                break
            end = after
        else:
            end += 1
    return end + 1
