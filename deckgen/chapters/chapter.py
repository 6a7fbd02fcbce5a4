"""A chapter's text → categories and questions, each answer as it stands in the file; never raises on content."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from deckgen.chapters.directives import directive_findings, find_directives
from deckgen.chapters.findings import Read, chapter_findings, heading_location
from deckgen.chapters.fronts import front_lengths
from deckgen.chapters.heading import Markup
from deckgen.chapters.pieces import Piece, cut, title_of
from deckgen.chapters.roles import Decision, Role, Ruling
from deckgen.chapters.structure import find_structure
from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.markdown.definitions import find_definitions
from deckgen.model import Category, Chapter, Context, Location, Markdown, Question, is_key, replace
from deckgen.project.config import ChapterSettings
from deckgen.text.similarity import fingerprint_and_sketch
from deckgen.text.titles import normalised_title, split_number

MOST_QUESTIONS = 10_000
"""As many as a whole deck has; building them takes some five seconds."""


def parse_chapter(
    text: str, *, path: str, settings: ChapterSettings, known: Container[str] = (), released: Container[str] = ()
) -> tuple[Chapter, tuple[Diagnostic, ...]]:
    r"""One chapter and what is wrong with its structure.

    ``text`` has ``\n`` line ends. A chapter in which no question is found has no categories and a ``no-questions``; one
    of more than ``MOST_QUESTIONS`` has none either. Answers whose fingerprints are ``known`` get no sketch. Categories
    whose folded titles are ``released`` keep them, though they repeat.
    """
    structure = find_structure(text, settings=settings)
    scan, explanation = structure.scan, structure.explanation
    folder, _, name = path.rpartition("/")
    stem = Markdown(name.removesuffix(".md"))
    if sum(decision.role is Role.QUESTION for decision in explanation.decisions) > MOST_QUESTIONS:
        message = f"{path} has more than {MOST_QUESTIONS:,} questions"
        too_many = diagnostic("unreadable-file", message, Location(path=path), hint="split the chapter")
        nothing = Chapter(path=path, title=stem, context=Context(dialect=settings.dialect), categories=())
        return nothing, (too_many,)
    definitions = find_definitions(scan.lines, scan.kinds)
    directives = tuple(find_directives(scan.lines, scan.kinds, path))
    pieces = _with_fronts(tuple(cut(structure, directives)), settings)
    is_page = explanation.chosen is not None and explanation.chosen.mark.level == 1 and len(pieces) == 1
    place = folder.rpartition("/")[2] if is_page else ""  # the neighbours of a page about one question are of its kind
    heading = next((title_of(item) for item in explanation.decisions if item.role is Role.TITLE), "")
    questions = {piece.decision.heading.line: _question(piece, path, known) for piece in pieces if not piece.empty}
    title = Markdown(settings.title or place or scan.front.title or heading or stem)
    chapter = Chapter(
        path=path,
        title=title,
        context=Context(
            dialect=settings.dialect,
            definitions=Markdown("\n".join(definitions.texts)),
            html_headings=explanation.chosen is not None and explanation.chosen.mark.markup is Markup.HTML,
        ),
        categories=tuple(_categories(explanation.decisions, questions, title, path, released)),
        fence_ends=structure.scan.fence_ends,
    )
    read = Read(structure=structure, chapter=chapter, pieces=pieces, definitions=definitions.lines)
    used = {piece.id.location.line for piece in pieces if piece.id}
    findings = [*chapter_findings(read), *directive_findings(directives, used)]
    return chapter, tuple(sorted(findings, key=lambda found: found.location or Location(path=path)))


def _categories(
    decisions: Sequence[Decision],
    questions: Mapping[int, Question],
    title: Markdown,
    path: str,
    released: Container[str],
) -> Iterator[Category]:
    """The questions, given by line, under their headings; those above any are in a category named like the chapter."""
    top = next((item.heading for item in decisions if item.role is Role.TITLE), None)
    whole = open_ = (title, heading_location(top, path) if top else Location(path=path))
    counts = Counter(title_of(decision) for decision in decisions if decision.role is Role.CATEGORY)
    outer: Decision | None = None
    placed: list[tuple[tuple[Markdown, Location], Question]] = []
    for decision in decisions:
        if decision.role is Role.QUESTION:
            outer = None
            if question := questions.get(decision.heading.line):
                placed.append((whole if decision.apart else open_, question))
        elif decision.role is Role.CATEGORY:
            # 面试题 below each of several headings tells nothing that they do not tell.
            named = title_of(decision)
            alike = counts[named] > 1 and normalised_title(named) not in released
            if outer is None or not (alike and outer.heading.level < decision.heading.level):
                outer = decision
            open_ = (Markdown(title_of(outer)), heading_location(outer.heading, path))
        elif decision.ruling is Ruling.CHILDLESS:
            outer = decision
    for (name, location), group in groupby(placed, key=itemgetter(0)):
        yield Category(title=name, location=location, questions=tuple(question for _, question in group))


def _with_fronts(pieces: Sequence[Piece], settings: ChapterSettings) -> tuple[Piece, ...]:
    lengths = front_lengths([piece.answer for piece in pieces], settings.answer_marks)
    found = zip(pieces, lengths, strict=True)
    return tuple(replace(piece, front_length=length) if length and not piece.said else piece for piece, length in found)


def _question(piece: Piece, path: str, known: Container[str]) -> Question:
    fingerprint, sketch = fingerprint_and_sketch(piece.answer, known)
    front = Markdown(piece.answer[: piece.front_length])
    return Question(
        title=piece.title,
        front=front,
        answer=Markdown(piece.answer[piece.front_length :]),
        number=piece.decision.split.number,
        location=heading_location(piece.decision.heading, path),
        front_line=piece.answer_line,
        front_column=piece.answer_column,
        answer_line=piece.said.line if piece.said else piece.answer_line + front.count("\n"),
        answer_column=piece.said.column if piece.said else 1 if front else piece.answer_column,
        end_line=piece.end_line,
        explicit_key=piece.id.key if piece.id and piece.id.key and is_key(piece.id.key) else None,
        folded_title=normalised_title(split_number(piece.title, bare=True).title),
        fingerprint=fingerprint,
        sketch=sketch,
    )
