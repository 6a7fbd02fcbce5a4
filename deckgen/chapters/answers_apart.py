"""The answers of a question bank that stand below all of its questions: where they begin, which number each has."""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from deckgen.markdown.lines import Kind, line_kinds
from deckgen.model import replace
from deckgen.text.titles import Split, ask_score

_TITLE = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+|\*\*|__)?(?:[一二三四五六七八九十\d]{1,3}[、.．][ \t]*|附录?[ \t]*[:：]?[ \t]*)?"
    r"(?:(?:参考|标准|正确|习题|练习|试题|题目)*答案(?:[与和及]?(?:解析|详解))?|(?:the\s+)?(?:answers?|solutions?)(?:\s+key)?)"
    r"[ \t]*(?:\*\*|__)?[ \t]*[:：]?[ \t]*(?:\*\*|__|#+)?[ \t]*$",
    re.IGNORECASE,
)
_WORDS = ("答案", "nswer", "NSWER", "olution")
"""One of them stands in every such title; to look costs little."""
_CHOICE = r"(?:[A-H]{1,8}|[√×✓✗✔✘对错TF])"
_ANSWERED = rf"(\d{{1,4}})[ \t]*[.．、:：)）][ \t]*({_CHOICE})[\s,，;；。]*"
_SEVERAL = re.compile(rf"[ \t]*(?:{_ANSWERED}){{2,}}$")
_RANGE = re.compile(
    r"[ \t]*(\d{1,4})[ \t]*[-–—~～至][ \t]*(\d{1,4})[ \t题]*[:：.、]?[ \t]*([A-H√×✓✗✔✘对错TF\s,，、]+)$"
)
_ENTRY = re.compile(
    r"[ \t]*(?:\*\*)?第?(\d{1,4})[ \t]*(?:题[ \t]*[.．、:：]?|[.．、:：)）](?!\d))(?:\*\*)?[ \t]*(?=\S)"
)
_GROUP = re.compile(r"[ \t]*(?:#|(?:\*\*)?[一二三四五六七八九十]{1,3}、)")
_CHOSEN = re.compile(rf"(?:\*\*|__)?{_CHOICE}(?![A-Za-z])")
_ENOUGH = 0.8
_LONGEST_TITLE = 60


class AnswerApart(Struct, frozen=True, kw_only=True):
    """The answer to the question of a number, and where it stands, from 1."""

    number: int
    text: str
    line: int
    column: int


def find_answers(text: str) -> tuple[str, tuple[AnswerApart, ...]]:
    """What stands above the last title that says that answers follow, and these; none where they have no numbers."""
    lines = text.split("\n") if any(word in text for word in _WORDS) else ()
    short = (at for at in reversed(range(len(lines))) if len(lines[at]) <= _LONGEST_TITLE)
    titles = (at for at in short if any(word in lines[at] for word in _WORDS) and _TITLE.match(lines[at]))
    if not (at := next(titles, 0)):
        return text, ()
    answers = tuple(_answers(lines, at + 1))
    return "\n".join(lines[:at]), answers if answers and answers[0].number == 1 else ()


def answers_to(questions: Sequence[Split], answers: Sequence[AnswerApart]) -> tuple[AnswerApart | None, ...]:
    """The answer to each question by its number; where numbers begin anew, so do those of the answers.

    Nothing where questions or answers are left over, or the questions do not ask and the answers are no choices.
    """
    numbers = [question.value or 0 for question in questions]
    runs = zip(_runs([said.number for said in answers]), answers, strict=True)
    known = {(run, said.number): said for run, said in runs}
    found = tuple(map(known.get, zip(_runs(numbers), numbers, strict=True)))
    met = sum(map(bool, found))
    if met < max(2, _ENOUGH * len(questions), _ENOUGH * len(answers)):
        return ()
    asked = sum(ask_score(question.title) for question in questions)
    chosen = sum(_CHOSEN.match(said.text) is not None for said in answers)
    return found if asked + chosen >= 0.5 * len(questions) else ()


def _runs(numbers: Sequence[int]) -> Iterator[int]:
    """For each number how often they began anew before it."""
    run = previous = 0
    for number in numbers:
        run += number <= previous
        previous = number
        yield run


def _answers(lines: Sequence[str], after: int) -> Iterator[AnswerApart]:
    """What is said from a line on: one answer behind a number, several on a line, or letters behind ``1-5``."""
    last: AnswerApart | None = None
    text: list[str] = []
    for at, kind in enumerate(line_kinds(lines[after:]), after):
        line = lines[at]
        short = tuple(_choices(line, at + 1)) if kind is Kind.TEXT else ()
        entry = None if short or kind is not Kind.TEXT else _ENTRY.match(line)
        if short or entry or (kind is Kind.TEXT and _GROUP.match(line)):
            if last is not None:
                yield replace(last, text="\n".join(text))
            yield from short
            last = entry and AnswerApart(number=int(entry[1]), text="", line=at + 1, column=entry.end() + 1)
            text = []
        text.append(line[entry.end() :] if entry else line)
    if last is not None:
        yield replace(last, text="\n".join(text))


def _choices(line: str, number: int) -> Iterator[AnswerApart]:
    """The choices on a line that holds nothing else: ``1. C 2. B``, ``1-5 CBBAD``, ``1-3：AB C D``."""
    if _SEVERAL.match(line):
        for found in re.finditer(_ANSWERED, line):
            yield AnswerApart(number=int(found[1]), text=found[2], line=number, column=found.start(2) + 1)
    elif several := _RANGE.match(line):
        first, last = int(several[1]), int(several[2])
        words, letters = (list(re.finditer(pattern, several[3])) for pattern in (_CHOICE, r"[^\s,，、]"))
        choices = next((some for some in (words, letters) if len(some) == last - first + 1), ())
        for at, choice in enumerate(choices, first):
            yield AnswerApart(number=at, text=choice[0], line=number, column=several.start(3) + choice.start() + 1)
