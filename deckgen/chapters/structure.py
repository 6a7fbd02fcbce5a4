"""The structure of a chapter and why it is read so: a decision that can be printed and overruled."""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from deckgen.chapters.answers_apart import AnswerApart, answers_to, find_answers
from deckgen.chapters.contents import Claims, Contents, TocEntry, alike, find_contents, group_title
from deckgen.chapters.evidence import Body, Evidence, Facts, heads_of_groups, number_headings, repeated_marks, weigh
from deckgen.chapters.explain import Explanation
from deckgen.chapters.flashcards import join_fronts, may_hold_cards
from deckgen.chapters.heading import LEVEL_OF_ANY_ROW, LEVEL_OF_ASKING, Markup
from deckgen.chapters.headings import Scan, scan_headings, with_front_title, without_attributes
from deckgen.chapters.pages import are_exercises, asks_plainly, page_title, spans_of_exercises, topics
from deckgen.chapters.resumption import Resumption
from deckgen.chapters.roles import Decision, Role, Ruling, decide_roles
from deckgen.chapters.surroundings import look_around
from deckgen.model import Dialect, replace
from deckgen.project.config import ChapterSettings
from deckgen.text.titles import ask_score, normalised_title, split_number

_MARGIN = 1.0
"""How much better an inner mark must be than an outer one, whose headings hold all that the inner one's do."""
_LOOSE = ("numbered", "folds", "tables", "cards", "items")
"""The settings that allow lines which mark questions only where nothing else does."""
_CERTAIN = (Markup.QA, Markup.SUMMARY, Markup.ROW, Markup.CARD, Markup.ITEM)
_ALIKE = 0.6
_HARDLY = 0.3
_NOTHING_ELSE = "they ask and are answered, and nothing else marks questions"
_SECTIONS = "the headings below it are sections of one answer"
_ANSWERED_APART = "the answers below all of them have their numbers"
_EXERCISES = "they are the exercises of a chapter of prose"
_TOPICS = "below each stands one line that says what is asked"
_NEIGHBOURS = 20
_MANY = 2
"""So many times as many items that ask as headings that do not: those are their categories."""


class Structure(Struct, frozen=True, kw_only=True):
    """A chapter taken apart, and the contents entries that no heading answers to."""

    scan: Scan
    contents: Contents
    explanation: Explanation
    missing: tuple[TocEntry, ...]
    unlisted: frozenset[int]
    """The lines of the questions that the contents list does not name."""
    said: tuple[AnswerApart | None, ...] = ()
    """Where the answers stand below all questions: that to each. The chapter is scanned up to there."""


def explain_structure(text: str, *, settings: ChapterSettings) -> Explanation:
    """How the chapter is read, and why."""
    return find_structure(text, settings=settings).explanation


def find_structure(text: str, *, settings: ChapterSettings) -> Structure:
    r"""The structure of a chapter with ``\n`` line ends."""
    asked, answers = find_answers(text)
    numbered = (replace(settings, headings="numbered"),) if settings.headings == "auto" else ()
    for own in (settings, *numbered) if answers else ():
        found = _find(asked, own)
        questions = [item.split for item in found.explanation.decisions if item.role is Role.QUESTION]
        if said := answers_to(questions, answers):
            explanation = replace(found.explanation, because=_ANSWERED_APART, weak=False)
            return replace(found, said=said, explanation=explanation)
    return _find(text, settings)


def _find(text: str, settings: ChapterSettings) -> Structure:
    if settings.headings in _LOOSE:
        return _structure(text, settings, loose=True)
    if settings.headings == "exercises":
        return _structure(text, replace(settings, headings="auto"), exercises=True)
    found = _structure(text, settings)
    chosen = found.explanation.chosen
    if settings.headings == "auto" and not settings.question_level:
        if (asked := _exercises(text, settings, found)).explanation.exercises:
            return asked
        lines_restart = chosen is not None and chosen.mark.markup is Markup.PLAIN and chosen.numbered < 1
        unsure = not _asks(chosen) or lines_restart or (chosen is not None and chosen.count == 1)
        if unsure or ((chosen is None or chosen.asking < _HARDLY) and may_hold_cards(text)):
            loose = _structure(text, settings, loose=True)
            if _is_better(loose.explanation, chosen, lines_restart=lines_restart):
                return loose
            if found.explanation.weak:
                lines = (item for item in loose.explanation.evidence if item.mark.settings[0] in _LOOSE)
                evidence = {item.mark: item for item in (*lines, *found.explanation.evidence)}
                found = replace(found, explanation=replace(found.explanation, evidence=tuple(evidence.values())))
    if found.scan.front.title and not _asks(chosen):
        titled = _structure(text, settings, page=True)
        top = titled.explanation.chosen
        asks = top is not None and top.mark.level == top.count == 1 and asks_plainly(found.scan.front.title)
        return titled if asks or titled.explanation.because == _SECTIONS else found
    return found


def _exercises(text: str, settings: ChapterSettings, found: Structure) -> Structure:
    """A chapter of prose with exercises that ask and are answered: read for whichever are more, the other one named."""
    prose = found.explanation
    if prose.chosen is None or prose.chosen.asking >= _HARDLY or not spans_of_exercises(found.scan.headings, 0):
        return found
    asked = _structure(text, settings, exercises=True)
    if (chosen := asked.explanation.chosen) is None or not are_exercises(chosen):
        return found
    read = asked if chosen.count >= prose.chosen.count else found
    evidence = (chosen, *(item for item in prose.evidence if item.mark != chosen.mark))
    return replace(read, explanation=replace(read.explanation, evidence=evidence, exercises=chosen, weak=True))


def _asks(chosen: Evidence | None) -> bool:
    """Whether the marks that were chosen are questions by what they say, not by the contents list alone."""
    return chosen is not None and max(chosen.asking, chosen.numbered * (chosen.count > 1)) >= _HARDLY


def _is_better(loose: Explanation, chosen: Evidence | None, *, lines_restart: bool) -> bool:
    """Whether lines that mark questions only where nothing else does are more than what is marked otherwise."""
    if (better := loose.chosen) is None:
        return False
    count = chosen.count if chosen else 0
    if better.mark.holds_answer and better.count > count:
        return True
    if better.mark.markup is Markup.ITEM and 0 < _MANY * count <= better.count:
        return True
    if loose.because != _NOTHING_ELSE:
        return False
    if lines_restart or chosen is None:
        return True
    if better.mark.level == LEVEL_OF_ASKING and count > 1:  # prose asks what it answers
        return False
    return better.count > count or not (chosen.in_contents or better.mark.holds_answer)


def _structure(
    text: str, settings: ChapterSettings, *, loose: bool = False, page: bool = False, exercises: bool = False
) -> Structure:
    lines = text.split("\n")
    scan = scan_headings(text, Resumption(lines), loose=loose)
    headings = join_fronts(scan.headings, scan.lines)
    plain, scan = headings is scan.headings, replace(scan, headings=tuple(headings))
    if page and not any(heading.level == 1 for heading in scan.headings):
        scan = with_front_title(scan)
    if settings.dialect is Dialect.PYTHON_MARKDOWN:
        scan = without_attributes(scan)
    contents = find_contents(scan)
    usable = [heading for heading in scan.headings if heading.line not in contents.lines]
    if settings.headings == "atx":
        usable = [heading for heading in usable if heading.markup is not Markup.SETEXT]
    elsewhere, outer = frozenset[int](), 0
    if exercises:
        spans = spans_of_exercises(usable, len(lines))
        elsewhere = frozenset(range(1, len(lines) + 1)).difference(*spans)
        first_lines = {span[0] for span in spans}
        outer = min((heading.level for heading in usable if heading.line in first_lines), default=0)
        usable = [heading for heading in usable if heading.line not in elsewhere or heading.level <= outer]
    splits = number_headings(usable)
    if loose and settings.headings == "auto":  # numbered lines that do not ask are lists within answers
        usable = [item for item in usable if item.markup is not Markup.PLAIN or ask_score(splits[item.line].title) == 1]
    body = Body(scan, contents.lines | elsewhere)
    facts = Facts(splits, Claims(contents.entries), body, heads_of_groups(usable, body))
    sections = repeated_marks(usable, splits) if settings.headings == "auto" and not settings.question_level else ()
    weighed = [item for item in usable if item.line not in facts.heads and item.mark not in sections]
    weighed = [item for item in weighed if item.level > outer]
    evidence = weigh(weighed, facts)
    free = loose and settings.headings == "auto"
    chosen, because = (_choose_loosely(evidence) if free else None) or _choose(evidence, settings)
    because = _EXERCISES if exercises else because
    if chosen is not None and (topic := topics(chosen, evidence, weighed, splits)) is not None:
        chosen, because = topic, _TOPICS
    if chosen is not None and (title := page_title(chosen, evidence, usable, settings, body.visible)) is not None:
        chosen, because = title, _SECTIONS
    decided: dict[int, Decision] = {}
    if chosen is not None:
        groups = frozenset(group_title(item.text) for item in scan.headings if item.line in contents.headings)
        around = look_around(usable, facts, chosen=chosen.mark, settings=settings, groups=groups)
        decided = {decision.heading.line: decision for decision in decide_roles(usable, around)}
    decisions = tuple(
        decided.get(heading.line)
        or Decision(heading=heading, ruling=Ruling.HEADS_CONTENTS, split=split_number(heading.text))
        for heading in scan.headings
        if heading.line in decided or heading.line in contents.headings
    )
    explanation = Explanation(
        evidence=evidence,
        chosen=chosen,
        because=because,
        decisions=decisions,
        weak=chosen is None or (because not in (_SECTIONS, _TOPICS) and plain and _is_weak(chosen, settings)),
    )
    missing, unlisted = _loose_ends(facts.claims, decisions)
    return Structure(scan=scan, contents=contents, explanation=explanation, missing=missing, unlisted=unlisted)


def _choose(evidence: Sequence[Evidence], settings: ChapterSettings) -> tuple[Evidence | None, str]:
    """The mark of the questions: the outermost that no inner one beats clearly."""
    allowed = [item for item in evidence if _is_allowed(item, settings)]
    # One line that begins with Q： may speak of a query as well.
    several = [item for item in allowed if item.mark.markup is not Markup.QA or item.count > 1]
    allowed = several or allowed
    if not allowed:
        return None, "no heading fits the settings" if evidence else "there is no heading"
    best = max(allowed, key=lambda item: item.score)
    near = [
        item
        for item in allowed
        if item.score >= best.score - _MARGIN and item.covered >= 0.9 * best.covered and not _is_title(item, best)
    ]
    chosen = near[0]
    # Where the contents list names several marks, all of them are questions and the most frequent one is the rule.
    listed = [item for item in near if min(item.in_contents, chosen.in_contents) > 0.5]
    chosen = max(listed, key=lambda item: item.count, default=chosen)
    same_level = [item for item in allowed if item.mark.level == chosen.mark.level]
    chosen = max(same_level, key=lambda item: item.score)
    if settings.headings != "auto" or settings.question_level:
        return chosen, "the settings of this chapter say so"
    if inner := _asking_inside(chosen, allowed):
        return inner, "its headings ask, and those further out hold many of them"
    if inner := _listed_inside(chosen, allowed):
        return inner, "the contents list names its headings, below those further out"
    if chosen == best:
        return chosen, "its evidence is the best"
    return chosen, f"it holds the rest, and no inner mark is better by {_MARGIN:g}"


def _asking_inside(chosen: Evidence, allowed: Sequence[Evidence]) -> Evidence | None:
    """Headings further in that ask and are answered, many below each of those that seem to hold the rest."""
    found = [
        item
        for item in allowed
        if item.mark.level > chosen.mark.level
        and item.count >= (max(8, 3 * chosen.count) if item.mark.is_outline else max(4, 2 * chosen.count))
        and item.asking >= max(0.6, chosen.asking + 0.3)
        and min(item.answered, item.covered) >= 0.6
        and item.in_contents >= chosen.in_contents - 0.5
    ]
    return max(found, key=lambda item: item.score, default=None)


def _listed_inside(chosen: Evidence, allowed: Sequence[Evidence]) -> Evidence | None:
    """Headings further in that the contents list names, most of them below those that seem to hold the rest."""
    if chosen.asking >= 0.5 or not chosen.mark.is_outline or not 0 < chosen.in_contents <= 0.7:
        return None
    inner = [item for item in allowed if item.mark.is_outline and item.mark.level == chosen.mark.level + 1]
    listed = [item for item in inner if item.in_contents >= 0.9 and item.count > chosen.count]
    return max(listed, key=lambda item: item.score, default=None)


def _choose_loosely(evidence: Sequence[Evidence]) -> tuple[Evidence, str] | None:
    """Lines that mark no question where anything else does: here they ask, are answered, and hold the chapter."""
    found = [
        item
        for item in evidence
        if (
            (item.mark.holds_answer and (item.mark.level != LEVEL_OF_ANY_ROW or item.asking >= 0.7))
            and item.count >= 2
            and item.covered >= 0.3
        )
        or (
            item.mark.markup in (Markup.BOLD, Markup.SUMMARY, Markup.PLAIN, Markup.ITEM)
            and item.count >= 2
            and max(item.asking, item.numbered) >= 0.7
            and (item.mark.markup is not Markup.PLAIN or item.numbered == 1)
            and min(item.answered, item.covered) >= (0.5 if item.mark.markup is Markup.SUMMARY else 0.8)
        )
    ]
    return (max(found, key=lambda item: item.score), _NOTHING_ELSE) if found else None


def _is_title(item: Evidence, best: Evidence) -> bool:
    """Whether a mark is that of one heading above many which are listed or count on."""
    alone = item.count == 1 < best.count and item.mark.level == 1 and not item.in_contents
    return alone and (best.in_contents > 0.5 or best.numbered > 0.5)


def _is_allowed(item: Evidence, settings: ChapterSettings) -> bool:
    mark = item.mark
    if settings.headings != "auto":
        if settings.headings not in mark.settings:
            return False
    elif mark.holds_answer or (mark.markup is Markup.PLAIN and not _speaks_clearly(item)):
        return False
    if settings.question_level is not None:
        return mark.is_outline and mark.level == settings.question_level
    return settings.category_level is None or not mark.is_outline or mark.level > settings.category_level


def _speaks_clearly(item: Evidence) -> bool:
    """Numbered lines are everywhere; these ask, count on and are answered."""
    return item.count >= 2 and item.asking >= 0.7 and item.numbered >= 0.7 and item.answered >= 0.7


def _is_weak(chosen: Evidence, settings: ChapterSettings) -> bool:
    if settings.headings != "auto" or settings.question_level or chosen.mark.markup in _CERTAIN:
        return False
    return not _asks(chosen) and chosen.in_contents < _HARDLY and chosen.linked < 0.5


def _loose_ends(claims: Claims, decisions: Sequence[Decision]) -> tuple[tuple[TocEntry, ...], frozenset[int]]:
    """Entries without a heading, and the lines of headings without an entry.

    An entry and a heading of one number whose words come close mean each other, and are neither.
    """
    questions = [decision for decision in decisions if decision.role is Role.QUESTION]
    unlisted = [decision for decision in questions if decision.entry is None]
    loose: dict[tuple[int, ...], list[tuple[str, int]]] = defaultdict(list)
    for decision in unlisted:
        loose[decision.split.parts].append((normalised_title(decision.split.title), decision.heading.line))
    missing, met = [], set()
    for entry in claims.free:
        split = split_number(entry.text, bare=True)
        title = normalised_title(split.title)
        near = loose[split.parts][:_NEIGHBOURS] if split.parts else []
        line = next((line for other, line in near if line not in met and alike(title, other) >= _ALIKE), None)
        if line is None:
            missing.append(entry)
        else:
            met.add(line)
    names_questions = len(unlisted) < len(questions)  # not the categories alone
    lines = frozenset(decision.heading.line for decision in unlisted) if names_questions else frozenset[int]()
    return tuple(missing), lines - met
