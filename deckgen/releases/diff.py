"""Two release records → what a learner gets new, changed, moved or no more; how that is shown is changelog's."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct, field

from deckgen.diagnostics import DeckgenError
from deckgen.model import Key, Language, TextState
from deckgen.releases.records import (
    Record,
    RecordedCategory,
    RecordedEdition,
    RecordedNote,
    RecordedText,
    rename_editions,
)
from deckgen.releases.snapshot import named_edition


class Difference(StrEnum):
    """What happened to a note; one that moved may also have changed."""

    ADDED = "added"
    CHANGED = "changed"
    """Its text in the source's language, its translation perhaps with it."""
    RETRANSLATED = "retranslated"
    """Its text in another language alone."""
    IMAGES = "image-only"
    STATUS = "status"
    """Whether its translation is a draft, reviewed or out of date."""
    FORMATTED = "formatted"
    """Something that no text tells: bold, code, a link."""
    MOVED = "moved"
    RETIRED = "retired"


class NoteChange(Struct, frozen=True, kw_only=True):
    """A note that is not as it was; ``old`` is None for an added one, ``new`` for a retired one.

    ``languages`` are those whose text is another, in the order of the note.
    """

    key: Key
    kinds: tuple[Difference, ...]
    old: RecordedNote | None
    new: RecordedNote | None
    languages: tuple[Language, ...] = ()

    @property
    def shown(self) -> RecordedNote:
        """The note as it is, or was."""
        note = self.new or self.old
        assert note is not None
        return note

    def sides(self) -> Iterator[tuple[Language, str, str, str]]:
        """Language, side, and the text there before and after, where they differ."""
        nothing = RecordedText(question="", answer="", state=TextState.MISSING)
        for language in self.languages:
            before, after = (((note and note.texts.get(language)) or nothing).sides for note in (self.old, self.new))
            yield from ((language, side, before[side], after[side]) for side in before if before[side] != after[side])


class ReleaseDiff(Struct, frozen=True, kw_only=True):
    """All changes from ``old`` to ``new``: notes in the order of the cards, those that are gone last.

    ``old`` is None before the first release. ``looks`` are the editions whose design or description is another.
    """

    old: Record | None
    new: Record
    notes: tuple[NoteChange, ...]
    breaches: tuple[tuple[str, str], ...] = ()
    """An edition, and something for which its learners must act: nothing of their cards follows it by itself."""
    new_editions: tuple[str, ...] = ()
    grown: Mapping[str, str] = field(default_factory=dict)
    """Editions that gained or lost a language and kept their notes: what they were called, and are."""
    looks: tuple[str, ...] = ()

    def of(self, kind: Difference) -> tuple[NoteChange, ...]:
        return tuple(change for change in self.notes if kind in change.kinds)

    @property
    def is_empty(self) -> bool:
        return not (self.notes or self.breaches or self.new_editions or self.grown or self.looks)

    @property
    def categories(self) -> Mapping[Key, RecordedCategory]:
        """Every category by its key, as it is, or was."""
        records = (self.old, self.new) if self.old else (self.new,)
        return {category.key: category for record in records for category in record.categories}

    def by_category(self) -> Mapping[Key, Counter[Difference]]:
        """How many notes of each category changed in each way, in the order of the categories."""
        counts: dict[Key, Counter[Difference]] = {category.key: Counter() for category in self.new.categories}
        for change in self.notes:
            counts.setdefault(change.shown.category, Counter()).update(change.kinds)
        return {key: count for key, count in counts.items() if count}

    def by_language(self) -> Mapping[Language, Counter[Difference]]:
        """In how many notes the text of each language is new, another or gone."""
        counts: dict[Language, Counter[Difference]] = defaultdict(Counter)
        for change in self.notes:
            for kind in {Difference.ADDED, Difference.RETIRED}.intersection(change.kinds):
                for language in change.shown.texts:
                    counts[language][kind] += 1
            for language in change.languages:
                counts[language][Difference.CHANGED] += 1
        return counts


def compare(old: Record | None, new: Record) -> ReleaseDiff:
    """Everything that differs. DeckgenError where the two have no edition in common and nothing can be compared."""
    if old is None:
        added = tuple(NoteChange(key=note.key, kinds=(Difference.ADDED,), old=None, new=note) for note in new.notes)
        return ReleaseDiff(old=None, new=new, notes=added)
    grown = _grown(old, new)
    old = rename_editions(old, grown)
    before, after = old.by_edition, new.by_edition
    common = before.keys() & after.keys()
    of_one_project = bool(old.project_id and new.project_id)
    if not common and not of_one_project:
        raise DeckgenError(
            f"nothing can be compared: the one has {_named(before)}, the other {_named(after)}",
            hint="give two releases, folders or packages of one edition",
        )
    known = {note.key: note for note in old.notes}
    present = {note.key for note in new.notes}
    language = new.language if old.language == new.language or new.project_id else old.language
    places = [_places(record, common, by_category=of_one_project) for record in (old, new)]
    moved = frozenset(key for (key, name), place in places[1].items() if places[0].get((key, name), place) != place)
    changes = [_compare_note(known.get(note.key), note, common, language, moved) for note in new.notes]
    gone = [
        NoteChange(key=note.key, kinds=(Difference.RETIRED,), old=note, new=None)
        for note in old.notes
        if note.key not in present and not common.isdisjoint(note.copies)
    ]
    return ReleaseDiff(
        old=old,
        new=new,
        notes=(*(change for change in changes if change), *gone),
        breaches=tuple(_breaches(old, new, of_one_project=of_one_project)),
        new_editions=tuple(sorted(after.keys() - before.keys())) if of_one_project else (),
        grown=grown,
        looks=tuple(name for name in sorted(common) if _look_differs(before[name], after[name])),
    )


def _named(editions: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in sorted(editions)) or "no cards"


def _grown(old: Record, new: Record) -> Mapping[str, str]:
    """Editions whose note type goes on under another edition's name."""
    before = old.by_edition
    heirs = {edition.note_type: edition.name for edition in new.editions if edition.name not in before}
    return {name: heirs[edition.note_type] for name, edition in before.items() if edition.note_type in heirs}


def _places(record: Record, editions: set[str], *, by_category: bool) -> Mapping[tuple[Key, str], str]:
    """Where each note is in each edition: its category, or its deck where a package does not tell categories' keys."""
    decks = {category.key: category.decks for category in record.categories}
    return {
        (note.key, name): note.category if by_category else decks[note.category].get(name, "")
        for note in record.notes
        for name in note.copies
        if name in editions
    }


def _compare_note(
    old: RecordedNote | None, new: RecordedNote, common: set[str], source: Language, moved: frozenset[Key]
) -> NoteChange | None:
    if common.isdisjoint(new.copies):
        return None
    if old is None or common.isdisjoint(old.copies):
        return NoteChange(key=new.key, kinds=(Difference.ADDED,), old=None, new=new)
    languages = tuple(_changed_languages(old, new))
    kinds: list[Difference] = []
    if source in languages or (languages and source not in new.texts):
        kinds.append(Difference.CHANGED)
    elif languages:
        kinds.append(Difference.RETRANSLATED)
    elif old.media != new.media:
        kinds.append(Difference.IMAGES)
    elif _states(old, new.texts) != _states(new, old.texts):
        kinds.append(Difference.STATUS)
    if new.key in moved:
        kinds.append(Difference.MOVED)
    if not kinds and any(copy.hash != new.copies[name].hash for name, copy in old.copies.items() if name in new.copies):
        kinds.append(Difference.FORMATTED)
    return NoteChange(key=new.key, kinds=tuple(kinds), old=old, new=new, languages=languages) if kinds else None


def _changed_languages(old: RecordedNote, new: RecordedNote) -> Iterator[Language]:
    """Only languages that both could have: an edition that one of the two lacks is no change of the note."""
    for language in new.texts | old.texts:
        before, after = old.texts.get(language), new.texts.get(language)
        if before is None or after is None:
            if _could_have(old, language) and _could_have(new, language):
                yield language
        elif before.sides != after.sides:
            yield language


def _could_have(note: RecordedNote, language: Language) -> bool:
    return any(found and language in found.languages for found in map(named_edition, note.copies))


def _states(note: RecordedNote, others: Iterable[Language]) -> Mapping[Language, TextState]:
    """Of the texts that the other one has too. A package does not tell the source from what is reviewed."""
    quiet = {TextState.SOURCE: TextState.REVIEWED}
    states = {language: note.texts[language].state for language in others if language in note.texts}
    return {language: quiet.get(state, state) for language, state in states.items()}


def _breaches(old: Record, new: Record, *, of_one_project: bool) -> Iterator[tuple[str, str]]:
    """Note types, GUIDs and decks that Anki will not take for those it has."""
    decks = {category.key: category.decks for category in old.categories}
    for edition in old.editions:
        name = edition.name
        if (present := new.by_edition.get(name)) is None:
            if of_one_project:
                yield name, "the edition is no more"
            continue
        if edition.note_type != present.note_type:
            yield name, "the note type has another id"
        elif (edition.fields, edition.templates) != (present.fields, present.templates):
            yield name, "the note type has other fields or templates"
        if edition.deck != present.deck:
            yield name, f"the deck “{edition.deck}” is now “{present.deck}”"
        guids, fresh = (
            {note.key: note.copies[name].guid for note in record.notes if name in note.copies} for record in (old, new)
        )
        if changed := sum(guids.get(key, guid) != guid for key, guid in fresh.items()):
            yield name, f"{changed} notes have another GUID"
        for category in new.categories if of_one_project else ():
            one, other = decks.get(category.key, {}).get(name), category.decks.get(name)
            if one and other and one != other:
                yield name, f"the deck “{one}” is now “{other}”"


def _look_differs(old: RecordedEdition, new: RecordedEdition) -> bool:
    """What is not known is not different."""
    pairs = ((old.look, new.look), (old.description, new.description))
    return any(one and other and one != other for one, other in pairs)
