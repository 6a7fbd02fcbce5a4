"""Headings that are no questions by themselves: sections of a page about one, topics above lines that ask."""

import re
from collections.abc import Mapping, Sequence

from deckgen.chapters.evidence import Evidence
from deckgen.chapters.heading import Heading
from deckgen.project.config import ChapterSettings
from deckgen.text.titles import Split, folded, split_number

_SECTION_TITLES = frozenset(
    "题目 题目描述 题目大意 题目链接 问题描述 描述 思路 解题思路 思路分析 思路与算法 分析 题目分析 解法 解法一 "
    "解法二 解法三 题解 解答 代码 代码实现 参考代码 实现 复杂度 复杂度分析 示例 样例 示例1 示例2 输入 输出 提示 "
    "关键点 相关题目 相关链接 "
    "description problem solution solutions approach approach1 approach2 complexity complexityanalysis example "
    "examples code implementation constraints hint hints tldr furtherreading 题目地址 前置知识 公司 关键点解析 标签 "
    "面试题 面试官心理分析 面试题剖析 "
    "意图 动机 结构 参与者 适用性 类图 优点 缺点 优缺点 intent motivation applicability structure participants "
    "consequences classdiagram jdk relatedpatterns prosandcons".split()
)
"""What the sections of a page about one question are called, folded."""
_TASK = re.compile(r"题目描述|题目大意|问题描述|problemstatement")
_SOLVING = re.compile(r"思路|题解|解法|解答|代码|solution|approach|implementation")
_ASKED_BY_A_PAGE = re.compile(
    r"[?？]|什么|为何|怎么|怎样|如何(?!学)|是否|区别|[吗呢]$|^\W*(?:what|why|how|when|which|explain|describe)\b",
    re.IGNORECASE,
)
_ASKING = 0.7
_ASKS_PLAINLY = re.compile(r"[?？]|.{9}")
_EXERCISES = frozenset(
    "练习 练习题 习题 课后习题 课后练习 本章习题 章节习题 思考题 课后思考 思考与练习 复习题 自测题 测验 小测 "
    "面试题 面试问题 常见面试题 高频面试题 相关面试题 常见问题 "
    "exercises exercise quiz questions reviewquestions practicequestions interviewquestions problems faq".split()
)
"""What the part of a chapter of prose that asks is called, folded."""
_EXERCISE = re.compile(r"(?:exercise|problem|question|习题|练习|思考题|题目?|例题?)\s*[\d.]+", re.IGNORECASE)
_MOST_SECTIONS, _MOST_LINES = 12, 200
"""Of a page about the one question that its title asks."""


def topics(
    chosen: Evidence, evidence: Sequence[Evidence], headings: Sequence[Heading], splits: Mapping[int, Split]
) -> Evidence | None:
    """The headings each of which has one line below that begins with 问题：; it is asked on the same card."""
    if any(splits[heading.line].style != "asked" for heading in headings if heading.mark == chosen.mark):
        return None
    for item in evidence:
        marks = [heading.mark for heading in headings if heading.mark in (item.mark, chosen.mark)]
        if item.mark.is_outline and item.count > 1 and marks == [item.mark, chosen.mark] * item.count:
            return item
    return None


def page_title(
    chosen: Evidence,
    evidence: Sequence[Evidence],
    headings: Sequence[Heading],
    settings: ChapterSettings,
    visible_lines: int,
) -> Evidence | None:
    """The title of a page about one question, whose sections would pass for questions otherwise."""
    if settings.headings != "auto" or settings.question_level or chosen.mark.level == 1:
        return None
    outline = [item for item in evidence if item.mark.is_outline]
    top = next((item for item in outline if item.mark.level == 1 and item.count == 1), None)
    title = next((heading.text for heading in headings if top and heading.mark == top.mark), "")
    outer = min((item.mark for item in outline if item.mark.level > 1), key=lambda mark: mark.level, default=None)
    sections = {mark: [item for item in headings if item.mark == mark] for mark in (outer, chosen.mark) if mark}
    if any(map(_are_sections, sections.values())):
        return top
    lines_within = not chosen.mark.is_outline and chosen.covered < 0.5  # such as those that ask further at the end
    shown = next((item for item in outline if item.mark == outer), chosen) if lines_within else chosen
    small = shown.count <= _MOST_SECTIONS and visible_lines <= _MOST_LINES
    splits = [split_number(heading.text) for heading in sections[shown.mark]]
    styles = {split.style for split in splits}
    parts = [split for split in splits if split.style == "han" and not _ASKS_PLAINLY.search(split.title)]
    short = len(parts) >= 0.6 * len(splits)  # 一、是什么
    plain = (shown.asking < 0.5 or short) and styles <= {"", "han"} and not shown.in_contents
    return top if small and plain and asks_plainly(title) else None


def asks_plainly(title: str) -> bool:
    """Whether the title of a page asks what the page answers."""
    return _ASKED_BY_A_PAGE.search(title) is not None


def spans_of_exercises(headings: Sequence[Heading], last_line: int) -> tuple[range, ...]:
    """The lines from each heading that is called after exercises to the next one that is no further in."""
    outline = [heading for heading in headings if heading.mark.is_outline and not heading.doubtful]
    spans = []
    for index, heading in enumerate(outline):
        if folded(split_number(heading.text, bare=True).title) in _EXERCISES:
            others = (outline[at] for at in range(index + 1, len(outline)))
            after = (other.line for other in others if other.level <= heading.level)
            spans.append(range(heading.line, next(after, last_line + 1)))
    return tuple(spans)


def are_exercises(item: Evidence) -> bool:
    """Whether what is below such headings is answered, and asks or is called Exercise 1."""
    asks = item.asking >= _ASKING or all(map(_EXERCISE.match, item.examples))
    return asks and item.count > 1 and item.answered >= _ASKING


def _are_sections(headings: Sequence[Heading]) -> bool:
    """Whether they are called like the sections of one answer, or state one task and solve it."""
    titles = [folded(heading.text) for heading in headings]
    tasks = sum(_TASK.search(title) is not None for title in titles)
    known = sum(title in _SECTION_TITLES for title in titles)
    return known >= 0.6 * len(titles) or (tasks == 1 and any(map(_SOLVING.search, titles)))
