"""Where the answer begins below a question's heading, and what above it is asked too: code, options, a task's text."""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from deckgen.chapters.shown import box_of, is_visible
from deckgen.markdown.lines import Kind, line_kinds
from deckgen.text.titles import folded

_ANSWER = (
    r"(?:(?:点击|点此|查看|显示|展开|参考|正确|标准|详细|我的)*(?:答案|解答|题解)(?:[与和及、&]?(?:解析|分析|详解|说明|解释))?"
    r"|(?:(?:click|tap|press|here|to|for|show|see|view|check|reveal|expand|open|toggle|the|correct|model|sample)\s+)*"
    r"(?:answers?|solutions?)(?:\s*(?:and|&|with|\+)\s*explanations?)?"
    r"|答え|정답|back|背面|反面)"
)
_SAID = re.compile(rf"{_ANSWER}\s*\d{{0,4}}(?:\s*[:：]\s*(?P<said>.{{0,80}}))?", re.IGNORECASE)
_LABEL = re.compile(rf"(?:{_ANSWER}|答|解|回答|a|ans)\s*\d{{0,4}}\s*(?:\*\*|__)?\s*[:：】\]]", re.IGNORECASE)
_MARK_WORDS = "答 解 题 描述 nswer NSWER olution A: A： roblem escription 정답 <summary ack 背面 反面".split()
"""One of them stands in every body that has a mark, and so does a line that begins as below; to look costs little."""
_MAYBE = re.compile(
    r"^(?:[ \t]*<(?:details|summary|h\d)|[ \t>]*(?:\{[{%]|:::|\?\?\?|!!!|===|\[!)"
    r"|[^\w\n]{0,12}(?:\d[\d.、 ]*)?(?:[\w ]{0,30}?(?:答案|解答|题解|answer|solution)"
    r"|[答解题]|描述|回答|a(?:ns)?\W{0,4}[:：]|problem|description|task|question|statement|정답|back|背面|反面))",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(r" {0,3}(?:(#{1,6})[ \t]+(.*?)[ \t]*#*|<h([1-6])[^<>]*>(.*?)</h[1-6]\s*>)[ \t]*$", re.IGNORECASE)
_BOLD = re.compile(r"[ ]{0,3}(?:[>+-][ ]{1,3})*(\*\*|__)((?:(?!\1).)+)\1[ \t]*[:：]?[ \t]*$")
_DETAILS = re.compile(r"\s*<details(?:\s[^<>]*)?>", re.IGNORECASE)
_SUMMARY = re.compile(r"<summary(?:\s[^<>]*)?>(.*?)</summary", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_DECORATION = re.compile(r"^[\W_]+|[^\w】\]:：)）]+$")
_LINE_START = re.compile(r"[ ]{0,3}(?:[>*+-][ ]{1,3})*(?:\*\*|__|【|\[)?[ ]*")
_OPTION = re.compile(r"\s*(?:>\s*)?(?:[-*+]\s+)?(?:\*\*|\\?\(|（|`)?([A-Ha-h])\s*(?:\*\*)?[.、:：)）．]\s*\S")
_SUMMARY_LINES = 4
_OFTEN = 0.5
_SEVERAL = 3
_FEW_LINES = 6
_MOST_PARTS = 20
"""Headings within a task."""
_TASKS = frozenset("题目 题目描述 题目大意 题目内容 题目要求 问题描述 题干 problem problemstatement".split())
"""Sections that are asked, folded."""
_PERHAPS_TASKS = frozenset("描述 description task question statement 问题".split())
"""Sections that are asked where the next one solves it."""
_OF_TASKS = frozenset(
    "题目链接 题目地址 原题链接 链接 难度 标签 公司 "
    "示例 样例 例子 举例 输入 输出 输入格式 输出格式 输入描述 输出描述 提示 约束 约束条件 数据范围 "
    "限制 说明 进阶 选项 example examples sampleinput sampleoutput input output inputformat outputformat constraints "
    "note notes followup".split()
)
_SOLVES = re.compile(r"思路|题解|解法|解题|解答|答案|solution|approach|answer|brute", re.IGNORECASE)


class _Mark(Struct, frozen=True, kw_only=True):
    """The line, from 0, at which an answer begins; ``sure`` where it can mean nothing else."""

    line: int
    sure: bool


def front_lengths(bodies: Sequence[str], marks: Sequence[str] | None) -> Iterator[int]:
    """How many characters below each question's heading are asked, 0 where all is answer.

    ``marks`` are the words that begin an answer; without any they are found: a fold, a heading or a label that says
    that the answer follows, or the end of a section that states a task. A label counts where most questions of the
    chapter have one, or where options stand before it.
    """
    found = [_find(body, marks) for body in bodies]
    count = sum(mark is not None for mark in found)
    often = count >= max(_SEVERAL, _OFTEN * sum(bool(body.strip()) for body in bodies))
    for body, mark in zip(bodies, found, strict=True):
        lines = body.split("\n")
        if mark is None or not (mark.sure or often or _has_options(lines[: mark.line])):
            yield 0
        else:
            yield _length(lines, mark.line)


def _length(lines: Sequence[str], line: int) -> int:
    """The characters before a line, 0 where nothing is seen before it or nothing but the mark after it."""
    tells_alone = _fold_title(lines, line) is not None or _HEADING.match(lines[line])
    below = lines[line + 1 :] if tells_alone else lines[line:]
    if not (any(map(is_visible, lines[:line])) and any(map(is_visible, below))):
        return 0
    return sum(len(text) + 1 for text in lines[:line])


def _find(body: str, marks: Sequence[str] | None) -> _Mark | None:
    """The mark at which the answer begins; one at the very top counts for the chapter, and has no front."""
    if marks is None and not (any(word in body for word in _MARK_WORDS) and _MAYBE.search(body)):
        return None
    lines = body.split("\n")
    kinds = line_kinds(lines)
    if marks is not None:
        wanted = {folded(mark) for mark in marks}
        return next((_Mark(line=at, sure=True) for at in _prose(lines, kinds) if _says(lines, at, wanted)), None)
    headings: list[tuple[int, str]] = []
    last_option: int | None = None
    for at in _prose(lines, kinds):
        heading = _HEADING.match(lines[at])
        title = _bare(heading[2] or heading[4] or "") if heading else ""
        if (fold := _fold_title(lines, at)) is not None:
            if _SAID.fullmatch(fold):
                return _Mark(line=at, sure=True)
        elif heading and _SAID.fullmatch(title):
            return _Mark(line=at, sure=True)
        elif heading:
            headings.append((at, folded(title)))
            if len(headings) > _MOST_PARTS:
                return None
            if (ended := _ends_task(lines, headings)) is not None:
                return _Mark(line=at, sure=True) if ended else None
        elif _is_label(lines[at]):
            last_option = _last_option(lines) if last_option is None else last_option
            if not (at < last_option and _OPTION.match(lines[at])):  # “A:” is the first of several options
                return _Mark(line=at, sure=False)
    return None


def _prose(lines: Sequence[str], kinds: Sequence[Kind]) -> Iterator[int]:
    return (at for at, line in enumerate(lines) if kinds[at] is Kind.TEXT and line.strip())


def _ends_task(lines: Sequence[str], headings: Sequence[tuple[int, str]]) -> bool | None:
    """Whether the last of the headings begins what solves the task of those before; None where one more may tell."""
    *before, (_, title) = headings
    stated = any(known in _TASKS for _, known in before)
    perhaps = any(known in _PERHAPS_TASKS for _, known in before)
    if sum(map(is_visible, lines[: headings[0][0]])) > _FEW_LINES:
        return False
    if title.rstrip("0123456789") in _TASKS | _PERHAPS_TASKS | _OF_TASKS:
        return None
    return stated or (perhaps and _SOLVES.search(title) is not None)


def _is_label(line: str) -> bool:
    """A bold line that says no more than that an answer follows, or a line that begins with such a word and a colon."""
    if (bold := _BOLD.match(line)) and _SAID.fullmatch(_bare(bold[2])):
        return True
    start = _LINE_START.match(line)
    return start is not None and _LABEL.match(line, start.end()) is not None


def _says(lines: Sequence[str], at: int, wanted: set[str]) -> bool:
    """Whether a line, or the fold that it opens, is one of the words, or begins with one and a colon."""
    fold = _fold_title(lines, at)
    said = re.split(r"[:：]", lines[at] if fold is None else fold, maxsplit=1)[0]
    return folded(_bare(_TAG.sub("", said))) in wanted


def _fold_title(lines: Sequence[str], at: int) -> str | None:
    """The title of a fold or note that begins with a line, else the word for its kind; None where none begins."""
    if box := box_of(lines[at]):
        return _bare(box.title or box.kind)
    if not _DETAILS.match(lines[at]):
        return None
    found = _SUMMARY.search("\n".join(lines[at : at + _SUMMARY_LINES]))
    return _bare(found[1]) if found else ""


def _bare(text: str) -> str:
    """A title without tags, emphasis, symbols around it."""
    return _DECORATION.sub("", _DECORATION.sub("", _TAG.sub("", text).replace("*", "")))


def _has_options(lines: Sequence[str]) -> bool:
    return sum(_OPTION.match(line) is not None for line in lines) > 1


def _last_option(lines: Sequence[str]) -> int:
    """The last line, from 0, that is option B; -1 where there is none."""
    options = ((at, _OPTION.match(line)) for at, line in enumerate(lines))
    return max((at for at, option in options if option and option[1] in "Bb"), default=-1)
