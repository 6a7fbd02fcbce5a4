"""Gives every question of a corpus its key: the one it had, or a new one; the lock that follows from it."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.identity.assignment import Stage, assign, trace
from deckgen.identity.changes import Changes, find_changes
from deckgen.identity.keys import base_guid, mint_key
from deckgen.identity.lock import Lock, PendingRecord, texts_of, with_records, wording
from deckgen.identity.succession import Place, category_keys, category_records, succeed
from deckgen.identity.table import Assignment, Traits, rows_of_lock
from deckgen.model import (
    Category,
    Chapter,
    Corpus,
    Key,
    KeyedCategory,
    KeyedCorpus,
    KeyedQuestion,
    Question,
    is_key,
    replace,
)
from deckgen.text.similarity import SHORT, Sketch, fingerprint, sketch, sketch_size
from deckgen.text.titles import normalised_title, split_number

_FEW = 5
"""So many questions may go at once, if others stay, without anyone being asked."""


class Matched(Struct, frozen=True, kw_only=True):
    """A corpus with its keys, and the lock as it is after this corpus.

    Pending questions are in the lock, the changes and the diagnostics, not in ``corpus``: a package that held one
    under the wrong key would cost learners its schedule.
    """

    corpus: KeyedCorpus
    lock: Lock
    changes: Changes
    diagnostics: tuple[Diagnostic, ...]


class Past(Struct, frozen=True, kw_only=True):
    """The corpus at each commit since the lock was written, with the numbers of those before it.

    ``missing`` says that there are such commits and this clone does not have them.
    """

    corpora: tuple[tuple[Corpus, tuple[int, ...]], ...] = ()
    missing: bool = False


class _Asked(Struct, frozen=True, kw_only=True):
    """A question with its place and what it is recognised by."""

    chapter: Chapter
    category: Category
    question: Question
    traits: Traits

    @property
    def place(self) -> Place:
        return unicodedata.normalize("NFC", self.chapter.home), self.traits.category


class _Found(Struct, frozen=True, kw_only=True):
    """A question with its key and its category's; ``candidates`` are the notes that it may be, if it is pending."""

    asked: _Asked
    key: Key
    category: Key
    candidates: tuple[Key, ...]

    @property
    def texts(self) -> dict[str, Any]:
        """What the lock keeps of it."""
        return asdict(self.asked.traits) | {"category": self.category}


def match(
    corpus: Corpus,
    lock: Lock | None,
    *,
    project_id: str,
    complete: bool,
    allow_empty: bool = False,
    reread: bool = False,
    elsewhere: frozenset[str] = frozenset(),
    past: Past = Past(),
) -> Matched:
    """Every question's key.

    ``complete`` says that the corpus is the whole project, read without errors; otherwise nothing is retired.
    ``elsewhere`` are chapters that exist and cannot be read: no question that was read is one of theirs.
    ``allow_empty`` accepts that most questions are gone. ``reread`` says that nothing was released and the very texts
    of the lock are read in another way, such as by another level: then all may go, and nothing new is doubtful. A lock
    keeps its project's id from the first release on, and another is reported.
    Where the lock lags behind, ``past`` tells the edits in between.
    """
    findings: list[Diagnostic] = []
    known = lock or Lock(project_id=project_id)
    if project_id != known.project_id:
        findings.append(_another_project(project_id, known))
        if not known.releases:  # nobody has learned from it under its former id
            notes = tuple(replace(note, guid=base_guid(project_id, note.key)) for note in known.notes)
            known = replace(known, project_id=project_id, notes=notes)
    sketches = {note.answer: note.sketch for note in known.notes}
    asked = list(_asked(corpus, sketches))
    stages = [([item.traits for item in _asked(each, sketches)], parents) for each, parents in past.corpora]
    claims, problems = _explicit_keys(asked, known)
    findings += problems
    assignment = _assign(asked, known, claims, elsewhere, stages, past)
    findings += _useless_claims(asked, claims, assignment, known)
    if reread:
        before = set(map(wording, known.pending))
        doubtful = {
            index: olds for index, olds in assignment.doubtful.items() if wording(asked[index].traits) in before
        }
        assignment = replace(assignment, doubtful=doubtful)
    found = _keys(asked, claims, assignment, known)
    settled = [item for item in found if not item.candidates]
    pending = [item for item in found if item.candidates]
    # A note that a pending question may be is not gone yet.
    held = {item.key for item in settled}.union(*(item.candidates for item in pending))
    lost = tuple(note.key for note in known.live if note.key not in held) if complete else ()
    if lost and not (allow_empty or reread) and (refused := _lost_questions(len(lost), len(known.live))):
        findings.append(refused)
        lost = ()
    after = _next_lock(found, known, lost, [found[index] for index in claims if index in assignment.links])
    findings += _doubts(pending, after)
    if past.missing and (lost or after.pending):
        findings.append(_missing_history())
    return Matched(
        corpus=_keyed(corpus, found, after),
        lock=after,
        changes=find_changes(
            known,
            after,
            settled=((item.key, item.asked.question) for item in settled),
            pending=((item.key, item.asked.question) for item in pending),
            vacant={
                found[index].key: tuple(known.notes[old].key for old in olds)
                for index, olds in sorted(assignment.vacant.items())
            },
        ),
        diagnostics=tuple(findings),
    )


def of_chapters(matched: Matched, chapters: frozenset[str]) -> Matched:
    """The same with the questions and findings of these chapters alone; the lock stays that of all."""
    questions = tuple(item for item in matched.corpus.questions if item.chapter.path in chapters)
    kept = {item.category.key for item in questions}
    categories = tuple(category for category in matched.corpus.categories if category.key in kept)
    findings = (found for found in matched.diagnostics if found.location is None or found.location.path in chapters)
    corpus = replace(matched.corpus, categories=categories, questions=questions)
    return replace(matched, corpus=corpus, diagnostics=tuple(findings))


def _asked(corpus: Corpus, sketches: Mapping[str, Sketch]) -> Iterator[_Asked]:
    """Every question; ``sketches`` are those of known answers by their fingerprints."""
    for chapter, category in ((each, item) for each in corpus.chapters for item in each.categories):
        path, folded = unicodedata.normalize("NFC", chapter.path), normalised_title(category.title)
        for question in category.questions:
            answer = question.fingerprint or fingerprint(question.body)
            title = question.folded_title or normalised_title(split_number(question.title, bare=True).title)
            alike = sketches.get(answer) or Sketch(question.sketch) or sketch(question.body)
            traits = Traits(chapter=path, category=folded, title=title, answer=answer, sketch=alike)
            yield _Asked(chapter=chapter, category=category, question=question, traits=traits)


# --- explicit keys ----------------------------------------------------------------------------------------------------


def _explicit_keys(asked: Sequence[_Asked], lock: Lock) -> tuple[dict[int, Key], list[Diagnostic]]:
    """The keys that authors wrote, by index. A key that is malformed, claimed twice or taken counts for nobody."""
    claims = {index: key for index, question in enumerate(asked) if (key := question.question.explicit_key)}
    if not claims:
        return {}, []
    texts, claimed = Counter(map(wording, lock.live)), set(claims.values())
    owners = {wording(note): note.key for note in lock.live if note.key in claimed and texts[wording(note)] == 1}
    claimants: dict[Key | None, list[_Asked]] = defaultdict(list)
    for question in asked:
        claimants[question.question.explicit_key or owners.get(wording(question.traits))].append(question)
    findings = []
    for index, key in claims.items():
        where = asked[index].question.location
        others = [other for other in claimants[key] if other is not asked[index]]
        if not is_key(key):
            hint = "write 2 to 32 of a–z, 0–9 and hyphens, the first no hyphen"
            findings.append(diagnostic("bad-directive", f"“{key}” cannot be a key", where, hint=hint))
        elif others:
            place, title = others[0].question.location, others[0].question.title
            message = f"the key “{key}” is that of another question too, “{title}” in {place.path}:{place.line}"
            hint = f"a key belongs to one question; “deckgen lock split {key}” takes it from that one"
            findings.append(diagnostic("duplicate-id", message, where, hint=hint))
    return {index: key for index, key in claims.items() if is_key(key) and len(claimants[key]) == 1}, findings


def _useless_claims(
    asked: Sequence[_Asked], claims: Mapping[int, Key], assignment: Assignment, lock: Lock
) -> Iterator[Diagnostic]:
    """Keys that the lock does not have, on questions that have another: learners' cards go by that one."""
    for index, key in claims.items():
        old = assignment.links.get(index)
        if old is not None and (kept := lock.notes[old].key) != key:
            message = f"the question has the key “{kept}” already; “{key}” would make a new card of it"
            hint = f"write id={kept}, or take the comment out"
            yield diagnostic("bad-directive", message, asked[index].question.location, hint=hint)


# --- who is who -------------------------------------------------------------------------------------------------------


def _assign(
    asked: Sequence[_Asked],
    lock: Lock,
    claims: Mapping[int, Key],
    elsewhere: frozenset[str],
    stages: Sequence[Stage],
    past: Past,
) -> Assignment:
    titles = {category.key: category.title for category in lock.categories}
    known = [Traits(**texts_of(note) | {"category": titles[note.category]}) for note in lock.notes]
    places = {note.key: number for number, note in enumerate(lock.notes)}
    pending = {wording(record): tuple(places[key] for key in record.candidates) for record in lock.pending}
    places |= {note.key: places[note.linked] for note in lock.notes if note.linked}
    retired = frozenset(number for number, note in enumerate(lock.notes) if note.retired is not None)
    return assign(
        [question.traits for question in asked],
        trace(known, stages, retired=retired),
        rows=rows_of_lock(lock.notes),
        retired=retired,
        links={index: places[key] for index, key in claims.items() if key in places},
        absent=frozenset(number for number, note in enumerate(lock.notes) if note.chapter in elsewhere or note.linked),
        pending=pending,
        cautious=past.missing,
    )


def _keys(asked: Sequence[_Asked], claims: Mapping[int, Key], assignment: Assignment, lock: Lock) -> list[_Found]:
    """The questions with their keys: those of their notes, those that authors wrote, or new ones."""
    keys = {**claims, **{index: lock.notes[old].key for index, old in assignment.links.items()}}
    keys |= _minted(asked, keys, lock)
    moves = [(lock.notes[old].category, asked[new].place) for new, old in assignment.links.items()]
    categories = category_keys({question.place for question in asked}, moves, lock)
    return [
        _Found(
            asked=question,
            key=keys[index],
            category=categories[question.place],
            candidates=tuple(lock.notes[old].key for old in assignment.doubtful.get(index, ()) if index not in claims),
        )
        for index, question in enumerate(asked)
    ]


def _minted(asked: Sequence[_Asked], keys: Mapping[int, Key], lock: Lock) -> dict[int, Key]:
    """Keys for the questions without one, the same on every machine that starts from the same lock."""
    taken = {note.key for note in lock.notes} | set(keys.values())
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


# --- the lock that follows --------------------------------------------------------------------------------------------


def _lost_questions(lost: int, before: int) -> Diagnostic | None:
    """That more are gone at once than anybody takes out; None of fewer."""
    if lost != before and not (lost > _FEW and 2 * lost > before):
        return None
    return diagnostic(
        "lost-questions",
        f"{lost} of {before} questions that the lock knows are gone; none was retired",
        hint="are the source files where they were? If the questions are really gone, build with --allow-retire",
    )


def _missing_history() -> Diagnostic:
    return diagnostic(
        "missing-history",
        "the sources were edited since the lock was written, and this clone does not have the commits in between; what "
        "may be an earlier question is doubtful",
        hint="get them with: git fetch --unshallow (in a workflow: fetch-depth: 0; of a partial clone: --refetch)",
    )


def _another_project(project_id: str, lock: Lock) -> Diagnostic:
    if not lock.releases:
        message = f"the project's id is “{project_id}” from now on, it was “{lock.project_id}”"
        hint = "nothing was released yet; whoever imported a build gets all cards anew"
        return diagnostic("renamed-deck", message, hint=hint)
    message = (
        f"the settings give the project the id “{project_id}”; the lock and its learners know it as “{lock.project_id}”"
    )
    return diagnostic("bad-setting", message, hint=f'write id = "{lock.project_id}" in [deck], or leave the id out')


def _next_lock(found: Sequence[_Found], lock: Lock, lost: tuple[Key, ...], said: Iterable[_Found]) -> Lock:
    """The lock after these questions.

    A lost note keeps as ``linked`` the one that an author ``said`` its question to be: the question may have been taken
    for a note of the same title in the same chapter, or for one of the same answer if that is long enough to tell.
    """
    heirs: dict[tuple[str, str], Key] = {}
    for item in said:
        traits = item.asked.traits
        heirs[traits.chapter, traits.title] = item.key
        if sketch_size(traits.sketch) >= SHORT:
            heirs["", traits.answer] = item.key
    notes = succeed(lock, ((item.key, item.texts) for item in found if not item.candidates))
    for key in lost:
        gone = notes[key]
        heir = heirs.get((gone.chapter, gone.title)) or heirs.get(("", gone.answer))
        notes[key] = replace(gone, retired="", linked=heir if heir != key else None)
    return with_records(
        lock,
        categories=category_records(lock, {item.asked.place: item.category for item in found}),
        notes=notes.values(),
        pending=(
            PendingRecord(key=item.key, candidates=item.candidates, **item.texts) for item in found if item.candidates
        ),
    )


# --- what to tell -----------------------------------------------------------------------------------------------------


def _doubts(pending: Iterable[_Found], lock: Lock) -> Iterator[Diagnostic]:
    titles = {note.key: note.title for note in lock.notes}
    for item in pending:
        key, candidates = item.key, item.candidates
        olds = " or ".join(f"“{titles[old]}” ({old})" for old in candidates)
        message = f"the question may be {olds}; no card is made of it until that is settled"
        hint = f"“deckgen lock link {candidates[0]} {key}” if it is, “deckgen lock split {key}” if it is a new question"
        yield diagnostic("doubtful-match", message, item.asked.question.location, hint=hint)


def _keyed(corpus: Corpus, found: Iterable[_Found], lock: Lock) -> KeyedCorpus:
    guids = {note.key: note.guid for note in lock.notes}
    categories: dict[Key, KeyedCategory] = {}
    questions = []
    for item in found:
        key, chapter, question = item.category, item.asked.chapter, item.asked.question
        if key not in categories:
            title, order = item.asked.category.title, len(categories) + 1
            categories[key] = KeyedCategory(key=key, chapter=chapter, title=title, order=order)
        if not item.candidates:
            questions.append(
                KeyedQuestion(
                    key=item.key, guid=guids[item.key], chapter=chapter, category=categories[key], question=question
                )
            )
    return KeyedCorpus(
        project_id=lock.project_id,
        language=corpus.language,
        categories=tuple(categories.values()),
        questions=tuple(questions),
    )
