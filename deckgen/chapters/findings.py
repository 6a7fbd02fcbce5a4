"""What is wrong with a chapter's structure: its headings, its contents list, what stands outside every question."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from deckgen.chapters.heading import Heading
from deckgen.chapters.heading_text import is_navigation
from deckgen.chapters.headings import line_headings
from deckgen.chapters.pieces import Piece
from deckgen.chapters.roles import Role, Ruling
from deckgen.chapters.shown import is_shown, is_visible
from deckgen.chapters.structure import Structure
from deckgen.diagnostics import Diagnostic, Severity, diagnostic, name_some
from deckgen.markdown.lines import Fence, Kind
from deckgen.model import Chapter, Location
from deckgen.text.sizes import counted
from deckgen.text.titles import normalised_title

_SHOWN = 20
"""Characters of a title."""


class Read(Struct, frozen=True, kw_only=True):
    """A chapter that was read, with all that the reading found out. ``definitions`` are line numbers."""

    structure: Structure
    chapter: Chapter
    pieces: Sequence[Piece]
    definitions: frozenset[int]

    @property
    def path(self) -> str:
        return self.chapter.path

    @property
    def lines(self) -> tuple[str, ...]:
        return self.structure.scan.lines


def chapter_findings(read: Read) -> Iterator[Diagnostic]:
    """Every finding about the structure, in no order."""
    if not read.pieces:
        yield _no_questions(read)
        return
    yield from _contents_findings(read)
    yield from _question_findings(read)
    yield from _heading_findings(read)
    yield from _unclosed(read)
    yield from _hidden(read)
    yield from _outside(read)


def heading_location(heading: Heading, path: str) -> Location:
    line, column, end_line, end_column = heading.line, heading.column, heading.end_line, heading.end_column
    return Location(path=path, line=line, column=column, end_line=end_line, end_column=end_column)


def _no_questions(read: Read) -> Diagnostic:
    hint = "mark each question with a heading, or set headings and question_level for this chapter in deckgen.toml"
    hint = _choices(read) if read.structure.explanation.alternatives else hint
    seen = any(is_visible(line) for line in read.lines)
    message = f"no question was found: {read.structure.explanation.because}" if seen else "the chapter is empty"
    return diagnostic("no-questions", message, Location(path=read.path), hint=hint)


def _finding(
    read: Read, rule: str, message: str, place: Heading | Location, *, hint: str = "", severity: Severity | None = None
) -> Diagnostic:
    """A finding with the line at which it begins."""
    location = heading_location(place, read.path) if isinstance(place, Heading) else place
    excerpt = read.lines[location.line - 1]
    return diagnostic(rule, message, location, hint=hint, excerpt=excerpt, severity=severity)


def _contents_findings(read: Read) -> Iterator[Diagnostic]:
    for entry in read.structure.missing:
        message = f"the contents list names “{entry.text}”, and nothing in the chapter answers it"
        span = _span(read, entry.line, entry.column, entry.column + len(entry.text) - 1)
        yield _finding(read, "toc-without-body", message, span)
    if not read.structure.contents.entries:
        return
    for piece in read.pieces:
        if piece.decision.heading.line in read.structure.unlisted:
            message = f"the contents list does not name “{piece.title}”"
            yield _finding(read, "body-without-toc", message, piece.decision.heading)


def _question_findings(read: Read) -> Iterator[Diagnostic]:
    same: dict[str, list[Piece]] = defaultdict(list)
    for piece in read.pieces:
        heading = piece.decision.heading
        if piece.placeholder:
            message = f"“{piece.title}” has only “{piece.answer.strip()}” for an answer, so it gets no card"
            yield _finding(read, "placeholder", message, heading)
        elif piece.empty:
            yield _finding(read, "empty-answer", f"“{piece.title}” has no answer, so it gets no card", heading)
        else:
            same[normalised_title(piece.title) + piece.answer[: piece.front_length]].append(piece)
    for group in same.values():
        if len(group) > 1:
            places = name_some((str(piece.decision.heading.line) for piece in group), most=6)
            message = f"{len(group)} questions are titled “{group[0].title}”: lines {places}"
            yield _finding(read, "duplicate-question", message, group[1].decision.heading)


def _heading_findings(read: Read) -> Iterator[Diagnostic]:
    explanation = read.structure.explanation
    chosen = explanation.chosen
    if explanation.weak and chosen is not None:
        others = explanation.alternatives[1:]
        yield _finding(
            read,
            "weak-structure",
            f"headings marked {chosen.mark} are taken for questions, {len(read.pieces)} of them; "
            + ("they are exercises below prose" if chosen == explanation.exercises else "nothing else says so")
            + "".join(f"; the next best reading is {item.mark}, {item.count} of them" for _, item in others),
            read.pieces[0].decision.heading,
            hint=_choices(read),
        )
    for decision in explanation.decisions:
        heading, mark = decision.heading, decision.heading.mark
        if decision.slipped and chosen is not None:
            same = mark.markup is chosen.mark.markup
            difference = (
                f"has level {heading.level}, the other questions {chosen.mark.level}"
                if same
                else f"is marked {mark}, the other questions {chosen.mark}"
            )
            yield _finding(
                read,
                "level-slip",
                f"this heading {difference}; it is read as a question because {decision.ruling.reason}",
                heading,
                hint=f"give it the {'level' if same else 'mark'} of its neighbours",
            )
        if decision.role is not Role.ANSWER and (heading.flaw or heading.doubtful):
            flaw = heading.flaw or "Markdown is not read where this heading stands"
            yield _finding(read, "broken-heading", f"{flaw}; read as a heading all the same", heading)


def _choices(read: Read) -> str:
    """The setting that chooses each of the best readings, and what it reads as questions."""
    lines = [f'what is right belongs into deckgen.toml, below [chapters."{read.path}"]:']
    for choice, item in read.structure.explanation.alternatives:
        shown = " · ".join(title if len(title) <= _SHOWN else f"{title[:_SHOWN]}…" for title in item.examples)
        more = f" · and {item.count - len(item.examples)} more" if item.count > len(item.examples) else ""
        lines.append(f"{choice}  # {item.count} × {item.mark}: {shown}{more}")
    return "\n".join(lines)


def _where_it_ends(read: Read, fence: Fence) -> str:
    kinds = read.structure.scan.kinds
    end = next((index for index in range(fence.line, len(kinds)) if kinds[index] is not Kind.CODE), len(kinds))
    if end < len(kinds):
        return f"it is taken to end before line {end + 1}"
    swallowed = [index + 1 for index in range(fence.line + 1, end) if re.match(r"#{2,6}\s|<h[1-6]", read.lines[index])]
    lines = f"; line {', '.join(map(str, swallowed[:5]))} looks like a heading" if swallowed else ""
    return f"all that follows is code{lines}"


def _fences(read: Read) -> Iterator[tuple[Fence, str, str]]:
    """Each fence that ends elsewhere than its author meant, what is wrong with it, and where its end belongs."""
    for fence in read.structure.scan.unclosed_fences:
        yield fence, f"never closed; {_where_it_ends(read, fence)}", "on a line of its own below the code"
    for fence, inside in read.structure.scan.reopened_fences:
        if fence.info.split(" ")[0].lower() not in ("markdown", "md"):
            message = f"still open where line {inside + 1} opens another"
            yield fence, message, "below the code where it ends; a longer fence may hold a shorter one"


def _unclosed(read: Read) -> Iterator[Diagnostic]:
    for fence, message, hint in _fences(read):
        yield _finding(
            read,
            "unclosed-fence",
            f"this code fence is {message}",
            _span(read, fence.line + 1, fence.column + 1, fence.column + len(fence.mark)),
            hint=f"put {fence.mark} {hint}",
        )
    for raw in read.structure.scan.unclosed_elements:
        yield _finding(
            read,
            "unclosed-html",
            f"this <{raw.name}> is never closed; it is taken to end with its answer",
            _span(read, raw.line + 1, raw.column + 1, raw.column + 1 + len(raw.name)),
            hint=f"close it with </{raw.name}>, or write &lt;{raw.name}> for the tag itself",
        )
    for index, column in read.structure.scan.unclosed_comments:
        message = "this comment is never closed; it hides what follows in its answer"
        yield _finding(read, "unclosed-comment", message, _span(read, index + 1, column + 1, column + 4))


def _hidden(read: Read) -> Iterator[Diagnostic]:
    """Each comment that hides what would be questions; one that begins with a question is meant to."""
    chosen, kinds = read.structure.explanation.chosen, read.structure.scan.kinds
    for kind, group in groupby(range(len(kinds)), kinds.__getitem__):
        lines = list(group) if kind is Kind.COMMENT else []
        headings = (heading for index in lines for heading in line_headings(read.lines, index) if not heading.doubtful)
        hidden = [heading for heading in headings if chosen and heading.mark == chosen.mark]
        if not hidden:
            continue
        first = next(index for index in lines if read.lines[index].strip().removeprefix("<!--"))
        yield _finding(
            read,
            "hidden-question",
            f"this comment hides {counted(len(hidden), 'question')}, the first “{hidden[0].text}”",
            Location(path=read.path, line=lines[0] + 1, end_line=lines[-1] + 1, end_column=len(read.lines[lines[-1]])),
            hint="close it with --> where it should end, or take the questions out",
            severity=Severity.INFO if hidden[0].line == first + 1 else None,
        )


def _outside(read: Read) -> Iterator[Diagnostic]:
    """Each stretch of visible lines that no card shows."""
    covered, empty = _covered(read)
    kinds = read.structure.scan.kinds
    for is_covered, group in groupby(range(1, len(read.lines) + 1), covered.__contains__):
        stretch = [] if is_covered else list(group)
        seen = [
            number
            for number in stretch
            if is_shown(read.lines[number - 1], kinds[number - 1]) and not is_navigation(read.lines[number - 1])
        ]
        if seen:
            yield _stretch(read, seen[0], seen[-1], empty)


def _stretch(read: Read, first: int, last: int, empty: set[int]) -> Diagnostic:
    lines = f"line {first} belongs" if first == last else f"lines {first}–{last} belong"
    decisions = read.structure.explanation.decisions
    lone = any(item.heading.line == first and item.ruling is Ruling.CHILDLESS for item in decisions)
    return _finding(
        read,
        "text-outside-questions",
        f"{lines} to no question and will be on no card",
        Location(path=read.path, line=first, end_line=last, end_column=max(1, len(read.lines[last - 1]))),
        hint="move it into an answer, or mark the place with <!-- deckgen: ignore[text-outside-questions] -->"
        + (f'; childless = "cards" for [chapters."{read.path}"] makes cards of sections like this' if lone else ""),
        # A heading alone is no loss that an author must act on.
        severity=Severity.INFO if empty.issuperset(range(first, last + 1)) else None,
    )


def _covered(read: Read) -> tuple[set[int], set[int]]:
    """The lines that a card shows or that nobody expects on one, and those of categories that have no question."""
    covered = set(read.structure.contents.lines | read.definitions)
    for piece in read.pieces:
        heads = 2 if piece.decision.heading.answer is not None and _heads_table(read, piece) else 0
        covered.update(range(piece.decision.heading.line - heads, piece.end_line + 1))
    shown = {category.location.line for category in read.chapter.categories}
    empty: set[int] = set()
    for decision in read.structure.explanation.decisions:
        span = range(decision.heading.line, decision.heading.end_line + 1)
        if decision.role in (Role.CONTENTS, Role.TITLE) or decision.heading.line in shown:
            covered.update(span)
        elif decision.role is Role.CATEGORY:
            empty.update(span)
    return covered, empty


def _heads_table(read: Read, row: Piece) -> bool:
    """Whether a question is the first row of a table: the two lines above name its columns."""
    return set(read.lines[row.decision.heading.line - 2]) <= set("|:- \t")


def _span(read: Read, line: int, column: int, end_column: int) -> Location:
    return Location(path=read.path, line=line, column=column, end_line=line, end_column=end_column)
