"""The comments that speak to deckgen: ``<!-- deckgen: id=KEY -->`` and ``<!-- deckgen: ignore[rule] -->``.

An id names the question beside it; an ignore takes findings about the block that follows out of a chapter's list.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from msgspec import Struct

from deckgen.diagnostics import RULES, Diagnostic, diagnostic
from deckgen.markdown.inline import mask_code
from deckgen.markdown.lines import Kind, line_kinds
from deckgen.model import Chapter, Key, Location, is_key

_OPENING = re.compile(r"<!--\s*deckgen\s*[:：]")
_ID = re.compile(r"id\s*=\s*(\S+)")
_MARKER = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_IGNORE = re.compile(r"ignore\s*\[([^\[\]]*)\]")


class Directive(Struct, frozen=True, kw_only=True):
    """A comment to deckgen; ``key`` or ``rules`` holds what it says, neither where it cannot be understood."""

    location: Location
    text: str
    key: Key | None = None
    rules: tuple[str, ...] = ()


def find_directives(lines: Sequence[str], kinds: Sequence[Kind], path: str) -> Iterator[Directive]:
    """Every comment to deckgen outside code, in order. One comment is one line."""
    for index, line in enumerate(lines):
        if "deckgen" not in line or kinds[index] not in (Kind.TEXT, Kind.COMMENT):
            continue
        masked = mask_code(line)
        for opening in _OPENING.finditer(masked):
            end = masked.find("-->", opening.end())
            if end < 0:
                break
            location = Location(
                path=path, line=index + 1, column=opening.start() + 1, end_line=index + 1, end_column=end + 3
            )
            yield _directive(masked[opening.end() : end].strip(), location)


def directive_findings(directives: Sequence[Directive], used: Container[int]) -> Iterator[Diagnostic]:
    """What is wrong with them; ``used`` are the lines of the ids that belong to a question."""
    for directive in directives:
        problem = ""
        if directive.key is None and not directive.rules:
            problem = f"“{directive.text}” says nothing that deckgen understands"
        elif directive.key is not None and not is_key(directive.key):
            problem = f"“{directive.key}” cannot be a key: 2 to 32 small letters, digits and hyphens"
        elif directive.key is not None and directive.location.line not in used:
            problem = f"the id “{directive.key}” stands beside no question"
        elif unknown := [rule for rule in directive.rules if rule not in RULES]:
            problem = f"there is no rule “{unknown[0]}”"
        if problem:
            yield diagnostic(
                "bad-directive",
                problem,
                directive.location,
                hint="write <!-- deckgen: id=KEY --> at a heading or <!-- deckgen: ignore[rule] --> above a block",
            )


def _directive(text: str, location: Location) -> Directive:
    if found := _ID.fullmatch(text):
        return Directive(location=location, text=text, key=Key(found[1]))
    found = _IGNORE.fullmatch(text)
    rules = (rule.strip() for rule in re.split(r"[,，]", found[1])) if found else ()
    return Directive(location=location, text=text, rules=tuple(filter(None, rules)))


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
    directives = [directive for directive in find_directives(lines, kinds, chapter.path) if directive.rules]
    blocks = _blocks(lines, kinds, directives, _questions(chapter))
    rules = {rule for directive in directives for rule in directive.rules}
    reaches = {rule: _reaches(rule, directives, blocks) for rule in rules}
    used: set[tuple[int, str]] = set()
    kept = []
    for found in findings:
        comment = None
        if (place := found.location) is not None and place.path == chapter.path:
            comment = _reaching(reaches.get(found.rule, ()), place.line)
        if comment is None:
            kept.append(found)
        else:
            used.add((comment, found.rule))
    for directive in directives:
        for rule in directive.rules:
            if (directive.location.line, rule) not in used and checked(rule):
                message = f"there is no {rule} to ignore in the block below"
                kept.append(diagnostic("unused-ignore", message, directive.location))
    return tuple(kept)


def _reaches(rule: str, directives: Sequence[Directive], blocks: Sequence[range]) -> list[tuple[int, int, int]]:
    """First line, last line and comment of each stretch where a rule is ignored, in order and without overlap.

    Where blocks overlap, the comment that stands first counts.
    """
    found: list[tuple[int, int, int]] = []
    end = 0
    for directive, block in zip(directives, blocks, strict=True):
        if rule in directive.rules and block.stop - 1 > end:
            found.append((max(block.start, end + 1), block.stop - 1, directive.location.line))
            end = block.stop - 1
    return found


def _reaching(reaches: Sequence[tuple[int, int, int]], line: int) -> int | None:
    """The line of the comment that holds for a line."""
    index = bisect_right(reaches, line, key=lambda item: item[0]) - 1
    return reaches[index][2] if index >= 0 and line <= reaches[index][1] else None


def _questions(chapter: Chapter) -> dict[int, int]:
    """The last line of each question, by every line of its heading."""
    return {
        line: question.end_line
        for category in chapter.categories
        for question in category.questions
        for line in range(question.location.line, max(question.location.line, question.location.end_line) + 1)
    }


def _blocks(
    lines: Sequence[str], kinds: Sequence[Kind], directives: Sequence[Directive], questions: dict[int, int]
) -> list[range]:
    """The line numbers that each comment speaks of; comments above one another speak of the same block."""
    blocks: list[range] = []
    below, block = len(lines), range(0)
    known: dict[tuple[int, bool], int] = {}
    for directive in reversed(directives):
        start = directive.location.line
        while start < below and (not lines[start].strip() or _is_comment(lines[start])):
            start += 1
        if start < below or not blocks:
            last = questions[start + 1] if start + 1 in questions else _block_end(lines, kinds, start, known)
            block = range(directive.location.line, last + 1)
        blocks.append(range(directive.location.line, block.stop))
        below = directive.location.line
    return blocks[::-1]


def _is_comment(line: str) -> bool:
    text = line.strip()
    return text.startswith("<!--") and text.endswith("-->")


def _block_end(lines: Sequence[str], kinds: Sequence[Kind], start: int, known: dict[tuple[int, bool], int]) -> int:
    """The number of the last line of the block that begins at an index.

    ``known`` are the ends of blocks further below, by index and whether they are lists, and gets this one's.
    """
    end = start
    if start < len(lines) and kinds[start] is Kind.CODE:
        while end + 1 < len(lines) and kinds[end + 1] is Kind.CODE:
            end += 1
        return end + 1
    is_list = start < len(lines) and _MARKER.match(lines[start]) is not None
    while end + 1 < len(lines) and (end, is_list) not in known:
        following = lines[end + 1]
        if not following.strip():
            after = next((i for i in range(end + 2, min(end + 6, len(lines))) if lines[i].strip()), None)
            if not is_list or after is None or not (lines[after][:1] in " \t" or _MARKER.match(lines[after])):
                break
            end = after
        else:
            end += 1
    known[start, is_list] = known.get((end, is_list), end + 1)
    return known[start, is_list]
