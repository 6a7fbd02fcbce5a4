"""What each heading of a chapter is taken for, given the mark of the questions: the rules in the order they apply."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, StrEnum

from msgspec import Struct, field

from deckgen.chapters.contents import TocEntry, group_title
from deckgen.chapters.heading import Heading, Mark, Markup
from deckgen.chapters.surroundings import Outlook, Surroundings
from deckgen.model import replace
from deckgen.text.titles import Split, ask_score, folded, normalised_title

_OUTSIDE_TITLES = frozenset(
    "参考文献 参考资料 参考链接 参考 引用 扩展阅读 延伸阅读 推荐阅读 致谢 鸣谢 简介 前言 序言 序 引言 说明 写在前面 "
    "最后 结语 结束语 尾声 使用说明 声明 免责声明 版权声明 许可证 许可 更新日志 更新记录 贡献者 贡献指南 "
    "关于作者 关于我们 联系方式 联系我们 交流群 贡献 如何贡献 参与贡献 赞助 友情链接 star历史 "
    "references reference introduction preface license licence changelog contributors contributing acknowledgements "
    "about furtherreading contribute contribution starhistory sponsors backers credits thanks otheranswers "
    "questionsoverview questionlist listofquestions questionscovered interviewquestionscovered 题目概览 题目总览 "
    "题目列表 题目清单 题目一览 问题列表 问题清单 问题概览 难度分布 "
    "seealso relatedtopics tableofcontents resources 目的 索引 小结 本章小结 本节小结 章节小结 总结 本章总结 练习 习题 "
    "课后习题 课后练习 答案 参考答案 习题答案 答案与解析 answers answerkey summary conclusion exercises".split()
)


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


class Ruling(Enum):
    """A role and why a heading has it."""

    TITLE_ALONE = Role.TITLE, "it stands alone at the top"
    TITLE_FIRST = Role.TITLE, "it stands at the top"
    TITLE_ABOVE_PARTS = Role.TITLE, "it stands at the top, and no question follows it at once"
    HEADS_CONTENTS = Role.CONTENTS, "it heads the contents list"
    NUMBERED_ON = Role.CATEGORY, "the numbers of the questions below it carry on its own"
    LISTED_ABOVE_QUESTIONS = Role.CATEGORY, "the contents list has questions below it"
    LISTED_ALONE = Role.CATEGORY, "the contents list names such headings alone, and a question follows at once"
    LISTED_AS_GROUP = Role.CATEGORY, "the contents list has a part of this title"
    CHOSEN_AS_CATEGORY = Role.CATEGORY, "the settings of this chapter say so"
    LEADS = Role.CATEGORY, "questions follow it"
    NUMBERED_AS_PART = Role.CATEGORY, "it is numbered as a part, and a question follows at once"
    LIKE_THOSE_THAT_LEAD = Role.CATEGORY, "a question follows the headings like it at once"
    BEFORE_THE_FIRST = Role.CATEGORY, "it stands before the first question"
    MARKED = Role.QUESTION, "it has the questions' mark"
    MARKED_AND_LISTED = Role.QUESTION, "it has the questions' mark, and the contents list names it"
    LISTED = Role.QUESTION, "the contents list names it"
    LISTED_AMONG_QUESTIONS = Role.QUESTION, "the contents list names it among the questions"
    FOLLOWS_DOUBTFULLY = Role.QUESTION, "its number follows the one before"
    COUNTS_ON = Role.QUESTION, "its number follows the last question's"
    APART = Role.QUESTION, "it asks, it is answered, and no question follows it"
    CHILDLESS_CARD = Role.QUESTION, "no question follows it, and the settings of this chapter make such sections cards"
    UNSEEN = Role.ANSWER, "GitHub shows no heading here, and nothing else speaks for one"
    FOLDED = Role.ANSWER, "it is inside <details>"
    IN_EVERY_ANSWER = Role.ANSWER, "headings like it stand in every answer"
    FURTHER_IN = Role.ANSWER, "it lies below the questions' level"
    MARKDOWN_AMONG_HTML = Role.ANSWER, "a Markdown heading in a chapter whose questions have HTML headings"
    LINE_AMONG_HEADINGS = Role.ANSWER, "headings mark the questions here"
    OTHER_LINE = Role.ANSWER, "lines of another kind mark the questions here"
    HEADING_AMONG_LINES = Role.ANSWER, "no question follows it"
    OWN_MATTER = Role.OUTSIDE, "its title is that of a page's own matter"
    NO_CATEGORY = Role.OUTSIDE, "it is no category"
    ABOVE_ALL = Role.OUTSIDE, "it stands before the first question"
    CHILDLESS = Role.OUTSIDE, "no question follows it"

    def __init__(self, role: Role, reason: str) -> None:
        self.role, self.reason = role, reason


class Decision(Struct, frozen=True, kw_only=True):
    """A heading, what it is taken for and why, its number and title, and the contents entry that means it.

    ``slipped`` headings are questions although their mark is not the questions'.
    """

    heading: Heading
    ruling: Ruling
    split: Split
    entry: TocEntry | None = None
    slipped: bool = False

    @property
    def role(self) -> Role:
        return self.ruling.role

    @property
    def apart(self) -> bool:
        """A question that stands where a category would, and belongs to none."""
        return self.ruling in (Ruling.APART, Ruling.CHILDLESS_CARD)


class _Before(Struct, frozen=True, kw_only=True):
    """What the headings above have been taken for: the last question, the last category.

    ``inner`` is the last number of each mark since then.
    """

    begun: bool = False
    titled: bool = False
    asked: Decision | None = None
    category: Decision | None = None
    inner: Mapping[Mark, int] = field(default_factory=dict)

    @property
    def at_top(self) -> bool:
        return not self.titled and self.asked is None and self.category is None


def decide_roles(headings: Sequence[Heading], around: Surroundings) -> Iterator[Decision]:
    """What each heading is taken for, in order."""
    before = _Before()
    for heading in headings:
        outlook, mark = around.outlooks[heading.line], heading.mark
        ruling = _rule(heading, outlook, around, before)
        split = outlook.head.split if outlook.head else outlook.split
        if ruling.role is Role.CATEGORY:
            split = _category_split(split, around.listing.groups)
        told = any(character.isalnum() for character in split.title)
        decision = Decision(
            heading=heading,
            ruling=ruling,
            split=split if told else replace(split, number="", title=heading.text),
            entry=outlook.entry if ruling.role in (Role.QUESTION, Role.CATEGORY) else None,
            slipped=ruling.role is Role.QUESTION
            and ruling is not Ruling.CHILDLESS_CARD
            and mark != around.chosen
            and (mark.markup is around.chosen.markup or ruling is Ruling.COUNTS_ON),
        )
        yield decision
        before = _after(before, decision)


def _after(before: _Before, decision: Decision) -> _Before:
    before = before if before.begun else replace(before, begun=True)
    match decision.role:
        case Role.QUESTION:
            return replace(before, asked=decision, inner={})
        case Role.CATEGORY:
            return replace(before, category=decision, inner={})
        case Role.TITLE:
            return replace(before, titled=True)
        case Role.ANSWER if decision.split.value is not None:
            return replace(before, inner={**before.inner, decision.heading.mark: decision.split.value})
        case _:
            return before


def _rule(heading: Heading, outlook: Outlook, around: Surroundings, before: _Before) -> Ruling:
    chosen, mark = around.chosen, heading.mark
    if outlook.head and outlook.head.mark == chosen and (mark == chosen or not mark.is_outline):
        return Ruling.NUMBERED_ON
    if heading.doubtful:
        return _doubtful(heading, outlook, around, before)
    if mark == chosen:
        return _marked(heading, outlook, around)
    if not chosen.is_outline:
        return _around_lines(heading, outlook, around, before)
    if not mark.is_outline:
        return Ruling.LINE_AMONG_HEADINGS
    if chosen.markup is Markup.HTML and mark.markup is Markup.ATX:
        return _markdown_among_html(heading, outlook, around, before)
    if mark.level < chosen.level:
        return _outer(heading, outlook, around, before)
    return _inner(heading, outlook, around, before)


def _doubtful(heading: Heading, outlook: Outlook, around: Surroundings, before: _Before) -> Ruling:
    marked = heading.mark == around.chosen
    if outlook.entry is not None and (marked or around.listing.asks(outlook.entry)):
        return Ruling.LISTED
    if around.listing.groups_questions(outlook.entry):
        return Ruling.LISTED_ABOVE_QUESTIONS
    return Ruling.FOLLOWS_DOUBTFULLY if marked and _counts_on(outlook, before) else Ruling.UNSEEN


def _marked(heading: Heading, outlook: Outlook, around: Surroundings) -> Ruling:
    if around.listing.groups_questions(outlook.entry) and outlook.entry not in around.listing.sectioned:
        return Ruling.LISTED_ABOVE_QUESTIONS
    if _is_outside(heading, outlook):
        return Ruling.OWN_MATTER
    if outlook.entry is not None and around.listing.names_groups and outlook.leads:
        return Ruling.LISTED_ALONE
    return Ruling.MARKED if outlook.entry is None else Ruling.MARKED_AND_LISTED


def _outer(heading: Heading, outlook: Outlook, around: Surroundings, before: _Before) -> Ruling:
    mark = heading.mark
    if around.settings.category_level is not None:
        is_category = mark.level == around.settings.category_level
        return Ruling.CHOSEN_AS_CATEGORY if is_category else _title_or_outside(heading, outlook, before)
    if around.listing.asks(outlook.entry):
        return Ruling.LISTED_AMONG_QUESTIONS
    if before.asked is not None and heading.folds > before.asked.heading.folds:
        return Ruling.FOLDED
    if before.at_top and _is_title(heading, outlook, around):
        return Ruling.TITLE_ALONE
    if _is_outside(heading, outlook) and not outlook.leads:
        return Ruling.OWN_MATTER
    heads = around.leading.get(mark, 0.0) >= 0.5
    if before.asked is not None and not heads and around.within.get(mark, 0.0) >= 0.8:
        return Ruling.IN_EVERY_ANSWER
    if outlook.has_body and _counts_on(outlook, before) and (not heads or _asks_in_turn(outlook.split, before)):
        return Ruling.COUNTS_ON
    if outlook.leads or (outlook.entry is not None and outlook.entry.parent):
        return Ruling.LEADS
    if outlook.has_body and ask_score(outlook.split.title) == 1.0:
        return Ruling.APART
    if not before.begun and heading.level == 1 and not _is_outside(heading, outlook):
        return Ruling.TITLE_ABOVE_PARTS
    return _childless(outlook, around)


def _inner(heading: Heading, outlook: Outlook, around: Surroundings, before: _Before) -> Ruling:
    if ruling := _listed(outlook, around):
        return ruling
    mark, split = heading.mark, outlook.split
    asks = mark.markup is Markup.HTML or ask_score(split.title) == 1.0
    in_turn = before.inner.get(mark) == (split.value or 0) - 1
    return Ruling.COUNTS_ON if asks and _counts_on(outlook, before) and not in_turn else Ruling.FURTHER_IN


def _listed(outlook: Outlook, around: Surroundings) -> Ruling | None:
    """What the contents list says of a heading that has another mark than the questions."""
    if around.listing.groups_questions(outlook.entry):
        return Ruling.LISTED_ABOVE_QUESTIONS
    return Ruling.LISTED_AMONG_QUESTIONS if around.listing.asks(outlook.entry) else None


def _markdown_among_html(heading: Heading, outlook: Outlook, around: Surroundings, before: _Before) -> Ruling:
    """Markdown headings stay in the answers of a chapter that marks its questions with HTML headings."""
    split = outlook.split
    leads_at_once = outlook.leads and not outlook.has_body
    if around.listing.groups and group_title(heading.text) in around.listing.groups:
        return Ruling.LISTED_AS_GROUP
    if ruling := _listed(outlook, around):
        return ruling
    outermost = heading.level <= around.chosen.level
    if leads_at_once and outermost and _is_part(split, before):
        return Ruling.NUMBERED_AS_PART
    needed = 0.5 if heading.level < around.chosen.level else 0.9
    if leads_at_once and around.counts[heading.mark] > 1 and around.leading.get(heading.mark, 0.0) >= needed:
        return Ruling.LIKE_THOSE_THAT_LEAD
    if before.at_top and heading.level == 1:
        return _title_or_outside(heading, outlook, before)
    if before.asked is None:
        return Ruling.BEFORE_THE_FIRST if leads_at_once else Ruling.ABOVE_ALL
    asks = outermost and ask_score(split.title) == 1.0 and outlook.has_body
    both_say_so = split.style == before.asked.split.style == "question"  # 问题 3 behind 问题 2
    if _counts_on(outlook, before) and (both_say_so or (asks and _fills_a_gap(outlook))):
        return Ruling.COUNTS_ON
    return Ruling.MARKDOWN_AMONG_HTML


def _around_lines(heading: Heading, outlook: Outlook, around: Surroundings, before: _Before) -> Ruling:
    """Headings around questions that are lines of text."""
    mark = heading.mark
    if not mark.is_outline:
        return Ruling.OTHER_LINE
    if before.at_top and _is_title(heading, outlook, around):
        return Ruling.TITLE_ALONE
    if outlook.leads:
        return Ruling.LEADS
    if _is_outside(heading, outlook):
        return Ruling.OWN_MATTER
    if before.asked is None or around.leading.get(mark, 0.0) >= 0.5:
        return _childless(outlook, around)
    further_in = before.category is None or mark.level > before.category.heading.level
    if further_in or heading.folds > before.asked.heading.folds:
        return Ruling.HEADING_AMONG_LINES
    return _childless(outlook, around)


def _title_or_outside(heading: Heading, outlook: Outlook, before: _Before) -> Ruling:
    above = not before.titled and before.asked is None
    is_title = above and heading.level == 1 and not _is_outside(heading, outlook)
    return Ruling.TITLE_FIRST if is_title else Ruling.NO_CATEGORY


def _childless(outlook: Outlook, around: Surroundings) -> Ruling:
    is_card = outlook.has_body and around.settings.childless == "cards"
    return Ruling.CHILDLESS_CARD if is_card else Ruling.CHILDLESS


def _is_title(heading: Heading, outlook: Outlook, around: Surroundings) -> bool:
    """One heading of the outermost level above everything is the chapter's title, not a category among others."""
    return heading.level == 1 and around.counts[heading.mark] == 1 and not _is_outside(heading, outlook)


def _is_outside(heading: Heading, outlook: Outlook) -> bool:
    return not outlook.split.number and folded(heading.text) in _OUTSIDE_TITLES


def _is_part(split: Split, before: _Before) -> bool:
    if split.style in ("chapter", "part"):
        return True
    above = before.category.split if before.category else None
    follows = 1 if above is None or above.style != split.style else (above.value or 0) + 1
    return split.style == "han" and split.value == follows


def _counts_on(outlook: Outlook, before: _Before) -> bool:
    split, asked = outlook.split, before.asked.split if before.asked else None
    if asked is None or split.value is None or asked.value is None:
        return False
    return split.style == asked.style and split.value == asked.value + 1


def _fills_a_gap(outlook: Outlook) -> bool:
    """Whether the next question's number follows this one's."""
    return outlook.next_question is None or outlook.next_question.value == (outlook.split.value or 0) + 1


def _asks_in_turn(split: Split, before: _Before) -> bool:
    """Whether a heading of the categories' mark asks, and its number is not the next category's."""
    numbered_alike = before.category is not None and before.category.split.style == split.style
    return not numbered_alike and ask_score(split.title) == 1.0


def _category_split(split: Split, groups: frozenset[str]) -> Split:
    """The title as the contents list has it, which the chapter may call its 正文."""
    if groups and normalised_title(split.title) not in groups and group_title(split.title) in groups:
        return replace(split, title=split.title.removesuffix("正文"))
    return split
