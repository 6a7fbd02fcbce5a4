"""Gives every question of a corpus its key: the one it had, or a new one; the lock that follows from it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from deckgen.assignment import Traits, assign
from deckgen.diagnostics import Diagnostic
from deckgen.keys import base_guid, mint_category_key, mint_key
from deckgen.lockfile import CategoryRecord, Lock, NoteRecord, PendingRecord
from deckgen.model import Category, Chapter, Corpus, Key, KeyedCategory, KeyedCorpus, KeyedQuestion, Location, Question
from deckgen.similarity import fingerprint, sketch
from deckgen.titles import normalised_title


class ChangeKind(StrEnum):
    NEW = "new"
    REWORDED = "reworded"
    MOVED = "moved"
    RETIRED = "retired"
    REVIVED = "revived"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockChange:
    """What a build does to one note of the lock. ``location`` is the question's, None for one that is gone."""

    kind: ChangeKind
    key: Key
    title: str
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All that a build does to the notes of the lock, in the order of the questions; those that are gone last."""

    items: tuple[LockChange, ...] = ()

    def summary(self) -> str:
        """``2 new, 1 reworded``; ``nothing`` where no note changes."""
        counts = Counter(change.kind for change in self.items)
        return ", ".join(f"{counts[kind]} {kind}" for kind in ChangeKind if counts[kind]) or "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """A corpus with its keys, and the lock as it is after this corpus.

    Pending questions are in the lock and in ``changes``, not in ``corpus``.
    """

    corpus: KeyedCorpus
    lock: Lock
    changes: Changes
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A question with its place and what it is recognised by."""

    chapter: Chapter
    category: Category
    question: Question
    traits: Traits


def match(corpus: Corpus, lock: Lock | None, *, project_id: str, complete: bool, allow_empty: bool = False) -> Matched:
    """Every question's key.

    ``complete`` says that the corpus is the whole project, read without errors; otherwise nothing is retired, and the
    lock is for this build's use, not to be written. ``allow_empty`` lets most of the questions be retired at once.
    """
    known = lock or Lock(project_id=project_id)
    asked = _asked(corpus)
    categories = {category.key: category.title for category in known.categories}
    traits = [_note_traits(note, categories) for note in known.notes]
    retired = frozenset(index for index, note in enumerate(known.notes) if note.retired is not None)
    assignment = assign([question.traits for question in asked], traits, retired)
    keys = {index: known.notes[old].key for index, old in assignment.links.items()}
    minted = _minted(asked, keys, known)
    return _matched(corpus, known, asked, {**keys, **minted}, complete=complete)


def _asked(corpus: Corpus) -> list[_Asked]:
    return [
        _Asked(chapter=chapter, category=category, question=question, traits=_traits(chapter, category, question))
        for chapter in corpus.chapters
        for category in chapter.categories
        for question in category.questions
    ]


def _traits(chapter: Chapter, category: Category, question: Question) -> Traits:
    return Traits(
        chapter=unicodedata.normalize("NFC", chapter.path),
        category=normalised_title(category.title),
        title=normalised_title(question.title),
        answer=fingerprint(question.answer),
        sketch=sketch(question.answer),
    )


def _note_traits(note: NoteRecord | PendingRecord, categories: Mapping[Key, str]) -> Traits:
    return Traits(
        chapter=note.chapter,
        category=categories.get(note.category, "") if isinstance(note, NoteRecord) else "",
        title=note.title,
        answer=note.answer,
        sketch=note.sketch,
    )


def _minted(asked: Sequence[_Asked], keys: Mapping[int, Key], lock: Lock) -> dict[int, Key]:
    """Keys for the questions without one, the same on every machine that starts from the same lock."""
    taken = {note.key for note in lock.notes}
    ordinals: Counter[tuple[str, str]] = Counter()
    wanted = []
    for index, question in enumerate(asked):
        name = (question.traits.chapter, question.traits.title)
        ordinals[name] += 1
        if index not in keys:
            wanted.append((name, ordinals[name], index))
    minted: dict[int, Key] = {}
    for (chapter, title), ordinal, index in sorted(wanted):
        minted[index] = mint_key(project_id=lock.project_id, chapter=chapter, title=title, ordinal=ordinal, taken=taken)
        taken.add(minted[index])
    return minted


def _matched(
    corpus: Corpus, lock: Lock, asked: Sequence[_Asked], keys: Mapping[int, Key], *, complete: bool
) -> Matched:
    before = {note.key: note for note in lock.notes}
    categories = _category_keys(asked, keys, lock)
    notes: dict[Key, NoteRecord] = dict(before)
    changes = []
    for index, question in enumerate(asked):
        key, traits = keys[index], question.traits
        old = before.get(key)
        base = old or NoteRecord(
            key=key,
            guid=base_guid(lock.project_id, key),
            chapter="",
            category=Key(""),
            title="",
            answer="",
            sketch=traits.sketch,
        )
        notes[key] = replace(
            base,
            chapter=traits.chapter,
            category=categories[traits.category],
            title=traits.title,
            answer=traits.answer,
            sketch=traits.sketch,
            retired=None,
        )
        kinds = _kinds(old, notes[key])
        where = question.question.location
        changes += [LockChange(kind=kind, key=key, title=question.question.title, location=where) for kind in kinds]
    if complete:
        present = set(keys.values())
        for note in lock.live:
            if note.key not in present:
                notes[note.key] = replace(note, retired="")
                changes.append(LockChange(kind=ChangeKind.RETIRED, key=note.key, title=note.title))
    records = {record.key: record for record in lock.categories}
    for title, key in categories.items():
        records[key] = replace(records.get(key, CategoryRecord(key=key, title=title)), title=title)
    after = replace(
        lock,
        categories=tuple(sorted(records.values(), key=lambda record: record.key)),
        notes=tuple(sorted(notes.values(), key=lambda note: note.key)),
    )
    return Matched(
        corpus=_keyed(corpus, asked, keys, categories, after),
        lock=after,
        changes=Changes(items=tuple(changes)),
        diagnostics=(),
    )


def _kinds(old: NoteRecord | None, new: NoteRecord) -> list[ChangeKind]:
    if old is None:
        return [ChangeKind.NEW]
    kinds = [ChangeKind.REVIVED] if old.retired is not None else []
    if (old.title, old.answer) != (new.title, new.answer):
        kinds.append(ChangeKind.REWORDED)
    if (old.chapter, old.category) != (new.chapter, new.category):
        kinds.append(ChangeKind.MOVED)
    return kinds


def _category_keys(asked: Sequence[_Asked], keys: Mapping[int, Key], lock: Lock) -> dict[str, Key]:
    """The key of every folded category title of the corpus."""
    known = {category.title: category.key for category in lock.categories}
    taken = set(known.values())
    found: dict[str, Key] = {}
    for title in dict.fromkeys(question.traits.category for question in asked):
        found[title] = known.get(title) or mint_category_key(project_id=lock.project_id, title=title, taken=taken)
        taken.add(found[title])
    return found


def _keyed(
    corpus: Corpus, asked: Sequence[_Asked], keys: Mapping[int, Key], categories: Mapping[str, Key], lock: Lock
) -> KeyedCorpus:
    guids = {note.key: note.guid for note in lock.notes}
    keyed: dict[Key, KeyedCategory] = {}
    for question in asked:
        key = categories[question.traits.category]
        if key not in keyed:
            keyed[key] = KeyedCategory(key=key, title=question.category.title, order=len(keyed) + 1)
    questions = tuple(
        KeyedQuestion(
            key=keys[index],
            guid=guids[keys[index]],
            chapter=question.chapter,
            category=keyed[categories[question.traits.category]],
            question=question.question,
        )
        for index, question in enumerate(asked)
    )
    return KeyedCorpus(
        project_id=lock.project_id, language=corpus.language, categories=tuple(keyed.values()), questions=questions
    )
