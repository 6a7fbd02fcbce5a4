"""Rules about what a chapter says: two tables of pure functions; its structure is for parsing to judge."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property

from msgspec import Struct

from deckgen.diagnostics import Diagnostic, Severity, diagnostic
from deckgen.markdown import Document, Documents
from deckgen.markdown.brackets import find_unknown_html
from deckgen.markdown.document import Span
from deckgen.markdown.inline import mask
from deckgen.markdown.lines import Kind, line_kinds
from deckgen.markdown.tree import prose_of
from deckgen.markdown.unsafe import find_unsafe
from deckgen.model import Chapter, Dialect, Location, Markdown, Question, locate_span

LONG_ANSWER = 6000
"""Visible characters outside code: about six screens of a phone."""
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?: .*)?$")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_LATEX = re.compile(r"\\[A-Za-z]{2,}|[_^]\{")
_OPENING_MATH = re.compile(r"(?<!\\)(?:\$\$|\$(?=[^\s$])|\\\(|\\\[)")
_VERBATIM = re.compile(r"<(?:pre|script|style|textarea)\b", re.IGNORECASE)
_TAG = re.compile(r"<[A-Za-z/][^<>\n]*>")
_MATH_REACH = 200
_MAX_EXCERPT = 5000
_WIKI_IMAGE = re.compile(r"!\[\[([^\[\]\n]+)\]\]")
_IMAGE = re.compile(r"(?<!\\)!\[[^\[\]\n]*\]\(([^()<>\n]*)\)")
_FOOTNOTE = re.compile(r"(?<!\\)\[\^[\w-]{1,40}\](?!:)")
_DELIMITER_ROW = re.compile(
    r"^(?=[^\n|]*\|)[ \t>]*(\|?[ \t]*:?-+:?(?:[ \t]*\|[ \t]*:?-+:?)*[ \t]*\|?)[ \t]*$", re.MULTILINE
)
_DESTINATION = re.compile(r"""\s*\S*(\s+("[^"]*"|'[^']*'))?\s*""")


class Answer(Struct, frozen=True, kw_only=True, dict=True):
    """A question's answer, or what else it asks, which knows where in the file its characters stand."""

    chapter: Chapter
    question: Question
    text: Markdown
    line: int
    column: int
    document: Document

    @cached_property
    def hidden(self) -> tuple[Span, ...]:
        """Start and end of all code, tags, comments and formulas."""
        document = self.document
        formulas = ((item.start, item.end) for item in document.formulas)
        return tuple(_apart(sorted((*document.code, *self._tags(), *formulas))))

    def _tags(self) -> Iterator[Span]:
        """Start and end of each tag; of each block of HTML whose text is no prose, whole."""
        for start, end in self.document.tags:
            if _VERBATIM.match(self.text, start):
                yield start, end
            else:
                yield from (found.span() for found in _TAG.finditer(self.text, start, end))

    @cached_property
    def prose(self) -> str:
        """The answer with what is hidden blanked out, at equal length."""
        return mask(self.text, iter(self.hidden))

    @cached_property
    def outline(self) -> str:
        """The answer with what is hidden made letters, save for its first and last character, at equal length."""
        inner = ((start + 1, end - 1) for start, end in self.hidden if end - start > 2)
        return mask(self.text, inner, by="x")

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    def finding(self, rule: str, message: str, span: Span, *, hint: str = "", mild: bool = False) -> Diagnostic:
        """A finding about ``text[start:end]``, no more than a remark where it is ``mild``."""
        start, end = span
        line, column = self._place(start)
        end_line, end_column = self._place(max(start, end - 1))
        place = Location(path=self.chapter.path, line=line, column=column, end_line=end_line, end_column=end_column)
        severity = Severity.INFO if mild else None
        return diagnostic(rule, message, place, hint=hint, excerpt=self._excerpt(start), severity=severity)

    def _excerpt(self, offset: int) -> str:
        """The line at an offset, for a person to see; a line that nobody could read is none."""
        line = bisect_right(self._starts, offset) - 1
        end = self._starts[line + 1] - 1 if line + 1 < len(self._starts) else len(self.text)
        if end - self._starts[line] > _MAX_EXCERPT:
            return ""
        before = " " * (self.column - 1) if line == 0 else ""
        return before + self.text[self._starts[line] : end]

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset) - 1
        shift = self.column - 1 if line == 0 else 0
        return self.line + line, offset - self._starts[line] + 1 + shift


def lint_chapter(chapter: Chapter, text: str, documents: Documents) -> tuple[Diagnostic, ...]:
    """What the rules find in a chapter, in the order of the file. ``text`` is what the chapter was read from."""
    found = [item for check in CHAPTER_CHECKS for item in check(chapter, text)]
    for answer in _answers(chapter, documents):
        checks = CHECKS_OF_WRITTEN if answer.document.too_deep else CHECKS
        found += (item for check in checks for item in check(answer))
    return tuple(sorted(found, key=lambda item: item.location or Location(path=chapter.path)))


def _answers(chapter: Chapter, documents: Documents) -> Iterator[Answer]:
    for category in chapter.categories:
        for question in category.questions:
            for text, line, column in (
                (question.front, question.front_line, question.front_column),
                (question.answer, question.answer_line, question.answer_column),
            ):
                if text or text is question.answer:
                    document = documents.of(text, chapter.context)
                    yield Answer(
                        chapter=chapter, question=question, text=text, line=line, column=column, document=document
                    )


def merge_conflicts(chapter: Chapter, text: str) -> Iterator[Diagnostic]:
    """All three marks of a conflict, in their order, each at the start of its line."""
    if "<<<<<<<" not in text:
        return
    waiting: list[int] = []
    lines = text.split("\n")
    kinds = line_kinds(lines, fence_ends=chapter.fence_ends)
    for index, line in enumerate(lines):
        if not _CONFLICT.match(line):
            continue
        mark = line[0]
        if mark == "<":
            waiting = [index]
        elif waiting and mark in "=|":
            waiting.append(index)
        elif mark == ">" and len(waiting) > 1:
            if not all(kinds[number] is Kind.CODE for number in range(waiting[0], index + 1)):
                first, excerpt = waiting[0] + 1, lines[waiting[0]]
                place = Location(path=chapter.path, line=first, end_line=first, end_column=len(excerpt))
                message = f"a merge left its conflict here, up to line {index + 1}"
                yield diagnostic("merge-conflict", message, place, excerpt=excerpt)
            waiting = []


def control_characters(chapter: Chapter, text: str) -> Iterator[Diagnostic]:
    """One finding for each kind of character, at its first place."""
    found = _INVISIBLE.findall(text)
    for character, count in Counter(found).items():
        name = unicodedata.name(character, "control character")
        times = "once" if count == 1 else f"{count} times, here first"
        start = text.index(character)
        place = locate_span(text, start, start + 1, Location(path=chapter.path))
        message = f"U+{ord(character):04X} ({name.lower()}), which nobody sees, stands in the text {times}"
        yield diagnostic("control-character", message, place, excerpt=text.split("\n")[place.line - 1])


def unbalanced_math(answer: Answer) -> Iterator[Diagnostic]:
    """A paragraph's first delimiter outside formulas with LaTeX right after it; behind it nothing can be told."""
    start = 0
    for paragraph in answer.prose.split("\n\n") if _has_opening_maths(answer) else ():
        latex = [found.start() for found in _LATEX.finditer(paragraph)]
        for found in _OPENING_MATH.finditer(paragraph):
            near, reach = bisect_left(latex, found.end()), found.end() + _MATH_REACH
            opens = near < len(latex) and latex[near] < reach
            if opens or (found[0] == "$$" and paragraph[found.end() : reach].strip()):
                message = f"{found[0]} opens a formula that nothing closes"
                span = (start + found.start(), start + found.end())
                yield answer.finding("unbalanced-math", message, span)
                break
        start += len(paragraph) + 2


def _has_opening_maths(answer: Answer) -> bool:
    """Whether a delimiter stands outside the formulas, were it in code; far quicker than the prose."""
    start = 0
    for formula in answer.document.formulas:
        if _OPENING_MATH.search(answer.text, start, formula.start):
            return True
        start = formula.end
    return bool(_OPENING_MATH.search(answer.text, start))


def ineffective_bold(answer: Answer) -> Iterator[Diagnostic]:
    """A remark where the card shows what was meant, a warning where it cannot."""
    for bold in answer.document.literal_bold:
        text = answer.text[bold.start : bold.end]
        shown = text if len(text) <= 40 else f"{text[:38]}…"
        card = "; the card shows it bold" if bold.mended else ", and so does the card"
        hint = "put a space outside the asterisks" if bold.mended else "take out the spaces inside the asterisks"
        message = f"GitHub shows the asterisks of {shown!r}{card}"
        yield answer.finding("ineffective-bold", message, (bold.start, bold.end), hint=hint, mild=bold.mended)


def unsafe_content(answer: Answer) -> Iterator[Diagnostic]:
    for item in find_unsafe(answer.document):
        yield answer.finding(item.rule, item.what, (item.start, item.end), hint=item.hint, mild=item.is_remark)


def unknown_html(answer: Answer) -> Iterator[Diagnostic]:
    for start, tag in find_unknown_html(answer.text, answer.document.code, answer.document.brackets):
        message = f"{tag} is no HTML: the card shows it as text, GitHub may swallow it"
        yield answer.finding("unknown-html", message, (start, start + len(tag)))


def image_syntax(answer: Answer) -> Iterator[Diagnostic]:
    """Images written in a way that Markdown does not read, so that the card shows the brackets."""
    text = answer.outline if "![" in answer.text else ""
    found = [*_WIKI_IMAGE.finditer(text)]
    if answer.chapter.context.dialect is Dialect.GFM:
        found += (image for image in _IMAGE.finditer(text) if not _DESTINATION.fullmatch(image[1]))
    shown = prose_of(answer.document.html) if found else ""
    for image in found:
        name = answer.text[image.start(1) : image.end(1)]
        if name in shown:
            path = name.split("|")[0].strip() if image[0].startswith("![[") else name.strip()
            written = f"<{path}>" if " " in path else path
            message = f"{answer.text[slice(*image.span())]} is no image in Markdown; the card shows it as text"
            hint = f"write ![…]({written})" + (", or %20 for each space" if " " in path else "")
            yield answer.finding("image-syntax", message, image.span(), hint=hint)


def undefined_footnotes(answer: Answer) -> Iterator[Diagnostic]:
    """Marks of footnotes that are text, since nothing in the chapter defines them."""
    marks = list(_FOOTNOTE.finditer(answer.prose)) if "[^" in answer.text else []
    shown = prose_of(answer.document.html) if marks else ""
    for mark in marks:
        if mark[0] in shown:
            yield answer.finding("undefined-footnote", f"nothing in the chapter defines {mark[0]}", mark.span())


def broken_tables(answer: Answer) -> Iterator[Diagnostic]:
    """The row of dashes that is text, though bars in the line above say that a table was meant."""
    rows = list(_DELIMITER_ROW.finditer(answer.prose)) if "|" in answer.text and "-" in answer.text else []
    if len(rows) <= dict(answer.document.elements).get("Table", 0):
        return
    shown = {line.strip() for line in prose_of(answer.document.html).split("\n")}
    for row in rows:
        before = answer.prose[: row.start()].removesuffix("\n").rpartition("\n")[2]
        if "|" in before and row[1].rstrip() in shown:
            message = "no table begins here: the card shows the bars and dashes"
            yield answer.finding("broken-table", message, row.span(1))


def long_answers(answer: Answer) -> Iterator[Diagnostic]:
    if len(answer.text) <= LONG_ANSWER:
        return
    length = sum(map(len, answer.prose.split()))
    if length > LONG_ANSWER:
        message = f"this answer has {length} characters outside code and formulas; a card is read at one go"
        yield diagnostic("long-answer", message, answer.question.location)


def changed_tags(chapter: Chapter, text: str) -> Iterator[Diagnostic]:
    for category in chapter.categories:
        if re.search(r"\s|::", category.title.strip()):
            message = (
                f"Anki would split the tag of “{category.title}” at its spaces; the cards' tag has hyphens instead"
            )
            yield diagnostic("bad-tag", message, category.location)


def deep_nesting(answer: Answer) -> Iterator[Diagnostic]:
    message = "the answer is so long, or nested so deep, that the card shows the Markdown instead"
    yield diagnostic("deep-nesting", message, answer.question.location)


CHAPTER_CHECKS: tuple[Callable[[Chapter, str], Iterator[Diagnostic]], ...] = (
    merge_conflicts,
    control_characters,
    changed_tags,
)
CHECKS: tuple[Callable[[Answer], Iterator[Diagnostic]], ...] = (
    unbalanced_math,
    ineffective_bold,
    unsafe_content,
    unknown_html,
    image_syntax,
    undefined_footnotes,
    broken_tables,
    long_answers,
)
CHECKS_OF_WRITTEN = (long_answers, deep_nesting)
"""Of answers whose cards show the Markdown: nothing of them is left out, or read in another way than it is meant."""


def _apart(spans: list[Span]) -> Iterator[Span]:
    end = 0
    for start, stop in spans:
        if start >= end:
            yield start, stop
            end = stop
        elif stop > end:
            yield end, stop
            end = stop
