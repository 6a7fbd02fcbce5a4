"""Cuts a chapter at its headings: the lines that each question's answer takes, its title, its explicit key."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from deckgen.chapters.answers_apart import AnswerApart
from deckgen.chapters.directives import Directive
from deckgen.chapters.flashcards import CARD_STARTS, PROPERTY
from deckgen.chapters.heading import Heading, Markup
from deckgen.chapters.heading_text import is_navigation, markdown_of_html
from deckgen.chapters.headings import Scan
from deckgen.chapters.roles import Decision, Role
from deckgen.chapters.shown import CLOSING, OPENING_DETAILS, is_anchor, is_layout, is_rule, is_shown, is_visible
from deckgen.chapters.structure import Structure
from deckgen.markdown.inline import mask_comments
from deckgen.markdown.lines import Kind
from deckgen.model import Markdown, replace

_ANSWER_MARK = re.compile(
    r"[ \t]*(?:\*\*|__)?(?:A|答|答案|Answer|参考答案|Back|背面)[ \t]*\d{0,4}[ \t]*[:：]", re.IGNORECASE
)
_ASKED = re.compile(
    r"^(?:(?:\*\*|__)面试官(?:\*\*|__)\s*[:：]\s*|(\*\*|__)?(?:[Qq问][.、](?:\s+|(?=[\u2e80-\u9fff]|[A-Z][a-z]))"
    r"|(?:[Ff]ront|正面|面试官)\s*[:：]\s*|【(?:问|问题|Q)】\s*|(?:题目?|思考题)\s*\d{1,4}\s*[:：]\s*))(?=\S)"
)
_CARD_TAGS = re.compile(r"(?:\s+#(?:flash)?cards?(?:/\S*)?)+$", re.IGNORECASE)
"""Which Logseq and plugins of Obsidian make cards of."""
_WHOLE_BOLD = re.compile(r"(\*\*|__)((?:(?!\1).)+)\1[ \t]*[:：]?")
_QUOTED = re.compile(r"^> ?")
_INDENT = re.compile(" *")
_PROSE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]|[A-Za-z]{2} [A-Za-z]{2,} [A-Za-z]{2}")
_PLACEHOLDER = re.compile(
    r"[\s>*_#()（）\[\]【】<>!-]*(?:todo|tbd|wip|to be (?:done|added|continued|written)|coming soon|fixme|n/a|"
    r"待(?:补充?|完善|更新|填写?|写|续|整理|添加|办|定)|未完(?:待续|成)|暂无(?:答案|内容)?|敬请期待|答案略|略|施工中|正在(?:更新|编写|施工)中?)"
    r"[\s*_.。…()（）\[\]【】<>!！~-]*",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--(?:(?!-->).)*-->")
_MAX_QUESTION_LINES = 20


class Piece(Struct, frozen=True, kw_only=True):
    """A question's heading and the answer below it; ``id`` is the comment that holds its explicit key.

    The answer begins at ``answer_line``/``answer_column`` and ends with ``end_line``, all from 1; its first
    ``front_length`` characters are asked.
    """

    decision: Decision
    title: Markdown
    answer: Markdown
    answer_line: int
    answer_column: int
    end_line: int
    empty: bool
    """Nothing is there to be seen, or only a ``placeholder``."""
    placeholder: bool
    id: Directive | None
    front_length: int = 0
    said: AnswerApart | None = None
    """The end of ``answer``, which stands below all questions."""


def cut(structure: Structure, directives: Sequence[Directive]) -> Iterator[Piece]:
    """Every question of the chapter, in order."""
    keys = {directive.location.line: directive for directive in reversed(directives) if directive.key is not None}
    bounds = [item for item in structure.explanation.decisions if item.role is not Role.ANSWER]
    starts = [_start(structure.scan, bound.heading, keys) for bound in bounds]
    starts.append((len(structure.scan.lines) + 1, 1))
    said = iter(structure.said)
    for decision, (start, stop) in zip(bounds, pairwise(starts), strict=True):
        if decision.role is Role.QUESTION:
            yield _answered(_piece(structure.scan, decision, start, stop, keys), next(said, None))


def title_of(decision: Decision) -> str:
    """The Markdown of a heading's text without its number."""
    text = decision.split.title
    if decision.heading.markup in (Markup.HTML, Markup.SUMMARY):
        return markdown_of_html(text)
    text = " ".join(_COMMENT.sub("", text).split()) or text
    text = _CARD_TAGS.sub("", _ASKED.sub(r"\1", text))
    return found[2] if (found := _WHOLE_BOLD.fullmatch(text)) else text


def _start(scan: Scan, heading: Heading, keys: Mapping[int, Directive]) -> tuple[int, int]:
    """Line and column where a heading begins, with the anchors and the id above it."""
    before = scan.lines[heading.line - 1][: heading.column - 1]
    if re.sub(r"<[^<>]*>", "", mask_comments(before)).strip(" \t>"):
        return heading.line, heading.column
    line = heading.line
    above = line - 1
    while above >= 1 and scan.kinds[above - 1] in (Kind.TEXT, Kind.COMMENT):
        text = scan.lines[above - 1]
        opens = heading.markup is Markup.SUMMARY and OPENING_DETAILS.match(text)
        if opens or is_anchor(text) or (above in keys and not mask_comments(text).strip()):
            line = above
        elif text.strip():
            break
        above -= 1
    return line, 1


def _piece(
    scan: Scan, decision: Decision, start: tuple[int, int], stop: tuple[int, int], keys: Mapping[int, Directive]
) -> Piece:
    lines, heading = scan.lines, decision.heading
    title, line, column = title_of(decision), heading.end_line, heading.end_column
    stop_line, stop_column = stop
    if heading.markup is Markup.QA and not lines[line - 1][column:].strip():
        more, line = _longer_question(scan, heading, min(stop_line, len(lines) + 1))
        title, column = " ".join((title, *more)), len(lines[line - 1]) if more else column
    end_line = _last_line(lines, heading, stop_line - 1 if stop_column == 1 else stop_line)
    end_line = max(line, _without_end_rule(scan, line, end_line) if stop_column == 1 else end_line)
    rest = lines[line - 1][column : stop_column - 1 if stop_line == line else None]
    rest = rest if heading.answer is None else heading.answer
    body = [rest, *lines[line:end_line]]
    if stop_column > 1 and stop_line > line:
        body[-1] = body[-1][: stop_column - 1]
    if heading.markup is Markup.ITEM:
        body[1:] = _unquoted(body[1:])
    if heading.markup is Markup.CARD and heading.listed:
        body[1:] = ["" if PROPERTY.match(line) else line for line in body[1:]]
    if heading.listed or heading.markup in (Markup.PLAIN, Markup.BOLD, Markup.QA, Markup.CARD):
        body[1:] = _moved_left(body[1:], listed=heading.listed)
    answer = Markdown("\n".join(body))
    placeholder = _PLACEHOLDER.fullmatch(mask_comments(answer)) is not None
    seen = any(map(is_shown, lines[line:end_line], scan.kinds[line:end_line]))
    return Piece(
        decision=decision,
        title=Markdown(title),
        answer=answer,
        answer_line=line,
        answer_column=column + 1,
        end_line=end_line,
        placeholder=placeholder,
        empty=placeholder or not (is_visible(rest) or seen),
        id=_id(lines, start[0], line, end_line, keys),
    )


def _answered(piece: Piece, said: AnswerApart | None) -> Piece:
    """A question with the answer that stands elsewhere: all below its heading is asked."""
    if said is None:
        return piece
    asked = "" if piece.empty else f"{piece.answer}\n\n"
    first, *more = said.text.rstrip().split("\n")
    answer = Markdown(asked + "\n".join([first, *_moved_left(more, listed=True)]))
    return replace(piece, answer=answer, front_length=len(asked), said=said, empty=False, placeholder=False)


def _last_line(lines: Sequence[str], heading: Heading, last: int) -> int:
    """The last line, from 1, of what a heading's own markup holds, at most ``last``."""
    below = range(heading.end_line, last)
    if heading.answer is not None:
        return heading.end_line
    if heading.markup is Markup.SUMMARY:
        return next((at for at in reversed(below) if CLOSING.match(lines[at])), last)
    if heading.markup is Markup.CARD and heading.listed:
        return next((at for at in below if lines[at].strip() and not lines[at][: heading.column].isspace()), last)
    if lines[heading.line - 1] == CARD_STARTS:
        return next((at for at in below if lines[at].strip() == "END"), last)
    return last


def _unquoted(body: list[str]) -> list[str]:
    """An answer that is quoted with its question, without the marks of the quote."""
    end = next((at for at, line in enumerate(body) if not line.startswith(">")), len(body))
    return [*(_QUOTED.sub("", line) for line in body[:end]), *body[end:]]


def _moved_left(body: list[str], *, listed: bool) -> list[str]:
    """An answer that is written further in than its question, as the text of a list's item is, without its indentation.

    Lines that could be code alone stay code below a question that is no item.
    """
    first = next((line for line in body if line.strip()), "")
    indent = len(_INDENT.match(first.expandtabs(4))[0])  # type: ignore[index]
    prose = sum(_PROSE.search(line) is not None for line in body if line.strip())
    if indent < (2 if listed else 4) or not (listed or prose * 3 >= sum(bool(line.strip()) for line in body)):
        return body
    return [_without_indent(line, indent) for line in body]


def _without_indent(line: str, most: int) -> str:
    start = line[: len(line) - len(line.lstrip(" \t"))].expandtabs(4)
    return start[min(most, len(start)) :] + line.lstrip(" \t")


def _longer_question(scan: Scan, heading: Heading, stop_line: int) -> tuple[list[str], int]:
    """The further lines of a question that its answer's ``A：`` ends within the paragraph, and the last of them."""
    more: list[str] = []
    for number in range(heading.end_line + 1, min(stop_line, heading.end_line + _MAX_QUESTION_LINES)):
        text = scan.lines[number - 1]
        if scan.kinds[number - 1] is not Kind.TEXT or not text.strip():
            break
        if _ANSWER_MARK.match(text):
            return more, number - 1
        more.append(text.strip())
    return [], heading.end_line


def _without_end_rule(scan: Scan, first: int, last: int) -> int:
    """The last line without blank lines, the rules that only part this question from the next, and links to the top."""
    lines = scan.lines
    while last > first and scan.kinds[last - 1] is Kind.TEXT:
        text = lines[last - 1]
        if (links := _navigation(lines, first, last)) < last:
            last = links
            continue
        if text.strip() and not (is_rule(text) and not lines[last - 2].strip()):
            break
        if is_rule(text) and last - 1 == first and not lines[first - 1].strip():
            break
        last -= 1
    return last


def _navigation(lines: Sequence[str], first: int, last: int) -> int:
    """The last line before the links to the top that end with ``last``, and the tags right around them."""
    end = last
    while end > first and is_layout(lines[end - 1]):
        end -= 1
    if end == first or not is_navigation(lines[end - 1]):
        return last
    end -= 1
    while end > first and end < last - 1 and is_layout(lines[end - 1]):
        end -= 1
    return end


def _id(lines: Sequence[str], first: int, line: int, end_line: int, keys: Mapping[int, Directive]) -> Directive | None:
    """The id above the heading, on its line, or below it before anything that is seen."""
    for number in range(first, end_line + 1):
        if number in keys:
            return keys[number]
        if number > line and is_visible(lines[number - 1]):
            break
    return None
