"""What a diff says to a learner, in Chinese or English, without a format yet: ``formats`` gives it one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deckgen.model import Key, Language
from deckgen.releases.diff import Difference, NoteChange, ReleaseDiff
from deckgen.releases.records import RecordedNote
from deckgen.releases.snapshot import named_edition
from deckgen.text.packaged import packaged_table
from deckgen.text.wording import Span, SpanKind, compare_words, shorten

WORDS_IN = (Language("zh"), Language("en"))
"""The languages in which learners are told of a release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """What changed in one text of a note, or where it moved; ``label`` says which text."""

    label: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedNote:
    key: Key
    title: str
    category: str
    details: tuple[TextChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What a learner does for the cards of one edition: ``search`` is pasted into the browser."""

    text: str
    edition: str
    search: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The notes of one kind of change and what learners can do about them."""

    kind: Difference
    heading: str
    entries: tuple[ChangedNote, ...]
    steps: tuple[Instruction, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTable:
    """``rows`` hold as many cells as there are ``columns``; the first is a name, the others are counts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changelog:
    """A diff in words. ``duties`` are what learners must do, ``remarks`` what concerns no single card."""

    title: str
    summary: str
    duties_heading: str
    duties: tuple[str, ...]
    remarks: tuple[str, ...]
    tables: tuple[CountTable, ...]
    sections: tuple[Section, ...]


def read_words(language: Language) -> Mapping[str, str]:
    """The words of change lists in ``language``, English where there are none."""
    return packaged_table(f"templates/release/words.{language if language in WORDS_IN else 'en'}.toml")


def describe_diff(diff: ReleaseDiff, language: Language) -> Changelog:
    """The diff in the words of ``language``, its questions too where they have a text in it."""
    words = read_words(language)
    sections = tuple(_section(diff, kind, language) for kind in Difference if diff.of(kind))
    return Changelog(
        title=_title(diff, words),
        summary=summarise(diff, language),
        duties_heading=words["breaches"],
        duties=tuple(words["breach"].format(edition=found.edition, what=found.what) for found in diff.breaches),
        remarks=tuple(_remarks(diff, words)),
        tables=tuple(_tables(diff, language)) if diff.old else (),
        sections=sections,
    )


def summarise(diff: ReleaseDiff, language: Language) -> str:
    """``2 new, 1 changed``."""
    words = read_words(language)
    counts = [(kind, len(diff.of(kind))) for kind in Difference]
    return (
        words["comma"].join(_counted(count, words[f"count-{kind}"]) for kind, count in counts if count)
        or (words["nothing"])
    )


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if word.isascii() else f"{word} {count}"


def _title(diff: ReleaseDiff, words: Mapping[str, str]) -> str:
    new = diff.new.version
    if diff.old is None:
        return words["first"].format(new=new)
    return words["from-to"].format(old=diff.old.version, new=new) if new and diff.old.version else ""


def _remarks(diff: ReleaseDiff, words: Mapping[str, str]) -> Iterator[str]:
    if diff.new_editions:
        yield words["new-editions"].format(editions=words["comma"].join(diff.new_editions))
    for old, new in diff.grown.items():
        yield words["grown"].format(old=old, new=new)
    if diff.looks:
        yield words["looks"].format(editions=words["comma"].join(diff.looks))


def _tables(diff: ReleaseDiff, language: Language) -> Iterator[CountTable]:
    words = read_words(language)
    categories = {category_title(diff, key, language): counts for key, counts in diff.by_category().items()}
    languages = {str(tag): counts for tag, counts in diff.by_language().items()}
    for name, rows in (("category", categories), ("language", languages)):
        kinds = [kind for kind in Difference if any(counts[kind] for counts in rows.values())]
        if rows:
            yield CountTable(
                columns=(words[name], *(words[f"count-{kind}"] for kind in kinds)),
                rows=tuple((title, *(str(counts[kind]) for kind in kinds)) for title, counts in rows.items()),
            )


# --- notes ------------------------------------------------------------------------------------------------------------


def _section(diff: ReleaseDiff, kind: Difference, language: Language) -> Section:
    words = read_words(language)
    steps = tuple(_steps(diff, kind, words)) if kind in (Difference.MOVED, Difference.RETIRED) else ()
    return Section(
        kind=kind,
        heading=words[kind],
        entries=tuple(_entry(diff, change, kind, language) for change in diff.of(kind)),
        steps=steps,
        hint=words["on-phones"] if steps else "",
    )


def _entry(diff: ReleaseDiff, change: NoteChange, kind: Difference, language: Language) -> ChangedNote:
    words = read_words(language)
    details: tuple[TextChange, ...] = ()
    if kind in (Difference.CHANGED, Difference.RETRANSLATED):
        details = tuple(_details(change, words))
    elif kind is Difference.MOVED and change.old and change.new:
        places = [category_title(diff, note.category, language) for note in (change.old, change.new)]
        text = words["moved-from"].format(old=places[0], new=places[1])
        details = (TextChange(label="", spans=(Span(kind=SpanKind.KEPT, text=text),)),)
    return ChangedNote(
        key=change.key,
        title=note_title(change.shown, language),
        category=category_title(diff, change.shown.category, language),
        details=details,
    )


def note_title(note: RecordedNote, language: Language) -> str:
    """The question in ``language``, else in the note's first."""
    texts = (note.texts.get(language), *note.texts.values())
    return next((text.question for text in texts if text and text.question), note.key)


def category_title(diff: ReleaseDiff, key: Key, language: Language) -> str:
    category = diff.categories.get(key)
    titles = category.titles if category else {}
    return titles.get(language) or next(iter(titles.values()), str(key))


def _details(change: NoteChange, words: Mapping[str, str]) -> Iterator[TextChange]:
    for language, side, before, after in change.sides():
        yield TextChange(label=f"{language} {words[side]}", spans=shorten(compare_words(before, after)))
    if change.old and change.new and change.old.media != change.new.media:
        gone = len({*change.old.media} - {*change.new.media})
        come = len({*change.new.media} - {*change.old.media})
        yield TextChange(label=words["images"], spans=(Span(kind=SpanKind.KEPT, text=f"−{gone} +{come}"),))


# --- what learners do -------------------------------------------------------------------------------------------------


def _steps(diff: ReleaseDiff, kind: Difference, words: Mapping[str, str]) -> Iterator[Instruction]:
    """A step per edition, of moved cards also per deck that they go to. None for notes that no search can name."""
    editions = {edition.name: edition for record in (diff.old, diff.new) if record for edition in record.editions}
    groups: dict[tuple[str, str], list[Key]] = {}
    for change in diff.of(kind):
        category = diff.categories.get(change.shown.category)
        decks = category.decks if category else {}
        for edition in change.shown.copies:
            if named_edition(edition) and edition in editions:
                deck = decks.get(edition, "") if kind is Difference.MOVED else ""
                groups.setdefault((edition, deck), []).append(change.key)
    for (edition, deck), keys in groups.items():
        yield Instruction(
            text=words[f"steps-{kind}"].format(deck=deck),
            edition=edition,
            search=browser_search(editions[edition].note_type_name, keys),
        )


def browser_search(note_type: str, keys: list[Key]) -> str:
    """What finds the notes in Anki's browser: those of this note type alone, as editions share their keys."""
    name = "".join(f"\\{character}" if character in '\\"*_' else character for character in note_type)
    found = " or ".join(f'"Key:{key}"' for key in keys)
    return f'"note:{name}" ({found})'
