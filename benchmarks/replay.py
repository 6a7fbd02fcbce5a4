"""Replays the revisions of real chapters: how many questions keep their identity, and what the obvious rivals lose.

    python benchmarks/replay.py HISTORY_DIR… [--every N]

Each folder holds one chapter's revisions as Markdown files whose names sort in time. The survivors of each step are
labelled by a rule that shares no code with the matcher: equal title that is unique on both sides; else equal answer of
at least 20 characters, unique on both sides; else each other's most similar, at least 75 of 100. Every disagreement
with the labels is printed: they are a rule's opinion too.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rapidfuzz import fuzz

from deckgen.chapters import parse_chapter
from deckgen.identity.lock import Lock, format_lock, parse_lock
from deckgen.identity.matching import match
from deckgen.model import Corpus, Language
from deckgen.project.config import ChapterSettings

ALIKE = 75.0
LONG_ANSWER = 20


@dataclass(frozen=True, slots=True)
class Item:
    """A question of one revision; ``keys`` are its identities by method, "" where a method left it undecided."""

    title: str
    answer: str
    keys: dict[str, str]


@dataclass(frozen=True, slots=True)
class Survivor:
    """A question in two revisions in a row, as the labelling rule sees it."""

    before: Item
    after: Item
    reworded: bool
    """Neither title nor answer is what it was."""


@dataclass(slots=True)
class Score:
    survivors: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    doubtful: int = 0
    still_doubtful: int = 0
    lost: int = 0
    wrong: int = 0
    unlabelled: int = 0
    """Links between two questions that the labels say nothing about."""
    disagreements: list[str] = field(default_factory=list)


def main() -> int:
    """Prints a table per history and method; exit code 1 where deckgen made a wrong link or lost a question."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="HISTORY_DIR")
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="use every Nth revision: larger edits at once"
    )
    options = parser.parse_args()
    totals = {method: Score() for method in METHODS}
    for folder in options.folders:
        paths = sorted(folder.glob("*.md"))
        chosen = sorted({*paths[:: options.every], *paths[-1:]})
        replay(folder.name, chosen, totals)
    report("all histories", totals)
    score = totals["deckgen"]
    print(*score.disagreements, sep="\n")
    return 1 if score.wrong or score.lost else 0


def replay(name: str, paths: Sequence[Path], totals: dict[str, Score]) -> None:
    scores = {method: Score() for method in METHODS}
    lock, before, seconds = None, list[Item](), 0.0
    for path in paths:
        started = time.perf_counter()
        after, lock = read_revision(path, name, lock)
        seconds += time.perf_counter() - started
        survivors = label(before, after)
        for method in METHODS:
            judge(method, before, after, survivors, scores[method], path.name)
        before = after
    report(f"{name}: {len(paths)} revisions, {len(before)} questions in the last, {seconds:.1f} s", scores)
    for method, score in scores.items():
        totals[method].survivors += score.survivors
        totals[method].kept += score.kept
        for count in ("doubtful", "still_doubtful", "lost", "wrong", "unlabelled"):
            setattr(totals[method], count, getattr(totals[method], count) + getattr(score, count))
        totals[method].disagreements += [f"{name}/{line}" for line in score.disagreements]


# --- the methods ------------------------------------------------------------------------------------------------------


def read_revision(path: Path, name: str, lock: Lock | None) -> tuple[list[Item], Lock]:
    """The questions of a revision with every method's identities, and the lock after it, through its text and back."""
    chapter, _ = parse_chapter(
        path.read_text(encoding="utf-8", errors="replace"), path=f"source/{name}.md", settings=ChapterSettings()
    )
    corpus = Corpus(language=Language("zh"), chapters=(chapter,))
    matched = match(corpus, lock, project_id="replay", complete=True, allow_empty=True)
    keys = {item.question.location: item.key for item in matched.corpus.questions}
    questions = [question for category in chapter.categories for question in category.questions]
    items = []
    for position, question in enumerate(questions):
        found = {"deckgen": str(keys.get(question.location, ""))}
        found |= {rival: identity(question.title, question.answer, position) for rival, identity in RIVALS.items()}
        items.append(Item(title=question.title, answer=question.answer, keys=found))
    written, problems = parse_lock(format_lock(matched.lock))
    if written is None or written != matched.lock:
        raise SystemExit(f"{path}: the lock does not survive being written: {problems}")
    return items, written


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


RIVALS: dict[str, Callable[[str, str, int], str]] = {
    "hash of all fields (genanki's default)": lambda title, answer, _: _hash(title, answer),
    "hash of the question": lambda title, *_: _hash(title),
    "position in the file": lambda _, __, position: str(position),
}
METHODS = ("deckgen", *RIVALS)


# --- the labels -------------------------------------------------------------------------------------------------------


def label(before: Sequence[Item], after: Sequence[Item]) -> list[Survivor]:
    """Who survived, in the three passes of the rule."""
    pairs = _unique_equal(before, after, _bare_title)
    left, right = _rest(before, after, pairs)
    pairs += _unique_equal(left, right, lambda item: _squeezed(item) if len(_squeezed(item)) >= LONG_ANSWER else "")
    left, right = _rest(before, after, pairs)
    pairs += _mutual_best(left, right)
    return [
        Survivor(
            before=old,
            after=new,
            reworded=_bare_title(old) != _bare_title(new) and _squeezed(old) != _squeezed(new),
        )
        for old, new in pairs
    ]


def _bare_title(item: Item) -> str:
    return re.sub(r"^\d+|\W", "", item.title).lower()


def _squeezed(item: Item) -> str:
    return " ".join(item.answer.split())


def _unique_equal(
    before: Sequence[Item], after: Sequence[Item], trait: Callable[[Item], str]
) -> list[tuple[Item, Item]]:
    left, right = Counter(map(trait, before)), Counter(map(trait, after))
    olds = {trait(old): old for old in before}
    return [(olds[value], new) for new in after if (value := trait(new)) and left[value] == right[value] == 1]


def _rest(
    before: Sequence[Item], after: Sequence[Item], pairs: Sequence[tuple[Item, Item]]
) -> tuple[list[Item], list[Item]]:
    used = {id(item) for pair in pairs for item in pair}
    return [item for item in before if id(item) not in used], [item for item in after if id(item) not in used]


def _mutual_best(before: Sequence[Item], after: Sequence[Item]) -> list[tuple[Item, Item]]:
    """Pairs that are more alike than any other pair of either; a tie labels nobody."""
    grid = {(row, column): _alike(old, new) for row, old in enumerate(before) for column, new in enumerate(after)}
    rows, columns = defaultdict(list), defaultdict(list)
    for (row, column), value in grid.items():
        rows[row].append(value)
        columns[column].append(value)
    return [
        (before[row], after[column])
        for (row, column), value in grid.items()
        if value >= ALIKE and rows[row].count(value) == columns[column].count(value) == 1
        if value == max(rows[row]) == max(columns[column])
    ]


def _alike(one: Item, other: Item) -> float:
    return fuzz.ratio(f"{one.title}\n{_squeezed(one)}", f"{other.title}\n{_squeezed(other)}")


# --- the judgement ----------------------------------------------------------------------------------------------------


def judge(
    method: str, before: Sequence[Item], after: Sequence[Item], survivors: Sequence[Survivor], score: Score, step: str
) -> None:
    """Adds a step to a method's score. A question that is doubtful once is counted once, until it is settled."""
    owners = {old.keys[method]: old for old in before if old.keys[method]}
    origins = {id(survivor.after): survivor for survivor in survivors}
    heirs = {id(survivor.before) for survivor in survivors}
    for new in after:
        key, origin = new.keys[method], origins.get(id(new))
        owner = owners.get(key) if key else None
        if origin is not None and not origin.before.keys[method]:
            score.still_doubtful += not key
            continue
        kind = "reworded" if origin and origin.reworded else "unchanged title or answer"
        if origin is not None:
            score.survivors[kind] += 1
        expected = f"the label says “{origin.before.title}”" if origin else "it has no label"
        if origin is not None and owner is origin.before:
            score.kept[kind] += 1
        elif owner is not None and (origin is not None or id(owner) in heirs):
            score.wrong += 1
            score.disagreements.append(f"{step}: WRONG “{new.title}” took “{owner.title}”; {expected}")
        elif owner is not None:
            score.unlabelled += 1
            score.disagreements.append(f"{step}: “{new.title}” took “{owner.title}”; {expected}")
        elif origin is not None and not key:
            score.doubtful += 1
            score.disagreements.append(f"{step}: “{new.title}” is doubtful; {expected}")
        elif origin is not None:
            score.lost += 1
            score.disagreements.append(f"{step}: LOST “{new.title}”; {expected}")


def report(heading: str, scores: dict[str, Score]) -> None:
    print(heading)
    for method, score in scores.items():
        kinds = ", ".join(f"{score.kept[kind]} of {score.survivors[kind]} {kind}" for kind in sorted(score.survivors))
        print(
            f"  {method:40} kept {kinds or 'none'}; {score.lost} lost, {score.wrong} wrong, {score.doubtful} doubtful, "
            f"{score.unlabelled} beyond the labels"
        )
    print()


if __name__ == "__main__":
    sys.exit(main())
