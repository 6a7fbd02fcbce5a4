"""What each heading of a chapter is taken for, given the mark of the questions: the rules in the order they apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from deckgen.chapters.contents import Claims, Entry, group_title
from deckgen.chapters.evidence import Body, Mark, is_outline, mark_of
from deckgen.chapters.headings import Heading, Markup
from deckgen.config import ChapterSettings
from deckgen.text.asking import asking
from deckgen.text.titles import Split, folded, normalised_title

OUTSIDE_TITLES = frozenset(
    "参考文献 参考资料 参考链接 参考 引用 扩展阅读 延伸阅读 推荐阅读 致谢 鸣谢 简介 前言 序言 序 引言 说明 写在前面 "
    "使用说明 声明 免责声明 版权声明 许可证 许可 更新日志 更新记录 贡献者 贡献指南 "
    "关于作者 关于我们 联系方式 联系我们 交流群 贡献 如何贡献 参与贡献 赞助 友情链接 star历史 "
    "references reference introduction preface license licence changelog contributors contributing acknowledgements "
    "about furtherreading contribute contribution starhistory sponsors backers credits thanks otheranswers "
    "seealso relatedtopics tableofcontents resources 目的 索引 小结 本章小结 本节小结 章节小结 总结 本章总结 练习 习题 "
    "课后习题 课后练习 summary conclusion exercises".split()
)
_COUNTS_ON = "its number follows the last question's"
NO_QUESTION_FOLLOWS = "no question follows it"
_CHILDLESS = "no question follows it, and the settings of this chapter make such sections cards"
_APART = "it asks, it is answered, and no question follows it"


class Role(StrEnum):
    """What a heading is taken for."""

    TITLE = "title"
    CONTENTS = "contents"
    CATEGORY = "category"
    QUESTION = "question"
    ANSWER = "answer"
    """It stays where it is, in an answer."""
    OUTSIDE = "outside"
    """It ends the question before it and begins none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A heading, what it is taken for, why, its number and title, and the contents entry that means it.

    ``slipped`` headings are questions although their mark is not the questions'.
    """

    heading: Heading
    role: Role
    reason: str
    split: Split
    entry: Entry | None = None
    slipped: bool = False
    apart: bool = False
    """A question that stands where a category would, and belongs to none."""


def _says_something(title: str) -> bool:
    return any(character.isalnum() for character in title)


@dataclass(slots=True, kw_only=True)
class RoleReader:
    """Gives every heading its role, in order, knowing the mark of the questions."""

    chosen: Mark | None
    settings: ChapterSettings
    splits: dict[int, Split]
    claims: Claims
    body: Body
    heads: Mapping[int, tuple[Mark, Split]]
    """The headings whose numbers those right below them carry on, with the mark of these."""
    groups: frozenset[str]
    last_line: int
    entries: dict[int, Entry] = field(default_factory=dict)
    depth: int = 0
    parents_ask: bool = False
    lists_groups: bool = False
    """The contents list names none but headings right above questions that it does not name."""
    lists_questions: bool = False
    sectioned: frozenset[Entry] = frozenset()
    """Entries with others below them that all mean headings within an answer."""
    following: dict[int, int | None] = field(default_factory=dict)
    """The line of the next heading with the questions' mark, by line."""
    leads: dict[int, bool] = field(default_factory=dict)
    """Whether the next heading that counts is a question, by line."""
    bodies: dict[int, bool] = field(default_factory=dict)
    heading_marks: dict[Mark, float] = field(default_factory=dict)
    """The share of headings with a mark that lead straight to a question."""
    within: dict[Mark, float] = field(default_factory=dict)
    """The share of questions below which a heading with the mark stands."""
    folds: int = 0
    """How many ``<details>`` were open at the last question."""
    asked: Split | None = None
    """The number of the last question."""
    inner: dict[Mark, int] = field(default_factory=dict)
    """The last number of each mark since then."""
    category: Split | None = None
    category_mark: Mark | None = None
    counts: Counter[Mark] = field(default_factory=Counter)
    titled: bool = False
    begun: bool = False
    """A heading was decided."""

    def decide(self, headings: Sequence[Heading]) -> list[Decision]:
        if self.chosen is None:
            return []
        self._claim(headings)
        self._look_ahead(headings)
        asked = [heading for heading in headings if mark_of(heading) == self.chosen]
        named = [heading for heading in asked if heading.line in self.entries]
        self.lists_groups = len(named) < len(asked) and not any(self.bodies[heading.line] for heading in named)
        decisions = []
        for heading in headings:
            decision = self._decide(heading)
            decisions.append(decision)
            self._note(decision)
        return decisions

    def _claim(self, headings: Sequence[Heading]) -> None:
        """Entries go to the headings with the questions' mark first, so that no subheading takes theirs."""
        ordered = sorted(headings, key=lambda heading: (mark_of(heading) != self.chosen, heading.doubtful))
        for heading in ordered:
            if (entry := self.claims.claim(heading)) is not None:
                self.entries[heading.line] = entry
        named = [
            entry
            for heading in headings
            if mark_of(heading) == self.chosen and (entry := self.entries.get(heading.line)) is not None
        ]
        self.lists_questions = bool(named)
        self.sectioned = self._sectioned(headings)
        self.parents_ask = sum(entry.parent for entry in named) * 2 > len(named)
        depths = Counter(entry.depth for entry in named if entry.parent == self.parents_ask)
        self.depth = max(depths, key=lambda depth: (depths[depth], depth), default=0)

    def _sectioned(self, headings: Sequence[Heading]) -> frozenset[Entry]:
        marks = {
            entry.line: mark_of(heading)
            for heading in headings
            if (entry := self.entries.get(heading.line)) is not None
        }
        found = set()
        above: list[tuple[Entry, list[Mark]]] = []
        for entry in (*self.claims.entries, None):
            while above and (entry is None or above[-1][0].depth >= entry.depth):
                parent, below = above.pop()
                if below and all(mark.level > self._mark.level for mark in below):
                    found.add(parent)
                if above:
                    above[-1][1].extend(below)
            if entry is not None:
                for _, below in above[-1:]:
                    below.extend([marks[entry.line]] if entry.line in marks else [])
                above.append((entry, []))
        return frozenset(found)

    def _look_ahead(self, headings: Sequence[Heading]) -> None:
        following: Heading | None = None
        next_asked: int | None = None
        next_line = self.last_line + 1
        counts: dict[Mark, list[int]] = {}
        below: Counter[Mark] = Counter()
        between: set[Mark] = set()
        for heading in reversed(headings):
            mark = mark_of(heading)
            self.following[heading.line] = next_asked
            next_asked = heading.line if mark == self.chosen and not heading.doubtful else next_asked
            self.leads[heading.line] = following is not None and mark_of(following) == self.chosen
            self.bodies[heading.line] = self.body.between(heading.end_line, next_line) > 0
            if heading.doubtful or not (is_outline(mark) or mark == self.chosen):
                continue
            self.counts[mark] += 1
            if mark != self.chosen:
                counts.setdefault(mark, []).append(self.leads[heading.line] and not self.bodies[heading.line])
            if mark == self.chosen:
                for other in between:
                    below[other] += 1
                between = set()
            else:
                between.add(mark)
            following, next_line = heading, heading.line
        self.heading_marks = {mark: sum(leads) / len(leads) for mark, leads in counts.items()}
        asked = self.counts[self._mark]
        self.within = {mark: count / asked for mark, count in below.items() if asked > 2}

    def _decide(self, heading: Heading) -> Decision:
        mark = mark_of(heading)
        below, split = self.heads.get(heading.line, (None, self.splits[heading.line]))
        if below == self.chosen and (mark == self.chosen or not is_outline(mark)):
            role, reason = Role.CATEGORY, "the numbers of the questions below it carry on its own"
        elif heading.doubtful:
            role, reason = self._doubtful(heading)
        elif mark == self.chosen:
            role, reason = self._chosen(heading)
        elif not is_outline(self._mark):
            role, reason = self._around_lines(heading, mark)
        elif not is_outline(mark):
            role, reason = Role.ANSWER, "headings mark the questions here"
        elif self._mark.markup is Markup.HTML and mark.markup is Markup.ATX:
            role, reason = self._markdown_among_html(heading)
        elif mark.level < self._mark.level:
            role, reason = self._outer(heading, mark)
        else:
            role, reason = self._inner(heading, mark)
        if role is Role.CATEGORY:
            split = self._category_split(split)
        return Decision(
            heading=heading,
            role=role,
            reason=reason,
            split=split if _says_something(split.title) else replace(split, number="", title=heading.text),
            entry=self.entries.get(heading.line) if role in (Role.QUESTION, Role.CATEGORY) else None,
            slipped=role is Role.QUESTION
            and reason != _CHILDLESS
            and mark != self.chosen
            and (mark.markup is self._mark.markup or reason == _COUNTS_ON),
            apart=reason in (_APART, _CHILDLESS),
        )

    @property
    def _mark(self) -> Mark:
        assert self.chosen is not None
        return self.chosen

    def _doubtful(self, heading: Heading) -> tuple[Role, str]:
        entry = self.entries.get(heading.line)
        if entry is not None and (mark_of(heading) == self.chosen or self._is_question_entry(entry)):
            return Role.QUESTION, "the contents list names it"
        if entry is not None and entry.parent and not self.parents_ask:
            return Role.CATEGORY, "the contents list has questions below it"
        if mark_of(heading) == self.chosen and self._counts_on(heading):
            return Role.QUESTION, "its number follows the one before"
        return Role.ANSWER, "GitHub shows no heading here, and nothing else speaks for one"

    def _chosen(self, heading: Heading) -> tuple[Role, str]:
        entry = self.entries.get(heading.line)
        if entry is not None and entry.parent and not self.parents_ask and entry not in self.sectioned:
            return Role.CATEGORY, "the contents list has questions below it"
        if self._is_outside(heading):
            return Role.OUTSIDE, "its title is that of a page's own matter"
        if entry is not None and self.lists_groups and self.leads[heading.line]:
            return Role.CATEGORY, "the contents list names such headings alone, and a question follows at once"
        if entry is not None:
            return Role.QUESTION, "it has the questions' mark, and the contents list names it"
        return Role.QUESTION, "it has the questions' mark"

    def _outer(self, heading: Heading, mark: Mark) -> tuple[Role, str]:
        if self.settings.category_level is not None:
            if mark.level == self.settings.category_level:
                return Role.CATEGORY, "the settings of this chapter say so"
            return self._title_or_outside(heading)
        entry = self.entries.get(heading.line)
        if entry is not None and self._is_question_entry(entry):
            return Role.QUESTION, "the contents list names it among the questions"
        if self.asked is not None and heading.folds > self.folds:
            return Role.ANSWER, "it is inside <details>"
        leads, has_body = self.leads[heading.line], self.bodies[heading.line]
        if not self.titled and self.asked is None and self.category is None and self._is_title(heading, mark):
            return Role.TITLE, "it stands alone at the top"
        if self._is_outside(heading) and not leads:
            return Role.OUTSIDE, "its title is that of a page's own matter"
        heads = self.heading_marks.get(mark, 0.0) >= 0.5
        if self.asked is not None and not heads and self.within.get(mark, 0.0) >= 0.8:
            return Role.ANSWER, "headings like it stand in every answer"
        if has_body and self._counts_on(heading) and (not heads or self._asks_in_turn(heading)):
            return Role.QUESTION, _COUNTS_ON
        if leads or (entry is not None and entry.parent):
            return Role.CATEGORY, "questions follow it"
        if has_body and asking(self.splits[heading.line].title) == 1.0:
            return Role.QUESTION, _APART
        if not (self.titled or self.begun) and heading.level == 1 and not self._is_outside(heading):
            return Role.TITLE, "it stands at the top, and no question follows it at once"
        return self._childless(heading)

    def _childless(self, heading: Heading) -> tuple[Role, str]:
        if self.bodies[heading.line] and self.settings.childless == "cards":
            return Role.QUESTION, _CHILDLESS
        return Role.OUTSIDE, NO_QUESTION_FOLLOWS

    def _inner(self, heading: Heading, mark: Mark) -> tuple[Role, str]:
        entry = self.entries.get(heading.line)
        if entry is not None and self._is_question_entry(entry):
            return Role.QUESTION, "the contents list names it among the questions"
        if entry is not None and entry.parent and not self.parents_ask:
            return Role.CATEGORY, "the contents list has questions below it"
        asks = mark.markup is Markup.HTML or asking(self.splits[heading.line].title) == 1.0
        value = self.splits[heading.line].value
        if asks and self._counts_on(heading) and self.inner.get(mark) != (value or 0) - 1:
            return Role.QUESTION, _COUNTS_ON
        return Role.ANSWER, "it lies below the questions' level"

    def _markdown_among_html(self, heading: Heading) -> tuple[Role, str]:
        """Markdown headings stay in the answers of a chapter that marks its questions with HTML headings."""
        entry = self.entries.get(heading.line)
        bare_lead = self.leads[heading.line] and not self.bodies[heading.line]
        if self.groups and group_title(heading.text) in self.groups:
            return Role.CATEGORY, "the contents list has a part of this title"
        if entry is not None and entry.parent and not self.parents_ask:
            return Role.CATEGORY, "the contents list has questions below it"
        if entry is not None and self._is_question_entry(entry):
            return Role.QUESTION, "the contents list names it among the questions"
        split = self.splits[heading.line]
        if bare_lead and heading.level <= self._mark.level and self._is_part(split):
            return Role.CATEGORY, "it is numbered as a part, and a question follows at once"
        mark = mark_of(heading)
        needed = 0.5 if heading.level < self._mark.level else 0.9
        if bare_lead and self.counts[mark] > 1 and self.heading_marks.get(mark, 0.0) >= needed:
            return Role.CATEGORY, "a question follows the headings like it at once"
        if self.asked is None and self.category is None and not self.titled and heading.level == 1:
            return self._title_or_outside(heading)
        if self.asked is None and bare_lead:
            return Role.CATEGORY, "it stands before the first question"
        if self.asked is None:
            return Role.OUTSIDE, "it stands before the first question"
        if split.style == "question" and self.asked.style == "question" and self._counts_on(heading):
            return Role.QUESTION, _COUNTS_ON
        asks = heading.level <= self._mark.level and asking(split.title) == 1.0 and self.bodies[heading.line]
        if asks and self._counts_on(heading) and self._fills_a_gap(heading):
            return Role.QUESTION, _COUNTS_ON
        return Role.ANSWER, "a Markdown heading in a chapter whose questions have HTML headings"

    def _around_lines(self, heading: Heading, mark: Mark) -> tuple[Role, str]:
        """Headings around questions that are lines of text."""
        if not is_outline(mark):
            return Role.ANSWER, f"{self.chosen} mark the questions here"
        leads = self.leads[heading.line]
        if not self.titled and self.asked is None and self.category is None and self._is_title(heading, mark):
            return Role.TITLE, "it stands alone at the top"
        if leads:
            return Role.CATEGORY, "questions follow it"
        if self._is_outside(heading):
            return Role.OUTSIDE, "its title is that of a page's own matter"
        ends = self.category_mark is not None and mark.level <= self.category_mark.level and heading.folds <= self.folds
        if self.asked is None or self.heading_marks.get(mark, 0.0) >= 0.5 or ends:
            return self._childless(heading)
        return Role.ANSWER, "no question follows it"

    def _title_or_outside(self, heading: Heading) -> tuple[Role, str]:
        if not self.titled and self.asked is None and heading.level == 1 and not self._is_outside(heading):
            return Role.TITLE, "it stands at the top"
        return Role.OUTSIDE, "it is no category"

    def _is_title(self, heading: Heading, mark: Mark) -> bool:
        """One heading of the outermost level above everything is the chapter's title, not a category among others."""
        return heading.level == 1 and self.counts[mark] == 1 and not self._is_outside(heading)

    def _is_part(self, split: Split) -> bool:
        if split.style in ("chapter", "part"):
            return True
        follows = 1 if self.category is None or self.category.style != split.style else (self.category.value or 0) + 1
        return split.style == "han" and split.value == follows

    def _is_question_entry(self, entry: Entry) -> bool:
        return self.lists_questions and entry.parent == self.parents_ask and entry.depth == self.depth

    def _is_outside(self, heading: Heading) -> bool:
        return not self.splits[heading.line].number and folded(heading.text) in OUTSIDE_TITLES

    def _counts_on(self, heading: Heading) -> bool:
        split = self.splits[heading.line]
        if self.asked is None or split.value is None or self.asked.value is None:
            return False
        return split.style == self.asked.style and split.value == self.asked.value + 1

    def _fills_a_gap(self, heading: Heading) -> bool:
        """Whether the next question's number follows this one's."""
        following = self.following.get(heading.line)
        value = self.splits[heading.line].value or 0
        return following is None or self.splits[following].value == value + 1

    def _asks_in_turn(self, heading: Heading) -> bool:
        """Whether a heading of the categories' mark asks, and its number is not the next category's."""
        split = self.splits[heading.line]
        if self.category is not None and self.category.style == split.style:
            return False
        return asking(split.title) == 1.0

    def _category_split(self, split: Split) -> Split:
        if not self.groups:
            return split
        if normalised_title(split.title) not in self.groups and group_title(split.title) in self.groups:
            return replace(split, title=split.title.removesuffix("正文"))
        return split

    def _note(self, decision: Decision) -> None:
        self.begun = True
        match decision.role:
            case Role.QUESTION:
                self.asked, self.inner, self.folds = decision.split, {}, decision.heading.folds
            case Role.CATEGORY:
                self.category, self.inner = decision.split, {}
                self.category_mark = mark_of(decision.heading)
            case Role.TITLE:
                self.titled = True
            case Role.ANSWER if decision.split.value is not None:
                self.inner[mark_of(decision.heading)] = decision.split.value
            case _:
                pass
